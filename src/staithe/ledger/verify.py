"""Verify a log or a receipt without Django, a database or trust in who wrote it.

Takes an export file, a folder of tiles, the address of a log, or a receipt. What is
proved without a pinned key is only that the copy is whole, and the report says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from staithe.base.errors import BadInput, Damaged, NotFound
from staithe.ledger import checkpoint, export, mirror, receipt
from staithe.ledger.checkpoint import BadCheckpoint, TreeHead, VerifierKey
from staithe.ledger.entry import read_canonical
from staithe.ledger.erasures import Erasures
from staithe.ledger.export import Header, Line
from staithe.ledger.tree import BadProof, Frontier


Progress = Callable[[int, int], None]
Keys = Sequence[VerifierKey]

MAX_LINE_BYTES = 16 << 20

UNPINNED = (
    "The key came with the copy itself: this shows that the copy is whole, not who "
    "made it. Get the log's key from its operator by another way and give it as --key."
)


@dataclass(frozen=True, slots=True)
class Report:
    """What was verified; `root` is hexadecimal, `number` is a receipt's entry."""

    kind: str
    origin: str
    size: int
    root: str
    checkpoints: int = 1
    bodies: int = 0
    number: int | None = None
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON holds it."""
        return {"verified": True, **asdict(self), "warnings": list(self.warnings)}


def verify(
    source: str,
    *,
    keys: Keys = (),
    kept: Sequence[str] = (),
    progress: Progress = lambda _done, _total: None,
) -> Report:
    """Verify what stands at a path or an address and report what that proves.

    `keys` are pinned verifier keys; `kept` are the texts of checkpoints seen before,
    which the log must still begin with. Raises Damaged, BadProof or BadCheckpoint
    naming the first bad entry or the fork; BadInput when there is nothing to verify.
    """
    if source.startswith(("http://", "https://")):
        prefix = source.rstrip("/").removesuffix("/checkpoint")
        return _verify_mirror(mirror.web(prefix), keys, kept, progress)
    path = Path(source)
    try:
        if path.is_dir():
            return _verify_mirror(mirror.folder(path), keys, kept, progress)
        with path.open("rb") as file:
            return _verify_file(file, keys, kept, progress)
    except OSError as error:
        raise BadInput(f"Cannot read {source}: {error.strerror}.") from error


def _verify_file(
    file: IO[bytes], keys: Keys, kept: Sequence[str], progress: Progress
) -> Report:
    first = _read_line(file)
    if _is_receipt(first):
        if kept:
            raise BadInput("A receipt is not compared with a kept checkpoint.")
        return _verify_receipt(first + _read_line(file), keys)
    header = export.read_header(first)
    heads = _kept_heads(kept, keys=keys or header.keys, size=header.size)
    check = _ExportCheck(header, keys, heads)
    for item in export.read_lines(iter(lambda: _read_line(file), b"")):
        if isinstance(item, Line):
            check.add_entry(item)
        else:
            check.add_checkpoint(item.text)
        if check.frontier.size % 256 == 0:
            progress(check.frontier.size, header.size)
    check.check_end()
    progress(header.size, header.size)
    return check.report()


def _read_line(file: IO[bytes]) -> bytes:
    line = file.readline(MAX_LINE_BYTES + 1)
    if len(line) > MAX_LINE_BYTES:
        raise BadInput("This is not an export of a ledger: a line is too long.")
    return line


def _is_receipt(raw: bytes) -> bool:
    try:
        value = read_canonical(raw.decode().removesuffix("\n"))
    except ValueError:
        return False
    return isinstance(value, dict) and value.get("format") == receipt.FORMAT


def _verify_receipt(raw: bytes, keys: Keys) -> Report:
    found = receipt.read(raw.decode())
    head = receipt.check(found, keys=keys)
    return _report("receipt", head, pinned=keys, bodies=1, number=found.entry.number)


@dataclass(slots=True)
class _Heads:
    """Signed heads that the entries must lead to, by size."""

    by_size: dict[int, TreeHead] = field(default_factory=dict)
    met: int = 0  # the size of the last head that they led to

    def add(self, head: TreeHead) -> None:
        other = self.by_size.setdefault(head.size, head)
        if other.root != head.root:
            raise BadProof(
                f"The log forked: two signed checkpoints of {head.size} entries differ."
            )

    def meet(self, frontier: Frontier) -> None:
        head = self.by_size.get(frontier.size)
        if head is None:
            return
        if head.root != frontier.root():
            raise BadProof(
                f"The log is not the one that the checkpoint of {head.size} entries "
                f"signs: an entry from {self.met} to {max(head.size - 1, 0)} was "
                "changed, or the log forked there."
            )
        self.met = head.size


def _kept_heads(kept: Sequence[str], *, keys: Keys, size: int) -> _Heads:
    heads = _Heads()
    for text in kept:
        head = checkpoint.open_checkpoint(text, keys=keys)
        if head.size > size:
            raise BadProof(
                f"The checkpoint that you kept is of {head.size} entries and here are "
                f"{size}: entries are gone, or this is an older copy."
            )
        heads.add(head)
    return heads


@dataclass(slots=True)
class _ExportCheck:
    """An export read so far."""

    header: Header
    pinned: Keys
    heads: _Heads
    frontier: Frontier = field(default_factory=Frontier)
    signers: set[VerifierKey] = field(default_factory=set)
    last: TreeHead | None = None
    last_signer: VerifierKey | None = None
    checkpoints: int = 0
    erasures: Erasures = field(default_factory=Erasures)

    def add_entry(self, line: Line) -> None:
        self.heads.meet(self.frontier)
        self.frontier.append(export.leaf_of(line))
        self.erasures.add(line)

    def add_checkpoint(self, text: str) -> None:
        known = {*self.header.keys, *self.pinned}
        self.last = checkpoint.open_checkpoint(text, keys=known)
        _, self.last_signer = checkpoint.open_note(text, keys=known)
        if (self.last.origin, self.last.size) != (
            self.header.origin,
            self.frontier.size,
        ):
            raise Damaged(f"A checkpoint after {self.frontier.size} entries is amiss.")
        self.heads.add(self.last)
        self.signers.add(self.last_signer)
        self.checkpoints += 1
        self.heads.meet(self.frontier)

    def check_end(self) -> None:
        size = self.frontier.size
        if self.last is None or not self.last.size == size == self.header.size:
            raise Damaged(
                f"The export breaks off after {size} of {self.header.size} entries."
            )
        if not self.signers.issuperset(self.header.keys):
            raise BadCheckpoint("The export lists a key that signed nothing in it.")
        if self.pinned and self.last_signer not in self.pinned:
            raise BadCheckpoint("The last checkpoint is not signed by the key given.")
        self.erasures.check_end()

    def report(self) -> Report:
        assert self.last is not None
        return _report(
            "export",
            self.last,
            pinned=self.pinned,
            checkpoints=self.checkpoints,
            bodies=self.erasures.bodies,
        )


def _verify_mirror(
    fetch: mirror.Fetch, pinned: Keys, kept: Sequence[str], progress: Progress
) -> Report:
    try:
        note = fetch("checkpoint").decode()
        keys = pinned or _published_keys(fetch)
    except NotFound as error:
        raise BadInput(f"This is not a published log: {error.message}") from error
    except UnicodeDecodeError as error:
        raise BadCheckpoint("The checkpoint is not UTF-8.") from error
    head = checkpoint.open_checkpoint(note, keys=keys)
    heads = _kept_heads(kept, keys=keys, size=head.size)
    heads.add(head)
    try:
        mirror.check(fetch, size=head.size, grown=heads.meet, progress=progress)
    except NotFound as error:
        raise Damaged(f"The log is not whole: {error.message}") from error
    return _report("tiles", head, pinned=pinned)


def _published_keys(fetch: mirror.Fetch) -> list[VerifierKey]:
    lines = fetch("key").decode().splitlines()
    return [checkpoint.read_verifier_key(line) for line in lines]


def _report(kind: str, head: TreeHead, *, pinned: Keys, **counts: int) -> Report:
    return Report(
        kind=kind,
        origin=head.origin,
        size=head.size,
        root=head.root.hex(),
        warnings=() if pinned else (UNPINNED,),
        **counts,
    )
