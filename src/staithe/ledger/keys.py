"""The log's signing key: made on first use, kept in the home folder, rotated.

A key carries the log's origin with it, so that a service which moves to another
address keeps signing as the same log. Old public keys stay beside the current one.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from staithe.base.errors import BadInput, Damaged
from staithe.ledger.checkpoint import (
    SigningKey,
    VerifierKey,
    new_signing_key,
    read_signing_key,
    read_verifier_key,
)


def default_origin() -> str:
    """Return the address of the log without its scheme, as checkpoints name it."""
    base: str = settings.BASE_URL
    return f"{base.partition('://')[2]}/ledger"


def signing_key() -> SigningKey:
    """Return the key in use, making it where there is none; Damaged."""
    return _read_or_make(_folder() / "ledger.key", origin=default_origin())


def verifier_keys() -> list[VerifierKey]:
    """Return the public key in use and then every earlier one."""
    current = signing_key().verifier
    earlier = [_read_public(path) for path in sorted(_folder().glob("ledger-*.pub"))]
    return [current, *(key for key in earlier if key != current)]


def next_key() -> SigningKey:
    """Return the key that will follow, which `rotate` puts to use."""
    return _read_or_make(_folder() / "ledger.key.next", origin=signing_key().name)


def rotate() -> VerifierKey:
    """Put the next key to use, keep the old public key, and return the new one."""
    old, new = signing_key().verifier, next_key().verifier
    with suppress(FileExistsError):
        _write(_folder() / f"ledger-{old.key_id.hex()}.pub", f"{old}\n")
    (_folder() / "ledger.key.next").replace(_folder() / "ledger.key")
    _sync(_folder())
    return new


def _folder() -> Path:
    folder = Path(settings.HOME) / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _read_or_make(path: Path, *, origin: str) -> SigningKey:
    if not path.exists():
        # Of two processes that start together one loses, and reads the other's key.
        with suppress(FileExistsError):
            _write(path, new_signing_key(origin).to_text() + "\n")
    try:
        return read_signing_key(path.read_text("ascii").strip())
    except (BadInput, UnicodeDecodeError) as error:
        raise Damaged(f"{path} is not a signing key: restore it.") from error


def _read_public(path: Path) -> VerifierKey:
    try:
        return read_verifier_key(path.read_text("ascii").strip())
    except (BadInput, UnicodeDecodeError) as error:
        raise Damaged(f"{path} is not a verifier key: restore it.") from error


def _write(path: Path, text: str) -> None:
    """Create a file whole and private, or raise FileExistsError."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
