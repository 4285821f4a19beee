"""The two records of a pair as a person judges them, and who else lives with each.

Reads verified snapshots of identifiers and only the columns that were compared. Nothing
here knows a score.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from staithe.linkage.specification import LinkSpecification
from staithe.tables.engine import connect, scan
from staithe.tables.sql import quote_identifier as quote


if TYPE_CHECKING:
    import duckdb


HOUSEHOLD = 8  # others of one address that are shown
MOST_RECORDS = 60  # of one cluster
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
    """One field of both records, its differing characters marked."""

    title: str
    left: Marked
    right: Marked
    verdict: Verdict


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
        left, right = (
            _record(con, specification, side, sides[side], pair[side])
            for side in (0, 1)
        )
        households = tuple(
            _household(con, specification, side, sides[side], pair[side])
            for side in (0, 1)
        )
    fields = tuple(
        _compared(_title(specification, n), left[n], right[n])
        for n in range(len(specification.fields))
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


def _compared(title: str, left: str, right: str) -> FieldView:
    if not left or not right:
        pieces = [((value, True),) if value else () for value in (left, right)]
        return FieldView(title, pieces[0], pieces[1], "Missing")
    one, two = marked(left, right)
    same = all(agrees for _, agrees in (*one, *two))
    return FieldView(title, one, two, "Same" if same else "Differs")


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


def _record(
    con: duckdb.DuckDBPyConnection,
    specification: LinkSpecification,
    side: int,
    opened: Opened,
    key: int,
) -> tuple[str, ...]:
    row = con.execute(
        f"SELECT {_listed(specification, side)} FROM {scan(opened.paths)}"
        f" WHERE {quote(opened.id_column)} = ?",
        [key],
    ).fetchone()
    assert row is not None, "the row was linked, so it is there"
    return tuple(row)


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
    shown = tuple(RecordView(tuple(row)) for row in rows[:HOUSEHOLD])
    place = " and ".join(title for title, _ in places)
    return Household(place, titles, shown, len(rows) - len(shown))


def _plain(table: str, column: str | None) -> str:
    """Return the SQL of a value of a place without case and spaces; NULL if empty."""
    value = f"{table}.{quote(str(column))}::VARCHAR"
    return f"nullif(upper(regexp_replace({value}, '\\s', '', 'g')), '')"
