"""Consistency: the same facts, different answers by different bodies.

Two requests are alike when holder kind, recipient kind, purpose, route and how far the
data identifies people are the same; who the bodies are and when they asked is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, order=True)
class Answered:
    """One decision on some facts: who decided, what, and under which reference."""

    body: str
    outcome: str
    reference: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """Like facts that bodies answered differently."""

    facts: tuple[str, ...]
    outcomes: Mapping[str, tuple[Answered, ...]]

    @property
    def bodies(self) -> tuple[str, ...]:
        """Every body that answered, in order of name."""
        return tuple(sorted({a.body for rows in self.outcomes.values() for a in rows}))


def likeness(facts: Mapping[str, object]) -> tuple[str, ...]:
    """Return what makes requests alike, from facts of the vocabulary."""

    def part(name: str, key: str) -> str:
        value = facts.get(name)
        return str(value.get(key, "")) if isinstance(value, dict) else ""

    return (
        part("holder", "type"),
        part("recipient", "type"),
        part("purpose", "code"),
        str(facts.get("personal_data", "")),
        str(facts.get("route_asked", "")),
    )


def find_inconsistencies(answers: Iterable[Answered]) -> list[Inconsistency]:
    """Group answers by like facts; keep those that different bodies answered apart."""
    groups: dict[tuple[str, ...], list[Answered]] = {}
    for answer in sorted(answers):
        groups.setdefault(answer.facts, []).append(answer)
    found = []
    for facts, rows in sorted(groups.items()):
        outcomes = {
            outcome: tuple(row for row in rows if row.outcome == outcome)
            for outcome in sorted({row.outcome for row in rows})
        }
        if len(outcomes) > 1 and len({row.body for row in rows}) > 1:
            found.append(Inconsistency(facts, outcomes))
    return found
