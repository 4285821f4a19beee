"""Whether this person may do this to a project, request, flow or agreement.

Roles and what they allow are in people; here they meet membership of a project and
which organisation holds what. `check_x` raises with a sentence, `can_x` calls it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from staithe.base.errors import NotAllowed, NotSignedIn
from staithe.people.models import Person
from staithe.people.permissions import (
    Permission,
    can,
    check,
    check_somewhere,
    organisations_where,
)
from staithe.people.queries import organisations_of
from staithe.sharing.models import Agreement, Flow, Project, ProjectMember, Request


if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

    from staithe.people.models import Organisation
    from staithe.people.permissions import Someone


def is_member(person: Someone, project: Project) -> bool:
    """Say whether a person works on a project now."""
    return (
        isinstance(person, Person)
        and project.members.filter(person=person, ended_at=None).exists()
    )


def check_start_project(person: Someone, organisation: Organisation) -> None:
    """Raise unless the person may ask for data for this organisation."""
    check(person, Permission.MAKE_REQUEST, organisation)


def check_change_project(person: Someone, project: Project) -> None:
    """Raise unless the person works on the project and may ask for data for it."""
    check(person, Permission.MAKE_REQUEST, project.organisation)
    if not is_member(person, project):
        raise NotAllowed(
            f"You do not work on {project.title}. Ask {project.lead.name} to add you."
        )


def check_change_request(person: Someone, request: Request) -> None:
    """Raise unless the person works on the request's project."""
    check_change_project(person, request.project)


def check_see_project(person: Someone, project: Project) -> None:
    """Raise unless the person is of the project, its organisation or a holder."""
    _check_signed_in(person, "see this project")
    if not visible_projects(person).filter(pk=project.pk).exists():
        raise NotAllowed("This project is not yours to see.")


def check_see_request(person: Someone, request: Request) -> None:
    """Raise unless the person is of the requester or, once sent, of a holder."""
    _check_signed_in(person, "see this request")
    if not visible_requests(person).filter(pk=request.pk).exists():
        raise NotAllowed("This request is not yours to see.")


def check_see_agreement(person: Someone, agreement: Agreement) -> None:
    """Raise unless the person is of the recipient or the holder."""
    _check_signed_in(person, "see this agreement")
    if not visible_agreements(person).filter(pk=agreement.pk).exists():
        raise NotAllowed("This agreement is not yours to see.")


def check_review_flow(person: Someone, flow: Flow) -> None:
    """Raise unless the person may decide for the holder and did not ask."""
    check(person, Permission.DECIDE_REQUEST, flow.holder)
    _check_not_requester(person, flow)


def check_decide_flow(person: Someone, flow: Flow) -> None:
    """Raise unless the person decides for the holder at this step of the ladder.

    After `enforce` the decision has passed to the one person who answers for the
    holder; if that person has left, to whoever answers for it now.
    """
    if flow.step != Flow.Step.ENFORCE:
        check_review_flow(person, flow)
        return
    check(person, Permission.ANSWER_FOR_ORGANISATION, flow.holder)
    _check_not_requester(person, flow)
    passed_to = flow.decider
    still_answers = can(passed_to, Permission.ANSWER_FOR_ORGANISATION, flow.holder)
    if passed_to is not None and still_answers and passed_to != person:
        raise NotAllowed(
            f"This decision is late and has passed to {passed_to.name}, "
            f"who answers for {flow.holder.name}."
        )


def check_offer_agreement(person: Someone, flow: Flow) -> None:
    """Raise unless the person may bind the holder of this flow."""
    if flow.step == Flow.Step.ENFORCE:
        check_decide_flow(person, flow)
    else:
        check_review_flow(person, flow)


def check_accept_agreement(person: Someone, agreement: Agreement) -> None:
    """Raise unless the person may bind the recipient and is not who offered it."""
    check(person, Permission.ACCEPT_AGREEMENT, agreement.project.organisation)
    if agreement.offered_by == person:
        raise NotAllowed(
            "You offered these terms, so someone else must accept them for the "
            "recipient."
        )


def check_revoke_agreement(person: Someone, agreement: Agreement) -> None:
    """Raise unless the person may take back what the holder granted."""
    check(person, Permission.REVOKE_AGREEMENT, agreement.flow.holder)


def check_end_agreement(person: Someone, agreement: Agreement) -> None:
    """Raise unless the person may hand back the data for the recipient."""
    check(person, Permission.ACCEPT_AGREEMENT, agreement.project.organisation)


def check_say(person: Someone, request: Request, flow: Flow | None) -> None:
    """Raise unless the person takes part in the conversation about this."""
    check_see_request(person, request)
    if is_member(person, request.project):
        return
    flows = [flow] if flow else list(request.flows.select_related("asset"))
    if not any(can(person, Permission.ADVISE_REQUEST, each.holder) for each in flows):
        raise NotAllowed("You may read this conversation but not write in it.")


def visible_projects(person: Someone) -> QuerySet[Project]:
    """Return the projects that a person may open."""
    if not isinstance(person, Person):
        return Project.objects.none()
    where = organisations_where(person, Permission.SEE_REQUEST).values("pk")
    asked = Request.objects.filter(flows__asset__organisation__in=where).exclude(
        state=Request.State.DRAFT
    )
    return Project.objects.filter(
        Q(pk__in=_memberships(person))
        | Q(organisation__in=where)
        | Q(pk__in=asked.values("project"))
    )


def visible_requests(person: Someone) -> QuerySet[Request]:
    """Return the requests that a person may open; drafts only at the requester."""
    if not isinstance(person, Person):
        return Request.objects.none()
    where = organisations_where(person, Permission.SEE_REQUEST).values("pk")
    holding = Flow.objects.filter(asset__organisation__in=where)
    return Request.objects.filter(
        Q(project__in=_memberships(person))
        | Q(project__organisation__in=where)
        | (Q(pk__in=holding.values("request")) & Q(submitted_at__isnull=False))
    )


def visible_agreements(person: Someone) -> QuerySet[Agreement]:
    """Return the agreements that a person may open."""
    if not isinstance(person, Person):
        return Agreement.objects.none()
    where = organisations_where(person, Permission.SEE_REQUEST).values("pk")
    return Agreement.objects.filter(
        Q(project__in=_memberships(person))
        | Q(project__organisation__in=where)
        | Q(flow__asset__organisation__in=where)
    )


def can_change_project(person: Someone, project: Project) -> bool:
    """Say whether check_change_project passes."""
    return _passes(check_change_project, person, project)


def can_change_request(person: Someone, request: Request) -> bool:
    """Say whether check_change_request passes."""
    return _passes(check_change_request, person, request)


def can_review_flow(person: Someone, flow: Flow) -> bool:
    """Say whether check_review_flow passes."""
    return _passes(check_review_flow, person, flow)


def can_decide_flow(person: Someone, flow: Flow) -> bool:
    """Say whether check_decide_flow passes."""
    return _passes(check_decide_flow, person, flow)


def can_offer_agreement(person: Someone, flow: Flow) -> bool:
    """Say whether check_offer_agreement passes."""
    return _passes(check_offer_agreement, person, flow)


def can_accept_agreement(person: Someone, agreement: Agreement) -> bool:
    """Say whether check_accept_agreement passes."""
    return _passes(check_accept_agreement, person, agreement)


def can_revoke_agreement(person: Someone, agreement: Agreement) -> bool:
    """Say whether check_revoke_agreement passes."""
    return _passes(check_revoke_agreement, person, agreement)


def can_end_agreement(person: Someone, agreement: Agreement) -> bool:
    """Say whether check_end_agreement passes."""
    return _passes(check_end_agreement, person, agreement)


def can_say(person: Someone, request: Request, flow: Flow | None) -> bool:
    """Say whether check_say passes."""
    return _passes(check_say, person, request, flow)


def check_see_requests(person: Someone) -> None:
    """Raise unless the person has any part in requests: for lists and menus."""
    check_somewhere(person, Permission.SEE_REQUEST)


def _check_not_requester(person: Someone, flow: Flow) -> None:
    """Keep the two sides of a decision apart when one person stands on both."""
    assert isinstance(person, Person)
    project = flow.request.project
    if person == flow.request.created_by or is_member(person, project):
        raise NotAllowed(
            "You work on the project that asks, so someone else must decide."
        )
    recipient = project.organisation
    both_sides = organisations_of(person).filter(pk=recipient.pk).exists()
    if both_sides and recipient != flow.holder:
        raise NotAllowed(
            f"You also act for {recipient.name}, which asks for this data, so someone "
            f"else at {flow.holder.name} must decide."
        )


def _memberships(person: Person) -> QuerySet[ProjectMember, int]:
    rows = ProjectMember.objects.filter(person=person, ended_at=None)
    return rows.values_list("project", flat=True)


def _check_signed_in(person: Someone, doing: str) -> None:
    if not isinstance(person, Person):
        raise NotSignedIn(f"Sign in to {doing}.")


def _passes(check_it: Callable[..., None], *arguments: object) -> bool:
    try:
        check_it(*arguments)
    except (NotAllowed, NotSignedIn):
        return False
    return True
