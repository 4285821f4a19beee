"""May this answer be sent out, reviewed, released now; by this person."""

from __future__ import annotations

from staithe.analysis.models import Output, Query, Review
from staithe.base.errors import BadInput, Conflict, NotAllowed, UserError
from staithe.exchange.models import Grant
from staithe.people.models import Organisation, Person
from staithe.people.permissions import Permission, can, check, people_who_can
from staithe.sharing.grant import grant_from_plain
from staithe.sharing.models import Project


REVIEWERS = 2
MOST_TEXT = 5000


def check_text(text: str, *, field: str, ask: str, most: int = MOST_TEXT) -> str:
    """Return text without outer space; BadInput where it is empty or too long."""
    kept = text.strip()
    if not kept:
        raise BadInput(ask, field=field)
    if len(kept) > most:
        raise BadInput(f"Use {most:,} characters or fewer.", field=field)
    # JSON can carry both, and no database can keep either.
    if "\0" in kept or any("\ud800" <= mark <= "\udfff" for mark in kept):
        raise BadInput("Use letters, numbers and signs only.", field=field)
    return kept


def is_member(project: Project, *, person: Person) -> bool:
    """Tell whether a person works on a project now."""
    return bool(project.members.filter(person=person, ended_at=None).exists())


def check_asks(project: Project, *, person: Person) -> None:
    """Raise NotAllowed unless the person may query in this project."""
    if not is_member(project, person=person):
        raise NotAllowed("Only members of the project can ask its data.")
    check(person, Permission.RUN_QUERY, project.organisation)


def check_submits(query: Query, *, person: Person) -> None:
    """Raise unless the asker sends out an answer whose agreements let results leave."""
    if query.by_id != person.pk:
        raise NotAllowed("Only the person who asked can send the answer for review.")
    if not is_member(query.project, person=person):
        raise NotAllowed("You no longer belong to this project.")
    if query.state != Query.State.DONE:
        raise Conflict("This question has no answer to release.")
    if Output.objects.filter(query=query).exists():
        raise Conflict("This answer has already been sent for review.")
    check_stands(query)


def check_stands(query: Query) -> None:
    """Raise unless every agreement that an answer rests on lets it leave, unrevoked.

    An agreement that ran its time still stands behind what was asked under it.
    """
    for grant in Grant.objects.filter(reference__in=query.grants):
        if grant.state == Grant.State.REVOKED:
            raise Conflict(
                f"The agreement behind {grant.table_name} was revoked, "
                "so nothing that rests on it is released."
            )
        if not grant_from_plain(grant.compiled).results_may_leave:
            raise NotAllowed(
                f"The agreement behind {grant.table_name} does not let results leave."
            )


def concerned_organisations(output: Output) -> list[Organisation]:
    """Return whose reviewers may check an output: project, holders, the operator."""
    return organisations_of(output.query.project)


def organisations_of(project: Project) -> list[Organisation]:
    """Return a project's organisation, its holders, and who runs the service."""
    holders = Organisation.objects.filter(
        assets__flows__agreement__grant__project=project
    )
    operator = Organisation.objects.filter(is_operator=True)
    found = {project.organisation.pk: project.organisation}
    found |= {each.pk: each for each in (*holders.distinct(), *operator)}
    return list(found.values())


def is_author(output: Output, *, person: Person) -> bool:
    """Tell whether a person wrote the output or asked its question."""
    return person.pk in {output.by_id, output.query.by_id}


def is_reviewer(output: Output, *, person: Person) -> bool:
    """Tell whether a person holds the role of reviewer where it counts for this."""
    return any(
        can(person, Permission.REVIEW_OUTPUT, organisation)
        for organisation in concerned_organisations(output)
    )


def check_reviews(output: Output, *, person: Person) -> None:
    """Raise unless the person is an independent reviewer and has not voted."""
    _check_holds(output, Permission.REVIEW_OUTPUT, person)
    if is_author(output, person=person):
        raise NotAllowed("You cannot review your own output.")
    if output.query.project.members.filter(person=person).exists():
        raise NotAllowed("You work on this project, so you cannot review its outputs.")
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


def is_independent_reviewer(project: Project, *, person: Person) -> bool:
    """Tell whether a person reviews what a project asks and never worked on it."""
    if project.members.filter(person=person).exists():
        return False
    return any(
        can(person, Permission.REVIEW_OUTPUT, organisation)
        for organisation in organisations_of(project)
    )


def project_reviewers(project: Project) -> list[Person]:
    """Return every independent reviewer of a project, for notices."""
    able = (
        person
        for organisation in organisations_of(project)
        for person in people_who_can(Permission.REVIEW_OUTPUT, organisation)
    )
    found = {each.pk: each for each in able}
    return [p for p in found.values() if is_independent_reviewer(project, person=p)]


def independent_reviewers(output: Output) -> list[Person]:
    """Return everybody who may vote now, for notices."""
    found: dict[int, Person] = {}
    for organisation in concerned_organisations(output):
        able = people_who_can(Permission.REVIEW_OUTPUT, organisation)
        found |= {each.pk: each for each in able if can_review(output, person=each)}
    return list(found.values())


def settled(votes: list[str]) -> Output.State:
    """Return the state that a full set of votes gives: one rejection rejects."""
    if Review.Vote.REJECT in votes:
        return Output.State.REJECTED
    if Review.Vote.RETURN in votes:
        return Output.State.RETURNED
    return Output.State.APPROVED


def check_releases(output: Output, *, person: Person) -> None:
    """Raise unless two reviewers approved, nothing was revoked, the person may."""
    _check_holds(output, Permission.RELEASE_OUTPUT, person)
    if is_author(output, person=person):
        raise NotAllowed("Someone other than the author releases an output.")
    if output.state != Output.State.APPROVED:
        raise Conflict("Only an output that two reviewers approved can be released.")
    check_stands(output.query)


def can_release(output: Output, *, person: Person) -> bool:
    """Tell whether to show the release button."""
    try:
        check_releases(output, person=person)
    except UserError:
        return False
    return True


def who_releases(output: Output) -> list[Person]:
    """Return everybody who may release an output now, for its author to know."""
    found: dict[int, Person] = {}
    for organisation in concerned_organisations(output):
        able = people_who_can(Permission.RELEASE_OUTPUT, organisation)
        found |= {each.pk: each for each in able if can_release(output, person=each)}
    return sorted(found.values(), key=lambda person: person.name)


def check_withdraws(output: Output, *, person: Person) -> None:
    """Raise unless the author takes back what is not yet out."""
    if output.by_id != person.pk:
        raise NotAllowed("Only the author can withdraw an output.")
    if output.state not in {Output.State.IN_REVIEW, Output.State.APPROVED}:
        raise Conflict("This output can no longer be withdrawn.")


def can_withdraw(output: Output, *, person: Person) -> bool:
    """Tell whether to show the way to withdraw."""
    try:
        check_withdraws(output, person=person)
    except UserError:
        return False
    return True


def can_see_output(output: Output, *, person: Person) -> bool:
    """Tell whether a person may read an output: anyone signed in once it is out."""
    return output.state == Output.State.RELEASED or can_see_review(
        output, person=person
    )


def can_see_review(output: Output, *, person: Person) -> bool:
    """Tell whether a person may follow the review: members, reviewers, overseers."""
    return (
        can_see_queries(output.query.project, person=person)
        or is_reviewer(output, person=person)
        or can(person, Permission.SEE_LEDGER_BODIES)
    )


def can_see_queries(project: Project, *, person: Person) -> bool:
    """Tell whether a person may read a project's questions and protected answers."""
    return is_member(project, person=person)


def _check_holds(output: Output, permission: Permission, person: Person) -> None:
    organisations = concerned_organisations(output)
    if any(can(person, permission, each) for each in organisations):
        return
    check(person, permission, output.query.project.organisation)
