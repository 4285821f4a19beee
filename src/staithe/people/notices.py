"""Telling people: an outbox row in the transaction of what happened.

The row is the inbox entry at once; a job sends the email later. If the act rolls
back nobody was told, and if the mail server is away the inbox still says it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction

from staithe.jobs.actions import enqueue
from staithe.people.models import EmailState, Notice, Organisation, Person


if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


MAX_EMAIL_ATTEMPTS = 5


def notify(
    people: Person | Iterable[Person],
    *,
    title: str,
    body: str = "",
    link: str = "",
    at: datetime,
    organisation: Organisation | None = None,
) -> list[Notice]:
    """Tell people something, inside the action that did it; `link` is a path.

    Writes no event of its own: the action's event says what happened. Sent to each
    active person once, however often they are named.
    """
    told = (
        {people.pk: people} if isinstance(people, Person) else {p.pk: p for p in people}
    )
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("notify() belongs inside the action that it tells about")
    notices = [
        Notice.objects.create(
            person=person,
            organisation=organisation,
            at=at,
            title=_one_line(title),
            body=body,
            link=link,
            email_state=EmailState.QUEUED,
        )
        for person in told.values()
        if person.is_active
    ]
    if notices:
        references = [notice.reference for notice in notices]
        enqueue("people:email", arguments={"notices": references}, by=None, at=at)
    return notices


def find_unsent(references: list[str]) -> list[Notice]:
    """Return the notices that still wait to be emailed."""
    waiting = Notice.objects.filter(
        reference__in=references, email_state=EmailState.QUEUED
    )
    return list(waiting.select_related("person").order_by("pk"))


def send(notice: Notice) -> None:
    """Email one notice and mark it; a mail server's refusal is left to the caller.

    A worker killed between sending and marking sends twice: told twice beats never.
    """
    Notice.objects.filter(pk=notice.pk).update(email_attempts=notice.email_attempts + 1)
    send_mail(
        subject=f"{settings.SERVICE_NAME}: {notice.title}",
        message=_text(notice),
        from_email=None,
        recipient_list=[notice.person.email],
    )
    Notice.objects.filter(pk=notice.pk).update(email_state=EmailState.SENT)


def give_up(notices: list[Notice]) -> int:
    """Mark as failed what was tried too often; return how many."""
    tried = Notice.objects.filter(
        pk__in=[notice.pk for notice in notices],
        email_state=EmailState.QUEUED,
        email_attempts__gte=MAX_EMAIL_ATTEMPTS,
    )
    return tried.update(email_state=EmailState.FAILED)


def _text(notice: Notice) -> str:
    lines = [f"Dear {notice.person.name}", "", notice.body or notice.title]
    if notice.link:
        lines += ["", f"See {settings.BASE_URL}{notice.link}"]
    lines += ["", f"{settings.SERVICE_NAME}, {settings.BASE_URL}"]
    return "\n".join(lines)


def _one_line(text: str) -> str:
    """Keep a title to one line of 200 characters: it becomes an email's subject."""
    return " ".join(text.split())[:200]
