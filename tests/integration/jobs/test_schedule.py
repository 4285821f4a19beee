"""What happens by the clock, once, however many workers ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django_tasks_db.models import DBTaskResult

from staithe.base import clock
from staithe.jobs import actions
from staithe.jobs.jobs import prune
from staithe.jobs.models import Job, Recurrence
from staithe.jobs.registry import job
from staithe.jobs.run import run_pending
from staithe.jobs.schedule import Ticked, tick


AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
pytestmark = pytest.mark.django_db


def finish(ctx) -> None:
    with transaction.atomic():
        ctx.finish()


def queue(**changes) -> Job:
    return actions.enqueue(
        "test:work", **({"arguments": {}, "by": None, "at": AT} | changes)
    )


class TestRecurring:
    def test_each_slot_is_queued_once(self, kinds):
        job("test:work", every_seconds=60)(finish)
        assert [tick(at=AT).scheduled for _ in range(3)] == [1, 0, 0]
        assert Job.objects.get().actor == "service:schedule"
        with clock.set_to(AT):
            run_pending()
        assert tick(at=AT + timedelta(seconds=59)).scheduled == 0
        assert tick(at=AT + MINUTE).scheduled == 1

    def test_a_late_clock_of_another_worker_does_not_repeat_a_slot(self, kinds):
        job("test:work", every_seconds=60)(finish)
        tick(at=AT)
        with clock.set_to(AT):
            run_pending()
        assert tick(at=AT - MINUTE).scheduled == 0

    def test_slots_missed_while_nobody_worked_are_not_made_up(self, kinds):
        job("test:work", every_seconds=60)(finish)
        tick(at=AT)
        with clock.set_to(AT):
            run_pending()
        assert tick(at=AT + 100 * MINUTE).scheduled == 1
        assert tick(at=AT + 100 * MINUTE).scheduled == 0

    def test_a_slot_is_left_out_while_the_last_is_open(self, kinds):
        job("test:work", every_seconds=60)(finish)
        tick(at=AT)
        assert tick(at=AT + MINUTE).scheduled == 0
        assert Job.objects.count() == 1

    def test_a_kind_that_does_not_recur_is_never_queued(self, kinds):
        job("test:work")(finish)
        assert tick(at=AT) == Ticked(reaped=0, redelivered=0, scheduled=0)
        assert not Recurrence.objects.exists()


class TestLostWorkers:
    def test_an_expired_job_is_queued_again_with_a_new_message(self, kinds):
        job("test:work", lease_seconds=60)(finish)
        row = queue()
        first = row.delivery
        DBTaskResult.objects.update(status="RUNNING", started_at=AT)
        actions.claim(row.pk, at=AT)
        assert tick(at=AT + MINUTE).reaped == 0
        assert tick(at=AT + 2 * MINUTE).reaped == 1
        row.refresh_from_db()
        assert (row.state, row.attempts) == ("queued", 1)
        assert "stopped before it finished" in row.error
        assert row.delivery != first
        assert DBTaskResult.objects.get(pk=first).status == "FAILED"
        assert tick(at=AT + 2 * MINUTE) == Ticked(0, 0, 0)

    def test_a_killed_worker_costs_the_work_no_attempt(self, kinds):
        job("test:work", max_attempts=1, lease_seconds=60)(finish)
        row = queue()
        actions.claim(row.pk, at=AT)
        tick(at=AT + 2 * MINUTE)
        row.refresh_from_db()
        assert (row.state, row.attempts, row.losses) == ("queued", 1, 1)
        assert row.run_after == AT + 2 * MINUTE + timedelta(seconds=5)
        with clock.set_to(AT + 3 * MINUTE):
            run_pending()
        row.refresh_from_db()
        assert (row.state, row.attempts) == ("done", 2)

    def test_work_that_kills_every_worker_ends_and_who_waits_is_told(self, kinds):
        told = []
        job("test:work", lease_seconds=60, given_up=lambda **what: told.append(what))(
            finish
        )
        row = queue(arguments={"name": "x"})
        at = AT
        for _ in range(actions.MAX_LOSSES + 1):
            assert told == []
            assert actions.claim(row.pk, at=at)
            at += 10 * MINUTE
            assert actions.reap(row.pk, at=at)
            at += 10 * MINUTE
        row.refresh_from_db()
        assert row.state == "failed"
        ended = at - 10 * MINUTE
        assert told == [{"name": "x", "error": actions.LOST, "at": ended}]

    def test_one_that_was_to_stop_stops(self, kinds):
        job("test:work", lease_seconds=60)(finish)
        row = queue()
        actions.claim(row.pk, at=AT)
        actions.cancel(row, at=AT)
        tick(at=AT + 2 * MINUTE)
        row.refresh_from_db()
        assert row.state == "cancelled"

    @pytest.mark.parametrize("status", ["RUNNING", "FAILED", "SUCCESSFUL"])
    def test_a_message_lost_between_worker_and_job_is_sent_again(self, kinds, status):
        job("test:work")(finish)
        row = queue()
        DBTaskResult.objects.update(status=status, started_at=AT)
        assert tick(at=AT + MINUTE).redelivered == 1
        assert tick(at=AT + MINUTE).redelivered == 0
        row.refresh_from_db()
        assert DBTaskResult.objects.get(pk=row.delivery).status == "READY"

    def test_a_message_just_picked_up_is_left_alone(self, kinds):
        job("test:work")(finish)
        queue()
        DBTaskResult.objects.update(status="RUNNING", started_at=AT)
        assert tick(at=AT + timedelta(seconds=10)).redelivered == 0

    def test_a_job_that_waits_its_time_needs_no_message_yet(self, kinds):
        job("test:work")(finish)
        queue(run_after=AT + MINUTE)
        DBTaskResult.objects.all().delete()
        assert tick(at=AT).redelivered == 0
        assert tick(at=AT + MINUTE).redelivered == 1


def test_old_records_are_deleted_and_young_or_open_ones_kept(kinds):
    job("jobs:prune")(prune)
    job("test:work")(finish)
    old, young, still_open = queue(), queue(), queue(run_after=AT + 999 * MINUTE)
    for row, days in ((old, 91), (young, 89)):
        Job.objects.filter(pk=row.pk).update(
            state="done", finished_at=AT - timedelta(days=days)
        )
    DBTaskResult.objects.filter(pk=old.delivery).update(
        status="SUCCESSFUL", finished_at=AT - timedelta(days=8)
    )
    actions.enqueue("jobs:prune", arguments={}, by=None, at=AT)
    with clock.set_to(AT):
        run_pending()
    assert not Job.objects.filter(pk=old.pk).exists()
    assert Job.objects.filter(pk__in=[young.pk, still_open.pk]).count() == 2
    pruned = Job.objects.get(kind="jobs:prune")
    assert pruned.result == {"jobs": 1, "messages": 1}
