"""A whole log made in memory, with everything that a verifier may be given."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from staithe.ledger import checkpoint, export, receipt, tiles, tree
from staithe.ledger.checkpoint import SigningKey, TreeHead, new_signing_key
from staithe.ledger.entry import Entry, commitment, new_salt
from staithe.ledger.export import Header, Line
from staithe.ledger.proof import Proof
from staithe.ledger.receipt import Receipt
from staithe.ledger.tiles import ENTRIES, Tile


ORIGIN = "example.gov.uk/ledger"


@dataclass
class Log:
    """Events, their tree, and checkpoints at chosen sizes."""

    key: SigningKey = field(default_factory=lambda: new_signing_key(ORIGIN))
    lines: list[Line] = field(default_factory=list)
    tree: tree.MemoryTree = field(default_factory=tree.MemoryTree)
    checkpoints: dict[int, str] = field(default_factory=dict)
    signers: dict[int, SigningKey] = field(default_factory=dict)

    def add(
        self,
        count: int = 1,
        *,
        word: str = "one",
        name: str = "sharing:request:submitted",
        subject: str = "",
    ) -> Log:
        """Append events."""
        for _ in range(count):
            number = len(self.lines)
            entry = Entry(
                number=number,
                at="2026-01-31T09:00:00Z",
                name=name,
                actor="person:P-1",
                organisation="ons",
                subject=subject or f"request:REQ-{number}",
                body={"rows": number, "word": word, "é": ["\n", None, True]},
            )
            salt = new_salt()
            data = commitment(entry, salt=salt)
            self.lines.append(Line(number, data, entry, salt))
            self.tree.append(tree.leaf_hash(data))
        return self

    def sign(self) -> Log:
        """Sign a checkpoint over what is there."""
        size = len(self.lines)
        head = TreeHead(ORIGIN, size, tree.root(size, self.tree.read))
        self.checkpoints[size] = checkpoint.sign(head, key=self.key)
        self.signers[size] = self.key
        return self

    def erase(self, number: int) -> None:
        """Forget what an event said."""
        self.lines[number] = Line(number, self.lines[number].commitment)

    def export(self) -> list[str]:
        """Return the lines of an export."""
        keys = tuple(dict.fromkeys(key.verifier for key in self.signers.values()))
        size = max(self.checkpoints)
        lines = [export.header_to_json(Header(ORIGIN, keys, size))]
        for done in range(size + 1):
            if done:
                lines.append(export.line_to_json(self.lines[done - 1]))
            if done in self.checkpoints:
                lines.append(export.signed_to_json(self.checkpoints[done]))
        return lines

    def write_export(self, path: Path) -> str:
        """Write the export and return its path."""
        path.write_text("".join(self.export()), "utf-8", newline="\n")
        return str(path)

    def write_tiles(self, folder: Path) -> str:
        """Publish the log as files up to its last checkpoint."""
        size = max(self.checkpoints)
        for tile in tiles.tiles_of(size):
            path = folder / "tile" / tile.path()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.tile(tile))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "checkpoint").write_text(self.checkpoints[size], "utf-8")
        (folder / "key").write_text(f"{self.key.verifier}\n", "utf-8")
        return str(folder)

    def tile(self, tile: Tile) -> bytes:
        """Return the bytes of a tile or bundle."""
        if tile.level == ENTRIES:
            lines = self.lines[tile.start : tile.end]
            return tiles.encode_bundle([line.commitment for line in lines])
        return b"".join(self.tree.read(*position) for position in tiles.positions(tile))

    def receipt(self, number: int) -> Receipt:
        """Return the receipt of an event under the last checkpoint."""
        size = max(self.checkpoints)
        line = self.lines[number]
        assert line.entry
        assert line.salt
        path = tree.inclusion(number, size, self.tree.read)
        proof = Proof(number, tuple(path), self.checkpoints[size])
        return receipt.Receipt(line.entry, line.salt, proof, self.key.verifier)


@pytest.fixture
def log() -> Log:
    """Return a log of 20 entries with checkpoints at 0, 7 and 20."""
    return Log().sign().add(7).sign().add(13).sign()


@pytest.fixture
def long_log() -> Log:
    """Return a log of 600 entries with checkpoints at 300 and 600."""
    return Log().add(300).sign().add(300).sign()
