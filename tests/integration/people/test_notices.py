"""The outbox: in the act's transaction, emailed afterwards, kept where mail fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from staithe.base import clock
from staithe.jobs.models import Job
from staithe.jobs.run import run_pending
from staithe.people.models import Notice
from staithe.people.notices import notify


AT = datetime(2026, 2, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def tell(people, **changes):
    given = {"title": "A request waits", "body": "Decide it.", "link": "/requests/1"}
    with transaction.atomic():
        return notify(people, at=AT, **(given | changes))


def test_people_are_told_once_each_in_the_inbox_and_by_email(cast):
    tell([cast.analyst, cast.admin, cast.analyst])
    assert mail.outbox == []
    run_pending()
    assert sorted(m.to[0] for m in mail.outbox) == [
        "ada@example.com",
        "ben@example.com",
    ]
    assert "http://127.0.0.1:8000/requests/1" in mail.outbox[0].body
    assert set(Notice.objects.values_list("email_state", flat=True)) == {"sent"}


def test_an_act_that_rolls_back_tells_nobody(cast):
    with transaction.atomic():
        assert notify(cast.analyst, title="x", at=AT)
        transaction.set_rollback(True)
    assert not Notice.objects.exists()
    assert not Job.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_telling_outside_an_act_is_a_bug(cast):
    with pytest.raises(RuntimeError, match="inside the action"):
        notify(cast.analyst, title="x", at=AT)


def test_a_closed_account_is_not_told(cast):
    cast.analyst.is_active = False
    assert tell(cast.analyst) == []
    assert not Job.objects.exists()


def test_a_title_with_line_breaks_cannot_add_headers(cast):
    tell(cast.analyst, title="Hello\r\nBcc: evil@example.com")
    run_pending()
    assert mail.outbox[0].bcc == []
    assert "\n" not in mail.outbox[0].subject


@pytest.mark.parametrize("link", ["https://evil.example/", "//evil.example", "x"])
def test_a_link_to_another_host_cannot_be_stored(cast, link):
    with pytest.raises(IntegrityError):
        tell(cast.analyst, link=link)


def test_a_mail_server_that_is_away_is_tried_five_times_then_given_up(cast, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens
    tell(cast.analyst)
    at = AT
    for attempt in range(1, 6):
        with clock.set_to(at):
            assert run_pending() == 1
        assert Notice.objects.get().email_attempts == attempt
        at += timedelta(hours=1)
    assert Notice.objects.get().email_state == "failed"
    job = Job.objects.get()
    assert (job.state, job.result) == ("done", {"sent": 0, "failed": 1})


def test_after_a_failure_only_the_unsent_are_sent_again(cast, settings):
    tell([cast.analyst, cast.admin])
    Notice.objects.filter(person=cast.admin).update(email_state="sent")
    run_pending()
    assert [message.to for message in mail.outbox] == [["ben@example.com"]]
