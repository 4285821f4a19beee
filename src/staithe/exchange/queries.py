"""What pages and the analysis room may know of grants, joins and tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db.models import QuerySet

from staithe.base.errors import NotAllowed, NotFound
from staithe.exchange.models import Grant, Join, Recipient
from staithe.exchange.policies import can_read, check_permitted, check_ready
from staithe.exchange.storage import the_store
from staithe.people.models import Person
from staithe.sharing.grant import grant_from_plain
from staithe.sharing.models import Project
from staithe.sharing.output_rules import OutputRules
from staithe.tables.snapshot import open_snapshot, snapshot_paths


@dataclass(frozen=True)
class ProjectTable:
    """One table a person may query: its name, verified files, columns, rules."""

    name: str
    grant: str
    snapshot: str
    paths: tuple[Path, ...]
    columns: tuple[str, ...]
    rows: int
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
    store = the_store()
    manifest = open_snapshot(grant.table_snapshot, store=store)
    compiled = grant_from_plain(grant.compiled)
    return ProjectTable(
        name=grant.table_name,
        grant=grant.reference,
        snapshot=manifest.id,
        paths=tuple(snapshot_paths(manifest, store=store)),
        columns=manifest.column_names,
        rows=manifest.rows,
        output=compiled.output,
        results_may_leave=compiled.results_may_leave,
    )


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
        "agreement__flow__asset__organisation", "project"
    )


def find_grant(agreement_reference: str) -> Grant | None:
    """Return the grant of an agreement, if it has one."""
    return Grant.objects.filter(agreement__reference=agreement_reference).first()


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
