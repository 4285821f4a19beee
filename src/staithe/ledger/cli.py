"""`staithe ledger`: take the whole log away, and verify it with the network off."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from staithe.base import clock
from staithe.base.errors import AnswerIsNo, BadInput
from staithe.ledger.checkpoint import MAX_NOTE_BYTES, read_verifier_key
from staithe.ui.wording import plural


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from staithe.ledger.verify import Report


@click.group()
def ledger() -> None:
    """Export the log of everything that happened, and verify it anywhere."""


@ledger.command("export")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The file to write.",
)
@click.option(
    "--with-bodies",
    is_flag=True,
    help="Include what each event says, not only its commitment. Not for publication.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def export_log(*, out: Path, with_bodies: bool, as_json: bool) -> None:
    """Write the whole log with its signed checkpoints to one file."""
    _start_django()
    from staithe.ledger import keys, queries

    signed = queries.latest_checkpoint(at=clock.now())
    lines = queries.export_lines(signed=signed, with_bodies=with_bodies)
    with _bar("Exporting") as progress:
        _write(out, lines, counted=lambda done: progress(done, signed.size))
    key = str(keys.verifier_keys()[0])
    if as_json:
        answer = {"file": str(out), "entries": signed.size, "key": key}
        click.echo(json.dumps(answer, indent=2))
        return
    click.echo(f"Wrote {signed.size} entries to {out}. Verify them with:")
    click.echo(f"  staithe ledger verify {out} --key '{key}'")


@ledger.command()
@click.argument("source")
@click.option(
    "--key",
    "keys",
    multiple=True,
    help="A verifier key that you trust (name+id+key), or a file holding it.",
)
@click.option(
    "--checkpoint",
    "kept",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint that you kept: the log must still begin with it.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def verify(
    *, source: str, keys: tuple[str, ...], kept: tuple[Path, ...], as_json: bool
) -> None:
    """Verify an export, a receipt, a folder of tiles or the address of a log."""
    from staithe.ledger.verify import verify as verify_source

    trusted = [read_verifier_key(_key_text(key)) for key in keys]
    notes = [_read_note(path) for path in kept]
    try:
        with _bar("Verifying") as progress:
            report = verify_source(source, keys=trusted, kept=notes, progress=progress)
    except AnswerIsNo as error:
        if as_json:
            problem = {"code": error.code, "problem": error.message}
            click.echo(json.dumps({"verified": False, **problem}, indent=2))
        raise
    if as_json:
        click.echo(json.dumps(report.to_dict(), indent=2))
    else:
        _tell(report)


def _tell(report: Report) -> None:
    if report.kind == "receipt":
        what = f"event {report.number} is entry {report.number} of {report.size}"
    else:
        what = plural(report.size, "entry", "entries")
    click.echo(f"Verified: {what} of the log {report.origin}.")
    if report.kind != "receipt":
        click.echo(_content_words(report))
    heads = plural(report.checkpoints, "signed checkpoint")
    click.echo(f"Root {report.root}, {heads} met.")
    for warning in report.warnings:
        click.echo(f"Warning: {warning}", err=True)


def _content_words(report: Report) -> str:
    """Say what the file let us check: a public log holds no content."""
    if not report.size:
        return "It has no entries yet."
    if report.bodies == report.size:
        return "It holds what each entry says, and every commitment holds."
    if report.bodies:
        return f"It holds what {report.bodies:,} of them say; those commitments hold."
    return (
        "It holds commitments only: nothing was left out or changed, and what the "
        "entries say is not in it."
    )


def _key_text(key: str) -> str:
    path = Path(key)
    if "+" in key or not path.is_file():
        return key.strip()
    return _read_note(path).splitlines()[0]


def _read_note(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_NOTE_BYTES + 1).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read as text.") from error


def _start_django() -> None:
    import django
    from django.apps import apps
    from django.db import connection

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staithe.site.settings")
    if not apps.ready:
        django.setup()
    if "ledger_event" not in connection.introspection.table_names():
        raise BadInput("There is no ledger here yet: start with `staithe init`.")


def _write(out: Path, lines: Iterator[str], *, counted: Callable[[int], None]) -> None:
    """Write beside the target and put it there whole, or leave nothing."""
    draft = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("x", encoding="utf-8", newline="\n") as file:
            for done, line in enumerate(lines):
                file.write(line)
                counted(done)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(out)
    except OSError as error:
        raise BadInput(f"Cannot write {out}: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            draft.unlink()


@contextmanager
def _bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show progress on stderr where that is a terminal."""
    console = Console(stderr=True)
    columns: list[Any] = [TextColumn(title), BarColumn(), MofNCompleteColumn()]
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
