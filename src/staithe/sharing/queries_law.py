"""How the law worked in use: precedents, gaps, like cases answered apart, changes.

All of it is computed from the advice kept with requests and decisions; nothing is
self-reported but what a requester says of a gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from staithe.law.consistency import Answered, Inconsistency, find_inconsistencies
from staithe.law.consistency import likeness as law_likeness
from staithe.law.preview import answer_of
from staithe.sharing.ladder import working_days
from staithe.sharing.models import Agreement, LegalAdvice
from staithe.sharing.permissions import visible_agreements, visible_requests


if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from django.db.models import QuerySet

    from staithe.law.library import Library
    from staithe.people.permissions import Someone
    from staithe.sharing.models import Flow

# Verdicts that leave a requester without a way, and the ground that says the same.
NO_WAY = ("no-route-encoded", "not-by-this-route", "prohibited-as-described")
NO_ROUTE = "no-legal-route"
# What makes an agreement worth looking at again; words and dates alone do not.
TELLING = (
    "refused", "verdict", "gateways", "ruled_out", "conditions", "documents",
    "citations", "human_review",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gap:
    """Like facts for which the law gave no way, with the evidence.

    Advice is kept when a request is sent and again when it is decided: what was met
    once is counted once.
    """

    facts: tuple[str, ...]
    rows: tuple[LegalAdvice, ...]
    days_lost: int

    @property
    def times(self) -> int:
        """How many requests met the gap."""
        return len({row.flow_id or f"row-{row.pk}" for row in self.rows})

    @property
    def verdicts(self) -> list[str]:
        """What the library said, each once."""
        return sorted({row.verdict for row in self.rows if row.verdict})

    @property
    def notes(self) -> list[str]:
        """What they said of the gap, each once: a report, or a refusal for want of law.

        What a holder says for another reason, such as of fewer columns, is not of it.
        """
        said = [row.note or _reason(row) for row in self.rows]
        return list(dict.fromkeys(filter(None, said)))

    @property
    def bodies(self) -> list[str]:
        """Every body that met the gap."""
        met = {body.name for row in self.rows for body in (row.holder, row.recipient)}
        return sorted(met)


@dataclass(frozen=True, slots=True)
class Touched:
    """A live agreement whose law has changed since it was decided."""

    agreement: Agreement
    parts: tuple[tuple[str, Any, Any], ...]


def legal_precedents(flow: Flow, *, limit: int = 5) -> list[Agreement]:
    """Return agreements of the same holder, recipient and purpose, newest first."""
    project = flow.request.project
    found = Agreement.objects.filter(
        flow__asset__organisation=flow.holder,
        project__organisation=project.organisation,
        project__purpose_code=project.purpose_code,
        accepted_at__isnull=False,
    ).exclude(flow=flow)
    return list(
        found.select_related("flow__asset", "project").order_by("-accepted_at")[:limit]
    )


def visible_advice(person: Someone) -> QuerySet[LegalAdvice]:
    """Return the advice kept with requests that a person may open."""
    return LegalAdvice.objects.filter(
        flow__request__in=visible_requests(person)
    ).select_related("holder", "recipient", "decision__by", "flow__request")


def legal_gaps(person: Someone, *, at: datetime) -> list[Gap]:
    """Return facts for which the law gave no way, those met most often first."""
    groups: dict[tuple[str, ...], list[LegalAdvice]] = {}
    met = visible_advice(person).filter(
        Q(occasion=LegalAdvice.Occasion.GAP)
        | Q(verdict__in=NO_WAY)
        | Q(decision__reason_code=NO_ROUTE)
    )
    for row in met:
        groups.setdefault(likeness(row), []).append(row)
    found = [
        Gap(facts, tuple(rows), _days_lost(rows, at=at))
        for facts, rows in groups.items()
    ]
    return sorted(found, key=lambda gap: (-gap.times, gap.facts))


def inconsistencies(person: Someone) -> list[Inconsistency]:
    """Return like facts that bodies decided differently."""
    rows = visible_advice(person).filter(occasion=LegalAdvice.Occasion.DECIDED)
    return find_inconsistencies(
        Answered(
            row.holder.name, row.decision.outcome, row.flow.reference, likeness(row)
        )
        for row in rows
        if row.decision is not None and row.flow is not None
    )


def likeness(row: LegalAdvice) -> tuple[str, ...]:
    """Return what makes kept advice alike: kinds of body, purpose, data and route."""
    kinds = {"holder": row.holder.kind, "recipient": row.recipient.kind}
    facts = {**row.facts}
    for side, kind in kinds.items():
        facts[side] = {**facts.get(side, {}), "type": kind}
    return law_likeness(facts)


def touched_agreements(
    person: Someone, *, on: date, library: Library | None = None
) -> list[Touched]:
    """Return live agreements whose advice today is not what it was when decided."""
    live = visible_agreements(person).filter(state=Agreement.State.IN_FORCE)
    found = []
    for agreement in live.select_related("flow__asset", "project"):
        parts = changes_since(agreement, on=on, library=library)
        if parts:
            found.append(Touched(agreement, parts))
    return found


def changes_since(
    agreement: Agreement, *, on: date, library: Library | None = None
) -> tuple[tuple[str, Any, Any], ...]:
    """Return what the library says otherwise today: part, then and now."""
    kept = LegalAdvice.objects.filter(decision__flow=agreement.flow).first()
    if kept is None:
        return ()
    today = answer_of(kept.facts, on=on, library=library)
    return tuple(
        (part, kept.answer.get(part), today.get(part))
        for part in TELLING
        if kept.answer.get(part) != today.get(part)
    )


def live_facts() -> list[tuple[str, Mapping[str, Any]]]:
    """Return the facts of every live agreement, under its reference."""
    rows = LegalAdvice.objects.filter(
        decision__flow__agreement__state=Agreement.State.IN_FORCE
    ).select_related("decision__flow__agreement")
    found = [
        (row.decision.flow.agreement.reference, row.facts)
        for row in rows
        if row.decision is not None
    ]
    return sorted(found, key=lambda pair: pair[0])


def _days_lost(rows: list[LegalAdvice], *, at: datetime) -> int:
    """Sum the days over requests; each as its last kept advice tells."""
    last: dict[object, int] = {}
    for row in rows:
        key = row.flow_id or f"row-{row.pk}"
        last[key] = max(last.get(key, 0), _days(row, at=at))
    return sum(last.values())


def _days(row: LegalAdvice, *, at: datetime) -> int:
    """Count the working days from the sending of a request to its refusal."""
    request = row.flow.request if row.flow else None
    if request is None or request.submitted_at is None:
        return 0
    until = row.decision.at if row.decision else min(row.at, at)
    return working_days(request.submitted_at, until)


def _reason(row: LegalAdvice) -> str:
    refused = row.decision is not None and row.decision.reason_code == NO_ROUTE
    return row.decision.reason if refused and row.decision else ""
