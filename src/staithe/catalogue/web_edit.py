"""The pages that look after an entry: describe it, describe its columns, withdraw it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from staithe.base.clock import now
from staithe.base.errors import Conflict, UserError
from staithe.catalogue.actions import describe_columns, edit_asset, withdraw_asset
from staithe.catalogue.forms import (
    COLUMNS_AT_ONCE,
    ColumnsForm,
    DetailsForm,
    WithdrawForm,
)
from staithe.catalogue.models import Asset, AssetVersion
from staithe.catalogue.policies import matching_only
from staithe.catalogue.queries import get_asset, get_current_version
from staithe.catalogue.web_publish import check_in_catalogue
from staithe.people.models import Person
from staithe.people.permissions import Permission, check
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page


@signed_in
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change what the catalogue says about an asset."""
    person, asset = _editor(request, slug)
    form = DetailsForm.of(asset, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            edit_asset(
                asset=asset,
                by=person,
                at=now(),
                unchanged_since=form.seen(),
                **form.details(),
            )
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, "The entry is changed.")
            return redirect("catalogue-asset-show", slug=asset.slug)
    return render_page(
        request,
        "catalogue/edit.html",
        {"form": form, "asset": asset},
        status=422 if form.errors else 200,
    )


@signed_in
def columns(request: HttpRequest, slug: str) -> HttpResponse:
    """Say which columns identify people and what each means, a page of them at a time."""
    person, asset = _editor(request, slug)
    version = get_current_version(asset)
    query = query_of(request)
    page = paginate(version.columns, query=query, size=COLUMNS_AT_ONCE)
    form = ColumnsForm(request.POST or None, version=version, columns=page.items)
    if request.method == "POST" and form.is_valid():
        try:
            _describe(form, asset, version, by=person)
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, "The columns are described.")
            if page.number < page.pages:
                return redirect(f"{request.path}{page.url(page.number + 1)}")
            return redirect("catalogue-asset-show", slug=asset.slug)
    return render_page(
        request,
        "catalogue/columns.html",
        {
            "form": form,
            "asset": asset,
            "page": page,
            "matching": matching_only(version),
        },
        status=422 if form.errors else 200,
    )


def _describe(
    form: ColumnsForm, asset: Asset, version: AssetVersion, *, by: Person
) -> None:
    """Describe the columns of this page; the others stay as they are."""
    if form.cleaned_data["version"] != version.number:
        raise Conflict(
            "A newer version was published while you were writing. Open this page "
            "again to see its columns."
        )
    here = {column["name"] for column in form.columns}
    others = {c["name"] for c in version.columns if c["identifies"]} - here
    describe_columns(
        asset=asset,
        identifies=others | form.identifies(),
        descriptions=form.descriptions(),
        by=by,
        at=now(),
    )


@signed_in
def withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    """Take an asset out of the catalogue."""
    person, asset = _editor(request, slug)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            withdraw_asset(
                asset=asset, reason=form.cleaned_data["reason"], by=person, at=now()
            )
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{asset.title} is withdrawn.")
            return redirect("catalogue-asset-show", slug=asset.slug)
    return render_page(
        request,
        "catalogue/withdraw.html",
        {"form": form, "asset": asset},
        status=422 if form.errors else 200,
    )


def _editor(request: HttpRequest, slug: str) -> tuple[Person, Asset]:
    person, asset = signed_in_person(request), get_asset(slug)
    check(person, Permission.EDIT_ASSET, asset.organisation)
    check_in_catalogue(asset)
    return person, asset
