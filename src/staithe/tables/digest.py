"""SHA-256 of files and of everything written through a stream."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import IO


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits, reading it in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Nowhere:
    """Takes every byte and keeps none."""

    def write(self, data: bytes) -> int:
        """Return the length of what is thrown away."""
        return len(data)

    def flush(self) -> None:
        """Do nothing: nothing is kept."""


class DigestingStream:
    """Pass writes on and digest them: the digest is of what was meant, not re-read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream: IO[bytes] | Nowhere = stream
        self._hash = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes) -> int:
        """Write all of `data`; return its length."""
        self._hash.update(data)
        self._stream.write(data)
        self.bytes += len(data)
        return len(data)

    def discard(self) -> None:
        """Write no further: what comes now is thrown away."""
        self._stream = Nowhere()

    def flush(self) -> None:
        """Flush the stream underneath."""
        self._stream.flush()

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self.bytes

    def close(self) -> None:
        """Leave the stream open: its owner closes it after an fsync."""

    @property
    def closed(self) -> bool:
        """Never closed from this side."""
        return False

    def writable(self) -> bool:
        """Say yes."""
        return True

    def readable(self) -> bool:
        """Say no."""
        return False

    def seekable(self) -> bool:
        """Say no."""
        return False

    def sha256(self) -> str:
        """Return the digest so far as 64 hexadecimal digits."""
        return self._hash.hexdigest()
