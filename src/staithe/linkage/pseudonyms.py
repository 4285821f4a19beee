"""Keyed pseudonyms: one person has one name in a project, and another elsewhere.

A pseudonym is HMAC-SHA-256 (RFC 2104) of the cluster under the project's key, cut to
128 bits. Without the key nobody can make or check one; two projects hold different
keys, so their data cannot be joined. The key is passed in and never kept here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.parquet as pq

from staithe.base.errors import BadInput


KEY_BYTES = 32
PSEUDONYM_BYTES = 16
# Says what is keyed, so the same key used for another purpose gives other values.
PURPOSE = b"staithe pseudonym 1\x00"

SCHEMA = pa.schema(
    [("source", pa.string()), ("row_key", pa.string()), ("pseudonym", pa.string())]
)


def new_project_key() -> bytes:
    """Return a new random key of 32 bytes."""
    return secrets.token_bytes(KEY_BYTES)


def check_key(key: bytes) -> None:
    """Raise BadInput unless this is a key of 32 bytes."""
    if len(key) != KEY_BYTES:
        raise BadInput(f"A project key has {KEY_BYTES} bytes, not {len(key)}.")


def key_id(key: bytes) -> str:
    """Return 16 hex digits that name a key and say nothing about it."""
    check_key(key)
    return hmac.digest(key, b"staithe key id 1", hashlib.sha256).hex()[:16]


def pseudonym_for(cluster: str, *, key: bytes) -> str:
    """Return the pseudonym of a cluster: 26 characters of base 32 (RFC 4648)."""
    check_key(key)
    return _pseudonym(cluster, key)


def _pseudonym(cluster: str, key: bytes) -> str:
    digest = hmac.digest(key, PURPOSE + cluster.encode(), "sha256")[:PSEUDONYM_BYTES]
    return base64.b32encode(digest).decode("ascii").rstrip("=").lower()


def assign_pseudonyms(clusters: Path, *, key: bytes, out: Path) -> Path:
    """Write (source, row_key, pseudonym) for every row of a clusters file.

    `clusters` is the Parquet that `link_tables` writes: source, id, cluster. Streams
    in batches, so size does not matter.
    """
    check_key(key)
    with (
        pq.ParquetFile(clusters) as reader,
        pq.ParquetWriter(
            out, SCHEMA, compression="zstd", write_page_checksum=True
        ) as writer,
    ):
        for batch in reader.iter_batches(columns=["source", "id", "cluster"]):
            writer.write_batch(_name(batch, key))
    return out


def _name(batch: pa.RecordBatch, key: bytes) -> pa.RecordBatch:
    """Replace clusters by pseudonyms, each distinct cluster once."""
    coded = batch.column("cluster").dictionary_encode()
    names = [
        _pseudonym(cast("str", each), key) for each in coded.dictionary.to_pylist()
    ]
    pseudonyms = pa.array(names, pa.string()).take(coded.indices)
    return pa.record_batch(
        [
            batch.column("source").cast(pa.string()),
            batch.column("id").cast(pa.string()),
            pseudonyms,
        ],
        schema=SCHEMA,
    )
