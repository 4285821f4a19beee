"""Pages that anyone reads: the registers, and one register as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from staithe.base.clock import now
from staithe.people.permissions import Permission, can_somewhere
from staithe.registers import finding, queries, queries_corrections, reading
from staithe.registers.actions import schema_of
from staithe.registers.forms import RegistersForm
from staithe.registers.models import Register
from staithe.registers.permissions import (
    can_keep,
    can_shape,
    registers_kept_by,
    visible_registers,
)
from staithe.registers.queries_corrections import Figures
from staithe.registers.schema import MANY, Schema
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page


POTENTIAL = "potential-register"


@dataclass(frozen=True)
class Listed:
    """A register in the register of registers."""

    register: Register
    fresh: queries.Freshness
    figures: Figures


@require_safe
def list_registers(request: HttpRequest) -> HttpResponse:
    """Show the register of registers."""
    query = query_of(request)
    found = visible_registers(request.user).select_related("owner")
    everyone = sorted({(r.owner.slug, r.owner.name) for r in found if r.owner})
    text, owner, state = query.get("q").strip(), query.get("owner"), query.get("state")
    if text:
        said = [
            found.filter(**{f"{f}__icontains": text})
            for f in ("title", "name", "description")
        ]
        found = said[0] | said[1] | said[2]
    if owner:
        found = found.filter(owner__slug=owner)
    if state in {"kept", "ended"}:
        found = found.filter(ended_on__isnull=state == "kept")
    found = found.order_by("title", "name")
    if wants_csv(request):
        return _registers_csv(list(found))
    page = paginate(found, query=query)
    figures = queries_corrections.figures_of_all(page.items, at=now())
    context = {
        "form": RegistersForm(request.GET, owners=everyone),
        "page": page,
        "rows": [
            Listed(r, queries.freshness(r, at=now()), figures[r.pk]) for r in page.items
        ],
        "keeps_any": registers_kept_by(request.user).exists(),
        "makes": can_somewhere(request.user, Permission.SHAPE_REGISTER),
        "potential": POTENTIAL
        if visible_registers(request.user).filter(name=POTENTIAL).exists()
        else "",
    }
    return render_page(request, "registers/list.html", context)


def _registers_csv(found: list[Register]) -> HttpResponse:
    header = [
        "name", "title", "owner", "owner_role", "licence", "records", "entries",
        "last_changed", "last_reviewed", "review_due", "late", "ended_on", "address",
    ]  # fmt: skip
    rows = []
    for each in found:
        fresh = queries.freshness(each, at=now())
        rows.append(
            [
                each.name,
                each.title,
                _owner(each),
                each.owner_role,
                each.licence,
                each.records,
                each.size,
                fresh.changed,
                fresh.reviewed,
                fresh.due,
                fresh.is_late,
                each.ended_on,
                queries.address_of(each),
            ]
        )
    return csv_response("registers", header, rows)


def _owner(register: Register) -> str:
    return register.owner.name if register.owner else ""


@require_safe
def show_register(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what a register is and how to use it."""
    register = queries.get_register(slug, person=request.user)
    schema = schema_of(register)
    today = now().date()
    context = {
        "register": register,
        "schema": schema,
        "field_rows": field_rows(schema),
        "fresh": queries.freshness(register, at=now()),
        "figures": queries_corrections.figures_of(register, at=now()),
        "address": queries.address_of(register),
        "root": reading.root(register.pk, register.size).hex(),
        "in_force": register.records - len(finding.not_in_force(register, today)),
        "writers": [body.name for body in register.writers.order_by("name")],
        "key": schema.register if schema else register.name,
        "keeps": can_keep(request.user, register),
        "shapes": can_shape(request.user, register),
    }
    return render_page(request, "registers/register.html", context)


def field_rows(schema: Schema | None) -> list[tuple[str, str, str]]:
    """Return what each field holds and means, for a table."""
    fields = schema.fields.values() if schema else []
    return [
        (f.id, holds(f.datatype, f.cardinality, f.register), f.text) for f in fields
    ]


def holds(datatype: str, cardinality: str, register: str) -> str:
    """Say what a field holds: `several: curie`, `string, a key of country`."""
    words = f"several: {datatype}" if cardinality == MANY else datatype
    is_key = register and datatype != "curie"
    return f"{words}, a key of {register}" if is_key else words
