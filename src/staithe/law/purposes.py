"""The kinds of purpose that a project may have: each opens its own legal routes.

Codes are those of the fact patterns that the advice engine reads; a project has
exactly one, because a power given for one purpose is no power for another.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Purpose:
    """A kind of purpose: its code, what it is called, what belongs to it."""

    code: str
    label: str
    description: str


_ALL = (
    Purpose(
        "research-public-good",
        "Research for the public good",
        "New knowledge about groups of people, published. Nothing is decided about "
        "any one person.",
    ),
    Purpose(
        "official-statistics",
        "Official statistics",
        "Figures made by the Office for National Statistics for its own functions.",
    ),
    Purpose(
        "policy-analysis",
        "Policy analysis by a department",
        "Evidence for a minister’s decision, from groups and never about one person.",
    ),
    Purpose(
        "education-outcomes-evaluation",
        "What becomes of learners",
        "How education leads to work, earnings or benefits.",
    ),
    Purpose(
        "research-education",
        "Research into education",
        "Research that promotes the education or well-being of children in England.",
    ),
    Purpose(
        "medical-research",
        "Research into health and care",
        "Research that promotes health or improves health and care services.",
    ),
    Purpose(
        "psd-multiple-disadvantages",
        "Help for people with several disadvantages",
        "Finding and helping people or households with two or more listed "
        "disadvantages.",
    ),
    Purpose(
        "psd-fuel-poverty",
        "Finding people in fuel poverty",
        "Identifying people who live in fuel poverty so that they can be helped.",
    ),
    Purpose(
        "fuel-poverty-support",
        "Help with energy bills",
        "Giving licensed suppliers what they need to run a named support scheme.",
    ),
    Purpose(
        "civil-registration-function",
        "Using births, deaths and marriages",
        "A public body needs registration facts for one of its own functions.",
    ),
    Purpose(
        "debt-recovery",
        "Debt owed to the public sector",
        "Identifying or collecting debt owed to a public authority or the Crown.",
    ),
    Purpose(
        "fraud-public-sector",
        "Fraud against the public sector",
        "Preventing, finding or acting on fraud against a public authority.",
    ),
    Purpose(
        "fraud-prevention",
        "Fraud prevention through an anti-fraud organisation",
        "Giving facts to a specified anti-fraud organisation or its members.",
    ),
    Purpose(
        "fraud-data-matching",
        "Fraud data matching",
        "Matching under the National Fraud Initiative.",
    ),
    Purpose(
        "welfare-support",
        "Welfare services and council tax",
        "A council uses social security facts for a prescribed welfare service.",
    ),
    Purpose(
        "crime-and-disorder",
        "Crime and disorder",
        "Preventing crime and disorder together with a responsible authority.",
    ),
    Purpose(
        "statutory-function",
        "Another function that a statute gives",
        "The holder discloses for a function of its own that its statute names.",
    ),
)

PURPOSES: Mapping[str, Purpose] = MappingProxyType(
    {purpose.code: purpose for purpose in _ALL}
)
