"""What silence leads to: facilitate, encourage, enforce.

Each step is an event of its own and names the person it went to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staithe.base.errors import Conflict
from staithe.ledger.actions import action, record
from staithe.people.notices import notify
from staithe.people.queries import (
    accountable_people,
    find_operator,
    people_with_role,
)
from staithe.people.roles import Role
from staithe.sharing.ladder import find_next_step, working_days
from staithe.sharing.models import Escalation, Flow
from staithe.sharing.parties import (
    deciders,
    find_accountable,
    holder_people,
    requesters,
)
from staithe.sharing.states import FLOW


if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from staithe.people.models import Person


_OPEN = (Flow.State.SUBMITTED, Flow.State.IN_REVIEW)

_SENTENCES = {
    "facilitate": "A decision is due. Write to the requester if something is unclear.",
    "encourage": "A decision is a week late. Decide, or say what stands in the way.",
    "enforce": "A decision is two weeks late. It has passed to the person who answers "
    "for the organisation, who alone can decide now.",
}


@action("sharing:flow:escalated")
def escalate_flow(*, flow: Flow, at: datetime) -> Flow:
    """Take the one step of the ladder that is due; Conflict where none is."""
    flow.refresh_from_db()
    FLOW.next_state(flow.state, "escalate")
    step = _step_due(flow, at=at)
    if step is None:
        raise Conflict("This decision is not late enough for another step.")
    person = _answering(flow, step=step)
    flow.step = step
    if step == Flow.Step.ENFORCE:
        flow.decider = person
    flow.save(update_fields=["step", "decider"])
    assert flow.request.submitted_at is not None
    days = working_days(flow.request.submitted_at, at)
    Escalation.objects.create(
        flow=flow, step=step, person=person, at=at, days_waited=days
    )
    _tell(flow, person=person, at=at)
    record(
        by=None,
        at=at,
        subject=flow.ledger_id,
        organisation=flow.holder.slug,
        flow=flow.reference,
        request=flow.request.reference,
        holder=flow.holder.slug,
        step=step,
        person=person.ledger_id,
        days=days,
    )
    return flow


def escalate_overdue(*, at: datetime) -> list[Flow]:
    """Take every step that is due on every late flow; one entry for each step."""
    late = Flow.objects.filter(state__in=_OPEN, due_at__lte=at).order_by("due_at", "id")
    return [moved for flow in late for moved in _escalate_fully(flow, at=at)]


def _escalate_fully(flow: Flow, *, at: datetime) -> Iterator[Flow]:
    while _step_due(flow, at=at) and _find_answering(flow):
        try:
            yield escalate_flow(flow=flow, at=at)
        except Conflict:  # decided or escalated since the list was made
            return


def _step_due(flow: Flow, *, at: datetime) -> str | None:
    assert flow.due_at is not None
    return find_next_step(flow.step, due=flow.due_at, at=at)


def _find_answering(flow: Flow) -> Person | None:
    """Return who takes the step: the holder's people, or whoever runs the service."""
    operator = find_operator()
    last = people_with_role(Role.ADMINISTRATOR, operator) if operator else []
    return find_accountable(flow) or next(iter([*deciders(flow), *last]), None)


def _answering(flow: Flow, *, step: str) -> Person:
    """Return the person a step names: who decides first, who answers at the end."""
    if step != Flow.Step.ENFORCE and flow.decider is not None:
        return flow.decider
    person = _find_answering(flow)
    if person is None:
        raise Conflict(
            f"{flow.holder.name} has nobody who answers for it. "
            "Ask whoever runs the service to invite a data sharing officer."
        )
    return person


def _tell(flow: Flow, *, person: Person, at: datetime) -> None:
    step = Flow.Step(flow.step)
    told = [person] if step is Flow.Step.ENFORCE else holder_people(flow)
    notify(
        [person, *told, *accountable_people(flow.holder)],
        title=f"{step.words} ({flow.asset.title})",
        body=_SENTENCES[step],
        link=f"/flows/{flow.reference}/decide",
        at=at,
        organisation=flow.holder,
    )
    notify(
        requesters(flow.request.project),
        title=f"{flow.holder.name}: {step.words[:1].lower()}{step.words[1:]}",
        body=f"It went to {person.name}.",
        link=f"/flows/{flow.reference}",
        at=at,
        organisation=flow.request.project.organisation,
    )
