"""Pages that anyone reads: the registers, one register, its records, one record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from staithe.base.clock import now
from staithe.registers import queries, reading
from staithe.registers.actions import schema_of
from staithe.registers.forms import SearchForm
from staithe.registers.models import Register
from staithe.registers.permissions import can_keep
from staithe.registers.schema import MANY, Schema
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page


IN_PICKER = 20
SHOWN_FIELDS = 4
MOST_IN_CSV = 5000


@require_safe
def list_registers(request: HttpRequest) -> HttpResponse:
    """Show the register of registers."""
    query = query_of(request)
    found = queries.visible_registers(request.user).select_related("owner")
    text = query.get("q").strip()
    if text:
        found = found.filter(title__icontains=text) | found.filter(name__icontains=text)
    if wants_csv(request):
        rows = [(r.name, r.title, _owner(r), r.records, r.size) for r in found]
        header = ["name", "title", "owner", "records", "entries"]
        return csv_response("registers", header, rows)
    context = {
        "form": SearchForm(request.GET),
        "page": paginate(found, query=query),
        "text": text,
    }
    return render_page(request, "registers/list.html", context)


def _owner(register: Register) -> str:
    return register.owner.name if register.owner else ""


@require_safe
def show_register(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what a register is and how to use it."""
    register = queries.get_register(slug, person=request.user)
    schema = schema_of(register)
    context = {
        "register": register,
        "schema": schema,
        "field_rows": _field_rows(schema),
        "fresh": queries.freshness(register, at=now()),
        "figures": queries.correction_figures(register),
        "address": queries.address_of(register),
        "root": reading.root(register.pk, register.size).hex(),
        "keeps": can_keep(request.user, register),
    }
    return render_page(request, "registers/register.html", context)


def _field_rows(schema: Schema | None) -> list[tuple[str, str, str]]:
    fields = schema.fields.values() if schema else []
    return [
        (
            f.id,
            f"several: {f.datatype}" if f.cardinality == MANY else f.datatype,
            f.text,
        )
        for f in fields
    ]


@dataclass(frozen=True)
class _Slice:
    """A list of which only one page is ever read."""

    register: Register
    text: str
    total: int

    def count(self) -> int:
        """Return how many records there are, as paging asks."""
        return self.total

    def __getitem__(self, index: slice) -> Any:
        start, stop = (index.start or 0) + 1, min(index.stop or self.total, self.total)
        rows, _ = queries.list_records(
            self.register, text=self.text, start=start, end=stop
        )
        return rows


@require_safe
def list_records(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the records, all or those found by words."""
    register = queries.get_register(slug, person=request.user)
    query = query_of(request)
    text = query.get("q")
    _, total = queries.list_records(register, text=text, start=1, end=1)
    schema = schema_of(register)
    if wants_csv(request):
        rows, _ = queries.list_records(register, text=text, start=1, end=MOST_IN_CSV)
        return _records_csv(register, schema, rows)
    fields = list(schema.fields) if schema else []
    context = {
        "register": register,
        "form": SearchForm(request.GET),
        "text": text,
        "page": paginate(_Slice(register, text, total), query=query),
        "fields": [f for f in fields if schema and f != schema.register][:SHOWN_FIELDS],
    }
    return render_page(request, "registers/records.html", context)


def _records_csv(
    register: Register, schema: Schema | None, rows: list[queries.Row]
) -> HttpResponse:
    fields = list(schema.fields) if schema else ["key"]
    cells = [
        [
            ";".join(v) if isinstance(v := row.values.get(f, ""), list) else v
            for f in fields
        ]
        for row in rows
    ]
    return csv_response(register.name, fields, cells)


@require_safe
def show_record(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Show a record, its history, its links and its proof."""
    register = queries.get_register(slug, person=request.user)
    context = {
        "register": register,
        "record": queries.get_record(register, key),
        "address": queries.address_of(register),
        "keeps": can_keep(request.user, register),
    }
    return render_page(request, "registers/record.html", context)


@require_safe
def pick(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer with the current records whose name begins so: for a picker in a form."""
    register = queries.get_register(slug, person=request.user)
    text = request.GET.get("q", "")
    rows, _ = queries.list_records(register, text=text, start=1, end=IN_PICKER)
    found = [
        {"key": row.key, "name": row.name or row.key}
        for row in rows
        if not row.ended or request.GET.get("all") == "1"
    ]
    answer = JsonResponse({"register": register.name, "records": found})
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Cache-Control"] = "public, max-age=60"
    return answer
