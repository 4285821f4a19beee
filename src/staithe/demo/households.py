"""Who lives with whom: sizes, roles, ages and sexes of an invented population.

Members of a household stand next to each other, parents first, children from the
eldest. The shares are near those of the 2021 census; no figure is copied row by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from staithe.demo.draws import (
    Ints,
    Mask,
    between,
    chance,
    choice,
    from_quantiles,
    stream,
)
from staithe.demo.names import FEMALE, MALE


class Kind(IntEnum):
    """How the members of a household are related."""

    ALONE = 0
    COUPLE = 1
    FAMILY = 2  # a couple and their children
    LONE_PARENT = 3
    SHARERS = 4


SIZES = {1: 315, 2: 350, 3: 153, 4: 118, 5: 43, 6: 21}
KINDS_BY_SIZE = {
    1: {Kind.ALONE: 100},
    2: {Kind.COUPLE: 78, Kind.LONE_PARENT: 14, Kind.SHARERS: 8},
    3: {Kind.FAMILY: 74, Kind.LONE_PARENT: 17, Kind.SHARERS: 9},
    4: {Kind.FAMILY: 84, Kind.LONE_PARENT: 8, Kind.SHARERS: 8},
    5: {Kind.FAMILY: 84, Kind.LONE_PARENT: 8, Kind.SHARERS: 8},
    6: {Kind.FAMILY: 84, Kind.LONE_PARENT: 6, Kind.SHARERS: 10},
}
# Age of the first member, at every tenth of the distribution.
HEAD_AGES = {
    Kind.ALONE: (18, 28, 36, 44, 52, 59, 65, 71, 77, 83, 98),
    Kind.COUPLE: (19, 28, 35, 44, 53, 60, 65, 70, 75, 81, 95),
    Kind.FAMILY: (23, 32, 36, 40, 43, 45, 48, 51, 55, 62, 84),
    Kind.LONE_PARENT: (20, 29, 34, 38, 42, 46, 50, 55, 62, 72, 92),
    Kind.SHARERS: (18, 19, 20, 22, 24, 26, 28, 31, 36, 45, 80),
}
YOUNGEST_PARENT = 17  # years between the younger parent and the eldest child
OLDEST_MOTHER = 42  # when the eldest child was born
TWINS = 0.02
SAME_SEX_COUPLES = 0.03
LONE_FATHERS = 0.14
DAYS_PER_YEAR = 365


@dataclass(frozen=True)
class Households:
    """Households (first group of arrays) and their members (second group)."""

    size: Ints
    kind: Ints
    first: Ints  # index of the first member
    home: Ints  # of each person: the household
    place: Ints  # of each person: 0 for the first member, 1 for the next
    child: Mask  # of each person: a child of the first member, of any age
    partner: Mask  # of each person: the second half of a couple
    sex: Ints
    birth_day: Ints  # days since 1970-01-01


def draw_households(people: int, *, seed: int, today: int) -> Households:
    """Form exactly `people` people into households as they are on day `today`."""
    rng = stream(seed, "households")
    size = _sizes(rng, people)
    kind = _kinds(rng, size)
    first = (np.cumsum(size) - size).astype(np.int32)
    home = np.repeat(np.arange(len(size), dtype=np.int32), size)
    place = np.arange(people, dtype=np.int32) - first[home]
    couple = (kind == Kind.COUPLE) | (kind == Kind.FAMILY)
    partner = (place == 1) & couple[home]
    parents = 1 + couple.astype(np.int32)
    related = (kind == Kind.FAMILY) | (kind == Kind.LONE_PARENT)
    child = related[home] & (place >= parents[home])
    sex = _sexes(rng, kind, home=home, place=place, partner=partner)
    birth_day = _birth_days(
        stream(seed, "ages"),
        size,
        kind,
        home=home,
        place=place,
        child=child,
        partner=partner,
        today=today,
    )
    return Households(size, kind, first, home, place, child, partner, sex, birth_day)


def _sizes(rng: np.random.Generator, people: int) -> Ints:
    """Draw household sizes that add up to `people`; the last one is cut to fit."""
    sizes = choice([(tuple(SIZES), tuple(SIZES.values()))])
    drawn = sizes.draw(rng, np.zeros(people, dtype=np.int32))
    ends = np.cumsum(drawn)
    count = int(np.searchsorted(ends, people)) + 1
    size = drawn[:count].copy()
    size[-1] -= ends[count - 1] - people
    return size


def _kinds(rng: np.random.Generator, size: Ints) -> Ints:
    table = choice([(tuple(k), tuple(k.values())) for k in KINDS_BY_SIZE.values()])
    return table.draw(rng, size - 1)


def _sexes(
    rng: np.random.Generator, kind: Ints, *, home: Ints, place: Ints, partner: Mask
) -> Ints:
    sex = chance(rng, 0.505, len(home)).astype(np.int32)
    lone_head = (place == 0) & (kind == Kind.LONE_PARENT)[home]
    father = chance(rng, LONE_FATHERS, len(home))
    sex[lone_head] = np.where(father[lone_head], MALE, FEMALE)
    others = np.flatnonzero(partner & ~chance(rng, SAME_SEX_COUPLES, len(home)))
    sex[others] = 1 - sex[others - 1]
    return sex


def _birth_days(
    rng: np.random.Generator,
    size: Ints,
    kind: Ints,
    *,
    home: Ints,
    place: Ints,
    child: Mask,
    partner: Mask,
    today: int,
) -> Ints:
    """Return days of birth: heads, then partners and sharers, then children."""
    people = len(home)
    days = np.zeros(people, dtype=np.int32)
    own = (place == 0) | (kind == Kind.SHARERS)[home]
    for each, ages in HEAD_AGES.items():
        days_old = tuple(age * DAYS_PER_YEAR + age // 4 for age in ages)
        chosen = own & (kind == each)[home]
        drawn = from_quantiles(rng, days_old, int(chosen.sum()))
        days[chosen] = np.maximum(drawn, 18 * 366)
    head_days = days[place == 0]
    gap = from_quantiles(rng, (-3300, -900, -300, 150, 600, 1100, 1500, 4200), people)
    with_partner = np.maximum(head_days[home] - gap, 18 * 366)
    days[partner] = with_partner[partner]
    days[child] = _child_days(rng, days, size[home], place, child)[child]
    return np.int32(today) - days


def _child_days(
    rng: np.random.Generator, days: Ints, size: Ints, place: Ints, child: Mask
) -> Ints:
    """Return ages in days: siblings a few years apart, some of them twins."""
    people = len(days)
    start = np.arange(people) - place
    after = np.minimum(start + 1, people - 1)
    second = np.where(child[after], start, after)  # the other parent, if there is one
    younger = np.minimum(days[start], days[second])
    most = np.maximum(younger - YOUNGEST_PARENT * 366, 30)
    least = np.maximum(younger - OLDEST_MOTHER * 365, 0)
    # Squaring the draw keeps grown-up children at home rare.
    share = rng.random(people)
    share = share * share * 0.4 + share * 0.6
    eldest = least + (share * (most - least)).astype(np.int32)
    second_parent = ~child[after]
    nth = place - np.where(second_parent, 2, 1)
    children = np.maximum(size - np.where(second_parent, 2, 1), 1)
    spacing = np.minimum(between(rng, 420, 1500, people), most // children)
    eldest = np.maximum(eldest, (children - 1) * spacing)[start]
    spacing = spacing[start]
    wobble = between(rng, 0, 90, people)
    age = np.where(nth == 0, eldest, eldest - nth * spacing + wobble)
    twin = child & _before(child) & chance(rng, TWINS, people)
    twins = np.flatnonzero(twin)
    age[twins] = age[twins - 1]
    newborn = between(rng, 1, 300, people)
    return np.where(age < 1, newborn, age).astype(np.int32)


def _before(mask: Mask) -> Mask:
    """Tell for each person whether the one before is in the mask."""
    return np.concatenate(([False], mask[:-1]))
