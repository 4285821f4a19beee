"""What came of a share: recorded by members, credited to the holders that agreed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from django.test import Client

from staithe.accountability.actions import record_outcome
from staithe.accountability.models import Credit, Outcome
from staithe.base.errors import BadInput, Conflict, NotAllowed
from staithe.ledger.models import Event
from staithe.people.actions import create_token
from staithe.sharing.actions import add_project_member, end_project_member


START = datetime.fromisoformat("2026-01-05T09:00:00Z")
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(world):
    """A project with Revenue's data in force; Benefits was asked and refused."""
    request = world.sent(world.jobs, world.claims)
    world.agree(request.flows.get(asset=world.jobs))
    world.refuse(
        request.flows.get(asset=world.claims), by=world.ben, at=START + 2 * DAY
    )
    return request.project


def tell(project, by, **changes):
    values = {
        "title": "Courses that lead to work are named",
        "description": "Colleges changed what they teach.",
        "at": START + 9 * DAY,
    }
    return record_outcome(project=project, by=by, **(values | changes))


def test_result_credits_the_holders_that_agreed_and_no_other(world, project):
    outcome = tell(project, world.ann, preparation_cost=3900)
    assert [c.organisation for c in outcome.credits.all()] == [world.revenue]
    event = Event.objects.get(name="accountability:outcome:recorded")
    assert event.organisation == "statistics"
    assert json.loads(event.body) == {
        "outcome": outcome.reference,
        "project": project.reference,
        "holders": ["revenue"],
        "preparation_cost": 3900,
    }


def test_holder_hears_of_it(world, project):
    tell(project, world.ann)
    notice = world.olive.notices.order_by("-at").first()
    assert notice.title.startswith("Your data made this possible")
    assert notice.link == "/organisations/revenue"


@pytest.mark.parametrize("name", ["olive", "zed", "vera"])
def test_others_than_members_cannot_record(world, project, name):
    with pytest.raises(NotAllowed):
        tell(project, getattr(world, name))
    assert not Outcome.objects.exists()


def test_member_who_left_cannot_record(world, project):
    from staithe.people.models import Membership

    Membership.objects.create(
        person=world.zed,
        organisation=world.statistics,
        role="analyst",
        created_at=START,
    )
    add_project_member(project=project, person=world.zed, by=world.ann, at=START)
    tell(project, world.zed)
    end_project_member(project=project, person=world.zed, by=world.ann, at=START + DAY)
    with pytest.raises(NotAllowed):
        tell(project, world.zed)


def test_nothing_to_credit_means_nothing_to_record(world):
    flow = world.flow()
    with pytest.raises(Conflict, match="No agreement of"):
        tell(flow.request.project, world.ann)


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "http://example.org/",
        "//example.org/",
        "/\\example.org/",
        "https://",
        "https:///x",
        "https://example.org/a b",
        "https://example.org/\nSet-Cookie: x",
        'https://example.org/"onclick=',
        "data:text/html,x",
        "ftp://example.org",
        "catalogue/jobs",
        "https://" + "x" * 500,
    ],
)
def test_link_that_could_do_harm_is_refused_by_its_field(world, project, link):
    with pytest.raises(BadInput) as refused:
        tell(project, world.ann, evidence_link=link)
    assert refused.value.field == "evidence_link"
    assert not Outcome.objects.exists()
    assert not Event.objects.filter(name__startswith="accountability:").exists()


@pytest.mark.parametrize(
    "link", ["", "/catalogue/jobs", "https://example.org/a?b=c&d=%20e#f"]
)
def test_plain_links_are_kept_as_they_are(world, project, link):
    assert tell(project, world.ann, evidence_link=f" {link} ").evidence_link == link


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", " "),
        ("title", "x" * 201),
        ("title", "a\x00b"),
        ("description", "\n"),
        ("description", "x" * 4001),
        ("measure", "x" * 201),
        ("value", "x" * 61),
        ("preparation_cost", -1),
        ("preparation_cost", 2**31),
    ],
)
def test_what_does_not_fit_is_refused_not_cut(world, project, field, value):
    with pytest.raises(BadInput) as refused:
        tell(project, world.ann, **{field: value})
    assert refused.value.field == field
    assert not Credit.objects.exists()


# --- pages -------------------------------------------------------------------------


def form(**changes):
    values = {
        "title": "Courses that lead to work are named",
        "description": "Colleges changed what they teach.",
        "measure": "Colleges",
        "value": "12",
        "evidence_link": "/catalogue/jobs",
        "preparation_cost": "3900",
    }
    return values | changes


def test_member_records_a_result_in_the_browser(world, project, visit):
    ann = visit(world.ann)
    assert "Record a result" in ann.words(f"/projects/{project.reference}")
    path = f"/projects/{project.reference}/outcomes/new"
    assert "credited to Revenue Board, whose data" in ann.words(path)
    answer = ann.client.post(path, form())
    assert answer.status_code == 302
    words = ann.words(answer["Location"])
    assert "The result is recorded and credited to Revenue Board." in words
    assert "Colleges: 12" in words
    assert "Preparation cost £3,900" in words
    assert Outcome.objects.get().preparation_cost == 3900


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"title": ""}, "Enter the result in one line"),
        ({"evidence_link": "javascript:alert(1)"}, "must be a path here or an address"),
        ({"preparation_cost": "-3"}, "must be 0 or more"),
    ],
)
def test_refused_form_says_why_and_keeps_what_was_typed(
    world, project, changes, sentence
):
    client = Client()
    client.force_login(world.ann)
    path = f"/projects/{project.reference}/outcomes/new"
    answer = client.post(path, form(**changes))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert "Colleges changed what they teach." in answer.content.decode()
    assert not Outcome.objects.exists()


def test_page_is_refused_to_others(world, project, visit):
    path = f"/projects/{project.reference}/outcomes/new"
    visit(world.zed).words(path, expect=403)
    visit(world.olive).words(path, expect=403)  # may see the project, not record
    assert visit().client.get(path).status_code == 302
    assert "Record a result" not in visit(world.olive).words(
        f"/projects/{project.reference}"
    )


def test_page_before_any_agreement_says_what_is_missing(world, visit):
    project = world.project()
    path = f"/projects/{project.reference}/outcomes/new"
    assert "No agreement of" in visit(world.ann).words(path, expect=409)
    assert "Record a result" not in visit(world.ann).words(
        f"/projects/{project.reference}"
    )


def test_result_stands_on_the_page_of_the_holder_that_made_it_possible(
    world, project, visit
):
    tell(project, world.ann, title='<script>alert("x")</script>')
    words = visit().words("/organisations/revenue")
    assert "Results that rest on its data" in words
    assert "Work after college, Statistics Board" in words
    assert "<script>alert" not in visit().markup("/organisations/revenue")
    assert "Results that rest" not in visit().words("/organisations/benefits")


def test_only_the_newest_results_of_a_holder_are_listed_with_the_number_of_the_rest(
    world, project, visit, django_assert_max_num_queries
):
    for number in range(13):
        tell(project, world.ann, title=f"Result number {number}.")
    who = visit()
    who.words("/organisations/revenue")
    with django_assert_max_num_queries(16):
        words = who.words("/organisations/revenue")
    assert words.count("Result number") >= 10
    assert "The newest 10 are shown; 3 more are" in words


# --- API ---------------------------------------------------------------------------


def call(person, method, path, body=None):
    headers = {}
    if person:
        _, secret = create_token(person=person, name="t", by=person, at=START)
        headers = {"Authorization": f"Bearer {secret}"}
    return Client().generic(
        method,
        f"/api/v1{path}",
        json.dumps(body) if body is not None else "",
        "application/json",
        headers=headers,
    )


@pytest.fixture(autouse=True)
def _tokens_are_young():
    """Let the clock stand where the tokens of these tests are valid."""
    from staithe.base.clock import set_to

    with set_to(START + 10 * DAY):
        yield


def test_program_records_and_lists_results(world, project):
    path = f"/projects/{project.reference}/outcomes"
    body = {"title": "Named", "description": "They changed.", "value": "12"}
    made = call(world.ann, "POST", path, body)
    assert made.status_code == 201, made.content
    assert made.json()["holders"] == ["revenue"]
    assert made.json()["project"] == project.reference
    listed = call(world.olive, "GET", path)  # the holder sees the project
    assert [o["title"] for o in listed.json()] == ["Named"]


@pytest.mark.parametrize(
    ("name", "status"), [(None, 401), ("zed", 403), ("olive", 403)]
)
def test_program_of_others_cannot_record(world, project, name, status):
    person = getattr(world, name) if name else None
    body = {"title": "Named", "description": "They changed."}
    path = f"/projects/{project.reference}/outcomes"
    answer = call(person, "POST", path, body)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert not Outcome.objects.exists()


def test_program_that_sends_nonsense_gets_one_sentence(world, project):
    path = f"/projects/{project.reference}/outcomes"
    body = {"title": "Named", "description": "They changed."}
    bad = call(world.ann, "POST", path, body | {"evidence_link": "javascript:x"})
    assert (bad.status_code, bad.json()["field"]) == (400, "evidence_link")
    assert call(world.ann, "POST", path, {"title": "T"}).status_code == 422
    assert call(world.ann, "GET", "/projects/PRJ-00000000/outcomes").status_code == 404
