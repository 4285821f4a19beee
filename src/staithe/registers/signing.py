"""The names under which a register's logs are signed, with the key of the service.

One key pair signs the service's ledger and every register; the name of the log is in
what is signed and in the key's id, so one signature never stands for another log.
"""

from __future__ import annotations

from staithe.ledger import keys
from staithe.ledger.checkpoint import SigningKey, VerifierKey
from staithe.registers.reading import DATA
from staithe.registers.seal import metadata_origin


def origin_of(name: str, *, scope: int = DATA) -> str:
    """Return the name of a log of a register: its address without the scheme."""
    base = keys.signing_key().name.removesuffix("/ledger")
    origin = f"{base}/registers/{name}"
    return origin if scope == DATA else metadata_origin(origin)


def signing_key(name: str, *, scope: int = DATA) -> SigningKey:
    """Return the key that signs a log."""
    return SigningKey(origin_of(name, scope=scope), keys.signing_key().seed)


def verifier_keys(name: str, *, scope: int = DATA) -> list[VerifierKey]:
    """Return the public key in use for a log and then every earlier one."""
    origin = origin_of(name, scope=scope)
    return [VerifierKey(origin, key.public) for key in keys.verifier_keys()]
