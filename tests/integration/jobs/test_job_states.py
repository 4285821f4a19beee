"""What becomes of a job: done, refused, tried again, stopped, taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django_tasks_db.models import DBTaskResult

from staithe.base import clock
from staithe.base.errors import BadInput, Conflict, NotFound
from staithe.jobs import actions, context, queries
from staithe.jobs.context import JobContext, LeaseLost
from staithe.jobs.models import Job
from staithe.jobs.registry import job
from staithe.jobs.run import execute, run_pending
from staithe.ledger.models import Event
from staithe.people.actions import create_organisation
from staithe.people.models import Organisation


AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _still_clock():
    """Let the clock stand: leases and backoff are then exact."""
    with clock.set_to(AT):
        yield


def queue(kind="test:work", **changes) -> Job:
    given = {"arguments": {}, "by": None, "at": AT}
    return actions.enqueue(kind, **(given | changes))


def found(row: Job) -> Job:
    row.refresh_from_db()
    return row


def an_effect(name: str) -> None:
    create_organisation(name=name, kind="other", by=None, at=AT)


def good(ctx: JobContext, *, name: str = "Made") -> None:
    with transaction.atomic():
        an_effect(name)
        ctx.finish({"name": name})


class TestEnqueue:
    def test_it_is_undone_with_the_callers_transaction(self, kinds):
        job("test:work")(good)
        with transaction.atomic():
            queue()
            transaction.set_rollback(True)
        assert not Job.objects.exists()
        assert not DBTaskResult.objects.exists()

    def test_it_sends_one_message_that_names_the_job(self, kinds):
        job("test:work")(good)
        row = queue(run_after=AT + HOUR)
        message = DBTaskResult.objects.get()
        assert (message.args_kwargs["args"], message.run_after) == ([row.pk], AT + HOUR)
        assert row.delivery == message.id

    def test_an_unknown_kind_is_refused_at_once(self, kinds):
        with pytest.raises(LookupError):
            queue("test:none")
        assert not Job.objects.exists()

    def test_the_actor_is_a_ledger_id(self, kinds):
        job("test:work")(good)

        class Someone:
            ledger_id = "person:P-1"

        assert queue().actor == "service"
        assert queue(by=Someone()).actor == "person:P-1"
        assert queue(by="person:P-2").actor == "person:P-2"


class TestDone:
    def test_the_effect_the_event_and_the_state_come_together(self, kinds):
        job("test:work")(good)
        row = queue(arguments={"name": "Harbour"})
        assert run_pending() == 1
        assert found(row).state == "done"
        assert (row.result, row.progress, row.attempts) == ({"name": "Harbour"}, 1.0, 1)
        assert Organisation.objects.get().name == "Harbour"
        assert Event.objects.count() == 1
        assert run_pending() == 0

    def test_a_job_that_is_not_due_waits(self, kinds):
        job("test:work")(good)
        row = queue(run_after=AT + HOUR)
        assert run_pending() == 0
        assert not execute(row.pk)
        with clock.set_to(AT + HOUR):
            assert run_pending() == 1

    def test_delivered_twice_it_runs_once(self, kinds):
        job("test:work")(good)
        row = queue()
        assert execute(row.pk)
        assert not execute(row.pk)
        assert Organisation.objects.count() == 1

    def test_a_handler_learns_who_asked_and_about_what(self, kinds):
        seen = {}

        @job("test:work")
        def look(ctx):
            seen.update(actor=ctx.actor, subject=ctx.subject, at=ctx.now())
            with transaction.atomic():
                ctx.finish()

        queue(by="person:P-1", subject="asset:A-1")
        run_pending()
        assert seen == {"actor": "person:P-1", "subject": "asset:A-1", "at": AT}


class TestFailure:
    def test_a_bug_is_tried_again_later_and_then_given_up(self, kinds):
        @job("test:work", max_attempts=3)
        def broken(ctx):
            raise ZeroDivisionError("secret value 42")

        row, at, waits = queue(), AT, []
        for _ in range(3):
            with clock.set_to(at):
                assert run_pending() == 1
                assert run_pending() == 0
            waits.append((found(row).run_after - at).total_seconds())
            at = max(at, row.run_after)
        assert waits[:2] == [5, 20]
        assert (row.state, row.attempts) == ("failed", 3)
        assert "ZeroDivisionError" in row.error
        assert "42" not in row.error

    def test_bad_input_is_not_tried_again_and_its_sentence_is_kept(self, kinds):
        @job("test:work")
        def refuse(ctx):
            raise BadInput("Line 3 has 5 columns, not 4.")

        row = queue()
        run_pending()
        assert (found(row).state, row.attempts) == ("failed", 1)
        assert row.error == "Line 3 has 5 columns, not 4."

    def test_an_effect_before_the_failure_is_rolled_back(self, kinds):
        @job("test:work")
        def half(ctx):
            with transaction.atomic():
                an_effect("Half")
                ctx.finish()
                raise ZeroDivisionError

        row = queue()
        run_pending()
        assert found(row).state == "queued"
        assert not Organisation.objects.exists()

    def test_an_error_after_the_effect_does_not_undo_or_repeat_it(self, kinds):
        @job("test:work")
        def late(ctx):
            good(ctx)
            raise ZeroDivisionError

        row = queue()
        run_pending()
        assert found(row).state == "done"
        with clock.set_to(AT + HOUR):
            assert run_pending() == 0

    def test_returning_without_finish_is_a_failure_and_not_repeated(self, kinds):
        job("test:work")(lambda ctx: None)
        row = queue()
        run_pending()
        assert (found(row).state, row.attempts) == ("failed", 1)
        assert "our mistake" in row.error

    def test_a_kind_that_no_room_knows_any_more_fails_in_a_sentence(self, kinds):
        job("test:work")(good)
        row = queue()
        kinds.clear()
        run_pending()
        assert found(row).state == "failed"
        assert "does not know" in row.error

    def test_who_waits_is_told_once_nobody_tries_again(self, kinds):
        told = []

        @job("test:work", max_attempts=2, given_up=lambda **what: told.append(what))
        def bad(ctx, *, name):
            raise ZeroDivisionError

        row = queue(arguments={"name": "x"})
        run_pending()
        assert (found(row).state, told) == ("queued", [])
        with clock.set_to(AT + HOUR):
            run_pending()
        assert found(row).state == "failed"
        assert told == [{"name": "x", "error": row.error, "at": AT + HOUR}]

    def test_a_fault_in_the_telling_is_undone_and_the_job_still_ends(self, kinds):
        def tell(**what):
            an_effect("Half")
            raise ZeroDivisionError

        job("test:work", given_up=tell)(lambda ctx: None)
        row = queue()
        run_pending()
        assert found(row).state == "failed"
        assert not Organisation.objects.exists()

    def test_a_person_can_have_it_tried_again(self, kinds):
        outcomes = iter([BadInput("Not yet."), None])

        @job("test:work", max_attempts=1)
        def flaky(ctx):
            if error := next(outcomes):
                raise error
            good(ctx)

        row = queue()
        run_pending()
        actions.retry(row, at=AT)
        run_pending()
        assert (found(row).state, row.error) == ("done", "")
        with pytest.raises(Conflict):
            actions.retry(row, at=AT)


@pytest.mark.django_db(transaction=True)
def test_finish_outside_a_transaction_is_a_bug(kinds):
    @job("test:work", max_attempts=1)
    def outside(ctx):
        ctx.finish()

    row = queue()
    run_pending()
    assert found(row).state == "failed"
    assert "RuntimeError" in row.error


class TestProgress:
    def test_it_is_written_and_renews_the_lease(self, kinds):
        seen = {}

        @job("test:work", lease_seconds=60)
        def work(ctx):
            with clock.set_to(AT + timedelta(seconds=50)):
                ctx.progress(0.5, "Half way")
            row = Job.objects.get()
            seen.update(queries.job_view(row).as_json(), lease=row.lease_until)
            good(ctx)

        queue()
        run_pending()
        assert (seen["percent"], seen["note"]) == (50, "Half way")
        assert seen["lease"] == AT + timedelta(seconds=110)

    def test_it_is_written_at_most_twice_a_second(self, kinds, monkeypatch):
        written = []
        renew = actions.renew
        monkeypatch.setattr(
            actions,
            "renew",
            lambda claim, **kw: written.append(kw) or renew(claim, **kw),
        )

        @job("test:work")
        def work(ctx):
            for tenth in range(20):
                with clock.set_to(AT + timedelta(seconds=tenth / 10)):
                    ctx.progress(tenth / 20)
            good(ctx)

        queue()
        run_pending()
        assert len(written) == 4

    @pytest.mark.parametrize("fraction", [-1, 2, 1e9])
    def test_nonsense_is_brought_into_range(self, kinds, fraction):
        @job("test:work")
        def work(ctx):
            ctx.progress(fraction)
            good(ctx)

        row = queue()
        run_pending()
        assert found(row).state == "done"


class TestCancel:
    def test_a_waiting_job_stops_at_once(self, kinds):
        job("test:work")(good)
        row = actions.cancel(queue(), at=AT)
        assert (row.state, row.finished_at) == ("cancelled", AT)
        assert run_pending() == 0

    def test_a_running_job_stops_at_its_next_mark(self, kinds):
        @job("test:work")
        def work(ctx):
            ctx.progress(0.1)
            actions.cancel(Job.objects.get(), at=AT)
            assert queries.job_view(Job.objects.get()).state_words == "Stopping"
            with clock.set_to(AT + HOUR):
                ctx.progress(0.2)
            good(ctx)

        row = queue()
        run_pending()
        assert found(row).state == "cancelled"
        assert not Organisation.objects.exists()

    def test_a_finished_job_cannot_be_stopped(self, kinds):
        job("test:work")(good)
        row = queue()
        run_pending()
        with pytest.raises(Conflict, match="already finished"):
            actions.cancel(row, at=AT)


class TestLease:
    def test_who_lost_the_lease_can_neither_report_nor_finish(self, kinds, monkeypatch):
        monkeypatch.setattr(context, "WRITE_EVERY_SECONDS", 0)
        job("test:work", lease_seconds=60)(good)
        row = queue()
        old = actions.claim(row.pk, at=AT)
        assert actions.reap(row.pk, at=AT + HOUR)
        new = actions.claim(row.pk, at=AT + 2 * HOUR)
        late = JobContext(old)
        with pytest.raises(LeaseLost):
            late.progress(0.5)
        with pytest.raises(LeaseLost), transaction.atomic():
            good(late, name="Twice")
        assert not Organisation.objects.exists()
        actions.fail(old, at=AT, error="late", again=True)
        assert found(row).lease_token == new.token
        good(JobContext(new), name="Once")
        assert found(row).state == "done"

    def test_a_lease_that_lasts_is_not_taken_back(self, kinds):
        job("test:work", lease_seconds=60)(good)
        row = queue()
        actions.claim(row.pk, at=AT)
        assert not actions.reap(row.pk, at=AT + timedelta(seconds=60))
        assert actions.reap(row.pk, at=AT + timedelta(seconds=61))


class TestConstraints:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"state": "running"},
            {"state": "done"},
            {"state": "odd"},
            {"progress": 1.5},
            {"attempts": 9},
            {"lease_until": AT},
            {"finished_at": AT},
        ],
    )
    def test_a_half_finished_state_cannot_be_stored(self, kinds, wrong):
        job("test:work")(good)
        row = queue()
        with pytest.raises(IntegrityError), transaction.atomic():
            Job.objects.filter(pk=row.pk).update(**wrong)


class TestQueries:
    def test_jobs_are_found_by_what_they_are_about(self, kinds):
        job("test:work", label="Do it")(good)
        first = queue(subject="asset:A-1")
        second = queue(subject="asset:A-1", at=AT + HOUR)
        queue(subject="asset:A-2")
        assert queries.jobs_about("asset:A-1", kind="test:work") == [second, first]
        assert queries.find_latest_job("asset:A-1") == second
        assert queries.get_job(first.reference) == first
        assert queries.job_view(first).label == "Do it"
        with pytest.raises(NotFound):
            queries.get_job("JOB-NONE")

    def test_a_view_is_json(self, kinds):
        import json

        job("test:work")(good)
        row = queue()
        run_pending()
        view = json.loads(json.dumps(queries.job_view(found(row)).as_json()))
        assert (view["state"], view["percent"], view["is_finished"]) == (
            "done",
            100,
            True,
        )
        assert view["finished_at"] == "2026-03-01T12:00:00Z"
