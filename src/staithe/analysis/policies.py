"""May this answer be sent out, reviewed, released now; by this person."""

from __future__ import annotations

from datetime import datetime

from staithe.analysis.models import Output, Query
from staithe.base.errors import Conflict, NotAllowed, UserError
from staithe.exchange.models import Grant
from staithe.exchange.queries import project_tables
from staithe.people.models import Organisation, Person
from staithe.people.permissions import Permission, can, check
from staithe.sharing.models import Project


REVIEWERS = 2


def check_asks(project: Project, *, person: Person) -> None:
    """Raise NotAllowed unless the person may query in this project."""
    check(person, Permission.RUN_QUERY, project.organisation)
    if not project.members.filter(person=person, ended_at=None).exists():
        raise NotAllowed("Only members of the project can ask its data.")


def check_submits(query: Query, *, person: Person, at: datetime) -> None:
    """Raise unless the asker sends out an answer whose agreements let results leave."""
    if query.by_id != person.pk:
        raise NotAllowed("Only the person who asked can send the answer for review.")
    if query.state != Query.State.DONE:
        raise Conflict("This question has no answer to release.")
    if Output.objects.filter(query=query).exists():
        raise Conflict("This answer has already been sent for review.")
    tables = project_tables(query.project, person=person, at=at)
    kept = [table.name for table in tables if not table.results_may_leave]
    if kept:
        raise NotAllowed(
            f"The agreement behind {', '.join(kept)} does not let results leave."
        )


def concerned_organisations(output: Output) -> list[Organisation]:
    """Return whose reviewers may check an output: project, holders, the operator."""
    project = output.query.project
    holders = Organisation.objects.filter(
        assets__flows__agreement__grant__project=project
    )
    operator = Organisation.objects.filter(is_operator=True)
    found = {project.organisation.pk: project.organisation}
    found |= {each.pk: each for each in (*holders.distinct(), *operator)}
    return list(found.values())


def check_reviews(output: Output, *, person: Person) -> None:
    """Raise unless the person is a reviewer, is not the author and has not voted."""
    if output.by_id == person.pk or output.query.by_id == person.pk:
        raise NotAllowed("You cannot review your own output.")
    _check_holds(output, Permission.REVIEW_OUTPUT, person)
    if output.state != Output.State.IN_REVIEW:
        raise Conflict("This output is no longer in review.")
    if output.reviews.filter(reviewer=person).exists():
        raise Conflict("You have already reviewed this output.")


def can_review(output: Output, *, person: Person) -> bool:
    """Tell whether to show the review form."""
    try:
        check_reviews(output, person=person)
    except UserError:
        return False
    return True


def check_releases(output: Output, *, person: Person) -> None:
    """Raise unless two reviewers approved and the person may release."""
    _check_holds(output, Permission.RELEASE_OUTPUT, person)
    if output.by_id == person.pk:
        raise NotAllowed("Someone other than the author releases an output.")
    if output.state != Output.State.APPROVED:
        raise Conflict("Only an output that two reviewers approved can be released.")
    revoked = Grant.objects.filter(
        project=output.query.project,
        table_name__in=output.query.table.get("tables", []),
    ).filter(state=Grant.State.REVOKED)
    if revoked.exists():
        raise Conflict("An agreement behind this output was revoked, so it stays in.")


def can_release(output: Output, *, person: Person) -> bool:
    """Tell whether to show the release button."""
    try:
        check_releases(output, person=person)
    except UserError:
        return False
    return True


def can_see_output(output: Output, *, person: Person) -> bool:
    """Tell whether a person may read an output: members, reviewers, overseers."""
    if output.state == Output.State.RELEASED:
        return True
    if can_see_queries(output.query.project, person=person):
        return True
    return any(
        can(person, Permission.REVIEW_OUTPUT, organisation)
        for organisation in concerned_organisations(output)
    )


def can_see_queries(project: Project, *, person: Person) -> bool:
    """Tell whether a person may read a project's questions and protected answers."""
    return bool(project.members.filter(person=person, ended_at=None).exists())


def _check_holds(output: Output, permission: Permission, person: Person) -> None:
    organisations = concerned_organisations(output)
    if any(can(person, permission, each) for each in organisations):
        return
    check(person, permission, output.query.project.organisation)
