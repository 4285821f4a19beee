"""Pages that make a register and change what it is: fields, promises, keepers."""

from __future__ import annotations

from pathlib import Path

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from staithe.base.clock import now
from staithe.base.errors import BadInput, NotFound, UserError
from staithe.people.models import Organisation, Person
from staithe.people.permissions import (
    Permission,
    check_somewhere,
    organisations_where,
)
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.registers import (
    comparison,
    declaration,
    details,
    mending,
    queries,
    shaping,
)
from staithe.registers.actions import check_new_name, create_register
from staithe.registers.declaring import declare_register
from staithe.registers.forms_shape import (
    DeclarationForm,
    DetailsForm,
    FieldForm,
    KeyColumnForm,
    MeaningForm,
    NewRegisterForm,
)
from staithe.registers.models import Register, Update
from staithe.registers.permissions import check_shape
from staithe.registers.schema import Field
from staithe.registers.web_edit import answer_with, get_kept, posted, prepare
from staithe.registers.web_upload import keep_file, kept_file


_ASKED = ("title", "owner_role", "licence", "review_every_days")


def get_shaped(request: HttpRequest, name: str) -> Register:
    """Return a register whose fields whoever is signed in may change."""
    register = queries.get_register(name, person=request.user)
    check_shape(signed_in_person(request), register)
    return register


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new_register(request: HttpRequest) -> HttpResponse:
    """Make a register, from a spreadsheet where there is one."""
    person = _may_make(request)
    bodies = list(
        organisations_where(person, Permission.SHAPE_REGISTER).order_by("name")
    )
    if "kept" in request.POST:
        return _with_key(request, person, bodies)
    form = NewRegisterForm(posted(request), request.FILES or None, bodies=bodies)
    if request.method == "POST" and form.is_valid():
        try:
            check_new_name(form.cleaned_data["name"])
            if form.cleaned_data["file"] is not None:
                return _ask_key(request, form, bodies)
            made = _made(person, form, list(shaping.USUAL))
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{made.title} is there. Add its first record.")
            return redirect("registers-register-show", slug=made.name)
    return answer_with(request, "registers/new.html", form)


def _may_make(request: HttpRequest) -> Person:
    person = signed_in_person(request)
    check_somewhere(person, Permission.SHAPE_REGISTER)
    return person


def _made(person: Person, form: NewRegisterForm, fields: list[Field]) -> Register:
    given = {name: form.cleaned_data[name] for name in _ASKED}
    bodies = organisations_where(person, Permission.SHAPE_REGISTER)
    return create_register(
        name=form.cleaned_data["name"],
        owner=bodies.get(slug=form.cleaned_data["owner"]),
        text=form.cleaned_data["description"],
        fields=fields,
        by=person,
        at=now(),
        **given,
    )


def _ask_key(
    request: HttpRequest, form: NewRegisterForm, bodies: list[Organisation]
) -> HttpResponse:
    """Keep the list, and ask first which column holds the key: no field can go later."""
    given = dict(form.cleaned_data)
    sent, draft = given.pop("file"), Register(name=given["name"])
    kept = keep_file(sent, draft, encoding=given.pop("encoding"))
    path = kept_file(kept, draft)
    try:
        columns, rows = comparison.read_rows(path, name=sent.name)
    except UserError:
        path.unlink()
        raise
    own = shaping.key_column(given["name"], columns, rows)
    asked = given | {"kept": kept, "sent": sent.name, "column": own}
    ask = KeyColumnForm(initial=asked, bodies=bodies, columns=columns)
    return answer_with(request, "registers/key_column.html", ask)


def _with_key(
    request: HttpRequest, person: Person, bodies: list[Organisation]
) -> HttpResponse:
    """Make a register whose key is in the column that was chosen."""
    draft = Register(name=request.POST.get("name", ""))
    path = kept_file(request.POST["kept"], draft)
    sent = request.POST.get("sent", "")
    columns, rows = comparison.read_rows(path, name=sent)
    form = KeyColumnForm(request.POST, bodies=bodies, columns=columns)
    if form.is_valid():
        name = form.cleaned_data["name"]
        own = form.cleaned_data["column"]
        fits = shaping.columns_as_fields(name, columns, own=own)
        try:
            made = _made(person, form, shaping.fields_for(fits, name, rows))
        except UserError as error:
            form.refuse(error)
        else:
            comparison.remember_mapping(made, columns, fits, at=now())
            return _map_kept(request, made, path, sent)
    return answer_with(request, "registers/key_column.html", form)


def _map_kept(
    request: HttpRequest, made: Register, path: Path, sent: str
) -> HttpResponse:
    # The file was kept before the register had a number of its own.
    mine = path.rename(path.with_name(path.name.replace("None-", f"{made.pk}-", 1)))
    messages.success(
        request, f"{made.title} is there. Now check what the columns mean."
    )
    place = reverse("registers-upload-map", kwargs={"slug": made.name})
    query = urlencode({"upload": mine.name, "name": sent, "first": "1"})
    return redirect(f"{place}?{query}")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def declare(request: HttpRequest) -> HttpResponse:
    """Make a register as one YAML file declares it."""
    person = _may_make(request)
    form = DeclarationForm(posted(request), request.FILES or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data["file"].read(declaration.MAX_BYTES + 1)
        try:
            if len(data) > declaration.MAX_BYTES:
                raise BadInput("The declaration is larger than 1 MB.", field="file")
            declared = declaration.parse(data)
            made = declare_register(declared=declared, by=person, at=now())
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{made.title} is there as it is declared.")
            return redirect("registers-register-show", slug=made.name)
    return answer_with(request, "registers/declare.html", form)


@signed_in
def edit_details(request: HttpRequest, slug: str) -> HttpResponse:
    """Change what a register says of itself."""
    register = get_shaped(request, slug)
    told = details.details_of(register)
    form = DetailsForm(posted(request), told=told)
    if request.method == "POST" and form.is_valid():
        try:
            lines = shaping.details_lines(told, form.told())
            return prepare(
                request,
                register,
                origin=Update.Origin.DETAILS,
                title=f"About {register.title}"[:255],
                lines=lines,
            )
        except UserError as error:
            form.refuse(error)
    return answer_with(request, "registers/details.html", form, register=register)


@signed_in
def add_field(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a field."""
    register = get_shaped(request, slug)
    form = FieldForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            field = form.field()
            return prepare(
                request,
                register,
                origin=Update.Origin.FIELDS,
                title=f"Field {field.id}"[:255],
                lines=shaping.new_field(register, field),
            )
        except UserError as error:
            form.refuse(error)
    return answer_with(request, "registers/field.html", form, register=register, old="")


@signed_in
def edit_field(request: HttpRequest, slug: str, field: str) -> HttpResponse:
    """Say better what a field means."""
    register = get_shaped(request, slug)
    known = _field(register, field)
    form = MeaningForm(posted(request), initial={"text": known.text})
    if request.method == "POST" and form.is_valid():
        try:
            lines = shaping.meaning(register, field, form.cleaned_data["text"])
            return prepare(
                request,
                register,
                origin=Update.Origin.FIELDS,
                title=f"Meaning of {field}"[:255],
                lines=lines,
            )
        except UserError as error:
            form.refuse(error)
    return answer_with(
        request, "registers/meaning.html", form, register=register, field=known
    )


@signed_in
def replace_field(request: HttpRequest, slug: str, field: str) -> HttpResponse:
    """Put a field of another shape in the place of one, and carry the values over."""
    register = get_shaped(request, slug)
    known = _field(register, field)
    form = FieldForm(
        posted(request),
        initial={"text": known.text, "cardinality": known.cardinality},
    )
    if request.method == "POST" and form.is_valid():
        try:
            new = form.field()
            return prepare(
                request,
                register,
                origin=Update.Origin.FIELDS,
                title=f"{field} replaced by {new.id}"[:255],
                lines=mending.replace_field(register, field, new),
            )
        except UserError as error:
            form.refuse(error)
    return answer_with(
        request, "registers/field.html", form, register=register, old=field
    )


def _field(register: Register, name: str) -> Field:
    found = mending.get_schema(register).fields.get(name)
    if found is None:
        raise NotFound(f"{register.title} has no field {name[:80]}.")
    return found


@require_POST
@signed_in
def note_review(request: HttpRequest, slug: str) -> HttpResponse:
    """Note that the register was looked through and is up to date."""
    register = get_kept(request, slug)
    details.note_review(register=register, by=signed_in_person(request), at=now())
    messages.success(request, "Noted: you looked through it today.")
    return redirect("registers-register-show", slug=slug)
