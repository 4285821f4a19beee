"""The pairs drawn for people to judge, and what they said: files beside a result.

`sample.parquet` names pairs and strata and holds no score and no identifier but ids.
Judgements come as a table of left_id, right_id and answer, by as many people as like.
"""

from __future__ import annotations

import csv
import json
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from staithe.base.errors import BadInput
from staithe.linkage.intervals import Estimate, Judged, estimate
from staithe.linkage.quality_report import caveat
from staithe.linkage.report_page import render_report
from staithe.linkage.sampling import Stratum
from staithe.linkage.scores import Scores
from staithe.tables.sql import quote_literal
from staithe.ui.cells import safe_cell


if TYPE_CHECKING:
    import duckdb


Answer = Literal["match", "no match", "cannot tell"]
ANSWERS: tuple[Answer, ...] = ("match", "no match", "cannot tell")
SAMPLE = "sample.parquet"
MOST_SHOWN = 1000  # letters of a cell: longer ones a spreadsheet cuts or refuses
Pair = tuple[str, str]


@dataclass(frozen=True)
class Judgement:
    """What one person said of one pair."""

    left_id: str
    right_id: str
    answer: Answer
    reviewer: str = ""


def write_sample(
    con: duckdb.DuckDBPyConnection,
    scores: Scores,
    strata: Sequence[Stratum],
    *,
    table: str,
    path: Path,
) -> None:
    """Write the drawn pairs by id with the number of their stratum."""
    places = np.concatenate([each.places for each in strata] or [np.empty(0, np.int64)])
    numbers = np.repeat(np.arange(len(strata)), [len(each.places) for each in strata])
    drawn = pa.table(
        {"l": scores.left[places], "r": scores.right[places], "stratum": numbers}
    )
    con.register("drawn", drawn)
    con.execute(
        "COPY (SELECT a.id AS left_id, b.id AS right_id, stratum FROM drawn"
        f" JOIN {table} a ON a.rid = l JOIN {table} b ON b.rid = r"
        f" ORDER BY hash(l, r)) TO {quote_literal(str(path))} (FORMAT parquet)"
    )
    con.unregister("drawn")


def strata_report(strata: Sequence[Stratum]) -> list[dict[str, Any]]:
    """Return the strata for the report, without the pairs drawn."""
    return [
        {
            "links": each.links,
            "group": each.group,
            "lowest": each.lowest,
            "highest": each.highest,
            "pairs": each.pairs,
            "expected": each.expected,
            "drawn": len(each.places),
        }
        for each in strata
    ]


def read_report(folder: Path) -> dict[str, Any]:
    """Read the report of a result, or raise BadInput."""
    try:
        report: dict[str, Any] = json.loads((folder / "report.json").read_text("utf-8"))
        _ = report["sample"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{folder} is no result of a link that can be judged."
        ) from error
    return report


def read_sample(folder: Path) -> dict[Pair, int]:
    """Return the drawn pairs of a result with their strata, in the order to be shown."""
    path = folder / SAMPLE
    if not path.is_file():
        raise BadInput(f"{folder} is no result of a link that can be judged.")
    table = pq.read_table(path).to_pydict()
    pairs = zip(table["left_id"], table["right_id"], strict=True)
    return dict(zip(pairs, table["stratum"], strict=True))


def read_judgements(path: Path) -> list[Judgement]:
    """Read judgements from a CSV file; rows without an answer are left out."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"The judgements in {path} cannot be read.") from error
    found = []
    for number, row in enumerate(rows, 2):
        missing = {"left_id", "right_id", "answer"} - set(row)
        if missing:
            raise BadInput(f"{path} has no column {min(missing)}.")
        answer = (row["answer"] or "").strip().lower()
        if not answer:
            continue
        if answer not in ANSWERS:
            raise BadInput(
                f"Line {number} of {path} answers {answer[:40]!r}; an answer is "
                f"{', '.join(ANSWERS[:2])} or {ANSWERS[2]}."
            )
        reviewer = (row.get("reviewer") or "").strip()
        found.append(Judgement(row["left_id"], row["right_id"], answer, reviewer))
    return found


def write_sheet(
    path: Path,
    sample: Mapping[Pair, int],
    records: Sequence[Mapping[str, Mapping[str, str]]],
    *,
    seed: int,
) -> None:
    """Write a sheet of the pairs for one person: both records, no score, own order.

    `records` holds for each side id → column → value.
    """
    left, right = records[0], records[-1]
    columns = [
        [f"{name}: {column}" for column in next(iter(side.values()), {})]
        for name, side in (("left", left), ("right", right))
    ]
    pairs = list(sample)
    random.Random(seed).shuffle(pairs)  # noqa: S311  an order, not a secret
    with path.open("x", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["left_id", "right_id", "answer", *columns[0], *columns[1]])
        for one, two in pairs:
            # People open the sheet in a spreadsheet. Ids are read back: they stay.
            values = (*left[one].values(), *right[two].values())
            cells = [safe_cell(value[:MOST_SHOWN]) for value in values]
            writer.writerow([one, two, "", *cells])


def settle(judgements: Sequence[Judgement]) -> dict[Pair, Answer]:
    """Return one answer for each pair: what most said, or cannot tell on a draw."""
    votes: dict[Pair, Counter[Answer]] = defaultdict(Counter)
    for each in judgements:
        votes[each.left_id, each.right_id][each.answer] += 1
    found: dict[Pair, Answer] = {}
    for pair, counts in votes.items():
        ordered = counts.most_common()
        drawn = len(ordered) > 1 and ordered[0][1] == ordered[1][1]
        found[pair] = "cannot tell" if drawn else ordered[0][0]
    return found


@dataclass(frozen=True)
class Agreement:
    """How far people who judged the same pairs agree: share, and kappa beyond chance.

    `kappa` is Cohen's over all pairs of judgements (Fleiss 1971 for more than two);
    None where nobody judged the same pair.
    """

    pairs: int
    agreed: float | None
    kappa: float | None


def agreement(judgements: Sequence[Judgement]) -> Agreement:
    """Return how far judgements of the same pairs agree."""
    votes: dict[Pair, list[Answer]] = defaultdict(list)
    for each in judgements:
        votes[each.left_id, each.right_id].append(each.answer)
    twice = [answers for answers in votes.values() if len(answers) > 1]
    if not twice:
        return Agreement(0, None, None)
    observed = sum(
        sum(n * (n - 1) for n in Counter(answers).values())
        / (len(answers) * (len(answers) - 1))
        for answers in twice
    ) / len(twice)
    totals = Counter(answer for answers in twice for answer in answers)
    count = sum(totals.values())
    chance = sum((n / count) ** 2 for n in totals.values())
    kappa = (observed - chance) / (1 - chance) if chance < 1 else 1.0
    return Agreement(len(twice), observed, kappa)


def judge_result(folder: Path, judgements: Sequence[Judgement]) -> dict[str, Any]:
    """Return what judgements say of a result: precision, recall, agreement.

    Pairs that nobody could tell are left out of their stratum's count. Raises BadInput
    where a judged pair was not drawn, or a whole stratum was not judged.
    """
    report, sample = read_report(folder), read_sample(folder)
    settled = settle(judgements)
    strange = [pair for pair in settled if pair not in sample]
    if strange:
        raise BadInput(
            f"The pair {strange[0][0]} and {strange[0][1]} was judged and was not "
            "drawn from this result."
        )
    answers: dict[int, list[Answer]] = defaultdict(list)
    for pair, answer in settled.items():
        answers[sample[pair]].append(answer)
    return {
        **estimate_of(report["sample"], report["lost"], answers),
        "cannot_tell": sum(a == "cannot tell" for a in settled.values()),
        "reviewers": len({each.reviewer for each in judgements}),
        "agreement": asdict(agreement(judgements)),
    }


def pooled(
    strata: Sequence[Mapping[str, Any]], answers: Mapping[int, Sequence[Answer]]
) -> tuple[list[dict[str, Any]], dict[int, list[Answer]]]:
    """Join each stratum without a usable answer to the one beside it of its group.

    Returns the strata that are left and the answers by their new numbers. A group in
    which nobody could tell anything keeps a stratum without answers.
    """
    found: list[dict[str, Any]] = []
    given: list[list[Answer]] = []
    for number, each in enumerate(strata):
        said = list(answers.get(number, ()))
        usable = any(answer != "cannot tell" for answer in said)
        beside = bool(found) and found[-1]["group"] == each["group"]
        told = bool(given) and any(answer != "cannot tell" for answer in given[-1])
        if beside and not (usable and told):
            found[-1] = _joined(found[-1], each)
            given[-1] += said
        else:
            found.append(dict(each))
            given.append(said)
    return found, dict(enumerate(given))


def _joined(one: Mapping[str, Any], two: Mapping[str, Any]) -> dict[str, Any]:
    pairs = one["pairs"] + two["pairs"]
    matches = one["pairs"] * one["expected"] + two["pairs"] * two["expected"]
    return {
        **one,
        "lowest": min(one["lowest"], two["lowest"]),
        "highest": max(one["highest"], two["highest"]),
        "pairs": pairs,
        "expected": matches / pairs,
        "drawn": one["drawn"] + two["drawn"],
    }


def estimate_of(
    strata: Sequence[Mapping[str, Any]],
    lost: Mapping[str, float],
    answers: Mapping[int, Sequence[Answer]],
) -> dict[str, Any]:
    """Return precision and recall from answers by the number of their stratum.

    Pairs that nobody could tell are left out. Raises BadInput where of a whole stratum
    nothing is left.
    """
    judged = []
    for number, each in enumerate(strata):
        given = [a for a in answers.get(number, ()) if a != "cannot tell"]
        if not given:
            raise BadInput(
                f"No pair of the stratum {each['group']!r} from weight "
                f"{each['lowest']:.1f} to {each['highest']:.1f} was judged; judge some "
                "of each."
            )
        drawn = each["drawn"]
        stratum = Stratum(
            **{k: v for k, v in each.items() if k != "drawn"}, places=NONE
        )
        assert len(given) <= drawn
        judged.append(Judged(stratum, given.count("match"), len(given)))
    found: Estimate = estimate(judged, lost=(lost["estimate"], lost["error"]))
    return asdict(found)


NONE = np.empty(0, np.int64)


def add_estimate(folder: Path, found: Mapping[str, Any]) -> dict[str, Any]:
    """Write an estimate into a result's report, JSON and HTML and the caveat."""
    report = read_report(folder) | {"estimate": dict(found)}
    report["caveat"] = caveat(report)
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    for name, body in (
        ("report.json", text),
        ("report.html", render_report(report)),
        ("caveat.txt", report["caveat"] + "\n"),
    ):
        draft = folder / f".{name}"
        draft.write_text(body, "utf-8")
        draft.replace(folder / name)
    return report
