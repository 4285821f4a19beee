"""Version 1 of the open register API, as the former GOV.UK Registers served it."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from staithe.base.errors import NotFound
from staithe.registers import formats, item, reading, resources
from staithe.registers.formats import CSV, JSON, Run, Window
from staithe.registers.loading import TREES
from staithe.registers.reading import StoredEntry
from staithe.registers.resources import Call, route


ALGORITHM = "merkle:sha-256"
_ENTRY = ("index-entry-number", "entry-number", "entry-timestamp", "key")
MAX_ARCHIVE = 100_000  # entries; a larger register is downloaded as RSF


def _head(each: StoredEntry) -> dict[str, Any]:
    number = str(each.number)
    return {
        "index-entry-number": number,
        "entry-number": number,
        "entry-timestamp": each.timestamp,
        "key": each.key,
    }


def _entry(each: StoredEntry) -> dict[str, Any]:
    return _head(each) | {"item-hash": [item.hash_to_text(h) for h in each.hashes]}


def _record(call: Call, each: StoredEntry) -> dict[str, Any]:
    return _head(each) | {"item": reading.data_of(call.pk, each)}


def _entries(call: Call, found: list[StoredEntry]) -> HttpResponse:
    if call.format(JSON, CSV) == JSON:
        return formats.json_answer([_entry(each) for each in found])
    rows = [[formats.cell(value) for value in _entry(each).values()] for each in found]
    return formats.csv_answer([*_ENTRY, "item-hash"], rows)


def _records(call: Call, found: list[StoredEntry]) -> HttpResponse:
    records = [_record(call, each) for each in found]
    if call.format(JSON, CSV) == JSON:
        return formats.json_answer({record["key"]: record for record in records})
    fields = call.fields([values for r in records for values in r["item"]])
    rows = [
        [record[name] for name in _ENTRY]
        + [formats.cell(values.get(field)) for field in fields]
        for record in records
        for values in record["item"]
    ]
    return formats.csv_answer([*_ENTRY, *fields], rows)


def _with_link(answer: HttpResponse, link: str) -> HttpResponse:
    if link:
        answer["Link"] = link
    return answer


def show_record(call: Call, key: str) -> HttpResponseBase:
    """Answer with the record of a key."""
    each = reading.find_record(call.pk, key)
    if each is None:
        raise NotFound(f"{call.register.name} has no record {key[:80]}.")
    answer = _records(call, [each])
    answer["Link"] = call.history_of(each.key)
    return answer


def list_trail(call: Call, key: str) -> HttpResponseBase:
    """Answer with every entry of a key."""
    found = reading.trail(call.pk, key)
    if not found:  # it may be an older record whose key ends so
        return show_record(call, f"{key}/entries")
    return _entries(call, found)


def list_records(call: Call) -> HttpResponseBase:
    """Answer with a page of the current records."""
    page = Window(call.request, call.register.records)
    found = reading.records(call.pk, page.start, page.end)
    return _with_link(_records(call, found), page.link(call.request))


def list_faceted(call: Call, field: str, value: str) -> HttpResponseBase:
    """Answer with a page of the records whose field has a value.

    Or with the one record whose old key holds a slash.
    """
    if reading.find_record(call.pk, f"{field}/{value}"):
        return show_record(call, f"{field}/{value}")
    found, page = resources.faceted(call, field, value)
    return _with_link(_records(call, found), page.link(call.request))


def list_entries(call: Call) -> HttpResponseBase:
    """Answer with a run of entries."""
    run = Run(call.request, call.register.size)
    found = reading.entries(call.pk, run.start, run.end)
    return _with_link(_entries(call, found), run.link())


def show_entry(call: Call, number: str) -> HttpResponseBase:
    """Answer with one entry, in a list."""
    each = reading.find_entry(call.pk, formats.number(number, name="entry-number"))
    if each is None:
        raise NotFound(f"{call.register.name} has no entry {number}.")
    return _entries(call, [each])


def list_items(call: Call) -> HttpResponseBase:
    """Answer with a page of items."""
    page = Window(call.request, call.register.blobs)
    found = reading.items(call.pk, page.start, page.end)
    values = {
        item.hash_to_text(i.hash): item.read_known(i.data.encode()) for i in found
    }
    return _with_link(_items(call, values, many=True), page.link(call.request))


def show_item(call: Call, digest: str) -> HttpResponseBase:
    """Answer with one item."""
    found = reading.find_item(call.pk, bytes.fromhex(digest))
    if found is None:
        raise NotFound(f"{call.register.name} has no such item.")
    values = item.read_known(found.data.encode())
    return _items(call, {item.hash_to_text(found.hash): values}, many=False)


def _items(call: Call, found: dict[str, Any], *, many: bool) -> HttpResponse:
    if call.format(JSON, CSV) == JSON:
        return formats.json_answer(found if many else next(iter(found.values())))
    fields = call.fields(list(found.values()))
    rows = [[formats.cell(v.get(name)) for name in fields] for v in found.values()]
    return formats.csv_answer(fields, rows)


def register_resource(call: Call) -> dict[str, Any]:
    """Return what /register says."""
    register = call.register
    found: dict[str, Any] = {
        "domain": call.request.get_host(),
        "total-entries": register.size,
        "total-records": register.records,
    }
    definition = call.metadata.get(f"register:{register.name}")
    if definition is None and call.schema is not None:
        definition = call.metadata.get(f"register:{call.schema.register}")
    found["register-record"] = definition or {"register": register.name}
    if call.custodian:
        found["custodian"] = call.custodian
    if last := reading.find_entry(call.pk, register.size):
        found["last-updated"] = last.timestamp
    return found


def show_register(call: Call) -> HttpResponseBase:
    """Answer with what the register is."""
    call.format()
    return formats.json_answer(register_resource(call))


def _register_proof(call: Call) -> dict[str, Any]:
    root = reading.root(call.pk, call.register.size)
    return {
        "proof-identifier": ALGORITHM,
        "root-hash": item.hash_to_text(root),
        "total-entries": call.register.size,
    }


def show_proof(call: Call) -> HttpResponseBase:
    """Answer with the root of the whole log."""
    call.format()
    return formats.json_answer(_register_proof(call))


def prove_entry(call: Call, number: str, size: str) -> HttpResponseBase:
    """Answer with the proof that an entry is in the log."""
    call.format()
    path = resources.inclusion(call, number, size, which=TREES.user)
    return formats.json_answer(
        {
            "proof-identifier": ALGORITHM,
            "entry-number": str(int(number)),
            "merkle-audit-path": [item.hash_to_text(node) for node in path],
        }
    )


def prove_growth(call: Call, old: str, new: str) -> HttpResponseBase:
    """Answer with the proof that the log only grew."""
    call.format()
    path = resources.consistency(call, old, new, which=TREES.user)
    return formats.json_answer(
        {
            "proof-identifier": ALGORITHM,
            "merkle-consistency-nodes": [item.hash_to_text(node) for node in path],
        }
    )


def download_archive(call: Call) -> HttpResponseBase:
    """Answer with a zip of every entry and item, each a file."""
    call.format(formats.ZIP)
    register = call.register
    if register.size > MAX_ARCHIVE:
        raise NotFound(f"{register.name} is too large for a zip: use /download-rsf.")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "register.json", register_resource(call))
        _put(archive, "proof.json", _register_proof(call))
        for each in reading.items(call.pk, 1, register.blobs):
            archive.writestr(f"item/{item.hash_to_text(each.hash)}.json", each.data)
        for entry in reading.entries(call.pk, 1, register.size):
            _put(archive, f"entry/{entry.number}.json", [_entry(entry)])
    answer = HttpResponse(out.getvalue(), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{register.name}.zip"'
    return answer


def _put(archive: zipfile.ZipFile, name: str, value: Any) -> None:
    archive.writestr(name, formats.json_answer(value).content)


_KEY = r"([A-Za-z0-9][A-Za-z0-9._/-]*?)"
ROUTES = (
    route(rf"records/{_KEY}/entries", list_trail),
    route(r"records", list_records),
    route(r"entries/([0-9]+)", show_entry),
    route(r"entries", list_entries),
    route(r"items/sha-256:([0-9a-f]{64})", show_item),
    route(r"items", list_items),
    route(r"register", show_register),
    route(r"proof/register/merkle:sha-256", show_proof),
    route(r"proof/entries/([0-9]+)/([0-9]+)/merkle:sha-256", prove_entry),
    route(r"proof/consistency/([0-9]+)/([0-9]+)/merkle:sha-256", prove_growth),
    route(r"download-rsf", resources.download_rsf),
    route(r"download-rsf/([^/]+)", resources.download_rsf),
    route(r"download-rsf/([^/]+)/([^/]+)", resources.download_rsf),
    route(r"download-register", download_archive),
    route(r"records/([^/]+)", show_record),
    route(r"records/([a-z][a-z0-9-]*)/(.+)", list_faceted),
    route(rf"records/{_KEY}", show_record),
)


@csrf_exempt  # nothing here writes: a program that tries is told so, not asked for a form
def answer(request: HttpRequest, slug: str, rest: str = "") -> HttpResponseBase:
    """Answer a request of version 1."""
    return resources.answer(request, slug, rest, routes=ROUTES, root="register")
