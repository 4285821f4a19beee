"""What is shown of proposed corrections: the queue, the figures, who says so too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Count, Q, QuerySet

from staithe.base.errors import NotFound
from staithe.people.permissions import Someone
from staithe.registers import erasure, item, reading, strangers
from staithe.registers.differences import Change, differences
from staithe.registers.models import Correction, Register
from staithe.registers.permissions import can_keep, registers_kept_by
from staithe.registers.queries import freshness
from staithe.registers.wanted import held_of


State = Correction.State
WAITING = (State.OPEN, State.AGREED)
TAKEN = (State.ACCEPTED, State.EDITED)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Figures:
    """How often and how fast corrections are decided."""

    proposed: int
    accepted: int
    declined: int
    waiting: int
    late: int
    median_days: float | None
    on_time_share: float | None

    @property
    def accepted_share(self) -> float | None:
        """Return the share of the decided that were accepted, from 0 to 1."""
        decided = self.accepted + self.declined
        return self.accepted / decided if decided else None

    @property
    def pace(self) -> str:
        """Say how long a decision takes, half of the time."""
        if self.median_days is None:
            return "Not known"
        if self.median_days < 1:
            return "Under a day"
        return f"{self.median_days:,.1f}".removesuffix(".0") + " days"


def figures_of(register: Register, *, at: datetime) -> Figures:
    """Return the public figures of a register's corrections; spam is not counted."""
    found = figures_of_all([register], at=at)
    return found[register.pk]


def figures_of_all(
    registers: Iterable[Register], *, at: datetime
) -> dict[int, Figures]:
    """Return the public figures of each register, with one query."""
    promised = {each.pk: each.answer_within_days for each in registers}
    rows: dict[int, list[tuple[str, datetime, datetime | None]]] = {
        pk: [] for pk in promised
    }
    found = Correction.objects.filter(register__in=promised).exclude(state=State.SPAM)
    for pk, state, made, decided in found.values_list(
        "register", "state", "made_at", "decided_at"
    ):
        rows[pk].append((state, made, decided))
    return {pk: _figures(rows[pk], promised[pk], at) for pk in rows}


def _figures(
    rows: list[tuple[str, datetime, datetime | None]],
    within: int | None,
    at: datetime,
) -> Figures:
    taken = [decided - made for _, made, decided in rows if decided]
    waits = [at - made for _, made, decided in rows if not decided]
    most = within * DAY if within else None
    states = [state for state, _, _ in rows]
    on_time = sum(each <= most for each in taken) if most else 0
    return Figures(
        proposed=len(rows),
        accepted=sum(state in TAKEN for state in states),
        declined=states.count(State.DECLINED),
        waiting=len(waits),
        late=sum(each > most for each in waits) if most else 0,
        median_days=median(each / DAY for each in taken) if taken else None,
        on_time_share=on_time / len(taken) if taken and most else None,
    )


def get_correction(
    register: Register, reference: str, *, person: Someone, token: str = ""
) -> Correction:
    """Return a correction that a person may see; NotFound.

    What is decided is public, except spam; what waits is for the keepers and for
    whoever proposed it.
    """
    found = Correction.objects.filter(register=register, reference=reference)
    correction = found.select_related("register__owner", "update").first()
    if correction is None or not may_see(correction, person=person, token=token):
        raise NotFound("There is no such proposal.")
    return correction


def may_see(correction: Correction, *, person: Someone, token: str = "") -> bool:
    """Say whether a person may see a correction."""
    if can_keep(person, correction.register):
        return True
    if correction.state == State.SPAM:
        return False
    return correction.state not in WAITING or is_proposer(
        correction, person=person, token=token
    )


def is_proposer(correction: Correction, *, person: Someone, token: str = "") -> bool:
    """Say whether a person proposed a correction, or holds the link that was given."""
    mine = getattr(person, "ledger_id", "")
    return bool(mine and mine == correction.proposer) or strangers.may_follow(
        correction, token
    )


def shown_corrections(register: Register, *, person: Someone) -> QuerySet[Correction]:
    """Return the corrections that a person may see, those that wait first."""
    found = Correction.objects.filter(register=register)
    if not can_keep(person, register):
        found = found.exclude(state__in=[*WAITING, State.SPAM])
    return found.annotate(also=Count("supports")).order_by("-made_at")


@dataclass(frozen=True)
class Proposal:
    """A correction as the owner weighs it."""

    correction: Correction
    changes: tuple[Change, ...]
    also: int  # who else says so
    has_moved: bool  # the record changed since
    due_at: datetime | None
    is_late: bool


def weigh(corrections: Iterable[Correction], *, at: datetime) -> list[Proposal]:
    """Return corrections with their differences from the records as they are now."""
    listed = list(corrections)
    held: dict[tuple[int, str], tuple[int, item.Item]] = {}
    for register in {each.register for each in listed}:
        keys = [each.key for each in listed if each.register_id == register.pk]
        for key, found in held_of(register, keys).items():
            held[register.pk, key] = found
    return [
        _weighed(each, held.get((each.register_id, each.key)), at) for each in listed
    ]


def _weighed(
    correction: Correction, held: tuple[int, item.Item] | None, at: datetime
) -> Proposal:
    number, values = held or (0, {})
    within = correction.register.answer_within_days
    due = correction.made_at + within * DAY if within else None
    changes = tuple(
        Change(name, item.as_text(values, name) or None, text or None)
        for name, text in correction.changes.items()
    )
    return Proposal(
        correction=correction,
        changes=changes,
        also=correction.supports.count(),
        has_moved=number != correction.number_seen,
        due_at=due,
        is_late=bool(due and due < at and correction.decided_at is None),
    )


def before_and_after(correction: Correction) -> tuple[Change, ...]:
    """Return what a decided correction changed, or would have, as its proposer saw it.

    Where the owner accepted it, with changes or without, the log says what was written.
    """
    register = correction.register
    if correction.state in TAKEN and correction.entry_number:
        written = reading.find_entry(register.pk, correction.entry_number)
        assert written is not None
        before = reading.find_entry(register.pk, written.previous)
        return differences(_values(register, before), _values(register, written))
    seen = reading.find_entry(register.pk, correction.number_seen)
    held = _values(register, seen)
    return tuple(
        Change(name, item.as_text(held, name) or None, text or None)
        for name, text in correction.changes.items()
    )


def _values(register: Register, each: reading.StoredEntry | None) -> item.Item:
    if each is None:
        return {}
    return erasure.reveal(register, reading.data_of(register.pk, each)[0])


def others_about(correction: Correction) -> list[Correction]:
    """Return the other open proposals about the same record."""
    found = Correction.objects.filter(
        register=correction.register, key=correction.key, state=State.OPEN
    )
    return list(found.exclude(pk=correction.pk)[:50]) if correction.key else []


def queue_of(person: Someone, *, at: datetime) -> list[Proposal]:
    """Return every open correction to the registers that a person keeps, oldest first."""
    found = Correction.objects.filter(
        Q(register__in=registers_kept_by(person)), state=State.OPEN
    )
    return weigh(found.select_related("register").order_by("made_at")[:200], at=at)


def late_reviews(person: Someone, *, at: datetime) -> list[Register]:
    """Return the registers that a person keeps and that wait to be looked through."""
    kept = registers_kept_by(person).filter(ended_on=None)
    return [each for each in kept if freshness(each, at=at).is_late]
