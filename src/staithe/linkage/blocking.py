"""Choose which pairs of records are worth comparing.

Rules follow from the meanings of the fields. Each starts wide and is narrowed until
it fits the budget of pairs for the size of the files; single values that would pair
up whole files (a default date of birth) are dropped and reported. Never a cross join.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from staithe.linkage.rare_words import RANKS, worded
from staithe.linkage.specification import LinkSpecification
from staithe.linkage.standardise import Standardised
from staithe.tables.sql import quote_identifier as quote


if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Rule:
    """Records agree on all `parts` (SQL over one record); `finer` may replace it."""

    name: str
    parts: tuple[str, ...]
    needs: tuple[str, ...]
    finer: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Size:
    """All pairs of a rule, and what is kept of them within the budget."""

    pairs: int
    kept: int
    largest: int
    dropped_values: int

    @property
    def dropped_pairs(self) -> int:
        """Pairs that would exceed the budget."""
        return self.pairs - self.kept


@dataclass(frozen=True)
class ChosenRule:
    """A rule in use: its key column, its pairs, what was left out of it, and its SQL."""

    name: str
    key: str
    size: Size
    sql: str = ""


# One part of a key: name, SQL, the canonical columns it needs.
Part = tuple[str, str, str]


def _rule(*parts: Part, finer: Sequence[Rule] = ()) -> Rule:
    return Rule(
        " and ".join(part[0] for part in parts),
        tuple(part[1] for part in parts),
        tuple(part[2] for part in parts),
        tuple(finer),
    )


def _crossed(*first: Part, by: Sequence[Part], finer: Sequence[Part] = ()) -> Rule:
    """Return a rule that is narrowed by each of `by`, and these by `finer`."""
    names = {part[2] for part in first}
    return _rule(
        *first,
        finer=[
            _rule(
                *first,
                extra,
                finer=[
                    _rule(*first, extra, more)
                    for more in finer
                    if more[2] not in {*names, extra[2]}
                ],
            )
            for extra in by
            if extra[2] not in names
        ],
    )


FORENAME: Part = ("forename", "forename", "forename")
SURNAME: Part = ("surname", "surname", "surname")
INITIAL: Part = ("initial", "left(forename, 1)", "forename")
FORENAME_3: Part = ("start of forename", "left(forename, 3)", "forename")
SURNAME_4: Part = ("start of surname", "left(surname, 4)", "surname")
NAMES: Part = ("forename and surname in any order", "names_sorted", "names_sorted")


def candidate_rules(specification: LinkSpecification) -> Iterator[Rule]:
    """Yield the rules that the fields of a specification allow, widest first."""
    dates, codes, places, postcodes, years = _parts(specification)
    houses = _houses(specification)
    for code in codes:
        yield _rule(code)
    anchors = [*postcodes, *places]
    areas = [
        (f"district of {p[0]}", f"{quote(p[2] + '__district')}", f"{p[2]}__district")
        for p in postcodes
    ]
    halves = [FORENAME, SURNAME]
    starts = [FORENAME_3, SURNAME_4]
    for date in dates:
        yield _crossed(date, by=[*halves, *areas, *places], finer=[INITIAL, SURNAME_4])
    for place in postcodes:
        yield _crossed(place, by=[*halves, *years, *houses], finer=[INITIAL])
    yield _crossed(NAMES, by=[*years, *areas, *places])
    yield _crossed(SURNAME, by=[*areas, *years, FORENAME_3], finer=[INITIAL, *years])
    yield _crossed(FORENAME, by=[*areas, *years], finer=[SURNAME_4])
    yield _crossed(*starts, by=years)
    for place in anchors:
        yield _crossed(place, by=[SURNAME_4, *years], finer=[INITIAL])
    yield from _rules_of_rare_words(specification)
    yield from _rules_without_names(specification)


def _parts(
    specification: LinkSpecification,
) -> tuple[list[Part], list[Part], list[Part], list[Part], list[Part]]:
    """Sort the fields into dates, codes, places, postcodes, and years of dates."""
    groups: dict[str, list[Part]] = {
        "date": [],
        "code": [],
        "place": [],
        "postcode": [],
    }
    kinds = {
        "date": "date",
        "identifier": "code",
        "email": "code",
        "phone": "code",
        "address": "place",
        "place": "place",
        "postcode": "postcode",
    }
    for each in specification.fields:
        group = kinds.get(each.what.kind)
        if group:
            groups[group].append((each.name, quote(each.name), each.name))
    years = [
        (f"year of {name}", quote(f"{name}__year"), f"{name}__year")
        for name, _, _ in groups["date"]
    ]
    return groups["date"], groups["code"], groups["place"], groups["postcode"], years


def _houses(specification: LinkSpecification) -> list[Part]:
    """Return the numbers of each address."""
    return [
        (f"numbers of {n}", quote(f"{n}__numbers"), f"{n}__numbers")
        for n in (e.name for e in specification.fields if e.what.kind == "address")
    ]


def _rules_of_rare_words(specification: LinkSpecification) -> Iterator[Rule]:
    """Yield the rarest word of each text, and the next, narrowed by all that is near."""
    dates, _, _, postcodes, _ = _parts(specification)
    near: list[Part] = [
        *dates,
        *[(f"month of {d[0]}", f"left({d[1]}, 7)", d[2]) for d in dates],
        *[
            (f"area of {p[0]}", quote(f"{p[2]}__area"), f"{p[2]}__area")
            for p in postcodes
        ],
        *_houses(specification),
    ]
    names = worded(specification)
    for name in names:
        for rank, words in zip(RANKS, ("rarest word", "next rarest word"), strict=True):
            column = name + rank
            part: Part = (f"{words} of {name}", quote(column), column)
            others = [
                (f"rarest word of {n}", quote(n + RANKS[0]), n + RANKS[0])
                for n in names
                if n != name
            ]
            yield _crossed(part, by=[*near, *others, *_numbers(specification)])


def _numbers(specification: LinkSpecification) -> list[Part]:
    return [
        (each.name, quote(each.name), each.name)
        for each in specification.fields
        if each.what.kind == "number"
    ]


def _rules_without_names(specification: LinkSpecification) -> Iterator[Rule]:
    """Yield each remaining field alone, narrowed by every other one."""
    others: list[Part] = [
        (each.name, quote(each.name), each.name)
        for each in specification.fields
        if each.what.kind in {"category", "text", "number", "address", "place"}
    ]
    for place, other in enumerate(others):
        yield _crossed(other, by=others[place + 1 :], finer=others[place + 2 :])


@dataclass(frozen=True)
class Budget:
    """How many pairs a rule, and one value of a rule, may propose."""

    rule: int
    value: int

    @classmethod
    def for_rows(
        cls, rows: Sequence[int], *, dedupe: bool, per_record: float | None
    ) -> Budget:
        """Return the budget for files of these sizes: generous where they are small."""
        total = sum(rows)
        possible = total * total // 2 if dedupe else rows[0] * rows[-1]
        generous = 200_000 + 3 * total
        rule = generous if per_record is None else int(per_record * total)
        rule = max(1000, min(rule, possible))
        return cls(rule=rule, value=max(500, rule // 50))


def choose_rules(
    con: duckdb.DuckDBPyConnection,
    standardised: Standardised,
    candidates: Sequence[Rule],
    budget: Budget,
    *,
    dedupe: bool,
) -> tuple[list[Rule], list[ChosenRule]]:
    """Return the rules in use with their pairs, each within the budget."""
    used: list[Rule] = []
    chosen: list[ChosenRule] = []
    queue = list(candidates)
    while queue:
        rule = queue.pop(0)
        if not standardised.has(*rule.needs) or _is_covered(rule, used):
            continue
        size = count_pairs(con, standardised, rule, budget, dedupe=dedupe)
        finer = [each for each in rule.finer if standardised.has(*each.needs)]
        if size.pairs > budget.rule and finer:
            queue = [*finer, *queue]
        elif size.pairs:
            used.append(rule)
            chosen.append(ChosenRule(rule.name, f"k__{len(used)}", size, key_sql(rule)))
    return used, chosen


def _is_covered(rule: Rule, used: Sequence[Rule]) -> bool:
    """Say whether a wider rule in use proposes every pair of this one already."""
    return any(set(wider.parts) <= set(rule.parts) for wider in used)


def key_sql(rule: Rule) -> str:
    """Return the key of a rule: a 64-bit hash of its parts, null if one is missing."""
    missing = " OR ".join(f"{part} IS NULL" for part in rule.parts)
    return f"CASE WHEN {missing} THEN NULL ELSE hash({', '.join(rule.parts)}) END"


def _blocks_sql(table: str, rule: Rule, *, dedupe: bool) -> str:
    """Return the query of each value of a rule with its number of pairs."""
    pairs = (
        "count(*) * (count(*) - 1) // 2"
        if dedupe
        else "count_if(source_number = 0) * count_if(source_number = 1)"
    )
    return (
        f"SELECT {key_sql(rule)} AS key, {pairs} AS pairs FROM {table}"
        " GROUP BY 1 HAVING key IS NOT NULL AND pairs > 0"
    )


def count_pairs(
    con: duckdb.DuckDBPyConnection,
    standardised: Standardised,
    rule: Rule,
    budget: Budget,
    *,
    dedupe: bool,
) -> Size:
    """Count the pairs of a rule, keeping the smallest blocks that fit the budget."""
    row = con.execute(
        "WITH blocks AS (SELECT pairs, count(*) AS n FROM"
        f" ({_blocks_sql(standardised.table, rule, dedupe=dedupe)}) GROUP BY pairs),"
        " running AS (SELECT *, sum(pairs * n) OVER (ORDER BY pairs) AS total FROM blocks)"
        " SELECT coalesce(sum(pairs * n), 0)::BIGINT,"
        " coalesce(sum(pairs * n) FILTER (fits), 0)::BIGINT,"
        " coalesce(max(pairs) FILTER (fits), 0), coalesce(sum(n) FILTER (NOT fits), 0)"
        f" FROM (SELECT *, pairs <= {budget.value} AND total <= {budget.rule} AS fits"
        " FROM running)"
    ).fetchall()[0]
    return Size(*map(int, row))


def add_keys(
    con: duckdb.DuckDBPyConnection,
    standardised: Standardised,
    rules: Sequence[Rule],
    chosen: Sequence[ChosenRule],
    *,
    dedupe: bool,
) -> None:
    """Add one key column for each rule to the table, null for values dropped."""
    table = standardised.table
    columns = ", ".join(
        f"{key_sql(rule)} AS {each.key}"
        for rule, each in zip(rules, chosen, strict=True)
    )
    con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT *, {columns} FROM {table}")
    for rule, each in zip(rules, chosen, strict=True):
        if each.size.dropped_values:
            blocks = _blocks_sql(table, rule, dedupe=dedupe)
            con.execute(
                f"UPDATE {table} SET {each.key} = NULL WHERE {each.key} IN"
                f" (SELECT key FROM ({blocks}) WHERE pairs > {each.size.largest})"
            )
