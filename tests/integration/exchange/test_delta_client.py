"""The real delta-sharing client against the live server, and what stops it."""

from __future__ import annotations

import datetime as dt
import time
from decimal import Decimal

import delta_sharing
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from delta_sharing.rest_client import DataSharingRestClient

from factories import SPELLS_SEEN, World, fetched_files, grant_of, population
from staithe.base import clock
from staithe.exchange.actions import revoke_recipient
from staithe.ledger.queries import events
from staithe.sharing import actions as sharing


pytestmark = pytest.mark.django_db(transaction=True)
SOON = 10.0  # seconds; a client that tried again would take over a minute


@pytest.fixture
def url(one, give_token, profile) -> str:
    world, grant = one
    token = give_token(grant, world.ann)
    return f"{profile(token)}#{token.share}.{token.schema}.{token.table}"


@pytest.fixture
def expected(one) -> pd.DataFrame:
    """Return the table as the exchange wrote it."""
    _, grant = one
    return pa.concat_tables(pq.read_table(p) for p in fetched_files(grant)).to_pandas()


def test_the_client_lists_one_share_and_one_table(one, url):
    client = delta_sharing.SharingClient(url.split("#")[0])
    (share,) = client.list_shares()
    (schema,) = client.list_schemas(share)
    (table,) = client.list_tables(schema)
    assert client.list_all_tables() == [table]
    assert (share.name, schema.name, table.name) == (
        "benefits",
        "work",
        "benefit_spells",
    )


@pytest.mark.parametrize(
    "options",
    [{}, {"use_delta_format": True}, {"convert_in_batches": True}, {"version": 1}],
)
def test_the_client_reads_every_row_in_each_format(url, expected, options):
    found = delta_sharing.load_as_pandas(url, **options)
    assert list(found.columns) == ["person", *SPELLS_SEEN]
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    # Nothing was lost on the way from what the holder published.
    spells = population()["spells"].select(list(SPELLS_SEEN)).to_pylist()
    rows = found[list(SPELLS_SEEN)].to_dict("records")
    assert sorted(map(repr, rows)) == sorted(map(repr, spells))


def test_the_client_reads_a_limit_of_rows(url):
    assert len(delta_sharing.load_as_pandas(url, limit=7)) == 7


def test_the_client_reads_version_metadata_and_changes(url, expected):
    assert delta_sharing.get_table_version(url) == 1
    metadata = delta_sharing.get_table_metadata(url)
    assert '"person"' in metadata.schema_string
    changes = delta_sharing.load_table_changes_as_pandas(url, starting_version=0)
    assert len(changes) == len(expected)
    assert set(changes["_change_type"]) == {"insert"}


def test_a_second_join_is_a_second_version(one, url, give_token):
    world, grant = one
    world.join(grant.project)
    assert delta_sharing.get_table_version(url) == 2
    with pytest.raises(requests.HTTPError, match="Only version 2 is kept"):
        delta_sharing.load_as_pandas(url, version=1)


def test_each_query_is_recorded_once_with_who_and_how_many_rows(one, url, expected):
    world, grant = one
    delta_sharing.load_as_pandas(url)
    (event,) = events(name="exchange:table:read", subject=grant.ledger_id)
    assert event.actor == world.ann.ledger_id
    assert f'"rows":{len(expected)}' in event.body


def revoke(world: World, grant) -> None:
    sharing.revoke_agreement(
        agreement=grant.agreement,
        reason="The purpose has ended.",
        by=world.olive,
        at=clock.now(),
    )


def end_membership(world: World, grant) -> None:
    sharing.add_project_member(
        project=grant.project, person=world.cat, by=world.ann, at=clock.now()
    )
    type(grant.project).objects.filter(pk=grant.project.pk).update(lead=world.cat)
    grant.project.refresh_from_db()
    sharing.end_project_member(
        project=grant.project, person=world.ann, by=world.ann, at=clock.now()
    )


def end_role(world: World, grant) -> None:
    world.ann.memberships.update(ended_at=clock.now())


def close_account(world: World, grant) -> None:
    type(world.ann).objects.filter(pk=world.ann.pk).update(is_active=False)


def expire(world: World, grant) -> None:
    type(grant).objects.filter(pk=grant.pk).update(expires_at=clock.now())


def end_token(world: World, grant) -> None:
    revoke_recipient(recipient=grant.recipients.get(), by=world.ann, at=clock.now())


@pytest.mark.parametrize(
    ("stop", "words"),
    [
        (revoke, "revoked"),
        (end_membership, "no longer belong"),
        (end_role, "no longer an analyst"),
        (close_account, "account is closed"),
        (expire, "ended on"),
        (end_token, "token was revoked"),
    ],
)
def test_whatever_ends_the_right_stops_the_client_and_the_addresses_it_has(
    one, url, stop, words
):
    world, grant = one
    handed_out = addresses(url)
    assert {requests.get(a, timeout=5).status_code for a in handed_out} == {200}
    stop(world, grant)
    started = time.monotonic()
    with pytest.raises(requests.HTTPError) as refusal:
        delta_sharing.load_as_pandas(url)
    assert time.monotonic() - started < SOON, "the client tried again and again"
    assert refusal.value.response.status_code in {401, 403, 404}
    assert words in str(refusal.value)
    assert {requests.get(a, timeout=5).status_code for a in handed_out} == {403}
    assert {requests.head(a, timeout=5).status_code for a in handed_out} == {403}


def addresses(url: str) -> list[str]:
    """Return the file addresses that a query hands out."""
    file, name = url.split("#")
    profile = delta_sharing.protocol.DeltaSharingProfile.read_from_file(file)
    share, schema, table = name.split(".")
    client = DataSharingRestClient(profile)
    wanted = delta_sharing.protocol.Table(table, share, schema)
    files = client.list_files_in_table(wanted).add_files
    assert files
    return [file.url for file in files]


ROWS = 19  # fewer than tell that a column names its row
AT = dt.datetime(2020, 1, 1, 12, 30, 15, 250000)  # noqa: DTZ001  a column without a zone
EVERY_TYPE = pa.table(
    {
        "small": pa.array(range(ROWS), pa.int8()),
        "large": pa.array([None if n % 7 == 0 else n * 10**12 for n in range(ROWS)]),
        "huge": pa.array([2**63 + n for n in range(ROWS)], pa.uint64()),
        "real": pa.array([n / 3 for n in range(ROWS)]),
        "pounds": pa.array([Decimal(n) / 4 for n in range(ROWS)], pa.decimal128(12, 2)),
        "te\"xt; ,'": [None if n % 5 == 0 else f"é{n}" for n in range(ROWS)],
        "day": [dt.date(2020, 1, 1) + dt.timedelta(n) for n in range(ROWS)],
        "moment": pa.array(
            [AT + dt.timedelta(n) for n in range(ROWS)], pa.timestamp("us")
        ),
        "in utc": pa.array(
            [AT + dt.timedelta(n) for n in range(ROWS)], pa.timestamp("us", "UTC")
        ),
        "clock": [dt.time(9, n) for n in range(ROWS)],
        "yes": [n % 2 == 0 for n in range(ROWS)],
        "person": [f"name {n}" for n in range(ROWS)],
    }
)


@pytest.mark.parametrize("options", [{}, {"use_delta_format": True}])
def test_every_type_and_odd_names_reach_the_client_as_they_were(
    home, give_token, profile, options
):
    world = World(home)
    project = world.project()
    asset = world.publish(EVERY_TYPE, title="Order", by=world.work, identifies=set())
    agreement = world.agree(project, asset, EVERY_TYPE.column_names)
    join = world.join(project)
    assert join.state == "done", join.problem
    token = give_token(grant_of(agreement), world.ann)
    address = f"{profile(token)}#{token.share}.{token.schema}.{token.table}"
    found = delta_sharing.load_as_pandas(address, **options).sort_values("small")
    assert found["person"].is_unique
    assert not set(found["person"]) & set(EVERY_TYPE["person"].to_pylist())
    shown = {name: list(found[name]) for name in found.columns}
    assert shown.pop("person_2") == EVERY_TYPE["person"].to_pylist()
    del shown["person"]
    assert shown["clock"] == [f"09:{n:02}:00" for n in range(ROWS)]
    assert [int(v) for v in shown["huge"]] == EVERY_TYPE["huge"].to_pylist()
    assert shown["pounds"] == EVERY_TYPE["pounds"].to_pylist()
    assert shown["day"] == EVERY_TYPE["day"].to_pylist()
    for name in ("moment", "in utc"):
        moments = [pd.Timestamp(value).tz_localize(None) for value in shown[name]]
        assert moments == [pd.Timestamp(AT) + pd.Timedelta(days=n) for n in range(ROWS)]
    for name in ("small", "real", "yes", "te\"xt; ,'"):
        assert shown[name] == EVERY_TYPE[name].to_pylist()
    large = [None if pd.isna(value) else int(value) for value in shown["large"]]
    assert large == EVERY_TYPE["large"].to_pylist()


def test_an_empty_table_reads_as_empty(home, give_token, profile):
    world = World(home)
    project = world.project()
    keep = {"column": "region", "operator": "=", "value": "Nowhere"}
    agreement = world.agree(project, world.spells(), SPELLS_SEEN, row_filter=keep)
    world.join(project)
    token = give_token(grant_of(agreement), world.ann)
    address = f"{profile(token)}#{token.share}.{token.schema}.{token.table}"
    found = delta_sharing.load_as_pandas(address)
    assert found.empty
    assert list(found.columns) == ["person", *SPELLS_SEEN]


def test_a_reader_of_ranges_gets_the_parts_it_asks_for(url, expected):
    """A Parquet reader over HTTP fetches the footer and one column, not the file."""
    (address, *_) = addresses(url)
    size = int(requests.head(address, timeout=5).headers["Content-Length"])
    file = RangeFile(address, size)
    table = pq.read_table(file, columns=["region"])
    assert table["region"].to_pylist() == list(expected["region"])
    assert file.fetched > 0


class RangeFile:
    """A file over HTTP that reads by Range requests only."""

    def __init__(self, address: str, size: int) -> None:
        self.address, self.size, self.at = address, size, 0
        self.fetched, self.closed = 0, False

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset + (0, self.at, self.size)[whence]
        return self.at

    def read(self, count: int = -1) -> bytes:
        last = self.size - 1 if count < 0 else min(self.at + count, self.size) - 1
        if last < self.at:
            return b""
        headers = {"Range": f"bytes={self.at}-{last}"}
        answer = requests.get(self.address, headers=headers, timeout=5)
        assert answer.status_code == 206
        wanted = f"bytes {self.at}-{last}/{self.size}"
        assert answer.headers["Content-Range"] == wanted
        assert len(answer.content) == last - self.at + 1
        self.at = last + 1
        self.fetched += len(answer.content)
        return answer.content

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True
