"""The words for what happened and what was agreed leave nothing out."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import pytest

import staithe.sharing.actions  # noqa: F401  registers the actions
from staithe.ledger.actions import ACTIONS
from staithe.sharing.output_rules import OutputRules
from staithe.sharing.plain_english import closing_sentences, term_sections
from staithe.sharing.reasons import REFUSAL_REASONS
from staithe.sharing.terms import RowFilter, Terms
from staithe.sharing.timeline import TOLD_EVENTS, Names, tell


NAMES = Names(
    people={"person:P-1": "Ann"},
    flows={"FLW-1": "Jobs"},
    holders={"revenue": "Revenue"},
)
BODY = {"flow": "FLW-1", "holder": "revenue"}
DECIDED = BODY | {"outcome": "agree", "reason_code": "", "days": 1, "review_on": None}


def test_every_event_of_this_room_has_a_sentence_and_no_other_has():
    assert {name for name in ACTIONS if name.startswith("sharing:")} == TOLD_EVENTS


def test_an_answer_is_told_with_its_ground_and_dates():
    assert tell("sharing:decision:recorded", DECIDED, names=NAMES) == (
        "Revenue agreed to share Jobs",
        "After 1 working day.",
    )
    refused = DECIDED | {
        "outcome": "refuse",
        "reason_code": "ethics",
        "review_on": "2026-07-01",
        "days": 20,
    }
    title, more = tell("sharing:decision:recorded", refused, names=NAMES)
    assert title == "Revenue refused to share Jobs"
    assert REFUSAL_REASONS["ethics"].label in more
    assert "20 working days" in more
    assert "1 July 2026" in more


def test_a_late_step_names_the_person_it_went_to():
    body = BODY | {"step": "enforce", "days": 20, "person": "person:P-1"}
    assert tell("sharing:flow:escalated", body, names=NAMES) == (
        "Revenue was late with Jobs: enforce",
        "After 20 working days it went to Ann.",
    )


def test_sending_names_the_holders_and_the_day_it_is_due():
    body = {"flows": [{"holder": "revenue"}], "due_at": "2026-01-19T09:00:00Z"}
    assert tell("sharing:request:submitted", body, names=NAMES) == (
        "Sent to Revenue",
        "Due on 19 January 2026.",
    )


@pytest.mark.parametrize("name", sorted(TOLD_EVENTS))
def test_an_event_whose_body_was_erased_is_still_told(name):
    title, more = tell(name, {}, names=NAMES)
    assert title
    assert more == ""


def test_an_unknown_reference_stands_for_itself_and_an_event_reads_as_words():
    body = {"flow": "FLW-9", "holder": "nowhere"}
    title, _ = tell("sharing:agreement:offered", body, names=NAMES)
    assert title == "nowhere offered terms for FLW-9"
    assert tell("other:thing:done", {}, names=NAMES) == ("Thing done", "")


TERMS = Terms(
    agreement="AGR-1",
    version=7,
    holder="revenue",
    holder_name="The Revenue",
    recipient="statistics",
    recipient_name="The Statisticians",
    project="PRJ-1",
    project_title="Work after college",
    asset="AST-1",
    asset_title="Jobs",
    columns=("sector", "pay_band"),
    link_columns=("surname", "born"),
    row_filter=RowFilter(column="year", operator=">=", value=2020),
    people=("person:P-1", "person:P-2"),
    purpose_code="research-public-good",
    purpose="Find what helps.",
    route_id="dea-64-research",
    route_citation="DEA 2017 s64",
    starts_on=date(2026, 1, 5),
    ends_on=date(2026, 12, 31),
    onward="none",
    output=OutputRules(threshold=17, nk_n=3, nk_k=0.85, p_ratio=0.15, rounding_base=9),
    retention_until=date(2027, 1, 31),
    conditions="In the safe room.",
)
WORDS = {
    "agreement": "AGR-1",
    "version": "version 7",
    "holder": None,  # its name stands for it
    "holder_name": "The Revenue",
    "recipient": None,
    "recipient_name": "The Statisticians",
    "project": "PRJ-1",
    "project_title": "Work after college",
    "asset": "AST-1",
    "asset_title": "Jobs",
    "columns": "sector, pay_band",
    "link_columns": "surname, born",
    "row_filter": "year is at least 2020",
    "people": "Ann, person:P-2",
    "purpose_code": "Research for the public good",
    "purpose": "Find what helps.",
    "route_id": "dea-64-research",
    "route_citation": "DEA 2017 s64",
    "starts_on": "5 January 2026",
    "ends_on": "31 December 2026",
    "onward": "Nothing may leave the project",
    "output": "At least 17 people",
    "retention_until": "31 January 2027",
    "conditions": "In the safe room.",
    "rows_may_leave": "they cannot fetch a row",
}


def text_of(terms):
    sections = term_sections(terms, names=NAMES.people)
    return "\n".join(f"{key}: {words}" for _, rows in sections for key, words in rows)


@pytest.mark.parametrize("field", [field.name for field in fields(Terms)])
def test_every_term_appears_in_plain_english(field):
    words = WORDS[field]
    if words is not None:
        assert words in text_of(TERMS)


@pytest.mark.parametrize("words", ["17 people", "3 largest", "85%", "15%", "nearest 9"])
def test_every_output_rule_appears_in_plain_english(words):
    assert words in text_of(TERMS)


def test_closing_says_what_stops_and_for_how_many():
    sentences = " ".join(closing_sentences(TERMS, in_force=True))
    assert "all 2 people named" in sentences
    assert "links that were handed out before" in sentences
    (offer,) = closing_sentences(TERMS, in_force=False)
    assert "No data has been shared" in offer
