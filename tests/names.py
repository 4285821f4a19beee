"""Names for invented people, enough of them to be told apart and to repeat."""

from __future__ import annotations


FORENAMES = [
    "james",
    "mary",
    "anna",
    "lucy",
    "peter",
    "omar",
    "fatima",
    "wei",
    "sarah",
    "paul",
    "mark",
    "olivia",
]
SURNAMES = [
    "smith",
    "jones",
    "brown",
    "taylor",
    "khan",
    "patel",
    "evans",
    "wilson",
    "davies",
    "thomas",
]
