"""What may be read of questions, outputs and reviews."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from staithe.analysis.models import Output, Query, Review
from staithe.analysis.policies import (
    REVIEWERS,
    can_review,
    can_see_output,
    can_see_queries,
    can_see_review,
)
from staithe.base.errors import NotAllowed, NotFound
from staithe.exchange.models import Grant
from staithe.people.models import Person
from staithe.people.permissions import Permission, can, organisations_where
from staithe.sharing.models import Project


MOST = 50


def get_project(reference: str) -> Project:
    """Return a project, whoever asks: the caller checks what they may see of it."""
    found = Project.objects.filter(reference=reference)
    project = found.select_related("organisation").first()
    if project is None:
        raise NotFound("There is no project of that reference.")
    return project


def get_query(reference: str, *, person: Person) -> Query:
    """Return a question of a project the person works on, or one sent to review."""
    found = Query.objects.filter(reference=reference)
    query = found.select_related("project__organisation", "by").first()
    if query is None:
        raise NotFound("There is no question of that reference.")
    output = Output.objects.filter(query=query).first()
    reviewed = output is not None and can_see_review(output, person=person)
    if not reviewed and not can_see_queries(query.project, person=person):
        raise NotAllowed("Only members of the project can see its questions.")
    return query


def queries_of(project: Project) -> QuerySet[Query]:
    """Return a project's questions, newest first."""
    found = project.queries.select_related("by", "output")
    return found.order_by("-at", "-pk")


def get_output(reference: str, *, person: Person) -> Output:
    """Return an output that the person may see."""
    found = Output.objects.filter(reference=reference)
    output = found.select_related(
        "query__project__organisation", "query__by", "by", "released_as"
    ).first()
    if output is None:
        raise NotFound("There is no output of that reference.")
    if not can_see_output(output, person=person):
        raise NotAllowed("Only the project’s members and its reviewers can see this.")
    return output


def outputs_for(person: Person) -> QuerySet[Output]:
    """Return the outputs a person wrote, may review or oversee, or anyone may see."""
    found = Output.objects.select_related(
        "query__project__organisation", "query__by", "by", "released_as"
    )
    reviewing = list(organisations_where(person, Permission.REVIEW_OUTPUT))
    at_operator = any(organisation.is_operator for organisation in reviewing)
    if at_operator or can(person, Permission.SEE_LEDGER_BODIES):
        return found
    projects = Project.objects.filter(
        Q(members__person=person, members__ended_at=None)
        | Q(organisation__in=reviewing)
        | Q(grants__agreement__flow__asset__organisation__in=reviewing)
    )
    mine = Q(query__project__in=projects.values("pk"))
    return found.filter(mine | Q(state=Output.State.RELEASED))


def waiting_for(person: Person) -> list[Output]:
    """Return the outputs that wait for this person's vote, the oldest first."""
    if not organisations_where(person, Permission.REVIEW_OUTPUT).exists():
        return []
    found = outputs_for(person).filter(state=Output.State.IN_REVIEW)
    oldest = found.exclude(reviews__reviewer=person).order_by("submitted_at", "pk")
    return [output for output in oldest if can_review(output, person=person)]


def released_elsewhere(output: Output) -> list[Output]:
    """Return what other projects released of the same data, newest first.

    People have other pseudonyms there, so only a reviewer can compare.
    """
    mine = Grant.objects.filter(reference__in=output.query.grants)
    assets = mine.values("agreement__flow__asset")
    alike = Grant.objects.filter(agreement__flow__asset__in=assets)
    projects = alike.exclude(project=output.query.project).values("project")
    found = Output.objects.filter(
        state=Output.State.RELEASED, query__project__in=projects
    )
    return list(found.select_related("released_as").order_by("-closed_at")[:MOST])


def votes_shown(output: Output, *, person: Person) -> list[Review]:
    """Return the votes a person may see: all once all are in, before that their own.

    Readers of a released output do not see how it was reviewed.
    """
    votes = list(output.reviews.select_related("reviewer").order_by("at", "pk"))
    if len(votes) >= REVIEWERS and can_see_review(output, person=person):
        return votes
    return [vote for vote in votes if vote.reviewer_id == person.pk]
