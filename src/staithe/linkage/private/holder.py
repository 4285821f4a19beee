"""What a holder of identifiers does: make tokens, keep the way back, let nothing else go.

The result is one folder: `crossing` goes to the linker, `kept` stays at home. Row keys
are random, so they lead to a record only by way of `kept`.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa

from staithe.base.errors import BadInput
from staithe.linkage import outputs
from staithe.linkage.decide import holds_each_once
from staithe.linkage.detect import detect_specification, with_date_orders
from staithe.linkage.inputs import Source, check_ids, open_input, sample
from staithe.linkage.meanings import scheme_of
from staithe.linkage.private.chance import measure_chance
from staithe.linkage.private.crossing import (
    BOUND,
    Crossing,
    KindCount,
    Manifest,
    Mode,
    check_kinds,
    write_manifest,
)
from staithe.linkage.private.kinds import TokenKind, token_kinds
from staithe.linkage.private.tokens import hold_key, one_sided, tokenise
from staithe.linkage.pseudonyms import key_id
from staithe.linkage.specification import LinkField, LinkSpecification
from staithe.linkage.standardise import Standardised, standardise
from staithe.linkage.standardise_sql import install_macros
from staithe.tables.engine import connect, scan
from staithe.tables.sql import quote_identifier as quote
from staithe.tables.sql import quote_literal


if TYPE_CHECKING:
    from staithe.linkage.inputs import OpenInput


CROSSING, KEPT = "crossing", "kept"
KEPT_ROWS = "rows.parquet"
RECORDS = "records"
# Rows that may share a token. None where everyone is held once: then no number of
# sharers is left to attack. Where people repeat, their rows must find each other's.
SHARED_ONCE = 1
MOST_ALIKE = 0.5


@dataclass(frozen=True)
class Prepared:
    """A folder that a holder made: what crosses, what is kept, what was made of it."""

    folder: Path
    crossing: Crossing
    specification: LinkSpecification

    @property
    def kept(self) -> Path:
        """Return the file of row keys and ids, which never leaves."""
        return self.folder / KEPT / KEPT_ROWS


def prepare(
    source: Source,
    *,
    id_column: str,
    key: bytes,
    out: Path,
    mode: Mode = "composite",
    specification: LinkSpecification | None = None,
    side: int = 0,
    ignore: Sequence[str] = (),
    bound: int | None = None,
    name: str = "input",
    memory_mb: int = 1500,
    threads: int = 2,
) -> Prepared:
    """Write the tokens of a file to the new folder `out`; nothing is left on failure.

    A specification of two files is read from `side`; without one the columns are
    recognised. Raises BadInput, also where composite tokens would not pass the door.
    """
    if out.exists():
        raise BadInput(f"{out} exists already; name a new folder for the tokens.")
    if bound is not None and not 1 <= bound <= BOUND:
        raise BadInput(f"A token may be shared by 1 to {BOUND} rows, not {bound}.")
    if specification is not None and specification.crosswalks:
        raise BadInput(
            "A private link takes codes that are up to date: bring "
            f"{', '.join(specification.crosswalks)} up to date in the file, and take "
            "crosswalks out of the specification."
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".tokens-", dir=out.parent) as scratch:
        con = connect(memory_mb=memory_mb, threads=threads, temp_directory=scratch)
        try:
            opened = open_input(con, source, name=name, view="input")
            check_ids(con, opened, id_column)
            wanted = (
                _recognised(con, opened, [id_column, *ignore])
                if specification is None
                else one_sided(specification, side)
            )
            for column in [*wanted.columns(0), *ignore]:
                opened.check_column(column)
            wanted = with_date_orders(wanted, [sample(con, opened)])
            install_macros(con)
            hold_key(con, key)
            standardised = standardise(
                con, [opened], wanted, id_columns=[id_column], table=RECORDS
            )
            if not any(min(shares) for shares in standardised.present.values()):
                raise BadInput("Every column that could link these records is empty.")
            _add_row_keys(con, opened.rows)
            with outputs.whole_folder(out) as folder:
                (folder / CROSSING).mkdir(mode=0o700)
                (folder / KEPT).mkdir(mode=0o700)
                job = _Job(con, wanted, standardised, folder, key_id(key))
                manifest = job.composite(bound) if mode == "composite" else job.fields()
                write_manifest(folder / CROSSING, manifest)
        finally:
            con.close()
    return Prepared(out, Crossing(out / CROSSING, manifest), wanted)


def _recognised(
    con: duckdb.DuckDBPyConnection, opened: OpenInput, never: Sequence[str]
) -> LinkSpecification:
    """Return what is made into tokens, in names that the other holder finds as well."""
    found = detect_specification(
        opened.columns, None, [sample(con, opened)], ignore=never
    )
    fields: list[LinkField] = []
    for each in found.specification.fields:
        word = each.meaning
        if word == "identifier":
            word = scheme_of(each.left or "")
        elif word in {"text", "category", "number"}:
            word = each.name
        taken = {other.name for other in fields}
        if word not in taken:
            fields.append(replace(each, name=word))
    return replace(found.specification, fields=tuple(fields))


def _add_row_keys(con: duckdb.DuckDBPyConnection, rows: int) -> None:
    """Give each record a random key of 64 bits."""
    keys = np.empty(0, np.uint64)
    while len(keys) < rows:  # a second round only if two were alike
        more = np.frombuffer(secrets.token_bytes(8 * rows), np.uint64)
        keys = np.unique(np.r_[keys, more])
    order = np.argsort(np.frombuffer(secrets.token_bytes(8 * rows), np.uint64))
    con.register(
        "fresh",
        pa.table({"rid": np.arange(1, rows + 1), "row_key": keys[:rows][order]}),
    )
    con.execute("CREATE OR REPLACE TABLE row_keys AS SELECT * FROM fresh")
    con.unregister("fresh")


@dataclass(frozen=True)
class _Job:
    """One file being made into tokens."""

    con: duckdb.DuckDBPyConnection
    specification: LinkSpecification
    standardised: Standardised
    folder: Path
    key: str

    def fields(self) -> Manifest:
        """Write tokens of single fields, for a linker that is trusted."""
        columns = tokenise(
            self.con, self.specification, records=RECORDS, table="field_tokens"
        )
        listed = ", ".join(map(quote, columns))
        self._copy(
            f"SELECT row_key, {listed} FROM field_tokens JOIN row_keys USING (rid)"
            " ORDER BY row_key",
            CROSSING,
            "tokens.parquet",
        )
        self._write_rows()
        return self._manifest("fields")

    def composite(self, bound: int | None) -> Manifest:
        """Write composite tokens, and see that they may cross."""
        manifest = self._manifest("composite")
        kinds = token_kinds(manifest.specification())
        if not kinds:
            raise BadInput(
                "No two fields together would tell people apart, so no composite "
                "tokens can be made."
            )
        _check_different(self.con, kinds)
        most = bound or (SHARED_ONCE if manifest.each_once else BOUND)
        counts = self._make(kinds, most)
        self._copy(
            "SELECT row_key, kind, token FROM composite_tokens ORDER BY token",
            CROSSING,
            "tokens.parquet",
        )
        self._write_rows()
        check_kinds(
            self.con, self.folder / CROSSING / "tokens.parquet", kinds, bound=most
        )
        return replace(
            manifest,
            kinds=counts,
            bound=most,
            chance=measure_chance(self.con, RECORDS, kinds),
        )

    def _make(self, kinds: Sequence[TokenKind], bound: int) -> tuple[KindCount, ...]:
        """Make the tokens of every kind; what more rows share is held back."""
        con = self.con
        con.execute("SET VARIABLE tk_salt = ?::VARCHAR", [secrets.token_hex(16)])
        con.execute(
            "CREATE OR REPLACE TABLE composite_tokens"
            " (row_key UBIGINT, kind UTINYINT, token UBIGINT)"
        )
        counts = []
        for number, kind in enumerate(kinds):
            con.execute(f"CREATE OR REPLACE TEMP TABLE made AS {kind_sql(kind)}")
            con.execute(
                "CREATE OR REPLACE TEMP TABLE often AS SELECT token, count(*) AS n"
                " FROM made GROUP BY token"
            )
            total, largest, held_back = con.execute(
                f"SELECT coalesce(sum(n) FILTER (n <= {bound}), 0)::BIGINT,"
                f" coalesce(max(n) FILTER (n <= {bound}), 0),"
                f" coalesce(sum(n) FILTER (n > {bound}), 0)::BIGINT FROM often"
            ).fetchall()[0]
            counts.append(KindCount(kind.name, total, largest, held_back))
            con.execute(
                "CREATE OR REPLACE TEMP TABLE going AS SELECT rid, token FROM made"
                f" JOIN often USING (token) WHERE n <= {bound}"
            )
            con.execute(
                "INSERT INTO composite_tokens SELECT row_key,"
                f" {number}, token FROM ({_padded('going', kind.length)})"
                " JOIN row_keys USING (rid)"
            )
        return tuple(counts)

    def _manifest(self, mode: Mode) -> Manifest:
        present = self.standardised.present
        once = holds_each_once(self.con, self.standardised, self.specification)
        fields = tuple((each.name, each.meaning) for each in self.specification.fields)
        return Manifest(
            mode=mode,
            key=self.key,
            fields=fields,
            rows=self.standardised.rows[0],
            each_once=once[0],
            filled={
                name: round(shares[0], 4)
                for name, shares in present.items()
                if "__" not in name and name not in {"names_sorted", "forename_surname"}
            },
        )

    def _write_rows(self) -> None:
        self._copy(
            "SELECT row_key FROM row_keys ORDER BY row_key", CROSSING, "rows.parquet"
        )
        self._copy(
            "SELECT row_key, id FROM records JOIN row_keys USING (rid) ORDER BY row_key",
            KEPT,
            KEPT_ROWS,
        )

    def _copy(self, sql: str, part: str, name: str) -> None:
        path = quote_literal(str(self.folder / part / name))
        self.con.execute(f"COPY ({sql}) TO {path} ({outputs.PARQUET})")


def _check_different(
    con: duckdb.DuckDBPyConnection, kinds: Sequence[TokenKind]
) -> None:
    """Raise BadInput where two fields hold the same: tokens of both would bind one."""
    whole = {a.field: a.sql for kind in kinds for a in kind.atoms if a.degree == "same"}
    for one, other in combinations(sorted(whole), 2):
        left, right = (f"({whole[name]})::VARCHAR" for name in (one, other))
        known, same = con.execute(
            f"SELECT count(*), count_if({left} = {right}) FROM {RECORDS}"
            f" WHERE {left} IS NOT NULL AND {right} IS NOT NULL"
        ).fetchall()[0]
        if known and same > MOST_ALIKE * known:
            raise BadInput(
                f"{one} and {other} hold the same in {same:,} of {known:,} rows, so a "
                "token of both would be a token of one; leave one out with --ignore or "
                "in the specification."
            )


def kind_sql(kind: TokenKind) -> str:
    """Return the query of rid and token of one kind, each once."""
    columns, present = [], []
    for place, atom in enumerate(kind.atoms):
        value = f"unnest({atom.sql})" if atom.length else f"({atom.sql})::VARCHAR"
        columns.append(f"{value} AS e{place}")
        present.append(f"e{place} IS NOT NULL")
    joined = " || chr(31) || ".join(f"e{place}" for place in range(len(kind.atoms)))
    return (
        f"SELECT DISTINCT rid, tk({quote_literal(kind.name)}, {joined}) AS token FROM"
        f" (SELECT rid, {', '.join(columns)} FROM {RECORDS})"
        f" WHERE {' AND '.join(present)}"
    )


def _padded(table: str, length: int) -> str:
    """Return the rows of a table filled up with tokens of nothing to equal numbers.

    Without the key nobody can tell them from others; the salt is new for each file,
    so none of them is met twice.
    """
    if length == 1:
        return f"SELECT rid, token FROM {table}"
    return (
        f"SELECT rid, token FROM {table} UNION ALL SELECT rid, tk('nothing', rid ||"
        " chr(31) || i || chr(31) || getvariable('tk_salt')) FROM (SELECT rid,"
        f" unnest(range(count(*), {length})) AS i, any_value(token) AS token"
        f" FROM {table} GROUP BY rid)"
    )


def collect(kept: Path, returned: Path, *, out: Path) -> int:
    """Give each id of a holder the pseudonym that came back; return how many there are.

    `returned` is the file that the linker wrote for this holder.
    """
    for path in (kept, returned):
        if not path.is_file():
            raise BadInput(f"There is no file {path}.")
    if out.exists():
        raise BadInput(f"{out} exists already; name a new file.")
    con = connect()
    try:
        matched, rows = con.execute(
            f"SELECT count(pseudonym), count(*) FROM {scan([kept])} k LEFT JOIN"
            f" {scan([returned])} r ON r.row_key = printf('%016x', k.row_key)"
        ).fetchall()[0]
        if matched < rows:
            raise BadInput(
                "What came back does not fit what was kept: the row keys differ."
            )
        con.execute(
            f"COPY (SELECT k.id, r.pseudonym FROM {scan([kept])} k JOIN"
            f" {scan([returned])} r ON r.row_key = printf('%016x', k.row_key)"
            f" ORDER BY k.id) TO {quote_literal(str(out))} (FORMAT parquet)"
        )
    except duckdb.Error as error:
        raise BadInput("One of the two files is not what this step reads.") from error
    finally:
        con.close()
    return int(rows)
