"""How many questions run at once: on this machine, and of one person.

A turn is a locked file, so the kernel gives it back whatever becomes of the process.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from staithe.base.errors import TooMany
from staithe.people.models import Person


WAIT_SECONDS = 10.0  # for others to finish; most questions take less than one
LOOK_EVERY_SECONDS = 0.1


@contextmanager
def turn(person: Person) -> Iterator[None]:
    """Hold one of the person's turns and one of the machine's; TooMany.

    A person who has as many questions under way as one may is refused at once. Where
    the machine is busy the question waits a little first.
    """
    each, together = settings.QUERIES_EACH, settings.QUERIES_AT_ONCE
    mine = TooMany(
        f"You have {_questions(each)} running already. Wait for an answer, then ask "
        "again."
    )
    everyones = TooMany(
        "This service is answering as many questions as it can at once "
        f"({together}). Ask again in a minute."
    )
    with (
        _held(f"person-{person.pk}", each, mine, wait=0.0),
        _held("all", together, everyones, wait=WAIT_SECONDS),
    ):
        yield


def _questions(count: int) -> str:
    return "a question" if count == 1 else f"{count} questions"


@contextmanager
def _held(name: str, count: int, refusal: TooMany, *, wait: float) -> Iterator[None]:
    deadline = time.monotonic() + wait
    while (handle := _take(name, count)) is None:
        if time.monotonic() >= deadline:
            raise refusal
        time.sleep(LOOK_EVERY_SECONDS)
    try:
        yield
    finally:
        os.close(handle)


def _take(name: str, count: int) -> int | None:
    """Lock one of the files of that name and return it, or None if none is free."""
    folder = settings.HOME / "turns"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(count):
        handle = os.open(folder / f"{name}-{number}", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
        else:
            return handle
    return None
