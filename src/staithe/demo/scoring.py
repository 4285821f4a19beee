"""How right the join was, against a truth that linkage never saw.

Only the demo can do this: it invented the people. It reads the sealed link between
rows and pseudonyms, which no page or API gives out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from staithe.catalogue.models import Asset
from staithe.demo.extracts import Extract
from staithe.demo.truth import score_links
from staithe.exchange.models import Grant, Join
from staithe.exchange.storage import the_store
from staithe.tables.engine import connect, scan
from staithe.tables.snapshot import open_snapshot, snapshot_paths
from staithe.tables.sql import quote_identifier, quote_literal


def score_join(
    join: Join, *, truth: pa.Table, extracts: Mapping[str, Extract]
) -> dict[str, Any]:
    """Return precision, recall and F1 over all true pairs of the two sources joined."""
    store = the_store()
    keys = scan(
        snapshot_paths(open_snapshot(join.key_snapshot, store=store), store=store)
    )
    grants = Grant.objects.filter(reference__in=join.grants).order_by("pk")
    sides = [
        (grant.compiled["holder"], _ids_sql(grant, extracts, keys)) for grant in grants
    ]
    (left, left_sql), (right, right_sql) = sides
    connection = connect()
    try:
        pairs = connection.sql(
            f"SELECT l.id AS left_id, r.id AS right_id FROM ({left_sql}) l "
            f"JOIN ({right_sql}) r USING (person)"
        ).to_arrow_table()
    finally:
        connection.close()
    return asdict(score_links(pairs, truth, left, right))


def _ids_sql(grant: Grant, extracts: Mapping[str, Extract], keys: str) -> str:
    """Pair each pseudonym with the row's own id in the file that was published."""
    asset: Asset = grant.agreement.flow.asset
    version = asset.versions.get(number=grant.asset_version or 0)
    store = the_store()
    rows = scan(
        snapshot_paths(open_snapshot(version.snapshot_id, store=store), store=store)
    )
    own_id = quote_identifier(extracts[asset.organisation.slug].id_column)
    return (
        f"SELECT k.person, a.id::VARCHAR AS id FROM {keys} k JOIN "
        f"(SELECT row_number() OVER () AS n, {own_id} AS id FROM {rows}) a "
        f'ON a.n = k.row WHERE k."grant" = {quote_literal(grant.reference)}'
    )
