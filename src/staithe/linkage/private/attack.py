"""The published attacks on tokens, run on what each party sees.

The attacker holds no key but knows a population in the clear. Two ways in:

* by frequency (Cain 1992; Christen et al. 2017): the most frequent token is taken for
  the most frequent value, the next for the next, and so on;
* by pattern: where a whole population is known, a row whose kinds of token and their
  numbers of sharers fit one person only is taken for that person.

Rows of equal frequency are guessed among at random; what is counted is the expectation
over all such guesses, so no luck is mixed in. What somebody without tokens would guess
right by naming a random person is taken off.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from staithe.base.errors import BadInput
from staithe.linkage.inputs import Source, open_input
from staithe.linkage.private.crossing import Crossing
from staithe.linkage.private.holder import Prepared, prepare
from staithe.linkage.private.kinds import TokenKind, fields_of
from staithe.linkage.private.tokens import one_sided
from staithe.linkage.standardise import standardise
from staithe.linkage.standardise_sql import install_macros
from staithe.tables.engine import connect, scan
from staithe.tables.sql import quote_identifier as quote


if TYPE_CHECKING:
    import duckdb


ATTACKED = ("forename", "surname")
COMMONEST = 20


@dataclass(frozen=True)
class Recovered:
    """What one attack on one kind of token recovers of one field.

    `right` and `chance` are shares of the rows that have the field: named rightly by
    the attack, and named rightly by somebody who sees no token.
    """

    seen_by: str
    attack: str
    tokens: str
    field: str
    rows: int
    right: float
    chance: float

    @property
    def gain(self) -> float:
        """Return the share that is owed to the tokens."""
        return max(self.right - self.chance, 0.0)


def attack(
    prepared: Prepared,
    source: Source,
    *,
    id_column: str,
    population: Source | None = None,
    memory_mb: int = 1500,
    threads: int = 2,
) -> list[Recovered]:
    """Attack the tokens that a holder made of a file; the holder knows the truth.

    `population` is what the attacker knows in the clear, with the same columns; the
    file itself, which is the most that anybody could know, unless given.
    """
    with tempfile.TemporaryDirectory(prefix="staithe-attack-") as scratch:
        con = connect(memory_mb=memory_mb, threads=threads, temp_directory=scratch)
        try:
            install_macros(con)
            stage = _Stage(con, prepared, Path(scratch))
            stage.load(source, population, id_column)
            if prepared.crossing.manifest.mode == "fields":
                return list(stage.attack_fields())
            return [*stage.attack_kinds(), *stage.attack_patterns(source, id_column)]
        finally:
            con.close()


@dataclass(frozen=True)
class _Stage:
    """Everything that the attacker has, and the truth to count by."""

    con: duckdb.DuckDBPyConnection
    prepared: Prepared
    scratch: Path

    @property
    def crossing(self) -> Crossing:
        """The tokens under attack."""
        return self.prepared.crossing

    def load(self, source: Source, population: Source | None, id_column: str) -> None:
        """Standardise the truth (with row keys) and what the attacker knows."""
        specification = one_sided(self.prepared.specification, 0)
        for name, each in (("truth", source), ("known", population or source)):
            opened = open_input(self.con, each, name=name, view=f"{name}_input")
            for column in specification.columns(0):
                opened.check_column(column)
            opened.check_column(id_column)
            standardise(
                self.con, [opened], specification, id_columns=[id_column], table=name
            )
        kept = self.con.execute(
            f"CREATE TABLE owners AS SELECT row_key, t.* FROM truth t JOIN"
            f" {scan([self.prepared.kept])} k USING (id)"
        ).fetchall()[0][0]
        if not kept:
            raise BadInput("These tokens were not made of this file: no id fits.")

    def fields(self) -> list[str]:
        """Return the fields attacked: the names, or every field where there is none."""
        columns = {str(row[0]) for row in self.con.execute("DESCRIBE truth").fetchall()}
        names = [name for name in ATTACKED if name in columns]
        every = [each.name for each in self.prepared.specification.fields]
        return names or [name for name in every if name in columns]

    def attack_fields(self) -> Iterator[Recovered]:
        """Attack tokens of single fields by frequency."""
        self.con.execute(
            f"CREATE VIEW seen AS SELECT * FROM {scan([self.crossing.tokens])}"
        )
        for name in self.fields():
            self.con.execute(
                "CREATE OR REPLACE TEMP TABLE tokens AS SELECT row_key,"
                f" {quote(name)} AS token FROM seen WHERE {quote(name)} IS NOT NULL"
            )
            yield self._by_frequency("trusted linker", name, name, (quote(name),))

    def attack_kinds(self) -> Iterator[Recovered]:
        """Attack each kind of composite token by frequency."""
        self.con.execute(
            f"CREATE VIEW seen AS SELECT * FROM {scan([self.crossing.tokens])}"
        )
        for number, kind in enumerate(self.crossing.manifest.token_kinds()):
            for name in self.fields():
                if name in kind.fields:
                    self.con.execute(
                        "CREATE OR REPLACE TEMP TABLE tokens AS SELECT row_key, token"
                        f" FROM seen WHERE kind = {number}"
                    )
                    values = tuple(_value_sql(kind))
                    yield self._by_frequency("any linker", kind.name, name, values)

    def _by_frequency(
        self, seen_by: str, tokens: str, field: str, values: Sequence[str]
    ) -> Recovered:
        """Match tokens and known values rank by rank, in bands of equal frequency."""
        con = self.con
        value = " || chr(31) || ".join(f"({each})::VARCHAR" for each in values)
        name = quote(field)
        # Ranks of tokens; a band is all tokens of one frequency.
        con.execute(
            "CREATE OR REPLACE TEMP TABLE ranked AS SELECT token, n, row_number() OVER"
            " (ORDER BY n DESC, token) AS place FROM (SELECT token, count(DISTINCT"
            " row_key) AS n FROM tokens GROUP BY token)"
        )
        con.execute(
            "CREATE OR REPLACE TEMP TABLE guesses AS SELECT name, row_number() OVER"
            " (ORDER BY n DESC, hash(v)) AS place FROM (SELECT"
            f" {value} AS v, any_value({name}) AS name, count(*) AS n FROM known"
            f" WHERE v IS NOT NULL AND {name} IS NOT NULL GROUP BY v)"
        )
        right = con.execute(
            "WITH bands AS (SELECT n, min(place) AS low, max(place) AS high, count(*) AS"
            " size FROM ranked GROUP BY n),"
            " offered AS (SELECT b.n, g.name, count(*) AS times FROM guesses g JOIN"
            " bands b ON g.place BETWEEN b.low AND b.high GROUP BY b.n, g.name),"
            # A row may have several tokens of a kind: each is one try of that many.
            f" held AS (SELECT r.n, o.{name} AS name, sum(1.0 / k.tries) AS rows FROM"
            " tokens t JOIN ranked r USING (token) JOIN owners o USING (row_key) JOIN"
            " (SELECT row_key, count(*) AS tries FROM tokens GROUP BY row_key) k"
            f" USING (row_key) WHERE o.{name} IS NOT NULL GROUP BY r.n, o.{name})"
            " SELECT coalesce(sum(rows * times / size), 0) FROM held JOIN offered"
            " USING (n, name) JOIN bands USING (n)"
        ).fetchall()[0][0]
        rows, chance = con.execute(
            f"WITH t AS (SELECT {name} AS name, count(*) AS n FROM owners WHERE"
            f" {name} IS NOT NULL GROUP BY 1), k AS (SELECT {name} AS name, count(*) /"
            f" sum(count(*)) OVER () AS share FROM known WHERE {name} IS NOT NULL"
            " GROUP BY 1) SELECT (SELECT sum(n) FROM t), sum(n * share) FROM t JOIN k"
            " USING (name)"
        ).fetchall()[0]
        rows = int(rows or 0)
        return Recovered(
            seen_by,
            "frequency",
            tokens,
            field,
            rows,
            float(right) / max(rows, 1),
            float(chance or 0) / max(rows, 1),
        )

    def attack_patterns(self, source: Source, id_column: str) -> Iterator[Recovered]:
        """Name rows whose pattern of tokens is that of one person of the file only.

        The attacker knows the file itself and makes tokens of it under a key of their
        own: the numbers of sharers are the same under every key.
        """
        own = prepare(
            source,
            id_column=id_column,
            key=secrets.token_bytes(32),
            out=self.scratch / "own",
            specification=self.prepared.specification,
            bound=self.crossing.manifest.bound,
        )
        self.con.execute(f"CREATE TABLE sight AS {_pattern_sql(self.crossing.tokens)}")
        self.con.execute(
            "CREATE TABLE own AS SELECT k.id, p.pattern FROM"
            f" ({_pattern_sql(own.crossing.tokens)}) p JOIN {scan([own.kept])} k"
            " USING (row_key)"
        )
        self.con.execute(
            "CREATE TABLE named AS SELECT s.row_key, f.id FROM (SELECT pattern,"
            " any_value(row_key) AS row_key FROM sight GROUP BY pattern HAVING"
            " count(*) = 1) s JOIN (SELECT pattern, any_value(id) AS id FROM own GROUP"
            " BY pattern HAVING count(*) = 1) f USING (pattern)"
        )
        for name in self.fields():
            rows, right = self.con.execute(
                f"SELECT count(o.{quote(name)}), coalesce(count_if(o.{quote(name)}"
                f" = k.{quote(name)}), 0) FROM owners o LEFT JOIN named n USING (row_key)"
                " LEFT JOIN truth k ON k.id = n.id"
            ).fetchall()[0]
            yield Recovered(
                "any linker",
                "pattern, the whole file known",
                "all kinds",
                name,
                int(rows),
                int(right) / max(int(rows), 1),
                0.0,
            )


def _value_sql(kind: TokenKind) -> Iterator[str]:
    """Return the SQL of the values that a kind binds, whole where near ones are bound."""
    for atom in kind.atoms:
        if atom.length:
            yield quote(fields_of(atom)[0])
        else:
            yield atom.sql


def _pattern_sql(tokens: Path) -> str:
    """Return the query of each row's pattern: kinds, and how many rows share each."""
    source = scan([tokens])
    return (
        "SELECT row_key, list_sort(list(kind * 1000 + n)) AS pattern FROM"
        f" {source} t JOIN (SELECT kind, token, count(*) AS n FROM {source} GROUP BY"
        " kind, token) USING (kind, token) GROUP BY row_key"
    )
