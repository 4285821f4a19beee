"""Pages that change a register: by form, by file, by what anyone proposes."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from staithe.base.clock import now
from staithe.base.errors import BadInput, Conflict, NotFound, UserError
from staithe.base.ids import new_token
from staithe.people.models import Person
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.registers import corrections, erasure, queries, reading, uploads
from staithe.registers.actions import append_entries, schema_of
from staithe.registers.forms import (
    CorrectionForm,
    DecisionForm,
    MappingForm,
    NewRecordForm,
    RecordForm,
    UploadForm,
)
from staithe.registers.item import Item
from staithe.registers.models import Correction, Register, Upload
from staithe.registers.permissions import can_keep, check_keep
from staithe.registers.schema import Schema
from staithe.ui.web import render_page


def _schema(register: Register) -> Schema:
    found = schema_of(register)
    if found is None:
        raise Conflict(f"{register.title} has no schema yet: define its fields first.")
    return found


def _held(register: Register, key: str) -> Item:
    each = reading.find_record(register.pk, key)
    if each is None:
        raise NotFound(f"{register.title} has no record {key[:80]}.")
    return erasure.reveal(register, reading.data_of(register.pk, each)[0])


def _kept(request: HttpRequest, name: str) -> Register:
    register = queries.get_register(name, person=request.user)
    check_keep(signed_in_person(request), register)
    return register


@signed_in
def edit_record(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Change a record by form."""
    register = _kept(request, slug)
    held = _held(register, key)
    form = RecordForm(request.POST or None, schema=_schema(register), values=held)
    if request.method == "POST" and form.is_valid():
        try:
            values = corrections.from_text(register, held, form.changes())
            append_entries(
                register=register,
                changes=[(key, values)],
                by=signed_in_person(request),
                at=now(),
            )
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, "The record is changed.")
            return redirect("registers-record-show", slug=slug, key=key)
    context = {"register": register, "form": form, "key": key}
    status = 422 if form.errors else 200
    return render_page(request, "registers/edit.html", context, status=status)


@signed_in
def add_record(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a record by form."""
    register = _kept(request, slug)
    schema = _schema(register)
    form = NewRecordForm(request.POST or None, schema=schema, values={})
    if request.method == "POST" and form.is_valid():
        key = form.cleaned_data["key"]
        try:
            _add(request, register, schema, key, form.changes())
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, "The record is added.")
            return redirect("registers-record-show", slug=slug, key=key)
    context = {"register": register, "form": form, "key": ""}
    status = 422 if form.errors else 200
    return render_page(request, "registers/edit.html", context, status=status)


def _add(
    request: HttpRequest,
    register: Register,
    schema: Schema,
    key: str,
    given: dict[str, str],
) -> None:
    if reading.find_record(register.pk, key):
        raise BadInput(f"There is a record {key} already.", field="key")
    values = corrections.from_text(register, {schema.register: key}, given)
    append_entries(
        register=register,
        changes=[(key, values)],
        by=signed_in_person(request),
        at=now(),
    )


# ---------------------------------------------------------------- a file


def _folder() -> Path:
    folder: Path = settings.HOME / "register-uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _path(name: str) -> Path:
    path = _folder() / name
    if path.parent != _folder() or not path.is_file():
        raise NotFound("The uploaded file is gone. Upload it again.")
    return path


@signed_in
def upload_file(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for a file."""
    register = _kept(request, slug)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["file"]
        kept = new_token() + Path(sent.name).suffix[:8].lower()
        path = _folder() / kept
        with path.open("xb") as out:
            for chunk in sent.chunks():
                out.write(chunk)
        try:
            uploads.read_rows(path, name=sent.name)
        except UserError as error:
            path.unlink()
            form.refuse(error)
        else:
            return _ask_mapping(request, register, kept, sent.name, bound=False)
    context = {"register": register, "form": form}
    status = 422 if form.errors else 200
    return render_page(request, "registers/upload.html", context, status=status)


@signed_in
def map_columns(request: HttpRequest, slug: str) -> HttpResponse:
    """Take which field each column stands for, and show what would change."""
    register = _kept(request, slug)
    kept = request.POST.get("upload", "")
    return _ask_mapping(
        request, register, kept, request.POST.get("file_name", ""), bound=True
    )


def _ask_mapping(
    request: HttpRequest, register: Register, kept: str, file_name: str, *, bound: bool
) -> HttpResponse:
    columns, rows = uploads.read_rows(_path(kept), name=file_name)
    form = MappingForm(
        request.POST if bound else None,
        schema=_schema(register),
        columns=columns,
        proposed=uploads.proposed_mapping(register, columns),
        initial={"upload": kept, "file_name": file_name},
    )
    if bound and form.is_valid():
        try:
            found = uploads.compare(
                register,
                rows,
                fields=form.mapping(),
                whole=bool(form.cleaned_data.get("whole")),
                today=now().date(),
            )
            uploads.remember_mapping(register, columns, form.mapping(), at=now())
            upload = uploads.keep_preview(
                register=register,
                name=file_name,
                found=found,
                by=signed_in_person(request),
                at=now(),
            )
        except UserError as error:
            form.refuse(error)
        else:
            _path(kept).unlink()
            return _preview(request, upload, found)
    context = {"register": register, "form": form}
    status = 422 if form.errors else 200
    return render_page(request, "registers/mapping.html", context, status=status)


def _preview(
    request: HttpRequest, upload: Upload, found: uploads.Comparison
) -> HttpResponse:
    wrong = [(each.line, each.key, each.message) for each in found.wrong]
    context = {
        "register": upload.register,
        "upload": upload,
        "found": found,
        "wrong_rows": wrong[: uploads.MAX_WRONG],
    }
    return render_page(request, "registers/preview.html", context)


@signed_in
def show_upload(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """Show an upload that waits; apply it."""
    register = _kept(request, slug)
    upload = get_object_or_404(Upload, register=register, reference=reference)
    if request.method == "POST":
        upload = uploads.apply_upload(
            upload=upload, by=signed_in_person(request), at=now()
        )
        waits = upload.state == Upload.State.WAITING
        done = "It waits for a second person." if waits else "The changes are made."
        messages.success(request, done)
        return redirect("registers-register-show", slug=slug)
    context = {"register": register, "upload": upload, "found": None}
    return render_page(request, "registers/preview.html", context)


# ---------------------------------------------------------------- corrections


def propose(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Let anyone propose a change to a record."""
    register = queries.get_register(slug, person=request.user)
    held = _held(register, key)
    form = CorrectionForm(request.POST or None, schema=_schema(register), values=held)
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["website"]:
            raise BadInput("Leave the hidden field empty.")
        try:
            made = _propose(request, register, key, form)
        except UserError as error:
            form.refuse(error)
        else:
            done = {"register": register, "correction": made}
            return render_page(request, "registers/proposed.html", done)
    context = {"register": register, "form": form, "key": key}
    status = 422 if form.errors else 200
    return render_page(request, "registers/propose.html", context, status=status)


def _propose(
    request: HttpRequest, register: Register, key: str, form: CorrectionForm
) -> Correction:
    at = now()
    address = request.META.get("REMOTE_ADDR", "")
    return corrections.propose_correction(
        register=register,
        key=key,
        changes=form.changes(),
        evidence=form.cleaned_data["evidence"],
        contact_email=form.cleaned_data["contact_email"],
        source=corrections.source_hash(address, at=at),
        by=request.user if isinstance(request.user, Person) else None,
        at=at,
    )


def list_corrections(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how corrections went, and to the owner what waits."""
    register = queries.get_register(slug, person=request.user)
    keeps = can_keep(request.user, register)
    found = Correction.objects.filter(register=register)
    shown = found if keeps else found.exclude(state=Correction.State.OPEN)
    context = {
        "register": register,
        "figures": queries.correction_figures(register),
        "corrections": list(shown.order_by("-made_at")[:200]),
        "keeps": keeps,
    }
    return render_page(request, "registers/corrections.html", context)


def show_correction(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """Show a proposal; the owner decides it."""
    register = queries.get_register(slug, person=request.user)
    correction = get_object_or_404(Correction, register=register, reference=reference)
    keeps = can_keep(request.user, register)
    mine = correction.proposer == getattr(request.user, "ledger_id", None)
    is_open = correction.state == Correction.State.OPEN
    if is_open and not keeps and not mine:
        raise NotFound("There is no such proposal.")
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            corrections.decide_correction(
                correction=correction,
                accept=form.cleaned_data["outcome"] == "accept",
                reason=form.cleaned_data["reason"],
                by=signed_in_person(request),
                at=now(),
            )
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, "Your decision is recorded.")
            return redirect("registers-correction-list", slug=slug)
    held = _held(register, correction.key)
    context = {
        "register": register,
        "correction": correction,
        "form": form,
        "decides": keeps and is_open,
        "rows": [
            (field, corrections.as_text(held, field), after)
            for field, after in correction.changes.items()
        ],
        "others": Correction.objects.filter(
            register=register, key=correction.key, state=Correction.State.OPEN
        ).exclude(pk=correction.pk),
    }
    status = 422 if form.errors else 200
    return render_page(request, "registers/correction.html", context, status=status)
