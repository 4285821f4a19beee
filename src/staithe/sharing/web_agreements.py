"""Pages about agreements: the list, the terms in plain English, how they close."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from staithe.base.clock import now
from staithe.people.models import Person
from staithe.people.queries import names_of
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.sharing import actions, queries, queries_law
from staithe.sharing.advice import changes_in_words
from staithe.sharing.forms import AcceptForm, AgreementFilter, ReasonForm
from staithe.sharing.models import Agreement
from staithe.sharing.panels import draw
from staithe.sharing.permissions import (
    can_accept_agreement,
    can_end_agreement,
    can_revoke_agreement,
    check_accept_agreement,
    check_end_agreement,
    check_revoke_agreement,
    check_see_requests,
)
from staithe.sharing.plain_english import closing_sentences, term_sections
from staithe.sharing.states import AGREEMENT, find_next
from staithe.sharing.terms import get_stored_terms
from staithe.sharing.web import attempt, posted, status_of
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page


if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from staithe.sharing.terms import Terms


@require_GET
@signed_in
def list_agreements(request: HttpRequest) -> HttpResponse:
    """List the agreements that a person may see."""
    person = signed_in_person(request)
    check_see_requests(person)
    query = query_of(request)
    state = query.get("state")
    found = queries.find_agreements(
        person, state=state if state in Agreement.State.values else ""
    )
    if wants_csv(request):
        return csv_response("agreements", _HEADER, map(_row, found))
    return render_page(
        request,
        "sharing/agreements.html",
        {
            "filter_form": AgreementFilter(request.GET),
            "page": paginate(found, query=query),
        },
    )


@require_GET
@signed_in
def show_agreement(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the terms in plain English: prints well, and says who can end it."""
    person = signed_in_person(request)
    agreement = queries.get_agreement(reference, person=person)
    return render_page(
        request,
        "sharing/agreement.html",
        {
            "agreement": agreement,
            "sections": _sections(agreement),
            "may_accept": _may(agreement, "accept")
            and can_accept_agreement(person, agreement),
            "may_revoke": _may(agreement, "revoke")
            and can_revoke_agreement(person, agreement),
            "may_end": _may(agreement, "end") and can_end_agreement(person, agreement),
            "changed_law": changes_in_words(
                queries_law.changes_since(agreement, on=now().date())
            )
            if agreement.state == Agreement.State.IN_FORCE
            else [],
            "panels": draw("agreement", agreement, request),
        },
    )


@require_http_methods(["GET", "POST"])
@signed_in
def accept(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the terms and ask for a deliberate yes."""
    person = signed_in_person(request)
    agreement = queries.get_agreement(reference, person=person)
    check_accept_agreement(person, agreement)
    AGREEMENT.next_state(agreement.state, "accept")
    form = AcceptForm(posted(request), initial={"seen_sha256": agreement.terms_sha256})
    if (
        request.method == "POST"
        and form.is_valid()
        and attempt(
            form,
            lambda: actions.accept_agreement(
                agreement=agreement,
                seen_sha256=form.cleaned_data["seen_sha256"],
                by=person,
                at=now(),
            ),
        )
    ):
        return redirect("sharing-agreement-accepted", reference=reference)
    return render_page(
        request,
        "sharing/accept.html",
        {"form": form, "agreement": agreement, "sections": _sections(agreement)},
        status=status_of(form),
    )


@require_GET
@signed_in
def accepted(request: HttpRequest, reference: str) -> HttpResponse:
    """Confirm that the terms are in force, with what happens next."""
    agreement = queries.get_agreement(reference, person=signed_in_person(request))
    return render_page(request, "sharing/accepted.html", {"agreement": agreement})


@require_http_methods(["GET", "POST"])
@signed_in
def revoke(request: HttpRequest, reference: str) -> HttpResponse:
    """Say what revoking closes, ask why, and do it."""
    person = signed_in_person(request)
    agreement = queries.get_agreement(reference, person=person)
    check_revoke_agreement(person, agreement)
    return _close(request, agreement, person=person, revoking=True)


@require_http_methods(["GET", "POST"])
@signed_in
def end(request: HttpRequest, reference: str) -> HttpResponse:
    """Hand data back early, or decline an offer."""
    person = signed_in_person(request)
    agreement = queries.get_agreement(reference, person=person)
    check_end_agreement(person, agreement)
    return _close(request, agreement, person=person, revoking=False)


def _close(
    request: HttpRequest, agreement: Agreement, *, person: Person, revoking: bool
) -> HttpResponse:
    AGREEMENT.next_state(agreement.state, "revoke" if revoking else "end")
    act = actions.revoke_agreement if revoking else actions.end_agreement
    form = ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if attempt(
            form, lambda: act(agreement=agreement, reason=reason, by=person, at=now())
        ):
            done = "revoked" if revoking else "ended"
            messages.success(request, f"{agreement.reference} is {done}.")
            return redirect("sharing-agreement-show", reference=agreement.reference)
    return render_page(
        request,
        "sharing/close.html",
        {
            "form": form,
            "agreement": agreement,
            "revoking": revoking,
            "closes": closing_sentences(
                _terms(agreement), in_force=agreement.state == Agreement.State.IN_FORCE
            ),
        },
        status=status_of(form),
    )


def _terms(agreement: Agreement) -> Terms:
    return get_stored_terms(agreement.terms, sha256=agreement.terms_sha256)


def _sections(agreement: Agreement) -> list[tuple[str, list[tuple[str, str]]]]:
    terms = _terms(agreement)
    names = names_of(set(terms.people))
    return term_sections(terms, names=names)


def _may(agreement: Agreement, act: str) -> bool:
    return find_next(AGREEMENT, agreement.state, act) is not None


_HEADER = ["agreement", "data", "holder", "recipient", "project", "state", "ends"]


def _row(agreement: Agreement) -> list[object]:
    return [
        agreement.reference,
        agreement.flow.asset.title,
        agreement.flow.holder.name,
        agreement.project.organisation.name,
        agreement.project.title,
        agreement.state,
        agreement.ends_on,
    ]
