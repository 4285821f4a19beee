"""Servers that break off or addresses that are none: a sentence, not a traceback."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from staithe.base.errors import BadInput
from staithe.ledger import mirror
from staithe.registers import cli
from staithe.registers.copying import Pulled
from staithe.registers.sources import Source


class CutOff(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"FF\r\nonly a beginning")
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def cut_off():
    server = HTTPServer(("127.0.0.1", 0), CutOff)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_answer_that_breaks_off_is_told(cut_off):
    with pytest.raises(BadInput, match="cannot be read"):
        mirror.web(cut_off)("checkpoint")
    with pytest.raises(BadInput, match="cannot be read"):
        list(Source(cut_off).stream("download-rsf"))


@pytest.mark.parametrize(
    "place", ["http://a b/x", "http://127.0.0.1:1/a b", "http://[::1"]
)
def test_an_address_that_is_none_is_told(place):
    with pytest.raises(BadInput, match="cannot be read"):
        mirror.web(place)("checkpoint")
    with pytest.raises(BadInput, match="cannot be read"):
        list(Source(place).stream("download-rsf"))


@pytest.mark.parametrize(
    ("size", "metadata", "says"),
    [
        (80, 12, "nothing new"),
        (81, 12, "1 new entry"),
        (80, 14, "2 new entries about its fields or what it says of itself"),
        (81, 13, "1 new entry and 1 new entry about its fields"),
    ],
)
def test_a_pull_says_what_changed_in_either_log(size, metadata, says):
    done = Pulled(
        name="town", before=80, size=size, metadata_before=12,
        metadata_size=metadata, root="", key="", pinned=True,
    )  # fmt: skip
    assert cli._news(done).startswith(says)
