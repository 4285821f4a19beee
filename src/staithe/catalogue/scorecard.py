"""A version's quality as a person reads it: six dimensions, and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from staithe.quality.scorecard import SEVERITIES
from staithe.ui.wording import plural


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


def scorecard(profile: Mapping[str, Any], *, timeliness: Score) -> Scorecard:
    """Read a stored profile (`quality.scorecard.Profile` as JSON).

    How timely data are depends on the day, so it is judged by the reader's.
    """
    findings = sorted(
        profile.get("findings", ()),
        key=lambda found: SEVERITIES.index(found["severity"]),
    )
    return Scorecard(
        tuple(
            timeliness if name == timeliness.name else _score(name, facts)
            for name, facts in profile.get("dimensions", {}).items()
        ),
        tuple(findings),
        tuple(profile.get("notes", ())),
        bool(profile.get("personal")),
    )


def judge_timeliness(
    changed: datetime, *, every_days: int | None, at: datetime
) -> Score:
    """Say whether data are as fresh as their holder declares that they will be.

    The share is that of the time allowed that would have sufficed: 50% is a version
    that took twice as long as promised.
    """
    if every_days is None:
        why = "Its holder does not say how often it is updated."
        return Score("timeliness", NOT_MEASURED, why)
    age = max(0, (at - changed).days)
    state = "in time" if age <= every_days else "overdue"
    return Score(
        "timeliness",
        share_words(min(1.0, every_days / max(age, 1))),
        f"Published {plural(age, 'day')} ago, due every "
        f"{plural(every_days, 'day')}: {state}.",
    )


def _score(name: str, facts: Mapping[str, Any]) -> Score:
    why = str(facts["reason"] or facts["evidence"]).removeprefix(f"{NOT_MEASURED}: ")
    return Score(name, share_words(facts["score"]), why[:1].upper() + why[1:])


def share_words(share: float | None) -> str:
    """Write a share as a percentage that never rounds up to 100: `99.9%`."""
    if share is None:
        return NOT_MEASURED
    return f"{int(share * 1000) / 10:g}%"
