"""Verify a register without Django, a database or trust in who holds it.

Takes a file of RSF (with its signed side file where there is one), a folder of static
files, or the address of a register; the error names the first bad line or the fork.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from staithe.base.errors import BadInput, Damaged, NotFound
from staithe.ledger import checkpoint, mirror, tree
from staithe.ledger.checkpoint import (
    MAX_NOTE_BYTES,
    TreeHead,
    VerifierKey,
    read_verifier_key,
)
from staithe.ledger.tree import BadProof, Frontier
from staithe.registers import item, rsf, seal
from staithe.registers.entry import Scope
from staithe.registers.loading import TREES, Batch, Empty, Loading
from staithe.registers.rsf import AppendEntry, AssertRoot, BadLine, Command
from staithe.registers.seal import Digest, Seal
from staithe.registers.sources import Source, source_of


Keys = Sequence[VerifierKey]

METADATA = "metadata/"  # where the second log is, below the first
TRIES = 3

UNSIGNED = (
    "No signed side file came with it: this shows that data entries and items are as "
    "the root lines say, not who wrote them, and metadata is not covered."
)
UNPINNED = (
    "The key came with the copy itself: this shows that the copy is whole, not who "
    "made it. Get the register's key by another way and give it as --key."
)


@dataclass(frozen=True, slots=True)
class Report:
    """What was verified; roots are hexadecimal."""

    kind: str
    size: int
    root: str
    metadata_size: int
    metadata_root: str
    records: int
    signed_by: str = ""
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON holds it."""
        return {"verified": True, **asdict(self), "warnings": list(self.warnings)}


def verify(
    source: str, *, keys: Keys = (), name: str = "", root: bytes | None = None
) -> Report:
    """Verify what stands at a path or an address; the error says what is wrong."""
    if source.startswith(("http://", "https://")):
        return verify_published(source_of(source), keys=keys, name=name)
    path = Path(source)
    if path.is_dir():
        return verify_published(source_of(source), keys=keys, name=name)
    try:
        with path.open("rb") as file:
            lines = rsf.lines_of(iter(lambda: file.read(1 << 20), b""))
            return verify_lines(
                lines,
                note=_side_file(path),
                keys=keys,
                name=name or path.stem,
                root=root,
            )
    except OSError as error:
        raise BadInput(f"Cannot read {source}: {error.strerror}.") from error


def verify_lines(
    lines: Iterator[bytes],
    *,
    note: str | None,
    keys: Keys = (),
    name: str = "",
    root: bytes | None = None,
    take: Callable[[Batch], None] = lambda _batch: None,
) -> Report:
    """Verify a whole register given as lines of RSF, and its side file's text.

    It opens with the root of nothing and closes with the root of everything, so that
    no line can be left off either end; or `root` is what its publisher states.
    """
    if keys and note is None:
        raise BadInput(
            "A key is given, but no side file (.sig) that it signed is there."
        )
    digest, roots = Digest(), _Roots()
    loading = Loading(Empty(name), history=True)
    for batch in loading.apply(roots.over(rsf.read(digest.over(lines)))):
        take(batch)
    roots.check(loading.root(), expected=root)
    warnings = [f"Line {w.line}: {w.message}" for w in loading.warnings]
    if note is None:
        return _report("rsf", loading, warnings=[UNSIGNED, *warnings])
    found = seal.open_seal(note, keys=keys)
    _check_seal(found, loading, digest.value())
    if not keys:
        warnings.insert(0, UNPINNED)
    return _report("rsf", loading, warnings=warnings, signed_by=str(found.key))


class _Roots:
    """Which root lines a file has: the first opens it, the last covers its entries."""

    def __init__(self) -> None:
        self.last_line = 0
        self._uncovered = 0  # the line of the first data entry after the last root

    def over(
        self, commands: Iterator[tuple[int, Command]]
    ) -> Iterator[tuple[int, Command]]:
        """Pass commands on; BadLine unless they open with the root of nothing."""
        for line, command in commands:
            if line == 1 and command != AssertRoot(tree.EMPTY_ROOT):
                raise BadLine(1, "a whole register opens with the empty log's root.")
            if isinstance(command, AssertRoot):
                self._uncovered = 0
            elif isinstance(command, AppendEntry) and command.scope is Scope.USER:
                self._uncovered = self._uncovered or line
            self.last_line = line
            yield line, command

    def check(self, root: bytes, *, expected: bytes | None) -> None:
        """Refuse a file whose last entries no root covers, unless one is expected."""
        if not self.last_line:
            raise BadLine(1, "the file is empty.")
        if expected is not None and root != expected:
            raise BadProof(
                f"The root is {item.hash_to_text(root)}, "
                f"not the one expected, {item.hash_to_text(expected)}."
            )
        if self._uncovered and expected is None:
            raise BadLine(
                self._uncovered,
                "no root line follows this entry, so nothing in the file covers it. "
                f"All entries together have the root {item.hash_to_text(root)}: if "
                "the publisher states the same, give it as --root.",
            )


def _check_seal(found: Seal, loading: Loading, digest: bytes) -> None:
    heads = {
        "data": (found.data, loading.sizes[Scope.USER], loading.root()),
        "metadata": (
            found.metadata,
            loading.sizes[Scope.SYSTEM],
            loading.root(TREES.system),
        ),
    }
    for what, (head, size, root) in heads.items():
        if (head.size, head.root) != (size, root):
            raise Damaged(
                f"The {what} log is not the one that was signed: {size} entries with "
                f"root {root.hex()}, signed {head.size} with root {head.root.hex()}."
            )
    if found.digest != digest:
        raise Damaged("The file is not byte for byte the one that was signed.")


def _side_file(path: Path) -> str | None:
    side = path.with_name(path.name + seal.SUFFIX)
    if not side.exists():
        return None
    try:
        with side.open("rb") as file:
            return file.read(MAX_NOTE_BYTES + 1).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{side} cannot be read as text.") from error


def _report(
    kind: str, loading: Loading, *, warnings: list[str], signed_by: str = ""
) -> Report:
    return Report(
        kind=kind,
        size=loading.sizes[Scope.USER],
        root=loading.root().hex(),
        metadata_size=loading.sizes[Scope.SYSTEM],
        metadata_root=loading.root(TREES.system).hex(),
        records=loading.records[Scope.USER],
        signed_by=signed_by,
        warnings=tuple(warnings),
    )


def verify_published(source: Source, *, keys: Keys = (), name: str = "") -> Report:
    """Verify a register as published: both logs, tile by tile, and then the download.

    The items in the download must be the ones that the entries of the logs name.
    """
    trusted = list(keys) or published_keys(source)
    logs = {where: open_log(source, where, keys=trusted) for where in ("", METADATA)}
    for where, head in logs.items():
        _check_tiles(source, where, head)
    report = _verify_download(source, keys=trusted, name=name)
    for where, size, root in (
        ("", report.size, report.root),
        (METADATA, report.metadata_size, report.metadata_root),
    ):
        head = logs[where]
        if size < head.size or (size == head.size and root != head.root.hex()):
            raise BadProof("The log forked: the download is not what the tiles hold.")
    warnings = report.warnings if keys else (UNPINNED, *report.warnings)
    return replace(report, kind="published", warnings=warnings)


def _verify_download(source: Source, *, keys: Keys, name: str) -> Report:
    """Verify the download with its seal, again where it grew between the two."""
    for attempt in range(TRIES):
        try:
            return verify_lines(
                rsf.lines_of(source.stream("v1/download-rsf")),
                note=source.text(f"v1/download-rsf{seal.SUFFIX}"),
                keys=keys,
                name=name,
            )
        except Damaged:
            if attempt + 1 == TRIES:
                raise
    raise AssertionError("unreachable")


def published_keys(source: Source) -> list[VerifierKey]:
    """Return the keys that a register publishes beside itself."""
    try:
        lines = source.text("key").splitlines()
    except NotFound as error:
        raise BadInput(f"This is not a published register: {error.message}") from error
    return [read_verifier_key(line) for line in lines]


def key_of(key: VerifierKey, where: str) -> VerifierKey:
    """Return a register's key under the name of one of its logs."""
    return VerifierKey(seal.metadata_origin(key.name), key.public) if where else key


def open_log(source: Source, where: str, *, keys: Keys) -> TreeHead:
    """Return the signed head of a log (`where` is "" or "metadata/")."""
    note = source.text(f"{where}checkpoint")
    return checkpoint.open_checkpoint(note, keys=[key_of(key, where) for key in keys])


def _check_tiles(source: Source, where: str, head: TreeHead) -> None:
    last: list[bytes] = []

    def grown(frontier: Frontier) -> None:
        if frontier.size == head.size:
            last.append(frontier.root())

    try:
        mirror.check(
            lambda path: source.fetch(where + path),
            size=head.size,
            grown=grown,
            progress=lambda _done, _total: None,
        )
    except NotFound as error:
        raise Damaged(f"The log is not whole: {error.message}") from error
    if head.size and last[-1:] != [head.root]:
        raise BadProof(f"The tiles of {head.origin} do not lead to its signed root.")
    if not head.size and head.root != tree.EMPTY_ROOT:
        raise BadProof(f"{head.origin} signs a root for nothing.")
