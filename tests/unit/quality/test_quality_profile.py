"""Every count of a profile is exact: a brute-force reading in Python agrees."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.quality.cli import command
from staithe.quality.identifiers import is_valid
from staithe.quality.profile import profile_table
from staithe.quality.report import percent, render_html
from staithe.quality.scorecard import DIMENSIONS, ColumnProfile, Dimension, Profile
from staithe.tables.manifest import Source
from staithe.tables.readers import read_table
from staithe.tables.snapshot import snapshot_paths, write_snapshot
from staithe.tables.store import open_store


AT = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def put(folder: Path, text: str) -> Path:
    path = folder / "t.csv"
    path.write_text(text, "utf-8")
    return path


def profile(folder: Path, text: str, **options: object) -> Profile:
    return profile_table(read_table(put(folder, text)), at=AT, **options)


def column(found: Profile, name: str) -> ColumnProfile:
    return next(c for c in found.columns if c.name == name)


def findings(found: Profile, name: str | None) -> dict[tuple[str, str], int]:
    return {
        (f.dimension, f.message): f.count for f in found.findings if f.column == name
    }


def has(
    found: Profile, name: str | None, dimension: str, words: str, count: int
) -> bool:
    return any(
        d == dimension and words in message and n == count
        for (d, message), n in findings(found, name).items()
    )


cells = st.one_of(
    st.none(),
    st.sampled_from(["a", "A", " a", "b", "n/a", "-", "", "ZZ99 3CZ", "x y", "é"]),
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.lists(
        st.tuples(cells, cells, st.one_of(st.none(), st.integers(-3, 3))), max_size=25
    )
)
def test_counts_equal_a_brute_force_reading(tmp_path_factory, rows):
    """Rows, nulls, distinct, commonest, empty text, spaces, spellings, duplicates."""
    store = open_store(tmp_path_factory.mktemp("s"))
    schema = pa.schema([("p", pa.string()), ("q", pa.string()), ("n", pa.int64())])
    batch = pa.RecordBatch.from_pylist(
        [dict(zip("pqn", row, strict=True)) for row in rows], schema=schema
    )
    manifest = write_snapshot([batch], store=store, at=AT, source=Source("x"))
    found = profile_table(snapshot_paths(manifest, store=store), at=AT)
    assert found.rows == len(rows)
    for at, measured in enumerate(found.columns):
        values = [row[at] for row in rows]
        filled = [v for v in values if v is not None]
        assert measured.nulls == len(values) - len(filled)
        assert measured.distinct == len(set(filled))
        counts = Counter(str(v) for v in filled)
        assert {c.value: c.count for c in measured.top} == dict(counts.most_common(99))
        if measured.type == "text":
            assert_text_rules(found, measured, filled)
    repeats = len(rows) - len(set(rows))
    score = found.dimensions["uniqueness"].score
    assert score == (round(1 - repeats / len(rows), 6) if rows else None)


def assert_text_rules(
    found: Profile, measured: ColumnProfile, filled: list[str]
) -> None:
    told = findings(found, measured.name)

    def count(words: str) -> int:
        return sum(n for (_, message), n in told.items() if words in message)

    assert count("Empty text") == sum(v == "" for v in filled)
    assert count("mean “not known”") == sum(v in {"n/a", "-"} for v in filled)
    assert count("begin or end with spaces") == sum(v != v.strip() for v in filled)
    groups: dict[str, Counter[str]] = {}
    for value in filled:
        if value.strip():
            groups.setdefault(value.strip().lower(), Counter())[value] += 1
    odd = sum(g.total() - max(g.values()) for g in groups.values())
    assert count("written in several ways") == odd


def test_six_dimensions_are_always_answered_and_accuracy_is_never_invented(tmp_path):
    found = profile(tmp_path, "a,b\n1,x\n")
    assert tuple(found.dimensions) == DIMENSIONS
    assert found.dimensions["accuracy"].score is None
    assert "Not measured" in found.dimensions["accuracy"].reason
    assert found.dimensions["timeliness"].score is None


def test_a_table_of_no_rows_has_no_scores(tmp_path):
    found = profile(tmp_path, "a,b\n")
    assert found.rows == 0
    assert all(d.score is None for d in found.dimensions.values())


def test_timeliness_is_measured_where_declared(tmp_path):
    told = {"modified": dt.date(2026, 5, 22), "update_every_days": 5}
    found = profile(tmp_path, "a,b\n1,2\n", **told)
    assert found.dimensions["timeliness"].score == 0.5
    assert "overdue" in found.dimensions["timeliness"].evidence


@pytest.mark.parametrize("as_text", [True, False])
def test_invalid_nhs_numbers_are_counted_in_sql_as_in_python(tmp_path, as_text):
    """The weighted sum in SQL and the check in Python give one answer."""
    good = [n for n in range(4_000_000_000, 4_000_002_000) if is_valid(str(n), scheme="nhs_number")]  # fmt: skip
    numbers = [*good, 4_000_000_001, 4_000_000_002]
    assert not is_valid("4000000001", scheme="nhs_number")
    shown = [f"{n}"[:3] + " " + f"{n}"[3:] if as_text else n for n in numbers]
    found = profile(tmp_path, "nhs_number,k\n" + "".join(f"{n},r\n" for n in shown))
    invalid = [n for n in numbers if not is_valid(str(n), scheme="nhs_number")]
    assert column(found, "nhs_number").semantic_type == "nhs_number"
    assert column(found, "nhs_number").invalid == len(invalid) == 2


@pytest.mark.parametrize(
    "scheme", ["postcode", "gss_code", "crn", "uprn", "nino", "utr"]
)
def test_schemes_in_sql_agree_with_python(tmp_path, scheme):
    values = {
        "postcode": ["SW1A 1AA", "m1 1ae", "GIR0AA", "SW1A 1CA", "x1 1aa1"],
        "gss_code": ["E06000001", "e06 000002", "W06000001", "Z06000001"],
        "crn": ["01234567", "123456", "SC123456", "SC1234567"],
        "uprn": ["000000000001", "1", "100023336956", "1000233369561"],
        "nino": ["AB123456C", "ab123456", "AB 12 34 56 D", "BG123456A"],
        "utr": ["3282497350", "3282497350 ", "3282497351"],
    }[scheme]
    text = f"{scheme},k\n" + "".join(f'"{v}",r\n' for v in values)
    found = profile(tmp_path, text)
    bad = sum(not is_valid(v, scheme=scheme) for v in values)
    assert column(found, scheme).invalid == bad >= 1


def test_stand_ins_for_nothing_are_found(tmp_path):
    lines = ["when,age,postcode,surname\n"]
    lines += [
        f"2020-01-{1 + n % 28:02},{20 + n % 50},SW1A 1AA,Lee\n" for n in range(300)
    ]
    lines += ["1900-01-01,999,ZZ99 3CZ,unknown\n"] * 120 + [",30,M1 1AE,Null\n"]
    found = profile(tmp_path, "".join(lines))
    assert has(found, "when", "completeness", "computers use", 120)
    assert has(found, "age", "completeness", "999 stands far", 120)
    assert has(found, "postcode", "completeness", "Pseudo-postcodes", 120)
    assert has(found, "surname", "completeness", "mean “not known”", 120)
    assert column(found, "surname").sentinels == 120


def test_ninety_nine_among_ordinary_numbers_is_only_a_number(tmp_path):
    text = "age,k\n" + "".join(f"{n},r\n" for n in range(60, 100)) + "99,r\n"
    assert not has(profile(tmp_path, text), "age", "completeness", "99 stands", 2)


def test_dates_are_judged(tmp_path):
    text = (
        "dob,opened,closed\n2030-01-01,2024-01-02,2024-01-01\n"
        "1980-02-30,2024-01-01,2024-02-01\n01/02/1980,2024-01-01,2024-02-01\n"
        "1980-01-01,2024-01-01,2024-02-01\n-0044-03-15,2024-01-01,\nsoon,2024-01-01,\n"
    )
    found = profile(tmp_path, text)
    assert has(found, "dob", "validity", "Later than today", 1)
    assert has(found, "dob", "validity", "no such day", 1)
    assert has(found, "dob", "validity", "Not a date", 1)
    assert has(found, "dob", "consistency", "DD/MM/YYYY while most", 1)
    assert has(found, "dob", "consistency", "year before 1 while most", 1)
    assert has(found, "closed", "consistency", "is before 'opened'", 1)


def test_repeated_rows_and_keys_are_counted(tmp_path):
    text = "a,b\n1,x\n1,x\n1,y\n2,x\n"
    found = profile(tmp_path, text)
    assert has(found, None, "uniqueness", "repeat an earlier row", 1)
    keyed = profile(tmp_path, text, key=["a"])
    assert has(keyed, None, "uniqueness", "declared key a repeats", 2)
    assert keyed.dimensions["uniqueness"].score == 0.5
    with pytest.raises(BadInput, match="'zzz'"):
        profile(tmp_path, text, key=["zzz"])


def test_no_rare_value_of_a_person_is_shown_anywhere(tmp_path):
    """Neither extremes nor rare values nor examples of personal columns appear."""
    people = [
        ("Zebedee", "Quillfeather", "1931-07-09", "zeb@quill.example", "AB1 2XZQ")
    ]
    people = [(*people[0], "astronaut", "987654")]
    people += [
        ("Ann", "Lee", "1980-01-01", "ann at home", "SW1A 1AA", "clerk", "20")
    ] * 6
    text = "forename,surname,dob,email,postcode,occupation,salary\n"
    text += "".join(",".join(person) + "\n" for person in people)
    found = profile(tmp_path, text)
    assert found.personal
    shown = json.dumps(found.to_json(), ensure_ascii=False) + render_html(found)
    for secret in people[0]:
        assert secret not in shown
    assert column(found, "surname").top[0].value == "Lee"
    assert column(found, "surname").rare_withheld == 1


def test_the_page_holds_no_markup_from_the_table(tmp_path):
    evil = '<script>alert(1)</script>"&'
    quoted = evil.replace('"', '""')
    text = f'"{quoted}",b\n"{quoted}",1\n"{quoted} ",2\n'
    path = put(tmp_path, text).rename(tmp_path / "<b>evil.csv")
    page = render_html(profile_table(read_table(path), at=AT))
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    ("score", "words"), [(None, "Not measured"), (1.0, "100%"), (0.99999, "99.9%")]
)
def test_a_score_never_rounds_up_to_perfect(score, words):
    assert percent(Dimension(score)) == words


def test_columns_with_odd_names_are_measured(tmp_path):
    text = '"a""b","select ; --",value,n\n1,x,2,3\n'
    found = profile(tmp_path, text)
    assert [c.name for c in found.columns] == ['a"b', "select ; --", "value", "n"]
    assert [c.distinct for c in found.columns] == [1, 1, 1, 1]


def test_progress_is_told_for_each_column(tmp_path):
    seen: list[tuple[int, int]] = []
    profile(tmp_path, "a,b\n1,2\n", progress=lambda *step: seen.append(step))
    assert seen == [(1, 2), (2, 2)]


def test_the_command_prints_the_contract_and_writes_the_page(tmp_path):
    path = put(tmp_path, "a,b\n1,x\n2,\n")
    page = tmp_path / "o.html"
    result = CliRunner().invoke(command, [str(path), "--json", "--html", str(page)])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["rows"] == 2
    assert set(found) >= {"rows", "columns", "dimensions", "findings"}
    wanted = {"name", "type", "semantic_type", "nulls", "distinct"}
    assert all(set(c) >= wanted for c in found["columns"])
    assert [c["nulls"] for c in found["columns"]] == [0, 1]
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_the_command_shows_tables_to_people(tmp_path):
    result = CliRunner().invoke(command, [str(put(tmp_path, "a,[red]b\n1,[/x]\n"))])
    assert result.exit_code == 0, result.output
    assert "[red]b" in result.output
    assert "Not measured" in result.output


def test_the_command_explains_the_pattern_of_a_masked_example(tmp_path):
    born = "surname,date_of_birth\nBegum,2999-01-02\nDoyle,1980-05-06\n"
    result = CliRunner().invoke(command, [str(put(tmp_path, born))])
    assert "'9999-99-99'" in result.output
    assert "A and a stand for a letter, 9 for a digit" in " ".join(
        result.output.split()
    )
    plain = CliRunner().invoke(command, [str(put(tmp_path, "a,b\n1,\n2,\n"))])
    assert "9 for a digit" not in plain.output


def test_the_command_leaves_bad_input_to_the_entry(tmp_path):
    result = CliRunner().invoke(command, [str(tmp_path / "absent.csv")])
    assert isinstance(result.exception, BadInput)


@pytest.mark.data
def test_every_shared_table_is_profiled(shared_data):
    """Rows and nulls agree with the reader's own batches; JSON can be written."""
    wanted = {".csv", ".tsv", ".jsonl", ".parquet"}
    for path in sorted(p for p in shared_data.rglob("*") if p.suffix in wanted):
        table = read_table(path)
        found = profile_table(table, at=AT)
        whole = pa.Table.from_batches(table.batches(), schema=table.schema)
        assert found.rows == whole.num_rows
        assert [c.nulls for c in found.columns] == [c.null_count for c in whole.columns]
        distinct = [c.drop_null().unique() for c in whole.columns]
        assert [c.distinct for c in found.columns] == [len(d) for d in distinct]
        json.dumps(found.to_json(), allow_nan=False)
        assert render_html(found)


@pytest.mark.data
def test_dates_before_year_one_are_no_trouble(shared_data):
    found = profile_table(
        read_table(shared_data / "linkage" / "historical_50k.parquet"), at=AT
    )
    assert found.rows == 50_578
    assert column(found, "dob").semantic_type == "date_of_birth"


def test_every_type_of_parquet_column_is_measured(tmp_path):
    """Times with zones, wide decimals, unsigned and not-a-number values included."""
    numbers = [float("nan"), 1.0, float("inf")]
    table = pa.table(
        {
            "tz": pa.array([AT, None, AT]),
            "ns": pa.array([1, 2, None], pa.timestamp("ns")),
            "on": pa.array([True, None, False]),
            "at": pa.array([dt.time(1), None, dt.time(2)]),
            "u": pa.array([2**64 - 1, 0, None], pa.uint64()),
            "f": pa.array(numbers),
            "none": pa.nulls(3),
            "wide": pa.array([Decimal(1), None, Decimal(3)], pa.decimal256(50, 2)),
            "large": pa.array(["a", "b", None], pa.large_string()),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    found = profile_table(read_table(tmp_path / "t.parquet"), at=AT)
    assert [c.distinct for c in found.columns] == [1, 2, 2, 2, 2, 3, 0, 2, 2]
    assert [c.nulls for c in found.columns] == [1, 1, 1, 1, 1, 0, 3, 1, 1]
    assert has(found, "f", "completeness", "Not a number", 2)
    json.dumps(found.to_json(), allow_nan=False)
