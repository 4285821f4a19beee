"""Where a published register is read from: an address or a folder of the same files."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from staithe.base.errors import BadInput, NotFound
from staithe.ledger import mirror


CHUNK = 1 << 20
PARTIAL = 206  # the server sent what the Range header asked for


@dataclass(frozen=True)
class Source:
    """A register's files below a prefix; small ones whole, downloads in pieces."""

    place: str

    @property
    def is_web(self) -> bool:
        """Tell whether it is an address rather than a folder."""
        return self.place.startswith(("http://", "https://"))

    @property
    def fetch(self) -> mirror.Fetch:
        """Return what reads a small file; NotFound, BadInput."""
        return (
            mirror.web(self.place) if self.is_web else mirror.folder(Path(self.place))
        )

    def text(self, path: str) -> str:
        """Return a small file as text; BadInput."""
        try:
            return self.fetch(path).decode()
        except UnicodeDecodeError as error:
            raise BadInput(f"{self.place}/{path} is not text.") from error

    def stream(self, path: str, *, start: int = 0) -> Iterator[bytes]:
        """Yield a file of any size in pieces, from a byte on; NotFound, BadInput."""
        name = f"{self.place}/{path}"
        try:
            if self.is_web:
                yield from _web(name, start)
                return
            with Path(name.partition("?")[0]).open("rb") as file:
                file.seek(start)
                yield from iter(lambda: file.read(CHUNK), b"")
        except urllib.error.HTTPError as error:
            raise NotFound(f"{name} answers {error.code}.") from error
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound(f"{name} is missing.") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise BadInput(f"{name} cannot be read: {error}.") from error


def _web(url: str, start: int) -> Iterator[bytes]:
    """Yield what is at an address; a server that knows no ranges sends all of it."""
    headers = {"Range": f"bytes={start}-"} if start else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  is_web lets only http and https in
    with urllib.request.urlopen(request, timeout=mirror.TIMEOUT_SECONDS) as answer:  # noqa: S310
        if answer.status == PARTIAL:
            start = 0
        for piece in iter(lambda: answer.read(CHUNK), b""):
            yield piece[start:]
            start = max(0, start - len(piece))


def source_of(place: str) -> Source:
    """Return the source at an address or folder, however it was written."""
    return Source(place.rstrip("/").removesuffix("/checkpoint"))
