"""What was kept for a while is dropped: lines of old updates, addresses, files.

Values of erasable fields stand in the log as commitments only; here is what makes
sure that no other copy of them stays.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from staithe.registers.models import Correction, Line, Register, Support, Update


UNSENT_DAYS = 30
LINES_DAYS = 90
CONTACT_DAYS = 90
FILE_SECONDS = 86_400
UPLOADS = "register-uploads"


def tidy(*, at: datetime) -> dict[str, int]:
    """Drop what is too old to be of use; return how much of each."""
    unsent = Update.objects.filter(
        state=Update.State.PREPARED, made_at__lt=at - timedelta(days=UNSENT_DAYS)
    )
    lines = Line.objects.filter(update__decided_at__lt=at - timedelta(days=LINES_DAYS))
    old = at - timedelta(days=CONTACT_DAYS)
    contacts = sum(
        kind.objects.filter(made_at__lt=old)
        .exclude(contact_email="")
        .update(contact_email="")
        for kind in (Correction, Support)
    )
    return {
        "lines": lines.delete()[0],
        "unsent": unsent.delete()[0],
        "contacts": contacts,
        "files": _drop_files(at=at),
    }


def _drop_files(*, at: datetime) -> int:
    folder = Path(settings.HOME) / UPLOADS
    dropped = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        if at.timestamp() - path.stat().st_mtime > FILE_SECONDS:
            path.unlink(missing_ok=True)
            dropped += 1
    return dropped


def forget(register: Register, *, key: str, field: str) -> None:
    """Take a value out of every update and proposal that holds it.

    A line that loses it is wrong from then on: it is never made without it.
    """
    for line in Line.objects.filter(update__register=register, key=key):
        if field in line.values:
            kept = {name: v for name, v in line.values.items() if name != field}
            line.values, line.kind = kept, Line.Kind.WRONG
            line.problem = f"{field} was erased meanwhile."
            line.save(update_fields=["values", "kind", "problem"])
    for made in Correction.objects.filter(register=register, key=key):
        if field in made.changes:
            made.changes = {n: v for n, v in made.changes.items() if n != field}
            made.save(update_fields=["changes"])
