"""What the pages and the API of this room read: progress, results, public shares."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from django.db.models import Q

from staithe.accountability.journey import (
    NAMES,
    Chronicle,
    Happening,
    Journey,
    read,
)
from staithe.accountability.models import Outcome
from staithe.accountability.progress import Progress, choose, measure
from staithe.analysis.models import Output
from staithe.base.errors import NotFound
from staithe.ledger.models import Event
from staithe.ledger.wording import event_words
from staithe.people.models import Organisation
from staithe.sharing.models import Agreement, Flow, Project
from staithe.sharing.permissions import visible_requests


if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from django.db.models import QuerySet

    from staithe.people.permissions import Someone


ERASED = "ledger:event:erased"


@dataclass(slots=True)
class _Reading:
    """How far this process has read the log, and what it made of it.

    `tail` is the number and commitment of the newest event then. A commitment is
    random, so the same one at the same number means that it is the same log.
    """

    lock: Lock = field(default_factory=Lock)
    chronicle: Chronicle = field(default_factory=Chronicle)
    tail: tuple[int, bytes] | None = None


_READING = _Reading()


def all_journeys() -> tuple[tuple[Journey, ...], int]:
    """Return every journey, and how many events could not be read (erased).

    Only events since the last call are read. All are read again when the log is not
    the one read before (a rolled-back write) or when content was erased since.
    """
    with _READING.lock:
        _catch_up(_READING)
        chronicle = _READING.chronicle
        return tuple(chronicle.journeys.values()), chronicle.unreadable


def _catch_up(reading: _Reading) -> None:
    newest = Event.objects.order_by("-number").values_list("number", "commitment")
    row = newest.first()
    tail = (row[0], bytes(row[1])) if row else None
    if tail == reading.tail:
        return
    chronicle, read_to = reading.chronicle, reading.tail
    # Should reading fail half way, the next call starts from nothing.
    reading.chronicle, reading.tail = Chronicle(), None
    if not _continues(read_to) or _erased_since(read_to):
        chronicle, read_to = Chronicle(), None
    after = read_to[0] if read_to else -1
    last = tail[0] if tail else -1
    read(chronicle, _happenings(after, last))
    reading.chronicle, reading.tail = chronicle, tail


def _continues(tail: tuple[int, bytes] | None) -> bool:
    """Say whether the log still holds the event that was its newest."""
    if tail is None:
        return True
    return Event.objects.filter(number=tail[0], commitment=tail[1]).exists()


def _erased_since(tail: tuple[int, bytes] | None) -> bool:
    after = tail[0] if tail else -1
    return Event.objects.filter(name=ERASED, number__gt=after).exists()


def _happenings(after: int, last: int) -> Iterable[Happening]:
    rows = (
        Event.objects.filter(name__in=NAMES, number__gt=after, number__lte=last)
        .order_by("number")
        .values_list("at", "name", "organisation", "body")
    )
    for at, name, organisation, body in rows.iterator(chunk_size=5000):
        content = None if body is None else json.loads(body)
        yield Happening(at, name, organisation, content)


@dataclass(frozen=True, slots=True)
class Report:
    """Progress with the names of the bodies that it speaks of, by slug."""

    progress: Progress
    unreadable: int
    names: dict[str, str]

    def name(self, slug: str) -> str:
        """Return what a body is called; a slug stands for itself."""
        return self.names.get(slug, slug)


def report(
    *,
    at: datetime,
    holder: str = "",
    asset: str = "",
    since: date | None = None,
    until: date | None = None,
) -> Report:
    """Return progress over what a body (or asset) was asked in a period."""
    journeys, unreadable = all_journeys()
    chosen = choose(journeys, holder=holder, asset=asset, since=since, until=until)
    return Report(
        progress=measure(chosen, at=at, among=journeys),
        unreadable=unreadable,
        names=names_of_bodies(
            {s for each in chosen for s in (each.holder, each.asker)}
        ),
    )


def asked_bodies() -> list[tuple[str, str]]:
    """Return slug and name of every body that was ever asked for data, by name."""
    slugs = {each.holder for each in all_journeys()[0]}
    names = names_of_bodies(slugs)
    return sorted(((s, names.get(s, s)) for s in slugs), key=lambda pair: pair[1])


def find_events(
    mine: QuerySet[Event], *, name: str = "", subject: str = "", organisation: str = ""
) -> QuerySet[Event]:
    """Return every event; or, once filtered, those of `mine` (which may be read).

    A filter over what a reader may not see would tell them what it says.
    """
    about = subject.strip()
    wanted = {"name": name, "organisation": organisation}
    if not (about or any(wanted.values())):
        return Event.objects.all()
    found = mine.filter(**{key: value for key, value in wanted.items() if value})
    if ":" in about:
        return found.filter(subject=about)
    return found.filter(subject__iendswith=f":{about}") if about else found


def kinds_of(events: QuerySet[Event]) -> list[tuple[str, str]]:
    """Return the names of events with their words, in the order of the names."""
    names = events.order_by("name").values_list("name", flat=True).distinct()
    return [(name, f"{event_words(name)} ({name})") for name in names]


def bodies_of(events: QuerySet[Event]) -> list[tuple[str, str]]:
    """Return slug and name of the bodies that events belong to, by name."""
    slugs = set(events.order_by().values_list("organisation", flat=True).distinct())
    names = names_of_bodies(slugs)
    return sorted(((s, names.get(s, s)) for s in slugs if s), key=lambda pair: pair[1])


def names_of_bodies(slugs: set[str]) -> dict[str, str]:
    """Return the names of bodies by slug, for those that exist."""
    rows = Organisation.objects.filter(slug__in=slugs)
    return dict(rows.values_list("slug", "name"))


def openable_flows(references: Iterable[str], *, person: Someone) -> set[str]:
    """Return which of some flows have a page that this person may open."""
    seen = visible_requests(person).values("pk")
    found = Flow.objects.filter(reference__in=[*references], request__in=seen)
    return set(found.values_list("reference", flat=True))


def public_agreements(*, body: str = "", state: str = "") -> QuerySet[Agreement]:
    """Return every agreement that was ever in force, newest first.

    `body` is the slug of a holder or recipient; `state` one of Agreement.State.
    """
    found = Agreement.objects.filter(accepted_at__isnull=False)
    if body:
        found = found.filter(
            Q(flow__asset__organisation__slug=body)
            | Q(project__organisation__slug=body)
        )
    if state:
        found = found.filter(state=state)
    return (
        found.order_by("-accepted_at", "pk")
        .select_related("project")
        .prefetch_related("project__outcomes")
    )


def get_public_agreement(reference: str) -> Agreement:
    """Return an agreement that was in force, with what its page names; NotFound."""
    agreement = (
        public_agreements()
        .select_related("project", "flow__asset__organisation")
        .filter(reference=reference.upper())
        .first()
    )
    if agreement is None:
        raise NotFound("There is no public agreement of that reference.")
    return agreement


def sharing_bodies() -> list[tuple[str, str]]:
    """Return the bodies on either side of a public agreement, by name."""
    shared = public_agreements().order_by()
    return list(
        Organisation.objects.filter(
            Q(assets__flows__agreement__in=shared) | Q(projects__agreements__in=shared)
        )
        .distinct()
        .order_by("name")
        .values_list("slug", "name")
    )


def outcomes_of(project: Project) -> list[Outcome]:
    """Return what a project recorded, newest first, with the bodies credited."""
    found = Outcome.objects.filter(project=project)
    return list(found.prefetch_related("credits__organisation"))


def outcomes_credited_to(organisation: Organisation) -> QuerySet[Outcome]:
    """Return the results that rest on a body's data, newest first."""
    return Outcome.objects.filter(credits__organisation=organisation).select_related(
        "project__organisation"
    )


def released_by(project: Project) -> list[Output]:
    """Return the outputs of a project that are open data now, newest first."""
    found = Output.objects.filter(query__project=project, released_as__isnull=False)
    return list(found.select_related("released_as").order_by("-closed_at"))


def acceptance_number(agreement: Agreement) -> int | None:
    """Return the number of the event by which an agreement came into force."""
    found = Event.objects.filter(
        name="sharing:agreement:accepted", subject=agreement.ledger_id
    )
    return found.values_list("number", flat=True).first()
