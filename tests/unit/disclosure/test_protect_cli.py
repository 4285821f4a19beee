"""`staithe protect`: files in, a released table out, and nothing half-written."""

from __future__ import annotations

import csv
import json

import pytest
import yaml
from click.testing import CliRunner

from staithe.base.errors import AnswerIsNo, BadInput, NotFound, UserError
from staithe.disclosure.cli import protect


MICRODATA = {"rows": "area", "columns": "band", "unit": "nhs", "policy": {}}


@pytest.fixture
def people(tmp_path):
    """Six hundred people in four areas; the last area has four young ones."""
    path = tmp_path / "people.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["nhs", "area", "band", "income"])
        for i in range(600):
            area = ("North", "East", "West", "South")[i % 4]
            young = i % 3 == 0 and (area != "South" or i < 48)
            writer.writerow([i, area, "young" if young else "old", 100 + i % 7])
    return path


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def run(tmp_path, file, spec, *options):
    path = tmp_path / "spec.yaml"
    path.write_text(spec if isinstance(spec, str) else yaml.safe_dump(spec))
    out = tmp_path / "out.csv"
    arguments = [str(file), "--spec", str(path), "--out", str(out), *options]
    result = CliRunner().invoke(protect, arguments, catch_exceptions=False)
    return result, out


def test_microdata_becomes_a_protected_table(tmp_path, people):
    result, out = run(tmp_path, people, MICRODATA, "--json")
    report = json.loads(result.output)
    assert report["audit"]["safe"]
    statuses = {tuple(c["key"]): c["status"] for c in report["cells"]}
    assert statuses["South", "young"] == "primary"
    assert "secondary" in statuses.values()
    rows = read(out)
    hidden = [row for row in rows if row["status"] == "suppressed"]
    assert {row["count"] for row in hidden} == {"[c]"}
    assert len(hidden) == report["suppressed"]


def test_a_sum_and_rounding_and_plain_words(tmp_path, people):
    result, _ = run(tmp_path, people, MICRODATA | {"measure": "sum:income"})
    assert "cells are hidden" in result.output
    rounded = MICRODATA | {"policy": {"rounding_base": 5}}
    result, out = run(tmp_path, people, rounded)
    assert "rounded to a multiple of 5" in result.output
    counts = [int(row["count"]) for row in read(out)]
    assert all(count % 5 == 0 for count in counts)


def test_a_table_of_counts_with_its_totals(tmp_path):
    file = tmp_path / "counts.csv"
    file.write_text(
        "area,band,n\nN,y,3\nN,o,40\nS,y,50\nS,o,60\nE,y,70\nE,o,80\nAll,All,303\n"
    )
    spec = {"rows": "area", "columns": "band", "count": "n", "total": "All"}
    result, out = run(tmp_path, file, spec)
    assert result.exit_code == 0
    assert out.read_text().count("[c]") == 4


BAD = {
    "not yaml": "a: [",
    "not a mapping": "- a",
    "no rows": {"unit": "nhs"},
    "no unit": {"rows": "area"},
    "an unknown entry": MICRODATA | {"polcy": {}},
    "an unknown rule": MICRODATA | {"policy": {"threshhold": 5}},
    "an unknown column": MICRODATA | {"rows": "region"},
    "an unknown kind": MICRODATA | {"kind": "mixture"},
    "text in a sum": MICRODATA | {"measure": "sum:band"},
    "a list for a name": MICRODATA | {"rows": ["area"]},
    "the unit as a dimension": MICRODATA | {"rows": "nhs"},
    "people in two cells": MICRODATA | {"unit": "income"},
}


@pytest.mark.parametrize("spec", BAD.values(), ids=BAD.keys())
def test_a_wrong_specification_is_one_sentence_and_no_file(tmp_path, people, spec):
    with pytest.raises(BadInput) as caught:
        run(tmp_path, people, spec)
    assert caught.value.message.endswith(".")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04 not a table", b"nhs,area,band\n1,a\n", b"nhs,nhs\n1,2\n"],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, content):
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    with pytest.raises(UserError):
        run(tmp_path, file, MICRODATA)
    assert not (tmp_path / "out.csv").exists()


def test_totals_that_disagree_with_their_parts_are_refused(tmp_path):
    file = tmp_path / "counts.csv"
    file.write_text("area,n\nN,30\nS,50\nAll,81\n")
    with pytest.raises(BadInput, match="totals in the file"):
        run(tmp_path, file, {"rows": "area", "count": "n", "total": "All"})


def test_a_table_that_cannot_be_published_leaves_nothing(tmp_path):
    file = tmp_path / "few.csv"
    file.write_text("area,n\nN,3\nS,2\n")
    with pytest.raises(AnswerIsNo):
        run(tmp_path, file, {"rows": "area", "count": "n"})
    assert not (tmp_path / "out.csv").exists()
    assert not list(tmp_path.glob(".*.part"))


def test_files_that_are_not_there(tmp_path, people):
    with pytest.raises(NotFound):
        run(tmp_path, tmp_path / "none.csv", MICRODATA)
    with pytest.raises(BadInput, match=r"none\.yaml cannot be read"):
        CliRunner().invoke(
            protect,
            [str(people), "--spec", str(tmp_path / "none.yaml"), "--out", "x"],
            catch_exceptions=False,
        )


def test_an_output_that_cannot_be_written_is_a_sentence(tmp_path, people):
    spec = tmp_path / "spec.yaml"
    spec.write_text(yaml.safe_dump(MICRODATA))
    with pytest.raises(BadInput, match="cannot be written"):
        CliRunner().invoke(
            protect,
            [str(people), "--spec", str(spec), "--out", str(tmp_path / "no/out.csv")],
            catch_exceptions=False,
        )
