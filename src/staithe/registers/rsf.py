"""Register Serialisation Format: a register, or what was added to it, as lines.

Reading is strict and names the line; both line ends are read, LF is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from staithe.base.errors import BadInput, TooLarge, UserError
from staithe.registers import blob, keys
from staithe.registers import item as items
from staithe.registers.entry import Entry, Scope
from staithe.registers.timestamps import read_timestamp


MEDIA_TYPE = "application/uk-gov-rsf"
MAX_LINE_BYTES = items.MAX_ITEM_BYTES + 64
MAX_ITEMS = 500  # of one entry, so that its leaf fits a tile's entry bundle


class BadLine(BadInput):
    """A line that breaks a rule of the format; `line` counts from 1."""

    code = "bad-line"

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"Line {line}: {message}")
        self.line = line


class AssertRoot(NamedTuple):
    """The data log has this 32-byte root here."""

    root: bytes


class AddItem(NamedTuple):
    """An item for entries that follow: the bytes of its canonical JSON."""

    data: bytes


class AppendEntry(NamedTuple):
    """The next entry of a scope."""

    scope: Scope
    key: str
    timestamp: str
    items: tuple[bytes, ...]


class ReadyItem(NamedTuple):
    """An item already read and hashed: what is costly about AddItem."""

    data: bytes
    hash: bytes
    blob: bytes
    values: items.Item


class ReadyEntry(NamedTuple):
    """An entry whose leaves were hashed already: what is costly about AppendEntry.

    `derived` is the leaf of the version 2 tree, or empty where it was not known.
    """

    scope: Scope
    key: str
    timestamp: str
    items: tuple[bytes, ...]
    leaf: bytes
    derived: bytes


Command = AssertRoot | AddItem | AppendEntry | ReadyItem | ReadyEntry

_SCOPES = {b"user": Scope.USER, b"system": Scope.SYSTEM}


def read_line(line: bytes) -> Command:
    """Read one line, without its line end; BadInput."""
    verb, _, rest = line.partition(b"\t")
    if verb == b"add-item" and b"\t" not in rest:
        return AddItem(rest)
    if verb == b"append-entry":
        return _read_append(rest)
    if verb == b"assert-root-hash":
        return AssertRoot(items.read_hash(_ascii(rest)))
    raise BadInput(
        "it is none of assert-root-hash, add-item, append-entry with tabs between."
    )


def _read_append(rest: bytes) -> AppendEntry:
    parts = rest.split(b"\t")
    if len(parts) != 4:  # noqa: PLR2004  scope, key, timestamp, hashes
        raise BadInput("append-entry has a scope, a key, a timestamp and item hashes.")
    scope = _SCOPES.get(parts[0])
    if scope is None:
        raise BadInput("the scope of an entry is user or system.")
    key, timestamp = _ascii(parts[1]), _ascii(parts[2])
    if scope is Scope.USER:
        keys.check_key(key)
    elif not keys.is_system_key(key):
        raise BadInput(f"“{key[:80]}” is not a key.")
    read_timestamp(timestamp)
    hashes = tuple([items.read_hash(text) for text in _ascii(parts[3]).split(";")])
    if len(hashes) > MAX_ITEMS:
        raise BadInput(f"an entry has at most {MAX_ITEMS} items.")
    if len(hashes) > 1 and len(set(hashes)) != len(hashes):
        raise BadInput("an entry names the same item twice.")
    return AppendEntry(scope, key, timestamp, hashes)


def ready(command: AddItem) -> ReadyItem:
    """Read and hash an item; BadInput."""
    values = items.read_item(command.data)
    digest = items.hash_of(command.data)
    return ReadyItem(command.data, digest, blob.blob_hash(values), values)


def _ascii(data: bytes) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError as error:
        raise BadInput("only items hold other than ASCII letters.") from error


def lines_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines without their ends from pieces of a file of any size; TooLarge."""
    number = 0
    left = b""
    for chunk in chunks:
        *whole, left = (left + chunk).split(b"\n")
        for line in whole:
            number += 1
            yield line.removesuffix(b"\r")
        if len(left) > MAX_LINE_BYTES:
            most = items.MAX_ITEM_BYTES
            raise TooLarge(f"Line {number + 1}: it is longer than {most:,} bytes.")
    if left:
        yield left.removesuffix(b"\r")


def read(lines: Iterable[bytes]) -> Iterator[tuple[int, Command]]:
    """Yield each command with the number of its line; BadLine."""
    for number, line in enumerate(lines, 1):
        try:
            yield number, read_line(line)
        except UserError as error:
            raise BadLine(number, error.message) from error


def write(command: Command) -> bytes:
    """Write a command as a line with its LF."""
    if isinstance(command, AddItem | ReadyItem):
        return b"add-item\t" + command.data + b"\n"
    if isinstance(command, AssertRoot):
        return f"assert-root-hash\t{items.hash_to_text(command.root)}\n".encode()
    hashes = ";".join(items.hash_to_text(value) for value in command.items)
    return (
        f"append-entry\t{command.scope}\t{command.key}\t{command.timestamp}\t{hashes}\n"
    ).encode()


def append_of(entry: Entry) -> AppendEntry:
    """Return the command that appends an entry."""
    return AppendEntry(entry.scope, entry.key, entry.timestamp, entry.items)
