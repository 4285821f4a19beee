"""A register that grew is indexed: a little at once, a lot by a job."""

from __future__ import annotations

from typing import Any

from staithe.jobs.actions import enqueue
from staithe.ledger.actions import on
from staithe.ledger.models import Event
from staithe.registers import indexing
from staithe.registers.models import Hook, Register


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


@on("registers:register:loaded")
@on("registers:entry:appended")
def tell_hooks(event: Event, body: dict[str, Any]) -> None:
    """Let every address that asked for it be told."""
    for hook in Hook.objects.filter(register__name=body["register"], ended_at=None):
        enqueue(
            "registers:tell",
            arguments={"reference": hook.reference},
            by=None,
            at=event.at,
            subject=f"hook:{hook.reference}",
        )
