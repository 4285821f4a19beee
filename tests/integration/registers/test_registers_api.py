"""The open register API answers as the reference says, to the byte."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime

import pytest

from staithe.ledger import checkpoint, proof, tiles, tree
from staithe.ledger.tree import leaf_hash
from staithe.registers import blob, item, reading, rsf, signing
from staithe.registers.actions import append_entries, create_register, load_rsf
from staithe.registers.register import read_register
from staithe.registers.verify import verify


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
V1, V2 = "/registers/address/v1", "/registers/address/v2"
HEX = "19205fafe65406b9b27fce1b689abc776df4ddcf150c28b29b73b4ea054af6b9"
NODES = [
    "9a4a3fca445ab8439397d3fc292c9fd6e48c56925ca941a187c2acbcde3f3939",
    "23c5af4f4fab13fb3a6c9601853baef9f548fb70dcf14cde22d703a078b12a41",
    "c793376fbe2573d303b26e6d93a1698ddf440d738f479ec84323c3b2c6acbd53",
]
SMALL = """\
assert-root-hash\tsha-256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
add-item\t{"address":"12345","street":"ellis"}
add-item\t{"address":"6789","street":"presley"}
add-item\t{"address":"12345","street":"foo"}
add-item\t{"address":"145678","street":"ellis"}
append-entry\tuser\t12345\t2017-06-01T10:13:27Z\tsha-256:19205fafe65406b9b27fce1b689abc776df4ddcf150c28b29b73b4ea054af6b9
append-entry\tuser\t6789\t2017-06-01T10:13:27Z\tsha-256:bd239db51960376826b937a615f0f3397485f00611d35bb7e951e357bf73b934
append-entry\tuser\t12345\t2017-06-01T10:13:27Z\tsha-256:cc8a7c42275c84b94c6e282ae88b3dbcc06319156fc4539a2f39af053bf30592
append-entry\tuser\t145678\t2017-06-01T10:13:27Z\tsha-256:8ac926428ee49fb83c02bdd2556e62e84cfd9e636cd35eb1306ac8cb661e4983
append-entry\tuser\t12345\t2017-06-01T10:13:27Z\tsha-256:19205fafe65406b9b27fce1b689abc776df4ddcf150c28b29b73b4ea054af6b9
assert-root-hash\tsha-256:a0aa6dace50e47c68fd4a79e3d94ba525f827e0a44bb64ed2e5f75cfe051b71c
"""  # fmt: skip


@pytest.fixture
def small(db):
    register = create_register(name="address", title="A", owner=None, by=None, at=AT)
    lines = SMALL.encode().splitlines()
    return load_rsf(register=register, lines=lines, by=None, at=AT).register


@pytest.fixture
def get(client):
    """Return what fetches an address and expects a status."""

    def fetch(path: str, *, status: int = 200, **headers):
        answer = client.get(path, headers=headers)
        assert answer.status_code == status, (path, answer.status_code, answer.content)
        return answer

    return fetch


def body(answer):
    if answer.streaming:
        return b"".join(answer.streaming_content)
    return answer.content


def test_version_1_entries(small, get):
    first = {
        "index-entry-number": "1",
        "entry-number": "1",
        "entry-timestamp": "2017-06-01T10:13:27Z",
        "key": "12345",
        "item-hash": ["sha-256:" + HEX],
    }
    answer = get(f"{V1}/entries/1")
    assert answer["Content-Type"] == "application/json"
    assert answer.json() == [first]
    assert get(f"{V1}/entries").json()[0] == first
    assert len(get(f"{V1}/entries").json()) == 5
    numbers = [e["entry-number"] for e in get(f"{V1}/entries?start=2&limit=2").json()]
    assert numbers == ["2", "3"]
    assert body(get(f"{V1}/entries/1.csv")) == (
        b"index-entry-number,entry-number,entry-timestamp,key,item-hash\r\n"
        b"1,1,2017-06-01T10:13:27Z,12345,sha-256:" + HEX.encode() + b"\r\n"
    )


def test_version_1_records_and_items(small, get):
    record = get(f"{V1}/records/12345").json()
    assert record == {
        "12345": {
            "index-entry-number": "5",
            "entry-number": "5",
            "entry-timestamp": "2017-06-01T10:13:27Z",
            "key": "12345",
            "item": [{"address": "12345", "street": "ellis"}],
        }
    }
    assert list(get(f"{V1}/records").json()) == ["12345", "6789", "145678"]
    assert list(get(f"{V1}/records/street/ellis").json()) == ["12345", "145678"]
    trail = get(f"{V1}/records/12345/entries").json()
    assert [each["entry-number"] for each in trail] == ["1", "3", "5"]
    assert body(get(f"{V1}/records/6789.csv")) == (
        b"index-entry-number,entry-number,entry-timestamp,key,address,street\r\n"
        b"2,2,2017-06-01T10:13:27Z,6789,6789,presley\r\n"
    )
    one = {"address": "12345", "street": "ellis"}
    assert get(f"{V1}/items/sha-256:{HEX}").json() == one
    items = get(f"{V1}/items").json()
    assert (len(items), items[f"sha-256:{HEX}"]) == (4, one)


def test_version_1_register_and_proofs(small, get):
    found = get(f"{V1}/register").json()
    assert (found["total-entries"], found["total-records"]) == (5, 3)
    assert found["last-updated"] == "2017-06-01T10:13:27Z"
    assert get(f"{V1}/proof/register/merkle:sha-256").json() == {
        "proof-identifier": "merkle:sha-256",
        "root-hash": "sha-256:a0aa6dace50e47c68fd4a79e3d94ba525f827e0a44bb64ed2e5f75cfe051b71c",
        "total-entries": 5,
    }
    path = get(f"{V1}/proof/entries/1/5/merkle:sha-256").json()
    assert path["merkle-audit-path"] == [f"sha-256:{node}" for node in NODES]
    assert path["entry-number"] == "1"
    grown = get(f"{V1}/proof/consistency/2/5/merkle:sha-256").json()
    assert grown["merkle-consistency-nodes"] == [f"sha-256:{n}" for n in NODES[1:]]


def test_version_1_archive(small, get):
    answer = get(f"{V1}/download-register")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
        assert len([n for n in names if n.startswith("item/")]) == 4
        assert len([n for n in names if n.startswith("entry/")]) == 5
        data = archive.read(f"item/sha-256:{HEX}.json")
        assert data == b'{"address":"12345","street":"ellis"}'
        assert json.loads(archive.read("register.json"))["total-entries"] == 5


def test_version_2_entries_records_and_blobs(small, get):
    entry = get(f"{V2}/entries/1").json()
    digest = entry["blob-hash"]
    assert entry == {
        "entry-number": 1,
        "entry-timestamp": "2017-06-01T10:13:27Z",
        "key": "12345",
        "blob-hash": digest,
    }
    values = {"address": "12345", "street": "ellis"}
    assert digest == blob.hash_to_text(blob.blob_hash(values))
    assert get(f"{V2}/entries").json()[0] == entry
    assert get(f"{V2}/blobs/{digest}").json() == {"_id": digest, **values}
    assert len(get(f"{V2}/blobs").json()) == 4
    assert get(f"{V2}/records/12345").json() == {"_id": "12345", **values}
    assert [r["_id"] for r in get(f"{V2}/records").json()] == [
        "12345",
        "6789",
        "145678",
    ]
    found = get(f"{V2}/records?name=street&value=ellis").json()
    assert [each["_id"] for each in found] == ["12345", "145678"]
    assert body(get(f"{V2}/records/6789.csv")) == (
        b"_id,address,street\r\n6789,6789,presley\r\n"
    )
    assert body(get(f"{V2}/entries.csv")).startswith(
        b"entry-number,entry-timestamp,key,blob-hash\r\n1,2017-06-01T10:13:27Z,12345,1220"
    )
    assert len(get(f"{V2}/records/12345/entries").json()) == 3


def test_version_2_context_snapshots_and_proofs(small, get):
    context = get(f"{V2}/context").json()
    root = "47b5f93880d3f9a9f618233501c2d4615ff6d747d400d51697550709c5489248"
    assert context["root-hash"] == root
    assert context["statistics"] == {
        "total-entries": 5, "total-blobs": 4, "total-records": 3,
    }  # fmt: skip
    assert context["hashing-algorithm"]["function-type"] == 18
    assert None not in context.values()
    assert get(f"{V2}/proofs/register").json() == {
        "root-hash": f"1220{root}", "total-entries": 5,
    }  # fmt: skip
    past = get(f"{V2}/snapshots/4").json()
    assert [each["entry-number"] for each in past] == [3, 2, 4]
    assert get(f"{V2}/snapshots/2/12345").json()["entry-number"] == 1
    get(f"{V2}/snapshots/3/145678", status=404)
    get(f"{V2}/snapshots/6", status=404)
    entry = get(f"{V2}/entries/3").json()
    for word in ("entry", "entries"):
        nodes = get(f"{V2}/proofs/{word}/3/5").json()["audit-path"]
    from staithe.registers.entry import entry_hash

    data = entry_hash(
        number=3,
        timestamp=entry["entry-timestamp"],
        key=entry["key"],
        blob=blob.read_hash(entry["blob-hash"]),
    )
    tree.check_inclusion(
        leaf=leaf_hash(data), index=2, size=5,
        proof=[blob.read_hash(n) for n in nodes], root=bytes.fromhex(root),
    )  # fmt: skip
    nodes = get(f"{V2}/proofs/consistency/2/5").json()["audit-path"]
    tree.check_consistency(
        old=2, new=5, proof=[blob.read_hash(n) for n in nodes],
        old_root=reading.root(small.pk, 2, 2), new_root=bytes.fromhex(root),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "accept", "status", "kind"),
    [
        ("entries", "", 200, "application/json"),
        ("entries", "*/*", 200, "application/json"),
        (
            "entries",
            "text/html,application/xml;q=0.9,*/*;q=0.8",
            200,
            "application/json",
        ),
        ("entries", "text/csv", 200, "text/csv;charset=UTF-8"),
        ("entries", "text/csv;q=0.1,application/json", 200, "application/json"),
        ("entries", "text/html", 406, "application/problem+json"),
        ("entries.json", "text/csv", 200, "application/json"),
        ("entries.csv", "application/json", 200, "text/csv;charset=UTF-8"),
        ("entries.tsv", "", 410, "application/problem+json"),
        ("entries.yaml", "", 410, "application/problem+json"),
        ("records.csv", "", 200, "text/csv;charset=UTF-8"),
        ("download-rsf", "", 200, "application/uk-gov-rsf"),
    ],
)
def test_formats(small, get, path, accept, status, kind):  # noqa: PLR0917  a table
    for base in (V1, V2):
        headers = {"accept": accept} if accept else {}
        answer = get(f"{base}/{path}", status=status, **headers)
        assert answer["Content-Type"] == kind
    for only in (
        *("v1/register", "v1/download-rsf", "v1/download-rsf/1/2", "v2/context"),
        *("v1/proof/register/merkle:sha-256", "v2/proofs/register"),
    ):
        get(f"/registers/address/{only}.csv", status=406)
    for only in ("v1/download-rsf", "v1/download-register"):
        get(f"/registers/address/{only}", status=406, accept="text/csv")
    kind = "application/uk-gov-rsf, */*;q=0.1"
    assert get(f"{V1}/download-rsf", accept=kind)["Content-Type"] == kind.split(",")[0]


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (f"{V1}", f"{V1}/register"),
        (f"{V1}/", f"{V1}/register"),
        (f"{V2}/", f"{V2}/context"),
        (f"{V1}/entries/", f"{V1}/entries"),
        (f"{V1}/entry/1.json?a=b", f"{V1}/entries/1.json?a=b"),
        (f"{V1}/record/12345", f"{V1}/records/12345"),
        (f"{V1}/record/12345/entries", f"{V1}/records/12345/entries"),
        (f"{V1}/item/sha-256:{HEX}", f"{V1}/items/sha-256:{HEX}"),
        (f"{V1}/proof/entry/1/5/merkle:sha-256", f"{V1}/proof/entries/1/5/merkle:sha-256"),
    ],
)  # fmt: skip
def test_redirects(small, get, path, to):
    answer = get(path, status=301)
    assert answer["Location"] == to
    get(to)
    get(path.replace("/address/", "/nothing/"), status=404)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("v1/entries/6", 404), ("v1/entries/0", 404), ("v1/records/nobody", 404),
        ("v1/items/sha-256:" + "0" * 64, 404), ("v1/nothing", 404), ("v2/blobs/1220" + "0" * 64, 404),
        ("v1/entries?start=0", 400), ("v1/entries?start=x", 400), ("v1/entries?limit=5001", 400),
        ("v1/records?page-size=0", 400), ("v1/records?page-size=5001", 400), ("v1/records?page-index=2", 404),
        ("v2/records?name=street", 400), ("v2/records?value=x", 400),
        ("v1/proof/entries/6/6/merkle:sha-256", 400), ("v1/proof/entries/3/2/merkle:sha-256", 400),
        ("v1/proof/entries/0/2/merkle:sha-256", 400), ("v1/proof/consistency/3/2/merkle:sha-256", 400),
        ("v1/proof/consistency/1/9/merkle:sha-256", 400), ("v2/proofs/entries/1/9", 400),
        ("v1/download-rsf/6", 400), ("v1/download-rsf/3/2", 400), ("v1/download-rsf/-1", 400),
        ("v1/download-rsf/0/6", 400), ("v1/entries?start=" + "9" * 400, 400),
    ],
)  # fmt: skip
def test_bad_numbers_and_absent_things(small, get, path, status):
    answer = get(f"/registers/address/{path}", status=status)
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    get(f"/registers/nothing/{path}", status=404)


def test_only_reading_is_allowed(small, client):
    for method in ("post", "put", "delete", "patch"):
        answer = getattr(client, method)(f"{V1}/records/12345")
        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
    assert client.head(f"{V1}/records/12345").status_code == 200


@pytest.mark.data
def test_pages_are_linked_and_stitch_together(load, get):
    register = load("government-organisation").register
    for base, path, total in (
        ("v1", "records?page-size=400", register.records),
        ("v2", "blobs?page-size=400", register.blobs),
        ("v1", "entries?limit=300", register.size),
    ):
        found, url, root = [], path, f"/registers/government-organisation/{base}/"
        while url:
            answer = get(root + url)
            found += list(answer.json())
            links = dict(
                reversed(link.split("; rel="))
                for link in answer.get("Link", "").split(",")
                if link
            )
            following = links.get('"next"', "").strip("<>")
            url = path.partition("?")[0] + following if following else ""
        assert len(found) == total
        assert '"previous"' in links
    record = get("/registers/government-organisation/v1/records/D2")
    where, relation = record["Link"].split("; ")
    assert relation == 'rel="version-history"'
    trail = get(where.strip("<>")).json()
    assert trail[-1] == {
        **{k: v for k, v in record.json()["D2"].items() if k != "item"},
        "item-hash": trail[-1]["item-hash"],
    }


@pytest.mark.data
def test_cells_hold_lists_and_csv_has_the_order_of_the_schema(load, get):
    load("statistical-geography")
    answer = body(get("/registers/statistical-geography/v2/records.csv")).decode()
    header = answer.split("\r\n")[0].split(",")
    assert header[:2] == ["_id", "statistical-geography"]
    schema = get("/registers/statistical-geography/v2/context").json()["schema"]
    assert header[1:] == [field["id"] for field in schema]
    assert answer.endswith("\r\n")
    load("register")
    rows = body(get("/registers/register/v1/records/country.csv")).decode()
    assert "country;name;official-name" in rows


@pytest.mark.data
def test_parts_of_the_download_add_up_to_the_register(load, get):
    register = load("country").register
    base = "/registers/country/v1/download-rsf"
    whole = get(base)
    assert whole["Content-Disposition"] == 'attachment; filename="country.rsf"'
    data = body(whole)
    copy = read_register("country", rsf.lines_of([data]))
    assert copy.root() == reading.root(register.pk, register.size)
    parts = (
        body(get(f"{base}/0/100"))
        + body(get(f"{base}/100/150?metadata=16"))
        + body(get(f"{base}/150"))
    )
    assert read_register("country", rsf.lines_of([parts])).root() == copy.root()


@pytest.mark.data
def test_the_log_is_served_as_tiles_that_lead_to_the_historical_root(load, get, stated):
    load("government-organisation")
    base = "/registers/government-organisation"
    note = get(f"{base}/checkpoint").text
    key = checkpoint.read_verifier_key(get(f"{base}/key").text.strip())
    head = checkpoint.open_checkpoint(note, keys=[key])
    assert head.root == stated["government-organisation"]
    for tile in tiles.tiles_of(head.size):
        get(f"{base}/tile/{tile.path()}")
    read = tiles.reader(
        lambda t: get(f"{base}/tile/{t.path()}").content, size=head.size
    )
    assert tree.root(head.size, read) == head.root
    get(f"{base}/tile/0/000.p/3")
    get(f"{base}/tile/0/004", status=404)
    found = proof.read(get(f"{base}/records/D2.tlog-proof").text)
    bundle = get(f"{base}/tile/entries/{found.index // 256:03}").content
    data = tiles.decode_bundle(bundle, width=256)[found.index % 256]
    assert proof.check(found, data=data, keys=[key]).size == head.size
    assert b'"key":"D2"' in data


@pytest.mark.data
@pytest.mark.django_db(transaction=True)
def test_a_running_register_is_verified_over_http(load, live_server):
    load("territory")
    keys = signing.verifier_keys("territory")
    report = verify(
        f"{live_server.url}/registers/territory", keys=keys, name="territory"
    )
    assert (report.size, report.metadata_size) == (80, 15)


def test_a_private_register_is_not_there_for_others(small, get):
    small.is_public = False
    small.save(update_fields=["is_public"])
    for path in (
        "v1/records",
        "v2/context",
        "checkpoint",
        "key",
        "feed.atom",
        "tile/0/000.p/1",
    ):
        get(f"/registers/address/{path}", status=404)


def test_the_feed_is_well_formed_whatever_the_values(town, get):
    from xml.etree import ElementTree as ET

    changes = [("1", {"town": "1", "name": "<script>&\"'"})]
    append_entries(register=town, changes=changes, by=None, at=AT)
    answer = get("/registers/town/feed.atom")
    assert answer["Content-Type"].startswith("application/atom+xml")
    root = ET.fromstring(answer.content)
    content = root.find("{*}entry/{*}content").text
    assert item.read_known(content.encode())["name"] == "<script>&\"'"


def test_a_key_with_a_slash_has_its_record(town, get):
    append_entries(register=town, changes=[("a/b", {"town": "a/b"})], by=None, at=AT)
    for path in ("records/a/b", "records/a%2Fb"):
        assert list(get(f"/registers/town/v1/{path}").json()) == ["a/b"]
    assert len(get("/registers/town/v1/records/a/b/entries").json()) == 1


def test_a_public_register_is_read_without_asking_who_reads(
    small, get, django_assert_max_num_queries
):
    """No session, no cookie: any cache may keep the answer, told apart by format."""
    with django_assert_max_num_queries(2):
        answer = get(f"{V1}/records/12345", cookie="sessionid=somebody")
    assert answer["Vary"] == "Accept"
    assert answer["Content-Length"] == str(len(answer.content))
    assert "Content-Security-Policy" in answer


def test_what_has_not_changed_is_not_sent_again(small, client):
    """304 until the register grows; CSV and JSON are not taken for each other."""
    url = f"{V1}/records/12345"
    first = client.get(url)

    def again(**headers) -> int:
        sent = {"If-None-Match": first["ETag"], **headers}
        return client.get(url, headers=sent).status_code

    assert again() == 304
    assert again(**{"If-None-Match": f'"x", {first["ETag"]}'}) == 304
    assert again(accept="text/csv") == 200
    digest = item.hash_to_text(item.hash_of(b'{"address":"6789","street":"foo"}'))
    entry = f"append-entry\tuser\t6789\t2019-01-01T00:00:00Z\t{digest}".encode()
    more = [b'add-item\t{"address":"6789","street":"foo"}', entry]
    load_rsf(register=small, lines=more, by=None, at=AT)
    assert again() == 200


def test_a_link_is_followed_to_what_it_names(town, get):
    """To a page for a person, to the API for a program; or said to lead nowhere."""
    append_entries(register=town, changes=[("a/b", {"town": "a/b"})], by=None, at=AT)
    for text, page, api in (
        (
            "town:a%2Fb",
            "/registers/town/records/a%2Fb",
            "/registers/town/v1/records/a%2Fb",
        ),
        ("town:", "/registers/town", "/registers/town/v1/records"),
    ):
        assert get(f"/curie/{text}", status=302, accept="text/html")["Location"] == page
        to = get(f"/curie/{text}", status=302, accept="application/json")["Location"]
        assert to == api
        assert list(get(to).json()) == ["a/b"]
    for text in ("town:c", "city:1", "town", "Town:1", "x y:1"):
        get(f"/curie/{text}", status=404, accept="application/json")


def test_a_past_state_of_a_much_changed_record_is_a_few_queries(
    town, get, django_assert_max_num_queries
):
    changes = [("1", {"town": "1", "name": str(n)}) for n in range(200)]
    append_entries(register=town, changes=changes, by=None, at=AT)
    for size in (1, 57, 199, 200):
        with django_assert_max_num_queries(5):
            found = get(f"/registers/town/v2/snapshots/{size}/1").json()
        assert found["entry-number"] == size
        assert [
            e["entry-number"]
            for e in get(f"/registers/town/v2/snapshots/{size}").json()
        ] == [size]
