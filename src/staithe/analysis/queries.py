"""What may be read of questions, outputs and reviews."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from staithe.analysis.models import Output, Query, Review
from staithe.analysis.policies import (
    REVIEWERS,
    can_see_output,
    can_see_queries,
    concerned_organisations,
)
from staithe.base.errors import NotAllowed, NotFound
from staithe.exchange.queries import ProjectTable, project_tables
from staithe.people.models import Organisation, Person
from staithe.people.permissions import Permission, organisations_where
from staithe.sharing.models import Project


def get_query(reference: str, *, person: Person) -> Query:
    """Return a question of a project the person works on, or one sent to review."""
    found = Query.objects.filter(reference=reference)
    query = found.select_related("project__organisation", "by").first()
    if query is None:
        raise NotFound("There is no question of that reference.")
    output = Output.objects.filter(query=query).first()
    in_review = output is not None and can_see_output(output, person=person)
    if not in_review and not can_see_queries(query.project, person=person):
        raise NotAllowed("Only members of the project can see its questions.")
    return query


def queries_of(project: Project) -> QuerySet[Query]:
    """Return a project's questions, newest first."""
    return project.queries.select_related("by").order_by("-at", "-pk")


def get_output(reference: str, *, person: Person) -> Output:
    """Return an output that the person may see."""
    found = Output.objects.filter(reference=reference)
    output = found.select_related(
        "query__project__organisation", "query__by", "by", "released_as"
    ).first()
    if output is None:
        raise NotFound("There is no output of that reference.")
    if not can_see_output(output, person=person):
        raise NotAllowed("Only the project's members and its reviewers can see this.")
    return output


def outputs_for(person: Person) -> QuerySet[Output]:
    """Return the outputs a person wrote, may review, or anyone may see."""
    reviewing = list(organisations_where(person, Permission.REVIEW_OUTPUT))
    mine = Q(query__project__members__person=person) & Q(
        query__project__members__ended_at=None
    )
    holders = Q(query__project__agreements__flow__asset__organisation__in=reviewing)
    concerned = Q(query__project__organisation__in=reviewing) | holders
    found = Output.objects.filter(mine | concerned | Q(state=Output.State.RELEASED))
    if any(organisation.is_operator for organisation in reviewing):
        found = Output.objects.all()
    return found.select_related("query__project", "by").distinct()


def votes_shown(output: Output, *, person: Person) -> list[Review]:
    """Return the votes a person may see: all once all are in, before that their own."""
    votes = list(output.reviews.select_related("reviewer").order_by("at", "pk"))
    if len(votes) >= REVIEWERS or output.state != Output.State.IN_REVIEW:
        return votes
    return [vote for vote in votes if vote.reviewer_id == person.pk]


def tables_to_ask(
    project: Project, *, person: Person, at: datetime
) -> list[ProjectTable]:
    """Return the tables a person may query now."""
    return project_tables(project, person=person, at=at)


def reviewing_bodies(output: Output) -> list[Organisation]:
    """Return whose reviewers may vote."""
    return concerned_organisations(output)
