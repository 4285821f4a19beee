"""The forms of the law's public pages: one plain question each."""

from __future__ import annotations

from typing import Any

from django import forms

from staithe.law.plain_questions import IDENTIFIABLE
from staithe.law.purposes import area_headings, in_areas
from staithe.law.vocabulary import NATIONS, PARTIES, WORDS
from staithe.ui.forms import DateField, Form


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
        choices = in_areas(p for p in WORDS.purposes.values() if known in {"", p.area})
        field = self.fields["purpose"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*((p.id, p.text) for p in choices), UNKNOWN]
        if not any(p.id.endswith("*") for p in choices):
            del self.fields["service"]
        if not any(p.id.endswith("-support") for p in choices):
            del self.fields["scheme"]


def licence_field() -> forms.CharField:
    """Return the question that only some companies can answer."""
    return forms.CharField(
        label="Its licence",
        required=False,
        max_length=60,
        help_text="Only for a company, such as electricity supply.",
    )


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
    holder_licence = licence_field()


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
    recipient_licence = licence_field()


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


# What each answer means, where its name alone does not say it.
HINTS: dict[str, dict[str, str]] = {
    "area": {area.id: area.more for area in WORDS.areas.values()},
    "purpose": {each.id: each.more for each in WORDS.purposes.values()},
    "holder_type": {each.id: each.more for each in WORDS.parties.values()},
    "recipient_type": {each.id: each.more for each in WORDS.parties.values()},
}
# The heading above the first of each group of kinds of body.
_KIND_GROUPS = {each.id: each.begins for each in WORDS.parties.values() if each.begins}
GROUPS = {
    "holder_type": _KIND_GROUPS,
    "recipient_type": _KIND_GROUPS,
    "purpose": area_headings(each.id for each in in_areas(WORDS.purposes.values())),
}
FORMS: dict[str, type[Form]] = {
    "area": AreaForm,
    "purpose": PurposeForm,
    "holder": HolderForm,
    "recipient": RecipientForm,
    "data": DataForm,
    "circumstances": CircumstancesForm,
}


class BetweenForm(Form):
    """Two days."""

    start = DateField(label="First day")
    end = DateField(label="Second day")


class TextForm(Form):
    """Some text with citations in it."""

    text = forms.CharField(
        label="Text to check",
        widget=forms.Textarea,
        max_length=MOST_CHECKED,
        help_text="Paste the part of an agreement or business case that cites the law.",
    )
