"""Database triggers that make the log append-only, on SQLite and on PostgreSQL.

The rule in words: nothing is deleted; an event changes only by losing its body and
salt together; a node and a checkpoint never change; the head only grows. Whoever
owns the database can drop a trigger, and then the signed checkpoints tell on them.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

REFUSAL = "the ledger is append-only"

TABLES = ("ledger_event", "ledger_node", "ledger_head", "ledger_checkpoint")

_KEPT = ("number", "at", "name", "actor", "organisation", "subject", "commitment")

# table -> the updates that are let through (SQL over OLD and NEW).
_ALLOWED = {
    "ledger_event": "{0} AND NEW.body IS NULL AND NEW.salt IS NULL",
    "ledger_node": "1 = 0",
    "ledger_head": "NEW.id = OLD.id AND NEW.size > OLD.size",
    "ledger_checkpoint": "1 = 0",
}


def _allowed(table: str) -> str:
    kept = " AND ".join(f"NEW.{name} = OLD.{name}" for name in _KEPT)
    return _ALLOWED[table].format(kept)


def _sqlite(table: str) -> list[str]:
    stop = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    return [
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {stop}",
        (
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
            f"WHEN NOT ({_allowed(table)}) {stop}"
        ),
    ]


_POSTGRES_FUNCTION = f"""
CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def _postgres(table: str) -> list[str]:
    call = "EXECUTE FUNCTION ledger_refuse()"
    return [
        (
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"FOR EACH ROW {call}"
        ),
        (
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
            f"FOR EACH ROW WHEN (NOT ({_allowed(table)})) {call}"
        ),
        (
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT {call}"
        ),
    ]


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRES_FUNCTION)
        for table in TABLES:
            make = _postgres if connection.vendor == "postgresql" else _sqlite
            for statement in make(table):
                cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers."""
    tail = " ON {0}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for table in TABLES:
            for deed in ("delete", "update", "truncate"):
                cursor.execute(
                    f"DROP TRIGGER IF EXISTS {table}_no_{deed}" + tail.format(table)
                )


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let a test database be emptied between tests; nothing else calls this."""
    remove(connection)
    try:
        yield
    finally:
        install(connection)


def migrate_forwards(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """Install the triggers as a step of a migration."""
    install(editor.connection)


def migrate_backwards(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """Remove the triggers as a step of a migration."""
    remove(editor.connection)
