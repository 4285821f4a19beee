"""What pages and the analysis room may know of grants, joins and tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db.models import QuerySet

from staithe.base.errors import NotAllowed, NotFound
from staithe.exchange.models import Grant, Join, Recipient
from staithe.exchange.policies import (
    can_read,
    check_permitted,
    check_prepares_again,
    check_ready,
)
from staithe.exchange.storage import open_recorded, the_store
from staithe.ledger.queries import events
from staithe.people.models import Person
from staithe.sharing.grant import grant_from_plain
from staithe.sharing.models import Project
from staithe.sharing.output_rules import OutputRules
from staithe.tables.manifest import Manifest
from staithe.tables.snapshot import snapshot_paths


@dataclass(frozen=True)
class TableColumn:
    """A column as an analyst is told of it: what the catalogue says, never a value.

    `distinct` is how many values the holder's whole column has; 0 is not known.
    """

    name: str
    type: str
    description: str
    distinct: int


@dataclass(frozen=True)
class ProjectTable:
    """One table a person may query: its name, verified files, columns, rules."""

    name: str
    title: str
    holder: str
    grant: str
    snapshot: str
    paths: tuple[Path, ...]
    columns: tuple[str, ...]
    described: tuple[TableColumn, ...]
    rows: int
    people: int
    output: OutputRules
    results_may_leave: bool


def project_tables(
    project: Project, *, person: Person, at: datetime
) -> list[ProjectTable]:
    """Return the tables that this person may query now; NotAllowed is left out.

    A grant that has closed, or whose terms do not name the person, is not there.
    """
    grants = _grants(project).exclude(table_snapshot="")
    readable = [grant for grant in grants if can_read(grant, person=person, at=at)]
    return [_table(grant) for grant in readable]


def _table(grant: Grant) -> ProjectTable:
    manifest = open_recorded(grant.table_snapshot, grant.table_sha256)
    compiled = grant_from_plain(grant.compiled)
    asset = grant.agreement.flow.asset
    return ProjectTable(
        name=grant.table_name,
        title=asset.title,
        holder=asset.organisation.name,
        grant=grant.reference,
        snapshot=manifest.id,
        paths=tuple(snapshot_paths(manifest, store=the_store())),
        columns=manifest.column_names,
        described=tuple(_described(grant, manifest)),
        rows=manifest.rows,
        people=grant.people,
        output=compiled.output,
        results_may_leave=compiled.results_may_leave,
    )


def _described(grant: Grant, manifest: Manifest) -> Iterator[TableColumn]:
    versions = grant.agreement.flow.asset.versions
    version = versions.filter(number=grant.asset_version or 0).first()
    known = {c["name"]: c for c in version.columns} if version else {}
    for column in manifest.columns:
        told = known.get(column.name, {})
        yield TableColumn(
            name=column.name,
            type=column.type,
            description=told.get("description", ""),
            distinct=told.get("distinct") or 0,
        )


def get_grant_to_mend(agreement: str, *, person: Person) -> Grant:
    """Return the grant of an agreement if this person may have it prepared again."""
    grant = find_grant(agreement)
    if grant is None:
        raise NotFound("This agreement has no grant yet.")
    check_prepares_again(grant, person=person)
    return grant


def joinable(project: Project) -> list[Grant]:
    """Return the grants that a join of this project would take in, oldest first."""
    return [g for g in _grants(project) if g.state == Grant.State.ACTIVE]


def get_grant_to_read(agreement: str, *, person: Person, at: datetime) -> Grant:
    """Return the grant of an agreement if this person may read it now."""
    found = Grant.objects.filter(agreement__reference=agreement)
    grant = found.select_related("agreement", "project").first()
    if grant is None:
        raise NotFound("This agreement has no grant yet.")
    check_permitted(grant, person=person, at=at)
    check_ready(grant)
    return grant


def get_own_project(reference: str, *, person: Person) -> Project:
    """Return a project if this person works on it."""
    project = Project.objects.filter(reference=reference).first()
    if project is None:
        raise NotFound("There is no project of that reference.")
    if not project.members.filter(person=person, ended_at=None).exists():
        raise NotAllowed("Only members of the project can see its data.")
    return project


def grants_of(project: Project) -> list[Grant]:
    """Return every grant of a project, oldest first."""
    return list(_grants(project))


def _grants(project: Project) -> QuerySet[Grant]:
    return Grant.objects.filter(project=project).select_related(
        "agreement__flow__asset__organisation", "project__organisation"
    )


def find_grant(agreement_reference: str) -> Grant | None:
    """Return the grant of an agreement, if it has one."""
    found = Grant.objects.filter(agreement__reference=agreement_reference)
    return found.select_related(
        "agreement__flow__asset__organisation", "project__organisation"
    ).first()


def latest_join(project: Project) -> Join | None:
    """Return the newest join of a project, if any."""
    return project.joins.order_by("-number").first()


def get_join(project: Project, number: int) -> Join:
    """Return one join of a project; NotFound where there is none."""
    join = project.joins.filter(number=number).first()
    if join is None:
        raise NotFound(f"This project has no join number {number}.")
    return join


def tokens_of(grant: Grant, *, person: Person) -> list[Recipient]:
    """Return the person's own tokens for a grant."""
    return list(grant.recipients.filter(person=person))


@dataclass(frozen=True)
class Reads:
    """How often clients read a grant's table, and when last."""

    count: int
    last_at: datetime | None


def reads_of(grant: Grant) -> Reads:
    """Return how often a grant's table was handed to a client, by the ledger."""
    found = events(name="exchange:table:read", subject=grant.ledger_id)
    last = found.last()
    return Reads(found.count(), last.at if last else None)
