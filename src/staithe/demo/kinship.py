"""What people are called, and why relatives share names.

Couples may share a surname, children bear a parent's, some sons bear their father's
forename, and marriages and separations of the last three years changed a surname that
an organisation may still hold in its old form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from staithe.demo.draws import Ints, Mask, between, chance, choice, stream
from staithe.demo.households import Households, Kind
from staithe.demo.names import FEMALE, MALE, ORIGINS, Names, forename_group, load_names


NEVER = np.int32(-1_000_000)  # a change so long ago that nobody holds the old value
NO_NAME = np.int32(-1)
SAME_ORIGIN_COUPLES = 0.88
# Of couples, how many share a surname; the others keep their own.
TAKES_NAME = {
    "english": 0.72,
    "welsh": 0.7,
    "scottish": 0.72,
    "irish": 0.7,
    "muslim": 0.3,
    "hindu": 0.7,
    "sikh": 0.75,
    "polish": 0.72,
    "african": 0.65,
    "chinese": 0.3,
}
DOUBLE_BARRELLED = 0.05  # of couples who share a name
MARRIED_LATELY = 0.08  # of couples who share a name
SEPARATED_LATELY = 0.03  # of women without a partner at home
BEARS_ONLY_PARENTS_NAME = 0.6
NAMED_AFTER_PARENT = 0.035
HAS_MIDDLE_NAME = 0.74
YEAR_1970 = 1970


@dataclass(frozen=True)
class Called:
    """The names of each person, as codes into `Names`."""

    origin: Ints
    forename: Ints
    middle: Ints  # NO_NAME where there is none
    surname: Ints
    second: Ints  # the second half of a double-barrelled surname, or NO_NAME
    surname_before: Ints  # before the last marriage or separation
    renamed: Ints  # day of that change, or NEVER


def name_everyone(living: Households, *, seed: int, since: int, today: int) -> Called:
    """Name every member of the households; surnames changed between the two days."""
    names = load_names()
    rng = stream(seed, "surnames")
    origin = _origins(rng, living)
    own = names.surname_choice.draw(rng, origin)
    surname, second, before, lately = _surnames(rng, living, origin, own)
    day = between(rng, since, today, len(own))
    women = living.sex == FEMALE
    forename, middle = _forenames(stream(seed, "forenames"), living, origin, names)
    return Called(
        origin=origin,
        forename=forename,
        middle=middle,
        surname=np.where(women, names.female_form[surname], surname),
        second=second,
        surname_before=np.where(women, names.female_form[before], before),
        renamed=np.where(lately, day, NEVER),
    )


def _origins(rng: np.random.Generator, living: Households) -> Ints:
    """Draw where names come from: one origin for most households, some mixed."""
    people = len(living.home)
    table = choice([(range(len(ORIGINS)), tuple(ORIGINS.values()))])
    own = table.draw(rng, np.zeros(people, dtype=np.int32))
    head = own[living.first[living.home]]
    sharer = (living.kind == Kind.SHARERS)[living.home]
    mixed = living.partner & ~chance(rng, SAME_ORIGIN_COUPLES, people)
    return np.where(sharer | mixed, own, head)


def _surnames(
    rng: np.random.Generator, living: Households, origin: Ints, own: Ints
) -> tuple[Ints, Ints, Ints, Mask]:
    """Return surname, second half, surname before, and whether it changed lately."""
    people = len(own)
    surname, before = own.copy(), own.copy()
    second = np.full(people, NO_NAME)
    partners = np.flatnonzero(living.partner)
    heads = partners - 1
    wife_first = (living.sex[heads] == FEMALE) & (living.sex[partners] == MALE)
    taker = np.where(wife_first, heads, partners)
    giver = np.where(wife_first, partners, heads)
    rates = np.array([TAKES_NAME[name] for name in ORIGINS])
    takes = chance(rng, rates[origin[taker]], len(taker))
    barrelled = takes & chance(rng, DOUBLE_BARRELLED, len(taker))
    surname[taker[takes]] = own[giver[takes]]
    surname[taker[barrelled]] = own[taker[barrelled]]
    second[taker[barrelled]] = own[giver[barrelled]]
    lately = np.zeros(people, dtype=np.bool_)
    lately[taker] = takes & chance(rng, MARRIED_LATELY, len(taker))
    _separate(rng, living, surname, before, lately)
    _name_children(rng, living, surname, second)
    before = np.where(living.child, surname, before)
    return surname, second, before, lately & ((surname != before) | (second != NO_NAME))


def _separate(
    rng: np.random.Generator,
    living: Households,
    surname: Ints,
    before: Ints,
    lately: Mask,
) -> None:
    """Let some women without a partner have borne a former husband's name."""
    single = (living.kind == Kind.ALONE) | (living.kind == Kind.LONE_PARENT)
    women = single[living.home] & (living.place == 0) & (living.sex == FEMALE)
    left = np.flatnonzero(women & chance(rng, SEPARATED_LATELY, len(surname)))
    before[left] = rng.permutation(surname)[left]
    lately[left] = True


def _name_children(
    rng: np.random.Generator, living: Households, surname: Ints, second: Ints
) -> None:
    """Give the children of a household one surname: a parent's, or another one."""
    children = np.flatnonzero(living.child)
    head = children - living.place[children]
    lone = (living.kind == Kind.LONE_PARENT)[living.home[children]]
    other = np.where(lone, head, head + 1)
    father = np.where(living.sex[other] == MALE, other, head)
    parents = chance(rng, BEARS_ONLY_PARENTS_NAME, len(living.size))
    absent = lone & ~parents[living.home[children]]
    # An absent parent's name: what the eldest child drew for itself.
    named = np.where(absent, surname[head + 1], surname[father])
    second_named = np.where(absent, NO_NAME, second[father])
    surname[children], second[children] = named, second_named


def _forenames(
    rng: np.random.Generator, living: Households, origin: Ints, names: Names
) -> tuple[Ints, Ints]:
    """Draw forenames and middle names by origin, sex and year of birth."""
    people = len(origin)
    year = YEAR_1970 + living.birth_day * 4 // 1461
    group = forename_group(origin, living.sex, year)
    forename = names.forename_choice.draw(rng, group)
    # A second draw for a child named as the sibling before: nobody has two Olivers.
    same = np.flatnonzero(living.child[1:] & (forename[1:] == forename[:-1])) + 1
    forename[same] = names.forename_choice.draw(rng, group[same])
    namesake = np.flatnonzero(living.child & chance(rng, NAMED_AFTER_PARENT, people))
    head = namesake - living.place[namesake]
    alike = living.sex[head] == living.sex[namesake]
    forename[namesake[alike]] = forename[head[alike]]
    middle = names.forename_choice.draw(rng, group)
    with_middle = chance(rng, HAS_MIDDLE_NAME, people) & (middle != forename)
    return forename, np.where(with_middle, middle, NO_NAME)
