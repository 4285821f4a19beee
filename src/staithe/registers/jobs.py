"""Background work of registers."""

from __future__ import annotations

from django.db import transaction

from staithe.jobs.context import JobContext
from staithe.jobs.registry import job
from staithe.registers import hooks, indexing
from staithe.registers.models import Hook, Register


@job("registers:index", label="Index a register")
def index_register(context: JobContext, *, name: str) -> None:
    """Bring a register's index up to the end of its log."""
    register = Register.objects.get(name=name)
    while indexing.index_some(register):
        register.refresh_from_db()
        context.progress(register.indexed_size / max(register.size, 1), "Indexing")
    register.refresh_from_db()
    context.finish({"indexed": register.indexed_size})


@job("registers:tell", label="Tell an address that a register grew", max_attempts=8)
def tell_hook(context: JobContext, *, reference: str) -> None:
    """Send a signed message to an address; tried again until it is taken."""
    hook = Hook.objects.select_related("register").get(reference=reference)
    if hook.ended_at is None and hook.told_size < hook.register.size:
        body = hooks.message_for(hook.register, at=context.now())
        hooks.tell(hook, body)
        with transaction.atomic():
            size = hook.register.size
            hooks.note_told(hook=hook, size=size, by=None, at=context.now())
            context.finish({"told": size})
        return
    context.finish({"told": hook.told_size})
