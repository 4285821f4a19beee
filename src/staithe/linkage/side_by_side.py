"""The two records of a pair as a person judges them, and who else lives with each.

Reads verified snapshots of identifiers and only the columns that were compared. Nothing
here knows a score.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from staithe.linkage.inputs import OpenInput
from staithe.linkage.specification import LinkField, LinkSpecification
from staithe.linkage.standardise import canonical_columns, standardise
from staithe.linkage.standardise_sql import install_macros
from staithe.tables.engine import connect, scan
from staithe.tables.sql import quote_identifier as quote


if TYPE_CHECKING:
    import duckdb


HOUSEHOLD = 8  # others of one address that are shown
MOST_RECORDS = 60  # of one cluster
# Kinds of fields that people judge as they are written; others as linkage reads them.
AS_WRITTEN = ("name", "text", "address", "place", "category", "email")
PLACES = ("postcode", "address")  # kinds of fields that say where somebody lives

Verdict = Literal["Same", "Differs", "Missing"]
Marked = tuple[tuple[str, bool], ...]  # pieces of a value, and whether each agrees


@dataclass(frozen=True)
class Opened:
    """One side's records: Parquet files, and the column with each row's key."""

    paths: tuple[Path, ...]
    id_column: str


@dataclass(frozen=True)
class FieldView:
    """One field of both records, its differing characters marked.

    A date, a postcode or a code is shown as linkage reads it; `written` then holds how
    each side writes it, where that is another way.
    """

    title: str
    left: Marked
    right: Marked
    verdict: Verdict
    written: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class RecordView:
    """One record as text by column title, in the order of the specification."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Household:
    """Other records of the same address as one record of the pair.

    `place` says what is shared; empty where the side says nothing of where people live.
    """

    place: str
    titles: tuple[str, ...]
    records: tuple[RecordView, ...]
    more: int  # records beyond those shown


@dataclass(frozen=True)
class PairView:
    """Everything a reviewer sees of a pair."""

    fields: tuple[FieldView, ...]
    households: tuple[Household, Household]


def view_pair(
    specification: LinkSpecification,
    sides: tuple[Opened, Opened],
    pair: tuple[int, int],
) -> PairView:
    """Return both records of a pair by row key, and the households of each."""
    with _connection() as con:
        fields = tuple(_fields(con, specification, sides, pair))
        households = tuple(
            _household(con, specification, side, sides[side], pair[side])
            for side in (0, 1)
        )
    return PairView(fields, (households[0], households[1]))


def view_records(
    specification: LinkSpecification, side: int, opened: Opened, keys: Sequence[int]
) -> dict[int, tuple[str, ...]]:
    """Return the values of records by row key, one for each field; at most a cluster."""
    wanted = ", ".join(str(int(key)) for key in keys[:MOST_RECORDS])
    if not wanted:
        return {}
    with _connection() as con:
        rows = con.execute(
            f"SELECT {quote(opened.id_column)}, {_listed(specification, side)}"
            f" FROM {scan(opened.paths)} WHERE {quote(opened.id_column)} IN ({wanted})"
        ).fetchall()
    return {int(row[0]): tuple(row[1:]) for row in rows}


def titles_of(specification: LinkSpecification) -> tuple[str, ...]:
    """Return the title of each field in the order of the specification."""
    return tuple(_title(specification, n) for n in range(len(specification.fields)))


def marked(left: str, right: str) -> tuple[Marked, Marked]:
    """Cut two values into pieces that agree and pieces that do not, case aside."""
    plain = left.casefold(), right.casefold()
    if (len(plain[0]), len(plain[1])) != (len(left), len(right)):
        plain = left, right  # folding changed the length, as that of a sharp s does
    found: tuple[list[tuple[str, bool]], list[tuple[str, bool]]] = ([], [])
    matcher = SequenceMatcher(None, *plain, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        for side, piece in ((0, left[a:b]), (1, right[c:d])):
            if piece:
                found[side].append((piece, tag == "equal"))
    return tuple(found[0]), tuple(found[1])


def compared(title: str, left: str, right: str) -> FieldView:
    """Return two values as a row: marked where they differ, spaces and case aside."""
    if not left or not right:
        pieces = [((value, True),) if value else () for value in (left, right)]
        return FieldView(title, pieces[0], pieces[1], "Missing")
    if _letters(left) == _letters(right):
        return FieldView(title, ((left, True),), ((right, True),), "Same")
    return FieldView(title, *marked(left, right), "Differs")


def _letters(value: str) -> str:
    """Return the letters and digits of a value; all of it, where it has neither."""
    kept = "".join(c for c in value.casefold() if c.isalnum())
    return kept or value


@contextmanager
def _connection() -> Iterator[duckdb.DuckDBPyConnection]:
    con = connect(memory_mb=400, threads=1)
    try:
        yield con
    finally:
        con.close()


def _title(specification: LinkSpecification, place: int) -> str:
    each = specification.fields[place]
    if each.name == each.meaning:
        return each.what.title
    return each.name.replace("_", " ").capitalize()


def _listed(specification: LinkSpecification, side: int) -> str:
    columns = [each.column(side) for each in specification.fields]
    return ", ".join(
        f"coalesce({quote(column)}::VARCHAR, '')" if column else "''"
        for column in columns
    )


def _fields(
    con: duckdb.DuckDBPyConnection,
    specification: LinkSpecification,
    sides: tuple[Opened, Opened],
    pair: tuple[int, int],
) -> Iterator[FieldView]:
    """Give each thing compared, read by the same rules as linkage reads it."""
    install_macros(con)
    inputs = []
    for side, (opened, key) in enumerate(zip(sides, pair, strict=True)):
        columns = dict.fromkeys([opened.id_column, *specification.columns(side)])
        listed = ", ".join(map(quote, columns))
        con.execute(
            f"CREATE TEMP TABLE raw_{side} AS SELECT {listed} FROM"
            f" {scan(opened.paths)} WHERE {quote(opened.id_column)} = ?",
            [key],
        )
        inputs.append(OpenInput(f"side {side}", f"raw_{side}", tuple(columns), 1, ""))
    ids = [each.id_column for each in sides]
    standardise(con, inputs, specification, id_columns=ids, table="read_of_pair")
    known = {each.name: each for each in specification.fields}
    for column in canonical_columns(specification):
        field = known.get(column)
        written = _pair_of(
            con, "raw", [field.column(n) if field else None for n in (0, 1)]
        )
        if column == "name_words" or (column == "middle_name" and not any(written)):
            continue  # what is derived from other parts of the name
        read = _pair_of(con, "read_of_pair", [column, column])
        if field is None and not any(read):
            continue
        yield _row(field, column, written, read)


def _row(
    field: LinkField | None, column: str, written: list[str], read: list[str]
) -> FieldView:
    title = field.what.title if field and field.name == field.meaning else ""
    title = title or column.replace("_", " ").capitalize()
    if field and field.what.kind in AS_WRITTEN and all(written):
        return compared(title, *written)
    shown = [a or b for a, b in zip(read, written, strict=True)]
    row = compared(title, *shown)
    other = [
        raw if raw and _letters(raw) != _letters(value) else ""
        for raw, value in zip(written, shown, strict=True)
    ]
    return replace(row, written=(other[0], other[1]))


def _pair_of(
    con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str | None]
) -> list[str]:
    """Return a column's value on each side as text; empty where there is none."""
    found = []
    for side, column in enumerate(columns):
        where = f"{table}_{side}"
        if table != "raw":
            where = f"{table} WHERE source_number = {side}"
        row = None
        if column:
            row = con.execute(
                f"SELECT {quote(column)}::VARCHAR FROM {where}"
            ).fetchone()
        found.append(str(row[0]) if row and row[0] is not None else "")
    return found


def _household(
    con: duckdb.DuckDBPyConnection,
    specification: LinkSpecification,
    side: int,
    opened: Opened,
    key: int,
) -> Household:
    """Return the other records of the same postcode and address, as far as given."""
    places = [
        (each.what.title.lower(), each.column(side))
        for each in specification.fields
        if each.what.kind in PLACES and each.column(side)
    ]
    titles = titles_of(specification)
    if not places:
        return Household("", titles, (), 0)
    same = " AND ".join(f"{_plain('o', c)} = {_plain('m', c)}" for _, c in places)
    rows = con.execute(
        f"SELECT {_listed(specification, side)} FROM {scan(opened.paths)} o"
        f" WHERE {quote(opened.id_column)} <> ? AND EXISTS (SELECT 1 FROM"
        f" {scan(opened.paths)} m WHERE m.{quote(opened.id_column)} = ? AND {same})"
        f" ORDER BY {quote(opened.id_column)}",
        [key, key],
    ).fetchall()
    own = _family_of(con, specification, side, opened, key)
    # Family first: twins, and parents and children of one name, are what misleads.
    rows.sort(key=lambda row: not own & _name_words(specification, row))
    shown = tuple(RecordView(tuple(row)) for row in rows[:HOUSEHOLD])
    place = " and ".join(title for title, _ in places)
    return Household(place, titles, shown, len(rows) - len(shown))


def _family_of(
    con: duckdb.DuckDBPyConnection,
    specification: LinkSpecification,
    side: int,
    opened: Opened,
    key: int,
) -> set[str]:
    """Return the words of a record's surname, or of its name written as one."""
    row = con.execute(
        f"SELECT {_listed(specification, side)} FROM {scan(opened.paths)}"
        f" WHERE {quote(opened.id_column)} = ?",
        [key],
    ).fetchone()
    return _name_words(specification, row or ())


def _name_words(specification: LinkSpecification, row: Sequence[str]) -> set[str]:
    values = zip(specification.fields, row, strict=False)
    family = [v for each, v in values if each.meaning in {"surname", "full_name"}]
    return {word for value in family for word in value.casefold().split()}


def _plain(table: str, column: str | None) -> str:
    """Return the SQL of a value of a place without case and spaces; NULL if empty."""
    value = f"{table}.{quote(str(column))}::VARCHAR"
    return f"nullif(upper(regexp_replace({value}, '\\s', '', 'g')), '')"
