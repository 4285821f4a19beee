"""Custody of the keys that make pseudonyms: one for each project, never shared.

Two projects cannot be joined, because their keys differ. A key outlives the grants
of its project, since a later agreement continues the same pseudonyms; it is destroyed
when the project closes, and the pseudonyms then lead nowhere.
"""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from staithe.base.errors import Damaged


KEY_BYTES = 32


def ensure_project_key(
    folder: Path, reference: str, *, key: bytes | None = None
) -> bytes:
    """Return a project's key, made (or taken from `key`) on first use, file mode 0600.

    Raises Damaged where the file is not a whole key: half a key makes pseudonyms
    that anybody could make.
    """
    path = key_path(folder, reference)
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(path, key or secrets.token_bytes(KEY_BYTES))
    found = path.read_bytes()
    if len(found) != KEY_BYTES:
        raise Damaged(
            f"The key of the project {reference} is damaged: restore it from a copy."
        )
    return found


def grant_key(project_key: bytes, grant: str) -> bytes:
    """Return the key of a grant's own pseudonyms, made from its project's (32 bytes).

    `grant` is its reference. Who fetches the rows of two grants finds other
    pseudonyms in each, so that their files do not join outside.
    """
    return hmac.digest(project_key, f"staithe grant 1\0{grant}".encode(), "sha256")


def destroy_project_key(folder: Path, reference: str) -> None:
    """Forget a project's key for good."""
    key_path(folder, reference).unlink(missing_ok=True)


def key_path(folder: Path, reference: str) -> Path:
    """Return where a project's key is kept."""
    return folder / "projects" / f"{reference}.key"


def _write_once(path: Path, key: bytes) -> None:
    """Let the key appear whole; of two workers that come at once, one makes it."""
    part = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
