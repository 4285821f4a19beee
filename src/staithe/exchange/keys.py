"""Custody of the keys that make pseudonyms: one for each project, never shared.

Two projects cannot be joined, because their keys differ. A key is destroyed with
its project; the pseudonyms then lead nowhere.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path


KEY_BYTES = 32


def ensure_project_key(
    folder: Path, reference: str, *, key: bytes | None = None
) -> bytes:
    """Return a project's key, made (or taken from `key`) on first use, file mode 0600."""
    path = _path(folder, reference)
    if path.exists():
        return path.read_bytes()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = key or secrets.token_bytes(KEY_BYTES)
    # O_EXCL: of two workers that come at once, one makes the key.
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        file.write(made)
        file.flush()
        os.fsync(file.fileno())
    return made


def destroy_project_key(folder: Path, reference: str) -> None:
    """Forget a project's key for good."""
    _path(folder, reference).unlink(missing_ok=True)


def key_id(key: bytes) -> str:
    """Return a public name for a key that tells nothing about it."""
    return hashlib.sha256(b"staithe-key-id" + key).hexdigest()[:16]


def _path(folder: Path, reference: str) -> Path:
    return folder / "projects" / f"{reference}.key"
