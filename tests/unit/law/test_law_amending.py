"""A gateway is amended by date: earlier answers stay, later ones change, both are told."""

from __future__ import annotations

from datetime import date

from staithe.law.advise import advise
from staithe.law.changes import changes_between
from staithe.law.library import load_library
from staithe.law.loader import read_library
from staithe.law.reading import shipped_texts
from staithe.law.rules import rules_citing


NAME = "gateways/sca07-68-antifraud.yaml"
# From October 2026 a firm may use the power too, and needs no arrangement.
AMENDMENT = """
amendments:
- valid_from: 2026-10-01
  title: Disclosure to a specified anti-fraud organisation, by anyone
  holders: {who: Anyone., when: {}}
  needs: []
"""
FACTS = {
    "holder": {"name": "a bank", "type": "private-company"},
    "recipient": {
        "name": "a body",
        "type": "private-body",
        "specified_under": "SCA 2007 s68(8) order",
    },
    "purpose": {"code": "fraud-prevention"},
    "personal_data": "identifiable",
}


def amended():
    return read_library({**shipped_texts(), NAME: shipped_texts()[NAME] + AMENDMENT})


def test_an_answer_dated_earlier_stays_and_one_dated_later_changes():
    library = amended()
    for day in (date(2018, 5, 1), date(2026, 9, 30)):
        before = advise(FACTS, on=day).to_plain(reasoning=True)
        assert advise(FACTS, on=day, library=library).to_plain(reasoning=True) == before
        assert before["verdict"] == "no-route-encoded"
    later = advise(FACTS, on=date(2026, 10, 1), library=library)
    assert later.verdict == "may-apply-if"
    assert later.gateways[0].title.endswith("by anyone")


def test_an_amendment_keeps_what_it_does_not_name():
    before, after = amended().versions["sca07-68-antifraud"]
    assert before.valid_to == date(2026, 9, 30)
    assert after.valid_to is None
    assert after.conditions == before.conditions
    assert after.needs == ()


def test_changes_tell_the_amendment_and_no_end():
    (change,) = changes_between(amended(), date(2026, 9, 1), date(2026, 12, 1))
    assert (change.on, change.what) == (date(2026, 10, 1), "is amended")
    assert changes_between(load_library(), date(2026, 9, 1), date(2026, 12, 1)) == []


def test_a_citation_opens_every_version_with_its_dates():
    found = [
        (rule.valid_from, rule.valid_to)
        for rule in rules_citing("Serious Crime Act 2007 s69", amended())
        if rule.id == "sca07-68-antifraud"
    ]
    assert found == [
        (date(2008, 10, 1), date(2026, 9, 30)),
        (date(2026, 10, 1), None),
    ]
