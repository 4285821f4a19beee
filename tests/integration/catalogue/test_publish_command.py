"""`staithe publish`: what it prints, who acts, and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from staithe.catalogue.models import Asset


from_people = "forename,surname\nAmir,Begum\nCara,Doyle\n"


@pytest.fixture
def run(staithe, write, cast):
    def run(*words, text=None, name="roads.csv", owner="roads"):
        path = write(text, name) if text is not None else write(name=name)
        return staithe("publish", str(path), "--owner", owner, *words)

    return run


def test_it_works(run, cast):
    said = run("--title", "Roads", "--summary", "Every road", text=from_people)
    asset = Asset.objects.get()
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0] == f"Published Roads as {asset.reference}"
    assert lines[1] == "2 rows, 2 columns"
    assert lines[2] == "For matching only: forename, surname"
    assert lines[-1] == "https://data.example/catalogue/roads"
    assert (asset.summary, asset.access_rights) == ("Every road", "INTERNAL")
    assert asset.organisation == cast.roads


def test_the_first_findings_are_shown_and_the_rest_counted(run):
    names = [f"c{number}" for number in range(8)]
    rows = [",".join([""] * 7 + ["1"])] * 3
    said = run("--title", "Holes", text="\n".join([",".join(names), *rows, ""]))
    lines = said.out.splitlines()
    assert any(line.startswith("- c") for line in lines)
    assert "more findings (--json)" in lines[-2]
    assert sum(line.startswith("- ") for line in lines) == 6


def test_json_holds_the_same(run):
    said = run("--title", "Roads", "--json")
    facts = json.loads(said.out)
    asset = Asset.objects.get()
    assert facts["reference"] == asset.reference
    assert (facts["rows"], facts["columns"], facts["version"]) == (3, 3, 1)
    assert facts["url"] == "https://data.example/catalogue/roads"
    assert facts["manifest_sha256"] == asset.versions.get().manifest_sha256


def test_the_owner_may_be_named_in_words(run):
    assert run("--title", "Roads", owner="ROADS").code == 0


def test_the_one_data_owner_acts_or_the_person_named(run, cast, last_event):
    run("--title", "A")
    assert last_event("catalogue:asset:published")["actor"] == cast.olive.ledger_id
    said = run("--title", "B", "--as", "hal@example.com", owner="health")
    assert said.code == 0
    assert last_event("catalogue:asset:published")["actor"] == cast.hal.ledger_id


def test_it_can_be_open(run):
    said = run("--title", "Roads", "--access", "open")
    assert said.code == 0
    assert Asset.objects.get().access_rights == "OPEN"
    refused = run("--title", "People", "--access", "open", text=from_people)
    assert refused.code == 2
    words = ("--title", "Streets", "--access", "open", "--identifies-nobody")
    assert run(*words, text=from_people).code == 0


@pytest.mark.parametrize(
    ("words", "owner", "sentence"),
    [
        (("--title", "R"), "parks", "There is no organisation 'parks'. There are: "),
        (("--title", "R"), "centre", "has no data owner. Name a person: --as EMAIL"),
        (("--title", "R", "--as", "x@y.z"), "roads", "Nobody here has the email"),
        (
            ("--title", "R", "--as", "sam@example.com"),
            "roads",
            "not allowed to publish",
        ),
        (("--title", " "), "roads", "Enter the title."),
        ((), "roads", "Missing option '--title'"),
        (("--title", "R", "--access", "secret"), "roads", "Invalid value"),
    ],
)
def test_a_refusal_is_one_sentence_and_stores_nothing(
    run, nothing_stays, words, owner, sentence
):
    with nothing_stays():
        said = run(*words, owner=owner)
    assert (said.code, said.out) == (2, "")
    assert sentence in said.err
    assert "Traceback" not in said.err


def test_of_two_data_owners_one_must_be_named(run, cast, nothing_stays):
    cast.olive.memberships.create(
        organisation=cast.health, role="data-owner", created_at=cast.health.created_at
    )
    with nothing_stays():
        said = run("--title", "R", owner="health")
    assert said.code == 2
    assert "has 2 data owners. Say who publishes: --as EMAIL" in said.err
    assert "hal@example.com" in said.err


def test_a_file_that_is_not_there(cast, staithe, tmp_path, nothing_stays):
    path = str(tmp_path / "absent.csv")
    with nothing_stays():
        said = staithe("publish", path, "--owner", "roads", "--title", "R")
    assert said.code == 2
    assert "absent.csv" in said.err
    said = staithe("publish", str(tmp_path), "--owner", "roads", "--title", "R")
    assert said.code == 2


def test_names_in_a_file_do_not_steer_the_terminal(run):
    said = run("--title", "R", text="forename,\x1b[31msurname\nAmir,Begum\n")
    assert "\x1b" not in said.out


def test_before_there_is_an_organisation_it_says_how_to_start(
    db, staithe, write, nothing_stays
):
    with nothing_stays():
        said = staithe("publish", str(write()), "--owner", "r", "--title", "R")
    assert "staithe init" in said.err


def test_as_a_process_of_its_own_it_exits_with_2_and_no_trace(tmp_path, write):
    home = {**os.environ, "STAITHE_HOME": str(tmp_path / "fresh")}
    home.pop("STAITHE_DATABASE_URL", None)
    script = Path(sys.executable).parent / "staithe"
    done = subprocess.run(
        [script, "publish", write(), "--owner", "roads", "--title", "R"],
        env=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "Error: There is no organisation yet. Start with: staithe init\n"
    )
