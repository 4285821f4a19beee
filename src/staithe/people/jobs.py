"""Sends the emails that the outbox holds."""

from __future__ import annotations

from smtplib import SMTPException
from typing import TYPE_CHECKING

import structlog
from django.db import transaction

from staithe.jobs.registry import job
from staithe.people import notices as outbox


if TYPE_CHECKING:
    from staithe.jobs.context import JobContext

log = structlog.get_logger(__name__)


@job("people:email", label="Send emails", max_attempts=outbox.MAX_EMAIL_ATTEMPTS)
def email(context: JobContext, *, notices: list[str]) -> None:
    """Email each notice; raise the last refusal, so that the rest is tried again."""
    waiting = outbox.find_unsent(notices)
    refusal: Exception | None = None
    for done, notice in enumerate(waiting):
        context.progress(done / len(waiting))
        try:
            outbox.send(notice)
        except (SMTPException, OSError) as error:
            log.warning("email refused", notice=notice.reference, error=str(error))
            refusal = error
    given_up = outbox.give_up(waiting)
    if refusal and outbox.find_unsent(notices):
        raise refusal
    with transaction.atomic():
        context.finish({"sent": len(waiting) - given_up, "failed": given_up})
