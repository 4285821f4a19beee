"""What versions 1 and 2 of the open register API share: the request taken apart.

A plain table of patterns instead of the framework's: suffixes, redirects and exact
codes are the same for both versions, and a record by key is answered in few steps.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    HttpResponsePermanentRedirect,
    StreamingHttpResponse,
)

from staithe.base.errors import BadInput, NotFound, UserError
from staithe.ledger import tree
from staithe.people.tokens import asker
from staithe.registers import export, facets, formats, keys, reading, rsf, schema
from staithe.registers.formats import MethodNotAllowed, Window
from staithe.registers.models import Register
from staithe.registers.permissions import check_see
from staithe.registers.schema import Schema


@dataclass
class Call:
    """One request to the API of one register."""

    request: HttpRequest
    register: Register
    suffix: str

    @cached_property
    def schema(self) -> Schema | None:
        """Return the schema, read once."""
        return schema.read_schema(self.metadata, name=self.register.name)

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """Return the latest metadata records."""
        return dict(reading.metadata(self.register.pk))

    @property
    def etag(self) -> str:
        """Return what names this answer: the sizes of both logs, and what was asked."""
        register = self.register
        asked = zlib.crc32(self.request.headers.get("Accept", "").encode())
        return f'W/"{register.size}-{register.metadata_size}-{asked:x}"'

    def marked(self, answer: HttpResponseBase) -> HttpResponseBase:
        """Let caches keep an answer apart by format, and ask whether it changed."""
        answer["Vary"] = "Accept"
        answer["ETag"] = self.etag
        return answer

    @property
    def custodian(self) -> str:
        """Return who keeps the register: the role given here, or what its log says."""
        stated = self.metadata.get("custodian", {}).get("custodian", "")
        return self.register.owner_role or str(stated)

    @property
    def pk(self) -> int:
        """Return the register's row."""
        return self.register.pk

    @property
    def base(self) -> str:
        """Return the address below which this version of the API is."""
        parts = self.request.path.split("/", 4)
        return "/".join(parts[:4])

    def history_of(self, key: str) -> str:
        """Return the Link header that leads from a record to its trail."""
        path = quote(f"{self.base}/records/{key}/entries")
        return f'<{path}>; rel="version-history"'

    def fields(self, values: Sequence[dict[str, Any]] = ()) -> list[str]:
        """Return the fields in their order: the schema's, or else those that occur."""
        if self.schema is not None:
            return list(self.schema.fields)
        return sorted({name for each in values for name in each})

    def format(self, *offered: str) -> str:
        """Return the format to answer in; JSON alone unless more are offered."""
        return formats.choose(
            self.request, self.suffix, offered=offered or (formats.JSON,)
        )


OF_PRIVATE = "staithe.registers.private"  # in request.META: no cache may keep it


class NobodyKnown(Exception):
    """A register that not everyone may read, asked for before it is known who asks."""


Handler = Callable[..., HttpResponseBase]
Routes = Sequence[tuple[re.Pattern[str], Handler]]


def route(pattern: str, handler: Handler) -> tuple[re.Pattern[str], Handler]:
    """Return one row of a table of routes."""
    return re.compile(pattern, re.DOTALL), handler


SINGULAR = (
    (re.compile(r"entry/(.+)"), r"entries/\1"),
    (re.compile(r"item/(.+)"), r"items/\1"),
    (re.compile(r"record/(.+)", re.DOTALL), r"records/\1"),
    (re.compile(r"proof/entry/(.+)"), r"proof/entries/\1"),
)


def answer(
    request: HttpRequest, name: str, rest: str, *, routes: Routes, root: str
) -> HttpResponseBase:
    """Answer a request for what stands at `rest` of a register."""
    try:
        return _answer(request, name, rest, routes, root)
    except UserError as error:
        return formats.problem(error)


def _answer(
    request: HttpRequest, name: str, rest: str, routes: Routes, root: str
) -> HttpResponseBase:
    if request.method not in {"GET", "HEAD"}:
        raise MethodNotAllowed("This address is only read: use GET.")
    if (place := _place_of(rest, root)) != rest:
        get_register(request, name)
        return _moved(request, rest, place)
    path, suffix = _split_suffix(request, rest, name)
    for pattern, handler in routes:
        if found := pattern.fullmatch(path):
            with reading.one_moment():
                call = Call(request, get_register(request, name), suffix)
                return _fresh(call) or call.marked(handler(call, *found.groups()))
    raise NotFound(f"The API of a register has no {rest[:80]}.")


def _split_suffix(request: HttpRequest, rest: str, name: str) -> tuple[str, str]:
    """Return a path and its suffix; of a record whose own key ends so, there is none."""
    folder, _, key = rest.partition("/")
    if folder == "records" and key.endswith(keys.SUFFIXES):
        register = get_register(request, name)
        if reading.find_record(register.pk, key):
            return rest, ""
    return formats.split_suffix(rest)


def _place_of(rest: str, root: str) -> str:
    """Return where something is: without a slash at the end, and in the plural."""
    if not rest.strip("/"):
        return root
    if rest.endswith("/"):
        return rest.rstrip("/")
    for pattern, plural in SINGULAR:
        if pattern.fullmatch(rest):
            return pattern.sub(plural, rest)
    return rest


def _fresh(call: Call) -> HttpResponseBase | None:
    """Return 304 where the caller has just this answer already."""
    held = call.request.headers.get("If-None-Match", "")
    if call.etag not in {each.strip() for each in held.split(",")}:
        return None
    return call.marked(HttpResponseNotModified())


def _moved(request: HttpRequest, rest: str, to: str) -> HttpResponse:
    path = request.path
    base = path[: len(path) - len(rest)] if rest else path.rstrip("/") + "/"
    query = request.META.get("QUERY_STRING", "")
    place = quote(base + to, safe="/:") + ("?" + query if query else "")
    return HttpResponsePermanentRedirect(place)


_COLUMNS = [field.attname for field in Register._meta.concrete_fields]  # noqa: SLF001  Django's public way
_BY_NAME = f"SELECT {', '.join(_COLUMNS)} FROM registers_register WHERE name = %s"


def find_register(name: str) -> Register | None:
    """Return a register by its name.

    Plain SQL: the ORM takes longer to write this query than the database to answer a
    whole request for a record.
    """
    found = reading.rows(_BY_NAME, [name])
    return Register.from_db(None, _COLUMNS, found[0]) if found else None


def get_register(request: HttpRequest, name: str) -> Register:
    """Return a register that the caller may read; NotFound."""
    register = find_register(name)
    if register is None:
        raise NotFound(f"There is no register {name[:80]}.")
    if not register.is_public:
        if not hasattr(request, "user"):
            raise NobodyKnown
        check_see(asker(request), register)
        request.META[OF_PRIVATE] = True
    return register


# ---------------------------------------------------------------- alike in both


def inclusion(call: Call, number: str, size: str, *, which: int) -> list[bytes]:
    """Return the audit path of entry `number` in a log of `size`; BadInput."""
    entry = formats.number(number, name="entry-number", least=1)
    total = formats.number(size, name="total-entries", least=1)
    if entry > total or total > call.register.size:
        raise BadInput(
            f"There is no entry {entry} in a log of {total} of "
            f"{call.register.size} entries."
        )
    return tree.inclusion(entry - 1, total, reading.reader(call.pk, which))


def consistency(call: Call, old: str, new: str, *, which: int) -> list[bytes]:
    """Return the proof that the log of `old` entries begins that of `new`; BadInput."""
    before = formats.number(old, name="total-entries-1", least=1)
    after = formats.number(new, name="total-entries-2", least=1)
    if not before <= after <= call.register.size:
        raise BadInput(
            f"A log of {before} does not begin a log of {after} of "
            f"{call.register.size} entries."
        )
    return tree.consistency(before, after, reading.reader(call.pk, which))


def download_rsf(
    call: Call, start: str | None = None, end: str | None = None
) -> HttpResponseBase:
    """Answer with RSF: whole, after entry `start`, or from there to `end`."""
    call.format(formats.RSF)
    first = formats.number(start or "0", name="start-entry-number")
    last = formats.number(end, name="end-entry-number") if end else None
    known = call.request.GET.get("metadata")
    metadata = None if known is None else formats.number(known, name="metadata")
    commands = export.commands(
        call.register, start=first, end=last, metadata_start=metadata
    )
    found = StreamingHttpResponse(export.lines(commands), content_type=rsf.MEDIA_TYPE)
    name = f"{call.register.name}.rsf"
    found["Content-Disposition"] = f'attachment; filename="{name}"'
    found["Access-Control-Allow-Origin"] = "*"
    found["Cache-Control"] = formats.SHORT
    return found


def faceted(
    call: Call, field: str, value: str
) -> tuple[list[reading.StoredEntry], Window]:
    """Return a page of the records whose field has a value."""
    if call.schema is not None and field not in call.schema.fields:
        raise NotFound(f"{call.register.name} has no field {field[:80]}.")
    page = Window(call.request)
    places = facets.places(
        call.register,
        call.schema,
        field=field,
        value=value,
        start=page.start,
        limit=page.size + 1,
    )
    page.end_with(len(places))
    return reading.records_at(call.pk, places[: page.size]), page
