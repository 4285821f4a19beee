"""A register that grew is indexed: a little at once, a lot by a job."""

from __future__ import annotations

from typing import Any

from staithe.jobs.actions import enqueue
from staithe.ledger.actions import on
from staithe.ledger.models import Event
from staithe.registers import corrections, indexing
from staithe.registers.models import Hook, Register, Update


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


@on("registers:update:agreed")
@on("registers:update:made")
@on("registers:update:refused")
@on("registers:update:withdrawn")
@on("registers:update:stopped")
def settle_corrections(event: Event, body: dict[str, Any]) -> None:
    """Let what was proposed follow the update that it became."""
    update = Update.objects.get(reference=body["update"])
    if update.decided_at is None:
        return
    for waiting in corrections.waiting_on(update):
        corrections.settle_correction(
            correction=waiting, update=update, by=None, at=event.at
        )
