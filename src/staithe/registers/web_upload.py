"""Pages for the owner's own files: sent once, or looked at by the clock."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from staithe.base.clock import now
from staithe.base.errors import BadInput, NotFound, UserError
from staithe.base.ids import new_token
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.registers import comparison, mending, queries, watches
from staithe.registers.forms_shape import (
    MappingForm,
    PlaceForm,
    UploadForm,
    WatchForm,
)
from staithe.registers.models import Register, Update, Watch
from staithe.registers.permissions import can_shape, check_shape
from staithe.registers.tidying import UPLOADS
from staithe.registers.web_edit import answer_with, get_kept, posted, prepare


MOST_BYTES = 64 << 20


def keep_file(sent: Any, register: Register, *, encoding: str = "") -> str:
    """Keep an uploaded file for the pages that follow; return its name there.

    A CSV that was saved as cp1252 is kept as UTF-8, so that no later page need ask.
    """
    name = sent.name or ""
    if (sent.size or 0) > MOST_BYTES:
        raise BadInput(
            f"The file is larger than {MOST_BYTES >> 20} MB: load it as RSF.",
            field="file",
        )
    is_old = encoding == "cp1252" and not name.lower().endswith(".xlsx")
    decoder = codecs.getincrementaldecoder("cp1252")()
    kept = f"{register.pk}-{new_token()}{Path(name).suffix[:8].lower()}"
    folder = Path(settings.HOME) / UPLOADS
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with (folder / kept).open("xb") as out:
            for chunk in sent.chunks():
                out.write(decoder.decode(chunk).encode() if is_old else chunk)
    except UnicodeDecodeError as error:
        (folder / kept).unlink()
        raise BadInput(
            f"{name} is not cp1252: choose UTF-8.", field="encoding"
        ) from error
    return kept


def kept_file(name: str, register: Register) -> Path:
    """Return a kept file of this register; NotFound where it is gone or another's."""
    folder = Path(settings.HOME) / UPLOADS
    path = folder / name
    ours = name.startswith(f"{register.pk}-") and path.parent == folder
    if not ours or not path.is_file():
        raise NotFound("The uploaded file is gone. Upload it again.")
    return path


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def upload_file(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for a file."""
    register = get_kept(request, slug)
    mending.get_schema(register)
    form = UploadForm(posted(request), request.FILES or None)
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            encoding = form.cleaned_data["encoding"]
            kept = keep_file(sent, register, encoding=encoding)
            path = kept_file(kept, register)
            try:
                comparison.read_rows(path, name=sent.name)
            except UserError:
                path.unlink()
                raise
        except UserError as error:
            form.refuse(error)
        else:
            place = reverse("registers-upload-map", kwargs={"slug": slug})
            return redirect(f"{place}?{urlencode({'upload': kept, 'name': sent.name})}")
    return answer_with(request, "registers/upload.html", form, register=register)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def map_columns(request: HttpRequest, slug: str) -> HttpResponse:
    """Take which field each column stands for, and work out what would change."""
    register = get_kept(request, slug)
    kept, name = request.GET.get("upload", ""), request.GET.get("name", "")
    path = kept_file(kept, register)
    columns, rows = comparison.read_rows(path, name=name)
    form = MappingForm(
        posted(request),
        schema=mending.get_schema(register),
        columns=columns,
        proposed=comparison.proposed_mapping(register, columns),
    )
    if request.method == "POST" and form.is_valid():
        try:
            found = comparison.compare(
                register,
                rows,
                fields=form.mapping(),
                whole=bool(form.cleaned_data.get("whole")),
                today=now().date(),
            )
            comparison.remember_mapping(register, columns, form.mapping(), at=now())
            answer = prepare(
                request,
                register,
                origin=Update.Origin.FILE,
                title=name or "A file",
                lines=found.lines,
                same=found.same,
            )
        except UserError as error:
            form.refuse(error)
        else:
            path.unlink()
            return answer
    return answer_with(
        request,
        "registers/mapping.html",
        form,
        register=register,
        heading="What do the columns mean?",
        remembered=comparison.is_remembered(register, columns)
        and "first" not in request.GET,
        is_first="first" in request.GET,
        examples=_examples(columns, rows),
    )


def _examples(columns: list[str], rows: list[comparison.Row]) -> dict[str, str]:
    """Return the first value of each column, so that a person sees which it is."""
    return {
        f"c{index}": next((row[c][:60] for row in rows[:100] if row[c]), "")
        for index, c in enumerate(columns)
    }


# ---------------------------------------------------------------- by the clock


@signed_in
def list_watches(request: HttpRequest, slug: str) -> HttpResponse:
    """Show which places are looked at, and ask for another."""
    register = get_kept(request, slug)
    shapes = can_shape(request.user, register)
    form = PlaceForm(posted(request))
    if request.method == "POST" and form.is_valid():
        check_shape(signed_in_person(request), register)
        try:
            place = form.cleaned_data["place"]
            if place:
                watches.check_place(place)
        except UserError as error:
            form.refuse(error)
        else:
            where = reverse("registers-watch-map", kwargs={"slug": slug})
            return redirect(f"{where}?{urlencode({'place': place})}")
    return answer_with(
        request,
        "registers/watches.html",
        form,
        register=register,
        watches=list(Watch.objects.filter(register=register, ended_at=None)),
        folder=f"{watches.FOLDER}/{register.name}",
        shapes=shapes,
    )


@signed_in
def map_watch(request: HttpRequest, slug: str) -> HttpResponse:
    """Look at the place once, ask what its columns mean, and watch it from then on."""
    register = queries.get_register(slug, person=request.user)
    check_shape(signed_in_person(request), register)
    place = request.GET.get("place", "")
    columns, rows = watches.look_once(register, place)
    form = WatchForm(
        posted(request),
        schema=mending.get_schema(register),
        columns=columns,
        proposed=comparison.proposed_mapping(register, columns),
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            watches.add_watch(
                register=register,
                place=place,
                fields=form.mapping(),
                is_whole=bool(given.get("whole")),
                every_minutes=int(given["every_minutes"]),
                most_percent=given["most_percent"],
                by=signed_in_person(request),
                at=now(),
            )
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, "We look at it from now on.")
            return redirect("registers-watch-list", slug=slug)
    return answer_with(
        request,
        "registers/mapping.html",
        form,
        register=register,
        heading="What do the columns mean, and how often do they change?",
        remembered=False,
        is_first=False,
        examples=_examples(columns, rows),
    )


@require_POST
@signed_in
def end_watch(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """Look at a place no more."""
    register = get_kept(request, slug)
    watch = get_object_or_404(Watch, register=register, reference=reference)
    watches.end_watch(watch=watch, by=signed_in_person(request), at=now())
    messages.success(request, "We do not look at it any more.")
    return redirect("registers-watch-list", slug=slug)
