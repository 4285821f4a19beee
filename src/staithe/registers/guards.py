"""Database triggers that make every register append-only, on SQLite and PostgreSQL.

The rule in words: nothing is deleted; an entry never changes; an item changes only by
getting its place when data first cites it; a row of a tree only grows at its end; the
counts of a register never fall. Signed checkpoints tell on whoever drops a trigger.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

REFUSAL = "a register is append-only"


def _same(*names: str) -> str:
    return " AND ".join(f"NEW.{name} = OLD.{name}" for name in names)


# table -> the updates that are let through (SQL over OLD and NEW).
_ALLOWED = {
    "registers_entry": "1 = 0",
    "registers_item": _same("register_id", "hash", "blob", "data")
    + " AND OLD.place IS NULL",
    "registers_row": _same("register_id", "tree", "level")
    + ' AND NEW."index" = OLD."index"'
    + " AND substr(NEW.hashes, 1, length(OLD.hashes)) = OLD.hashes",
    "registers_record": _same("register_id", "scope", "place")
    + ' AND NEW."key" = OLD."key" AND NEW.number > OLD.number',
    "registers_register": _same("id", "name")
    + " AND NEW.size >= OLD.size AND NEW.metadata_size >= OLD.metadata_size",
    "registers_checkpoint": "1 = 0",
}
TABLES = tuple(_ALLOWED)


def _sqlite(table: str) -> list[str]:
    stop = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    return [
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {stop}",
        (
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
            f"WHEN NOT ({_ALLOWED[table]}) {stop}"
        ),
    ]


_POSTGRES_FUNCTION = f"""
CREATE OR REPLACE FUNCTION registers_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def _postgres(table: str) -> list[str]:
    call = "FOR EACH ROW {0} EXECUTE FUNCTION registers_refuse()"
    changed = call.format(f"WHEN (NOT ({_ALLOWED[table]}))")
    return [
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {call.format('')}",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {changed}",
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
            for deed in ("delete", "update"):
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
