"""When a grant closes or data is joined again, what was made of the data goes."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from staithe.analysis.datafile import forget_data_files
from staithe.analysis.earlier import forget_answers_of
from staithe.analysis.jobs import FORGET
from staithe.jobs.actions import enqueue
from staithe.ledger.actions import on
from staithe.ledger.models import Event


@on("exchange:grant:revoked")
@on("exchange:grant:expired")
@on("exchange:join:done")
def forget_data(event: Event, body: dict[str, Any]) -> None:
    """Delete the files; the next question builds one of what is granted then."""
    project = body["project"]

    def forget() -> None:
        forget_data_files(project)

    # At once, and again by a job if this process dies before that.
    transaction.on_commit(forget, robust=True)
    enqueue(FORGET, arguments={"project": project}, by=event.actor, at=event.at)


@on("exchange:grant:revoked")
@on("exchange:grant:expired")
def forget_who_was_counted(event: Event, body: dict[str, Any]) -> None:
    """Delete who was counted in the answers that read the grant's table."""
    forget_answers_of(
        body["grant"], project=body["project"], by=event.actor, at=event.at
    )
