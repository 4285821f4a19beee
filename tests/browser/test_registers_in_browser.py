"""Pages of registers in a real browser: accessible, narrow, by keyboard, without scripts.

The lists are the published ones: countries, councils, types of council.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from browser.hands import Keyboard
from staithe.people.actions import add_member, create_organisation, create_person
from staithe.people.passwords import hash_password
from staithe.people.roles import Role
from staithe.registers import (
    corrections,
    mending,
    reading,
    rsf,
    strangers,
    updates,
    watches,
)
from staithe.registers.actions import change_schema, create_register, load_rsf
from staithe.registers.models import Correction, Register, Update
from staithe.registers.schema import Field


pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
LISTS = {
    "local-authority-type": "Types of council",
    "local-authority-eng": "Councils in England",
    "country": "Countries",
}


@pytest.fixture
def world(transactional_db, live_home, shared_data):
    """Return a body that keeps real lists, two keepers, and work that waits for them."""
    body = create_organisation(name="Office for Lists", kind="other", by=None, at=AT)
    owner = _join("Olwen Hughes", Role.DATA_OWNER, body)
    second = _join("Sioned Rees", Role.DATA_SHARING_OFFICER, body)
    for name, title in LISTS.items():
        made = create_register(
            name=name, title=title, owner=body, by=None, at=AT,
            owner_role="Head of Geography", licence="Open Government Licence v3.0",
            review_every_days=91, answer_within_days=10,
        )  # fmt: skip
        data = (shared_data / f"registers/{name}.rsf").read_bytes()
        load_rsf(register=made, lines=rsf.lines_of([data]), by=None, at=AT)
    councils = Register.objects.get(name="local-authority-eng")
    successor = Field(
        "replaced-by", register="local-authority-eng", text="What came after."
    )
    change_schema(register=councils, fields=[successor], by=None, at=AT)
    country = Register.objects.get(name="country")
    return SimpleNamespace(
        body=body, owner=owner, second=second, councils=councils, country=country
    )


def _join(name: str, role: Role, body):
    email = f"{name.split(maxsplit=1)[0].lower()}@example.gov.uk"
    password = hash_password("correct horse battery", email=email, name=name)
    person = create_person(
        email=email, name=name, by=None, at=AT, password_hash=password
    )
    add_member(person=person, organisation=body, role=role, by=None, at=AT)
    return person


def _propose(register, key: str, source: str, evidence: str, **changes: str):
    return corrections.propose_correction(
        register=register, key=key, changes=changes, evidence=evidence, by=None,
        at=AT, source=source,
    )  # fmt: skip


@pytest.fixture
def busy(world):
    """Return the world with proposals, an update that waits and one that was made."""
    country = world.country
    first = _propose(country, "TR", "a", "The government's own site", name="Türkiye")
    _propose(country, "TR", "b", "The United Nations list", name="Türkiye")
    gone = _propose(country, "BY", "c", "Its constitution", name="Republic of Belarus")
    given = {"by": world.owner, "at": AT}
    corrections.decide_correction(
        correction=gone, outcome="accept", reason="It asks for this name", **given
    )
    lines = mending.bulk(
        world.councils, field="end-date", to="2027-04-01", named=["NTH", "NOR"]
    )
    bulk = updates.prepare_update(
        register=world.councils, origin="bulk", title="Northamptonshire", lines=lines,
        **given,
    )  # fmt: skip
    world.first, world.gone, world.bulk = first, gone, bulk
    return world


ANYONE = (
    "/registers",
    "/registers/country",
    "/registers/country/records",
    "/registers/local-authority-eng/records?is-local-authority-type=MD&q=b",
    "/registers/country/records?q=nothing",
    "/registers/country/records/BY",
    "/registers/local-authority-type/records/MD",
    "/registers/country/records/TR/propose",
    "/registers/country/propose",
    "/registers/country/changes",
    "/registers/country/picker?picked=France",
    "/registers/country/corrections",
    "/registers/country/corrections/{gone}",
    "/registers/corrections",
)
KEEPERS = (
    "/registers/queue",
    "/registers/new",
    "/registers/new/declaration",
    "/registers/country",
    "/registers/country/about",
    "/registers/country/fields/new",
    "/registers/country/fields/name",
    "/registers/country/fields/name/replace",
    "/registers/country/add",
    "/registers/country/many",
    "/registers/country/upload",
    "/registers/country/watches",
    "/registers/country/updates",
    "/registers/local-authority-eng/updates/{bulk}",
    "/registers/country/records/TR",
    "/registers/country/records/TR/edit",
    "/registers/country/records/TR/mend",
    "/registers/country/corrections",
    "/registers/country/corrections/{first}",
)


def test_every_page_is_accessible_and_fits_a_narrow_screen(
    *, page, axe, reflow, screenshot, busy, sign_in
):
    for who, paths in (("anyone", ANYONE), ("keeper", KEEPERS)):
        if who == "keeper":
            sign_in(page, busy.owner)
        for number, path in enumerate(paths):
            place = path.format(
                gone=busy.gone.reference,
                first=busy.first.reference,
                bulk=busy.bulk.reference,
            )
            answer = page.goto(place)
            assert answer.status == 200, place
            axe(page)
            reflow(page)
            screenshot(page, f"registers-{who}-{number:02}")


def test_an_owners_spreadsheet_goes_in_without_javascript_and_by_two_people(
    *, page_without_javascript, axe, world, sign_in, tmp_path: Path, screenshot
):
    Register.objects.filter(name="local-authority-eng").update(needs_second_person=True)
    path = tmp_path / "councils.csv"
    path.write_text(
        "Code,Council,Kind,Began\n"
        "BIR,Birmingham City,MD,1974-04-01\n"
        "WMN,West Newtown,UA,2027-04-01\n"
        "BAD,Badly,ZZ,2027\n"
    )
    page = page_without_javascript
    sign_in(page, world.owner)
    page.goto("/registers/local-authority-eng")
    page.get_by_role("link", name="Upload a file").click()
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Continue").click()
    for label, field in (
        ("Code", "Local authority eng (the key)"),
        ("Council", "Name"),
        ("Kind", "Local authority type"),
        ("Began", "Start date"),
    ):
        page.get_by_label(label, exact=True).select_option(label=field)
    axe_without_scripts(page)
    page.get_by_role("button", name="See what would change").click()
    expect(page.get_by_text("Nothing has been changed yet")).to_be_visible()
    expect(page.get_by_text("local-authority-type has no record ZZ")).to_be_visible()
    screenshot(page, "registers-update-of-a-file")
    page.get_by_label("Why?").fill("The councils' order of 2026")
    page.get_by_role("button", name="Send to a second person").click()
    expect(page.get_by_text("somebody else must agree")).to_be_visible()
    sign_in(page, world.second)
    page.goto("/registers/queue")
    page.get_by_role("link", name=Update.objects.get().reference).click()
    expect(page.get_by_text("Birmingham City")).to_be_visible()
    screenshot(page, "registers-update-to-agree")
    page.get_by_role("button", name="Agree and make these changes").click()
    expect(page.get_by_text("The changes are made")).to_be_visible()
    page.goto("/registers/local-authority-eng/records?q=newtown&which=all")
    page.get_by_role("link", name="WMN").click()
    expect(page.get_by_text("Because: The councils' order of 2026")).to_be_visible()


def test_pages_that_ask_what_columns_mean_are_accessible(  # noqa: PLR0917  fixtures
    page, axe, reflow, screenshot, world, sign_in, live_home, tmp_path
):
    path = tmp_path / "councils.csv"
    path.write_text("Code,Council,Kind,Began\nBIR,Birmingham City,MD,1974-04-01\n")
    sign_in(page, world.owner)
    page.goto("/registers/local-authority-eng/upload")
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="What do the columns mean?").wait_for()
    axe(page)
    reflow(page)
    screenshot(page, "registers-upload-columns")
    folder = watches.inbox(world.councils)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / path.name).write_bytes(path.read_bytes())
    os.utime(folder / path.name, (1_700_000_000, 1_700_000_000))  # at rest
    page.goto("/registers/local-authority-eng/watches/columns?place=")
    page.get_by_role("heading", name="how often do they change?").wait_for()
    axe(page)
    reflow(page)
    screenshot(page, "registers-watch-columns")


def axe_without_scripts(page) -> None:
    """Every input of a page without scripts has a label that can be clicked."""
    for box in page.locator("input:visible, select:visible, textarea:visible").all():
        assert box.get_attribute("id")
        expect(page.locator(f"label[for='{box.get_attribute('id')}']")).to_have_count(1)


def test_a_proposal_is_made_without_javascript(
    page_without_javascript, world, monkeypatch
):
    monkeypatch.setattr(
        strangers, "LEAST_SECONDS", 0
    )  # a test types faster than people
    page = page_without_javascript
    page.goto("/registers/country/records")
    page.get_by_label("Search").fill("turk")
    page.get_by_role("button", name="Apply filters").click()
    page.get_by_role("link", name="TR", exact=True).click()
    page.get_by_role("button", name="Something is wrong").click()
    page.get_by_label("Name", exact=True).fill("Türkiye")
    page.get_by_role("button", name="Send the proposal").click()
    expect(page.get_by_role("alert").get_by_text("How do you know")).to_be_visible()
    page.get_by_label("How do you know?").fill("The government says so")
    page.get_by_role("button", name="Send the proposal").click()
    expect(page.get_by_text("Your proposal is sent").first).to_be_visible()
    page.get_by_role("link", name="See how your proposal goes").click()
    expect(page.get_by_text("The government says so")).to_be_visible()
    assert Correction.objects.get().changes == {"name": "Türkiye"}


def test_the_owner_decides_a_proposal_by_keyboard(page, axe, tab_to, busy, sign_in):
    sign_in(page, busy.owner)
    hand = Keyboard(page, axe, tab_to)
    hand.open("/registers/queue")
    hand.follow(busy.first.reference)
    hand.choose("Accept, with the values above")
    hand.write("Reason", "The name of the United Nations list")
    hand.press("Record the decision")
    busy.first.refresh_from_db()
    assert busy.first.state == "accepted"
    found = reading.find_record(busy.country.pk, "TR")
    assert reading.data_of(busy.country.pk, found)[0]["name"] == "Türkiye"


def test_records_follow_what_is_typed(page, axe, world, screenshot):
    page.goto("/registers/country/records")
    page.get_by_label("Search").press_sequentially("ger")
    page.get_by_role("link", name="DE", exact=True).wait_for()
    expect(page.get_by_role("link", name="FR", exact=True)).to_have_count(0)
    expect(page.locator("[data-live-status]")).to_have_text("1 record found")
    expect(page).to_have_url(re.compile(r"/registers/country/records\?q=ger$"))
    axe(page)
    screenshot(page, "registers-records-as-typed")
    page.get_by_role("combobox", name="Records").select_option(
        label="All, ended ones too"
    )
    page.get_by_role("link", name="DD", exact=True).wait_for()
    page.reload()
    expect(page.get_by_role("link", name="DD", exact=True)).to_be_visible()


def test_a_record_is_picked_by_keyboard_and_its_key_is_sent(
    page, axe, world, screenshot
):
    page.goto("/registers/country/picker")
    box = page.get_by_role("combobox", name="Countries")
    box.press_sequentially("soviet")
    page.get_by_text("Nothing found").wait_for(state="attached")
    box.fill("")
    box.press_sequentially("burm")
    option = page.get_by_role("option", name="Myanmar (Burma)")
    option.or_(page.get_by_role("option").first).first.wait_for()
    axe(page)
    screenshot(page, "registers-picker-open")
    box.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant")
    box.press("Enter")
    assert box.get_attribute("aria-expanded") == "false"
    page.get_by_role("button", name="Send").click()
    expect(page).to_have_url(re.compile(r"picked=MM$"))
    expect(page.get_by_text("It names one record")).to_be_visible()


def test_without_javascript_the_picker_is_an_input(page_without_javascript, world):
    page = page_without_javascript
    page.goto("/registers/country/picker")
    page.get_by_label("Countries").fill("cote d'ivoire")
    page.get_by_role("button", name="Send").click()
    expect(page).to_have_url(re.compile(r"picked="))
    page.get_by_label("Countries").fill("ivory coast")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("It names one record")).to_be_visible()


def test_a_link_of_a_record_is_picked_by_name(page, axe, world, sign_in):
    sign_in(page, world.owner)
    page.goto("/registers/local-authority-eng/records/BIR/edit")
    box = page.get_by_role("combobox", name="Local authority type")
    box.fill("")
    box.press_sequentially("unitary")
    page.get_by_role("option", name="Unitary authority").click()
    axe(page)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Nothing has been changed yet")).to_be_visible()
    line = Update.objects.get().lines.get()
    assert line.values["local-authority-type"] == "UA"


def test_a_merger_is_scheduled_by_keyboard(page, axe, tab_to, busy, sign_in):
    sign_in(page, busy.owner)
    hand = Keyboard(page, axe, tab_to)
    hand.open(f"/registers/local-authority-eng/updates/{busy.bulk.reference}")
    hand.choose("On a day to come")
    day = datetime.now(UTC).date() + timedelta(days=30)
    for label, number in (("Day", day.day), ("Month", day.month), ("Year", day.year)):
        hand.write(label, str(number), group="Day")
    hand.press("Make these changes")
    expect(page.get_by_text("It happens by itself")).to_be_visible()
    busy.bulk.refresh_from_db()
    assert busy.bulk.state == "scheduled"
