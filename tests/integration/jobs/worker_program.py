"""A program with handlers of its own, run as a separate process by the tests.

Each effect is a real action whose name tells which run made it, so that a second
run to effect cannot hide.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import django


django.setup()

from django.core.management import call_command  # noqa: E402  after setup
from django.db import connections, transaction  # noqa: E402

from staithe.base.clock import now  # noqa: E402
from staithe.jobs import actions, worker  # noqa: E402
from staithe.jobs.cli import worker as command_line  # noqa: E402
from staithe.jobs.context import JobContext  # noqa: E402
from staithe.jobs.models import Job  # noqa: E402
from staithe.jobs.registry import job  # noqa: E402
from staithe.people.actions import create_organisation  # noqa: E402
from staithe.people.models import Organisation  # noqa: E402


MARKS = Path(os.environ["TEST_MARKS"])
# A test cannot wait for minutes: the clock is wound up, the mechanism is the same.
worker.TICK_SECONDS = 0.2
worker.POLL_SECONDS = 0.05
actions.backoff_seconds = lambda _attempts: 0


def take_effect(context: JobContext, name: str) -> None:
    """Record an act that says which job made it, in its own row."""
    create_organisation(
        name=f"{name} {uuid.uuid4().hex}", kind="other", by=None, at=context.now()
    )


@job("test:quick", lease_seconds=5)
def quick(context: JobContext, *, name: str) -> None:
    """Take effect at once."""
    with transaction.atomic():
        take_effect(context, name)
        context.finish()


@job("test:slow", lease_seconds=1)
def slow(context: JobContext, *, name: str, seconds: float, stay: str = "") -> None:
    """Say so, work for a while, take effect; stop at `stay` on the first attempt."""
    (MARKS / f"{name}-{context.attempt}").touch()
    for step in range(int(seconds * 20)):
        time.sleep(0.05)
        context.progress(step / (seconds * 20))
    first = context.attempt == 1
    with transaction.atomic():
        take_effect(context, name)
        if first and stay == "before-finish":
            (MARKS / f"{name}-inside").touch()
            time.sleep(60)
        context.finish()
    (MARKS / f"{name}-done").touch()


@job("test:long-step", lease_seconds=1)
def long_step(context: JobContext, *, name: str) -> None:
    """Give no sign of life for longer than the lease."""
    time.sleep(2.5)
    with transaction.atomic():
        take_effect(context, name)
        context.finish({"attempt": context.attempt})


def enqueue(kind: str, count: int, arguments: dict[str, Any]) -> None:
    """Queue jobs, each with its number in its name."""
    for number in range(count):
        named = arguments | {"name": f"{arguments['name']}-{number}"}
        actions.enqueue(
            kind, arguments=named, by=None, at=now(), subject=arguments["name"]
        )


def show(subject: str) -> dict[str, Any]:
    """Return the jobs about a subject and the effects they had."""
    jobs = Job.objects.filter(subject=subject).order_by("pk")
    effects = Organisation.objects.filter(name__startswith=f"{subject}-")
    names = effects.order_by("name").values_list("name", flat=True)
    rows = [{"state": j.state, "attempts": j.attempts, "error": j.error} for j in jobs]
    return {"jobs": rows, "effects": [name.split()[0] for name in names]}


def fork_worker(log: str) -> int:
    """Start a worker as a copy of this process: a second saved on each."""
    connections.close_all()
    number = os.fork()
    if number:
        return number
    with Path(log).open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    run_worker()
    os._exit(0)


def run_worker(*words: str) -> None:
    """Run the command of the service."""
    command_line(standalone_mode=False, args=list(words))


def wait(number: int) -> int:
    """Return the exit code of a forked worker once it ends."""
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


COMMANDS = {"enqueue": enqueue, "show": show, "fork": fork_worker, "wait": wait}


def main() -> None:
    """Run a worker, or do what the test asks line by line."""
    if sys.argv[1] == "worker":
        run_worker(*sys.argv[2:])
        return
    call_command("migrate", verbosity=0)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        name, *given = json.loads(line)
        sys.stdout.write(json.dumps(COMMANDS[name](*given)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
