"""What a copy takes from where a register is published: a service, or plain files.

A service proves growth and sends just what is new. Plain files prove it by their tiles,
and the download, which only grows at its end, is read from where the copy ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from staithe.base.errors import NotFound
from staithe.ledger import mirror, tiles, tree
from staithe.ledger.checkpoint import TreeHead
from staithe.ledger.tree import BadProof
from staithe.registers import item
from staithe.registers.sources import Source
from staithe.registers.verify import METADATA


DOWNLOAD = "v1/download-rsf"


def check_growth(source: Source, old: TreeHead, new: TreeHead) -> None:
    """Check the proof that a log only grew, before taking anything; BadProof."""
    if not 0 < old.size < new.size:
        return
    tree.check_consistency(
        old=old.size,
        new=new.size,
        proof=_consistency(source, old.size, new.size),
        old_root=old.root,
        new_root=new.root,
    )


def _consistency(source: Source, old: int, new: int) -> list[bytes]:
    path = f"v1/proof/consistency/{old}/{new}/merkle:sha-256"
    try:
        nodes = json.loads(source.text(path))["merkle-consistency-nodes"]
        return [item.read_hash(node) for node in nodes]
    except NotFound:
        fetch = source.fetch
        read = tiles.reader(lambda tile: mirror.read_tile(fetch, tile), size=new)
        return tree.consistency(old, new, read)
    except (ValueError, KeyError, TypeError) as error:
        raise BadProof("The consistency proof is not well formed.") from error


def downloads(
    source: Source,
    held: bytes,
    before: Mapping[str, TreeHead],
    heads: Mapping[str, TreeHead],
) -> Iterator[bytes]:
    """Yield what the whole register may be, the cheapest to fetch first.

    None of it is believed: the caller takes the first that leads to the signed heads.
    """
    first, last = before[""].size, heads[""].size
    part = f"{DOWNLOAD}/{first}/{last}?metadata={before[METADATA].size}"
    try:
        yield held + b"".join(source.stream(part))
    except NotFound:
        kept = _without_last_line(held)
        if kept:
            yield kept + b"".join(source.stream(DOWNLOAD, start=len(kept)))
        yield b"".join(source.stream(DOWNLOAD))


def _without_last_line(data: bytes) -> bytes:
    """Return a copy without its closing root: what the next download begins with."""
    return data[: data.rstrip(b"\n").rfind(b"\n") + 1]
