"""One record with its proof in one file: read offline, by anyone with the log's key.

It is a C2SP tlog-proof whose `extra` line holds the leaf of the entry and then its
items. That line is not signed; it need not be, because the leaf must be the one that
the proof leads from, and the leaf names the hashes of the items.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from staithe.base.errors import BadInput, UserError
from staithe.ledger import proof
from staithe.ledger.checkpoint import VerifierKey
from staithe.ledger.proof import Proof
from staithe.ledger.tree import BadProof
from staithe.registers import item
from staithe.registers.item import Item


SUFFIX = ".tlog-proof"
MAX_BYTES = 4 << 20  # a leaf, its items in base64, a path and a checkpoint


@dataclass(frozen=True)
class Receipt:
    """What a proof file proves."""

    log: str
    key: str
    entry_number: int
    timestamp: str
    items: tuple[Item, ...]
    size: int
    root: str

    def to_dict(self) -> dict[str, Any]:
        """Return the receipt as JSON holds it."""
        return {"verified": True, "kind": "proof", **asdict(self)}


def with_entry(found: Proof, *, leaf: bytes, items: Sequence[bytes]) -> Proof:
    """Return a proof that carries the entry of which it is."""
    return Proof(found.index, found.path, found.checkpoint, b"\n".join([leaf, *items]))


def verify_file(path: Path, *, keys: Sequence[VerifierKey]) -> Receipt:
    """Verify a proof file by a log's key; BadProof, BadCheckpoint, BadInput."""
    if not keys:
        raise BadInput("Give the register's verifier key as --key: it is at …/key.")
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1).decode()
    except OSError as error:
        raise BadInput(f"Cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadProof("A proof file is text.") from error
    return verify(text, keys=keys)


def verify(text: str, *, keys: Sequence[VerifierKey]) -> Receipt:
    """Verify the text of a proof file; BadProof, BadCheckpoint."""
    found = proof.read(text)
    leaf, *items = (found.extra or b"").split(b"\n")
    head = proof.check(found, data=leaf, keys=keys)
    entry = json.loads(leaf)  # the log's own bytes, as is now proved
    hashes = [item.hash_to_text(item.hash_of(data)) for data in items]
    if hashes != entry["item-hash"]:
        raise BadProof("The record in the file is not the one that the entry names.")
    return Receipt(
        log=head.origin,
        key=entry["key"],
        entry_number=int(entry["entry-number"]),
        timestamp=entry["entry-timestamp"],
        items=tuple(_read(data) for data in items),
        size=head.size,
        root=head.root.hex(),
    )


def _read(data: bytes) -> Item:
    try:
        return item.read_item(data)
    except UserError as error:
        raise BadProof(f"The record is not well formed: {error.message}") from error
