"""A folder or an address where the owner's own process puts its file, looked at by us.

What a new file changes becomes an update. A small and clean one is made at once; one
with wrong rows, or that changes more than the owner expects, waits for a person.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from staithe.base.errors import BadInput, Conflict, NotFound, UserError
from staithe.ledger.actions import action, record
from staithe.people.notices import notify
from staithe.registers import reach
from staithe.registers.comparison import (
    Compared,
    Row,
    check_mapping,
    compare,
    read_rows,
)
from staithe.registers.mending import get_schema
from staithe.registers.models import Register, Update, Watch
from staithe.registers.permissions import check_shape, keepers
from staithe.registers.policies import who
from staithe.registers.reach import Unreachable
from staithe.registers.tidying import UPLOADS
from staithe.registers.updates import OPEN, prepare_update, send_update, withdraw_update


MOST_BYTES = 64 << 20
FEWEST = 10  # lines that never wait for being many
STEADY_SECONDS = 5  # a file that is still being written is left until next time
SUFFIXES = (".csv", ".tsv", ".xlsx")
FOLDER = "register-inbox"
MAX_WATCHES = 5
MOST_MINUTES = 60 * 24 * 31
TELL_AFTER = 3  # failures, one after another


def inbox(register: Register) -> Path:
    """Return the folder in which a register's own files are looked for."""
    return Path(settings.HOME) / FOLDER / register.name


@action("registers:watch:added")
def add_watch(
    *,
    register: Register,
    place: str,
    fields: Mapping[str, str],
    is_whole: bool,
    every_minutes: int,
    by: Any,
    at: datetime,
    most_percent: int = 10,
) -> Watch:
    """Look at an address, or with none at the register's own folder, from now on."""
    register = Register.objects.select_related("owner").get(pk=register.pk)
    check_shape(by, register)
    schema = get_schema(register)
    check_mapping(schema, fields)
    if is_whole and "end-date" not in schema.fields:
        raise BadInput("Without a field end-date a record cannot end.", field="whole")
    if not 5 <= every_minutes <= MOST_MINUTES:  # noqa: PLR2004  the table says so too
        raise BadInput(
            f"Look every 5 to {MOST_MINUTES:,} minutes.", field="every_minutes"
        )
    if not 1 <= most_percent <= 100:  # noqa: PLR2004  a share
        raise BadInput("The share is from 1 to 100 per cent.", field="most_percent")
    if place:
        check_place(place)
    if Watch.objects.filter(register=register, ended_at=None).count() >= MAX_WATCHES:
        raise Conflict(f"{register.title} has {MAX_WATCHES} watched places already.")
    watch = Watch.objects.create(
        register=register,
        place=place,
        fields=dict(fields),
        is_whole=is_whole,
        every_minutes=every_minutes,
        most_percent=most_percent,
        made_by=who(by),
        made_at=at,
        due_at=at,
    )
    _record(watch, by=by, at=at)
    return watch


def check_place(place: str) -> None:
    """Refuse an address that we would not read; BadInput."""
    if len(place) > 500:  # noqa: PLR2004  the column's width
        raise BadInput("The address is longer than 500 characters.", field="place")
    if urlsplit(place).scheme not in {"http", "https"}:
        raise BadInput("The address starts with https://.", field="place")
    try:
        reach.check_address(place)
    except Unreachable as error:
        raise BadInput("The address cannot be found.", field="place") from error


@action("registers:watch:ended")
def end_watch(*, watch: Watch, by: Any, at: datetime) -> Watch:
    """Look no more."""
    watch = Watch.objects.select_related("register__owner").get(pk=watch.pk)
    check_shape(by, watch.register)
    if watch.ended_at:
        raise Conflict("This place is not watched any more.")
    watch.ended_at = at
    watch.save(update_fields=["ended_at"])
    _record(watch, by=by, at=at)
    return watch


def due_watches(*, at: datetime) -> list[Watch]:
    """Return the watches whose time has come."""
    found = Watch.objects.filter(ended_at=None, due_at__lte=at)
    return list(found.select_related("register__owner").order_by("due_at"))


def look(watch: Watch, *, at: datetime) -> Watch:
    """Read what lies there, and act on it where it is new; never raises a refusal."""
    try:
        with _fetched(watch.register, watch.place) as path:
            digest = _digest(path)
            if digest == watch.digest:
                return note_look(watch=watch, outcome="Nothing new.", by=None, at=at)
            columns, rows = read_rows(path, name=path.name)
        fields = fitted(watch.fields, columns)
        found = compare(
            watch.register,
            rows,
            fields=fields,
            whole=watch.is_whole,
            today=at.date(),
        )
        return take_file(watch=watch, found=found, digest=digest, by=None, at=at)
    except UserError as error:
        return note_look(
            watch=watch, outcome=error.message, failed=True, by=None, at=at
        )


def fitted(fields: Mapping[str, str], columns: list[str]) -> dict[str, str]:
    """Return which field each column of this file stands for; BadInput names a lost one.

    A new column is left out, as it would be by hand.
    """
    lost = [
        column for column, field in fields.items() if field and column not in columns
    ]
    if lost:
        raise BadInput(
            f"The file has no column {lost[0]}, which holds {fields[lost[0]]}."
        )
    return {column: fields.get(column, "") for column in columns}


def look_once(register: Register, place: str) -> tuple[list[str], list[Row]]:
    """Return the columns and rows of what lies at a place now; BadInput, NotFound."""
    if place:
        check_place(place)
    with _fetched(register, place) as path:
        return read_rows(path, name=path.name)


@contextmanager
def _fetched(register: Register, place: str) -> Iterator[Path]:
    folder = Path(settings.HOME) / UPLOADS
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"watch-{secrets.token_hex(8)}{_suffix(place)}"
    try:
        if place:
            _fetch(place, path)
        else:
            _copy_newest(inbox(register), path)
        yield path
    finally:
        path.unlink(missing_ok=True)


def _fetch(place: str, path: Path) -> None:
    try:
        reach.fetch(place, path, most=MOST_BYTES)
    except Unreachable as error:
        raise BadInput(f"{place} cannot be read: {error}") from error


def _suffix(place: str) -> str:
    """Return how the name ends; without, the content says what it is."""
    suffix = Path(urlsplit(place).path).suffix.lower()
    return suffix if suffix in SUFFIXES else ""


def _copy_newest(folder: Path, to: Path) -> None:
    found = [
        path
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink()
    ]
    if not found:
        raise NotFound(f"There is no file in {FOLDER}/{folder.name} yet.")
    newest = max(found, key=lambda path: (path.stat().st_mtime, path.name))
    about = newest.stat()
    if about.st_size > MOST_BYTES:
        raise BadInput(f"{newest.name} is larger than {MOST_BYTES >> 20} MB.")
    if time.time() - about.st_mtime < STEADY_SECONDS:
        raise Conflict(f"{newest.name} is still being written.")
    shutil.copyfile(newest, to)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


@action("registers:watch:looked")
def note_look(
    *, watch: Watch, outcome: str, by: Any, at: datetime, failed: bool = False
) -> Watch:
    """Note what came of a look; the keepers hear when it fails again and again."""
    _note(watch, outcome, failed=failed, at=at)
    _record(watch, by=by, at=at)
    return watch


def _note(watch: Watch, outcome: str, *, failed: bool, at: datetime) -> None:
    watch.outcome = outcome[:2000]
    watch.failures = watch.failures + 1 if failed else 0
    watch.looked_at, watch.due_at = at, at + timedelta(minutes=watch.every_minutes)
    watch.save()
    if watch.failures == TELL_AFTER:
        notify(
            keepers(watch.register),
            title=f"{watch.register.title}: the watched file cannot be used",
            body=watch.outcome,
            link=f"/registers/{watch.register.name}/watches",
            at=at,
            organisation=watch.register.owner,
        )


@action("registers:watch:taken")
def take_file(
    *, watch: Watch, found: Compared, digest: str, by: Any, at: datetime
) -> Watch:
    """Make an update of a new file: made at once, or sent to a person to look at."""
    watch.digest = digest
    actor = f"watch:{watch.reference}"
    for older in Update.objects.filter(made_by=actor, state__in=OPEN):
        withdraw_update(update=older, by=actor, at=at)
    outcome, failed = "The file changes nothing.", False
    if found.lines:
        outcome, failed = _sent(watch, found, actor=actor, at=at)
    _note(watch, outcome, failed=failed, at=at)
    _record(watch, by=by, at=at)
    return watch


def _sent(
    watch: Watch, found: Compared, *, actor: str, at: datetime
) -> tuple[str, bool]:
    """Return what came of a file that changes something, and whether it is no use."""
    update = prepare_update(
        register=watch.register,
        origin=Update.Origin.WATCH,
        title=watch.place or "The register's own folder",
        lines=found.lines,
        same=found.same,
        by=actor,
        at=at,
    )
    if found.counts()["wrong"] == len(found.lines):
        return f"Every row that changed is wrong: see {update.reference}.", True
    waits = must_wait(watch, found)
    update = send_update(update=update, ask=bool(waits), by=actor, at=at)
    return f"{waits} {update.get_state_display()}: {update.reference}.".strip(), False


def must_wait(watch: Watch, found: Compared) -> str:
    """Return why a file must be looked at by a person first; empty where it need not."""
    wrong = found.counts()["wrong"]
    if wrong:
        return f"{wrong} of its rows are wrong." if wrong > 1 else "A row is wrong."
    many = len(found.lines)
    share = 100 * many / max(watch.register.records, 1)
    if many > FEWEST and share > watch.most_percent:
        return f"It changes {many:,} records, more than {watch.most_percent}%."
    return ""


def _record(watch: Watch, *, by: Any, at: datetime) -> None:
    register = watch.register
    record(
        by=by,
        at=at,
        subject=register.ledger_id,
        organisation=register.owner.slug if register.owner else "",
        register=register.name,
        watch=watch.reference,
        failures=watch.failures,
        ended=watch.ended_at is not None,
    )
