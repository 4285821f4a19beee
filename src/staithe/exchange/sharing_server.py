"""The Delta Sharing door: who calls, what they may list, which bytes they get.

The protocol's text is `delta_protocol`; permission is `policies`, asked again on
every call, also when an address handed out earlier is opened.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
from django.conf import settings

from staithe.base.errors import NotFound, NotSignedIn
from staithe.exchange.actions.recipients import hash_token
from staithe.exchange.delta_protocol import SharedFile, SharedTable
from staithe.exchange.delta_schema import schema_string
from staithe.exchange.models import Grant, Recipient
from staithe.exchange.policies import check_ready, check_recipient
from staithe.exchange.signing import (
    LIFETIME_SECONDS,
    SIGNATURE,
    FileAddress,
    is_signed,
    sign,
)
from staithe.exchange.storage import open_recorded, the_store
from staithe.tables.manifest import Manifest
from staithe.tables.snapshot import snapshot_paths


CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class SharedNames:
    """Where a grant's table stands: share = project, schema = holder."""

    share: str
    schema: str
    table: str


def file_key() -> bytes:
    """Return the key of file addresses, apart from every other use of the secret."""
    return hmac.new(
        settings.SECRET_KEY.encode(), b"delta-files", hashlib.sha256
    ).digest()


def get_recipient(authorization: str, *, at: datetime) -> Recipient:
    """Return the recipient of a bearer token that is good at this moment."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotSignedIn("Send the bearer token of your profile file.")
    found = Recipient.objects.filter(token_hash=hash_token(token.strip()))
    recipient = found.select_related(
        "grant__agreement", "grant__project", "person"
    ).first()
    if recipient is None:
        raise NotSignedIn("This token is not known. Make a new profile file.")
    check_recipient(recipient, at=at)
    return recipient


def names_of(grant: Grant) -> SharedNames:
    """Return the three names under which a client finds the grant's table."""
    holder = str(grant.compiled["holder"])
    return SharedNames(grant.project.slug, holder, grant.table_name)


def check_names(grant: Grant, *names: str) -> None:
    """Raise NotFound unless share, schema and table (as many as given) are its own."""
    own = names_of(grant)
    wanted = (own.share, own.schema, own.table)[: len(names)]
    if tuple(name.lower() for name in names) != tuple(n.lower() for n in wanted):
        raise NotFound("This token gives access to nothing of that name.")


def describe_table(recipient: Recipient, *, at: datetime) -> SharedTable:
    """Return the current version of a recipient's table, its files signed."""
    grant = recipient.grant
    check_ready(grant)
    manifest = _manifest(grant)
    paths = snapshot_paths(manifest, store=the_store())
    made = grant.table_made_at or grant.created_at
    expires = int(at.timestamp()) + LIFETIME_SECONDS
    files = [
        SharedFile(
            url=_file_url(recipient, index=index, expires=expires),
            id=f"{grant.reference}-{grant.table_version}-{index}",
            size=part.bytes,
            rows=part.rows,
            expires_ms=expires * 1000,
        )
        for index, part in enumerate(manifest.files)
    ]
    return SharedTable(
        id=grant.reference,
        name=grant.table_name,
        version=grant.table_version,
        schema_string=schema_string(pq.read_schema(paths[0])),
        created_ms=int(made.timestamp() * 1000),
        files=files,
    )


def _manifest(grant: Grant) -> Manifest:
    return open_recorded(grant.fetched_snapshot, grant.fetched_sha256)


def _file_url(recipient: Recipient, *, index: int, expires: int) -> str:
    grant = recipient.grant
    address = FileAddress(
        grant.reference, grant.table_version, index, recipient.pk, expires
    )
    signature = sign(address, key=file_key())
    return (
        f"{settings.BASE_URL}/delta-sharing/files/{grant.reference}/"
        f"{grant.table_version}/{index}?r={recipient.pk}&e={expires}"
        f"&{SIGNATURE}={signature}"
    )


def open_file(address: FileAddress, *, signature: str, at: datetime) -> Path:
    """Return the verified file of a signed address, if its grant still stands."""
    if not is_signed(address, signature, key=file_key(), now=int(at.timestamp())):
        raise NotFound(
            "This address is not valid or has expired. Query the table again."
        )
    found = Recipient.objects.filter(
        pk=address.recipient, grant__reference=address.grant
    )
    recipient = found.select_related(
        "grant__agreement", "grant__project", "person"
    ).first()
    if recipient is None:
        raise NotFound("This address belongs to no recipient.")
    check_recipient(recipient, at=at)
    grant = recipient.grant
    if grant.table_version != address.version:
        raise NotFound("The table has a newer version. Query it again.")
    paths = snapshot_paths(_manifest(grant), store=the_store())
    if not 0 <= address.index < len(paths):
        raise NotFound("The table has no such file.")
    return paths[address.index]


def read_bytes(path: Path, start: int, end: int) -> Iterator[bytes]:
    """Stream the bytes from start to end, both inclusive."""
    left = end - start + 1
    with path.open("rb") as file:
        file.seek(start)
        while left > 0:
            chunk = file.read(min(CHUNK_BYTES, left))
            if not chunk:
                return
            left -= len(chunk)
            yield chunk
