"""A file that cannot be used gets one sentence, at every door, and leaves nothing.

The same list of bad files goes through the page, the API and the command line.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile


def truncated_parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"a": list(range(1000))}), out)
    return out.getvalue()[:-100]


def parquet_of(column: pa.Array, name: str = "a") -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table([column], names=[name]), out)
    return out.getvalue()


def not_utf8() -> pa.Array:
    offsets = pa.py_buffer(bytes(4) + (2).to_bytes(4, "little"))
    return pa.Array.from_buffers(
        pa.string(), 1, [None, offsets, pa.py_buffer(b"\xff\xfe")]
    )


def wide(columns: int = 20_000) -> bytes:
    names = ",".join(f"c{n}" for n in range(columns))
    return f"{names}\n{','.join('1' * columns)}\n".encode()


def wide_json(columns: int = 20_000) -> bytes:
    return "".join(f'{{"c{n}": 1}}\n' for n in range(columns)).encode()


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", "<workbook/>")
        package.writestr("xl/worksheets/sheet1.xml", b"0" * (100 << 20))
    return out.getvalue()


BAD: dict[str, tuple[str, Callable[[], bytes]]] = {
    "wrong column count": ("a.csv", lambda: b"a,b\n1,2\n3,4,5\n6\n"),
    "truncated Parquet": ("a.parquet", truncated_parquet),
    "nothing in it": ("a.csv", lambda: b""),
    "another kind": ("a.csv", lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4),
    "another kind, PDF": ("a.csv", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"),
    "a header twice": ("a.csv", lambda: b"a,b,A\n1,2,3\n"),
    "no name for a column": ("a.csv", lambda: b"a,,c\n1,2,3\n"),
    "not UTF-8": ("a.csv", lambda: b"a,b\n1,\xff\xfe\x00\x81\n"),
    "a zip bomb": ("a.xlsx", zip_bomb),
    "a zip of another kind": ("a.xlsx", lambda: zip_bomb()[:500]),
    "broken JSON lines": ("a.jsonl", lambda: b'{"a": 1}\n{"a": \n'),
    "JSON lines of lists": ("a.jsonl", lambda: b"[1, 2]\n"),
    "half a character": ("a.jsonl", lambda: b'{"a": "\\ud800"}\n'),
    "half a character, deep": ("a.jsonl", lambda: b'{"a": [{"b": "\\uDFFF"}]}\n'),
    "half a character in a key": ("a.jsonl", lambda: b'{"\\ud800": 1}\n'),
    "NUL in a key": ("a.jsonl", lambda: b'{"a\\u0000": 1}\n'),
    "NUL in a value": ("a.jsonl", lambda: b'{"a": "x\\u0000y"}\n'),
    "nested too deep": ("a.jsonl", lambda: b'{"a":' + b"[" * 480 + b"]" * 480 + b"}"),
    "a number too long": ("a.jsonl", lambda: b'{"a": [' + b"1" * 5000 + b"]}\n"),
    "20,000 columns": ("a.csv", wide),
    "20,000 keys": ("a.jsonl", wide_json),
    "a bell in a name": ("a.csv", lambda: b"a\x07,c\n1,2\n"),
    "an escape in a Parquet name": (
        "a.parquet",
        lambda: parquet_of(pa.array([1]), "a\x07b"),
    ),
    "Parquet text that is not UTF-8": ("a.parquet", lambda: parquet_of(not_utf8())),
    "NUL in Parquet text": ("a.parquet", lambda: parquet_of(pa.array(["x\0y"]))),
    "one name in two spellings": ("a.csv", "é,e\u0301\n1,2\n".encode),
}


# Refused at the door, before there is a job.
NOTHING = "nothing in it"


@pytest.fixture(params=BAD)
def bad(request) -> tuple[str, bytes]:
    name, make = BAD[request.param]
    return name, make()


def check_sentence(text: str) -> None:
    """Check for one short sentence in plain words, not a trace of ours."""
    assert text.endswith("."), text
    assert 20 < len(text) < 400, text
    assert "\n" not in text
    for word in ("Traceback", "Error:", "Exception", "/tmp", "arrow::", "None"):
        assert word not in text, text


def publish_on_the_page(client, name: str, content: bytes):
    form = {
        "title": "Roads",
        "organisation": "roads",
        "access_rights": "INTERNAL",
        "file": SimpleUploadedFile(name, content),
    }
    return client.post("/catalogue/publish", form)


def sentence_at_the_file(page: str) -> str:
    message = re.search(r'id="id_file-error"[^>]*>(.*?)</p>', page, re.DOTALL)
    assert message, "no message at the file"
    text = html.unescape(re.sub(r"<[^>]+>", "", message.group(1))).strip()
    return text.removeprefix("Error:").strip()


@pytest.fixture
def doors(cast, browse, call, staithe, write):
    """Return what publishes a file at each door and gives the sentence it says."""
    client, program = browse(cast.olive), call(cast.olive)
    client.get("/catalogue")

    def page(name: str, content: bytes) -> str:
        answer = publish_on_the_page(client, name, content)
        return sentence_at_the_file(answer.content.decode())

    def api(name: str, content: bytes) -> str:
        about = {"title": "Roads", "organisation": "roads"}
        file = SimpleUploadedFile(name, content)
        return program("POST", "/assets", about, file=file)[1]["detail"]

    def command(name: str, content: bytes) -> str:
        path = str(write(content, name))
        said = staithe("publish", path, "--owner", "roads", "--title", "Roads")
        return said.err.strip().removeprefix("Error: ")

    return {"page": page, "api": api, "command": command}


def test_every_door_says_the_same_sentence(doors, bad, nothing_stays):
    """Page, API and command line, word for word."""
    with nothing_stays():
        sentences = {name: door(*bad) for name, door in doors.items()}
    assert len(set(sentences.values())) == 1, sentences


def test_the_page_says_it_beside_the_file(cast, browse, bad, nothing_stays):
    name, content = bad
    client = browse(cast.olive)
    client.get("/catalogue")
    with nothing_stays():
        answer = publish_on_the_page(client, name, content)
    page = answer.content.decode()
    assert answer.status_code == 422
    check_sentence(sentence_at_the_file(page))
    assert "<title>Error: " in page
    assert 'href="#id_file"' in page
    assert 'value="Roads"' in page  # what was typed is still there


def test_the_api_says_the_same(cast, call, bad, nothing_stays):
    name, content = bad
    program = call(cast.olive)
    about = {"title": "Roads", "organisation": "roads"}
    with nothing_stays():
        status, problem = program(
            "POST", "/assets", about, file=SimpleUploadedFile(name, content)
        )
    assert status in {400, 413}
    assert problem["field"] == "file"
    check_sentence(problem["detail"])


def test_the_api_says_the_same_of_a_new_version(
    cast, call, publish, bad, nothing_stays
):
    name, content = bad
    asset, program = publish().asset, call(cast.olive)
    with nothing_stays():
        status, problem = program(
            "POST",
            f"/assets/{asset.slug}/versions",
            file=SimpleUploadedFile(name, content),
        )
    assert status in {400, 413}
    check_sentence(problem["detail"])


def test_the_command_says_the_same_and_exits_with_2(
    cast, staithe, write, bad, nothing_stays
):
    name, content = bad
    path = write(content, name)
    with nothing_stays():
        said = staithe("publish", str(path), "--owner", "roads", "--title", "Roads")
    assert (said.code, said.out) == (2, "")
    lines = [line for line in said.err.splitlines() if line.strip()]
    assert len(lines) == 1
    check_sentence(lines[0].removeprefix("Error: "))


@pytest.mark.parametrize("bad", sorted(set(BAD) - {NOTHING}), indirect=True)
def test_a_bad_file_read_by_a_job_fails_with_the_sentence_and_leaves_nothing(
    cast, call, bad, settings, home
):
    from staithe.catalogue.models import Asset
    from staithe.jobs.run import run_pending

    name, content = bad
    settings.PUBLISH_INLINE_BYTES = 0
    program = call(cast.olive)
    about = {"title": "Roads", "organisation": "roads"}
    status, job = program(
        "POST", "/assets", about, file=SimpleUploadedFile(name, content)
    )
    assert status == 202
    run_pending()
    _, job = program("GET", f"/publications/{job['reference']}")
    assert (job["state"], job["asset"]) == ("failed", None)
    check_sentence(job["error"])
    assert list((home / "uploads").iterdir()) == []
    assert not Asset.objects.exists()
    assert list((home / "snapshots").iterdir()) == []


def test_a_file_over_the_limit_is_refused(cast, call, settings, nothing_stays):
    settings.MAX_UPLOAD_BYTES = 10
    program = call(cast.olive)
    with nothing_stays():
        status, problem = program(
            "POST",
            "/assets",
            {"title": "Roads", "organisation": "roads"},
            file=SimpleUploadedFile("a.csv", b"a,b\n1,2\n3,4\n"),
        )
    assert (status, problem["code"]) == (413, "too-large")
    assert "larger than" in problem["detail"]
