"""The whole log as one file of JSON Lines, written and read back strictly.

First a header, then every entry in order with the checkpoints between them, each
right after the last entry that it covers; the last line is a checkpoint over all.
Every line is canonical JSON, so that no byte of the file is without meaning.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from staithe.base.errors import BadInput, Damaged
from staithe.ledger.checkpoint import VerifierKey, read_verifier_key
from staithe.ledger.entry import (
    SALT_BYTES,
    Entry,
    commitment,
    read_canonical,
    to_canonical,
)
from staithe.ledger.receipt import read_entry, read_hex
from staithe.ledger.tree import HASH_BYTES, leaf_hash


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FORMAT = "staithe-ledger@1"

_HEADER = {"format", "origin", "keys", "size"}
_BARE = {"number", "commitment", "leaf"}
_FULL = {*_BARE, "salt", "event"}


@dataclass(frozen=True, slots=True)
class Header:
    """What the file says of itself: origin, the keys that signed in it, entries."""

    origin: str
    keys: tuple[VerifierKey, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Line:
    """One entry: the leaf's data and, unless withheld or erased, what it commits to."""

    number: int
    commitment: bytes
    entry: Entry | None = None
    salt: bytes | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """One checkpoint, as it was published."""

    text: str


def header_to_json(header: Header) -> str:
    """Write the first line."""
    keys = [str(key) for key in header.keys]
    return _json(format=FORMAT, origin=header.origin, keys=keys, size=header.size)


def line_to_json(line: Line) -> str:
    """Write one entry; the leaf hash beside it tells which line was damaged."""
    bare = {
        "number": line.number,
        "commitment": line.commitment.hex(),
        "leaf": leaf_hash(line.commitment).hex(),
    }
    if line.entry is None or line.salt is None:
        return _json(**bare)
    return _json(**bare, salt=line.salt.hex(), event=asdict(line.entry))


def signed_to_json(text: str) -> str:
    """Write one checkpoint."""
    return _json(checkpoint=text)


def read_header(raw: bytes) -> Header:
    """Read the first line; BadInput when the file is not an export of a log."""
    try:
        value = _parse(raw)
    except ValueError as error:
        raise BadInput("This is not an export of a ledger.") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise BadInput(f"This is not an export of a ledger ({FORMAT}).")
    good = set(value) == _HEADER and isinstance(value["keys"], list)
    if not good or type(value["size"]) is not int or value["size"] < 0:
        raise Damaged("The first line of the export is damaged.")
    keys = tuple(read_verifier_key(str(key)) for key in value["keys"])
    return Header(str(value["origin"]), keys, value["size"])


def read_lines(raw_lines: Iterable[bytes]) -> Iterator[Line | Signed]:
    """Yield entries and checkpoints after the header; Damaged names the line.

    An entry is checked against its leaf hash and its own body here; its place in
    the tree is for the caller to check.
    """
    number = 0  # the entry expected next
    for at, raw in enumerate(raw_lines, start=2):
        try:
            value = _parse(raw)
        except ValueError as error:
            raise Damaged(f"Line {at} (entry {number}) is damaged.") from error
        if isinstance(value, dict) and set(value) == {"checkpoint"}:
            yield Signed(str(value["checkpoint"]))
            continue
        yield _read_line(value, number=number)
        number += 1


def _read_line(value: Any, *, number: int) -> Line:
    if not isinstance(value, dict) or set(value) not in (_BARE, _FULL):
        raise Damaged(f"Entry {number} lacks a part or has one too many.")
    if value["number"] != number:
        raise Damaged(f"Entry {number} is missing: {value['number']} is in its place.")
    data = read_hex(value["commitment"], length=HASH_BYTES)
    if leaf_hash(data) != read_hex(value["leaf"], length=HASH_BYTES):
        raise Damaged(f"Entry {number} was changed: its commitment is not its leaf.")
    if "event" not in value:
        return Line(number, data)
    entry, salt = read_entry(value["event"]), read_hex(value["salt"], length=SALT_BYTES)
    if entry.number != number or commitment(entry, salt=salt) != data:
        raise Damaged(f"Entry {number} was changed: its event is not its commitment.")
    return Line(number, data, entry, salt)


def leaf_of(line: Line) -> bytes:
    """Return the leaf hash of an entry."""
    return leaf_hash(line.commitment)


def _json(**members: Any) -> str:
    return to_canonical(members).decode() + "\n"


def _parse(raw: bytes) -> Any:
    if not raw.endswith(b"\n"):
        raise ValueError("the line breaks off")
    return read_canonical(raw[:-1].decode())
