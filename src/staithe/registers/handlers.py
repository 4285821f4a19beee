"""A register that grew is indexed: a little at once, a lot by a job."""

from __future__ import annotations

from typing import Any

from staithe.jobs.actions import enqueue
from staithe.ledger.actions import on
from staithe.ledger.models import Event
from staithe.registers import indexing
from staithe.registers.models import Register


@on("registers:register:loaded")
@on("registers:entry:appended")
def index_register(event: Event, body: dict[str, Any]) -> None:
    """Bring the index up to the log, or leave it to a job."""
    register = Register.objects.get(name=body["register"])
    if register.size - register.indexed_size > indexing.AT_ONCE:
        enqueue(
            "registers:index",
            arguments={"name": register.name},
            by=None,
            at=event.at,
            subject=register.ledger_id,
        )
        return
    while indexing.index_some(register):
        pass
