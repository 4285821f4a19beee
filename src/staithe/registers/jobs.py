"""Background work of registers."""

from __future__ import annotations

from django.db import transaction

from staithe.jobs.context import JobContext
from staithe.jobs.registry import job
from staithe.people.queries import find_operator
from staithe.registers import (
    declaring,
    hooks,
    indexing,
    strangers,
    tidying,
    updates,
    watches,
)
from staithe.registers.models import Correction, Hook, Register


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


EVERY_MINUTE = 60
EVERY_HOUR = 3600


@job("registers:govern", label="Keep the lists that govern", every_seconds=EVERY_HOUR)
def ensure_governance(context: JobContext) -> None:
    """Make the registers of agreements, directions and needs once there is an owner."""
    with transaction.atomic():
        made = []
        if find_operator() is not None:
            made = declaring.ensure_shipped(at=context.now())
        context.finish({"made": [register.name for register in made]})


@job("registers:make", label="Make scheduled changes", every_seconds=EVERY_MINUTE)
def make_scheduled(context: JobContext) -> None:
    """Make every update whose time has come, or stop it and say why."""
    made = []
    for update in updates.due_updates(at=context.now()):
        context.progress(0, update.reference)
        done = updates.make_due(update, at=context.now())
        made.append(f"{done.reference} {done.state}")
    with transaction.atomic():
        context.finish({"updates": made})


@job("registers:watch", label="Look at watched places", every_seconds=EVERY_MINUTE)
def look_at_places(context: JobContext) -> None:
    """Look at every folder and address whose time has come."""
    looked = []
    for watch in watches.due_watches(at=context.now()):
        context.progress(0, watch.reference)
        done = watches.look(watch, at=context.now())
        looked.append(f"{done.reference}: {done.outcome}")
    with transaction.atomic():
        context.finish({"watches": looked})


@job("registers:answer", label="Tell who proposed a correction", max_attempts=5)
def answer(context: JobContext, *, reference: str) -> None:
    """Email what was decided to whoever left an address."""
    found = Correction.objects.select_related("register").get(reference=reference)
    told = strangers.answer(found)
    with transaction.atomic():
        context.finish({"told": told})


@job("registers:tidy", label="Drop what registers need no more", every_seconds=86_400)
def tidy(context: JobContext) -> None:
    """Drop lines, addresses and files that nobody will look at again."""
    with transaction.atomic():
        context.finish(tidying.tidy(at=context.now()))
