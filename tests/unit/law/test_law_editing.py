"""An editor checks and previews an edit; like facts answered apart are found."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from staithe.base.errors import BadInput
from staithe.law.cli import law
from staithe.law.consistency import Answered, find_inconsistencies, likeness
from staithe.law.library import load_library
from staithe.law.loader import BadLibrary, read_library
from staithe.law.preview import days_to_look, preview
from staithe.law.reading import shipped_texts


CASES = Path(__file__).resolve().parents[2] / "data" / "law" / "delivery.yaml"


def write(folder, changes):
    for name, text in (shipped_texts() | changes).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def without_police():
    name = "lists/dea-sch-4.yaml"
    text = shipped_texts()[name]
    return {name: text.replace('"22"', '"60"')}


def test_an_edit_that_changes_nothing_changes_no_answer(tmp_path):
    folder = write(tmp_path, {})
    done = CliRunner().invoke(law, ["preview", str(folder), str(CASES)])
    assert done.exit_code == 0, done.output
    assert "No answer would change." in done.output


def test_the_preview_names_every_case_and_part_that_would_change():
    cases = [
        (case["id"], case["facts"])
        for case in yaml.safe_load(CASES.read_text("utf-8"))["cases"]
    ]
    edited = read_library({**shipped_texts(), **without_police()})
    found = preview(cases, load_library(), edited)
    assert {each.case for each in found if each.part == "verdict"} == {"DELIVERY01"}
    (verdict,) = (each for each in found if each.part == "verdict")
    assert (verdict.before, verdict.after) == ("may-apply", "no-route-encoded")


def test_the_check_names_all_faults_of_a_folder(tmp_path):
    good = CliRunner().invoke(law, ["check", str(write(tmp_path / "good", {}))])
    assert "45 gateways" in good.output
    bad = write(tmp_path / "bad", {"library.yaml": "a: 1", "lists/x.yaml": "b: 2"})
    done = CliRunner().invoke(law, ["check", str(bad)])
    assert isinstance(done.exception, BadLibrary)
    assert {"library.yaml", "lists/x.yaml"} <= {
        fault.partition(":")[0] for fault in done.exception.faults
    }


def test_an_empty_folder_is_refused(tmp_path):
    done = CliRunner().invoke(law, ["check", str(tmp_path)])
    assert isinstance(done.exception, BadInput)


FACTS = {
    "holder": {"type": "local-authority", "name": "A"},
    "recipient": {"type": "university"},
    "purpose": {"code": "research-public-good"},
    "personal_data": "de-identified",
}


def test_like_facts_that_bodies_answered_differently_are_found():
    like = likeness(FACTS)
    assert like == likeness(
        FACTS | {"holder": {"type": "local-authority", "name": "B"}}
    )
    other = likeness(FACTS | {"purpose": {"code": "debt-recovery"}})
    rows = [
        Answered("A", "agree", "F-1", like),
        Answered("B", "refuse", "F-2", like),
        Answered("A", "agree", "F-3", other),
        Answered("B", "agree", "F-4", other),
    ]
    (found,) = find_inconsistencies(rows)
    assert found.facts == like
    assert found.bodies == ("A", "B")
    assert set(found.outcomes) == {"agree", "refuse"}


@pytest.mark.parametrize("rows", [[], [Answered("A", "agree", "F-1", ("x",))]])
def test_one_body_alone_is_never_inconsistent(rows):
    again = [Answered("A", "refuse", "F-9", ("x",)), *rows]
    assert find_inconsistencies(again) == []


LATER = "2026-10-01"
RESEARCH = {
    "holder": {"name": "Ministry of Justice"},
    "recipient": {"name": "University of Leeds"},
    "purpose": {"code": "research-public-good"},
    "personal_data": "de-identified",
}


def ended(day=LATER):
    """The research power, ended on a day."""
    name = "gateways/dea-64-research.yaml"
    line = "valid_from: 2018-05-01\n"
    text = shipped_texts()[name]
    return {name: text.replace(line, f"{line}valid_to: {day}\n", 1)}


def test_the_preview_looks_at_the_day_of_each_change_and_says_which(tmp_path):
    """An end on a day after that of the library is seen, on the day after it."""
    facts = tmp_path / "live.yaml"
    facts.write_text(yaml.safe_dump({"cases": [{"id": "A", "facts": RESEARCH}]}))
    folder = write(tmp_path / "edited", ended())
    done = CliRunner().invoke(law, ["preview", str(folder), str(facts)])
    assert done.exit_code == 0, done.output
    assert "live.yaml A on 2 October 2026: gateways" in done.output
    assert "1 answer would change." in done.output


def test_the_days_are_today_and_those_of_the_dates_that_differ():
    """An end tells on the day after; what is as it was adds no day in the past."""
    shipped = load_library()
    today = date(2026, 8, 1)
    assert days_to_look(shipped, shipped, today=today)[0] == today
    edited = read_library({**shipped_texts(), **ended()})
    added = set(days_to_look(shipped, edited, today=today))
    added -= set(days_to_look(shipped, shipped, today=today))
    assert date(2026, 10, 2) in added


def test_facts_that_state_their_day_are_looked_at_on_that_day_only():
    """An answer of an earlier day is a fixed one."""
    edited = read_library({**shipped_texts(), **ended()})
    facts = {**RESEARCH, "on": "2026-07-01"}
    days = days_to_look(load_library(), edited, today=date(2026, 11, 1))
    assert not preview([("A", facts)], load_library(), edited, days=days)
    assert preview([("A", RESEARCH)], load_library(), edited, days=days)
