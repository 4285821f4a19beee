"""A receipt: one event, its salt and its proof, verified with nothing else at hand.

Whoever holds a receipt can show a third party what the service recorded and when,
and the service cannot deny it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from staithe.base.errors import BadInput
from staithe.ledger import proof
from staithe.ledger.checkpoint import TreeHead, VerifierKey, read_verifier_key
from staithe.ledger.entry import (
    SALT_BYTES,
    Entry,
    commitment,
    read_canonical,
    to_canonical,
)
from staithe.ledger.tree import BadProof


if TYPE_CHECKING:
    from collections.abc import Iterable

    from staithe.ledger.proof import Proof

FORMAT = "staithe-receipt@1"
MAX_BYTES = 1 << 20

_PARTS = {"format", "event", "salt", "proof", "key"}


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry with what proves it; `key` is who the receipt says signed it."""

    entry: Entry
    salt: bytes
    proof: Proof
    key: VerifierKey


def to_json(receipt: Receipt) -> str:
    """Write a receipt as canonical JSON (RFC 8785) with a line end."""
    document = {
        "format": FORMAT,
        "event": asdict(receipt.entry),
        "salt": receipt.salt.hex(),
        "proof": proof.to_text(receipt.proof),
        "key": str(receipt.key),
    }
    return to_canonical(document).decode() + "\n"


def read(text: str) -> Receipt:
    """Read a receipt strictly: BadInput when it is not one, BadProof when spoilt."""
    document = _load(text)
    if not isinstance(document["proof"], str) or not isinstance(document["key"], str):
        raise BadProof("The receipt's proof or key is of a wrong kind.")
    return Receipt(
        entry=read_entry(document["event"]),
        salt=read_hex(document["salt"], length=SALT_BYTES),
        proof=proof.read(document["proof"]),
        key=read_verifier_key(document["key"]),
    )


def check(receipt: Receipt, *, keys: Iterable[VerifierKey] = ()) -> TreeHead:
    """Return the signed head that holds the event; BadProof or BadCheckpoint.

    Without `keys` the receipt's own key is used: that proves it whole, not by whom.
    """
    if receipt.proof.index != receipt.entry.number:
        raise BadProof("The proof is of another entry than the receipt's event.")
    data = commitment(receipt.entry, salt=receipt.salt)
    return proof.check(receipt.proof, data=data, keys=tuple(keys) or [receipt.key])


def read_entry(value: Any) -> Entry:
    """Read an entry from parsed JSON: exactly its fields, of the right kinds."""
    kinds = {"number": int, "body": dict}
    names = [field.name for field in fields(Entry)]
    if not isinstance(value, dict) or sorted(value) != sorted(names):
        raise BadProof("The event lacks a part or has one too many.")
    for name in names:
        if type(value[name]) is not kinds.get(name, str):
            raise BadProof(f"The event's {name} is of a wrong kind.")
    return Entry(**value)


def read_hex(text: Any, *, length: int) -> bytes:
    """Read lower-case hex of exactly `length` bytes; BadProof."""
    try:
        value = bytes.fromhex(text)
    except (ValueError, TypeError) as error:
        raise BadProof("A hash or salt is not hexadecimal.") from error
    if len(value) != length or value.hex() != text:
        raise BadProof(f"A hash or salt is not {length} bytes of lower-case hex.")
    return value


def _load(text: str) -> dict[str, Any]:
    if len(text) > MAX_BYTES:
        raise BadInput("This file is too large to be a receipt.")
    try:
        document = read_canonical(text.removesuffix("\n"))
    except ValueError as error:
        raise BadInput("This is not a receipt as the service wrote it.") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BadInput(f"This is not a receipt: its format is not {FORMAT}.")
    if set(document) != _PARTS:
        raise BadProof("The receipt lacks a part or has one too many.")
    return document
