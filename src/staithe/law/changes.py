"""What changes in the law as encoded between two days: rows that begin and that end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from staithe.base.errors import BadInput


if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from staithe.law.library import Library


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One row that begins or ends between two days."""

    on: date
    kind: str
    what: str
    id: str
    title: str
    citation: str
    status: str

    @property
    def citations(self) -> list[str]:
        """The citations, one by one."""
        return self.citation.split("; ") if self.citation else []


def changes_between(library: Library, start: date, end: date) -> list[Change]:
    """List what began or ended after `start` and up to `end`, oldest first."""
    if end < start:
        raise BadInput(
            "The second date is before the first. Exchange them.", field="to"
        )
    found = []
    for kind, row_id, title, citation, status, dates in _rows(library):
        begins, ends = dates
        what = "is amended" if kind == _AMENDED else "begins"
        shown = "Route" if kind == _AMENDED else kind
        if begins is not None and start < begins <= end:
            found.append(Change(begins, shown, what, row_id, title, citation, status))
        if ends is not None and start <= ends < end:
            last = ends + timedelta(days=1)
            found.append(Change(last, shown, "ends", row_id, title, citation, status))
    return sorted(set(found))


_AMENDED = "Amended route"
_NOT_YET = "claimed-basis-not-available"
Dates = tuple["date | None", "date | None"]
Row = tuple[str, str, str, str, str, Dates]


def _rows(library: Library) -> Iterator[Row]:
    for versions in library.versions.values():
        for n, g in enumerate(versions):
            # A version that another follows does not end: it is amended.
            ends = g.valid_to if g is versions[-1] else None
            kind = _AMENDED if n else "Route"
            yield kind, g.id, g.title, g.citation, g.dates_status, (g.valid_from, ends)
    for the_list in library.lists.values():
        name = the_list.citation
        for entry in the_list.entries:
            dates = (entry.valid_from, entry.valid_to)
            yield "List entry", the_list.id, entry.who, name, the_list.status, dates
        for each in the_list.objectives:
            dates = (each.valid_from, each.valid_to)
            title = library.words.purpose_text(each.purpose)
            yield "Objective", the_list.id, title, each.citation, each.status, dates
    for row in library.restrictions:
        cited = "; ".join(row.cites[:2])
        dates = (row.valid_from, row.valid_to)
        yield "Restriction", row.id, row.title, cited, row.status, dates
    for basis in library.bases:
        # What says that a basis is not in force yet is no law that begins or ends.
        rows = [r for r in basis.rows if not (r.finding == _NOT_YET and r.valid_to)]
        for each_row in rows:
            dates = (each_row.valid_from, each_row.valid_to)
            cited = "; ".join(each_row.cites[:2])
            yield "Basis", basis.id, basis.title, cited, basis.status, dates
