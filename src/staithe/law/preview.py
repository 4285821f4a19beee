"""What an edit of the data files would change: the answers before and after.

A legal editor sees every case whose answer differs, in which part, before the edit is
published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from staithe.base.errors import UserError
from staithe.law.advise import advise


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from staithe.law.advice import Advice
    from staithe.law.library import Library

PARTS = (
    "verdict", "gateways", "ruled_out", "conditions", "documents", "citations",
    "ask_for", "explain", "restrictions", "also_consider", "lawful_basis_finding",
    "citation_findings", "human_review", "lists_as_of",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of one answer that would change."""

    case: str
    part: str
    before: object
    after: object


def preview(
    cases: Iterable[tuple[str, Mapping[str, Any]]], before: Library, after: Library
) -> list[Difference]:
    """Compare the answers of two libraries on the same cases, in the order given."""
    found = []
    for name, facts in cases:
        old = answer_of(facts, library=before)
        new = answer_of(facts, library=after)
        found += [
            Difference(name, part, old.get(part), new.get(part))
            for part in ("refused", *PARTS)
            if old.get(part) != new.get(part)
        ]
    return found


def parts_of(advice: Advice) -> dict[str, Any]:
    """Return what an answer holds, in short: ids and words, to be compared."""
    plain = advice.to_plain()
    return {part: _short(plain[part]) for part in PARTS}


def answer_of(
    facts: Mapping[str, Any], *, on: date | None = None, library: Library | None = None
) -> dict[str, Any]:
    """Return what a library answers on a day, in short, or why it refuses."""
    try:
        return parts_of(advise(facts, on=on, library=library))
    except UserError as error:
        return {"refused": error.message}


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [
            each.get("id", each) if isinstance(each, dict) else each for each in value
        ]
    return value
