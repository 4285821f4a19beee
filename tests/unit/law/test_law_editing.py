"""An editor checks and previews an edit; like facts answered apart are found."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from staithe.base.errors import BadInput
from staithe.law.cli import law
from staithe.law.consistency import Answered, find_inconsistencies, likeness
from staithe.law.library import load_library
from staithe.law.loader import BadLibrary, read_library
from staithe.law.preview import preview
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
