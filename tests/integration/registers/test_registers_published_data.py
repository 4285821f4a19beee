"""Every published register is answered for by the published file itself.

Nothing here reads it through the program: lines, hashes, proofs and CSV are worked out
again from the reference, so that one mistake cannot stand on both sides.
"""

from __future__ import annotations

import io
import json
import random
import zipfile
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from unicodedata import normalize
from urllib.parse import quote

import pytest

from staithe.registers import export


pytestmark = [pytest.mark.django_db, pytest.mark.data]

NAMES = [
    *("country", "datatype", "field", "government-domain"),
    *("government-organisation", "information-sharing-agreement-0001"),
    "information-sharing-agreement-powers-and-objectives-0001",
    "information-sharing-agreement-specified-person-0001",
    *("local-authority-eng", "local-authority-nir", "local-authority-sct"),
    *("local-authority-type", "principal-local-authority", "register"),
    *("registration-district", "school-type-eng", "territory"),
    *("statistical-geography", "statistical-geography-county-eng"),
]
SAMPLE = 4


@dataclass
class Published:
    """A file of RSF, read with `split`."""

    entries: list[tuple[str, str, str]] = field(default_factory=list)  # key, time, hash
    metadata: dict[str, dict] = field(default_factory=dict)
    items: dict[str, str] = field(default_factory=dict)

    def values(self, digest: str) -> dict:
        return json.loads(self.items[digest])

    def newest(self, size: int | None = None) -> dict[str, int]:
        """Return the number of the newest entry of each key, as keys first came."""
        return {
            key: number for number, (key, _, _) in enumerate(self.entries[:size], 1)
        }

    def cited(self) -> list[str]:
        return list(dict.fromkeys(digest for _, _, digest in self.entries))


def read(path: Path) -> Published:
    found = Published()
    for line in path.read_text("utf-8").splitlines():
        verb, *parts = line.split("\t")
        if verb == "add-item":
            digest = sha256(parts[0].encode()).hexdigest()
            found.items[f"sha-256:{digest}"] = parts[0]
        elif verb == "append-entry" and parts[0] == "user":
            found.entries.append((parts[1], parts[2], parts[3]))
        elif verb == "append-entry":
            found.metadata[parts[1]] = found.values(parts[3])
    return found


# ---------------------------------------------------------------- hashes, again


def h(kind: bytes, *parts: bytes) -> bytes:
    return sha256(kind + b"".join(parts)).digest()


def text_hash(text: str) -> bytes:
    return h(b"u", normalize("NFC", text).encode())


def blob_of(values: dict) -> str:
    pairs = []
    for name, value in values.items():
        if isinstance(value, list):
            full = [text_hash(each) for each in value if each]
            if full:
                pairs.append(text_hash(name) + h(b"s", *sorted(set(full))))
        elif value:
            pairs.append(text_hash(name) + text_hash(value))
    return "1220" + h(b"d", *sorted(pairs)).hex()


def tidy(values: dict) -> dict:
    full = {
        name: [each for each in value if each] if isinstance(value, list) else value
        for name, value in values.items()
    }
    return {name: value for name, value in full.items() if value}


def leaf_1(number: int, entry: tuple[str, str, str]) -> bytes:
    key, time, digest = entry
    text = (
        f'{{"index-entry-number":"{number}","entry-number":"{number}",'
        f'"entry-timestamp":"{time}","key":"{key}","item-hash":["{digest}"]}}'
    )
    return h(b"\0", text.encode())


def leaf_2(number: int, entry: tuple[str, str, str], blob: str) -> bytes:
    parts = [
        h(b"i", str(number).encode()),
        h(b"u", entry[0].encode()),
        h(b"t", entry[1].encode()),
        h(b"r", bytes.fromhex(blob)),
    ]
    return h(b"\0", h(b"l", *parts))


def root_of(leaves: list[bytes]) -> bytes:
    """Return RFC 6962's MTH, by its own recursion."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return h(b"\1", root_of(leaves[:half]), root_of(leaves[half:]))


def path_of(index: int, leaves: list[bytes]) -> list[bytes]:
    """Return RFC 6962's PATH, by its own recursion."""
    if len(leaves) == 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if index < half:
        return [*path_of(index, leaves[:half]), root_of(leaves[half:])]
    return [*path_of(index - half, leaves[half:]), root_of(leaves[:half])]


def growth_of(size: int, leaves: list[bytes], *, known: bool = True) -> list[bytes]:
    """Return RFC 6962's PROOF (SUBPROOF), by its own recursion."""
    if size == len(leaves):
        return [] if known else [root_of(leaves)]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if size <= half:
        rest = growth_of(size, leaves[:half], known=known)
        return [*rest, root_of(leaves[half:])]
    rest = growth_of(size - half, leaves[half:], known=False)
    return [*rest, root_of(leaves[:half])]


# ---------------------------------------------------------------- CSV, again


def csv_of(header: list[str], rows: list[list]) -> bytes:
    def cell(value: object) -> str:
        text = ";".join(value) if isinstance(value, list) else str(value or "")
        quoted = any(character in text for character in ',"\r\n')
        return '"' + text.replace('"', '""') + '"' if quoted else text

    lines = [",".join(map(cell, row)) + "\r\n" for row in [header, *rows]]
    return "".join(lines).encode()


# ---------------------------------------------------------------- the endpoints


@dataclass
class Answers:
    """What the register ought to answer."""

    name: str
    published: Published
    get: object

    def json(self, path: str) -> object:
        answer = self.get(f"/registers/{self.name}/{path}")
        assert answer.status_code == 200, (path, answer.content)
        assert answer["Content-Type"] == "application/json"
        return answer.json()

    def csv(self, path: str) -> bytes:
        answer = self.get(f"/registers/{self.name}/{path}")
        assert answer["Content-Type"] == "text/csv;charset=UTF-8"
        return answer.content

    @property
    def fields(self) -> list[str]:
        return self.published.metadata[f"register:{self.name}"]["fields"]

    def head(self, number: int) -> dict:
        key, time, _ = self.published.entries[number - 1]
        text = str(number)
        return {
            "index-entry-number": text,
            "entry-number": text,
            "entry-timestamp": time,
            "key": key,
        }

    def entry_1(self, number: int) -> dict:
        digest = self.published.entries[number - 1][2]
        return self.head(number) | {"item-hash": [digest]}

    def entry_2(self, number: int) -> dict:
        key, time, _ = self.published.entries[number - 1]
        return {
            "entry-number": number,
            "entry-timestamp": time,
            "key": key,
            "blob-hash": blob_of(self.item(number)),
        }

    def item(self, number: int) -> dict:
        return self.published.values(self.published.entries[number - 1][2])

    def record_1(self, number: int) -> dict:
        return self.head(number) | {"item": [self.item(number)]}


@pytest.fixture(params=NAMES)
def answers(request, load, shared_data, client) -> Answers:
    load(request.param)
    path = shared_data / f"registers/{request.param}.rsf"
    return Answers(request.param, read(path), client.get)


def some(found: list, chance: random.Random) -> list:
    return chance.sample(found, k=min(SAMPLE, len(found)))


def test_every_endpoint_answers_as_the_file_says(answers, stated):
    chance = random.Random(8)
    newest = answers.published.newest()
    numbers = list(range(1, len(answers.published.entries) + 1))
    version_1(answers, newest, numbers, chance)
    version_2(answers, newest, numbers, chance)
    proofs(answers, numbers, chance, stated[answers.name])
    downloads(answers)


def version_1(answers: Answers, newest: dict, numbers: list, chance) -> None:
    all_entries = [answers.entry_1(number) for number in numbers]
    assert answers.json("v1/entries?limit=5000") == all_entries
    header = ["index-entry-number", "entry-number", "entry-timestamp", "key"]
    rows = [list(each.values()) for each in all_entries]
    assert answers.csv("v1/entries.csv?limit=5000") == csv_of(
        [*header, "item-hash"], rows
    )
    records = {key: answers.record_1(number) for key, number in newest.items()}
    assert answers.json("v1/records?page-size=5000") == records
    rows = [
        [*answers.head(n).values(), *(answers.item(n).get(f) for f in answers.fields)]
        for n in newest.values()
    ]
    assert answers.csv("v1/records.csv?page-size=5000") == csv_of(
        [*header, *answers.fields], rows
    )
    items = {d: answers.published.values(d) for d in answers.published.cited()}
    assert answers.json("v1/items?page-size=5000") == items
    for number in some(numbers, chance):
        key, _, digest = answers.published.entries[number - 1]
        place = quote(key)
        assert answers.json(f"v1/entries/{number}") == [all_entries[number - 1]]
        assert answers.json(f"v1/items/{digest}") == items[digest]
        assert answers.json(f"v1/records/{place}") == {key: records[key]}
        trail = [e for e in all_entries if e["key"] == key]
        assert answers.json(f"v1/records/{place}/entries") == trail
        facets(answers, items[digest], records)
    found = answers.json("v1/register")
    assert found["total-entries"] == len(numbers)
    assert found["total-records"] == len(records)
    assert (
        found["register-record"]
        == answers.published.metadata[f"register:{answers.name}"]
    )
    assert found["last-updated"] == answers.published.entries[-1][1]


def facets(answers: Answers, values: dict, records: dict) -> None:
    """Both versions find the records that have one of the values of an item."""
    for name, value in values.items():
        text = value[0] if isinstance(value, list) else value
        if not text or "/" in text or text == "entries":
            continue
        holds = [
            key
            for key, record in records.items()
            if (held := record["item"][0].get(name)) == text
            or (isinstance(held, list) and text in held)
        ][:5000]
        path = f"v1/records/{name}/{quote(text, safe='')}.json?page-size=5000"
        assert list(answers.json(path)) == holds, path
        path = f"v2/records?page-size=5000&name={name}&value={quote(text, safe='')}"
        assert [each["_id"] for each in answers.json(path)] == holds


def version_2(answers: Answers, newest: dict, numbers: list, chance) -> None:
    all_entries = [answers.entry_2(number) for number in numbers]
    assert answers.json("v2/entries?limit=5000") == all_entries
    header = ["entry-number", "entry-timestamp", "key", "blob-hash"]
    rows = [list(each.values()) for each in all_entries]
    assert answers.csv("v2/entries.csv?limit=5000") == csv_of(header, rows)
    records = {key: {"_id": key, **tidy(answers.item(n))} for key, n in newest.items()}
    assert answers.json("v2/records?page-size=5000") == list(records.values())
    rows = [[r["_id"], *(r.get(f) for f in answers.fields)] for r in records.values()]
    assert answers.csv("v2/records.csv?page-size=5000") == csv_of(
        ["_id", *answers.fields], rows
    )
    blobs = {blob_of(v): v for v in map(answers.item, numbers)}
    served = answers.json("v2/blobs?page-size=5000")
    assert {each["_id"] for each in served} == set(blobs)
    for number in some(numbers, chance):
        entry = all_entries[number - 1]
        digest, key = entry["blob-hash"], entry["key"]
        assert answers.json(f"v2/entries/{number}") == entry
        assert answers.json(f"v2/blobs/{digest}") == {
            "_id": digest,
            **tidy(blobs[digest]),
        }
        assert answers.json(f"v2/records/{quote(key)}") == records[key]
        trail = [e for e in all_entries if e["key"] == key]
        assert answers.json(f"v2/records/{quote(key)}/entries") == trail
        past = answers.published.newest(number)
        assert answers.json(f"v2/snapshots/{number}?page-size=5000") == [
            all_entries[n - 1] for n in past.values()
        ]
        assert answers.json(f"v2/snapshots/{number}/{quote(key)}") == entry
    context(answers, len(records))


def context(answers: Answers, records: int) -> None:
    found = answers.json("v2/context")
    metadata = answers.published.metadata
    assert found["id"] == answers.name
    assert found["statistics"] == {
        "total-entries": len(answers.published.entries),
        "total-blobs": len(answers.published.cited()),
        "total-records": records,
    }
    assert [each["id"] for each in found["schema"]] == answers.fields
    for each in found["schema"]:
        defined = metadata[f"field:{each['id']}"]
        assert each["datatype"] == defined["datatype"]
        assert each["cardinality"] == defined["cardinality"]


def proofs(answers: Answers, numbers: list, chance, stated: bytes) -> None:
    published = answers.published
    size = len(numbers)
    trees = {
        "v1": [leaf_1(n, published.entries[n - 1]) for n in numbers],
        "v2": [
            leaf_2(n, published.entries[n - 1], blob_of(answers.item(n)))
            for n in numbers
        ],
    }
    assert root_of(trees["v1"]) == stated
    assert answers.json("v1/proof/register/merkle:sha-256") == {
        "proof-identifier": "merkle:sha-256",
        "root-hash": f"sha-256:{stated.hex()}",
        "total-entries": size,
    }
    root = root_of(trees["v2"]).hex()
    assert answers.json("v2/proofs/register") == {
        "root-hash": f"1220{root}",
        "total-entries": size,
    }
    assert answers.json("v2/context")["root-hash"] == root
    for number in some(numbers, chance):
        total = chance.randint(number, size)
        nodes = {
            version: [node.hex() for node in path_of(number - 1, leaves[:total])]
            for version, leaves in trees.items()
        }
        assert answers.json(f"v1/proof/entries/{number}/{total}/merkle:sha-256") == {
            "proof-identifier": "merkle:sha-256",
            "entry-number": str(number),
            "merkle-audit-path": [f"sha-256:{node}" for node in nodes["v1"]],
        }
        assert answers.json(f"v2/proofs/entries/{number}/{total}") == {
            "audit-path": [f"1220{node}" for node in nodes["v2"]]
        }
        nodes = {
            version: [node.hex() for node in growth_of(number, leaves[:total])]
            for version, leaves in trees.items()
        }
        path = f"v1/proof/consistency/{number}/{total}/merkle:sha-256"
        assert answers.json(path) == {
            "proof-identifier": "merkle:sha-256",
            "merkle-consistency-nodes": [f"sha-256:{n}" for n in nodes["v1"]],
        }
        assert answers.json(f"v2/proofs/consistency/{number}/{total}") == {
            "audit-path": [f"1220{node}" for node in nodes["v2"]]
        }


def downloads(answers: Answers) -> None:
    answer = answers.get(f"/registers/{answers.name}/v1/download-rsf")
    assert answer["Content-Type"] == "application/uk-gov-rsf"
    lines = b"".join(answer.streaming_content).decode().splitlines()
    sent = [line.split("\t", 2) for line in lines if line.startswith("append-entry")]
    assert [rest for _, scope, rest in sent if scope == "user"] == [
        "\t".join(entry) for entry in answers.published.entries
    ]
    assert len(lines) == len(set(lines)) + (len(sent) - len({*map(tuple, sent)}))
    answer = answers.get(f"/registers/{answers.name}/v1/download-register")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        for digest in answers.published.cited()[:20]:
            text = archive.read(f"item/{digest}.json").decode()
            assert text == answers.published.items[digest]
        number = len(answers.published.entries)
        assert json.loads(archive.read(f"entry/{number}.json")) == [
            answers.entry_1(number)
        ]


@pytest.mark.parametrize("name", NAMES)
def test_an_export_is_the_file_again_entry_for_entry(load, shared_data, name, tmp_path):
    """What is written out has the same entries, in both scopes, and the same items."""
    stored = load(name).register
    path = tmp_path / "out.rsf"
    path.write_bytes(b"".join(export.lines(export.commands(stored))))
    found, given = read(path), read(shared_data / f"registers/{name}.rsf")
    assert (found.entries, found.metadata) == (given.entries, given.metadata)
    assert found.items == given.items
