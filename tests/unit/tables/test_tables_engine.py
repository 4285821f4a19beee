"""Quoting holds whatever the text; the engine spills, streams and stays at home."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staithe.tables.engine import connect, open_engine, scan, to_batches
from staithe.tables.sql import quote_identifier, quote_list, quote_literal


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@settings(max_examples=60, deadline=None)
@given(text=texts.filter(bool))
def test_quoted_text_is_only_ever_itself(text):
    """A value and a column name of any characters come back unchanged."""
    sql = f"SELECT {quote_literal(text)} AS {quote_identifier(text)}"
    result = duckdb.sql(sql)
    assert result.columns == [text]
    assert result.fetchall() == [(text,)]


def test_nul_is_refused_and_an_empty_list_matches_nothing():
    for quote in (quote_identifier, quote_literal):
        with pytest.raises(ValueError, match="NUL"):
            quote("a\0b")
    with open_engine() as engine:
        assert engine.rows(f"SELECT 1 WHERE 'a' IN {quote_list([])}") == []


def test_a_file_name_with_pattern_marks_names_one_file(tmp_path):
    for name, value in (("a[b]*.parquet", 1), ("ab1.parquet", 2), ("abx.parquet", 3)):
        pq.write_table(pa.table({"x": [value]}), tmp_path / name)
    with open_engine() as engine:
        sql = f"SELECT x FROM {scan([tmp_path / 'a[b]*.parquet'])}"
        assert engine.rows(sql) == [(1,)]


def test_results_stream_in_batches():
    with open_engine(memory_mb=100) as engine:
        batches = to_batches(engine.connection, "SELECT range AS n FROM range(300000)")
        sizes = [batch.num_rows for batch in batches]
    assert sum(sizes) == 300_000
    assert len(sizes) > 1


def test_extensions_are_not_fetched():
    connection = connect()
    try:
        with pytest.raises(duckdb.Error):
            connection.execute("SELECT * FROM read_xlsx('x.xlsx')").fetchall()
        (settings_row,) = connection.execute(
            "SELECT current_setting('autoinstall_known_extensions'), "
            "current_setting('autoload_known_extensions')"
        ).fetchall()
        assert settings_row == (False, False)
    finally:
        connection.close()
