"""What the ledger says happened to a request, in sentences.

Pure: takes events as names and bodies, so pages and API tell the same story and no
second history is kept anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from staithe.ledger.wording import event_words
from staithe.sharing.reasons import REFUSAL_REASONS


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened; `title` is a sentence without its full stop."""

    number: int
    at: datetime
    name: str
    title: str
    by: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """The words for the references in event bodies; a reference stands for itself."""

    people: Mapping[str, str]
    flows: Mapping[str, str]
    holders: Mapping[str, str]

    def person(self, ledger_id: str) -> str:
        """Return a person's name; the service has one too."""
        return self.people.get(ledger_id, "the service")

    def flow(self, reference: str) -> str:
        """Return the title of the data that a flow asks for."""
        return self.flows.get(reference, reference)

    def holder(self, slug: str) -> str:
        """Return the name of a holder."""
        return self.holders.get(slug, slug)


def tell(name: str, body: Mapping[str, Any], *, names: Names) -> tuple[str, str]:
    """Return a sentence for an event and a line more, where there is one."""
    if name in _PLAIN:
        return _PLAIN[name].format(
            flow=names.flow(body.get("flow", "")),
            holder=names.holder(body.get("holder", "")),
        ), ""
    if name in _TOLD and body:  # a body may have been erased: the event remains
        return _TOLD[name](body, names)
    return event_words(name), ""


def _decision(body: Mapping[str, Any], names: Names) -> tuple[str, str]:
    said = {
        "agree": "agreed to share",
        "agree-in-part": "agreed to share part of",
        "refuse": "refused to share",
    }[body["outcome"]]
    title = f"{names.holder(body['holder'])} {said} {names.flow(body['flow'])}"
    reason = REFUSAL_REASONS.get(body["reason_code"])
    if reason is None:
        return title, f"After {_days(body['days'])}."
    more = (
        f"{reason.label}. After {_days(body['days'])}. To be looked at again on "
        f"{_day(body['review_on'])}."
    )
    return title, more


def _escalation(body: Mapping[str, Any], names: Names) -> tuple[str, str]:
    title = f"{names.holder(body['holder'])} was late with {names.flow(body['flow'])}"
    more = f"After {_days(body['days'])} it went to {names.person(body['person'])}."
    return f"{title}: {body['step']}", more


def _submission(body: Mapping[str, Any], names: Names) -> tuple[str, str]:
    holders = sorted({names.holder(flow["holder"]) for flow in body["flows"]})
    return f"Sent to {', '.join(holders)}", f"Due on {_day(body['due_at'])}."


def _day(text: str) -> str:
    """Write the day of a stored date or time: 2026-01-31T09:00:00Z or 2026-01-31."""
    return f"{date.fromisoformat(text[:10]):%-d %B %Y}"


def _days(days: int) -> str:
    return "1 working day" if days == 1 else f"{days} working days"


_PLAIN: Mapping[str, str] = MappingProxyType(
    {
        "sharing:project:started": "Project started",
        "sharing:member:added": "A person joined the project",
        "sharing:member:ended": "A person left the project",
        "sharing:member:left": "A person left with their last role",
        "sharing:request:drafted": "Draft started",
        "sharing:request:edited": "Costs and dates changed",
        "sharing:request:withdrawn": "Request withdrawn",
        "sharing:flow:added": "{flow} added",
        "sharing:flow:edited": "What is asked of {flow} changed",
        "sharing:flow:removed": "Data of {holder} taken out",
        "sharing:route:chosen": "Legal route for {flow} stated",
        "sharing:questions:answered": "Questions of law about {flow} answered",
        "sharing:gap:reported": "A gap in the law about {flow} reported",
        "sharing:review:started": "{holder} took {flow} into review",
        "sharing:agreement:offered": "{holder} offered terms for {flow}",
        "sharing:agreement:accepted": "Terms for {flow} accepted",
        "sharing:agreement:revoked": "{holder} revoked the agreement on {flow}",
        "sharing:agreement:ended": "The agreement on {flow} ended",
        "sharing:message:sent": "A message was sent",
    }
)
_TOLD: Mapping[str, Callable[[Mapping[str, Any], Names], tuple[str, str]]] = (
    MappingProxyType(
        {
            "sharing:request:submitted": _submission,
            "sharing:flow:escalated": _escalation,
            "sharing:decision:recorded": _decision,
        }
    )
)
TOLD_EVENTS = frozenset(_PLAIN) | frozenset(_TOLD)
