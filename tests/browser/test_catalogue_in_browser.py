"""Finding, publishing and looking after data, as people do it; each page seen by axe."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from browser.hands import choose_file
from staithe.catalogue.actions import (
    describe_columns,
    edit_asset,
    note_damage,
    publish_asset,
    publish_version,
    withdraw_asset,
)
from staithe.catalogue.models import Asset
from staithe.jobs.run import run_pending
from staithe.people.models import Membership, Organisation, Person


AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
PEOPLE = """forename,surname,date_of_birth,postcode,long_term_condition,admissions
Amir,Begum,1980-02-03,LS1 4AP,asthma,2
Cara,Doyle,1975-11-30,LS2 8NG,diabetes,0
Ewan,Frost,1990-06-17,LS6 1AN,,1
Ewan,Frost,1990-06-17,LS6 1AN,,1
Gita,Hussain,2090-01-01,NOT KNOWN,asthma,N/A
"""
ROADS = "road_id,length_m,surface\n1,120,tarmac\n2,80,gravel\n3,200,tarmac\n"
HOSTILE = '<img src=x onerror="document.title=1">'


@dataclass
class World:
    """A health board with data, an analyst elsewhere, and things in every state."""

    board: Organisation
    owner: Person
    analyst: Person


@pytest.fixture
def world(live_server, settings, tmp_path: Path) -> World:
    settings.HOME = tmp_path / "home"
    settings.HOME.mkdir()
    settings.STORAGE_URL = str(settings.HOME / "snapshots")
    settings.BASE_URL = live_server.url
    board = make_body("Northmoor Health Board", "health-body")
    office = make_body("Office for Evidence", "central-department")
    owner = make_person("Bryn Howell", "data-owner", board)
    analyst = make_person("Amara Quist", "analyst", office)
    return World(board, owner, analyst)


def make_body(name: str, kind: str) -> Organisation:
    return Organisation.objects.create(
        slug=name.lower().replace(" ", "-"),
        name=name,
        kind=kind,
        description="It looks after the health of the people of Northmoor.",
        contact_email="data@northmoor.example",
        created_at=AT,
    )


def make_person(name: str, role: str, body: Organisation) -> Person:
    email = name.lower().replace(" ", ".") + "@example.com"
    person = Person.objects.create(name=name, email=email, created_at=AT)
    Membership.objects.create(
        person=person, organisation=body, role=role, created_at=AT
    )
    return person


@pytest.fixture
def publish(world: World, tmp_path: Path):
    def publish(text: str = ROADS, title: str = "Roads of the county", **details):
        path = tmp_path / "file.csv"
        path.write_text(text)
        common = {"source_name": "roads.csv", "organisation": world.board}
        common |= {"by": world.owner, "at": AT, "title": title}
        return publish_asset(path=path, **(common | details)).asset

    return publish


@pytest.fixture
def people(world: World, publish) -> Asset:
    """Publish rows about people, with faults, described, in two versions."""
    asset = publish(
        PEOPLE,
        "Hospital care and long-term conditions",
        summary="People known to the health board, their main condition and stays.",
        description="Taken from the patient system every month.\n\nDates of birth "
        "after 2026 are typing errors.",
        keywords=["health", "hospital"],
        theme="Health",
        update_frequency="monthly",
    )
    describe_columns(
        asset=asset,
        identifies={"forename", "surname", "date_of_birth", "postcode"},
        descriptions={"admissions": "Stays in hospital in the year"},
        by=world.owner,
        at=AT,
    )
    return asset


@pytest.fixture
def full(world: World, publish, people: Asset, tmp_path: Path) -> World:
    """Fill the catalogue: open, on request, withdrawn, damaged, hostile, and more."""
    publish(title="Open roads", summary="Every road.", access_rights="OPEN")
    gone = publish(title="Old clinics")
    withdraw_asset(asset=gone, reason="Counted twice.", by=world.owner, at=AT)
    broken = publish(title="Damaged wards")
    note_damage(
        version=broken.versions.get(),
        damage="part-00000.parquet of snapshot SNP-1 is damaged: its SHA-256 is not "
        "the one recorded. Restore it from a copy.",
        at=AT,
    )
    publish(
        f'"{HOSTILE.replace(chr(34), chr(34) * 2)}",{"w" * 300}\n<b>,{"v" * 400}\n',
        HOSTILE,
        summary="x" * 250,
        source_name=HOSTILE + ".csv",
    )
    path = tmp_path / "newer.csv"
    path.write_text(PEOPLE)
    publish_version(
        asset=people, path=path, source_name="february.csv", by=world.owner, at=AT
    )
    return world


PAGES = [
    ("list", "/catalogue", "analyst"),
    ("list-public", "/catalogue?q=hosptial+care", None),
    ("list-nothing", "/catalogue?q=submarines&access_rights=OPEN", None),
    ("asset", "/catalogue/hospital-care-and-long-term-conditions", "analyst"),
    ("asset-public", "/catalogue/hospital-care-and-long-term-conditions", None),
    ("asset-owner", "/catalogue/hospital-care-and-long-term-conditions", "owner"),
    ("asset-open", "/catalogue/open-roads", None),
    ("asset-withdrawn", "/catalogue/old-clinics", None),
    ("asset-withdrawn-owner", "/catalogue/old-clinics", "owner"),
    ("asset-damaged", "/catalogue/damaged-wards", "owner"),
    ("asset-hostile", "/catalogue/img-src-x-onerror-document-title-1", "analyst"),
    ("publish", "/catalogue/publish", "owner"),
    (
        "published",
        "/catalogue/hospital-care-and-long-term-conditions/published",
        "owner",
    ),
    ("version", "/catalogue/open-roads/version", "owner"),
    ("edit", "/catalogue/hospital-care-and-long-term-conditions/edit", "owner"),
    ("columns", "/catalogue/hospital-care-and-long-term-conditions/columns", "owner"),
    ("withdraw", "/catalogue/open-roads/withdraw", "owner"),
    ("organisation", "/organisations/northmoor-health-board", "owner"),
    ("organisation-empty", "/organisations/office-for-evidence", None),
]


@pytest.mark.parametrize(("name", "path", "who"), PAGES, ids=[p[0] for p in PAGES])
def test_page_of_the_catalogue_is_accessible_and_fits_a_phone(  # noqa: PLR0917  fixtures
    page, axe, reflow, screenshot, sign_in, full, name, path, who
):
    if who:
        sign_in(page, getattr(full, who))
    answer = page.goto(path)
    assert answer.status in {200, 410}
    assert page.title() != "1"
    screenshot(page, f"catalogue-{name}")
    axe(page)
    reflow(page)


def test_an_empty_catalogue_says_where_to_begin(page, axe, screenshot, sign_in, world):
    sign_in(page, world.owner)
    page.goto("/catalogue")
    page.get_by_text("The catalogue is empty").wait_for()
    screenshot(page, "catalogue-empty")
    axe(page)
    page.get_by_role("button", name="Publish data").click()
    page.wait_for_url("**/catalogue/publish")


def test_refusals_are_said_beside_the_form(  # noqa: PLR0917  fixtures
    page, axe, reflow, screenshot, sign_in, world
):
    sign_in(page, world.owner)
    page.goto("/catalogue/publish")
    page.get_by_role("button", name="Publish").click()
    page.get_by_text("There is a problem").wait_for()
    expect(page).to_have_title(re.compile("^Error: "))
    page.get_by_label("Title").fill("Roads")
    page.get_by_label("File").set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2,3\n4\n"}
    )
    page.get_by_role("button", name="Publish").click()
    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("line 2")
    screenshot(page, "catalogue-publish-refused")
    axe(page)
    reflow(page)
    expect(page.get_by_label("Title")).to_have_value("Roads")
    summary.get_by_role("link").click()
    assert page.evaluate("document.activeElement.name") == "file"


def test_a_file_is_published_with_the_keyboard_alone(  # noqa: PLR0917  fixtures
    page, tab_to, sign_in, world, tmp_path, screenshot
):
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE)
    sign_in(page, world.owner)
    page.goto("/catalogue")
    tab_to(page, "Publish data")
    page.keyboard.press("Enter")
    page.wait_for_url("**/catalogue/publish")
    tab_to(page, "File")
    choose_file(page, path)
    tab_to(page, "Title")
    page.keyboard.type("Hospital stays")
    tab_to(page, "Summary")
    page.keyboard.type("Who stayed, and for what.")
    tab_to(page, "Government only, on request")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    tab_to(page, "Publish")
    while page.evaluate("document.activeElement.tagName") != "BUTTON":
        tab_to(page, "Publish")
    page.keyboard.press("Enter")
    page.wait_for_url("**/catalogue/hospital-stays/published")
    screenshot(page, "catalogue-published-keyboard")
    tab_to(page, "Check and describe the columns")
    page.keyboard.press("Enter")
    page.wait_for_url("**/columns")
    tab_to(page, "What it means")
    page.keyboard.type("Given name")
    tab_to(page, "Save")
    page.keyboard.press("Enter")
    page.get_by_text("The columns are described.").wait_for()
    asset = Asset.objects.get()
    assert asset.access_rights == "INTERNAL"
    assert asset.versions.get().columns[0]["description"] == "Given name"


def test_everything_works_without_javascript(
    page_without_javascript, sign_in, world, tmp_path
):
    page = page_without_javascript
    path = tmp_path / "roads.csv"
    path.write_text(ROADS)
    sign_in(page, world.owner)
    page.goto("/catalogue/publish")
    page.get_by_label("File").set_input_files(path)
    page.get_by_label("Title").fill("Roads")
    page.get_by_label("Open", exact=True).check()
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url("**/catalogue/roads/published")
    page.get_by_role("link", name="Roads", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert "gravel" in Path(download.value.path()).read_text()
    page.get_by_role("link", name="Change its description").click()
    page.get_by_label("Theme").fill("Transport")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("The entry is changed.").wait_for()
    page.goto("/catalogue")
    page.get_by_label("Search the catalogue").fill("raods")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="Roads", exact=True)).to_be_visible()
    page.goto("/catalogue/roads/withdraw")
    page.get_by_label("Why is it withdrawn?").fill("Wrong county.")
    page.get_by_role("button", name="Withdraw").click()
    page.get_by_text("Roads is withdrawn.").wait_for()


def test_a_large_file_shows_how_far_it_is_and_goes_on_by_itself(  # noqa: PLR0917  fixtures
    page, axe, screenshot, sign_in, world, settings, tmp_path
):
    settings.PUBLISH_INLINE_BYTES = 10
    path = tmp_path / "roads.csv"
    path.write_text(ROADS)
    sign_in(page, world.owner)
    page.goto("/catalogue/publish")
    page.get_by_label("File").set_input_files(path)
    page.get_by_label("Title").fill("Roads")
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url("**/catalogue/jobs/JOB-*")
    screenshot(page, "catalogue-job")
    axe(page)
    run_pending()
    page.wait_for_url("**/catalogue/roads/published")


def test_a_large_file_without_javascript_has_a_link_to_look_again(
    page_without_javascript, sign_in, world, settings, tmp_path
):
    page = page_without_javascript
    settings.PUBLISH_INLINE_BYTES = 10
    path = tmp_path / "roads.csv"
    path.write_text("a,b\n1,2,3\n" + "4,5\n" * 9)
    sign_in(page, world.owner)
    page.goto("/catalogue/publish")
    page.get_by_label("File").set_input_files(path)
    page.get_by_label("Title").fill("Roads")
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("link", name="Check again").wait_for()
    run_pending()
    page.get_by_role("link", name="Check again").click()
    page.get_by_text("Nothing was stored.").wait_for()


def test_a_large_file_can_be_stopped(  # noqa: PLR0917  fixtures
    page, axe, screenshot, sign_in, world, settings
):
    settings.PUBLISH_INLINE_BYTES = 1
    sign_in(page, world.owner)
    page.goto("/catalogue/publish")
    page.get_by_label("File").set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": ROADS.encode()}
    )
    page.get_by_label("Title").fill("Roads")
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("You stopped this.").wait_for()
    screenshot(page, "catalogue-job-stopped")
    axe(page)


def test_a_filter_is_taken_away_with_one_link(page, sign_in, full):
    page.goto("/catalogue")
    page.get_by_label("Who can use it").select_option(label="Open")
    page.get_by_role("button", name="Apply filters").click()
    expect(page.get_by_text("1 entry, newest first")).to_be_visible()
    page.get_by_role("link", name="Remove this filter: Who can use it: Open").click()
    expect(page.get_by_text("1 entry")).to_have_count(0)


def test_two_editors_do_not_overwrite_each_other(page, axe, sign_in, world, people):
    from staithe.base.clock import now

    sign_in(page, world.owner)
    page.goto("/catalogue/hospital-care-and-long-term-conditions/edit")
    edit_asset(asset=people, theme="Theirs", by=world.owner, at=now())
    page.get_by_label("Theme").fill("Mine")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Somebody else changed this entry").first.wait_for()
    axe(page)
    assert Asset.objects.get().theme == "Theirs"
