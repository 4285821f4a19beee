"""An inclusion proof as one text file: C2SP tlog-proof version 1.

It holds the place of an entry, the audit path and the signed checkpoint, so that a
verifier key and the entry are all that a reader needs, with no network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from staithe.ledger import checkpoint, tree
from staithe.ledger.tree import HASH_BYTES, BadProof


if TYPE_CHECKING:
    from collections.abc import Iterable

    from staithe.ledger.checkpoint import TreeHead, VerifierKey


HEADER = "c2sp.org/tlog-proof@v1"
MAX_PATH = 63  # the height of the tallest tree

_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Proof:
    """That a leaf stands at `index` in the log that `checkpoint` (its text) signs.

    `extra` is carried along and proves nothing.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None


def to_text(proof: Proof) -> str:
    """Write the proof file."""
    lines = [HEADER]
    if proof.extra is not None:
        lines.append(f"extra {checkpoint.to_base64(proof.extra)}")
    lines.append(f"index {proof.index}")
    lines += [checkpoint.to_base64(value) for value in proof.path]
    return "\n".join(lines) + "\n\n" + proof.checkpoint


def read(text: str) -> Proof:
    """Read a proof file strictly; BadProof."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines.pop(0) != HEADER:
        raise BadProof(f"A proof file begins with {HEADER}.")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = _bytes(lines.pop(0).removeprefix("extra "))
    match = _INDEX.fullmatch(lines.pop(0)) if lines else None
    if not match or len(lines) > MAX_PATH:
        raise BadProof("A proof file gives the index and at most 63 hashes.")
    path = tuple(_bytes(line) for line in lines)
    if any(len(value) != HASH_BYTES for value in path):
        raise BadProof("A hash in the proof is not 32 bytes.")
    return Proof(int(match[1]), path, note, extra)


def check(proof: Proof, *, data: bytes, keys: Iterable[VerifierKey]) -> TreeHead:
    """Return the signed head that holds leaf `data` at its place.

    BadCheckpoint when no given key signed it, BadProof when the leaf is not there.
    """
    head = checkpoint.open_checkpoint(proof.checkpoint, keys=keys)
    tree.check_inclusion(
        leaf=tree.leaf_hash(data),
        index=proof.index,
        size=head.size,
        proof=proof.path,
        root=head.root,
    )
    return head


def _bytes(text: str) -> bytes:
    try:
        return checkpoint.from_base64(text)
    except ValueError as error:
        raise BadProof("A line of the proof is not base64.") from error
