"""The scorecard's shape: columns, six dimensions, findings. Frozen, and plain as JSON.

Dimensions are those of the Government Data Quality Framework (December 2020).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


DIMENSIONS = (
    "completeness",
    "uniqueness",
    "consistency",
    "timeliness",
    "validity",
    "accuracy",
)
SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True)
class Count:
    """A value, or the pattern of values, and how many rows have it."""

    value: str
    count: int


@dataclass(frozen=True)
class ColumnProfile:
    """One column in exact counts.

    Where rows are about people (`withheld`), `min`, `max` and `top` leave out values
    held by fewer than 5 rows; where the column itself is personal there are no extremes.
    """

    name: str
    type: str
    semantic_type: str
    personal: bool
    rows: int
    nulls: int
    distinct: int
    min: str | None = None
    max: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    top: tuple[Count, ...] = ()
    withheld: bool = False
    rare_withheld: int = 0
    patterns: tuple[Count, ...] = ()
    sentinels: int = 0
    tested: int = 0
    invalid: int = 0
    inconsistent: int = 0

    @property
    def filled(self) -> int:
        """Rows that hold a value."""
        return self.rows - self.nulls


@dataclass(frozen=True)
class Dimension:
    """A score from 0 to 1, or None and the reason why it was not measured."""

    score: float | None
    reason: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing worth knowing: which dimension it hurts, how many rows, examples."""

    severity: str
    dimension: str
    column: str | None
    message: str
    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Profile:
    """The whole scorecard of one table."""

    name: str
    rows: int
    columns: tuple[ColumnProfile, ...]
    dimensions: dict[str, Dimension]
    findings: tuple[Finding, ...]
    personal: bool
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Return the scorecard as JSON values (contract: rows, columns, dimensions, findings)."""
        return asdict(self)
