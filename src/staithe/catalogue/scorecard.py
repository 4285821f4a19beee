"""A version's quality as a person reads it: six dimensions, and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from staithe.quality.scorecard import SEVERITIES


NOT_MEASURED = "Not measured"


@dataclass(frozen=True)
class Score:
    """One dimension of quality: its share in words, and why it is that."""

    name: str
    words: str
    why: str


@dataclass(frozen=True)
class Scorecard:
    """What profiling found in a version; findings are mappings, faults first."""

    scores: tuple[Score, ...]
    findings: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]
    about_people: bool


def scorecard(profile: Mapping[str, Any]) -> Scorecard:
    """Read a stored profile (`quality.scorecard.Profile` as JSON)."""
    findings = sorted(
        profile.get("findings", ()),
        key=lambda found: SEVERITIES.index(found["severity"]),
    )
    return Scorecard(
        tuple(
            _score(name, facts) for name, facts in profile.get("dimensions", {}).items()
        ),
        tuple(findings),
        tuple(profile.get("notes", ())),
        bool(profile.get("personal")),
    )


def _score(name: str, facts: Mapping[str, Any]) -> Score:
    why = str(facts["reason"] or facts["evidence"]).removeprefix(f"{NOT_MEASURED}: ")
    return Score(name, share_words(facts["score"]), why[:1].upper() + why[1:])


def share_words(share: float | None) -> str:
    """Write a share as a percentage that never rounds up to 100: `99.9%`."""
    if share is None:
        return NOT_MEASURED
    return f"{int(share * 1000) / 10:g}%"
