"""What winners teach: neighbours and families are no matches, however many they are."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import replace

import numpy as np
import pytest

from names import SURNAMES
from staithe.linkage import link as linking
from staithe.linkage.comparisons import Comparison
from staithe.linkage.counting import Patterns
from staithe.linkage.decide import decide
from staithe.linkage.levels import null, same
from staithe.linkage.link import link_tables
from staithe.linkage.model import Model
from staithe.linkage.scores import Scores
from staithe.linkage.specification import LinkSettings
from staithe.linkage.training import Parameters
from staithe.linkage.winners import learn_again


WAYS = {"Road": "Rd", "Street": "St", "Lane": "Ln", "Avenue": "Ave"}


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    """Two lists of addresses: in one line with the postcode, and in columns, short."""
    rng = random.Random(5)
    left, right = [], []
    for street in range(160):
        way = rng.choice(list(WAYS))
        name = f"{rng.choice(SURNAMES)} {rng.choice(['', 'Park ', 'Mill '])}"
        code = f"LS{rng.randint(1, 28)} {rng.randint(1, 9)}{rng.choice('ABDE')}{rng.choice('FGHJ')}"
        for number in range(1, 1 + rng.randint(8, 24)):
            house = f"{street}-{number}"
            left.append(
                {"ref": f"a{house}", "house": house,
                 "Address": f"{number} {name}{way}, Leeds, {code}"}
            )  # fmt: skip
            if rng.random() < 0.7:
                short = WAYS[way] if rng.random() < 0.5 else way
                right.append(
                    {"id": f"b{house}", "house": house,
                     "street": f"{number} {name}{short}".upper(),
                     "postcode": code if rng.random() < 0.9 else ""}
                )  # fmt: skip
    folder = tmp_path_factory.mktemp("houses")
    return write(folder / "left.csv", left), write(folder / "right.csv", right)


def linked(houses, out):
    result = link_tables(
        *houses, id_column=("ref", "id"), truth_column="house", out=out
    )
    model = json.loads((result.folder / "model.json").read_text())
    numbers = next(
        each for each in model["comparisons"]
        if each["output_column_name"] == "address__house"
    )  # fmt: skip
    return result.report["truth"], numbers["comparison_levels"]


def test_houses_are_found_among_their_neighbours(houses, tmp_path):
    truth, levels = linked(houses, tmp_path / "out")
    assert truth["f1"] > 0.95
    assert levels[-1]["m_probability"] < 0.05  # that a house has another number


def test_winners_are_learned_from(houses, tmp_path, monkeypatch):
    truth, learned = linked(houses, tmp_path / "learned")
    monkeypatch.setattr(linking, "learn_again", lambda *_: None)
    before, trained = linked(houses, tmp_path / "trained")
    shares = [
        [each.get("m_probability") for each in levels] for levels in (learned, trained)
    ]
    assert shares[0] != shares[1]
    assert truth["f1"] > before["f1"] - 0.002


def test_the_way_of_counting_makes_no_difference(houses, tmp_path, monkeypatch):
    truth, levels = linked(houses, tmp_path / "compiled")
    monkeypatch.setattr(linking, "_executor", lambda *_: None)
    by_sql, sql_levels = linked(houses, tmp_path / "sql")
    assert by_sql == truth
    assert [each.get("m_probability") for each in sql_levels] == pytest.approx(
        [each.get("m_probability") for each in levels]
    )


class Told:
    """A counter for which pairs of even left numbers agree, all others differ."""

    def given_pairs(self, left, right, chosen):
        agree = float((left % 2 == 0).sum())
        return Patterns(np.array([[1], [0]]), np.array([agree, len(left) - agree]))


def test_m_is_the_share_of_winners_each_by_its_chance():
    """Even numbers win surely, odd ones by chance as losers show: they count nothing."""
    size = 4000
    rng = np.random.default_rng(2)
    evens = np.arange(2, size + 1, 2)
    left = np.r_[evens, rng.integers(1, size + 1, 6 * size)]
    right = size + np.r_[evens, rng.integers(1, size + 1, 6 * size)]
    weight = np.r_[rng.normal(14, 1, len(evens)), rng.normal(0, 1, 6 * size)]
    order = np.unique(left * (3 * size) + right, return_index=True)[1]
    scores = Scores(left[order], right[order], weight[order])
    decision = decide(
        scores, (size, size), prior=1 / size, settings=LinkSettings(),
        each_once=(True, True),
    )  # fmt: skip
    assert decision.advice.shown
    comparison = Comparison("x", (null("x"), same("x", tf=False)))
    known = Parameters((np.array([0.5, 0.5]),), (np.array([0.9, 0.1]),), ())
    model = Model((comparison,), known, (), 1 / size, dedupe=False)
    learned = learn_again(Told(), model, decision, (size, size))
    assert learned is not None
    assert learned.parameters.m[0][1] > 0.95
    assert learned.parameters.m[0].sum() == pytest.approx(1)
    thin = replace(decision, advice=replace(decision.advice, shown=False))
    assert learn_again(Told(), model, thin, (size, size)) is None
    assert learn_again(Told(), model, decision, (size,)) is None
