"""What happens to people: long-term conditions, benefits, pay and hospital care.

The three organisations' attributes hang together on purpose. Conditions grow with
age and with the deprivation of the council; the benefit a person receives depends on
age and condition; pay depends on age and deprivation. So a joined table has something
to say. It also has what disclosure control must deal with: rare benefits, a small
region, and one payment in each region that outweighs its cell.
"""

from __future__ import annotations

from dataclasses import dataclass

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
from staithe.demo.places import load_councils, regions


ADULT = 16
PENSION_AGE = 66
LIFE_STAGES = (0, 25, PENSION_AGE)  # first year of youth, working age, retirement
CONDITIONS = (
    "",  # none
    "Arthritis",
    "Asthma",
    "Cancer",
    "Chronic kidney disease",
    "COPD",
    "Dementia",
    "Depression or anxiety",
    "Diabetes",
    "Epilepsy",
    "Heart disease",
    "Sickle cell disease",
    "Stroke",
)
AGE_BANDS = (0, 16, 30, 45, 60, 75)  # first year of each
# Of each age band, per thousand: has a long-term condition where deprivation is 50.
CONDITION_RATES = (95, 140, 200, 340, 540, 700)
_CONDITION_WEIGHTS = (
    (0, 900, 10, 5, 0, 0, 60, 40, 50, 10, 8, 0),
    (30, 420, 15, 15, 5, 0, 400, 60, 45, 20, 9, 5),
    (90, 260, 40, 30, 20, 2, 380, 130, 35, 50, 7, 15),
    (220, 160, 90, 60, 70, 8, 230, 220, 25, 130, 5, 45),
    (280, 110, 130, 110, 120, 40, 120, 240, 15, 220, 3, 80),
    (270, 80, 130, 150, 120, 170, 80, 220, 10, 260, 1, 110),
)
BENEFITS = (
    "Attendance Allowance",
    "Bereavement Support",
    "Carer's Allowance",
    "Child Benefit",
    "Employment Support",
    "Industrial Injuries Benefit",
    "Jobseeker's Allowance",
    "Pension Credit",
    "Personal Independence Payment",
    "Skills Bursary",
    "State Pension",
    "Universal Credit",
)
PENSIONERS_ONLY = ("Attendance Allowance", "Pension Credit", "State Pension")
RARE_BENEFIT = BENEFITS.index("Industrial Injuries Benefit")
# (without condition, with condition) for the young, those of working age, pensioners;
# columns as BENEFITS. Rare benefits are given apart.
_BENEFIT_WEIGHTS = (
    (
        (0, 0, 40, 60, 5, 0, 130, 0, 10, 420, 0, 335),
        (0, 0, 40, 50, 90, 0, 60, 0, 330, 170, 0, 260),
    ),
    (
        (0, 12, 70, 400, 10, 0, 90, 0, 10, 90, 0, 318),
        (0, 10, 60, 130, 190, 0, 30, 0, 320, 30, 0, 230),
    ),
    (
        (15, 3, 25, 0, 0, 0, 0, 75, 2, 0, 880, 0),
        (150, 3, 30, 0, 0, 0, 0, 110, 45, 0, 662, 0),
    ),
)
# Weekly amount in pence: quantiles, columns as BENEFITS.
_WEEKLY = (
    (7400, 7400, 11000, 11000),
    (2300, 2300, 2900, 8000),
    (8300, 8300, 8300, 8300),
    (2600, 2600, 4300, 7800),
    (9200, 9200, 14000, 14300),
    (4500, 9000, 13500, 22500),
    (7200, 9200, 9200, 9200),
    (900, 3200, 7400, 15800),
    (2900, 7300, 11000, 18700),
    (1500, 3000, 4500, 9000),
    (9800, 17600, 22100, 23000),
    (4100, 9800, 19600, 44500),
)
ARREARS_PENCE = 1_840_000  # a week: one payment in each region, tens of times the rest
RARE_PER_MILLION = 2200  # adults on the rare benefit, within these bounds:
RARE_AT_LEAST, RARE_AT_MOST = 24, 60  # so that its cells are small in any world
SECTORS = (
    "Accommodation and food",
    "Arts and recreation",
    "Construction",
    "Education",
    "Finance",
    "Fishing",
    "Health and care",
    "Information",
    "Manufacturing",
    "Pension provider",
    "Public administration",
    "Retail",
    "Transport",
)
FISHING, PENSION_PROVIDER = SECTORS.index("Fishing"), SECTORS.index("Pension provider")
_SECTOR_WEIGHTS = (95, 30, 75, 105, 40, 2, 150, 60, 95, 0, 75, 160, 60)
# Pay in pounds a year: quantiles for the young, the rest of working age, pensioners.
_PAY = (
    (400, 2500, 5200, 8200, 11800, 15500, 18900, 21800, 24800, 29500, 52000),
    (1200, 10400, 16200, 20800, 24600, 28700, 33200, 38900, 47300, 62500, 240000),
    (300, 1500, 3000, 4700, 6800, 9400, 12500, 16400, 21500, 30500, 110000),
)
TOP_PAY = 48_512_340  # one person in the smallest region
SMALLEST_REGION = regions().index("Skerry Isles")
_ADMISSIONS = (
    (820, 130, 34, 10, 4, 2, 0, 0, 0, 0),
    (420, 270, 140, 75, 40, 25, 14, 8, 5, 3),
)
DAYS_OF_CARE = 1826  # admissions of the five years before the extract
_CONDITION_CHOICE = choice([(range(1, len(CONDITIONS)), w) for w in _CONDITION_WEIGHTS])
_BENEFIT_CHOICE = choice(
    [(range(len(BENEFITS)), w) for stage in _BENEFIT_WEIGHTS for w in stage]
)
_SECTOR_CHOICE = choice([(range(len(SECTORS)), _SECTOR_WEIGHTS)])
_ADMISSION_CHOICE = choice([(range(len(w)), w) for w in _ADMISSIONS])


@dataclass(frozen=True)
class Circumstances:
    """One value for each person; codes index the tuples of this module."""

    condition: Ints
    benefit: Ints
    weekly_pence: Ints
    claim_days: Ints  # since the claim began
    pay: Ints
    sector: Ints
    admissions: Ints
    days_since_care: Ints


def live(*, seed: int, age: Ints, council: Ints, everywhere: Mask) -> Circumstances:
    """Draw everybody's circumstances from their age and council.

    `everywhere` marks the adults whom all three organisations know: the payments that
    dominate their cells go to some of them, so that the joined table has them.
    """
    people = len(age)
    rng = stream(seed, "circumstances")
    deprivation = np.array([c.deprivation for c in load_councils()])[council]
    band = np.searchsorted(np.array(AGE_BANDS), age, side="right") - 1
    stage = np.searchsorted(np.array(LIFE_STAGES), age, side="right") - 1
    condition = _conditions(rng, band, deprivation)
    ill = condition > 0
    benefit = _benefits(rng, stage, ill, deprivation, age >= ADULT)
    weekly = _weekly(rng, benefit)
    pay, sector = _earnings(rng, stage, deprivation)
    region = region_of(council)
    _pay_arrears(benefit, weekly, region=region, chosen=everywhere & ill)
    _pay_one_a_fortune(pay, sector, chosen=everywhere & (region == SMALLEST_REGION))
    return Circumstances(
        condition=condition,
        benefit=benefit,
        weekly_pence=weekly,
        claim_days=between(rng, 5, 4000, people),
        pay=pay,
        sector=sector,
        admissions=_ADMISSION_CHOICE.draw(rng, ill.astype(np.int32)),
        days_since_care=between(rng, 1, DAYS_OF_CARE, people),
    )


def region_of(council: Ints) -> Ints:
    """Return the index into `regions()` of each council."""
    order = regions()
    return np.array([order.index(c.region) for c in load_councils()], dtype=np.int32)[
        council
    ]


def _conditions(rng: np.random.Generator, band: Ints, deprivation: Ints) -> Ints:
    """Draw conditions: twice as common in the most deprived place as in the least."""
    per_thousand = np.array(CONDITION_RATES)[band] * (100 + deprivation) / 150
    ill = chance(rng, per_thousand / 1000, len(band))
    return np.where(ill, _CONDITION_CHOICE.draw(rng, band), 0)


def _benefits(
    rng: np.random.Generator, stage: Ints, ill: Mask, deprivation: Ints, adult: Mask
) -> Ints:
    """Draw benefits; in a deprived place some of working age need Universal Credit."""
    people = len(stage)
    benefit = _BENEFIT_CHOICE.draw(rng, stage * 2 + ill)
    needy = chance(rng, deprivation / 400, people) & (stage < len(LIFE_STAGES) - 1)
    benefit[needy] = BENEFITS.index("Universal Credit")
    adults = np.flatnonzero(adult)
    many = len(adults) * RARE_PER_MILLION // 1_000_000
    many = min(max(many, RARE_AT_LEAST), RARE_AT_MOST, len(adults))
    benefit[rng.permutation(adults)[:many]] = RARE_BENEFIT
    return benefit


def _weekly(rng: np.random.Generator, benefit: Ints) -> Ints:
    weekly = np.zeros(len(benefit), dtype=np.int32)
    for code, table in enumerate(_WEEKLY):
        paid = benefit == code
        weekly[paid] = from_quantiles(rng, table, int(paid.sum())) // 5 * 5
    return weekly


def _earnings(
    rng: np.random.Generator, stage: Ints, deprivation: Ints
) -> tuple[Ints, Ints]:
    """Draw yearly pay in pounds, lower where deprivation is high, and its sector."""
    pay = np.zeros(len(stage), dtype=np.int32)
    for number, table in enumerate(_PAY):
        here = stage == number
        pay[here] = from_quantiles(rng, table, int(here.sum()))
    pay = (pay.astype(np.int64) * (120 - deprivation * 2 // 5) // 100).astype(np.int32)
    sector = _SECTOR_CHOICE.draw(rng, np.zeros(len(stage), dtype=np.int32))
    retired = (stage == len(LIFE_STAGES) - 1) & chance(rng, 0.86, len(stage))
    return pay, np.where(retired, np.int32(PENSION_PROVIDER), sector)


def _pay_arrears(benefit: Ints, weekly: Ints, *, region: Ints, chosen: Mask) -> None:
    """Give one person of each region a payment that dominates the rare benefit."""
    for number in range(len(regions())):
        people = np.flatnonzero(chosen & (region == number))
        if len(people):
            benefit[people[0]] = RARE_BENEFIT
            weekly[people[0]] = ARREARS_PENCE + 137_535 * number


def _pay_one_a_fortune(pay: Ints, sector: Ints, *, chosen: Mask) -> None:
    people = np.flatnonzero(chosen)
    if len(people):
        pay[people[-1]], sector[people[-1]] = TOP_PAY, FISHING
