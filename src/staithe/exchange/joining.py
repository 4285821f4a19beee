"""Joining a project's grants: identifiers to linkage, pseudonyms to attributes.

Linkage is given identifier snapshots and a specification and gives back row key and
pseudonym. Here, and only here, that meets the attributes; row keys stay behind, and
rows come out in the order of pseudonyms, so their place tells nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from staithe.exchange.cutting import Piece
from staithe.exchange.models import Grant
from staithe.sharing.models import Project


UNIT = "person"


@dataclass(frozen=True)
class Joined:
    """The table of one grant: attributes by pseudonym."""

    grant: str
    table: Piece


@dataclass(frozen=True)
class JoinResult:
    """A table for each grant, the key that made them, the report of the linkage."""

    tables: tuple[Joined, ...]
    keys: str  # snapshot of grant, row, person
    report: dict[str, Any]


def join_grants(
    project: Project,
    grants: Sequence[Grant],
    *,
    specification: dict[str, Any],
    at: datetime,
    progress: Callable[[float, str], None],
) -> JoinResult:
    """Link the grants' identifiers and write each grant's table."""
    raise NotImplementedError
