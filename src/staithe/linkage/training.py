"""Train the Fellegi-Sunter model without labels, from counts of agreement patterns.

u (agreement among different people) comes from random pairs; m (agreement among
matches) from expectation maximisation in blocks, with u held fixed (Fellegi and
Sunter 1969; Winkler 1988). Pairs are counted in the database as patterns, so each
round costs microseconds, and every level keeps a small probability, so training
cannot fail on a level that was never seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from staithe.linkage.blocking import Budget, Rule, count_pairs
from staithe.linkage.comparisons import Comparison, Household
from staithe.linkage.counting import Counter, Patterns, TrainingBlock
from staithe.linkage.rare_words import RANKS
from staithe.linkage.scores import Floats, Ints
from staithe.linkage.specification import LinkSpecification
from staithe.linkage.standardise import Standardised
from staithe.tables.sql import quote_identifier as quote


if TYPE_CHECKING:
    import duckdb


FEWEST_PAIRS = 20
SESSIONS = 3
ROUNDS = 500
SETTLED = 1e-6
# However near to unique a value is, so much of its agreement is taken for chance.
LEAST_CHANCE = 0.05
SEEN = 0.5  # levels are taken to have been seen this often, on average, before counting
LEAST_STRANGERS = 1e-6
# Matches agree on something of their own so many times as often as strangers.
AGREE = 1.5
# Of the pairs of a block that match, before the first round: as many as agree on
# something more than chance allows, within these.
LEAST_SHARE, MOST_SHARE = 0.001, 0.9


@dataclass(frozen=True)
class Parameters:
    """For each comparison, m and u of each level, the best level last."""

    m: tuple[Floats, ...]
    u: tuple[Floats, ...]
    warnings: tuple[str, ...]
    # How far each level's u is chance rather than matches among the random pairs, and
    # so how far the rarity of a value tells of chance. Empty: all of it.
    by_chance: tuple[Floats, ...] = ()

    @property
    def rarity(self) -> tuple[Floats, ...]:
        """For each comparison, how much the rarity of a value counts at each level."""
        return self.by_chance or tuple(np.ones(len(each)) for each in self.u)


@dataclass(frozen=True)
class Chances:
    """What is known of all pairs before training.

    `prior` is a first guess of the share that match; `agree` maps columns to the exact
    share of pairs that have the same value.
    """

    prior: float
    agree: Mapping[str, float]


def training_blocks(
    con: duckdb.DuckDBPyConnection,
    standardised: Standardised,
    specification: LinkSpecification,
    *,
    dedupe: bool,
) -> list[TrainingBlock]:
    """Choose blocks so that every comparison is trained outside its own block.

    A block needs enough pairs, and no column in common with the blocks before it.
    """
    unbounded = Budget(rule=10**15, value=10**12)
    found: list[TrainingBlock] = []
    for columns in _block_candidates(specification):
        taken = {column for block in found for column in block.columns}
        if not standardised.has(*columns) or taken & set(columns):
            continue
        rule = Rule("", tuple(map(quote, columns)), columns)
        size = count_pairs(con, standardised, rule, unbounded, dedupe=dedupe)
        if size.pairs >= FEWEST_PAIRS:
            found.append(TrainingBlock(columns, size.pairs))
        if len(found) == SESSIONS:
            break
    return found


def _block_candidates(specification: LinkSpecification) -> list[tuple[str, ...]]:
    """Return sets of columns to train on, those most like a match first."""
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
    for name in of.get("address", []):
        house = f"{name}__numbers"
        found += [(f"{name}__street", house), (f"{name}{RANKS[0]}", house)]
        found.append((f"{name}__street",))
    for kind in ("text", "number", "place", "category", "sex"):
        found += [(name,) for name in of.get(kind, [])]
    return found


def estimate_u(patterns: Patterns, sizes: Sequence[int]) -> tuple[Floats, ...]:
    """Return for each comparison the share of each level among random pairs."""
    return tuple(
        _shares(patterns.levels[:, n], patterns.counts, np.full(size, 1 / size))
        for n, size in enumerate(sizes)
    )


def _shares(levels: Ints, counts: Floats, prior: Floats) -> Floats:
    """Return smoothed shares of each level, missing ones left out."""
    known = levels >= 0
    seen = np.bincount(levels[known], counts[known], minlength=len(prior))
    sums = seen + prior * (SEEN * len(prior))
    shares: Floats = sums / sums.sum()
    return shares


def first_m(size: int) -> Floats:
    """Return where training starts: the better the level, the likelier, by halves."""
    weights = 2.0 ** np.arange(size)
    weights[-1] *= 4
    shares: Floats = weights / weights.sum()
    return shares


def first_share(patterns: Patterns, u: Sequence[Floats]) -> float:
    """Return about how many of a block's pairs match, before anything is learned.

    Matches hardly ever differ in everything, so the pairs that do show how many there
    are that do not match. Without this a block with one or two comparisons to train
    settles on whatever it starts from.
    """
    known = (patterns.levels >= 0).all(axis=1)
    differ = (patterns.levels == 0).all(axis=1)
    total = patterns.counts[known].sum()
    chance = float(np.prod([each[0] for each in u]))
    if not total or not chance:
        return LEAST_SHARE
    strangers = patterns.counts[differ].sum() / total / chance
    return float(np.clip(1 - strangers, LEAST_SHARE, MOST_SHARE))


def estimate_m(
    patterns: Patterns,
    u: Sequence[Floats],
    households: Sequence[Household] | None = None,
) -> tuple[tuple[Floats, ...], bool]:
    """Return for each comparison the share of each level among matches.

    Expectation maximisation over the pairs of one block, u fixed; says whether it
    settled. Where some comparisons are shared by a household or street and others are
    each one's own, such pairs are a class beside matches and strangers: they agree on
    what is shared and by chance on what is their own.
    """
    sizes = [len(each) for each in u]
    firsts = [first_m(size) for size in sizes]
    matches = _Class(
        first_share(patterns, u), list(firsts), list(firsts), [True] * len(u)
    )
    found = [_Class(1.0, list(u), list(u), [False] * len(u)), matches]
    if households and {"own", "shared"} <= set(households):
        # They start as many as matches: each pair goes where it fits better.
        matches.share /= 2
        start = [f if h == "shared" else uu for f, h, uu in zip(firsts, households, u, strict=True)]  # fmt: skip
        free = [each != "own" for each in households]
        found.append(_Class(matches.share, list(start), start, free))
    total = patterns.counts.sum()
    for _ in range(ROUNDS):
        found[0].share = max(1 - sum(each.share for each in found[1:]), LEAST_STRANGERS)
        weight = np.stack([each.weigh(patterns) for each in found])
        chance = np.exp(weight - weight.max(axis=0))
        chance *= patterns.counts / chance.sum(axis=0)
        moved = max(each.learn(patterns, c, total) for each, c in zip(found[1:], chance[1:], strict=True))  # fmt: skip
        if moved < SETTLED:
            return tuple(matches.shares), True
    return tuple(matches.shares), False


@dataclass
class _Class:
    """One class of pairs while it is learned: its share, and of each level its share.

    `prior` are the levels taken to be seen a few times before counting; those of a
    comparison that is not `free` stay.
    """

    share: float
    shares: list[Floats]
    prior: list[Floats]
    free: list[bool]

    def weigh(self, patterns: Patterns) -> Floats:
        """Return the log-likelihood of each pattern, with the share of the class."""
        weight = np.full(len(patterns.counts), np.log(self.share))
        for n, shares in enumerate(self.shares):
            levels = patterns.levels[:, n]
            weight += np.where(levels < 0, 0.0, np.log(shares)[levels])
        return weight

    def learn(self, patterns: Patterns, expected: Floats, total: float) -> float:
        """Take the shares that expected counts show; return how far they moved."""
        self.share = float(np.clip(expected.sum() / total, 1e-6, 1 - 1e-6))
        moved = 0.0
        for n, before in enumerate(self.shares):
            if self.free[n]:
                after = _shares(patterns.levels[:, n], expected, self.prior[n])
                moved = max(moved, float(np.abs(after - before).max()))
                self.shares[n] = after
        return moved


def without_matches(
    u: Sequence[Floats], m: Sequence[Floats], share: float
) -> tuple[tuple[Floats, ...], tuple[Floats, ...]]:
    """Take the matches out of random pairs; return u, and what part of it was chance.

    Where a value is nearly nobody else's (an identifier, a firm's name), most random
    pairs that agree on it are matches, and u would be many times too large. `share` is
    that of matches among all pairs.
    """
    shares = [
        np.maximum((each - share * same) / (1 - share) / each, LEAST_CHANCE)
        for each, same in zip(u, m, strict=True)
    ]
    cleared = [each * part for each, part in zip(u, shares, strict=True)]
    parts = tuple(np.minimum(each, 1.0) for each in shares)
    return tuple(each / each.sum() for each in cleared), parts


def train(
    counter: Counter,
    standardised: Standardised,
    comparisons: Sequence[Comparison],
    blocks: Sequence[TrainingBlock],
    *,
    chances: Chances,
    pairs: int,
    seed: int,
) -> Parameters:
    """Estimate m and u of every comparison, with at most about `pairs` a step."""
    rows = standardised.rows
    every = list(range(len(comparisons)))
    counted = counter.random_pairs(every, min(pairs, 4 * rows[0] * rows[-1]), seed)
    u = estimate_u(counted, [each.size for each in comparisons])
    seen = [set(counted.levels[:, n].tolist()) for n in every]
    sessions: list[Session] = []
    for block in blocks:
        free = [
            n
            for n, each in enumerate(comparisons)
            if not set(each.columns) & set(block.columns)
        ]
        if not free:
            continue
        patterns = counter.block_pairs(block, free, pairs, seed)
        sessions.append(Session(block, tuple(free), patterns))
        for place, n in enumerate(free):
            seen[n] |= set(patterns.levels[:, place].tolist())
    unseen = _unseen(comparisons, seen)
    first = _trained(comparisons, sessions, u, unseen)
    # A record has few matches, however the guess came about.
    share = min(chances.prior, 1 / max(rows) if len(rows) > 1 else 2 / rows[0])
    exact = [_exact(each, u[n], chances.agree) for n, each in enumerate(comparisons)]
    cleared, by_chance = without_matches(exact, first.m, share)
    trained = _trained(comparisons, sessions, cleared, unseen)
    m = tuple(map(never_better, trained.m, trained.u, seen))
    return replace(trained, m=m, by_chance=by_chance)


def never_better(m: Floats, u: Floats, seen: set[int]) -> Floats:
    """Return m with a bound on what was never seen, and on disagreement.

    A level that no pair reached has a weight of nothing but smoothing: it is at most
    that of the level above. To differ is never evidence for a match.
    """
    ratio = m / u
    for place in range(len(m) - 2, -1, -1):
        if place not in seen:
            ratio[place] = min(ratio[place], ratio[place + 1])
    ratio[0] = min(ratio[0], 1.0)
    bounded = np.minimum(m, ratio * u)
    # What was taken goes to the levels that pairs did reach: shares stay shares.
    free = [place for place in seen if place > 0 and bounded[place] == m[place]]
    kept = bounded[free].sum()
    if kept > 0:
        bounded[free] *= (kept + m.sum() - bounded.sum()) / kept
    return bounded


def _exact(comparison: Comparison, u: Floats, agree: Mapping[str, float]) -> Floats:
    """Return u with the exact share of pairs at levels of equal values, where known."""
    found = u.copy()
    weighed = [each for each in comparison.levels if not each.is_null]
    for place, level in enumerate(weighed):
        if agree.get(level.tf):
            found[-1 - place] = agree[level.tf]
    return found


@dataclass(frozen=True)
class Session:
    """The pairs of one block, counted, and which comparisons they train."""

    block: TrainingBlock
    free: tuple[int, ...]
    patterns: Patterns


def told_apart(
    m: Sequence[Floats], u: Sequence[Floats], households: Sequence[Household]
) -> bool:
    """Say whether matches were told from households: they agree on what is one's own."""
    agree = [
        mm[-1] > AGREE * uu[-1]
        for mm, uu, each in zip(m, u, households, strict=True)
        if each == "own"
    ]
    return "shared" in households and any(agree)


def _trained(
    comparisons: Sequence[Comparison],
    sessions: Sequence[Session],
    u: tuple[Floats, ...],
    unseen: Sequence[str],
) -> Parameters:
    """Estimate m in every block, u held fixed."""
    found: list[list[Floats]] = [[] for _ in comparisons]
    apart: list[list[Floats]] = [[] for _ in comparisons]
    warnings: list[str] = []
    for each in sessions:
        households = [comparisons[n].household for n in each.free]
        free_u = [u[n] for n in each.free]
        m, settled = estimate_m(each.patterns, free_u, households)
        told = told_apart(m, free_u, households)
        if not told:
            m, settled = estimate_m(each.patterns, free_u)
        if not settled:
            warnings.append(
                f"Training on {' and '.join(each.block.columns)} had not settled after "
                f"{ROUNDS} rounds."
            )
        for n, of_it in zip(each.free, m, strict=True):
            found[n].append(of_it)
            if told:
                apart[n].append(of_it)
    # Where some blocks tell households from matches, the others are not asked.
    found = [told or every for told, every in zip(apart, found, strict=True)]
    return _parameters(comparisons, found, u, [*warnings, *unseen])


def _unseen(comparisons: Sequence[Comparison], seen: Sequence[set[int]]) -> list[str]:
    """Return a sentence on the levels that no pair of the training reached."""
    names = []
    for comparison, levels in zip(comparisons, seen, strict=True):
        place = comparison.size
        for level in comparison.levels:
            if not level.is_null:
                place -= 1
                if place not in levels:
                    names.append(f"{comparison.name}: {level.label}")
    if not names:
        return []
    return [
        (
            f"Training met no pair at {len(names)} level{'s' * (len(names) != 1)}, whose weights are therefore "
            f"guesses: {'; '.join(names)}."
        )
    ]


def _parameters(
    comparisons: Sequence[Comparison],
    found: Sequence[Sequence[Floats]],
    u: tuple[Floats, ...],
    warnings: list[str],
) -> Parameters:
    """Average what the blocks found; a comparison without any keeps first values."""
    m = []
    for comparison, each in zip(comparisons, found, strict=True):
        if each:
            m.append(np.mean(each, axis=0))
        else:
            m.append(first_m(comparison.size))
            warnings.append(
                f"{comparison.name} could not be trained and has default weights: too "
                "few records agree on anything else."
            )
    return Parameters(tuple(m), u, tuple(warnings))
