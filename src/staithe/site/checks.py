"""What `staithe doctor` looks at before a person has to."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypedDict

from django.conf import settings
from django.core.checks import run_checks as run_django_checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from staithe.base.clock import now
from staithe.base.errors import AnswerIsNo, UserError
from staithe.catalogue.models import AssetVersion
from staithe.jobs.models import Job, JobState
from staithe.ledger.keys import verifier_keys
from staithe.ledger.queries import export_lines, latest_checkpoint
from staithe.ledger.verify import verify
from staithe.site.tidying import referenced_snapshots
from staithe.tables.manifest import Manifest
from staithe.tables.snapshot import open_snapshot, verify_snapshot
from staithe.tables.store import LocalStore, Store, open_store


LOW_DISK_BYTES = 1024**3
# A worker takes a job within seconds: one that waits this long has nobody to do it.
LONGEST_WAIT = timedelta(minutes=10)


class CheckResult(TypedDict):
    """One line of the doctor's report."""

    name: str
    ok: bool
    detail: str


def run_checks(*, deep: bool = False) -> list[CheckResult]:
    """Run every check; a check that fails says why instead of raising.

    `deep` digests every stored file again, which takes as long as reading them.
    """
    checks = dict(CHECKS)
    if deep:
        checks["storage"] = _check_storage_deep
    return [_run(name, check) for name, check in checks.items()]


def _run(name: str, check: Callable[[], str]) -> CheckResult:
    try:
        return {"name": name, "ok": True, "detail": check()}
    except (UserError, OSError, DatabaseError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        return {"name": name, "ok": False, "detail": first}


def _check_settings() -> str:
    if settings.DEBUG:
        raise AnswerIsNo("STAITHE_DEBUG is on: it shows the inside of the program")
    problems = [str(problem.msg) for problem in run_django_checks()]
    if problems:
        raise AnswerIsNo("; ".join(problems))
    here = settings.BASE_URL.startswith(("http://127.", "http://localhost"))
    if not settings.HTTPS and not here:
        raise AnswerIsNo(f"{settings.BASE_URL} is not https: passwords cross in clear")
    mail = settings.EMAIL_HOST or "the log, STAITHE_SMTP_HOST is not set"
    return f"{settings.BASE_URL}, mail goes to {mail}"


def _check_database() -> str:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        raise AnswerIsNo(f"{len(waiting)} migrations wait: start `staithe serve` once")
    return f"{connection.vendor}, schema is current"


def _check_disk() -> str:
    free = shutil.disk_usage(settings.HOME).free
    if free < LOW_DISK_BYTES:
        raise AnswerIsNo(f"only {free // 1024**2} MB free under {settings.HOME}")
    return f"{free // 1024**3} GB free under {settings.HOME}"


def _check_keys() -> str:
    folder = settings.HOME / "keys"
    private = [p for p in folder.rglob("*.key") if p.is_file()]
    loose = [p.name for p in private if p.stat().st_mode & 0o077]
    if loose:
        raise AnswerIsNo(f"readable by others: {', '.join(loose)}; run chmod 600")
    return f"{len(private)} private keys are readable by the service only"


def _check_ledger() -> str:
    """Verify the whole log as a stranger would, from an export."""
    signed = latest_checkpoint(at=now())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.jsonl"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(export_lines(signed=signed, with_bodies=True))
        report = verify(str(path), keys=verifier_keys())
    return f"{report.size} events: every commitment, root and signature holds"


def _check_storage() -> str:
    """Look whether every snapshot that a row names is there, whole by its sizes."""
    return _look_at_snapshots(_check_sizes)


def _check_storage_deep() -> str:
    return _look_at_snapshots(
        lambda manifest, store: verify_snapshot(manifest, store=store)
    )


def _look_at_snapshots(look: Callable[[Manifest, Store], None]) -> str:
    store = open_store(settings.STORAGE_URL)
    digests = dict(AssetVersion.objects.values_list("snapshot_id", "manifest_sha256"))
    names = sorted(referenced_snapshots())
    for name in names:
        digest = f"sha256:{digests[name]}" if name in digests else None
        look(open_snapshot(name, store=store, digest=digest), store)
    return f"{len(names)} snapshots at {store.url}"


def _check_sizes(manifest: Manifest, store: Store) -> None:
    if not isinstance(store, LocalStore):  # a bucket's files would all be fetched
        return
    for part in manifest.files:
        path = store.local_path(manifest.id, part.name)
        if not path.is_file() or path.stat().st_size != part.bytes:
            raise AnswerIsNo(f"{part.name} of {manifest.id} is missing or cut short")


def _check_jobs() -> str:
    at = now()
    late = Job.objects.filter(
        state=JobState.QUEUED, run_after__lt=at - LONGEST_WAIT
    ).count()
    if late:
        raise AnswerIsNo(f"{late} jobs are overdue: is `staithe worker` running?")
    waiting = Job.objects.filter(state=JobState.QUEUED).count()
    failed = Job.objects.filter(state=JobState.FAILED).count()
    return f"{waiting} wait, {failed} failed and are kept for 90 days"


CHECKS: dict[str, Callable[[], str]] = {
    "settings": _check_settings,
    "database": _check_database,
    "disk": _check_disk,
    "keys": _check_keys,
    "ledger": _check_ledger,
    "storage": _check_storage,
    "jobs": _check_jobs,
}
