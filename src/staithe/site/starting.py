"""Bringing Django up for a command, and the database to the current schema."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


# Any number: every process of the service that starts asks for the same lock.
MIGRATION_LOCK = 0x57A17E


def start_django(*, migrate: bool = True) -> None:
    """Load the settings; with `migrate` also bring the database up to date."""
    import django
    from django.core.management import call_command

    from staithe.site.logs import configure_logs

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staithe.site.settings")
    configure_logs()
    django.setup()

    from staithe.site.tidying import keep_temporary_files_at_home

    keep_temporary_files_at_home()
    if migrate:
        with _alone():
            call_command("migrate", verbosity=0, interactive=False)


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process at a time change the schema: server and workers start together."""
    from django.conf import settings
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
        return
    with _locked(settings.HOME / ".migrating"):
        yield


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    import fcntl

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
