"""A register as plain files that any web server or CDN serves unchanged.

The files are what the API answers, byte for byte, under the same paths (with their
suffix, because a folder and a file cannot share a name). Writing again writes only
what changed, and the checkpoint last: it never signs what is not there yet.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.http import (
    HttpRequest,
    HttpResponseBase,
    QueryDict,
    StreamingHttpResponse,
)

from staithe.base.errors import BadInput, Damaged
from staithe.ledger import proof, tiles
from staithe.registers import (
    api_v1,
    api_v2,
    blob,
    export,
    formats,
    heads,
    item,
    reading,
    seal,
    signing,
    web_log,
)
from staithe.registers.models import Register
from staithe.registers.reading import DATA, METADATA


STATE = "state.json"
PAGE = 1000
IN_FEED = 50

Answer = Callable[[HttpRequest, str, str], HttpResponseBase]
_VERSIONS: dict[str, Answer] = {"v1": api_v1.answer, "v2": api_v2.answer}


@dataclass(frozen=True)
class Published:
    """What a publication wrote."""

    files: int
    before: int
    size: int


def publish(register: Register, folder: Path, *, at: datetime) -> Published:
    """Write a register to a folder, or bring the folder up to date; BadInput, Damaged."""
    before = _state(folder, register)
    writer = _Writer(folder)
    notes = {
        scope: heads.latest_checkpoint(register, at=at, scope=scope).text
        for scope in (DATA, METADATA)
    }
    _write_logs(writer, register, before)
    _write_records(writer, register, before["size"])
    _write_lists(writer, register)
    _write_download(writer, register)
    found = reading.entries(
        register.pk, max(1, register.size - IN_FEED + 1), register.size
    )
    writer.put("feed.atom", web_log.feed(register, found[::-1]))
    for scope, prefix in ((METADATA, "metadata/"), (DATA, "")):
        keys = signing.verifier_keys(register.name, scope=scope)
        writer.put(f"{prefix}key", "".join(f"{key}\n" for key in keys).encode())
        writer.put(f"{prefix}checkpoint", notes[scope].encode())
    state = {
        "register": register.name,
        "size": register.size,
        "metadata_size": register.metadata_size,
    }
    writer.put(STATE, json.dumps(state).encode())
    return Published(writer.files, before["size"], register.size)


def _state(folder: Path, register: Register) -> dict[str, int]:
    try:
        found = json.loads((folder / STATE).read_bytes())
    except FileNotFoundError:
        return {"size": 0, "metadata_size": 0}
    except (OSError, ValueError) as error:
        raise Damaged(f"{folder / STATE} cannot be read: empty the folder.") from error
    if found.get("register") != register.name or found["size"] > register.size:
        raise BadInput(f"{folder} holds another register, or a later one.")
    return dict(found)


class _Writer:
    """Puts files in place whole: a reader sees the old one or the new."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.files = 0

    def put(self, name: str, data: bytes) -> None:
        self.put_pieces(name, [data])

    def put_pieces(self, name: str, pieces: Iterable[bytes]) -> None:
        path = self._folder / name
        if not path.resolve().is_relative_to(self._folder.resolve()):
            raise BadInput(f"{name} would stand outside {self._folder}.")
        draft = path.with_name(f".{secrets.token_hex(6)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("xb") as file:
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise BadInput(f"Cannot write {path}: {error.strerror}.") from error
        self.files += 1


def _write_logs(writer: _Writer, register: Register, before: dict[str, int]) -> None:
    for scope, prefix, size, old in (
        (DATA, "", register.size, before["size"]),
        (METADATA, "metadata/", register.metadata_size, before["metadata_size"]),
    ):
        known = set(tiles.tiles_of(old))
        for tile in tiles.tiles_of(size):
            if tile not in known:
                data = web_log.tile_bytes(register, tile, scope=scope)
                writer.put(f"{prefix}tile/{tile.path()}", data)


def _ask(version: str, register: Register, path: str) -> bytes:
    """Return what the API answers, in bytes."""
    request = HttpRequest()
    request.method = "GET"
    request.META = {"SERVER_NAME": "localhost", "SERVER_PORT": "80"}
    request.path = f"/registers/{register.name}/{version}/{path}"
    # The API knows a private register's readers by who asks; this is the service.
    answer = _VERSIONS[version](request, register.name, path)
    if answer.status_code != 200:  # noqa: PLR2004  anything else is no file
        raise BadInput(f"{path} of {register.name} cannot be published.")
    if isinstance(answer, StreamingHttpResponse):
        return b"".join(bytes(piece) for piece in answer)
    return bytes(answer.content)  # type: ignore[attr-defined]  # the other kind has it


def _versions(register: Register) -> list[str]:
    return ["v1", "v2"] if register.has_derived else ["v1"]


def _write_records(writer: _Writer, register: Register, before: int) -> None:
    """Write what the entries after `before` made or changed."""
    for start in range(before + 1, register.size + 1, PAGE):
        found = reading.entries(register.pk, start, start + PAGE - 1)
        for key in {each.key for each in found}:
            for version in _versions(register):
                for path in (f"records/{key}.json", f"records/{key}/entries.json"):
                    data = _ask(version, register, path)
                    writer.put(f"{version}/{path}", data)
        for each in found:
            for path in _paths_of(each):
                if path[:2] in _versions(register):
                    data = _ask(path[:2], register, path[3:])
                    writer.put(path, data)


def _paths_of(each: reading.StoredEntry) -> Iterator[str]:
    yield f"v1/entries/{each.number}.json"
    for digest in each.hashes:
        yield f"v1/items/{item.hash_to_text(digest)}.json"
    if each.blob is not None:
        yield f"v2/entries/{each.number}.json"
        yield f"v2/blobs/{blob.hash_to_text(each.blob)}.json"


def _write_lists(writer: _Writer, register: Register) -> None:
    """Write every record and entry as one file each way, and what the register is."""
    writer.put("v1/register.json", _ask("v1", register, "register"))
    root = "proof/register/merkle:sha-256"
    writer.put(f"v1/{root}.json", _ask("v1", register, root))
    writer.put_pieces("v1/records.json", _all_records(register))
    writer.put_pieces("v1/records.csv", _all_csv(register))
    if register.has_derived:
        writer.put("v2/context.json", _ask("v2", register, "context"))
        writer.put("v2/proofs/register.json", _ask("v2", register, "proofs/register"))


def _all_records(register: Register) -> Iterator[bytes]:
    """Yield every record as version 1 does, in one object."""
    lead = b"{"
    for start in range(1, register.records + 1, PAGE):
        for each in reading.records(register.pk, start, start + PAGE - 1):
            record = {
                "index-entry-number": str(each.number),
                "entry-number": str(each.number),
                "entry-timestamp": each.timestamp,
                "key": each.key,
                "item": reading.data_of(register.pk, each),
            }
            pair = formats.json_answer({each.key: record}).content
            yield lead + pair[1:-1]
            lead = b","
    yield b"{}" if lead == b"{" else b"}"


def _all_csv(register: Register) -> Iterator[bytes]:
    head = b""
    for index in range(1, max(register.records, 1) + 1, formats.MAX_PAGE):
        page = index // formats.MAX_PAGE + 1
        data = _page_csv(register, page)
        own_head, _, rows = data.partition(b"\r\n")
        if not head:
            head = own_head
            yield head + b"\r\n"
        yield rows


def _page_csv(register: Register, page: int) -> bytes:
    request = HttpRequest()
    request.method = "GET"
    request.path = f"/registers/{register.name}/v1/records.csv"
    request.GET = QueryDict(f"page-index={page}&page-size={formats.MAX_PAGE}")
    answer = api_v1.answer(request, register.name, "records.csv")
    return bytes(answer.content)  # type: ignore[attr-defined]  # a list never streams


def _write_download(writer: _Writer, register: Register) -> None:
    notes: list[str] = []

    def pieces() -> Iterator[bytes]:
        for piece, note in export.sealed(register):
            yield piece
            notes.append(note)

    writer.put_pieces("v1/download-rsf", pieces())
    writer.put(f"v1/download-rsf{seal.SUFFIX}", notes[-1].encode())


def write_proofs(register: Register, folder: Path, *, at: datetime) -> int:
    """Write the proof file of every record; return how many."""
    writer = _Writer(folder)
    for start in range(1, register.records + 1, PAGE):
        for each in reading.records(register.pk, start, start + PAGE - 1):
            found = heads.proof_of(register, each.number, at=at)
            data = proof.to_text(found).encode()
            writer.put(f"records/{each.key}.tlog-proof", data)
    return writer.files
