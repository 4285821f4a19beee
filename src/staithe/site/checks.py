"""What `staithe doctor` looks at before a person has to."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TypedDict

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from staithe.base.clock import now
from staithe.base.errors import UserError
from staithe.ledger.queries import latest_checkpoint
from staithe.tables.snapshot import list_snapshots
from staithe.tables.store import open_store


LOW_DISK_BYTES = 1024**3


class CheckResult(TypedDict):
    """One line of the doctor's report."""

    name: str
    ok: bool
    detail: str


def run_checks() -> list[CheckResult]:
    """Run every check; a check that fails says why instead of raising."""
    return [_run(name, check) for name, check in CHECKS.items()]


def _run(name: str, check: Callable[[], str]) -> CheckResult:
    try:
        return {"name": name, "ok": True, "detail": check()}
    except (UserError, OSError) as error:
        return {"name": name, "ok": False, "detail": str(error)}


def _check_database() -> str:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        raise UserError(f"{len(waiting)} migrations wait: run `staithe serve` once")
    return f"{connection.vendor}, schema is current"


def _check_disk() -> str:
    free = shutil.disk_usage(settings.HOME).free
    if free < LOW_DISK_BYTES:
        raise UserError(f"only {free // 1024**2} MB free under {settings.HOME}")
    return f"{free // 1024**3} GB free under {settings.HOME}"


def _check_keys() -> str:
    folder = settings.HOME / "keys"
    loose = [p.name for p in folder.rglob("*.key") if p.stat().st_mode & 0o077]
    if loose:
        raise UserError(f"readable by others: {', '.join(loose)}; run chmod 600")
    return "private keys are readable by the service only"


def _check_ledger() -> str:
    checkpoint = latest_checkpoint(at=now())
    return f"{checkpoint.size} events, checkpoint signed and consistent"


def _check_storage() -> str:
    names = list_snapshots(store=open_store(settings.STORAGE_URL))
    return f"{len(names)} snapshots at {settings.STORAGE_URL}"


CHECKS: dict[str, Callable[[], str]] = {
    "database": _check_database,
    "disk": _check_disk,
    "keys": _check_keys,
    "ledger": _check_ledger,
    "storage": _check_storage,
}
