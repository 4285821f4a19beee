"""The catalogue's pages for readers: find, read, download; and a body's own page."""

from __future__ import annotations

from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import redirect

from staithe.base.clock import now
from staithe.catalogue import panels
from staithe.catalogue.csv_text import csv_chunks
from staithe.catalogue.forms import FREQUENCY_WORDS, FilterForm, WordsForm
from staithe.catalogue.models import Asset
from staithe.catalogue.open_metadata import FORMATS, best_format, describe
from staithe.catalogue.permissions import check_open, may_see_inside
from staithe.catalogue.policies import OPEN_LICENCE, matching_only
from staithe.catalogue.queries import (
    SearchPage,
    card_of,
    facets,
    find_current_version,
    get_asset,
    get_current_version,
    get_organisation,
    holdings,
    search,
    withdrawn_assets,
)
from staithe.people.permissions import Permission, can, can_somewhere
from staithe.tables.snapshot import open_snapshot
from staithe.tables.store import open_store
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page


CSV_HEADER = [
    "reference",
    "title",
    "held by",
    "summary",
    "who can use it",
    "changed",
    "address",
]


def list_assets(request: HttpRequest) -> HttpResponse:
    """Search the catalogue."""
    query = query_of(request)
    asked, form = WordsForm(request.GET), FilterForm(request.GET, facets=facets())
    words = asked.cleaned_data["q"] if asked.is_valid() else query.get("q")[:200]
    chosen = form.chosen()
    found = search(words, person=request.user, **chosen)
    if wants_csv(request):
        return _as_csv(found)
    return render_page(
        request,
        "catalogue/list.html",
        {
            "words_form": WordsForm(initial={"q": words}),
            "filter_form": form,
            "words": words,
            "filters": chosen,
            "chosen": [
                (form.words_of(name, value), query.without(name, value))
                for name, value in chosen.items()
            ],
            "clear": query.url(**dict.fromkeys([*chosen, "page"])),
            "page": paginate(found, query=query),
            "mended": found.mended,
            "may_publish": can_somewhere(request.user, Permission.PUBLISH_ASSET),
        },
    )


def _as_csv(found: SearchPage) -> HttpResponse:
    rows = [
        (
            asset.reference,
            asset.title,
            asset.organisation.name,
            asset.summary,
            asset.get_access_rights_display(),
            asset.modified_at.date(),
            f"{settings.BASE_URL}/catalogue/{asset.slug}",
        )
        for asset in found.items
    ]
    return csv_response("catalogue", CSV_HEADER, rows)


def show_asset(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one asset: what it is, how good, who uses it."""
    asset = get_asset(slug)
    if asset.slug != slug:
        return redirect("catalogue-asset-show", slug=asset.slug, permanent=True)
    inside = may_see_inside(asset, person=request.user)
    if asset.status == Asset.Status.WITHDRAWN and not inside:
        return render_page(
            request, "catalogue/withdrawn.html", {"asset": asset}, status=410
        )
    version = find_current_version(asset) if inside else None
    may = {
        "may_edit": can(request.user, Permission.EDIT_ASSET, asset.organisation),
        "may_publish": can(request.user, Permission.PUBLISH_ASSET, asset.organisation),
        "may_ask": can_somewhere(request.user, Permission.MAKE_REQUEST),
    }
    return render_page(
        request,
        "catalogue/asset.html",
        {
            "asset": asset,
            "frequency": FREQUENCY_WORDS.get(
                asset.update_frequency, asset.update_frequency.capitalize()
            ),
            "inside": inside,
            "version": version,
            "matching": matching_only(version) if version else {},
            "card": version and card_of(version, at=now()),
            "versions": asset.versions.order_by("-number") if inside else [],
            "blocks": panels.draw("asset", asset, request),
            "person": request.user,
            "formats": FORMATS,
            "open_licence": OPEN_LICENCE,
            **may,
        },
    )


def download(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Give an open asset's newest version as CSV, streamed from verified files."""
    asset = get_asset(slug)
    check_open(asset)
    version = get_current_version(asset)
    store = open_store(settings.STORAGE_URL)
    manifest = open_snapshot(
        version.snapshot_id, store=store, digest=f"sha256:{version.manifest_sha256}"
    )
    chunks = csv_chunks(manifest, store=store)
    header = next(chunks)  # damage is said now, not in the middle of a download
    response = StreamingHttpResponse(
        (chunk for part in ([header], chunks) for chunk in part),
        content_type="text/csv; charset=utf-8; header=present",
    )
    name = f"{asset.slug}-v{version.number}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def show_metadata(request: HttpRequest, slug: str, ending: str) -> HttpResponse:
    """Give an open asset's metadata as DCAT."""
    asset = get_asset(slug)
    text = describe(asset, get_current_version(asset), ending)
    return HttpResponse(text, content_type=FORMATS[ending].content_type)


def show_dataset(request: HttpRequest, slug: str) -> HttpResponse:
    """Lead from an asset's lasting name to what the reader's program understands."""
    asset = get_asset(slug)
    ending = best_format(request.headers.get("Accept", ""))
    where = f"/dataset/{asset.slug}.{ending}" if ending else f"/catalogue/{asset.slug}"
    response = redirect(where)
    response.status_code = 303
    response["Vary"] = "Accept"
    return response


def show_organisation(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what a body holds and what came of it."""
    organisation = get_organisation(slug)
    found = holdings(organisation)
    if wants_csv(request):
        return _as_csv(SearchPage(list(found.values_list("pk", flat=True))))
    may_publish = can(request.user, Permission.PUBLISH_ASSET, organisation)
    return render_page(
        request,
        "catalogue/organisation.html",
        {
            "organisation": organisation,
            "page": paginate(found, query=query_of(request)),
            "withdrawn": withdrawn_assets(organisation, person=request.user),
            "may_publish": may_publish,
            "blocks": panels.draw("organisation", organisation, request),
        },
    )
