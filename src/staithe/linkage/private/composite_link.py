"""Link two files of composite tokens: join on equality, score by the kinds shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from staithe.linkage import outputs
from staithe.linkage.decide import Decision, decide
from staithe.linkage.private.agreement import (
    degrees_of,
    evidence_of,
    learn,
    weights,
)
from staithe.linkage.private.chance import as_shares
from staithe.linkage.private.crossing import Crossing
from staithe.linkage.quality_report import caveat, result_report, software_report
from staithe.linkage.report_page import render_report
from staithe.linkage.result import LinkResult
from staithe.linkage.run import RECORDS, Job
from staithe.linkage.scores import Floats, Scores
from staithe.linkage.specification import LinkSpecification
from staithe.linkage.standardise import Standardised
from staithe.tables.sql import quote_literal


if TYPE_CHECKING:
    from staithe.linkage.private.kinds import TokenKind


@dataclass(frozen=True)
class CompositeLink:
    """Two files of composite tokens being linked."""

    job: Job
    specification: LinkSpecification
    crossings: Sequence[Crossing]

    @property
    def kinds(self) -> tuple[TokenKind, ...]:
        """Return the kinds of the left file; a kind of one file alone matches none."""
        return self.crossings[0].manifest.token_kinds()

    def write(self, out: Path) -> LinkResult:
        """Score what shares a token, decide, and write the result."""
        self.job.progress("finding pairs", 0.2)
        standardised = self._number_rows()
        self._find_pairs()
        self.job.progress("training", 0.5)
        model, scores = self._score(standardised)
        self.job.progress("deciding", 0.8)
        once = [each.manifest.each_once for each in self.crossings]
        asked = self.specification.settings.one_to_one
        if isinstance(asked, bool):
            once = [asked, asked]
        decision = decide(
            scores,
            standardised.rows,
            prior=model["prior"],
            settings=self.specification.settings,
            each_once=(once[0], once[1]),
        )
        return self._written(out, standardised, decision, model)

    def _number_rows(self) -> Standardised:
        con = self.job.con
        parts = " UNION ALL ".join(
            f"SELECT {side}::TINYINT AS source_number, {quote_literal(opened.name)} AS"
            f" source_dataset, row_key, printf('%016x', row_key) AS id FROM rows_{side}"
            for side, opened in enumerate(self.job.inputs)
        )
        con.execute(
            f"CREATE TABLE {RECORDS} AS SELECT row_number() OVER (ORDER BY"
            f" source_number, id) AS rid, * FROM ({parts}) ORDER BY source_number, id"
        )
        filled = [each.manifest.filled for each in self.crossings]
        present = {
            name: tuple(side.get(name, 0.0) for side in filled)
            for name in {**filled[0], **filled[1]}
        }
        return Standardised(
            RECORDS, tuple(each.rows for each in self.job.inputs), present, {}
        )

    def _find_pairs(self) -> None:
        """Make the table of pairs that share a token: the kinds shared, and had by both.

        Kinds of the right file are given the numbers of the left one's.
        """
        con = self.job.con
        ours = [kind.name for kind in self.kinds]
        theirs = [kind.name for kind in self.crossings[1].manifest.token_kinds()]
        numbers: list[list[int | None]] = [
            list(range(len(ours))),
            [ours.index(name) if name in ours else None for name in theirs],
        ]
        for side, of in enumerate(numbers):
            con.register(
                "numbers",
                pa.table(
                    {
                        "kind": pa.array(range(len(of)), pa.uint8()),
                        "bit": pa.array(of, pa.uint8()),
                    }
                ),
            )
            con.execute(
                f"CREATE TABLE side_{side} AS SELECT rid, bit, token FROM input_{side}"
                f" JOIN {RECORDS} USING (row_key) JOIN numbers USING (kind)"
                f" WHERE source_number = {side} AND bit IS NOT NULL"
            )
            con.unregister("numbers")
            con.execute(
                f"CREATE TABLE has_{side} AS SELECT rid, bit_or(1::UBIGINT << bit) AS"
                f" had FROM side_{side} GROUP BY rid"
            )
        con.execute(
            "CREATE TABLE pairs AS SELECT a, b, shared, l.had & r.had AS had FROM"
            " (SELECT l.rid AS a, r.rid AS b, bit_or(1::UBIGINT << l.bit) AS shared FROM"
            " side_0 l JOIN side_1 r ON l.token = r.token AND l.bit = r.bit"
            " GROUP BY l.rid, r.rid) JOIN has_0 l ON l.rid = a JOIN has_1 r ON r.rid = b"
        )

    def _score(self, standardised: Standardised) -> tuple[dict[str, Any], Scores]:
        """Return the model as the report has it, and the scored pairs."""
        con = self.job.con
        found = con.execute(
            "SELECT shared, had, count(*) FROM pairs GROUP BY shared, had"
            " ORDER BY shared, had"
        ).fetchall()
        masks = [(int(shared), int(had)) for shared, had, _ in found]
        counts = np.array([row[2] for row in found], dtype=np.float64)
        kinds = self.kinds
        u = as_shares([each.manifest.chance for each in self.crossings], kinds)
        evidence = evidence_of(kinds, masks, counts)
        m, warnings = learn(evidence, [shared for shared, _ in masks], kinds, u)
        possible = float(standardised.rows[0] * standardised.rows[1])
        prior = min(0.5, max(0.4 * min(standardised.rows), 1.0) / possible)
        con.register(
            "seen",
            pa.table(
                {
                    "shared": pa.array([s for s, _ in masks], pa.uint64()),
                    "had": pa.array([h for _, h in masks], pa.uint64()),
                    "weight": weights(evidence, m, u, prior),
                }
            ),
        )
        pairs = con.execute(
            "SELECT a, b, weight FROM pairs JOIN seen USING (shared, had) ORDER BY a, b"
        ).fetchnumpy()
        con.unregister("seen")
        scores = Scores(
            pairs["a"].astype(np.int64),
            pairs["b"].astype(np.int64),
            pairs["weight"].astype(np.float64),
        )
        return _model(kinds, m, u, prior, warnings), scores

    def _written(
        self,
        out: Path,
        standardised: Standardised,
        decision: Decision,
        model: dict[str, Any],
    ) -> LinkResult:
        con = self.job.con
        links = decision.scores.where(decision.accepted)
        warnings = model.pop("warnings")
        model["prior"] = decision.prior
        report = {
            **software_report(self.specification, seed=self.job.seed, engine="duckdb"),
            "privacy": "composite",
            "inputs": [
                {"name": each.name, "rows": each.rows, "sha256": each.sha256}
                for each in self.job.inputs
            ],
            "fields": [
                {
                    "field": name,
                    "filled": dict(
                        zip((i.name for i in self.job.inputs), shares, strict=True)
                    ),
                    "valid": {},
                }
                for name, shares in standardised.present.items()
            ],
            "left_out": [],
            "blocking": self._blocking(standardised, len(decision.scores)),
            **result_report(decision, links, standardised, self.job.inputs),
            "model": model,
            "warnings": warnings,
        }
        report["caveat"] = caveat(report)
        with outputs.whole_folder(out) as folder:
            outputs.write_pairs(
                con, links, table=RECORDS, path=folder / "links.parquet"
            )
            outputs.write_clusters(
                con, decision.clusters, table=RECORDS, path=folder / "clusters.parquet"
            )
            if self.job.all_pairs:
                outputs.write_pairs(
                    con,
                    decision.scores,
                    table=RECORDS,
                    path=folder / "pairs.parquet",
                )
            outputs.write_json(folder / "report.json", report)
            (folder / "report.html").write_text(render_report(report), "utf-8")
        return LinkResult(out, self.specification, report)

    def _blocking(self, standardised: Standardised, scored: int) -> dict[str, Any]:
        """Return the pairs that share each kind of token, and what was held back."""
        counts = self.job.con.execute(
            "SELECT bit, count(*) FROM (SELECT unnest(range(64)) AS bit, shared FROM"
            " pairs) WHERE shared >> bit::UBIGINT & 1 = 1 GROUP BY bit"
        ).fetchall()
        found = {int(bit): int(n) for bit, n in counts}
        back = {
            each.kind: each.held_back
            for crossing in self.crossings
            for each in crossing.manifest.kinds
        }
        return {
            "rules": [
                {
                    "rule": kind.name,
                    "pairs": int(found.get(number, 0)),
                    "values_left_out": back.get(kind.name, 0),
                    "pairs_left_out": 0,
                }
                for number, kind in enumerate(self.kinds)
            ],
            "scored_pairs": scored,
            "possible_pairs": standardised.rows[0] * standardised.rows[1],
        }


def _model(
    kinds: tuple[TokenKind, ...],
    m: tuple[Floats, ...],
    u: list[Floats],
    prior: float,
    warnings: tuple[str, ...],
) -> dict[str, Any]:
    """Return the weights of every degree of agreement as the report has them."""
    comparisons = []
    for (name, degrees), mm, uu in zip(degrees_of(kinds).items(), m, u, strict=True):
        levels = [
            {
                "level": word,
                "m": float(one),
                "u": float(two),
                "weight": float(np.log2(one / two)),
            }
            for word, one, two in zip(
                (*degrees, "different"), mm[::-1], uu[::-1], strict=True
            )
        ]
        comparisons.append({"name": name, "levels": levels})
    return {
        "prior": prior,
        "comparisons": comparisons,
        "training_blocks": [],
        "warnings": list(warnings),
    }
