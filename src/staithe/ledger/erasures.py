"""Whether every entry without content was erased by an event that says so.

An export with content holds the content of every entry but the erased ones, so one
that is empty without such an event was emptied behind the log's back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from staithe.base.errors import Damaged


if TYPE_CHECKING:
    from staithe.ledger.export import Line

ERASED = "ledger:event:erased"
NAMED = 10


def subject_of(number: int) -> str:
    """Return the subject of the event that says that an entry was erased."""
    return f"event:{number}"


@dataclass(slots=True)
class Erasures:
    """The empty entries met so far, and those that an event after them accounts for."""

    empty: set[int] = field(default_factory=set)
    told: set[int] = field(default_factory=set)
    bodies: int = 0

    def add(self, line: Line) -> None:
        """Take in the next entry of the log."""
        if line.entry is None:
            self.empty.add(line.number)
            return
        self.bodies += 1
        if line.entry.name == ERASED:
            kind, _, number = line.entry.subject.partition(":")
            if kind == "event" and number.isdecimal():
                self.told |= {int(number)} & self.empty  # only what came before

    def check_end(self) -> None:
        """Raise Damaged, naming them, where entries are empty and no event says why.

        An export without any content keeps it back and shows nothing of erasures.
        """
        silent = sorted(self.empty - self.told)
        if not self.bodies or not silent:
            return
        shown = ", ".join(map(str, silent[:NAMED]))
        more = f" and {len(silent) - NAMED} more" if len(silent) > NAMED else ""
        raise Damaged(
            f"The content of {_entries(len(silent))} is gone ({shown}{more}) and no "
            "event of the log says that it was erased."
        )


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"
