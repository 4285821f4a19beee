"""Build the Fellegi-Sunter model of a specification and train it without labels.

Splink 5 holds the model and does the arithmetic; what this module adds is choosing
prior, training blocks and sample sizes from the data, and saying out loud when a
level could not be trained or training did not settle.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from staithe.linkage.blocking import (
    Budget,
    ChosenRule,
    Rule,
    count_pairs,
)
from staithe.linkage.comparisons import Comparison
from staithe.linkage.specification import LinkSpecification
from staithe.linkage.standardise import Standardised
from staithe.tables.sql import quote_identifier as quote


if TYPE_CHECKING:
    import duckdb


FEWEST_TRAINING_PAIRS = 20
SESSIONS = 3
ITERATIONS = 50


@dataclass(frozen=True)
class TrainingBlock:
    """Records that agree on these columns train every other comparison."""

    columns: tuple[str, ...]
    pairs: int

    @property
    def sql(self) -> str:
        """The block as a condition on two records."""
        return " AND ".join(f"l.{quote(c)} = r.{quote(c)}" for c in self.columns)


def splink_settings(
    comparisons: Sequence[Comparison],
    chosen: Sequence[ChosenRule],
    *,
    dedupe: bool,
    prior: float,
) -> dict[str, Any]:
    """Return the untrained model as a Splink settings dictionary."""
    return {
        "link_type": "dedupe_only" if dedupe else "link_only",
        "unique_id_column_name": "rid",
        "source_dataset_column_name": "source_dataset",
        "probability_two_random_records_match": prior,
        "comparisons": [each.as_splink() for each in comparisons],
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": f"l.{each.key} = r.{each.key}"} for each in chosen
        ],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "max_iterations": ITERATIONS,
    }


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
    for parts in strict_agreements(specification):
        if standardised.has(*parts):
            rule = Rule("", tuple(map(quote, parts)), parts)
            size = count_pairs(con, standardised, rule, budget, dedupe=dedupe)
            best = max(best, size.kept)
    rows = standardised.rows
    possible = rows[0] * (rows[0] - 1) / 2 if dedupe else rows[0] * rows[-1]
    return min(0.5, max(best, 1) / 0.7 / max(possible, 1))


def strict_agreements(specification: LinkSpecification) -> list[tuple[str, ...]]:
    """Return sets of columns whose agreement is almost surely one person or thing."""
    dates = [f.name for f in specification.fields if f.what.kind == "date"]
    codes = [f.name for f in specification.fields if f.what.kind == "identifier"]
    places = [f.name for f in specification.fields if f.what.kind == "postcode"]
    emails = [f.name for f in specification.fields if f.what.kind == "email"]
    texts = [
        f.name
        for f in specification.fields
        if f.what.kind in {"text", "address", "number", "place"}
    ]
    strict: list[tuple[str, ...]] = [(each,) for each in [*codes, *emails]]
    strict += [("names_sorted", each) for each in [*dates, *places]]
    strict += [(date, place) for date in dates for place in places]
    if not strict:
        strict = [("names_sorted", *texts[:1]), tuple(texts[:2])]
    return [each for each in strict if each]


def training_blocks(
    con: duckdb.DuckDBPyConnection,
    standardised: Standardised,
    specification: LinkSpecification,
    comparisons: Sequence[Comparison],
    *,
    dedupe: bool,
) -> list[TrainingBlock]:
    """Choose blocks so that every comparison is trained outside its own block.

    A block needs enough pairs, and no column in common with the blocks before it.
    """
    budget = Budget(rule=10**15, value=10**12)
    found: list[TrainingBlock] = []
    for columns in _training_candidates(specification):
        taken = {column for block in found for column in block.columns}
        if not standardised.has(*columns) or taken & set(columns):
            continue
        rule = Rule("", tuple(map(quote, columns)), columns)
        size = count_pairs(con, standardised, rule, budget, dedupe=dedupe)
        if size.pairs >= FEWEST_TRAINING_PAIRS:
            found.append(TrainingBlock(columns, size.pairs))
        if len(found) == SESSIONS:
            break
    return found


def _training_candidates(specification: LinkSpecification) -> list[tuple[str, ...]]:
    kinds = {each.name: each.what.kind for each in specification.fields}
    of = {
        kind: [name for name, each in kinds.items() if each == kind]
        for kind in set(kinds.values())
    }
    found: list[tuple[str, ...]] = [(name,) for name in of.get("date", [])]
    if of.get("name"):
        found.append(("forename", "surname"))
    for kind in ("postcode", "identifier", "email", "phone"):
        found += [(name,) for name in of.get(kind, [])]
    if of.get("name"):
        found += [("surname",), ("forename",)]
    for kind in ("address", "text", "place", "number", "category", "sex"):
        found += [(name,) for name in of.get(kind, [])]
    return found


@dataclass(frozen=True)
class Trained:
    """The trained linker, what it was trained on, and what to be wary of."""

    linker: Any
    blocks: tuple[TrainingBlock, ...]
    warnings: tuple[str, ...]

    @property
    def model(self) -> dict[str, Any]:
        """The model as Splink writes it to a file."""
        model: dict[str, Any] = self.linker.misc.save_model_to_json()
        return model


def make_linker(api: Any, frames: Sequence[Any], settings: dict[str, Any]) -> Any:
    """Return a silent Splink linker over registered tables."""
    from splink import Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    return Linker(list(frames), settings, log_level=logging.ERROR)


def train(
    linker: Any, blocks: Sequence[TrainingBlock], *, pairs: int, seed: int
) -> Trained:
    """Estimate u from random pairs and m by expectation maximisation.

    At most about `pairs` pairs are used at each step.
    """
    warnings: list[str] = []
    linker.training.estimate_u_using_random_sampling(max_pairs=pairs + 1, seed=seed)
    if not blocks:
        warnings.append(
            "No field has enough repeated values to train on; default weights were used."
        )
    for block in blocks:
        capped = {"max_pairs": float(pairs)} if block.pairs > pairs else {}
        session = linker.training.estimate_parameters_using_expectation_maximisation(
            block.sql, estimate_without_term_frequencies=True, **capped
        )
        if len(session._core_model_settings_history) > ITERATIONS:  # noqa: SLF001  no public way to tell
            warnings.append(
                f"Training on {' and '.join(block.columns)} had not settled after "
                f"{ITERATIONS} rounds."
            )
    return Trained(linker, tuple(blocks), tuple([*warnings, *_untrained(linker)]))


def _untrained(linker: Any) -> list[str]:
    """Return a sentence for each level whose weight is a default."""
    sentences = []
    for comparison in linker._settings_obj.comparisons:  # noqa: SLF001  no public way to tell
        for level in comparison._comparison_levels_excluding_null:  # noqa: SLF001  the same
            if not (level._m_is_trained and level._u_is_trained):  # noqa: SLF001  the same
                label = level.label_for_charts
                sentences.append(
                    f"{comparison.output_column_name}: the level {label!r} was not "
                    "seen in training and has a default weight."
                )
    return sentences


SIGNIFICANT = 9


def settle_parameters(linker: Any) -> None:
    """Round trained probabilities, so that the order of sums cannot show in a score.

    Threads add up in any order; the differences are far below the ninth digit.
    """
    for comparison in linker._settings_obj.comparisons:  # noqa: SLF001  no public setter
        for level in comparison._comparison_levels_excluding_null:  # noqa: SLF001  the same
            for name in ("m_probability", "u_probability"):
                value = getattr(level, name)
                if isinstance(value, float):
                    setattr(level, name, float(f"{value:.{SIGNIFICANT}g}"))
