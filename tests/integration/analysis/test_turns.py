"""How many questions run at once, and what is said when it would be too many."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import pytest

from factories import BY_BENEFIT, COUNTED, question
from staithe.analysis import turns
from staithe.analysis.models import Query
from staithe.base.errors import TooMany


pytestmark = pytest.mark.django_db

HOLD = """
import fcntl, os, sys, time
handle = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(handle, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


def hold(stack: ExitStack, *people) -> None:
    for person in people:
        stack.enter_context(turns.turn(person))


def test_a_person_who_has_as_many_as_one_may_is_refused_at_once(one, settings):
    """Nothing is kept of a question that was never tried; a turn given back serves."""
    world, project = one
    with ExitStack() as stack:
        hold(stack, *[world.ann] * settings.QUERIES_EACH)
        with pytest.raises(TooMany, match="You have 2 questions running already"):
            question(world, project)
        assert question(world, project, by=world.bob).state == Query.State.DONE
    assert not Query.objects.filter(by=world.ann).exists()
    assert question(world, project).state == Query.State.DONE


def test_a_busy_machine_refuses_after_a_little_while(one, settings, monkeypatch):
    world, project = one
    settings.QUERIES_AT_ONCE = 2
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.3)
    with ExitStack() as stack:
        hold(stack, world.cat, world.olive)
        started = time.monotonic()
        with pytest.raises(TooMany, match=r"as it can at once \(2\)"):
            question(world, project)
        assert time.monotonic() - started >= 0.3


def test_a_question_waits_for_one_that_ends_in_time(one, settings):
    world, project = one
    settings.QUERIES_AT_ONCE = 1
    stack = ExitStack()
    hold(stack, world.cat)
    threading.Timer(0.4, stack.close).start()
    assert question(world, project).state == Query.State.DONE


def test_a_program_gets_429_and_the_same_sentence(one, settings, client):
    world, project = one
    settings.QUERIES_EACH = 1
    client.force_login(world.ann)
    body = {"title": "By region", "sql": BY_BENEFIT, "table": COUNTED}
    address = f"/api/v1/projects/{project.reference}/queries"
    with turns.turn(world.ann):
        answer = client.post(address, body, content_type="application/json")
        page = client.post(
            f"/projects/{project.reference}/ask",
            {
                "title": "By region",
                "sql": BY_BENEFIT,
                "rows": "region",
                "measure": "count",
            },
        )
    assert answer.status_code == 429
    assert answer.json()["code"] == "too-many"
    assert answer.json()["detail"].startswith("You have a question running already.")
    assert answer.json()["detail"] in page.content.decode()


def test_the_turn_of_a_killed_process_is_free_again(one, home, settings):
    """The lock is the kernel's: no clean-up has to run."""
    world, project = one
    settings.QUERIES_EACH = 1
    question(world, project)
    path = home / "turns" / f"person-{world.ann.pk}-0"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(TooMany):
        question(world, project)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    assert question(world, project).state == Query.State.DONE
