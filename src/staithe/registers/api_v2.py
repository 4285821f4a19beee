"""Version 2 of the open register API: the same log, seen through derived hashes.

No live register ever served it by default; where its pages contradict each other, the
choice made is named in docs/registers.md.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from staithe.base.errors import BadInput, NotFound
from staithe.registers import blob, formats, item, reading, resources
from staithe.registers.formats import CSV, JSON, Run, Window
from staithe.registers.loading import TREES
from staithe.registers.reading import StoredEntry
from staithe.registers.resources import Call, Handler, route
from staithe.registers.schema import MANY


_ENTRY = ("entry-number", "entry-timestamp", "key", "blob-hash")
_SHA_256 = {"codec": "sha2-256", "function-type": 18, "digest-length": 32}


def _entry(each: StoredEntry) -> dict[str, Any]:
    assert each.blob is not None
    return {
        "entry-number": each.number,
        "entry-timestamp": each.timestamp,
        "key": each.key,
        "blob-hash": blob.hash_to_text(each.blob),
    }


def _values(data: str | None) -> dict[str, Any]:
    """Return what a blob says; empty members are left out, as they mean nothing."""
    assert data is not None
    return {**item.tidy(item.read_known(data.encode()))}


def _entries(call: Call, found: list[StoredEntry]) -> HttpResponse:
    if call.format(JSON, CSV) == JSON:
        return formats.json_answer([_entry(each) for each in found])
    rows = [[formats.cell(value) for value in _entry(each).values()] for each in found]
    return formats.csv_answer(_ENTRY, rows)


def _named(call: Call, found: dict[str, dict[str, Any]]) -> HttpResponse:
    """Answer with things that have an `_id`: records or blobs."""
    if call.format(JSON, CSV) == JSON:
        return formats.json_answer([{"_id": name} | v for name, v in found.items()])
    return _named_csv(call, found)


def _named_csv(call: Call, found: dict[str, dict[str, Any]]) -> HttpResponse:
    fields = call.fields(list(found.values()))
    rows = [
        [name, *(formats.cell(values.get(field)) for field in fields)]
        for name, values in found.items()
    ]
    return formats.csv_answer(["_id", *fields], rows)


def _one(call: Call, name: str, values: dict[str, Any]) -> HttpResponse:
    if call.format(JSON, CSV) == JSON:
        return formats.json_answer({"_id": name} | values)
    return _named_csv(call, {name: values})


def _with_link(answer: HttpResponse, link: str) -> HttpResponse:
    if link:
        answer["Link"] = link
    return answer


def show_record(call: Call, key: str) -> HttpResponseBase:
    """Answer with the record of a key."""
    each = reading.find_record(call.pk, key)
    if each is None:
        raise NotFound(f"{call.register.name} has no record {key[:80]}.")
    answer = _one(call, each.key, _values(each.data))
    answer["Link"] = call.history_of(each.key)
    return answer


def list_trail(call: Call, key: str) -> HttpResponseBase:
    """Answer with every entry of a key."""
    found = reading.trail(call.pk, key)
    if not found:  # it may be an older record whose key ends so
        return show_record(call, f"{key}/entries")
    return _entries(call, found)


def list_records(call: Call) -> HttpResponseBase:
    """Answer with a page of the current records, or of those with a value."""
    name, value = call.request.GET.get("name"), call.request.GET.get("value")
    if (name is None) != (value is None):
        raise BadInput("Give both name and value, or neither.", field="name")
    if name is not None and value is not None:
        found, page = resources.faceted(call, name, value)
    else:
        page = Window(call.request, call.register.records)
        found = reading.records(call.pk, page.start, page.end)
    answer = _named(call, {each.key: _values(each.data) for each in found})
    return _with_link(answer, page.link(call.request))


def list_entries(call: Call) -> HttpResponseBase:
    """Answer with a run of entries."""
    run = Run(call.request, call.register.size)
    found = reading.entries(call.pk, run.start, run.end)
    return _with_link(_entries(call, found), run.link())


def show_entry(call: Call, number: str) -> HttpResponseBase:
    """Answer with one entry."""
    each = reading.find_entry(call.pk, formats.number(number, name="entry-number"))
    if each is None:
        raise NotFound(f"{call.register.name} has no entry {number}.")
    if call.format(JSON, CSV) == JSON:
        return formats.json_answer(_entry(each))
    return _entries(call, [each])


def list_blobs(call: Call) -> HttpResponseBase:
    """Answer with a page of blobs."""
    page = Window(call.request, call.register.blobs)
    found = reading.items(call.pk, page.start, page.end)
    blobs = {blob.hash_to_text(each.blob): _values(each.data) for each in found}
    return _with_link(_named(call, blobs), page.link(call.request))


def show_blob(call: Call, digest: str) -> HttpResponseBase:
    """Answer with one blob."""
    found = reading.find_blob(call.pk, blob.read_hash(digest))
    if found is None:
        raise NotFound(f"{call.register.name} has no such blob.")
    return _one(call, digest, _values(found.data))


def list_snapshot(call: Call, size: str) -> HttpResponseBase:
    """Answer with the records, as entries, after the first `size` entries."""
    total = _size(call, size)
    last = reading.find_entry(call.pk, total)
    page = Window(call.request, last.records if last else 0)
    found = reading.records(call.pk, page.start, page.end, size=total)
    return _with_link(_entries(call, found), page.link(call.request))


def show_past(call: Call, size: str, key: str) -> HttpResponseBase:
    """Answer with the entry of a key after the first `size` entries."""
    each = reading.find_record(call.pk, key, size=_size(call, size))
    if each is None:
        raise NotFound(f"{call.register.name} had no record {key[:80]} then.")
    if call.format(JSON, CSV) == JSON:
        return formats.json_answer(_entry(each))
    return _entries(call, [each])


def _size(call: Call, text: str) -> int:
    size = formats.number(text, name="size")
    if size > call.register.size:
        raise NotFound(f"{call.register.name} has {call.register.size} entries.")
    return size


def context(call: Call) -> dict[str, Any]:
    """Return what /context says; what is not known is left out."""
    register = call.register
    found: dict[str, Any] = {"id": register.name}
    stated = {
        "copyright": register.copyright or _definition(call).get("copyright"),
        "custodian": call.custodian,
        "description": register.description or _definition(call).get("text"),
        "licence": register.licence,
        "title": register.title,
    }
    found |= {name: value for name, value in stated.items() if value}
    status: dict[str, Any] = {"start-date": _start(call)}
    if register.ended_on:
        status["end-date"] = register.ended_on.isoformat()
        status |= {
            name: value
            for name, value in (
                ("replacement", register.replacement),
                ("reason", register.end_reason),
            )
            if value
        }
    return found | {
        "hashing-algorithm": _SHA_256,
        "root-hash": reading.root(call.pk, register.size, TREES.derived).hex(),
        "schema": _schema(call),
        "statistics": {
            "total-entries": register.size,
            "total-blobs": register.blobs,
            "total-records": register.records,
        },
        "status": status,
    }


def _definition(call: Call) -> dict[str, Any]:
    name = call.schema.register if call.schema else call.register.name
    found: dict[str, Any] = call.metadata.get(f"register:{name}", {})
    return found


def _start(call: Call) -> str:
    first = reading.find_entry(call.pk, 1)
    if first:
        return first.timestamp
    return call.register.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _schema(call: Call) -> list[dict[str, str]]:
    fields = call.schema.fields.values() if call.schema else []
    return [
        {
            name: value
            for name, value in (
                ("id", field.id),
                ("datatype", field.datatype),
                ("cardinality", MANY if field.cardinality == MANY else "1"),
                ("description", field.text),
            )
            if value
        }
        for field in fields
    ]


def show_context(call: Call) -> HttpResponseBase:
    """Answer with what the register is."""
    call.format()
    return formats.json_answer(context(call))


def show_proof(call: Call) -> HttpResponseBase:
    """Answer with the root of the whole log."""
    call.format()
    root = reading.root(call.pk, call.register.size, TREES.derived)
    return formats.json_answer(
        {
            "root-hash": blob.hash_to_text(root),
            "total-entries": call.register.size,
        }
    )


def prove_entry(call: Call, number: str, size: str) -> HttpResponseBase:
    """Answer with the proof that an entry is in the log."""
    call.format()
    path = resources.inclusion(call, number, size, which=TREES.derived)
    return _path(path)


def prove_growth(call: Call, old: str, new: str) -> HttpResponseBase:
    """Answer with the proof that the log only grew."""
    call.format()
    path = resources.consistency(call, old, new, which=TREES.derived)
    return _path(path)


def _path(path: list[bytes]) -> HttpResponse:
    return formats.json_answer({"audit-path": [blob.hash_to_text(n) for n in path]})


def _derived(handler: Handler) -> Handler:
    """Refuse where an entry holds several items, which version 2 does not know."""

    def checked(call: Call, *parts: str) -> HttpResponseBase:
        if not call.register.has_derived:
            raise NotFound(
                f"{call.register.name} has entries of several items: "
                "only version 1 of the API can show it."
            )
        return handler(call, *parts)

    return checked


_KEY = r"([A-Za-z0-9][A-Za-z0-9._/-]*?)"
ROUTES = tuple(
    route(pattern, _derived(handler))
    for pattern, handler in (
        (rf"records/{_KEY}/entries", list_trail),
        (rf"records/{_KEY}", show_record),
        (r"records", list_records),
        (r"entries/([0-9]+)", show_entry),
        (r"entries", list_entries),
        (r"blobs/(1220[0-9a-f]{64})", show_blob),
        (r"blobs", list_blobs),
        (rf"snapshots/([^/]+)/{_KEY}", show_past),
        (r"snapshots/([^/]+)", list_snapshot),
        (r"context", show_context),
        (r"proofs/register", show_proof),
        (r"proofs/entr(?:y|ies)/([0-9]+)/([0-9]+)", prove_entry),
        (r"proofs/consistency/([0-9]+)/([0-9]+)", prove_growth),
        (r"download-rsf", resources.download_rsf),
        (r"download-rsf/([^/]+)", resources.download_rsf),
        (r"download-rsf/([^/]+)/([^/]+)", resources.download_rsf),
    )
)


@csrf_exempt  # nothing here writes: a program that tries is told so, not asked for a form
def answer(request: HttpRequest, slug: str, rest: str = "") -> HttpResponseBase:
    """Answer a request of version 2."""
    return resources.answer(request, slug, rest, routes=ROUTES, root="context")
