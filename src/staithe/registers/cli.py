"""`staithe register`: load, export, verify and keep copies of registers."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from staithe.base import clock
from staithe.base.errors import AnswerIsNo, BadInput, UserError
from staithe.ledger.checkpoint import VerifierKey, read_verifier_key


if TYPE_CHECKING:
    from staithe.registers.actions import Loaded
    from staithe.registers.copying import Pulled
    from staithe.registers.receipt import Receipt
    from staithe.registers.verify import Report

SHOWN = 10  # warnings; the rest are counted


@click.group()
def register() -> None:
    """Load, export and verify registers, and keep copies of them."""


@register.command()
@click.argument("name")
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
)
@click.option("--owner", default="", help="The organisation that keeps it, by name.")
@click.option("--title", default="", help="What to call it.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def load(*, name: str, file: Path, owner: str, title: str, as_json: bool) -> None:
    """Load FILE (RSF) into the register NAME, as one transaction."""
    _start_django()
    from staithe.registers import rsf

    with file.open("rb") as source:
        lines = rsf.lines_of(iter(lambda: source.read(1 << 20), b""))
        loaded = _load(name, lines, owner=owner, title=title)
    answer = {
        "register": name,
        "entries": loaded.entries,
        "metadata_entries": loaded.metadata_entries,
        "size": loaded.register.size,
        "records": loaded.register.records,
        "root": loaded.root.hex(),
        "warnings": [w._asdict() for w in loaded.warnings],
        "broken_links": [b._asdict() for b in loaded.broken],
    }
    if as_json:
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    click.echo(
        f"Loaded {loaded.entries} entries: {name} has {loaded.register.size} entries "
        f"and {loaded.register.records} records."
    )
    click.echo(f"Root sha-256:{loaded.root.hex()}")
    told = [f"line {w.line}: {w.message}" for w in loaded.warnings]
    told += [f"{b.field} is “{b.value}”: {b.reason}" for b in loaded.broken]
    _tell_some(told)


def _load(name: str, lines: Iterable[bytes], *, owner: str, title: str) -> Loaded:
    from staithe.people.queries import find_operator, get_organisation
    from staithe.registers.actions import load_new, load_rsf
    from staithe.registers.models import Register

    now = clock.now()
    found = Register.objects.filter(name=name).first()
    if found:
        return load_rsf(register=found, lines=lines, by=None, at=now)
    keeper = get_organisation(owner) if owner else find_operator()
    return load_new(
        name=name, title=title or name, owner=keeper, lines=lines, by=None, at=now
    )


@register.command()
@click.argument(
    "files",
    nargs=-1,
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
)
@click.option("--governance", is_flag=True, help="The lists that every service has.")
def declare(*, files: tuple[Path, ...], governance: bool) -> None:
    """Make registers as YAML files declare them, or add new fields to them."""
    from staithe.registers.declaration import read_declaration, shipped

    declared = [read_declaration(path) for path in files]
    declared += shipped() if governance else []
    if not declared:
        raise BadInput("Name a file, or give --governance.")
    _start_django()
    from staithe.registers.declaring import declare_register

    for each in declared:
        made = declare_register(declared=each, by=None, at=clock.now())
        click.echo(f"{made.name}: {made.title}, at /registers/{made.name}")


def _tell_some(told: list[str]) -> None:
    for line in told[:SHOWN]:
        click.echo(f"Note: {line}", err=True)
    if len(told) > SHOWN:
        click.echo(f"Note: and {len(told) - SHOWN} more.", err=True)


@register.command()
@click.argument("name")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; NAME.rsf here unless given.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def export(*, name: str, out: Path | None, as_json: bool) -> None:
    """Write the register NAME as RSF, with its signed side file (.sig) beside it."""
    _start_django()
    from staithe.registers import export as exporting
    from staithe.registers import seal, signing
    from staithe.registers.models import Register

    found = Register.objects.filter(name=name).first()
    if found is None:
        raise BadInput(f"There is no register {name}.")
    path = out or Path(f"{name}.rsf")
    side = path.with_name(path.name + seal.SUFFIX)
    notes: list[str] = []

    def pieces() -> Iterator[bytes]:
        for piece, note in exporting.sealed(found):
            yield piece
            notes.append(note)

    _write(path, pieces())
    _write(side, iter([notes[-1].encode()]))
    key = str(signing.verifier_keys(name)[0])
    if as_json:
        answer = {"file": str(path), "side_file": str(side), "key": key}
        click.echo(json.dumps(answer | {"entries": found.size}, indent=2))
        return
    click.echo(f"Wrote {found.size} entries to {path}. Verify them with:")
    click.echo(f"  staithe register verify {path} --key '{key}'")


def _write(path: Path, pieces: Iterator[bytes]) -> None:
    """Write beside the target and put it there whole, or leave nothing."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise BadInput(f"Cannot write {path}: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            draft.unlink()


@register.command()
@click.argument("name")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--proofs", is_flag=True, help="Write the proof of each record too.")
def publish(*, name: str, folder: Path, proofs: bool) -> None:
    """Write the register NAME to FOLDER as files that any web server can serve."""
    _start_django()
    from staithe.registers import publishing
    from staithe.registers.models import Register

    found = Register.objects.filter(name=name).first()
    if found is None:
        raise BadInput(f"There is no register {name}.")
    if not found.is_public:
        raise BadInput(f"{name} is not public, so it is not published.")
    done = publishing.publish(found, folder, at=clock.now())
    files = done.files
    if proofs:
        files += publishing.write_proofs(found, folder, at=clock.now())
    click.echo(f"Wrote {files} files to {folder}: {done.size} entries.")


@register.command()
@click.argument("name")
@click.argument("key")
@click.argument("field")
@click.option("--reason-code", required=True, help="Why, in a word: request, mistake.")
def erase(*, name: str, key: str, field: str, reason_code: str) -> None:
    """Erase every value that the record KEY of NAME ever held in FIELD, for good.

    The log stays as it is and verifies; only fields declared erasable can be erased.
    """
    _start_django()
    from staithe.registers.erasure import erase_values
    from staithe.registers.models import Register

    found = Register.objects.filter(name=name).first()
    if found is None:
        raise BadInput(f"There is no register {name}.")
    count = erase_values(
        register=found,
        key=key,
        field=field,
        reason_code=reason_code,
        by=None,
        at=clock.now(),
    )
    click.echo(f"Erased {count} values of {field} from {key}.")


_KEY = click.option(
    "--key",
    "keys",
    multiple=True,
    help="A verifier key that you trust (name+id+key), or a file holding it.",
)


@register.command()
@click.argument("source")
@_KEY
@click.option("--root", default="", help="The root that its publisher states.")
@click.option("--name", default="", help="The register's name, where not the file's.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def verify(
    *, source: str, keys: tuple[str, ...], root: str, name: str, as_json: bool
) -> None:
    """Verify a file of RSF, a proof, a copy, a folder or the address of a register."""
    from staithe.registers import copying, receipt
    from staithe.registers import verify as verifying

    trusted = _read_keys(keys)
    report: Report | Receipt
    try:
        if source.endswith(receipt.SUFFIX):
            report = receipt.verify_file(Path(source), keys=trusted)
        elif copying.is_copy(source):
            report = copying.verify_copy(Path(source), keys=trusted)
        else:
            report = verifying.verify(
                source, keys=trusted, name=name, root=_read_root(root)
            )
    except UserError as error:
        answer = {"verified": False, "code": error.code, "problem": error.message}
        if as_json:
            click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        # What is not well formed fails the check too: the answer is no.
        if error.code in {"bad-line", "too-large"}:
            raise AnswerIsNo(error.message, code=error.code) from error
        raise
    if as_json:
        click.echo(json.dumps(report.to_dict(), indent=2, ensure_ascii=False))
    elif isinstance(report, receipt.Receipt):
        _tell_receipt(report)
    else:
        _tell(report)


def _tell_receipt(found: Receipt) -> None:
    click.echo(
        f"Verified: entry {found.entry_number} of {found.size} in {found.log}, "
        f"for {found.key} at {found.timestamp}."
    )
    for values in found.items:
        click.echo(json.dumps(values, ensure_ascii=False, indent=2))


def _tell(report: Report) -> None:
    click.echo(
        f"Verified: {report.size} entries, {report.records} records, "
        f"{report.metadata_size} metadata entries."
    )
    click.echo(f"Root sha-256:{report.root}")
    if report.signed_by:
        click.echo(f"Signed by {report.signed_by}")
    for warning in report.warnings[:SHOWN]:
        click.echo(f"Warning: {warning}", err=True)


@register.command()
@click.argument("url")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@_KEY
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def pull(*, url: str, folder: Path, keys: tuple[str, ...], as_json: bool) -> None:
    """Bring the verified copy of the register at URL in FOLDER up to date."""
    from staithe.registers.copying import pull as pull_copy

    done = pull_copy(url, folder, keys=_read_keys(keys))
    if as_json:
        answer: dict[str, Any] = {
            "register": done.name,
            "folder": str(folder),
            "before": done.before,
            "size": done.size,
            "metadata_before": done.metadata_before,
            "metadata_size": done.metadata_size,
            "root": done.root,
            "key": done.key,
            "changed": done.changed,
        }
        click.echo(json.dumps(answer, indent=2))
        return
    click.echo(f"{done.name}: {_news(done)}, {done.size} in all, in {folder}/current.")
    if not done.pinned and not done.before:
        click.echo(
            f"Warning: trusted the key that it came with: {done.key}. Compare it with "
            "what the owner says; later pulls accept no other.",
            err=True,
        )


def _news(done: Pulled) -> str:
    entries, told = done.size - done.before, done.metadata_size - done.metadata_before
    found = [_counted(entries)] if entries else []
    if told:
        found.append(f"{_counted(told)} about its fields or what it says of itself")
    return " and ".join(found) or "nothing new"


def _counted(entries: int) -> str:
    return f"{entries} new {'entry' if entries == 1 else 'entries'}"


def _read_root(text: str) -> bytes | None:
    from staithe.registers import item

    if not text:
        return None
    return item.read_hash(text if text.startswith(item.PREFIX) else item.PREFIX + text)


def _read_keys(keys: tuple[str, ...]) -> list[VerifierKey]:
    return [read_verifier_key(line) for key in keys for line in _key_lines(key)]


def _key_lines(key: str) -> list[str]:
    path = Path(key)
    if "+" in key or not path.is_file():
        return [key.strip()]
    try:
        return path.read_text("ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read as text.") from error


def _start_django() -> None:
    """Load the settings and bring the database to the current schema."""
    import django
    from django.apps import apps
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staithe.site.settings")
    if not apps.ready:
        django.setup()
        call_command("migrate", verbosity=0, interactive=False)
