"""An identifier with a check digit: valid is strong, invalid weak, two valid a no."""

from __future__ import annotations

import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from staithe.base.errors import BadInput
from staithe.linkage.link import link_tables
from staithe.linkage.specification import LinkField
from staithe.quality.check_digits import is_nhs


def nhs_numbers(chance, count):
    found = []
    while len(found) < count:
        number = f"{chance.randrange(4_000_000_000, 5_000_000_000)}"
        if is_nhs(number):
            found.append(number)
    return found


def people(chance, count):
    first = ["anna", "ben", "carys", "dev", "ewan", "fatima", "gwen", "hari", "isla"]
    last = [
        "ash",
        "brook",
        "carr",
        "dean",
        "elm",
        "ford",
        "gill",
        "hall",
        "ives",
        "kay",
    ]
    for number in nhs_numbers(chance, count):
        born = f"{chance.randrange(1940, 2010)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
        yield {
            "first_name": chance.choice(first),
            "surname": chance.choice(last),
            "dob": born,
            "nhs_number": number,
        }


def written(chance, path, rows, name):
    """Write rows with typing errors: one number in ten has a wrong last digit."""
    out = []
    for place, row in enumerate(rows):
        made = dict(row, id=f"{name}{place}")
        if chance.random() < 0.1:
            wrong = (int(made["nhs_number"][-1]) + 1) % 10
            made["nhs_number"] = made["nhs_number"][:-1] + str(wrong)
        if chance.random() < 0.1:
            made["surname"] = "smith"
        out.append(made)
    pq.write_table(pa.Table.from_pylist(out), path)
    return path


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    chance = random.Random(5)
    folder = tmp_path_factory.mktemp("identifiers")
    everyone = list(people(chance, 3000))
    files = [
        written(chance, folder / "a.parquet", everyone[:2000], "a"),
        written(chance, folder / "b.parquet", everyone[1000:], "b"),
    ]
    return link_tables(*files, id_column="id", out=folder / "out")


def weights(result):
    model = json.loads((result.folder / "model.json").read_text())
    (found,) = (
        each["comparison_levels"]
        for each in model["comparisons"]
        if each["output_column_name"] == "nhs_number"
    )
    return {
        level["label_for_charts"]: level["m_probability"] / level["u_probability"]
        for level in found
        if not level.get("is_null_level")
    }


def test_the_scheme_is_seen_in_the_data(result):
    (field,) = (f for f in result.specification.fields if f.meaning == "identifier")
    assert field.scheme == "nhs_number"


def test_valid_and_equal_is_the_most_and_two_valid_numbers_contradict(result):
    found = weights(result)
    assert found["the same valid number"] > 1000
    assert found["two different valid numbers"] < 0.05
    assert found["1 typing error"] > 10


def test_an_unknown_scheme_is_refused():
    with pytest.raises(BadInput, match="Use one of: nhs_number"):
        LinkField("identifier", "x", "y", scheme="shoe_size")
