"""The answers that a project has seen, kept so that a new one can be compared.

Of each answer the service keeps who was counted in which cell, by pseudonym, as a
snapshot that no door opens. It is deleted when a grant whose table it read closes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from django.db.models import QuerySet

from staithe.analysis.models import Query
from staithe.analysis.scopes import fold
from staithe.base.ids import new_reference
from staithe.disclosure.cells import Dimension, Shape
from staithe.disclosure.seen import Counted, Seen
from staithe.exchange.queries import ProjectTable
from staithe.exchange.storage import (
    forget_snapshots,
    forget_when_committed,
    open_recorded,
    the_store,
)
from staithe.sharing.models import Project
from staithe.tables.manifest import Manifest, Source
from staithe.tables.snapshot import read_batches, write_snapshot


COLUMNS = ("person", "cell", "amount")


@dataclass(frozen=True)
class Earlier:
    """The answers shown so far: those to compare with, and those whose data is gone."""

    seen: tuple[Seen, ...]
    gone: tuple[str, ...]

    @property
    def references(self) -> set[str]:
        """The references of all of them."""
        return {each.name for each in self.seen} | set(self.gone)


def answered(project: Project) -> QuerySet[Query]:
    """Return a project's questions that have an answer, oldest first."""
    return project.queries.filter(state=Query.State.DONE).order_by("at", "pk")


def earlier_answers(project: Project) -> Earlier:
    """Return what the members of a project have been shown, verified; Damaged."""
    seen, gone = [], []
    for query in answered(project):
        if query.counted_snapshot:
            seen.append(_seen(query))
        else:
            gone.append(query.reference)
    return Earlier(tuple(seen), tuple(gone))


def closed_tables(project: Project, tables: Sequence[ProjectTable]) -> tuple[str, ...]:
    """Return the tables that answers rest on which can no longer be compared.

    Such an answer read another table too, which was taken away. A new answer from the
    one that is left could be subtracted from it unseen.
    """
    lost = {
        grant
        for query in answered(project).filter(counted_snapshot="")
        for grant in query.read_grants
    }
    return tuple(sorted(table.name for table in tables if table.grant in lost))


def grants_read(names: Collection[str], tables: Sequence[ProjectTable]) -> list[str]:
    """Return the grants behind the tables of these names, whatever their case."""
    read = {fold(name) for name in names}
    return [table.grant for table in tables if fold(table.name) in read]


def _seen(query: Query) -> Seen:
    assert query.result is not None
    review = query.result["review"]
    shape = Shape(
        tuple(
            Dimension(each["name"], tuple(each["categories"]))
            for each in review["dimensions"]
        )
    )
    shown = (tuple(c["key"]) for c in review["cells"] if c["value"] is not None)
    manifest = open_recorded(query.counted_snapshot, query.counted_sha256)
    return Seen(
        query.reference,
        shape,
        frozenset(shown),
        _read(manifest),
        of_people=review["measure"]["kind"] == "count",
    )


def _read(manifest: Manifest) -> Counted:
    batches = read_batches(manifest, store=the_store())
    parts = [[b.column(name).to_numpy() for name in COLUMNS] for b in batches]
    people, cells, amounts = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Counted(people, cells, amounts)


def keep_counted(counted: Counted, *, at: datetime) -> Manifest:
    """Write down who was counted where, before the row that names it."""
    arrays = (counted.people, counted.cells, counted.amounts)
    batch = pa.record_batch([pa.array(each) for each in arrays], names=list(COLUMNS))
    source = Source(name="who was counted in an answer")
    name = new_reference("CNT", 16)
    return write_snapshot([batch], store=the_store(), at=at, source=source, id=name)


def forget_counted(snapshots: Iterable[str]) -> None:
    """Delete what was written for answers that were not kept."""
    forget_snapshots(snapshots)


def forget_answers_of(grant: str, *, project: str, by: object, at: datetime) -> None:
    """Delete who was counted in the answers that read a grant's table.

    Answers of other tables keep theirs: whoever can end an agreement could otherwise
    switch the comparison off.
    """
    found = Query.objects.filter(project__reference=project)
    held = [
        query
        for query in found.exclude(counted_snapshot="").select_for_update()
        if grant in query.read_grants
    ]
    snapshots = [query.counted_snapshot for query in held]
    pks = [query.pk for query in held]
    Query.objects.filter(pk__in=pks).update(counted_snapshot="", counted_sha256="")
    forget_when_committed(snapshots, by=by, at=at)


def sentence(earlier: Collection[str], gone: Collection[str], threshold: int) -> str:
    """Say in plain English what an answer was compared with; safe to show."""
    lines = []
    if earlier:
        before = "answer" if len(earlier) == 1 else f"{len(earlier)} answers"
        lines.append(
            f"Beside the {before} shown before in this project, no sum or difference "
            f"of shown numbers depends on fewer than {threshold} people."
        )
    if gone:
        were = "answer was" if len(gone) == 1 else "answers were"
        lines.append(
            f"{len(gone)} earlier {were} not compared, because the data behind "
            "is no longer here."
        )
    return " ".join(lines) or "No other answer was shown before in this project."
