"""Updates: prepared, shown, sent, agreed, and then made as they were shown.

Every door by which a person changes a register ends here, so that one place decides
whether a second person is asked and whether a record has moved on meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from staithe.base.errors import BadInput, Conflict, NotAllowed, UserError
from staithe.jobs.actions import enqueue
from staithe.ledger.actions import action, record
from staithe.people.models import Person
from staithe.people.notices import notify
from staithe.people.queries import find_person_by_ledger_id
from staithe.registers import phases, reading
from staithe.registers.actions import append_entries, change_schema
from staithe.registers.details import change_details
from staithe.registers.models import Line, Register, Update
from staithe.registers.permissions import check_keep, check_shape, keepers
from staithe.registers.policies import asks_second_person, who
from staithe.registers.schema import read_field
from staithe.registers.wanted import Wanted, check_all_right


OPEN = (Update.State.PREPARED, Update.State.WAITING, Update.State.SCHEDULED)
DATA = (Line.Kind.ADDED, Line.Kind.CHANGED, Line.Kind.ENDED)
SHAPE = (Line.Kind.FIELD, Line.Kind.DETAIL)
# Where one of many lines may be wrong and be left out; elsewhere it is mended.
MANY = frozenset(
    {
        Update.Origin.FILE,
        Update.Origin.WATCH,
        Update.Origin.BULK,
        Update.Origin.UNDO,
        Update.Origin.FIELDS,
    }
)
MAX_REASON = 2000
AT_ONCE = 5000  # lines that are made with the request; more are left to a job
MOST_AHEAD = timedelta(days=3 * 366)
SHOWN = 3


@action("registers:update:prepared")
def prepare_update(
    *,
    register: Register,
    origin: str,
    title: str,
    lines: Sequence[Wanted],
    by: Any,
    at: datetime,
    same: int = 0,
    reason: str = "",
) -> Update:
    """Keep what would change until somebody says yes; nothing is changed yet.

    Wrong lines of many are kept to be shown; one that a person typed is refused.
    """
    register = Register.objects.select_related("owner").get(pk=register.pk)
    shapes = any(line.kind in SHAPE for line in lines)
    (check_shape if shapes else check_keep)(by, register)
    if origin not in MANY:
        check_all_right(lines)
    counts = {str(kind): 0 for kind in Line.Kind}
    for line in lines:
        counts[str(line.kind)] += 1
    update = Update.objects.create(
        register=register,
        origin=origin,
        title=title[:255],
        reason=_reason(reason),
        counts={kind: count for kind, count in counts.items() if count}
        | ({"same": same} if same else {}),
        made_by=who(by),
        made_at=at,
    )
    Line.objects.bulk_create(
        [
            Line(
                update=update,
                number=number,
                kind=line.kind,
                key=line.key,
                values=dict(line.values),
                seen=line.seen,
                row=line.row,
                problem=line.problem,
            )
            for number, line in enumerate(lines, 1)
        ],
        batch_size=500,
    )
    _record(update, by=by, at=at)
    return update


def _reason(text: str) -> str:
    if len(text) > MAX_REASON:
        raise BadInput(f"The reason is longer than {MAX_REASON:,} characters.")
    return text.strip()


def will_change(update: Update) -> QuerySet[Line]:
    """Return the lines that an update would make: those that are not wrong."""
    return update.lines.exclude(kind=Line.Kind.WRONG)


@action("registers:update:sent")
def send_update(
    *,
    update: Update,
    by: Any,
    at: datetime,
    reason: str = "",
    apply_at: datetime | None = None,
    ask: bool = False,
) -> Update:
    """Make an update, now or at a time, or send it to a second person.

    A second person is asked where the register wants one, or where `ask` says so.
    """
    update = _locked(update)
    _check_may(update, by=by)
    if update.state != Update.State.PREPARED:
        raise Conflict(
            phases.OVER.get(update.state, "These changes were sent already.")
        )
    if not will_change(update).exists():
        raise BadInput("There is nothing to change.")
    update.reason = _reason(reason) or update.reason
    update.apply_at = _checked_time(apply_at, at=at)
    if ask or asks_second_person(update.register):
        _move(update, "ask")
        others = [p for p in keepers(update.register) if p.ledger_id != update.made_by]
        _tell(update, others, "A change waits for a second person", at=at)
    else:
        _go_on(update, by=by, at=at)
    return _kept(update, by=by, at=at)


@action("registers:update:agreed")
def agree_update(*, update: Update, by: Any, at: datetime) -> Update:
    """Agree to what another person sent; it is made now or at its time."""
    update = _locked(update)
    _check_may(update, by=by)
    if update.state != Update.State.WAITING:
        raise Conflict(phases.OVER.get(update.state, phases.NOT_WAITING))
    if update.made_by == who(by):
        raise NotAllowed("A second person must agree to this: you prepared it.")
    _go_on(update, by=by, at=at)
    _tell_maker(update, "Your change is agreed", by=by, at=at)
    return _kept(update, by=by, at=at)


@action("registers:update:refused")
def refuse_update(*, update: Update, reason: str, by: Any, at: datetime) -> Update:
    """Refuse an update with a reason that its maker is told."""
    update = _locked(update)
    _check_may(update, by=by)
    if not reason.strip():
        raise BadInput("Give the reason.", field="reason")
    _end(update, "refuse", by=by, at=at)
    update.decision = _reason(reason)
    _tell_maker(update, "Your change is refused", by=by, at=at)
    return _kept(update, by=by, at=at)


@action("registers:update:withdrawn")
def withdraw_update(*, update: Update, by: Any, at: datetime) -> Update:
    """Take back an update that is not made yet; its lines are dropped."""
    update = _locked(update)
    _check_may(update, by=by)
    _end(update, "withdraw", by=by, at=at)
    update.lines.all().delete()
    return _kept(update, by=by, at=at)


@action("registers:update:made")
def make_scheduled(*, update: Update, by: Any, at: datetime) -> Update:
    """Make an update whose time has come."""
    update = _locked(update)
    if update.state != Update.State.SCHEDULED:
        raise Conflict("These changes are not scheduled.")
    _apply(update, by=by, at=at)
    _tell_maker(update, "Your change is made", by=by, at=at)
    return _kept(update, by=by, at=at)


@action("registers:update:stopped")
def stop_update(*, update: Update, problem: str, by: Any, at: datetime) -> Update:
    """Stop a scheduled update that cannot be made as it was shown; its keepers hear."""
    update = _locked(update)
    _end(update, "stop", by=by, at=at)
    update.decision = problem[:MAX_REASON]
    told = keepers(update.register)
    _tell(update, told, "A scheduled change could not be made", at=at, body=problem)
    return _kept(update, by=by, at=at)


def due_updates(*, at: datetime) -> list[Update]:
    """Return the scheduled updates whose time has come, oldest first."""
    found = Update.objects.filter(state=Update.State.SCHEDULED, apply_at__lte=at)
    return list(found.select_related("register").order_by("apply_at", "pk"))


def make_due(update: Update, *, at: datetime) -> Update:
    """Make a due update, or stop it and say why."""
    try:
        return make_scheduled(update=update, by=None, at=at)
    except UserError as error:
        return stop_update(update=update, problem=error.message, by=None, at=at)


# ---------------------------------------------------------------- the parts


def _locked(update: Update) -> Update:
    """Return the update as it is now; the log's head is held, so nobody decides too."""
    return Update.objects.select_related("register__owner").get(pk=update.pk)


def _check_may(update: Update, *, by: Any) -> None:
    shapes = update.lines.filter(kind__in=SHAPE).exists()
    (check_shape if shapes else check_keep)(by, update.register)


def _checked_time(apply_at: datetime | None, *, at: datetime) -> datetime | None:
    if apply_at is None:
        return None
    if apply_at <= at:
        raise BadInput("The date must be in the future.", field="apply_on")
    if apply_at > at + MOST_AHEAD:
        raise BadInput("The date is more than 3 years ahead.", field="apply_on")
    return apply_at


def _move(update: Update, act: str) -> None:
    update.state = phases.next_phase(update.state, act)


def _go_on(update: Update, *, by: Any, at: datetime) -> None:
    """Schedule what has a time or is much, and make what is left."""
    if update.apply_at and update.apply_at > at:
        _move(update, "schedule")
    elif will_change(update).count() > AT_ONCE:
        _move(update, "schedule")
        update.apply_at = at
        subject = update.register.ledger_id
        enqueue("registers:make", arguments={}, by=by, at=at, subject=subject)
    else:
        _apply(update, by=by, at=at)


def _apply(update: Update, *, by: Any, at: datetime) -> None:
    lines = list(will_change(update))
    data = [line for line in lines if line.kind in DATA]
    _check_unmoved(update.register, data)
    fields = [read_field(li.values) for li in lines if li.kind == Line.Kind.FIELD]
    details = {
        li.key: li.values["value"] for li in lines if li.kind == Line.Kind.DETAIL
    }
    act = {"by": by, "at": at, "made_by": update.made_by}
    if details:
        change_details(register=update.register, details=details, **act)
    if fields:
        change_schema(register=update.register, fields=fields, **act)
    if data:
        grown = append_entries(
            register=update.register,
            changes=[(line.key, line.values) for line in data],
            because=update.reference,
            **act,
        )
        update.last_entry = grown.size
        update.first_entry = grown.size - len(data) + 1
    _end(update, "make", by=by, at=at)
    # The log says what was done; values that may be erased lie nowhere else.
    update.lines.exclude(kind=Line.Kind.WRONG).delete()


def _check_unmoved(register: Register, lines: Iterable[Line]) -> None:
    """Refuse lines whose record has another newest entry than they were compared with."""
    seen = {line.key: line.seen for line in lines}
    now = reading.newest_numbers(register.pk, seen)
    moved = [key for key, number in seen.items() if now.get(key, 0) != number]
    if moved:
        names = ", ".join(moved[:SHOWN])
        more = f" and {len(moved) - SHOWN} more" if len(moved) > SHOWN else ""
        raise Conflict(
            f"{names}{more} changed since this was prepared. Prepare it again.",
            code="moved",
        )


def _end(update: Update, act: str, *, by: Any, at: datetime) -> None:
    _move(update, act)
    update.decided_by, update.decided_at = who(by), at


def _kept(update: Update, *, by: Any, at: datetime) -> Update:
    update.save()
    _record(update, by=by, at=at)
    return update


def _tell(
    update: Update, people: list[Person], title: str, *, at: datetime, body: str = ""
) -> None:
    register = update.register
    notify(
        people,
        title=f"{register.title}: {title[:1].lower() + title[1:]}",
        body=body or update.title,
        link=f"/registers/{register.name}/updates/{update.reference}",
        at=at,
        organisation=register.owner,
    )


def _tell_maker(update: Update, title: str, *, by: Any, at: datetime) -> None:
    maker = find_person_by_ledger_id(update.made_by)
    if maker and maker.ledger_id != who(by):
        _tell(update, [maker], title, at=at, body=update.decision)


def _record(update: Update, *, by: Any, at: datetime) -> None:
    register = update.register
    record(
        by=by,
        at=at,
        subject=register.ledger_id,
        organisation=register.owner.slug if register.owner else "",
        register=register.name,
        update=update.reference,
        origin=str(update.origin),
        state=str(update.state),
        **update.counts,
    )
