"""Custody of project keys: made once, sealed for each holder, rotated, destroyed.

A ring is a folder for one project. A key in it is sealed for each holder's public key
(X25519, HKDF-SHA-256, ChaCha20-Poly1305), with project and version bound in, so a
seal cannot be passed off as another's. A linker has no key pair that any seal is for.
A project whose keys were destroyed cannot have new ones: its tokens stay unlinkable.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from staithe.base.errors import BadInput, Conflict
from staithe.linkage.pseudonyms import key_id, new_project_key


FORMAT = 1
PURPOSE = b"staithe project key 1"
PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
TOMBSTONE = "destroyed.json"
NONCE = bytes(12)  # each seal has a key of its own, used once


@dataclass(frozen=True)
class ProjectKey:
    """An opened key: of which project, which version, and its bytes."""

    project: str
    version: int
    key: bytes

    @property
    def id(self) -> str:
        """Return 16 hex digits that name the key and say nothing about it."""
        return key_id(self.key)

    def __repr__(self) -> str:
        """Name the key without showing it."""
        return f"ProjectKey({self.project!r}, {self.version}, {self.id})"


@dataclass(frozen=True)
class Sealed:
    """A key that one holder can open."""

    project: str
    version: int
    holder: str
    ephemeral: str
    sealed: str
    format: int = FORMAT


# Holders


def make_holder(path: Path) -> str:
    """Write a holder's private key (mode 0600) and public key; return its fingerprint."""
    public = path.with_suffix(".pub")
    if path.exists() or public.exists() or path == public:
        raise BadInput(f"{path} exists already; name a new file for the key.")
    private = X25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_private(path, _encoded(private.private_bytes_raw()))
    public.write_text(_encoded(private.public_key().public_bytes_raw()), "ascii")
    return fingerprint(private.public_key())


def fingerprint(public: X25519PublicKey) -> str:
    """Return 16 hex digits that name a holder's public key."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public.public_bytes_raw())
    return digest.finalize().hex()[:16]


def read_public(path: Path) -> X25519PublicKey:
    """Read a holder's public key."""
    return X25519PublicKey.from_public_bytes(_read_key(path))


def read_private(path: Path) -> X25519PrivateKey:
    """Read a holder's private key."""
    return X25519PrivateKey.from_private_bytes(_read_key(path))


def _read_key(path: Path) -> bytes:
    try:
        found = base64.b64decode(path.read_bytes().strip(), validate=True)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} is no key of a holder.") from error
    if len(found) != 32:  # noqa: PLR2004  bytes of X25519
        raise BadInput(f"{path} is no key of a holder.")
    return found


# Seals


def seal(key: ProjectKey, holder: X25519PublicKey) -> Sealed:
    """Seal a project's key so that one holder alone can open it."""
    ephemeral = X25519PrivateKey.generate()
    ours = ephemeral.public_key().public_bytes_raw()
    cipher = ChaCha20Poly1305(
        _derived(ephemeral.exchange(holder), ours, holder.public_bytes_raw())
    )
    bound = _bound(key.project, key.version)
    return Sealed(
        key.project,
        key.version,
        fingerprint(holder),
        _encoded(ours),
        _encoded(cipher.encrypt(NONCE, key.key, bound)),
    )


def open_sealed(sealed: Sealed, holder: X25519PrivateKey) -> ProjectKey:
    """Open a sealed key, or raise BadInput where it is not for this holder."""
    try:
        theirs = base64.b64decode(sealed.ephemeral, validate=True)
        shared = holder.exchange(X25519PublicKey.from_public_bytes(theirs))
        cipher = ChaCha20Poly1305(
            _derived(shared, theirs, holder.public_key().public_bytes_raw())
        )
        key = cipher.decrypt(
            NONCE,
            base64.b64decode(sealed.sealed, validate=True),
            _bound(sealed.project, sealed.version),
        )
    except (InvalidTag, ValueError) as error:
        raise BadInput(
            f"The sealed key of {sealed.project} cannot be opened: it is for another "
            "holder, or it was changed."
        ) from error
    return ProjectKey(sealed.project, sealed.version, key)


def read_sealed(path: Path) -> Sealed:
    """Read a sealed key from its file."""
    try:
        body = json.loads(path.read_text("utf-8"))
        found = Sealed(**body)
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(f"{path} is no sealed key.") from error
    if found.format != FORMAT or not isinstance(found.version, int):
        raise BadInput(f"{path} is no sealed key of a format that is known here.")
    return found


def _derived(shared: bytes, ephemeral: bytes, holder: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, ephemeral + holder, PURPOSE).derive(shared)


def _bound(project: str, version: int) -> bytes:
    return f"{project}\x1f{version}".encode()


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


# Rings


@dataclass(frozen=True)
class Ring:
    """The sealed keys of one project, in a folder."""

    folder: Path
    project: str

    def __post_init__(self) -> None:
        if not PROJECT.fullmatch(self.project):
            raise BadInput(
                "A project's name has letters, digits, dots, hyphens and underscores."
            )

    @property
    def path(self) -> Path:
        """Return the folder of this project."""
        return self.folder / self.project

    def versions(self) -> dict[int, list[Path]]:
        """Return the sealed files of each version that is kept."""
        found: dict[int, list[Path]] = {}
        for path in sorted(self.path.glob("*.sealed")):
            found.setdefault(read_sealed(path).version, []).append(path)
        return found

    def make(self, holders: Sequence[X25519PublicKey]) -> list[Path]:
        """Make the project's first key and seal it for each holder."""
        self._check_open()
        if self.versions():
            raise Conflict(f"{self.project} has a key; rotate it to have a new one.")
        return self._add(1, holders)

    def rotate(self, holders: Sequence[X25519PublicKey]) -> list[Path]:
        """Make a new key in place of the old ones, which are destroyed.

        What was made with an old key can no longer be linked with anything new.
        """
        self._check_open()
        old = self.versions()
        if not old:
            raise Conflict(f"{self.project} has no key yet.")
        made = self._add(max(old) + 1, holders)
        for paths in old.values():
            for path in paths:
                shred(path)
        return made

    def destroy(self, *, at: datetime) -> int:
        """Destroy every key of the project for good; return how many seals there were."""
        self._check_open()
        paths = [path for paths in self.versions().values() for path in paths]
        if not paths:
            raise Conflict(f"{self.project} has no key to destroy.")
        body = {"project": self.project, "destroyed": at.isoformat()}
        (self.path / TOMBSTONE).write_text(json.dumps(body) + "\n", "utf-8")
        for path in paths:
            shred(path)
        return len(paths)

    def _check_open(self) -> None:
        if (self.path / TOMBSTONE).exists():
            raise Conflict(
                f"The keys of {self.project} were destroyed, and it can have no others."
            )

    def _add(self, version: int, holders: Sequence[X25519PublicKey]) -> list[Path]:
        if not holders:
            raise BadInput("Name at least one holder for whom to seal the key.")
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = ProjectKey(self.project, version, new_project_key())
        made = []
        for holder in holders:
            path = self.path / f"{version}-{fingerprint(holder)}.sealed"
            _write_private(path, json.dumps(_plain(seal(key, holder)), indent=2) + "\n")
            made.append(path)
        return made


def _plain(sealed: Sealed) -> dict[str, Any]:
    return asdict(sealed)


def shred(path: Path) -> None:
    """Overwrite a file and remove it; on storage that copies, the seal still holds."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(secrets.token_bytes(size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
