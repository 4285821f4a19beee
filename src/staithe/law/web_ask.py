"""The public page: could X share Y with Z for P? One question a page, no sign-in."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_GET

from staithe.base.clock import now
from staithe.base.errors import NotFound, UserError
from staithe.law.advise import advise, read_facts
from staithe.law.answered import ITEMS
from staithe.law.changes import changes_between
from staithe.law.citation_reading import read_citations
from staithe.law.citations import address_of
from staithe.law.forms import FORMS, GROUPS, HINTS, BetweenForm, TextForm
from staithe.law.library import load_library
from staithe.law.plain_questions import (
    IDENTIFIABLE,
    STEP_NAMES,
    STEP_OF,
    STEPS,
    Given,
    facts_of,
)
from staithe.law.rules import rules_citing
from staithe.law.values import FactsApart
from staithe.law.vocabulary import PARTIES, WORDS
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.forms import Form
from staithe.ui.web import render_page


if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

MOST_QUERY = 4_000


def given_in(request: HttpRequest) -> Given:
    """Read the answers that stand in the address."""
    if len(request.META.get("QUERY_STRING", "")) > MOST_QUERY:
        raise NotFound("This address is too long to be an answer. Start again.")
    return Given({name: request.GET.getlist(name) for name in request.GET})


@require_GET
def ask(request: HttpRequest) -> HttpResponse:
    """Ask the next plain question, or show the answer when all are answered."""
    given = given_in(request)
    step = given.one("step") or given.next_step()
    if step not in FORMS:
        return show_answer(request)
    sent = given.one("sent") == step
    mangled = "" if sent else mangled_step(given)
    if mangled:
        return _question(request, mangled, _form(mangled, given, request.GET), given)
    form = _form(step, given, request.GET if sent or _filled(given, step) else None)
    if sent and form.is_valid():
        problem = _problem(given)
        if problem:
            form.add_error(next(iter(form.fields)), problem[1])
    if sent and form.is_valid():
        after = _address(given, step, done=True)
        following = STEPS[STEPS.index(step) + 1 :]
        return _next(after, following[0] if following else "")
    return _question(request, step, form if sent else _quiet(form, given, step), given)


def mangled_step(given: Given) -> str:
    """Return the question that the address answers with what it does not offer."""
    for step, form_class in FORMS.items():
        own = [n for n in form_class.base_fields if any(given.values.get(n, ()))]
        data = MultiValueDict({name: list(given.values[name]) for name in own})
        # Every purpose there is: an address may name one of another area.
        if own and set(own) & set(form_class(data).errors):
            return step
    return ""


def _problem(given: Given) -> tuple[str, str] | None:
    """Return what cannot be right in the answers so far: the question, and why."""
    try:
        read_facts(facts_of(given))
    except FactsApart as error:
        return _step_of(error), error.plain
    except UserError as error:
        return _step_of(error), error.message
    return None


def _step_of(error: UserError) -> str:
    head = (error.field or "").partition(".")[0]
    return STEP_OF.get(head, "" if head in {"answers", "on", ""} else "circumstances")


def _quiet(form: Form, given: Given, step: str) -> Form:
    """Show a question again with its earlier answer and without complaints."""
    names = FORMS[step].base_fields
    initial = {
        name: list(given.values[name])
        if isinstance(field, forms.MultipleChoiceField)
        else given.one(name)
        for name, field in names.items()
        if name in given.values
    }
    return _form(step, given, initial=initial) if initial or not form.is_bound else form


def _form(step: str, given: Given, data: Any = None, **options: Any) -> Form:
    if step == "purpose":
        options["area"] = given.one("area")
    return FORMS[step](data, **options)


def _filled(given: Given, step: str) -> bool:
    return any(name in given.values for name in FORMS[step].base_fields)


def _address(given: Given, step: str, *, done: bool) -> list[tuple[str, str]]:
    pairs = [
        (name, value)
        for name, values in given.values.items()
        for value in values
        if value and name not in {"step", "sent"}
    ]
    mark = (f"{step}-done", "1")
    return [*(p for p in pairs if p != mark), mark] if done else pairs


def _next(pairs: list[tuple[str, str]], step: str) -> HttpResponse:
    if step and (f"{step}-done", "1") not in pairs:
        return redirect(f"{reverse('law-ask')}?{urlencode([*pairs, ('step', step)])}")
    # The day stands in the address, so that the same address gives the same answer.
    if not any(name == "on" for name, _ in pairs):
        pairs = [*pairs, ("on", now().date().isoformat())]
    return redirect(f"{reverse('law-answer')}?{urlencode(pairs)}")


def _question(
    request: HttpRequest, step: str, form: Form, given: Given
) -> HttpResponse:
    own = set(FORMS[step].base_fields)
    keep = [pair for pair in _address(given, step, done=False) if pair[0] not in own]
    number = STEPS.index(step)
    back = ""
    if number:
        earlier = [*keep, ("step", STEPS[number - 1])]
        back = f"{reverse('law-ask')}?{urlencode(earlier)}"
    return render_page(
        request,
        "law/ask.html",
        {
            "form": form,
            "step": step,
            "keep": keep,
            "back": back,
            "number": number + 1,
            "total": len(STEPS),
            "hints": HINTS,
            "groups": GROUPS,
        },
        status=422 if form.errors else 200,
    )


@require_GET
def show_answer(request: HttpRequest) -> HttpResponse:
    """Show the advice for the answers in the address, with its reasons as a tree."""
    given = given_in(request)
    pairs = _address(given, "", done=False)
    changes = {
        step: f"{reverse('law-ask')}?{urlencode([*pairs, ('step', step)])}"
        for step in STEPS
    }
    problem = _problem(given)
    if problem:
        step, sentence = problem
        context = {"problem": sentence, "step": step, "changes": changes}
        context["names"] = STEP_NAMES
        return render_page(request, "law/ask_refused.html", context, status=422)
    today = now().date()
    advice = advise(facts_of(given), on=None if given.one("on") else today)
    library = load_library()
    lasting = [*pairs, *([] if given.one("on") else [("on", today.isoformat())])]
    return render_page(
        request,
        "law/answer.html",
        {
            "advice": advice,
            "verdict": library.words.verdicts[advice.verdict],
            "routes": library.by_id,
            "keep": pairs,
            "deciding": [q for q in advice.questions if "yes" in q.accepts],
            "items": next((q for q in advice.questions if q.id == ITEMS), None),
            "classes": library.words.classes,
            "others": [
                (q.text, changes.get(STEP_OF.get(q.id.partition(".")[0], ""), ""))
                for q in advice.questions
                if "yes" not in q.accepts and q.id != ITEMS
            ],
            "changes": changes,
            "names": STEP_NAMES,
            "rows": _told(given),
            "lists": [
                (name, date.fromisoformat(day))
                for name, day in advice.lists_as_of.items()
            ],
            "address": request.build_absolute_uri(
                f"{reverse('law-answer')}?{urlencode(lasting)}"
            ),
            "dated": bool(given.one("on")),
            "of_today": advice.on == today,
            "today": f"{reverse('law-answer')}?"
            + urlencode([*(p for p in pairs if p[0] != "on"), ("on", today)]),
        },
    )


def _told(given: Given) -> list[tuple[str, str]]:
    def kind(side: str) -> str:
        name = given.one(f"{side}_name").strip()
        told = PARTIES.get(given.one(f"{side}_type"), "")
        if not told:
            (*known,) = sorted(WORDS.kinds_called(name))
            told = " or ".join(PARTIES[each].lower() for each in known)
            told = f"{told}, as its name tells" if told else "kind not known"
        return f"{name} ({told[:1].lower()}{told[1:]})" if name else told.capitalize()

    known = WORDS.circumstances
    flags = [known[f].text for f in given.values.get("flag", ()) if f in known]
    return [
        ("For", _purpose_told(given)),
        ("Held by", kind("holder")),
        ("Received by", kind("recipient")),
        (
            "Identifies people",
            IDENTIFIABLE.get(given.one("personal_data"), "Not known"),
        ),
        ("Circumstances", "; ".join(flags) or "None stated"),
        ("Where", ", ".join(given.values.get("nation", ())) or "Not stated"),
    ]


def _purpose_told(given: Given) -> str:
    code = given.one("purpose")
    if code in {"", "unknown"}:
        return "Not known"
    named = given.one("service") or given.one("scheme")
    return WORDS.purpose_text(code) + (f": {named}" if named else "")


@require_GET
def show_citation(request: HttpRequest) -> HttpResponse:
    """Open a citation: every rule that rests on it, its dates, status and sources."""
    citation = request.GET.get("c", "")[:200]
    library = load_library()
    rules = rules_citing(citation, library)
    if not rules:
        raise NotFound("No rule of the library rests on this citation.")
    return render_page(
        request,
        "law/citation.html",
        {
            "citation": citation,
            "rules": rules,
            "address": address_of(citation, library.acts),
            "sources": library.sources,
        },
    )


@require_GET
def list_changes(request: HttpRequest) -> HttpResponse:
    """Show what begins and ends in the library between two days."""
    library = load_library()
    form = BetweenForm(request.GET if "start-year" in request.GET else None)
    start, end = library.begins, max(library.checked_on, now().date())
    if form.is_bound and form.is_valid():
        start, end = form.cleaned_data["start"], form.cleaned_data["end"]
    changes = []
    try:
        changes = changes_between(library, start, end)
    except UserError as error:
        form.refuse(error)
    if wants_csv(request):
        rows = [(c.on, c.kind, c.what, c.title, c.citation, c.status) for c in changes]
        header = ["on", "kind", "what", "title", "citation", "status"]
        return csv_response("law-changes", header, rows)
    return render_page(
        request,
        "law/changes.html",
        {"form": form, "changes": changes, "start": start, "end": end},
        status=422 if form.errors else 200,
    )


def check_citations(request: HttpRequest) -> HttpResponse:
    """Check the citations in pasted text; nothing is stored."""
    form = TextForm(request.POST or None)
    reading = None
    if request.method == "POST" and form.is_valid():
        reading = read_citations(form.cleaned_data["text"], load_library().acts)
    return render_page(
        request,
        "law/check.html",
        {"form": form, "reading": reading},
        status=422 if form.errors else 200,
    )
