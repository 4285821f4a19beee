"""A column names a row where its meaning or its values do, and not by chance."""

from __future__ import annotations

import pytest

from staithe.quality.row_keys import is_row_key


def column(meaning: str, distinct: int, *, nulls: int = 0, kind: str = "text"):
    return {
        "name": "a",
        "type": kind,
        "semantic_type": meaning,
        "distinct": distinct,
        "nulls": nulls,
    }


@pytest.mark.parametrize(
    ("found", "rows"),
    [
        (column("identifier", 5000), 5000),
        (column("identifier", 2000), 5000),  # an account with several rows
        (column("identifier", 3), 3),
        (column("nhs_number", 1), 5000),
        (column("person_id", 10), 5000),
        (column("text", 4900), 5000),
        (column("number", 5000, kind="integer"), 5000),
        (column("text", 96, nulls=4900), 5000),  # unique where it is filled
        (column("category", 20), 20),
    ],
)
def test_it_names_a_row(found, rows):
    """An identifier, a person's number, or a value that nearly every row has alone."""
    assert is_row_key(found, rows=rows)


@pytest.mark.parametrize(
    ("found", "rows"),
    [
        (column("category", 5), 5),  # five regions of five rows
        (column("category", 400), 5000),
        (column("identifier", 12), 5000),  # the code of a hospital
        (column("amount", 5000, kind="integer"), 5000),
        (column("number", 5000, kind="number"), 5000),
        (column("number", 5000, kind="decimal(10,2)"), 5000),
        (column("date", 50, kind="date"), 50),
        (column("empty", 0, nulls=50), 50),
        (column("", 0), 0),
    ],
)
def test_it_does_not(found, rows):
    """Measures differ by nature, few rows by chance, and a group is not a row."""
    assert not is_row_key(found, rows=rows)
