"""Joining the data of a project: asked for by a member, done by a job."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from staithe.base.errors import Conflict, NotAllowed
from staithe.exchange.clustering import read_specification
from staithe.exchange.joining import JoinResult, check_can_join
from staithe.exchange.models import Grant, Join
from staithe.exchange.policies import is_under_way, job_of
from staithe.exchange.storage import forget_when_committed
from staithe.jobs.actions import cancel, enqueue
from staithe.jobs.queries import get_job
from staithe.ledger.actions import action, record
from staithe.people.models import Person
from staithe.sharing.models import Project


@action("exchange:join:asked")
def ask_join(
    *,
    project: Project,
    specification: dict[str, Any] | None = None,
    by: Person,
    at: datetime,
) -> Join:
    """Queue the joining of a project's active grants."""
    _check_member(project, by)
    wanted = specification or {}
    read_specification(wanted)  # refused here, not minutes later by the job
    _clear_way(project, at=at)
    ready = list(project.grants.filter(state=Grant.State.ACTIVE).order_by("pk"))
    if not ready:
        raise Conflict("There is no data to join yet: no grant is active.")
    check_can_join(ready)
    last = project.joins.aggregate(last=Max("number"))["last"] or 0
    join = Join.objects.create(
        project=project,
        number=last + 1,
        asked_by=by,
        asked_at=at,
        specification=wanted,
        grants=[grant.reference for grant in ready],
    )
    _record(join, by=by, at=at)
    enqueue(
        "exchange:join",
        arguments={"join": join.pk},
        by=by,
        at=at,
        subject=project.ledger_id,
    )
    return join


def _clear_way(project: Project, *, at: datetime) -> None:
    """Close a join whose work was stopped or lost; Conflict where one is under way."""
    for join in project.joins.filter(state=Join.State.QUEUED):
        if is_under_way(join):
            raise Conflict("The data is already being joined. Wait for it to finish.")
        job = job_of(join)
        problem = (job.error if job else "") or "The work was stopped."
        fail_join(join=join, problem=problem, by=None, at=at)


@action("exchange:join:done")
def finish_join(*, join: Join, result: JoinResult, by: object, at: datetime) -> Join:
    """Give each grant that is still active its new table, all at once."""
    row = _open(join)
    earlier = Join.objects.filter(project=row.project).exclude(key_snapshot="")
    old = [snapshot for join in earlier for snapshot in join.kept_snapshots]
    earlier.update(key_snapshot="", evidence=[])
    for part in result.tables:
        grant = Grant.objects.select_for_update().get(reference=part.grant)
        if grant.state != Grant.State.ACTIVE:
            raise Conflict(
                f"{grant.table_name} closed while the data was being joined. Join again."
            )
        old.append(grant.table_snapshot)
        grant.table_snapshot = part.table.id
        grant.table_sha256 = part.table.sha256
        grant.table_version += 1
        grant.people = part.people
        grant.table_made_at = at
        grant.save()
    row.state, row.finished_at, row.report = Join.State.DONE, at, result.report
    row.key_snapshot, row.evidence = result.keys, list(result.evidence)
    row.save()
    _record(
        row,
        by=by,
        at=at,
        rows={part.grant: part.table.rows for part in result.tables},
        tables={part.grant: part.table.sha256 for part in result.tables},
        key=result.report["key"],
        links=result.report["links"],
    )
    forget_when_committed(old, by=by, at=at)
    return row


@action("exchange:join:failed")
def fail_join(*, join: Join, problem: str, by: object, at: datetime) -> Join:
    """Keep the sentence that says why the data could not be joined."""
    row = _open(join)
    row.state, row.finished_at, row.problem = Join.State.FAILED, at, problem
    row.save()
    _record(row, by=by, at=at)
    return row


@transaction.atomic
def stop_join(*, join: Join, by: Person, at: datetime) -> Join:
    """Stop a join that has not finished, and say on it who did; nothing is changed.

    Work that waits never starts; work that runs ends at its next mark, and what it
    made by then is deleted.
    """
    _check_member(join.project, by)
    view = job_of(join)
    if view is None or not is_under_way(join):
        raise Conflict("This join has already finished, so it cannot be stopped.")
    cancel(get_job(view.reference), at=at)
    return fail_join(join=join, problem=f"{by.name} stopped this join.", by=by, at=at)


def _check_member(project: Project, person: Person) -> None:
    if not project.members.filter(person=person, ended_at=None).exists():
        raise NotAllowed("Only members of the project can join its data.")


def _open(join: Join) -> Join:
    row = Join.objects.select_for_update().get(pk=join.pk)
    if row.state != Join.State.QUEUED:
        raise Conflict("This join has already finished.")
    return row


def _record(join: Join, *, by: object, at: datetime, **body: object) -> None:
    record(
        by=by,
        at=at,
        subject=join.project.ledger_id,
        organisation=join.project.organisation.slug,
        join=join.number,
        project=join.project.reference,
        grants=join.grants,
        **body,
    )
