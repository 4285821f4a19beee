"""Real worker processes: killed, frozen, stopped, two at once."""

from __future__ import annotations

import os
import signal


def enqueue(workshop, kind, subject, *, count=1, **arguments):
    workshop.call("enqueue", kind, count, {"name": subject} | arguments)


def finished(workshop, subject):
    """Return what became of the jobs, once all are finished."""
    seen = workshop.call("show", subject)
    done = all(job["state"] in {"done", "failed"} for job in seen["jobs"])
    return seen if done else None


def test_a_job_of_a_killed_worker_is_finished_by_another_exactly_once(workshop):
    enqueue(workshop, "test:slow", "killed", seconds=1.0)
    first = workshop.run_program("worker")
    workshop.wait_for(workshop.mark("killed-0-1").exists)
    first.kill()
    assert first.wait() == -signal.SIGKILL
    workshop.start_worker()
    seen = workshop.wait_for(lambda: finished(workshop, "killed"))
    assert seen["effects"] == ["killed-0"]
    assert seen["jobs"] == [{"state": "done", "attempts": 2, "error": ""}]


def test_a_worker_killed_before_it_commits_leaves_no_half_effect(workshop):
    enqueue(workshop, "test:slow", "inside", seconds=0.1, stay="before-finish")
    first = workshop.start_worker()
    workshop.wait_for(workshop.mark("inside-0-inside").exists)
    os.kill(first, signal.SIGKILL)
    assert workshop.call("wait", first) == -signal.SIGKILL
    assert workshop.call("show", "inside")["effects"] == []
    workshop.start_worker()
    seen = workshop.wait_for(lambda: finished(workshop, "inside"))
    assert seen["effects"] == ["inside-0"]
    assert seen["jobs"][0]["attempts"] == 2


def test_a_worker_that_wakes_after_its_lease_has_no_effect(workshop):
    enqueue(workshop, "test:slow", "frozen", seconds=1.0)
    first = workshop.start_worker()
    workshop.wait_for(workshop.mark("frozen-0-1").exists)
    os.kill(first, signal.SIGSTOP)
    log = workshop.mark(f"worker-{len(workshop.workers) - 1}.log")
    workshop.start_worker()
    workshop.wait_for(workshop.mark("frozen-0-done").exists)
    os.kill(first, signal.SIGCONT)
    workshop.wait_for(lambda: "lost its lease" in log.read_text())
    seen = workshop.call("show", "frozen")
    assert seen["effects"] == ["frozen-0"]
    assert seen["jobs"] == [{"state": "done", "attempts": 2, "error": ""}]


def test_a_step_longer_than_the_lease_keeps_it_by_the_heartbeat(workshop):
    enqueue(workshop, "test:long-step", "long")
    workshop.start_worker()
    workshop.start_worker()
    seen = workshop.wait_for(lambda: finished(workshop, "long"))
    assert seen["jobs"] == [{"state": "done", "attempts": 1, "error": ""}]
    assert seen["effects"] == ["long-0"]


def test_two_workers_run_each_of_thirty_jobs_once(workshop):
    enqueue(workshop, "test:quick", "many", count=30)
    for _ in range(2):
        workshop.start_worker()
    seen = workshop.wait_for(lambda: finished(workshop, "many"))
    assert seen["effects"] == sorted(f"many-{number}" for number in range(30))
    assert all(job["attempts"] == 1 for job in seen["jobs"])


def test_a_worker_told_to_stop_finishes_what_it_has_in_hand(workshop):
    enqueue(workshop, "test:slow", "polite", count=2, seconds=1.0)
    worker = workshop.start_worker()
    workshop.wait_for(workshop.mark("polite-0-1").exists)
    os.kill(worker, signal.SIGTERM)
    assert workshop.call("wait", worker) == 0
    seen = workshop.call("show", "polite")
    assert [job["state"] for job in seen["jobs"]] == ["done", "queued"]
    assert seen["effects"] == ["polite-0"]
    workshop.start_worker()
    workshop.wait_for(lambda: finished(workshop, "polite"))


def test_once_runs_what_is_ready_and_ends(workshop):
    enqueue(workshop, "test:quick", "once", count=3)
    assert workshop.run_program("worker", "--once").wait(timeout=20) == 0
    assert len(workshop.call("show", "once")["effects"]) == 3
