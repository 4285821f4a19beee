"""A register as plain files that any web server or CDN serves unchanged.

The files are what the API answers, byte for byte, under the same paths (with their
suffix, because a folder and a file cannot share a name). Writing again writes only
what changed, all of one moment, and the checkpoint last: it never signs what is not
there yet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.template.loader import render_to_string

from staithe.base.errors import BadInput, Conflict, Damaged
from staithe.ledger import proof, tiles
from staithe.registers import (
    answers,
    blob,
    export,
    feed,
    heads,
    item,
    reading,
    seal,
    signing,
    web_log,
)
from staithe.registers.files import Writer
from staithe.registers.models import Checkpoint, Register
from staithe.registers.reading import DATA, METADATA


STATE = "state.json"
PAGE_FOR_PEOPLE = "index.html"
PAGE = 1000
TRIES = 10


@dataclass(frozen=True)
class Published:
    """What a publication wrote."""

    files: int
    before: int
    size: int


def publish(register: Register, folder: Path, *, at: datetime) -> Published:
    """Write a register to a folder, or bring the folder up to date.

    BadInput where it is not public or the folder is another's, Damaged, Conflict.
    """
    if not register.is_public:
        raise BadInput(f"{register.name} is not public, so it is not published.")
    for _ in range(TRIES):
        # Signing writes; what is then read is all of one moment, or this starts anew.
        signed = {
            scope: heads.latest_checkpoint(register, at=at, scope=scope)
            for scope in (DATA, METADATA)
        }
        with reading.one_moment():
            register = Register.objects.get(pk=register.pk)
            sizes = (register.size, register.metadata_size)
            if sizes == (signed[DATA].size, signed[METADATA].size):
                return _publish(register, folder, signed)
    raise Conflict(f"{register.name} keeps growing. Publish it again.", code="grew")


def _publish(
    register: Register, folder: Path, signed: dict[int, Checkpoint]
) -> Published:
    before = _state(folder, register)
    writer = Writer(folder)
    grew = before["size"] != register.size
    _write_logs(writer, register, before)
    _write_records(writer, register, before["size"])
    for path in answers.small(register):
        writer.put(f"{path}.json", answers.ask(register, path))
    if grew or before["metadata_size"] != register.metadata_size:
        for path, pieces in answers.whole(register):
            writer.put_pieces(path, pieces)
        _write_download(writer, register)
    _write_feed(writer, register, before["size"])
    writer.put(PAGE_FOR_PEOPLE, _page(register))
    writer.settle()  # the checkpoint vouches for the rest, so it comes to disk after it
    for scope, prefix in ((METADATA, "metadata/"), (DATA, "")):
        keys = signing.verifier_keys(register.name, scope=scope)
        writer.put(f"{prefix}key", "".join(f"{key}\n" for key in keys).encode())
        writer.put(f"{prefix}checkpoint", signed[scope].text.encode())
    state = {
        "register": register.name,
        "size": register.size,
        "metadata_size": register.metadata_size,
    }
    writer.settle()
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


def _write_logs(writer: Writer, register: Register, before: dict[str, int]) -> None:
    for scope, prefix, size, old in (
        (DATA, "", register.size, before["size"]),
        (METADATA, "metadata/", register.metadata_size, before["metadata_size"]),
    ):
        known = set(tiles.tiles_of(old))
        for tile in tiles.tiles_of(size):
            if tile not in known:
                data = web_log.tile_bytes(register, tile, scope=scope)
                writer.put(f"{prefix}tile/{tile.path()}", data)


def _write_records(writer: Writer, register: Register, before: int) -> None:
    """Write what the entries after `before` made or changed."""
    for start in range(before + 1, register.size + 1, PAGE):
        found = reading.entries(register.pk, start, start + PAGE - 1)
        for key in {each.key for each in found}:
            for version in answers.versions(register):
                for path in (f"records/{key}", f"records/{key}/entries"):
                    data = answers.ask(register, f"{version}/{path}")
                    writer.put(f"{version}/{path}.json", data)
        for each in found:
            for path in _paths_of(each):
                if path[:2] in answers.versions(register):
                    writer.put(f"{path}.json", answers.ask(register, path))


def _paths_of(each: reading.StoredEntry) -> Iterator[str]:
    yield f"v1/entries/{each.number}"
    for digest in each.hashes:
        yield f"v1/items/{item.hash_to_text(digest)}"
    if each.blob is not None:
        yield f"v2/entries/{each.number}"
        yield f"v2/blobs/{blob.hash_to_text(each.blob)}"


def _write_feed(writer: Writer, register: Register, before: int) -> None:
    writer.put("feed.atom", feed.newest(register))
    for number in feed.archives(register.size):
        if number not in feed.archives(before):
            writer.put(f"feed/{number}.atom", feed.archive(register, number))


def _page(register: Register) -> bytes:
    """Return the page that a web server shows for the folder."""
    newest = answers.versions(register)[-1]
    files = [
        (
            f"{newest}/records.csv",
            "Records (CSV, byte for byte as the service answers)",
        ),
        (f"{newest}/records.json", "Records (JSON)"),
        (f"{newest}/entries.csv", "Entries: every change ever made (CSV)"),
        (f"{newest}/entries.json", "Entries (JSON)"),
        ("v1/download-rsf", "The log (RSF), complete with its history"),
        ("feed.atom", "Feed of changes (Atom)"),
    ]
    told = {
        "register": register,
        "records": f"{register.records:,}",
        "entries": f"{register.size:,}",
        "files": files,
    }
    return render_to_string("registers/published.html", told).encode()


def _write_download(writer: Writer, register: Register) -> None:
    notes: list[str] = []

    def pieces() -> Iterator[bytes]:
        for piece, note in export.sealed(register):
            yield piece
            notes.append(note)

    writer.put_pieces("v1/download-rsf", pieces())
    writer.put(f"v1/download-rsf{seal.SUFFIX}", notes[-1].encode())


def write_proofs(register: Register, folder: Path, *, at: datetime) -> int:
    """Write the proof file of every record; return how many."""
    writer = Writer(folder)
    register = Register.objects.get(pk=register.pk)
    for start in range(1, register.records + 1, PAGE):
        for each in reading.records(register.pk, start, start + PAGE - 1):
            found = heads.proof_of(register, each.number, at=at)
            data = proof.to_text(found).encode()
            writer.put(f"records/{each.key}.tlog-proof", data)
    return writer.files
