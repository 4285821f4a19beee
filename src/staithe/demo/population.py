"""The demo world: invented people, their names, homes, moves and marriages.

Everything is drawn from one seed, stage by stage, in numpy arrays with one entry for
each person; the same seed gives the same world on any machine. What each organisation
then knows of a person, and gets wrong, is the business of `extracts` and `mistakes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from staithe.base.errors import BadInput
from staithe.demo.circumstances import ADULT, Circumstances, live
from staithe.demo.draws import Ints, Mask, between, chance, stream
from staithe.demo.households import Households, draw_households
from staithe.demo.kinship import NEVER, Called, name_everyone
from staithe.demo.names import Names, load_names
from staithe.demo.places import Addresses, draw_councils, settle


FEWEST, MOST = 100, 1_000_000
EPOCH = date(1970, 1, 1)
DAYS_IN_FOUR_YEARS = 1461
EXTRACT_DATES = {
    "dws": date(2026, 3, 31),
    "nhb": date(2025, 9, 30),
    "rs": date(2025, 4, 5),
}
TODAY = (max(EXTRACT_DATES.values()) - EPOCH).days
MOVING_DAYS = 1096  # moves and marriages happen in the three years before today

SOURCES = tuple(EXTRACT_DATES)
COVERAGE = {"dws": 0.85, "nhb": 0.78, "rs": 0.80}
ADULTS_ONLY = {"dws": True, "nhb": False, "rs": True}

HOUSEHOLD_MOVES = 0.23
YOUNG_MOVES = 0.3  # alone, of those from 18 to 27
OTHERS_MOVE = 0.02
STAYS_IN_COUNCIL = 0.72
YOUNG = (18, 27)


@dataclass(frozen=True)
class World:
    """Everybody in the demo world: one entry for each person in each array."""

    seed: int
    people: int
    names: Names
    households: Households
    addresses: Addresses
    called: Called
    home: Ints  # address today
    home_before: Ints
    moved: Ints  # day of the last move, or NEVER
    listed: dict[str, Mask]  # source -> who is in it
    circumstances: Circumstances

    @property
    def sex(self) -> Ints:
        """Return MALE or FEMALE of each person."""
        return self.households.sex

    @property
    def birth_day(self) -> Ints:
        """Return the day of birth of each person, in days since 1970-01-01."""
        return self.households.birth_day


def generate_world(*, people: int, seed: int) -> World:
    """Invent `people` people (100 to 1,000,000); the same seed gives the same world."""
    if not FEWEST <= people <= MOST:
        raise BadInput(
            f"The demo world can have {FEWEST:,} to {MOST:,} people, not {people:,}."
        )
    if seed < 0:
        raise BadInput(f"A seed is a whole number from 0, not {seed}.")
    living = draw_households(people, seed=seed, today=TODAY)
    age = (TODAY - living.birth_day) * 4 // DAYS_IN_FOUR_YEARS
    called = name_everyone(living, seed=seed, since=TODAY - MOVING_DAYS, today=TODAY)
    home, home_before, moved, addresses = _moves(living, age, seed=seed)
    listed = _coverage(living.birth_day, seed=seed)
    everywhere = np.logical_and.reduce(list(listed.values()))
    return World(
        seed=seed,
        people=people,
        names=load_names(),
        households=living,
        addresses=addresses,
        called=called,
        home=home,
        home_before=home_before,
        moved=moved,
        listed=listed,
        circumstances=live(
            seed=seed,
            age=age,
            council=addresses.council[home],
            everywhere=everywhere,
        ),
    )


def _moves(
    living: Households, age: Ints, *, seed: int
) -> tuple[Ints, Ints, Ints, Addresses]:
    """Return each person's home today, the home before, the day of the move, and all homes.

    Whole households move, and young people move out alone; each to a home of its own.
    """
    rng = stream(seed, "moves")
    households, people = len(living.size), len(living.home)
    together = chance(rng, HOUSEHOLD_MOVES, households)
    young = (age >= YOUNG[0]) & (age <= YOUNG[1])
    alone = chance(rng, np.where(young, YOUNG_MOVES, OTHERS_MOVE), people)
    alone &= ~together[living.home] & (living.place > 0) & (age >= ADULT)
    before = living.home
    home = before.copy()
    day = np.full(people, NEVER)
    moved = between(rng, TODAY - MOVING_DAYS, TODAY, households)
    new_home = (households + np.cumsum(together) - 1).astype(np.int32)
    goes = together[living.home]
    home[goes] = new_home[living.home[goes]]
    day[goes] = moved[living.home[goes]]
    movers = np.flatnonzero(alone)
    first_free = households + int(together.sum())
    home[movers] = first_free + np.arange(len(movers))
    day[movers] = between(rng, TODAY - MOVING_DAYS, TODAY, len(movers))
    origins = np.concatenate((np.flatnonzero(together), before[movers]))
    return home, before, day, _addresses(households, origins, seed=seed)


def _addresses(households: int, moved_from: Ints, *, seed: int) -> Addresses:
    """Settle every home: those before the moves, then one for each move."""
    rng = stream(seed, "places")
    council = draw_councils(rng, households)
    elsewhere = draw_councils(rng, len(moved_from))
    near = chance(rng, STAYS_IN_COUNCIL, len(moved_from))
    arrival = np.where(near, council[moved_from], elsewhere)
    return settle(rng, np.concatenate((council, arrival)))


def _coverage(birth_day: Ints, *, seed: int) -> dict[str, Mask]:
    """Choose whom each organisation knows; nobody is known before birth."""
    rng = stream(seed, "coverage")
    listed = {}
    for source, day in EXTRACT_DATES.items():
        youngest = ADULT * DAYS_IN_FOUR_YEARS // 4 + 1 if ADULTS_ONLY[source] else 0
        known = chance(rng, COVERAGE[source], len(birth_day))
        listed[source] = known & (birth_day + youngest <= (day - EPOCH).days)
    return listed
