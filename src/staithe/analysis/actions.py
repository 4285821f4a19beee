"""Every write of the analysis room."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from staithe.analysis.answers import measure_words
from staithe.analysis.budget import REFUSALS, check_looks, refusals, spent
from staithe.analysis.datafile import data_name
from staithe.analysis.models import Look, Output, Query, Review
from staithe.analysis.policies import (
    REVIEWERS,
    check_releases,
    check_reviews,
    check_submits,
    check_text,
    check_withdraws,
    independent_reviewers,
    project_reviewers,
    settled,
)
from staithe.analysis.released_file import describe, to_open_csv
from staithe.base.errors import BadInput, Conflict
from staithe.base.ids import new_reference
from staithe.catalogue.actions import keep_asset
from staithe.catalogue.models import Asset
from staithe.catalogue.policies import check_details
from staithe.catalogue.storing import Stored, stored_file
from staithe.exchange.queries import ProjectTable, project_tables
from staithe.exchange.storage import forget_when_committed
from staithe.ledger.actions import action, record
from staithe.people.models import Person
from staithe.people.notices import notify
from staithe.sharing.models import Project
from staithe.tables.manifest import Manifest


OPEN_LICENCE = (
    "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
)


class ShownMeanwhile(Conflict):
    """The project was shown another answer after the comparison was made."""

    def __init__(self) -> None:
        super().__init__(
            "Others of this project were shown answers while yours was being checked. "
            "Ask again."
        )


@action("analysis:query:answered")
def keep_answer(
    *,
    project: Project,
    title: str,
    sql: str,
    table: dict[str, Any],
    policy: dict[str, Any],
    tables: Sequence[ProjectTable],
    state: str,
    by: Person,
    at: datetime,
    result: dict[str, Any] | None = None,
    milliseconds: int = 0,
    suppressed: int = 0,
    problem: str = "",
    counted: Manifest | None = None,
    read_grants: Sequence[str] = (),
    shown_before: Collection[str] = (),
    withheld: bool = False,
) -> Query:
    """Keep a question with its protected answer, or with why there is none.

    An answer from data that was taken away while the question ran is not kept.
    `counted` says who was counted where; `shown_before` is what the answer was
    compared with: ShownMeanwhile where the project was shown more since. `withheld`:
    why there is none depends on the data; the project has few of those a day.
    """
    dataset = data_name(tables)
    now_granted = project_tables(project, person=by, at=at)
    if state == Query.State.DONE and data_name(now_granted) != dataset:
        state, result, suppressed = Query.State.REFUSED, None, 0
        if counted is not None:
            forget_when_committed([counted.id], by=by, at=at)
            counted = None
        problem = "The data changed while the question ran. Ask again."
    if state == Query.State.DONE:
        done = project.queries.filter(state=state)
        if set(done.values_list("reference", flat=True)) != set(shown_before):
            raise ShownMeanwhile
    query = Query.objects.create(
        reference=new_reference("QRY"),
        project=project,
        by=by,
        at=at,
        title=title,
        sql=sql,
        table=table,
        policy=policy,
        dataset=dataset,
        grants=[each.grant for each in tables],
        read_grants=list(read_grants),
        withheld=withheld,
        state=state,
        problem=problem,
        result=result,
        milliseconds=milliseconds,
        counted_snapshot=counted.id if counted else "",
        counted_sha256=counted.digest if counted else "",
    )
    record(
        by=by,
        at=at,
        subject=query.ledger_id,
        organisation=project.organisation.slug,
        query=query.reference,
        project=project.reference,
        state=state,
        dataset=dataset,
        grants=query.grants,
        sql_sha256=_sha256(sql),
        result_sha256=_sha256(result["csv"]) if result else "",
        milliseconds=milliseconds,
        suppressed=suppressed,
        compared=len(shown_before),
        read_grants=query.read_grants,
        withheld=withheld,
    )
    if withheld and spent(project):
        _tell_reviewers(project, at=at)
    return query


def _tell_reviewers(project: Project, *, at: datetime) -> None:
    notify(
        list(project_reviewers(project)),
        title=f"Look at what was asked in vain: {project.title}",
        body=f"{project.reference} had {REFUSALS} questions refused for what is in "
        "the data. It can ask no more until a reviewer has looked at them.",
        link=f"/projects/{project.reference}/refusals",
        at=at,
    )


@action("analysis:refusals:looked")
def look_at_refusals(
    *, project: Project, comment: str, by: Person, at: datetime
) -> Look:
    """Let a project ask on after a reviewer looked at the questions it was refused."""
    row = Project.objects.select_for_update().get(pk=project.pk)
    check_looks(row, person=by)
    refused = list(refusals(row).values_list("reference", flat=True))
    look = Look.objects.create(
        project=row,
        by=by,
        at=at,
        comment=check_text(
            comment, field="comment", ask="Say what you looked at and found."
        ),
    )
    record(
        by=by,
        at=at,
        subject=row.ledger_id,
        organisation=row.organisation.slug,
        project=row.reference,
        refused=refused,
    )
    return look


@action("analysis:output:submitted")
def submit_output(
    *, query: Query, title: str, description: str, by: Person, at: datetime
) -> Output:
    """Send a protected answer to two reviewers."""
    check_submits(query, person=by)
    output = Output.objects.create(
        reference=new_reference("OUT"),
        query=query,
        title=check_text(title, field="title", ask="Enter the title.", most=200),
        description=check_text(
            description,
            field="description",
            ask="Say what the output shows and why it is safe.",
        ),
        by=by,
        submitted_at=at,
    )
    _record(output, by=by, at=at)
    notify(
        independent_reviewers(output),
        title=f"Review an output: {output.title}",
        body=f"{by.name} asks for {output.reference} to be checked before release.",
        link=f"/outputs/{output.reference}",
        at=at,
    )
    return output


@action("analysis:review:recorded")
def review_output(
    *, output: Output, vote: str, comment: str, by: Person, at: datetime
) -> Review:
    """Record one reviewer's vote; the last vote needed settles the state.

    Votes are blind until then, so the event of an earlier one does not hold it; the
    event that settles the output holds them all.
    """
    row = Output.objects.select_for_update().get(pk=output.pk)
    check_reviews(row, person=by)
    if vote not in Review.Vote.values:
        raise BadInput("Choose approve, return or reject.", field="vote")
    review = Review.objects.create(
        output=row,
        reviewer=by,
        vote=vote,
        comment=check_text(
            comment, field="comment", ask="Say what you checked and found."
        ),
        at=at,
    )
    reviews = list(row.reviews.select_related("reviewer").order_by("pk"))
    votes: dict[str, str] = {}
    if len(reviews) >= REVIEWERS:
        votes = {each.reviewer.ledger_id: each.vote for each in reviews}
        row.state = settled(list(votes.values()))
        row.closed_at = None if row.state == Output.State.APPROVED else at
        row.save(update_fields=["state", "closed_at"])
        _tell_author(row, at=at)
    _record(row, by=by, at=at, state=row.state, reviews=len(reviews), votes=votes)
    return review


def _tell_author(output: Output, *, at: datetime) -> None:
    notify(
        output.by,
        title=f"Reviewed: {output.title}",
        body=f"The reviewers have finished: {output.get_state_display().lower()}.",
        link=f"/outputs/{output.reference}",
        at=at,
    )


def release_output(*, output: Output, by: Person, at: datetime) -> Output:
    """Publish an approved output as open data with its metadata."""
    check_releases(output, person=by)
    project = output.query.project
    fields = check_details(
        {
            "title": output.title,
            "summary": f"A checked result of the project {project.title}"[:250],
            "description": _release_text(output),
            "keywords": ["released output"],
            "licence": OPEN_LICENCE,
            "access_rights": Asset.AccessRights.OPEN,
        }
    )
    assert output.query.result is not None
    name = f"{output.reference}.csv"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(to_open_csv(output.query.result["csv"]), "utf-8", newline="")
        with stored_file(path, source_name=name, identifies=set(), at=at) as stored:
            measure = measure_words(output.query)
            described = replace(
                stored, columns=describe(stored.columns, measure=measure)
            )
            return keep_release(
                output=output, stored=described, fields=fields, by=by, at=at
            )


def _release_text(output: Output) -> str:
    assert output.query.result is not None
    protection = " ".join(output.query.result["explanation"])
    return f"{output.description}\n\nHow it was protected: {protection}"


@action("analysis:output:released")
def keep_release(
    *, output: Output, stored: Stored, fields: dict[str, Any], by: Person, at: datetime
) -> Output:
    """Make the open asset and mark the output released, together."""
    row = Output.objects.select_for_update().get(pk=output.pk)
    check_releases(row, person=by)
    project = row.query.project
    version = keep_asset(
        stored=stored,
        source_name=f"{row.reference}.csv",
        organisation=project.organisation,
        kind=Asset.Kind.RELEASE,
        fields=fields,
        by=by,
        at=at,
    )
    row.state, row.closed_at = Output.State.RELEASED, at
    row.released_as = version.asset
    row.save()
    _record(
        row,
        by=by,
        at=at,
        asset=version.asset.reference,
        rows=version.rows,
        sha256=version.manifest_sha256,
    )
    notify(
        row.by,
        title=f"Released: {row.title}",
        body="The result is open data in the catalogue.",
        link=f"/catalogue/{version.asset.slug}",
        at=at,
    )
    return row


@action("analysis:output:withdrawn")
def withdraw_output(*, output: Output, by: Person, at: datetime) -> Output:
    """Take an output back before it is released; its author may."""
    row = Output.objects.select_for_update().get(pk=output.pk)
    check_withdraws(row, person=by)
    row.state, row.closed_at = Output.State.WITHDRAWN, at
    row.save(update_fields=["state", "closed_at"])
    _record(row, by=by, at=at)
    return row


def _record(output: Output, *, by: object, at: datetime, **body: object) -> None:
    project = output.query.project
    record(
        by=by,
        at=at,
        subject=output.ledger_id,
        organisation=project.organisation.slug,
        output=output.reference,
        query=output.query.reference,
        project=project.reference,
        **body,
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
