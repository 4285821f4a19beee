"""Filling in a draft: data, columns, rows, legal route, costs; then sending it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from staithe.base.clock import now
from staithe.base.errors import Conflict
from staithe.law.routes import routes_for
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.sharing import actions, queries
from staithe.sharing.advice import (
    advice_context,
    questions_to_answer,
    routes_tried,
)
from staithe.sharing.forms import (
    ALL_ROWS,
    SOME_ROWS,
    AssetSearchForm,
    ColumnsForm,
    CostsForm,
    RouteForm,
    RowsForm,
)
from staithe.sharing.models import Flow, Request
from staithe.sharing.permissions import check_change_request
from staithe.sharing.policies import check_draft
from staithe.sharing.terms import filter_from_plain
from staithe.sharing.web import attempt, has_costs, posted, status_of
from staithe.ui.forms import Form
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page


if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from staithe.law.advice import Advice
    from staithe.law.routes import Route
    from staithe.law.trying import Tried


def _draft(request: HttpRequest, reference: str) -> Request:
    """Return a draft that the person may change."""
    person = signed_in_person(request)
    asked = queries.get_request(reference, person=person)
    check_change_request(person, asked)
    check_draft(asked)
    return asked


def _draft_flow(request: HttpRequest, reference: str) -> Flow:
    """Return a flow of a draft that the person may change."""
    person = signed_in_person(request)
    flow = queries.get_flow(reference, person=person)
    check_change_request(person, flow.request)
    check_draft(flow.request)
    return flow


@require_GET
@signed_in
def choose_data(request: HttpRequest, reference: str) -> HttpResponse:
    """Find the data to ask for."""
    asked = _draft(request, reference)
    query = query_of(request)
    found = queries.find_askable(query.get("q"))
    return render_page(
        request,
        "sharing/choose-data.html",
        {
            "asked": asked,
            "form": AssetSearchForm(request.GET or None),
            "page": paginate(found, query=query, size=10),
            "taken": set(asked.flows.values_list("asset_id", flat=True)),
        },
    )


@require_http_methods(["GET", "POST"])
@signed_in
def add_flow(request: HttpRequest, reference: str, slug: str) -> HttpResponse:
    """Choose columns of one data set and add it to a draft."""
    asked = _draft(request, reference)
    asset = queries.get_askable_asset(slug)
    known = asked.flows.filter(asset=asset).first()
    if known:
        return redirect("sharing-flow-columns", reference=known.reference)
    form = ColumnsForm(
        posted(request), offered=queries.columns_of(asset.versions.first())
    )
    made: list[Flow] = []
    if (
        request.method == "POST"
        and form.is_valid()
        and attempt(
            form,
            lambda: made.append(
                actions.add_flow(
                    request=asked,
                    asset=asset,
                    by=signed_in_person(request),
                    at=now(),
                    **form.cleaned_data,
                )
            ),
        )
    ):
        return redirect("sharing-flow-route", reference=made[0].reference)
    return _columns_page(request, form, asked=asked, asset=asset)


@require_http_methods(["GET", "POST"])
@signed_in
def edit_columns(request: HttpRequest, reference: str) -> HttpResponse:
    """Change the columns that a draft asks for."""
    flow = _draft_flow(request, reference)
    offered = queries.columns_of(flow.asset.versions.first(), flow)
    form = ColumnsForm(
        posted(request),
        offered=offered,
        initial={
            "columns": flow.columns,
            "link_columns": flow.link_columns,
            "justification": flow.justification,
        },
    )
    if (
        request.method == "POST"
        and form.is_valid()
        and attempt(form, lambda: _edit(request, flow, **form.cleaned_data))
    ):
        return redirect("sharing-request-show", reference=flow.request.reference)
    return _columns_page(request, form, asked=flow.request, asset=flow.asset)


def _columns_page(request: HttpRequest, form: Form, **context: Any) -> HttpResponse:
    return render_page(
        request,
        "sharing/columns.html",
        {"form": form, **context},
        status=status_of(form),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def edit_rows(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask for all rows or only some."""
    flow = _draft_flow(request, reference)
    offered = queries.columns_of(flow.asset.versions.first(), flow)
    form = RowsForm(posted(request), offered=offered, initial=_rows_initial(flow))
    if (
        request.method == "POST"
        and form.is_valid()
        and attempt(form, lambda: _edit(request, flow, row_filter=form.row_filter()))
    ):
        return redirect("sharing-request-show", reference=flow.request.reference)
    return render_page(
        request,
        "sharing/rows.html",
        {"form": form, "flow": flow},
        status=status_of(form),
    )


def _rows_initial(flow: Flow) -> dict[str, Any]:
    row_filter = filter_from_plain(flow.row_filter)
    if row_filter is None:
        return {"which": ALL_ROWS}
    value = row_filter.value
    values = value if isinstance(value, tuple) else (value,)
    return {
        "which": SOME_ROWS,
        "column": row_filter.column,
        "operator": row_filter.operator,
        "value": ", ".join(str(each) for each in values),
    }


def _edit(request: HttpRequest, flow: Flow, **changes: Any) -> Flow:
    """Change what a flow asks for and keep the rest of it."""
    kept = {
        "columns": flow.columns,
        "link_columns": flow.link_columns,
        "justification": flow.justification,
        "row_filter": flow.row_filter,
    }
    return actions.edit_flow(
        flow=flow, by=signed_in_person(request), at=now(), **(kept | changes)
    )


@require_http_methods(["GET", "POST"])
@signed_in
def choose_route(request: HttpRequest, reference: str) -> HttpResponse:
    """Choose among the legal routes that the purpose opens, and say why."""
    flow = _draft_flow(request, reference)
    advice = advice_context(flow)
    tried = _tried(flow)
    out = _ruled_out(tried, advice["advice"])
    routes = [route for route, _ in tried if route.id not in out]
    barred = [(route, out[route.id]) for route, _ in tried if route.id in out]
    form = RouteForm(
        posted(request),
        routes=routes,
        initial={"route_id": flow.route_id, "reason": flow.route_reason},
    )
    if (
        request.method == "POST"
        and form.is_valid()
        and attempt(
            form,
            lambda: actions.choose_route(
                flow=flow, by=signed_in_person(request), at=now(), **form.cleaned_data
            ),
        )
    ):
        return redirect("sharing-request-show", reference=flow.request.reference)
    return render_page(
        request,
        "sharing/route.html",
        {
            **advice,
            "questions": questions_to_answer(advice["advice"]),
            "form": form,
            "flow": flow,
            "routes": routes,
            "barred": barred,
            "hints": {r.id: _route_hint(r, found, flow) for r, found in tried},
        },
        status=status_of(form),
    )


def _tried(flow: Flow) -> list[tuple[Route, Tried | None]]:
    """Return the routes for this purpose today, each as the library tries it."""
    today = now().date()
    routes = routes_for(flow.request.project.purpose_code, on=today)
    found = routes_tried(flow, [route.id for route in routes], on=today)
    return [(route, found.get(route.id)) for route in routes]


def _ruled_out(
    tried: list[tuple[Route, Tried | None]], advice: Advice | None
) -> dict[str, str]:
    """Say why routes are ruled out: by the facts, or by what stands in the way."""
    out = {route.id: found.why for route, found in tried if found and not found.open}
    return out | {row.id: row.why for row in (advice.ruled_out if advice else ())}


def _route_hint(route: Route, found: Tried | None, flow: Flow) -> str:
    recipient = flow.request.project.organisation
    sides = found.sides_in_words() if found else ("", "")
    fits = " ".join(
        f"{body.name}: {said}."
        for body, said in zip((flow.holder, recipient), sides, strict=True)
        if said
    )
    return f"{route.summary.strip()} {fits}".strip()


@require_http_methods(["GET", "POST"])
@signed_in
def remove_flow(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask once more, then take one data set out of a draft."""
    flow = _draft_flow(request, reference)
    if request.method == "POST":
        title = flow.asset.title
        asked = flow.request.reference
        actions.remove_flow(flow=flow, by=signed_in_person(request), at=now())
        messages.success(request, f"{title} is no longer part of the request.")
        return redirect("sharing-request-show", reference=asked)
    return render_page(request, "sharing/remove-flow.html", {"flow": flow})


@require_http_methods(["GET", "POST"])
@signed_in
def costs(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask who pays, and by when what happens."""
    asked = _draft(request, reference)
    names = tuple(CostsForm.base_fields)
    form = CostsForm(
        posted(request), initial={name: getattr(asked, name) for name in names}
    )
    if (
        request.method == "POST"
        and form.is_valid()
        and attempt(
            form,
            lambda: actions.edit_request(
                request=asked,
                by=signed_in_person(request),
                at=now(),
                **form.cleaned_data,
            ),
        )
    ):
        return redirect("sharing-request-show", reference=asked.reference)
    return render_page(
        request,
        "sharing/costs.html",
        {"form": form, "asked": asked},
        status=status_of(form),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def check_answers(request: HttpRequest, reference: str) -> HttpResponse:
    """Show every answer, then send the request."""
    asked = _draft(request, reference)
    form = Form(posted(request))
    if request.method == "POST":
        form.is_valid()
        if attempt(
            form,
            lambda: actions.submit_request(
                request=asked, by=signed_in_person(request), at=now()
            ),
        ):
            return redirect("sharing-request-sent", reference=asked.reference)
    return render_page(
        request,
        "sharing/check.html",
        {
            "form": form,
            "asked": asked,
            "costs_done": has_costs(asked),
            "flows": [
                (flow, filter_from_plain(flow.row_filter), advice_context(flow))
                for flow in asked.flows.select_related("asset__organisation")
            ],
        },
        status=status_of(form),
    )


@require_GET
@signed_in
def sent(request: HttpRequest, reference: str) -> HttpResponse:
    """Confirm that a request was sent, with its reference and what happens next."""
    asked = queries.get_request(reference, person=signed_in_person(request))
    if asked.submitted_at is None:
        raise Conflict("This request has not been sent.")
    flows = list(asked.flows.select_related("asset__organisation"))
    return render_page(request, "sharing/sent.html", {"asked": asked, "flows": flows})
