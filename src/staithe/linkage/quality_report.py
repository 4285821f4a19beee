"""The report of one run: what went in, what was compared, what came of it.

Follows the parts that GUILD asks of linked data (Gilbert et al. 2018): the data
provided, the linkage, and what an analyst must know of its errors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from staithe.linkage.scores import Scores, probability


if TYPE_CHECKING:
    from staithe.linkage.blocking import ChosenRule
    from staithe.linkage.counting import TrainingBlock
    from staithe.linkage.decide import Decision
    from staithe.linkage.inputs import OpenInput
    from staithe.linkage.model import Model
    from staithe.linkage.scores import Flags
    from staithe.linkage.specification import LinkSpecification
    from staithe.linkage.standardise import Standardised


BIN = 2  # width of a bar of the histogram, in match weight
EDGE = 40  # weights beyond this share the outermost bars
TOP_SIZES = 10


def inputs_report(
    inputs: Sequence[OpenInput], standardised: Standardised
) -> dict[str, Any]:
    """Return the files with their rows and digests, and how full each field is."""
    names = [opened.name for opened in inputs]
    fields = [
        {
            "field": column,
            "filled": dict(zip(names, shares, strict=True)),
            "valid": dict(zip(names, standardised.valid.get(column, ()), strict=False)),
        }
        for column, shares in standardised.present.items()
        if "__" not in column and column not in {"names_sorted", "forename_surname"}
    ]
    files = [
        {"name": each.name, "rows": each.rows, "sha256": each.sha256} for each in inputs
    ]
    return {"inputs": files, "fields": fields}


def blocking_report(
    chosen: Sequence[ChosenRule], standardised: Standardised, scored: int
) -> dict[str, Any]:
    """Return the pairs of each rule, what was left out, and all pairs there could be."""
    rows = standardised.rows
    possible = rows[0] * (rows[0] - 1) // 2 if len(rows) == 1 else rows[0] * rows[1]
    rules = [
        {
            "rule": each.name,
            "pairs": each.size.kept,
            "values_left_out": each.size.dropped_values,
            "pairs_left_out": each.size.dropped_pairs,
        }
        for each in chosen
    ]
    return {"rules": rules, "scored_pairs": scored, "possible_pairs": possible}


def model_report(model: Model, blocks: Sequence[TrainingBlock]) -> dict[str, Any]:
    """Return the weights of every level, in the words of the comparisons."""
    comparisons = [
        {
            "name": comparison["output_column_name"],
            "levels": [
                {
                    "level": level["label_for_charts"],
                    "m": level["m_probability"],
                    "u": level["u_probability"],
                    "weight": math.log2(
                        level["m_probability"] / level["u_probability"]
                    ),
                }
                for level in comparison["comparison_levels"]
                if not level.get("is_null_level")
            ],
        }
        for comparison in model.as_splink()["comparisons"]
    ]
    trained_on = [
        {"columns": list(block.columns), "pairs": block.pairs} for block in blocks
    ]
    return {
        "prior": model.prior,
        "comparisons": comparisons,
        "training_blocks": trained_on,
    }


def histogram(scores: Scores, accepted: Flags) -> list[dict[str, Any]]:
    """Return pairs and links in bands of match weight."""
    edges = np.arange(-EDGE, EDGE + BIN, BIN)
    inside = np.clip(scores.weight, -EDGE, EDGE - BIN / 2)
    pairs = np.histogram(inside, edges)[0]
    links = np.histogram(inside[accepted], edges)[0]
    return [
        {"from": int(low), "to": int(low + BIN), "pairs": int(n), "links": int(k)}
        for low, n, k in zip(edges, pairs, links, strict=False)
    ]


def result_report(
    decision: Decision,
    links: Scores,
    standardised: Standardised,
    inputs: Sequence[OpenInput],
) -> dict[str, Any]:
    """Return threshold, links, linked records and clusters."""
    linked = np.zeros(len(decision.clusters), dtype=bool)
    linked[links.left] = True
    linked[links.right] = True
    sizes = np.bincount(np.bincount(decision.clusters[1:]))
    start, counts = 1, {}
    for opened, rows in zip(inputs, standardised.rows, strict=True):
        counts[opened.name] = int(linked[start : start + rows].sum())
        start += rows
    advice = decision.advice
    return {
        "threshold": {
            "match_weight": decision.threshold,
            "match_probability": float(probability(np.array([decision.threshold]))[0]),
            "advised_match_weight": advice.weight,
            "reason": advice.method,
            "expected_precision": advice.precision,
            "expected_recall": advice.recall,
        },
        "one_partner": list(decision.one_partner),
        "links": len(links),
        "linked": counts,
        "records": dict(zip(counts, standardised.rows, strict=True)),
        "clusters": {
            "count": int(sizes[1:].sum()),
            "of_two_or_more": int(sizes[2:].sum()),
            "largest": len(sizes) - 1,
            "sizes": {str(n): int(k) for n, k in enumerate(sizes) if n and k},
        },
        "histogram": histogram(decision.scores, decision.accepted),
    }


def software_report(
    specification: LinkSpecification, *, seed: int, engine: str
) -> dict[str, Any]:
    """Return what is needed to run it again: specification, seed, versions."""
    return {
        "format": 1,
        "kind": specification.kind,
        "engine": engine,
        "seed": seed,
        "specification_sha256": specification.sha256(),
        "software": {
            name: version(name) for name in ("staithe", "splink", "duckdb", "pyarrow")
        },
    }


def caveat(report: Mapping[str, Any]) -> str:
    """Return one sentence about the errors of a link, to travel with its data."""
    linked = ", ".join(
        f"{count:,} of {report['records'][name]:,} records of {name}"
        for name, count in report["linked"].items()
    )
    return f"Linked by probability: {linked}. {_errors(report)}"


def _errors(report: Mapping[str, Any]) -> str:
    """Return what is known of wrong and missing links."""
    judged, truth = report.get("estimate"), report.get("truth")
    if judged:
        precision, recall = judged["precision"], judged["recall"]
        return (
            f"From {judged['judged']:,} pairs that people judged, precision is "
            f"{precision['estimate']:.4f} (95% interval {precision['low']:.4f} to "
            f"{precision['high']:.4f}) and recall {recall['estimate']:.4f} "
            f"({recall['low']:.4f} to {recall['high']:.4f})."
        )
    if truth:
        return (
            f"Against a known truth, precision is {truth['precision']:.4f} and recall "
            f"{truth['recall']:.4f}."
        )
    return "How many links are wrong or missing has not been measured."
