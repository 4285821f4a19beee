"""When a grant closes, the project's data file goes with it."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from staithe.analysis.datafile import forget_data_files
from staithe.ledger.actions import on
from staithe.ledger.models import Event


@on("exchange:grant:revoked")
@on("exchange:grant:expired")
def forget_data(event: Event, body: dict[str, Any]) -> None:
    """Delete the file; the next question builds one without the closed grant."""
    transaction.on_commit(lambda: forget_data_files(body["project"]))
