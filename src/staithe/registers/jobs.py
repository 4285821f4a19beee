"""Background work of registers."""

from __future__ import annotations

from staithe.jobs.context import JobContext
from staithe.jobs.registry import job
from staithe.registers import indexing
from staithe.registers.models import Register


@job("registers:index", label="Index a register")
def index_register(context: JobContext, *, name: str) -> None:
    """Bring a register's index up to the end of its log."""
    register = Register.objects.get(name=name)
    while indexing.index_some(register):
        register.refresh_from_db()
        context.progress(register.indexed_size / max(register.size, 1), "Indexing")
    register.refresh_from_db()
    context.finish({"indexed": register.indexed_size})
