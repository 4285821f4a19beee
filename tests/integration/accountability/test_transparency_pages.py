"""Who shares what, and why: public, from the accepted terms, without names."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from staithe.accountability.actions import record_outcome
from staithe.base.errors import Damaged
from staithe.sharing.actions import (
    decide_flow,
    end_agreement,
    offer_agreement,
    revoke_agreement,
)
from staithe.sharing.models import Agreement


START = datetime.fromisoformat("2026-01-05T09:00:00Z")
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def shared(world) -> Agreement:
    """An agreement in force with a result."""
    agreement = world.agree(world.flow())
    record_outcome(
        project=agreement.project,
        title="Courses that lead to work are named",
        description="Colleges changed what they teach.",
        measure="Colleges",
        value="12",
        evidence_link="https://example.org/report",
        by=world.ann,
        at=START + 9 * DAY,
    )
    return agreement


def test_anyone_reads_who_shares_what_with_whom_why_and_with_what_result(
    world, shared, visit
):
    who = visit()
    words = who.words("/transparency")
    assert "Jobs Revenue Board to Statistics Board" in words
    assert "Research for the public good" in words
    assert "31 December 2027" in words
    assert "Courses that lead to work are named" in words
    markup = who.markup("/transparency")
    assert f'href="/transparency/{shared.reference}"' in markup
    assert 'href="/law/dea-64-research"' in markup


def test_page_of_a_share_is_plain_english_and_names_no_person(world, shared, visit):
    words = visit().words(f"/transparency/{shared.reference}")
    for part in (
        "Revenue Board lets Statistics Board use this data from",
        "Only 1 named person of Statistics Board may use it",
        "It covers all rows and 2 columns",
        "1 more column, such as a name",
        "Find which courses lead to work.",
        "Learners choose with better evidence.",
        "A count of fewer than 10 people is never shown",
        "Colleges: 12",
        "Copies destroyed by",
        shared.terms_sha256,
    ):
        assert part in words, part
    assert "Personal" not in words
    assert "P-" not in words


def test_column_names_are_for_people_who_work_for_a_body(world, shared, visit):
    path = f"/transparency/{shared.reference}"
    assert "secret_sector" not in visit().words(path)
    assert "secret_sector" in visit(world.zed).words(path)


def test_the_acceptance_can_be_looked_up_in_the_ledger(world, shared, visit):
    import re

    markup = visit().markup(f"/transparency/{shared.reference}")
    path = re.search(r'href="(/ledger/events/\d+)"', markup)[1]
    assert "Agreement accepted" in visit(world.vera).words(path)


def test_revoked_and_ended_shares_stay_and_offers_never_appear(world, shared, visit):
    second = world.agree(world.flow(asset=world.claims), by=world.ben)
    revoke_agreement(
        agreement=shared, reason="Ann lost it.", by=world.olive, at=START + 20 * DAY
    )
    end_agreement(
        agreement=second, reason="Ann is done.", by=world.ann, at=START + 21 * DAY
    )
    offered = world.flow(asset=world.claims)
    decide_flow(
        flow=offered, outcome="agree", reason="Yes.", by=world.ben, at=START + DAY
    )
    draft = offer_agreement(
        flow=offered,
        ends_on=START.date() + 100 * DAY,
        by=world.ben,
        at=START + DAY,
    )
    who = visit()
    words = who.words("/transparency")
    assert "Revoked" in words
    assert "Ended" in words
    assert "2 agreements" in words
    who.words(f"/transparency/{draft.reference}", expect=404)
    page = who.words(f"/transparency/{shared.reference}")
    assert "let Statistics Board use this data" in page
    assert "until 25 January 2026, when the agreement was revoked" in page
    assert "Ann lost it" not in page  # the two sides' words, not the public's
    assert "of 1 agreement" in who.words("/transparency?state=revoked")
    assert "of 1 agreement" in who.words("/transparency?body=benefits")
    assert "of 2 agreements" in who.words("/transparency?body=statistics")


def test_csv_has_every_line_and_no_person(world, shared, visit):
    rows = visit().csv("/transparency?format=csv")
    assert len(rows) == 2
    line = dict(zip(*rows, strict=True))
    assert line["agreement"] == shared.reference
    assert line["legal route"] == shared.flow.route_citation
    assert line["results"] == "Courses that lead to work are named"
    assert line["state"] == "In force"
    assert "Personal" not in str(rows)


def test_terms_that_were_altered_in_the_database_are_not_shown_as_agreed(
    world, shared, client
):
    shared.terms["purpose"] = "Something else."
    shared.save(update_fields=["terms"])
    client.raise_request_exception = False
    answer = client.get(f"/transparency/{shared.reference}")
    assert answer.status_code == Damaged.status
    assert b"Something else" not in answer.content


def test_list_takes_a_bounded_number_of_queries(
    world, visit, django_assert_max_num_queries
):
    for _ in range(8):
        world.agree(world.flow())
    who = visit()
    who.words("/transparency")
    with django_assert_max_num_queries(7):
        assert "8 agreements" in who.words("/transparency")
    with django_assert_max_num_queries(6):
        who.csv("/transparency?format=csv")


def test_page_before_the_first_agreement_says_so(world, visit):
    assert "Nothing is shared yet" in visit().words("/transparency")


def test_unknown_share_and_unknown_filter_are_refused(world, visit):
    visit().words("/transparency/AGR-NOTHING", expect=404)
    visit().words("/transparency?state=offered", expect=422)


def test_api_lists_the_same_without_signing_in(world, shared, client):
    answer = client.get("/api/v1/transparency").json()
    assert answer["total"] == 1
    (item,) = answer["items"]
    assert item["reference"] == shared.reference
    assert item["holder_slug"] == "revenue"
    assert item["results"] == ["Courses that lead to work are named"]
    assert "Personal" not in str(answer)
    assert client.get("/api/v1/transparency?state=ended").json()["total"] == 0
    assert client.get("/api/v1/transparency?state=nonsense").status_code == 400
    assert client.get("/api/v1/transparency?body=A%20B").status_code == 422
    assert client.get("/api/v1/transparency?page=9&size=0").json()["items"] == []
