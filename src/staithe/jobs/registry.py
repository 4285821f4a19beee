"""Which kinds of background work there are, and the function that does each.

A room writes its handlers in `<room>/jobs.py`, decorated with `@job`. The module is
imported at start-up (see `staithe.jobs.apps`), so a kind is known in every process.

    @job("catalogue:harvest", max_attempts=3, lease_seconds=60)
    def harvest(context: JobContext, *, source: str) -> None:
        found = fetch(source)                      # slow, outside a transaction
        context.progress(0.5, "Storing")
        with transaction.atomic():
            store_harvest(found, by=context.actor, at=context.now())
            context.finish({"found": len(found)})  # with the effect, or not at all
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Concatenate


if TYPE_CHECKING:
    from staithe.jobs.context import JobContext

# The arguments after the context come from JSON: any shape, checked by the handler.
Handler = Callable[Concatenate["JobContext", ...], None]
# Called as given_up(error=sentence, at=time, **arguments) when nobody will try again.
GivenUp = Callable[..., None]


@dataclass(frozen=True)
class JobKind:
    """A kind of work: who does it, how often it may fail, how long it may be silent.

    `lease_seconds` bounds how long a worker may give no sign of life, not how long
    the work takes. `every_seconds` makes the kind recur by itself. `given_up` tells
    what waits for the work that it will not be done, in the same transaction.
    """

    name: str
    handler: Handler
    label: str
    max_attempts: int
    lease_seconds: int
    every_seconds: int | None
    given_up: GivenUp | None = None


_KINDS: dict[str, JobKind] = {}


def job(
    name: str,
    *,
    label: str = "",
    max_attempts: int = 3,
    lease_seconds: int = 60,
    every_seconds: int | None = None,
    given_up: GivenUp | None = None,
) -> Callable[[Handler], Handler]:
    """Register a handler under a name `room:verb`; `label` is shown to people."""

    def register(handler: Handler) -> Handler:
        known = _KINDS.get(name)
        if known and known.handler.__qualname__ != handler.__qualname__:
            raise ValueError(f"two handlers for the kind of job {name!r}")
        _KINDS[name] = JobKind(
            name,
            handler,
            label or name,
            max_attempts,
            lease_seconds,
            every_seconds,
            given_up,
        )
        return handler

    return register


def find_kind(name: str) -> JobKind | None:
    """Return a kind of job, or None where no room knows it."""
    return _KINDS.get(name)


def get_kind(name: str) -> JobKind:
    """Return a kind of job, or raise LookupError: enqueuing it is a bug."""
    try:
        return _KINDS[name]
    except KeyError:
        raise LookupError(f"no room handles the kind of job {name!r}") from None


def all_kinds() -> list[JobKind]:
    """Return every kind, by name."""
    return [_KINDS[name] for name in sorted(_KINDS)]


def backoff_seconds(attempts: int) -> int:
    """Return how long to wait after a number of failed attempts: 5 s to 10 min."""
    return min(600, int(5 * 4 ** max(0, attempts - 1)))
