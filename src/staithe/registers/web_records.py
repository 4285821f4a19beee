"""Pages of records that anyone reads: lists, one record, what changed, a picker."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from functools import wraps
from typing import Any

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.utils import timezone
from django.views.decorators.http import require_safe

from staithe.base.clock import now
from staithe.registers import finding, picking, queries, queries_records, reading
from staithe.registers.actions import schema_of
from staithe.registers.finding import Asked
from staithe.registers.forms import IS, ChangesForm, RecordsForm
from staithe.registers.item import Item, as_text
from staithe.registers.models import Register
from staithe.registers.permissions import can_keep
from staithe.registers.pointing import names_of
from staithe.registers.schema import Schema
from staithe.registers.terms import is_naming
from staithe.ui.cells import safe_cell
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.paging import Query, paginate
from staithe.ui.web import query_of, render_page


SHOWN_FIELDS = 3
MOST_IN_CSV = 5000
CHANGES = 25
EVERYONE = "*"


@require_safe
def list_records(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Show the records, those in force today unless others are asked for."""
    register = queries.get_register(slug, person=request.user)
    query = query_of(request)
    schema = schema_of(register)
    offered = finding.choices(register, schema) if schema else {}
    form = RecordsForm(
        request.GET, choices=_worded(schema, offered), today=now().date()
    )
    asked = form.asked()
    if wants_csv(request):
        return _download_csv(register, schema, asked)
    found = queries_records.find_records(register, schema, asked, today=now().date())
    context = {
        "register": register,
        "form": form,
        "page": paginate(found, query=query),
        "fields": _columns(schema),
        "chosen": _chosen(form, query),
        "is_indexing": register.indexed_size < register.size,
        "asked": asked,
    }
    return render_page(request, "registers/records.html", context)


def _columns(schema: Schema | None) -> list[str]:
    """Return the fields that say most in a list: not names, which stand first."""
    fields = [f for f in schema.fields if f != schema.register] if schema else []
    plain = [f for f in fields if f != "name"]
    last = {"end-date": 2, "start-date": 1}
    return sorted(plain, key=lambda f: last.get(f, 0))[:SHOWN_FIELDS]


def _worded(
    schema: Schema | None, offered: dict[str, list[finding.Choice]]
) -> dict[str, list[tuple[str, str]]]:
    """Return the values that filters offer, in words where they are links."""
    found = {}
    for name, values in offered.items():
        texts = [choice.value for choice in values]
        called = _called(schema, name, texts)
        found[name] = [
            (c.value, f"{called.get(c.value, c.value)} ({c.count:,})") for c in values
        ]
    return found


def _called(schema: Schema | None, field: str, texts: list[str]) -> dict[str, str]:
    if schema is None or field not in schema.link_fields:
        return {}
    targets = {text: curie for text in texts if (curie := schema.target(field, text))}
    found: dict[str, str] = {}
    for name in {curie.register for curie in targets.values()}:
        register = Register.objects.filter(name=name, is_public=True).first()
        if register is not None:
            mine = {t: c.key for t, c in targets.items() if c.register == name}
            names = names_of(register, list(mine.values()))
            found |= {t: names[key] for t, key in mine.items() if key in names}
    return found


def _chosen(form: RecordsForm, query: Query) -> list[tuple[str, str]]:
    """Return the filters in force, each with the address that takes it away."""
    found = []
    asked = form.asked()
    if asked.words:
        found.append((f"“{asked.words}”", query.without("q", query.get("q"))))
    for name, value in asked.values.items():
        words = dict(form.choices[name]).get(value, value).rpartition(" (")[0]
        found.append((words or value, query.without(IS + name, value)))
    return found


def or_record(
    view: Callable[..., HttpResponseBase], ending: str
) -> Callable[..., HttpResponseBase]:
    """Return a view of what follows a key, save where older keys end just so."""

    @wraps(view)
    def found(request: HttpRequest, slug: str, key: str) -> HttpResponseBase:
        seen = queries.visible_registers(request.user)
        register = seen.filter(name=slug).first()
        if register and reading.find_record(register.pk, key + ending):
            return show_record(request, slug, key + ending)
        return view(request, slug, key)

    return found


# ---------------------------------------------------------------- the whole


@require_safe
def download_csv(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Answer with every record in force as CSV for a spreadsheet; `?all=1` for all."""
    register = queries.get_register(slug, person=request.user)
    return _download_csv(register, schema_of(register), _whole(request))


@require_safe
def download_json(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Answer with every record in force as one JSON array; `?all=1` for all."""
    register = queries.get_register(slug, person=request.user)
    rows = queries_records.all_rows(
        register, schema_of(register), asked=_whole(request)
    )
    answer = StreamingHttpResponse(_json_lines(rows), content_type="application/json")
    return _for_everyone(answer, register)


def _whole(request: HttpRequest) -> Asked:
    return Asked(on=None if request.GET.get("all") == "1" else now().date())


def _json_lines(rows: Iterable[tuple[str, Item]]) -> Iterator[str]:
    before = "["
    for key, values in rows:
        line = json.dumps({"_id": key, **values}, ensure_ascii=False)
        yield f"{before}\n{line}"
        before = ","
    yield "\n]\n" if before == "," else "[]\n"


def _download_csv(
    register: Register, schema: Schema | None, asked: Asked
) -> HttpResponseBase:
    fields = list(schema.fields) if schema else ["key"]
    rows = queries_records.all_rows(register, schema, asked=asked)
    answer = StreamingHttpResponse(
        _csv_lines(fields, rows), content_type="text/csv; charset=utf-8; header=present"
    )
    answer["Content-Disposition"] = f'attachment; filename="{register.name}.csv"'
    return _for_everyone(answer, register)


def _csv_lines(fields: list[str], rows: Iterable[tuple[str, Item]]) -> Iterator[str]:
    """Yield lines that no spreadsheet runs as formulas."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(fields)
    for key, values in rows:
        held = {fields[0]: key, **values}
        writer.writerow([safe_cell(as_text(held, name)) for name in fields])
        if out.tell() > 1 << 16:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _for_everyone(answer: HttpResponseBase, register: Register) -> HttpResponseBase:
    """Let pages of other services read what is public."""
    if register.is_public:
        answer["Access-Control-Allow-Origin"] = EVERYONE
        answer["Cache-Control"] = "public, max-age=60"
    return answer


# ---------------------------------------------------------------- one record


@require_safe
def show_record(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Show a record, its history, its links and its proof."""
    register = queries.get_register(slug, person=request.user)
    context = {
        "register": register,
        "record": queries_records.get_record(
            register, key, person=request.user, today=now().date()
        ),
        "address": queries.address_of(register),
        "keeps": can_keep(request.user, register),
    }
    return render_page(request, "registers/record.html", context)


# ---------------------------------------------------------------- what changed


class _Entries:
    """The entries from `first` to `last`, newest first, of which a page is read."""

    def __init__(self, register: Register, first: int, last: int) -> None:
        self.register, self.first, self.last = register, first, last

    def count(self) -> int:
        """Return how many there are, as paging asks."""
        return max(0, self.last - self.first + 1)

    def __getitem__(self, index: slice) -> Any:
        """Return some of them as changes."""
        start, stop = index.start or 0, min(index.stop or self.count(), self.count())
        first, last = self.last - stop + 1, self.last - start
        return queries_records.changes_between(self.register, first, last)


@require_safe
def list_changes(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what changed in a register, between two days or at all."""
    register = queries.get_register(slug, person=request.user)
    form = ChangesForm(request.GET)
    begin, end = form.days()
    first = 1 + (queries_records.size_at(register, _start_of(begin)) if begin else 0)
    after = _start_of(end + timedelta(days=1)) if end else None
    last = queries_records.size_at(register, after) if after else register.size
    found = _Entries(register, first, last)
    if wants_csv(request):
        return _changes_csv(register, found[: min(found.count(), MOST_IN_CSV)])
    context = {
        "register": register,
        "form": form,
        "page": paginate(found, query=query_of(request), size=CHANGES),
    }
    return render_page(request, "registers/changes.html", context)


def _start_of(day: date) -> datetime:
    """Return the last second before a day begins where the service's people are."""
    start = datetime.combine(day, time(), tzinfo=timezone.get_current_timezone())
    return start - timedelta(seconds=1)


def _changes_csv(
    register: Register, found: list[queries_records.Changed]
) -> HttpResponse:
    rows = [
        (each.number, each.at, each.key, each.kind, c.field, c.before, c.after)
        for each in found
        for c in each.changes
    ]
    header = ["entry", "at", "record", "what", "field", "before", "after"]
    return csv_response(f"{register.name}-changes", header, rows)


# ---------------------------------------------------------------- a picker


@require_safe
def pick(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Answer with records whose names begin so, or are just so: for a form's picker."""
    register = queries.get_register(slug, person=request.user)
    today = now().date()
    on = None if request.GET.get("all") == "1" else today
    exact = request.GET.get("name", "")
    text = exact or request.GET.get("q", "")
    found = picking.pick(register, text, on=on, today=today, exact=bool(exact))
    answer = JsonResponse(
        {
            "register": register.name,
            "records": [
                {"key": p.key, "name": p.name, "matched": p.matched, "ended": p.ended}
                for p in found
            ],
        }
    )
    return _for_everyone(answer, register)


@require_safe
def show_picker(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the picker at work, and how to put it into a form of another service."""
    register = queries.get_register(slug, person=request.user)
    schema = schema_of(register)
    text, today = request.GET.get("picked", ""), now().date()
    found = picking.pick(register, text, on=None, today=today, exact=True)
    context = {
        "register": register,
        "address": queries.address_of(register),
        "names": [f for f in schema.fields if is_naming(f)] if schema else [],
        "typed": text,
        "found": found,
    }
    return render_page(request, "registers/picker.html", context)
