"""Pages that prepare a change to records: by form, many at once, or put right."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from staithe.base.clock import now
from staithe.base.errors import UserError
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.registers import mending, queries
from staithe.registers.forms import BulkForm, EditForm, MendForm, NewRecordForm
from staithe.registers.models import Register, Update
from staithe.registers.permissions import check_keep
from staithe.registers.queries_updates import get_update
from staithe.registers.updates import prepare_update
from staithe.registers.wanted import Wanted
from staithe.ui.forms import Form
from staithe.ui.web import render_page


def get_kept(request: HttpRequest, name: str) -> Register:
    """Return a register that whoever is signed in keeps; NotFound, NotAllowed."""
    register = queries.get_register(name, person=request.user)
    check_keep(signed_in_person(request), register)
    return register


def prepare(
    request: HttpRequest,
    register: Register,
    *,
    origin: str,
    title: str,
    lines: Sequence[Wanted],
    same: int = 0,
) -> HttpResponse:
    """Keep what would change and lead to the page that shows it."""
    update = prepare_update(
        register=register,
        origin=origin,
        title=title,
        lines=lines,
        same=same,
        by=signed_in_person(request),
        at=now(),
    )
    return redirect(
        "registers-update-show", slug=register.name, reference=update.reference
    )


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what was sent, however little; None where the page was only asked for."""
    return request.POST if request.method == "POST" else None


def answer_with(
    request: HttpRequest, template: str, form: Form, **context: object
) -> HttpResponse:
    """Show a form, with the status that says whether it was refused."""
    status = 422 if form.is_bound and form.errors else 200
    return render_page(request, template, {"form": form, **context}, status=status)


@signed_in
def edit_record(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Change the values of a record."""
    register = get_kept(request, slug)
    schema = mending.get_schema(register)
    number, held = mending.get_held(register, key)
    form = EditForm(
        posted(request), schema=schema, values=held, initial={"seen": number}
    )
    if request.method == "POST" and form.is_valid():
        try:
            seen = form.cleaned_data["seen"]
            lines = mending.change(register, key, form.changes(), seen=seen)
            return prepare(
                request,
                register,
                origin=Update.Origin.FORM,
                title=f"Change of {key}",
                lines=lines,
            )
        except UserError as error:
            form.refuse(error)
    return answer_with(request, "registers/edit.html", form, register=register, key=key)


@signed_in
def add_record(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a record."""
    register = get_kept(request, slug)
    schema = mending.get_schema(register)
    form = NewRecordForm(posted(request), schema=schema, values={})
    if request.method == "POST" and form.is_valid():
        key = form.cleaned_data["key"]
        try:
            return prepare(
                request,
                register,
                origin=Update.Origin.FORM,
                title=f"New record {key}",
                lines=mending.add(register, key, form.changes()),
            )
        except UserError as error:
            form.refuse(error)
    return answer_with(request, "registers/edit.html", form, register=register, key="")


@signed_in
def mend_record(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Put right a record that ended, has the wrong key, or is there twice."""
    register = get_kept(request, slug)
    mending.get_held(register, key)
    form = MendForm(posted(request), initial={"on": now().date()})
    if request.method == "POST" and form.is_valid():
        try:
            return prepare(
                request,
                register,
                origin=Update.Origin.MEND,
                title=f"{key} put right",
                lines=_mended(register, key, form),
            )
        except UserError as error:
            form.refuse(error)
    return answer_with(request, "registers/mend.html", form, register=register, key=key)


def _mended(register: Register, key: str, form: MendForm) -> list[Wanted]:
    given, today = form.cleaned_data, now().date()
    if given["what"] == "ended":
        return mending.end(register, key, on=given["on"])
    if given["what"] == "key":
        return mending.rekey(register, key, given["right_key"], on=today)
    return mending.merge(register, key, given["other"], on=today)


@signed_in
def change_many(request: HttpRequest, slug: str) -> HttpResponse:
    """Set one field in many records."""
    register = get_kept(request, slug)
    schema = mending.get_schema(register)
    form = BulkForm(posted(request), schema=schema)
    if request.method == "POST" and form.is_valid():
        try:
            asked = form.asked()
            return prepare(
                request,
                register,
                origin=Update.Origin.BULK,
                title=f"{asked['field']} set in many records",
                lines=mending.bulk(register, **asked),
            )
        except UserError as error:
            form.refuse(error)
    return answer_with(request, "registers/bulk.html", form, register=register)


@require_POST
@signed_in
def undo_entry(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Prepare to set a record back to before its newest entry."""
    register = get_kept(request, slug)
    lines = mending.undo_entry(register, number, on=now().date())
    title = f"Entry {number:,} undone"
    return prepare(
        request, register, origin=Update.Origin.UNDO, title=title, lines=lines
    )


@require_POST
@signed_in
def undo_update(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """Prepare to undo every entry of an update."""
    register = get_kept(request, slug)
    update = get_update(register, reference)
    lines = mending.undo_update(update, on=now().date())
    title = f"{update.reference} undone"
    return prepare(
        request, register, origin=Update.Origin.UNDO, title=title, lines=lines
    )
