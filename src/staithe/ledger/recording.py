"""How every write of the service is made: an action that records exactly one event.

`@action(name)` opens the transaction, `record(...)` appends the event in it. One
action runs at a time (the head row is locked first, on SQLite the database is), so
what an action reads is still true when it commits, on either database.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from django.db import transaction

from staithe.base import clock
from staithe.ledger import log, tree
from staithe.ledger.entry import Entry, commitment, new_salt, to_canonical, to_plain
from staithe.ledger.models import Event, Head, Node


if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

P = ParamSpec("P")
R = TypeVar("R")

SERVICE = "service"

_WORDS = "[a-z]+(-[a-z]+)*"
_NAME = re.compile(rf"{_WORDS}:{_WORDS}:{_WORDS}")
_SUBJECT = re.compile(rf"{_WORDS}:[^\s\x00-\x1f\x7f]{{1,200}}")


@dataclass(frozen=True, slots=True)
class Action:
    """A registered write: its event name `room:noun:verbed` and its function."""

    name: str
    function: Callable[..., Any]


@dataclass(slots=True)
class _Running:
    """The action under way and how many events it has recorded."""

    name: str
    recorded: int = 0


ACTIONS: dict[str, Action] = {}
HANDLERS: dict[str, list[Callable[[Event, dict[str, Any]], None]]] = {}

_RUNNING: ContextVar[tuple[_Running, ...]] = ContextVar("running_actions", default=())


def action(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a write under its event name and run it in one transaction.

    The function must call `record` exactly once; RuntimeError (and rollback) if not.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        _check_name(name, module=function.__module__)

        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            running = _Running(name)
            with transaction.atomic():
                lock_head()
                token = _RUNNING.set((*_RUNNING.get(), running))
                try:
                    result = function(*args, **kwargs)
                finally:
                    _RUNNING.reset(token)
                if running.recorded != 1:
                    raise RuntimeError(f"{name} returned without recording its event")
            return result

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            # By way of the registry, so that a test can stand before every action.
            return cast("R", ACTIONS[name].function(*args, **kwargs))

        ACTIONS[name] = Action(name=name, function=run)
        return call

    return decorate


def on(
    name: str,
) -> Callable[
    [Callable[[Event, dict[str, Any]], None]],
    Callable[[Event, dict[str, Any]], None],
]:
    """Register a handler that runs in the transaction of every event so named."""
    if not _NAME.fullmatch(name):
        raise RuntimeError(f"{name!r} is not room:noun:verbed")

    def decorate(
        handler: Callable[[Event, dict[str, Any]], None],
    ) -> Callable[[Event, dict[str, Any]], None]:
        HANDLERS.setdefault(name, []).append(handler)
        return handler

    return decorate


def record(
    *,
    by: object,
    at: datetime,
    subject: str,
    organisation: str = "",
    **body: Any,
) -> Event:
    """Append the running action's one event and call the handlers of its name.

    `by` is None (the service itself), text, or anything with a `ledger_id`. Body
    values are facts about the act, never data values or SQL literals.
    """
    running = _running()
    event = _append(
        name=running.name,
        at=at,
        actor=_actor_id(by),
        organisation=organisation,
        subject=_checked_subject(subject),
        body=to_plain(body),
    )
    running.recorded += 1
    for handler in HANDLERS.get(event.name, ()):
        handler(event, to_plain(body))
    return event


def is_acting() -> bool:
    """Tell whether an action is under way."""
    return bool(_RUNNING.get())


def lock_head() -> Head:
    """Return the head row, locked until the transaction ends."""
    head = Head.objects.select_for_update().filter(id=Head.ONLY).first()
    if head is None:  # the first event of all
        Head.objects.get_or_create(id=Head.ONLY)
        head = Head.objects.select_for_update().get(id=Head.ONLY)
    return head


def _check_name(name: str, *, module: str) -> None:
    if not _NAME.fullmatch(name):
        raise RuntimeError(f"{name!r} is not room:noun:verbed")
    room = name.partition(":")[0]
    if module.split(".")[:2] != ["staithe", room]:
        raise RuntimeError(f"{name} belongs in staithe.{room}, not in {module}")
    if name in ACTIONS:
        raise RuntimeError(f"two actions are called {name}")


def _running() -> _Running:
    stack = _RUNNING.get()
    if not stack:
        raise RuntimeError("record() works only inside an action")
    if stack[-1].recorded:
        raise RuntimeError(f"{stack[-1].name} records a second event")
    return stack[-1]


def _actor_id(by: object) -> str:
    if by is None:
        return SERVICE
    actor = by if isinstance(by, str) else getattr(by, "ledger_id", None)
    if not isinstance(actor, str) or not actor:
        raise RuntimeError(f"by= must be text or have a ledger_id, not {by!r}")
    return actor


def _checked_subject(subject: str) -> str:
    if not _SUBJECT.fullmatch(subject):
        raise RuntimeError(f"subject must read noun:reference, not {subject!r}")
    return subject


def _append(*, at: datetime, body: dict[str, Any], **who_what: str) -> Event:
    if at.tzinfo is None:
        raise RuntimeError(f"at= must have a time zone, not {at!r}")
    head = lock_head()
    salt = new_salt()
    entry = Entry(number=head.size, at=clock.to_text(at), body=body, **who_what)
    data = commitment(entry, salt=salt)
    event = Event(
        number=entry.number,
        at=at,
        body=to_canonical(body).decode(),
        salt=salt,
        commitment=data,
        **who_what,
    )
    event.save(force_insert=True)
    _grow_tree(entry.number, data=data)
    head.size += 1
    head.save(update_fields=["size"])
    return event


def _grow_tree(size: int, *, data: bytes) -> None:
    known = log.read_nodes(tree.siblings_of_next(size))
    made = tree.nodes_of_next(size, tree.leaf_hash(data), lambda *at: known[at])
    Node.objects.bulk_create(
        Node(level=level, index=index, hash=value) for level, index, value in made
    )
