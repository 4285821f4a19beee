"""A downloaded table opens without running anything and reads back as it was."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.ui.cells import safe_cell
from staithe.ui.csv import csv_response, to_csv


RUNS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1", " =1"]


@pytest.mark.parametrize("cell", RUNS)
def test_text_that_a_spreadsheet_would_run_starts_with_an_apostrophe(cell):
    assert safe_cell(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["-5", "+44.5", "-1e9", "plain", "a=b", ""])
def test_numbers_and_plain_words_stay_as_they_are(cell):
    assert safe_cell(cell) == cell


@given(st.text())
def test_no_text_cell_is_left_to_start_a_formula(text):
    written = str(safe_cell(text))
    harmless = not written.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert (
        harmless
        or written.lstrip("+-")
        .replace(".", "")
        .replace("e", "")
        .replace("E", "")
        .replace("+", "")
        .replace("-", "")
        .isdigit()
    )


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
            min_size=2,
            max_size=2,
        )
    )
)
def test_cells_read_back_with_any_rfc_4180_reader(rows):
    text = to_csv(["a", "b"], rows)
    back = list(csv.reader(io.StringIO(text, newline="")))
    assert back == [["a", "b"], *[[safe_cell(c) for c in row] for row in rows]]


def test_values_are_written_as_programs_read_them():
    at = datetime(2026, 1, 31, 9, 5, tzinfo=UTC)
    row = (None, True, -3, 2.5, date(2026, 1, 31), at)
    assert to_csv(list("abcdef"), [row]).splitlines()[1] == (
        ",true,-3,2.5,2026-01-31,2026-01-31T09:05:00Z"
    )


def test_row_of_another_length_is_a_bug_and_raises():
    with pytest.raises(ValueError, match="row of 1 cells under 2 columns"):
        to_csv(["a", "b"], [["x"]])


def test_file_name_cannot_break_the_header():
    response = csv_response('Wards "x"\r\nSet-Cookie: a=b.csv', ["a"], [])
    assert response["Content-Disposition"] == (
        'attachment; filename="wards-x-set-cookie-a-b.csv"'
    )
    assert response["Content-Type"].startswith("text/csv; charset=utf-8")
