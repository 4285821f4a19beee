"""Files put in place whole: a reader, or a full disk, sees the old one or the new."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from staithe.base.errors import BadInput


class Writer:
    """Writes below a folder; `files` counts what was not there as it is already."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.files = 0

    def put(self, name: str, data: bytes) -> None:
        """Write a file unless it holds just this; BadInput."""
        path = self._path(name)
        try:
            if path.stat().st_size == len(data) and path.read_bytes() == data:
                return
        except OSError:
            pass  # it is not there
        self.put_pieces(name, [data])

    def put_pieces(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a file of any size; BadInput, and what was there stays."""
        path = self._path(name)
        draft = path.with_name(f".{secrets.token_hex(6)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("xb") as file:
                file.writelines(pieces)
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise BadInput(f"Cannot write {path}: {error.strerror}.") from error
        self.files += 1

    def settle(self) -> None:
        """Bring all that was written to the disk: one wait, not one for each file."""
        if hasattr(os, "sync"):  # Windows has no such call
            os.sync()

    def _path(self, name: str) -> Path:
        path = self._folder / name
        if not path.resolve().is_relative_to(self._folder.resolve()):
            raise BadInput(f"{name} would stand outside {self._folder}.")
        return path
