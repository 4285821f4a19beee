"""Progress as anyone reads it: from the real events of real actions."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest
from django.db import transaction

from staithe.accountability import queries
from staithe.base.clock import set_to
from staithe.ledger.actions import erase_event
from staithe.ledger.models import Event
from staithe.sharing.actions import escalate_overdue, start_review, withdraw_request


START = datetime.fromisoformat("2026-01-05T09:00:00Z")  # a Monday
DAY = timedelta(days=1)
LATER = START + 70 * DAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy(world):
    """One request to two holders (agreed, refused) and one that nobody answers."""
    request = world.sent(world.jobs, world.claims)
    world.agree(request.flows.get(asset=world.jobs), at=START + 2 * DAY)
    refused = request.flows.get(asset=world.claims)
    world.refuse(refused, by=world.ben, at=START + 4 * DAY)
    silent = world.flow(at=START + 7 * DAY)
    start_review(flow=silent, by=world.olive, at=START + 8 * DAY)
    escalate_overdue(at=START + 28 * DAY)
    return silent


def test_anyone_reads_the_numbers_of_every_holder(world, busy, visit):
    with set_to(LATER):
        words = visit().words("/progress")
    assert "2 requests asked holders 3 times. 2 answered, 1 waiting" in words
    assert "50% of answers agreed in full" in flat(words)
    assert "Half of decisions take 3 working days or fewer" in words
    assert "Revenue Board" in words
    assert "Benefits Board" in words


def flat(words: str) -> str:
    """Join figures to their words: a figure stands after its words in the markup."""
    import re

    return re.sub(
        r"(of answers agreed in full|overdue now|refused) (\d+%?)", r"\2 \1", words
    )


def test_refusals_are_named_by_reason_and_their_passed_review_is_listed(
    world, busy, visit
):
    with set_to(LATER):
        words = visit().words("/progress")
        rows = visit().csv("/progress?format=csv&table=reviews")
    assert "The holder does not have the data not-held 1" in words
    assert rows[1][3:] == [
        "The holder does not have the data",
        "2026-03-02",
        "14",
        "false",
    ]


def test_overdue_flow_shows_body_and_rung_but_no_person_to_strangers(
    world, busy, visit
):
    with set_to(START + 28 * DAY):
        for person in (None, world.zed):
            words = visit(person).words("/progress")
            assert busy.reference in words
            assert "The people who decide for Revenue Board" in words
            assert "Encourage" in words
            assert "Personal" not in words.replace("Zed Personal", "")
        assert f'href="/flows/{busy.reference}"' not in visit().markup("/progress")


def test_people_of_either_side_get_the_link_and_the_name(world, busy, visit):
    with set_to(START + 28 * DAY):
        for person in (world.ann, world.sam):
            markup = visit(person).markup("/progress")
            assert f'href="/flows/{busy.reference}"' in markup
            assert "Olive Personal" in markup


def test_filter_by_body_and_period_changes_page_and_csv_alike(world, busy, visit):
    who = visit()
    with set_to(LATER):
        words = who.words("/progress?body=benefits")
        rows = who.csv("/progress?body=benefits&format=csv&table=holders")
        late = "since-day=6&since-month=1&since-year=2026"
        second = who.csv(f"/progress?{late}&format=csv&table=holders")
    assert "1 request asked holders 1 time" in words
    assert "Benefits Board, all time" in words
    assert [row[:5] for row in rows[1:]] == [["Benefits Board", "1", "0", "0", "1"]]
    assert [row[:2] for row in second[1:]] == [["Revenue Board", "1"]]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("since-day=31&since-month=2&since-year=2026", "must be a real date"),
        ("since-day=1", "must include a month and year"),
        ("body=nobody", "Select a valid choice"),
    ],
)
def test_filter_that_cannot_be_read_is_refused_beside_its_field(
    world, busy, visit, query, sentence
):
    assert sentence in visit().words(f"/progress?{query}", expect=422)


@pytest.mark.parametrize(
    "table",
    [
        "steps",
        "holders",
        "holder-steps",
        "reasons",
        "months",
        "overdue",
        "reviews",
        "escalations",
    ],
)
def test_every_table_has_its_csv(world, busy, visit, table):
    with set_to(START + 28 * DAY):
        rows = visit().csv(f"/progress?format=csv&table={table}")
    assert len(rows) >= (1 if table == "reviews" else 2)
    assert all(len(row) == len(rows[0]) for row in rows)


def test_unknown_table_is_a_404_that_lists_those_there_are(world, busy, visit):
    words = visit().words("/progress?format=csv&table=secrets", expect=404)
    assert "holder-steps" in words


def test_page_before_the_first_request_says_so(world, visit):
    assert "Nothing has been asked for yet" in visit().words("/progress")


def test_number_of_queries_does_not_grow_with_what_is_late(
    world, visit, django_assert_max_num_queries
):
    project = world.project()
    for _ in range(6):
        world.sent(world.jobs, world.claims, project=project)
    ann = visit(world.ann)
    with set_to(LATER):
        ann.words("/progress")
        with django_assert_max_num_queries(12):
            words = ann.words("/progress")
    assert words.count("FLW-") == 12


def test_second_reading_takes_only_the_events_since_the_first(
    world, busy, django_assert_num_queries
):
    first, _ = queries.all_journeys()
    with django_assert_num_queries(1):
        again, _ = queries.all_journeys()
    assert again == first
    withdraw_request(request=busy.request, by=world.ann, at=START + 40 * DAY)
    with django_assert_num_queries(4):
        newer, _ = queries.all_journeys()
    assert [j.withdrawn for j in newer if j.flow == busy.reference] == [True]


class Undone(Exception):
    """Rolls a write back."""


def send_and_undo(world, *, expect: int) -> None:
    with transaction.atomic():
        world.sent(world.jobs)
        assert len(queries.all_journeys()[0]) == expect
        raise Undone


def test_write_that_was_rolled_back_after_it_was_read_is_forgotten(world, busy):
    before, _ = queries.all_journeys()
    with pytest.raises(Undone):
        send_and_undo(world, expect=len(before) + 1)
    assert queries.all_journeys()[0] == before
    world.sent(world.claims)  # other events now stand at the same numbers
    assert len(queries.all_journeys()[0]) == len(before) + 1


def test_erased_content_is_no_longer_counted_and_the_page_says_so(world, busy, visit):
    with set_to(LATER):
        assert "2 answered" in visit().words("/progress")
        event = Event.objects.get(
            name="sharing:decision:recorded", organisation="benefits"
        )
        erase_event(event=event, reason_code="order", by=world.vera, at=LATER)
        words = visit().words("/progress")
    assert "1 answered" in words
    assert "1 event could not be counted because the content was erased" in words


def test_api_gives_the_same_numbers_without_signing_in(world, busy, client):
    with set_to(LATER):
        answer = client.get("/api/v1/progress").json()
        one = client.get("/api/v1/progress?body=benefits&since=2026-01-05").json()
        none = client.get("/api/v1/progress?until=2026-01-04").json()
    assert answer["counts"]["asked"] == 3
    assert {s["code"]: s["median"] for s in answer["steps"]}["decision"] == 3
    assert [h["holder"] for h in answer["holders"]] == ["benefits", "revenue"]
    assert answer["reasons"] == [
        {"code": "not-held", "label": "The holder does not have the data", "count": 1}
    ]
    assert one["counts"]["asked"] == 1
    assert none["counts"]["asked"] == 0
    assert "person" not in json.dumps(answer["overdue"])


def test_api_csv_is_the_csv_of_the_page(world, busy, client):
    with set_to(LATER):
        page = client.get("/progress?format=csv&table=holders")
        api = client.get("/api/v1/progress.csv?table=holders")
    assert api.status_code == 200
    assert api.content == page.content


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/progress?since=yesterday", 422),
        ("/api/v1/progress?body=nobody", 404),
        ("/api/v1/progress?body=A%20B", 422),
        ("/api/v1/progress.csv?table=secrets", 404),
    ],
)
def test_api_refuses_what_it_does_not_know_as_a_problem(world, client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"


def test_body_and_asset_pages_show_decisions(world, busy, visit):
    with set_to(LATER):
        body = visit().words("/organisations/benefits")
        asset = visit().words("/catalogue/jobs")
    assert "Decisions" in body
    assert "The holder does not have the data 1" in body
    assert "All numbers of this body" in body
    assert "Decisions on this data" in asset
    assert "100% came in time" in asset


def test_body_that_was_never_asked_has_no_decisions(world, busy, visit):
    assert "Decisions" not in visit().words("/organisations/elsewhere")


def test_events_of_other_names_are_not_even_read(world):
    """However many reads of shared tables are logged, progress costs the same."""
    world.flow()
    last = Event.objects.order_by("-number").first()
    assert last is not None
    Event.objects.bulk_create(
        Event(
            number=last.number + n,
            at=last.at,
            name="exchange:table:read",
            actor="service",
            subject="grant:X",
            body="{",  # would fail if it were read
            salt=b"0" * 32,
            commitment=n.to_bytes(32, "big"),
        )
        for n in range(1, 1001)
    )
    assert len(queries.all_journeys()[0]) == 1


def test_review_date_is_kept_as_a_date(world):
    flow = world.flow()
    world.refuse(flow, by=world.olive, at=START + DAY, review_on=date(2026, 6, 1))
    (journey,) = queries.all_journeys()[0]
    assert journey.review_on == date(2026, 6, 1)
