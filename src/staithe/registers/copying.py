"""A copy of a register that keeps itself up to date and believes nothing unproved.

`pull` takes only what is new, proves that the log only grew since the copy's last
checkpoint, computes the signed roots anew from what it received, and only then puts
the new version in the place of the old in one step: a reader sees one or the other.
"""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from staithe.base.errors import BadInput, Conflict, Damaged, NotFound, UserError
from staithe.ledger import checkpoint, tree
from staithe.ledger.checkpoint import TreeHead, VerifierKey, read_verifier_key
from staithe.ledger.tree import BadProof
from staithe.registers import fetching, rsf, verify
from staithe.registers.entry import Scope
from staithe.registers.item import as_text
from staithe.registers.loading import TREES, Empty, Loading
from staithe.registers.register import Register
from staithe.registers.sources import Source, source_of
from staithe.registers.verify import METADATA, TRIES
from staithe.ui.cells import safe_cell


RSF = "register.rsf"
KEY = "key"
CURRENT = "current"
VERSIONS = "versions"
NOTES = {"": "checkpoint", METADATA: "metadata-checkpoint"}
KEPT = 2  # versions: the one in use, and the one that a reader may have open

_NOBODY_GREW = "The register kept growing while it was copied. Try again."


@dataclass(frozen=True)
class Pulled:
    """What a pull did: the sizes of both logs before and after."""

    name: str
    before: int
    size: int
    metadata_before: int
    metadata_size: int
    root: str
    key: str
    pinned: bool

    @property
    def changed(self) -> bool:
        """Tell whether there was anything new."""
        return (self.before, self.metadata_before) != (self.size, self.metadata_size)


@dataclass
class _Copy:
    """A copy as it is on disk: its register and the heads that were signed for it."""

    register: Register
    heads: dict[str, TreeHead]
    data: bytes


def pull(place: str, folder: Path, *, keys: Sequence[VerifierKey] = ()) -> Pulled:
    """Bring the copy in a folder up to date; refuse what is not proved.

    BadProof for a fork or a rollback, BadCheckpoint for a bad signature, Damaged where
    the copy itself was changed. The key is the one given, or the one that the first
    pull found: later pulls accept no other.
    """
    source = source_of(place)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        trusted = list(keys) or _pinned(folder) or verify.published_keys(source)
        old = _read(folder, keys=trusted)
        for attempt in range(TRIES):
            try:
                return _pull(source, folder, old, trusted, pinned=bool(keys))
            except Conflict:
                if attempt + 1 == TRIES:
                    raise
    raise AssertionError("unreachable")


def open_copy(folder: Path | str, *, keys: Sequence[VerifierKey] = ()) -> Register:
    """Return the register that a folder holds, having verified it; offline."""
    path = Path(folder)
    found = _read(path, keys=list(keys) or _pinned(path))
    if found is None:
        raise NotFound(f"{path} holds no copy of a register.")
    return found.register


def _pull(
    source: Source,
    folder: Path,
    old: _Copy | None,
    keys: list[VerifierKey],
    *,
    pinned: bool,
) -> Pulled:
    notes = {where: source.text(f"{where}checkpoint") for where in NOTES}
    heads = {where: _open(note, where, keys) for where, note in notes.items()}
    before = old.heads if old else _nothing(heads)
    for where, head in heads.items():
        _check_forward(before[where], head)
    name = heads[""].origin.rpartition("/")[2]
    if old is None or heads != before:
        _store(folder, _taken(source, old, heads), notes)
    elif _changed_file(folder, old.register):
        _store(folder, old.register, notes)  # the log is whole: write what follows
    if not (folder / KEY).exists():
        _write(folder / KEY, "".join(f"{key}\n" for key in keys).encode())
    return Pulled(
        name=name,
        before=before[""].size,
        size=heads[""].size,
        metadata_before=before[METADATA].size,
        metadata_size=heads[METADATA].size,
        root=heads[""].root.hex(),
        key=str(keys[0]),
        pinned=pinned,
    )


def _open(note: str, where: str, keys: Sequence[VerifierKey]) -> TreeHead:
    known = [verify.key_of(key, where) for key in keys]
    return checkpoint.open_checkpoint(note, keys=known)


def _nothing(heads: dict[str, TreeHead]) -> dict[str, TreeHead]:
    return {
        where: TreeHead(head.origin, 0, tree.EMPTY_ROOT)
        for where, head in heads.items()
    }


def _check_forward(old: TreeHead, new: TreeHead) -> None:
    if new.origin != old.origin:
        raise BadProof(f"This is {new.origin}; the copy is of {old.origin}.")
    if new.size < old.size:
        raise BadProof(
            f"{new.origin} was rolled back: it has {new.size} entries and the copy "
            f"{old.size}."
        )
    if new.size == old.size and new.root != old.root:
        raise BadProof(f"{new.origin} forked: {new.size} entries with another root.")


def _taken(source: Source, old: _Copy | None, heads: dict[str, TreeHead]) -> Register:
    """Return the register as it now is, taking no more than is new where that can be."""
    before = old.heads if old else _nothing(heads)
    fetching.check_growth(source, before[""], heads[""])
    name = heads[""].origin.rpartition("/")[2]
    problem: UserError | None = None
    for data in fetching.downloads(source, old.data if old else b"", before, heads):
        try:
            found = _verified(data, heads, name)
            _check_begins_as(before, found)
        except Conflict:
            raise
        except UserError as error:
            problem = error  # of the whole, where the part did not fit
        else:
            return found
    assert problem is not None
    raise problem


def _check_begins_as(before: dict[str, TreeHead], register: Register) -> None:
    """Refuse a register of which the copy is not the beginning, in both logs."""
    for where, scope in (("", Scope.USER), (METADATA, Scope.SYSTEM)):
        head = before[where]
        if register.root(size=head.size, scope=scope) != head.root:
            raise BadProof(
                f"{head.origin} forked: its first {head.size} entries are not the copy's."
            )


def _verified(data: bytes, heads: dict[str, TreeHead], name: str) -> Register:
    """Return the register that the lines make, if they lead to the signed heads."""
    register = Register(name)
    loading = Loading(Empty(name), history=True)
    for batch in loading.apply(rsf.read(rsf.lines_of([data]))):
        register.take(batch)
    for where, scope, which in (
        ("", Scope.USER, TREES.user),
        (METADATA, Scope.SYSTEM, TREES.system),
    ):
        head = heads[where]
        if loading.sizes[scope] > head.size:
            raise Conflict(_NOBODY_GREW, code="grew")
        if (loading.sizes[scope], loading.root(which)) != (head.size, head.root):
            raise BadProof(
                f"{head.origin} forked: what it sent is not the log that it signs."
            )
    register.warnings = loading.warnings
    return register


# ---------------------------------------------------------------- on disk


def _pinned(folder: Path) -> list[VerifierKey]:
    try:
        lines = (folder / KEY).read_text("ascii").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise Damaged(f"{folder / KEY} is not a verifier key.") from error
    return [read_verifier_key(line) for line in lines]


def _read(folder: Path, *, keys: Sequence[VerifierKey]) -> _Copy | None:
    """Return the copy in use, having verified every line of it; Damaged."""
    place = folder / CURRENT
    if not place.exists():
        return None
    try:
        notes = {where: (place / name).read_text() for where, name in NOTES.items()}
        heads = {where: _open(note, where, keys) for where, note in notes.items()}
        data = (place / RSF).read_bytes()
        register = _verified(data, heads, heads[""].origin.rpartition("/")[2])
    except UserError as error:
        raise Damaged(f"The copy in {folder} was changed: {error.message}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Damaged(f"The copy in {folder} is not whole: {error}.") from error
    return _Copy(register, heads, data)


def _store(folder: Path, register: Register, notes: dict[str, str]) -> None:
    """Write a version beside the one in use and then point to it, in one step."""
    versions = folder / VERSIONS
    versions.mkdir(exist_ok=True)
    version = versions / f"{register.size}-{secrets.token_hex(4)}"
    version.mkdir()
    try:
        # As the register itself writes it, so that its next download goes on from here.
        _write(version / RSF, b"".join(map(rsf.write, register.commands())))
        for where, note in notes.items():
            _write(version / NOTES[where], note.encode())
        for name, data in _record_files(register).items():
            _write(version / name, data)
        draft = folder / f".{CURRENT}.{secrets.token_hex(4)}"
        draft.symlink_to(version.relative_to(folder), target_is_directory=True)
        draft.replace(folder / CURRENT)
    except OSError as error:
        shutil.rmtree(version, ignore_errors=True)
        raise BadInput(f"Cannot write the copy: {error.strerror}.") from error
    _sync(folder)
    _forget_old(versions, version)


def _record_files(register: Register) -> dict[str, bytes]:
    """Return the records as people and programs use them: what `verify` rebuilds.

    JSON is exact; the CSV is for spreadsheets, so it holds nothing that they run.
    """
    records = {k: register.item_of(e) for k, e in register.records().items()}
    text = json.dumps(records, ensure_ascii=False, indent=1)
    schema = register.schema
    names = (
        list(schema.fields)
        if schema
        else sorted({n for r in records.values() for n in r})
    )
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(names)
    for values in records.values():
        writer.writerow([safe_cell(as_text(values, name)) for name in names])
    written = {"records.json": text, "records.csv": table.getvalue()}
    return {name: each.encode() for name, each in written.items()}


def _changed_file(folder: Path, register: Register) -> str:
    """Return which file of records is not what the log says; empty where none is."""
    for name, data in _record_files(register).items():
        path = folder / CURRENT / name
        if not path.is_file() or path.read_bytes() != data:
            return name
    return ""


def _forget_old(versions: Path, current: Path) -> None:
    others = [path for path in versions.iterdir() if path != current]
    others.sort(key=lambda path: path.stat().st_mtime)
    for path in others[: 1 - KEPT or None]:
        shutil.rmtree(path, ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one pull at a time change a folder; Conflict."""
    import fcntl

    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict(f"Another pull into {folder} is under way.") from error
        yield


def verify_copy(folder: Path, *, keys: Sequence[VerifierKey] = ()) -> verify.Report:
    """Verify a copy offline; Damaged, BadCheckpoint."""
    trusted = list(keys) or _pinned(folder)
    found = _read(folder, keys=trusted)
    if found is None:
        raise NotFound(f"{folder} holds no copy of a register.")
    register, heads = found.register, found.heads
    if name := _changed_file(folder, register):
        raise Damaged(
            f"{folder / CURRENT / name} was changed: it is not what the log says. "
            "Pull again to write it anew."
        )
    return verify.Report(
        kind="copy",
        size=register.size,
        root=heads[""].root.hex(),
        metadata_size=heads[METADATA].size,
        metadata_root=heads[METADATA].root.hex(),
        records=len(register.records()),
        signed_by=str(trusted[0]),
        warnings=() if keys else (verify.UNPINNED,),
    )


def is_copy(place: str) -> bool:
    """Tell whether a path is a folder that `pull` keeps."""
    return (Path(place) / CURRENT / RSF).is_file()
