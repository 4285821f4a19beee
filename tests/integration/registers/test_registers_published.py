"""A register written to files serves, verifies and is copied without the service."""

from __future__ import annotations

import functools
import http.server
import json
import pathlib
import random
import re
import threading
from datetime import UTC, datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from django.db import connection

from staithe.base.errors import BadInput, UserError
from staithe.registers import formats, guards, heads, signing
from staithe.registers.actions import append_entries, change_schema, create_register
from staithe.registers.copying import open_copy, pull
from staithe.registers.models import Register
from staithe.registers.publishing import publish
from staithe.registers.schema import Field
from staithe.registers.verify import verify


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)


def files_of(folder) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def as_asked(path: str) -> str:
    """Return the address of a file: a list is asked for whole."""
    stem = path.rpartition(".")[0]
    if stem in {"v1/entries", "v2/entries"}:
        return f"{path}?limit=5000"
    lists = {"v1/records", "v1/items", "v2/records", "v2/blobs"}
    return f"{path}?page-size=5000" if stem in lists else path


@pytest.mark.data
@pytest.mark.parametrize("name", ["territory", "datatype"])
def test_the_files_are_what_the_service_answers(load, client, tmp_path, name, settings):
    """Every file but the state: entries, lists in both forms, tiles, feed, download."""
    settings.BASE_URL = "http://testserver"
    register = load(name).register
    publish(register, tmp_path / "site", at=AT)
    files = files_of(tmp_path / "site")
    assert len([f for f in files if f.endswith(".csv")]) == 6
    for path, data in files.items():
        if path in {"state.json", "index.html"}:
            continue
        answer = client.get(f"/registers/{name}/{as_asked(path)}")
        sent = (
            b"".join(answer.streaming_content) if answer.streaming else answer.content
        )
        assert (answer.status_code, sent) == (200, data), path


def test_a_folder_has_a_page_for_people_whose_links_all_lead_somewhere(town, tmp_path):
    Register.objects.filter(pk=town.pk).update(title="<b>Towns</b> & more")
    add(town, 1, 2)
    publish(town, tmp_path / "site", at=AT)
    page = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert "&lt;b&gt;Towns&lt;/b&gt; &amp; more" in page
    assert "2 records made by 2 entries" in page
    links = re.findall(r'href="([^"]+)"', page)
    assert len(links) == 8
    for each in links:
        assert (tmp_path / "site" / each).is_file(), each


def test_a_list_of_many_pages_is_one_file(town, tmp_path, client, monkeypatch):
    add(town, *range(25))
    whole = {
        f"{path}.{kind}": client.get(
            f"/registers/town/{as_asked(f'{path}.{kind}')}"
        ).content
        for path in (
            "v1/records",
            "v1/entries",
            "v1/items",
            "v2/records",
            "v2/entries",
            "v2/blobs",
        )
        for kind in ("json", "csv")
    }
    monkeypatch.setattr(formats, "MAX_PAGE", 7)
    publish(town, tmp_path, at=AT)
    for path, data in whole.items():
        assert (tmp_path / path).read_bytes() == data, path


@pytest.mark.data
def test_the_folder_verifies_by_path_and_from_any_web_server(load, tmp_path):
    register = load("territory").register
    publish(register, tmp_path, at=AT)
    keys = signing.verifier_keys("territory")
    assert verify(str(tmp_path), keys=keys, name="territory").size == 80
    handler = functools.partial(_Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert verify(address, keys=keys, name="territory").records == 79
        server.shutdown()
    for path in (
        "tile/entries/000.p/80",
        "tile/0/000.p/80",
        "v1/download-rsf",
        "metadata/checkpoint",
    ):
        data = (tmp_path / path).read_bytes()
        (tmp_path / path).write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
        with pytest.raises(UserError):
            verify(str(tmp_path), keys=keys, name="territory")
        (tmp_path / path).write_bytes(data)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def add(register, *numbers: int, name: str = "x"):
    changes = [(str(n), {"town": str(n), "name": name}) for n in numbers]
    return append_entries(register=register, changes=changes, by=None, at=AT)


def test_publishing_again_writes_only_what_changed(town, tmp_path):
    tmp_path = tmp_path / "site"
    add(town, *range(200))
    first = publish(town, tmp_path, at=AT)
    before = files_of(tmp_path)
    assert publish(town, tmp_path, at=AT).files == 0
    add(town, 3, name="y")
    second = publish(town, tmp_path, at=AT)
    after = files_of(tmp_path)
    assert (second.before, second.size) == (200, 201)
    assert second.files < first.files / 20
    written = {path for path, data in after.items() if before.get(path) != data}
    assert len(written) == second.files
    assert "v1/records/3.json" in written
    kept = {p: d for p, d in before.items() if "tile/" in p or p.startswith("feed/")}
    assert kept.items() <= after.items()
    keys = signing.verifier_keys("town")
    assert verify(str(tmp_path), keys=keys, name="town").size == 201
    other = create_register(name="city", title="C", owner=None, by=None, at=AT)
    with pytest.raises(BadInput, match="another register"):
        publish(other, tmp_path, at=AT)
    Register.objects.filter(name="city").update(is_public=False)
    other.refresh_from_db()
    with pytest.raises(BadInput, match="not public"):
        publish(other, tmp_path / "city", at=AT)


def test_what_is_published_is_of_one_moment(town, tmp_path, monkeypatch):
    """Entries that come while it is being signed are in every file, or in none."""
    add(town, 1, 2)
    sign = heads.latest_checkpoint
    grown = []

    def sign_then_grow(register, **options):
        signed = sign(register, **options)
        if len(grown) < 3:
            grown.append(add(town, 100 + len(grown)))
        return signed

    monkeypatch.setattr(heads, "latest_checkpoint", sign_then_grow)
    done = publish(town, tmp_path, at=AT)
    assert done.size == 5
    assert (
        verify(str(tmp_path), keys=signing.verifier_keys("town"), name="town").size == 5
    )
    assert len(json.loads((tmp_path / "v1/records.json").read_bytes())) == 5


@pytest.fixture
def serve(tmp_path):
    """Return what serves a folder as a plain web server does, and counts its bytes."""
    running = []

    def start(folder, handler=None) -> tuple[str, list[int]]:
        sent: list[int] = []
        made = functools.partial(handler or _Quiet, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), made)
        server.sent = sent
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_port}", sent

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


class _Ranges(_Quiet):
    """A web server that answers Range, as most do."""

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        path = pathlib.Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.end_headers()
        self.server.sent.append(len(data) - start)
        self.wfile.write(data[start:])


@pytest.mark.parametrize("handler", [None, _Ranges])
def test_a_copy_is_kept_from_plain_files_alone(town, tmp_path, serve, handler):
    """First whole, then what is new; with the growth proved by the tiles."""
    site, copy = tmp_path / "site", tmp_path / "copy"
    add(town, *range(270))
    publish(town, site, at=AT)
    address, sent = serve(site, handler)
    keys = signing.verifier_keys("town")
    assert pull(address, copy, keys=keys).size == 270
    assert not pull(address, copy).changed
    add(town, 3, 4, name="y")
    change_schema(register=town, fields=[Field("mayor")], by=None, at=AT)
    publish(town, site, at=AT)
    sent.clear()
    done = pull(address, copy)
    assert (done.before, done.size, done.metadata_size) == (270, 272, 11)
    held = (copy / "current/register.rsf").read_bytes()
    assert held == (site / "v1/download-rsf").read_bytes()
    if handler:
        assert sum(sent) < len(held) / 2
    assert open_copy(copy).record("4")["name"] == "y"


def test_plain_files_of_another_history_are_refused(town, tmp_path):
    """By folder too: a rollback, a fork and a changed tile."""
    site, copy = tmp_path / "site", tmp_path / "copy"
    add(town, *range(10))
    publish(town, site, at=AT)
    old = files_of(site)
    pull(str(site), copy, keys=signing.verifier_keys("town"))
    add(town, 11)
    publish(town, site, at=AT)
    for path in ("tile/0/000.p/11", "v1/download-rsf"):
        data = (site / path).read_bytes()
        at = len(data) - 30
        (site / path).write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(UserError):
            pull(str(site), copy)
        (site / path).write_bytes(data)
    pull(str(site), copy)
    (site / "checkpoint").write_bytes(old["checkpoint"])
    with pytest.raises(UserError, match="rolled back"):
        pull(str(site), copy)
    assert open_copy(copy).size == 11


def test_metadata_of_another_history_is_refused(town, tmp_path):
    """The same entries under a rewritten schema, signed by the register's own key."""
    site, copy = tmp_path / "site", tmp_path / "copy"
    add(town, 1, 2)
    publish(town, site, at=AT)
    pull(str(site), copy, keys=signing.verifier_keys("town"))
    with guards.lifted(connection), connection.cursor() as cursor:
        tables = ("checkpoint", "entry", "item", "record", "row", "term", "register")
        for table in tables:
            cursor.execute(f"DELETE FROM registers_{table}")
    again = create_register(
        name="town", title="Other", owner=None, by=None, at=AT,
        fields=[Field(n) for n in ("name", "tags", "twin", "a", "b", "c", "d", "e")],
    )  # fmt: skip
    add(again, 1, 2)
    other = tmp_path / "other"
    publish(again, other, at=AT)
    with pytest.raises(UserError, match="forked: its first 9 entries"):
        pull(str(other), copy)
    assert open_copy(copy).schema.fields["tags"].cardinality == "n"


def test_a_reader_of_the_feed_misses_no_entry(town, client):
    """The archives, followed from the feed, hold every entry; a full one never changes."""
    add(town, *range(120))
    found, address, archived = [], "/registers/town/feed.atom", {}
    while address:
        answer = client.get(address)
        assert answer.status_code == 200
        root = ET.fromstring(answer.content)
        found += [e.findtext("{*}title") for e in root.findall("{*}entry")]
        if "feed/" in address:
            archived[address] = answer.content
            assert (
                root.find("{http://purl.org/syndication/history/1.0}archive")
                is not None
            )
        links = {e.get("rel"): e.get("href") for e in root.findall("{*}link")}
        address = urlsplit(links.get("prev-archive", "")).path
    assert set(found) == {f"{n}: entry {n + 1}" for n in range(120)}
    add(town, 500)
    for address, data in archived.items():
        assert client.get(address).content == data
    assert client.get("/registers/town/feed/3.atom").status_code == 404


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.long)])
def test_no_changed_byte_of_what_is_published_passes(town, tmp_path, count):
    """Tiles, bundles, both checkpoints, the download and its seal: none is let through.

    Line ends of the download are no content, and all else is.
    """
    site = tmp_path / "site"
    add(town, *range(270))
    publish(town, site, at=AT)
    keys = signing.verifier_keys("town")
    assert verify(str(site), keys=keys, name="town").size == 270
    whole = files_of(site)
    covered = sorted(
        path
        for path in whole
        if "tile/" in path or "checkpoint" in path or "download-rsf" in path
    )
    assert len(covered) == 5 + 2 + 2 + 2, covered
    chance = random.Random(6)
    for _ in range(count):
        path = chance.choice(covered)
        data = whole[path]
        at = chance.randrange(len(data))
        flip = bytes([data[at] ^ (1 << chance.randrange(8))])
        changed = chance.choice(
            [
                data[:at] + flip + data[at + 1 :],
                data[:at] + data[at + 1 :],
                data[:at] + flip + data[at:],
            ]
        )
        if path == "v1/download-rsf" and lines(changed) == lines(data):
            continue
        (site / path).write_bytes(changed)
        with pytest.raises(UserError):
            verify(str(site), keys=keys, name="town")
        (site / path).write_bytes(data)
    assert verify(str(site), keys=keys, name="town").size == 270


def lines(data: bytes) -> list[bytes]:
    return [line.removesuffix(b"\r") for line in data.removesuffix(b"\n").split(b"\n")]


@pytest.mark.django_db(transaction=True)
def test_publishing_works_as_the_command_runs_it(town, tmp_path):
    """That is, outside any transaction: the whole is read within one of its own."""
    add(town, 1, 2)
    assert publish(town, tmp_path, at=AT).size == 2
    assert verify(str(tmp_path), keys=signing.verifier_keys("town")).size == 2
