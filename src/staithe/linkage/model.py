"""The trained Fellegi-Sunter model of a link, in the form Splink reads and writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from staithe.linkage.blocking import Budget, ChosenRule, Rule, count_pairs
from staithe.linkage.comparisons import Comparison
from staithe.linkage.specification import LinkSpecification
from staithe.linkage.standardise import Standardised
from staithe.linkage.training import Parameters
from staithe.tables.sql import quote_identifier as quote


if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Model:
    """Comparisons with their trained weights, blocking rules and prior.

    `prior` is the share of all pairs that match.
    """

    comparisons: tuple[Comparison, ...]
    parameters: Parameters
    chosen: tuple[ChosenRule, ...]
    prior: float
    dedupe: bool

    def with_prior(self, prior: float) -> Model:
        """Return the model with another prior."""
        return replace(self, prior=prior)

    def as_splink(self) -> dict[str, Any]:
        """Return the model as a Splink 5 settings dictionary, ready to predict."""
        known = self.parameters
        trained = zip(self.comparisons, known.m, known.u, known.rarity, strict=True)
        return {
            "link_type": "dedupe_only" if self.dedupe else "link_only",
            "unique_id_column_name": "rid",
            "source_dataset_column_name": "source_dataset",
            "probability_two_random_records_match": self.prior,
            "comparisons": [
                each.as_splink(list(m), list(u), list(rarity))
                for each, m, u, rarity in trained
            ],
            "blocking_rules_to_generate_predictions": [
                {"blocking_rule": same_key_sql(each.key)} for each in self.chosen
            ],
            "retain_matching_columns": False,
            "retain_intermediate_calculation_columns": False,
        }


def same_sql(columns: Sequence[str]) -> str:
    """Return the condition of two records' agreeing on columns."""
    return " AND ".join(f"l.{quote(c)} = r.{quote(c)}" for c in columns)


def same_key_sql(key: str) -> str:
    """Return the blocking rule of a key column."""
    return f"l.{key} = r.{key}"


def first_prior(
    con: duckdb.DuckDBPyConnection,
    standardised: Standardised,
    specification: LinkSpecification,
    *,
    dedupe: bool,
) -> float:
    """Return a first guess of the share of all pairs that match.

    Counts pairs that agree on enough to be almost surely one; the figure only starts
    the training and is estimated again from the scores.
    """
    budget = Budget(rule=10**15, value=10**9)
    best = 0
    for parts in strict_agreements(specification, standardised):
        rule = Rule("", tuple(map(quote, parts)), parts)
        size = count_pairs(con, standardised, rule, budget, dedupe=dedupe)
        best = max(best, size.kept)
    rows = standardised.rows
    possible = rows[0] * (rows[0] - 1) / 2 if dedupe else rows[0] * rows[-1]
    return min(0.5, max(best, 1) / 0.7 / max(possible, 1))


def strict_agreements(
    specification: LinkSpecification, standardised: Standardised
) -> list[tuple[str, ...]]:
    """Return sets of filled columns whose agreement is almost surely one thing."""
    dates = [f.name for f in specification.fields if f.what.kind == "date"]
    codes = [f.name for f in specification.fields if f.what.kind == "identifier"]
    places = [f.name for f in specification.fields if f.what.kind == "postcode"]
    emails = [f.name for f in specification.fields if f.what.kind == "email"]
    texts = [
        f.name
        for f in specification.fields
        if f.what.kind in {"text", "address", "number", "place"}
    ]
    named = [f.name for f in specification.fields if f.what.kind in {"text", "address"}]
    strict: list[tuple[str, ...]] = [(each,) for each in [*codes, *emails]]
    strict += [("names_sorted", each) for each in [*dates, *places]]
    strict += [(thing, place) for thing in [*dates, *named] for place in places]
    strict = [each for each in strict if standardised.has(*each)]
    if strict:
        return strict
    # Things rather than people: agreement on a date and a text, or on two texts.
    few = [("names_sorted", *texts[:1]), (*dates[:1], *texts[:2]), tuple(texts[:2])]
    return [each for each in few if each and standardised.has(*each)]
