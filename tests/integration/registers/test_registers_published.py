"""A register written to files serves, verifies and is copied without the service."""

from __future__ import annotations

import functools
import http.server
import threading
from datetime import UTC, datetime

import pytest

from staithe.base.errors import BadInput, UserError
from staithe.registers import signing
from staithe.registers.actions import append_entries, create_register
from staithe.registers.publishing import publish
from staithe.registers.verify import verify


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)


def files_of(folder) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.data
def test_the_files_are_what_the_api_answers(load, client, tmp_path):
    register = load("territory").register
    publish(register, tmp_path, at=AT)
    for path, data in files_of(tmp_path).items():
        if path.startswith(
            (
                "v1/records/",
                "v2/",
                "v1/entries",
                "tile/",
                "metadata/tile",
                "checkpoint",
                "v1/items",
            )
        ):
            assert client.get(f"/registers/territory/{path}").content == data, path
    csv = client.get("/registers/territory/v1/records.csv?page-size=500").content
    assert (tmp_path / "v1/records.csv").read_bytes() == csv
    whole = client.get("/registers/territory/v1/records.json?page-size=500").content
    assert (tmp_path / "v1/records.json").read_bytes() == whole


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


def test_publishing_again_writes_only_what_changed(town, tmp_path):
    def add(key: str, name: str):
        changes = [(key, {"town": key, "name": name})]
        return append_entries(register=town, changes=changes, by=None, at=AT)

    for number in range(20):
        add(str(number), "x")
    town.refresh_from_db()
    first = publish(town, tmp_path, at=AT)
    before = files_of(tmp_path)
    second = publish(add("3", "y"), tmp_path, at=AT)
    after = files_of(tmp_path)
    assert (second.before, second.size) == (20, 21)
    assert second.files < first.files / 3
    assert after["v1/records/3.json"] != before["v1/records/3.json"]
    assert {
        path: data for path, data in before.items() if "tile/" in path
    }.items() <= after.items()
    assert (
        verify(str(tmp_path), keys=signing.verifier_keys("town"), name="town").size
        == 21
    )
    other = create_register(name="city", title="C", owner=None, by=None, at=AT)
    with pytest.raises(BadInput, match="another register"):
        publish(other, tmp_path, at=AT)
