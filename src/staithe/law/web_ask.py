"""The public page: could X share Y with Z for P? One question a page, no sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET

from staithe.base.clock import now
from staithe.base.errors import NotFound, UserError
from staithe.law.advise import advise
from staithe.law.changes import changes_between
from staithe.law.citations import address_of, lint
from staithe.law.library import load_library
from staithe.law.plain_questions import (
    IDENTIFIABLE,
    STEPS,
    Given,
    facts_of,
)
from staithe.law.rules import rules_citing
from staithe.law.vocabulary import NATIONS, PARTIES, WORDS
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.forms import DateField, Form
from staithe.ui.web import render_page


if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

MOST_QUERY = 4_000
MOST_CHECKED = 20_000
UNKNOWN = ("unknown", "I do not know")
KINDS = [*PARTIES.items(), UNKNOWN]


class AreaForm(Form):
    """What the data is for, in general."""

    area = forms.ChoiceField(
        label="What would the data be used for?",
        choices=[*((a.id, a.text) for a in WORDS.areas.values()), UNKNOWN],
        widget=forms.RadioSelect,
    )


class PurposeForm(Form):
    """What the data is for, in particular: all there is where no area is chosen."""

    purpose = forms.ChoiceField(
        label="Which of these is it for?", widget=forms.RadioSelect
    )
    service = forms.CharField(
        label="Name of the service or the enforcement",
        required=False,
        max_length=60,
        help_text="Only for a welfare service or enforcement, such as blue badge.",
    )
    scheme = forms.CharField(
        label="Name of the support scheme",
        required=False,
        max_length=100,
        help_text="Only for help with energy or water bills.",
    )

    def __init__(self, *args: Any, area: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = area if area in WORDS.areas else ""
        choices = [p for p in WORDS.purposes.values() if known in {"", p.area}]
        field = self.fields["purpose"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*((p.id, p.text) for p in choices), UNKNOWN]
        if not any(p.id.endswith("*") for p in choices):
            del self.fields["service"]
        if not any(p.id.endswith("-support") for p in choices):
            del self.fields["scheme"]


class HolderForm(Form):
    """Who holds the data."""

    holder_type = forms.ChoiceField(
        label="What kind of body holds the data?",
        choices=KINDS,
        widget=forms.RadioSelect,
    )
    holder_name = forms.CharField(
        label="Its name",
        required=False,
        max_length=200,
        help_text="If you know it. Some powers name the bodies that may use them.",
    )
    holder_licence = forms.CharField(
        label="Its licence",
        required=False,
        max_length=60,
        help_text="Only for a company, such as electricity supply.",
    )


class RecipientForm(Form):
    """Who would receive it."""

    recipient_type = forms.ChoiceField(
        label="What kind of body would receive it?",
        choices=KINDS,
        widget=forms.RadioSelect,
    )
    recipient_name = forms.CharField(
        label="Its name", required=False, max_length=200, help_text="If you know it."
    )
    recipient_licence = forms.CharField(
        label="Its licence",
        required=False,
        max_length=60,
        help_text="Only for a company, such as electricity supply.",
    )


class DataForm(Form):
    """How far the data identifies people."""

    personal_data = forms.ChoiceField(
        label="Could people be identified from the data?",
        choices=list(IDENTIFIABLE.items()),
        widget=forms.RadioSelect,
    )


class CircumstancesForm(Form):
    """What else is true of the share."""

    flag = forms.MultipleChoiceField(
        label="Is any of this true?",
        choices=[(each.id, each.text) for each in WORDS.circumstances.values()],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Select all that apply, or none.",
    )
    nation = forms.MultipleChoiceField(
        label="Where?",
        choices=[(each, each) for each in sorted(NATIONS)],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="The nations that the people or bodies are in, if you know.",
    )


FORMS: dict[str, type[Form]] = {
    "area": AreaForm,
    "purpose": PurposeForm,
    "holder": HolderForm,
    "recipient": RecipientForm,
    "data": DataForm,
    "circumstances": CircumstancesForm,
}


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
    form = _form(step, given, request.GET if sent or _filled(given, step) else None)
    if sent and form.is_valid():
        after = _address(given, step, done=True)
        following = STEPS[STEPS.index(step) + 1 :]
        return _next(after, following[0] if following else "")
    return _question(request, step, form if sent else _quiet(form, given, step), given)


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


# What each answer means, where its name alone does not say it.
HINTS: dict[str, dict[str, str]] = {
    "area": {area.id: area.more for area in WORDS.areas.values()},
    "purpose": {each.id: each.more for each in WORDS.purposes.values()},
}


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
        },
        status=422 if form.errors else 200,
    )


@require_GET
def show_answer(request: HttpRequest) -> HttpResponse:
    """Show the advice for the answers in the address, with its reasons as a tree."""
    given = given_in(request)
    try:
        advice = advise(facts_of(given))
    except UserError as error:
        return render_page(
            request, "law/ask_refused.html", {"problem": error.message}, status=422
        )
    library = load_library()
    pairs = _address(given, "", done=False)
    changes = [
        (step, f"{reverse('law-ask')}?{urlencode([*pairs, ('step', step)])}")
        for n, step in enumerate(STEPS)
    ]
    return render_page(
        request,
        "law/answer.html",
        {
            "advice": advice,
            "verdict": library.words.verdicts[advice.verdict],
            "routes": library.by_id,
            "keep": pairs,
            "deciding": [q for q in advice.questions if "yes" in q.accepts],
            "others": [q for q in advice.questions if "yes" not in q.accepts],
            "change": changes,
            "rows": _told(given),
        },
    )


def _told(given: Given) -> list[tuple[str, str]]:
    def kind(side: str) -> str:
        return PARTIES.get(given.one(f"{side}_type"), "Not known")

    known = WORDS.circumstances
    flags = [known[f].text for f in given.values.get("flag", ()) if f in known]
    return [
        ("For", WORDS.purpose_text(given.one("purpose")) or "Not known"),
        ("Held by", kind("holder")),
        ("Received by", kind("recipient")),
        (
            "Identifies people",
            IDENTIFIABLE.get(given.one("personal_data"), "Not known"),
        ),
        ("Circumstances", "; ".join(flags) or "None stated"),
        ("Where", ", ".join(given.values.get("nation", ())) or "Not stated"),
    ]


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


class BetweenForm(Form):
    """Two days."""

    start = DateField(label="First day")
    end = DateField(label="Second day")


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


class TextForm(Form):
    """Some text with citations in it."""

    text = forms.CharField(
        label="Text to check",
        widget=forms.Textarea,
        max_length=MOST_CHECKED,
        help_text="Paste the part of an agreement or business case that cites the law.",
    )


def check_citations(request: HttpRequest) -> HttpResponse:
    """Check the citations in pasted text; nothing is stored."""
    form = TextForm(request.POST or None)
    findings = None
    if request.method == "POST" and form.is_valid():
        findings = lint(form.cleaned_data["text"], load_library().acts)
    return render_page(
        request,
        "law/check.html",
        {"form": form, "findings": findings},
        status=422 if form.errors else 200,
    )
