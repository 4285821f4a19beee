"""Where a published register is read from: an address or a folder of the same files."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from staithe.base.errors import BadInput, NotFound
from staithe.ledger import mirror


CHUNK = 1 << 20


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

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield a file of any size in pieces; NotFound, BadInput."""
        name = f"{self.place}/{path}"
        try:
            if not self.is_web:
                with Path(name.partition("?")[0]).open("rb") as file:
                    yield from iter(lambda: file.read(CHUNK), b"")
                return
            with urllib.request.urlopen(name, timeout=mirror.TIMEOUT_SECONDS) as answer:  # noqa: S310  is_web lets only http and https in
                yield from iter(lambda: answer.read(CHUNK), b"")
        except urllib.error.HTTPError as error:
            raise NotFound(f"{name} answers {error.code}.") from error
        except FileNotFoundError as error:
            raise NotFound(f"{name} is missing.") from error
        except (OSError, ValueError) as error:
            raise BadInput(f"{name} cannot be read: {error}.") from error


def source_of(place: str) -> Source:
    """Return the source at an address or folder, however it was written."""
    return Source(place.rstrip("/").removesuffix("/checkpoint"))
