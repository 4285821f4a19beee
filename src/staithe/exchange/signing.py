"""Short-lived file addresses bound to one recipient.

The signature parameter is called X-Amz-Signature because delta-kernel treats an
address as presigned only when it sees a name it knows. An address is never enough
by itself: the grant is asked again when it is opened.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass


SIGNATURE = "X-Amz-Signature"
# Longer than a slow download: the Python client cannot refresh an address.
LIFETIME_SECONDS = 15 * 60


@dataclass(frozen=True)
class FileAddress:
    """Which file, for whom, until when (seconds since 1970)."""

    grant: str
    version: int
    index: int
    recipient: int
    expires: int

    def message(self) -> bytes:
        """Return the bytes that are signed."""
        parts = (self.grant, self.version, self.index, self.recipient, self.expires)
        return "|".join(str(part) for part in parts).encode()


def sign(address: FileAddress, *, key: bytes) -> str:
    """Return HMAC-SHA-256 in base64url without padding."""
    digest = hmac.new(key, address.message(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def is_signed(address: FileAddress, signature: str, *, key: bytes, now: int) -> bool:
    """Tell whether the signature is ours, for this address, and not yet expired."""
    good = hmac.compare_digest(sign(address, key=key).encode(), signature.encode())
    return good and now <= address.expires
