"""The catalogue's forms."""

from __future__ import annotations

from typing import Any

from django import forms

from staithe.catalogue.models import Asset, AssetVersion
from staithe.catalogue.policies import FREQUENCIES
from staithe.ui.forms import Form


ACCEPT = ".csv,.tsv,.xlsx,.parquet,.jsonl,.ndjson"
FREQUENCY_WORDS = {
    "threeTimesAYear": "Three times a year",
    "threeTimesAMonth": "Three times a month",
    "threeTimesAWeek": "Three times a week",
    "triennial": "Every three years",
    "biennial": "Every two years",
    "irregular": "Not regular, or not known",
}
FREQUENCY_CHOICES = [
    (code, FREQUENCY_WORDS.get(code, code.capitalize())) for code in FREQUENCIES
]


class SearchForm(Form):
    """What to look for; every field may stay empty."""

    q = forms.CharField(label="Words", required=False, max_length=200)
    organisation = forms.ChoiceField(label="Held by", required=False)
    access_rights = forms.ChoiceField(label="Who can use it", required=False)
    kind = forms.ChoiceField(label="Kind", required=False)

    def __init__(self, *args: Any, facets: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in facets.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", "Any"), *choices]


class FileForm(Form):
    """A file to publish."""

    file = forms.FileField(
        label="File",
        help_text="CSV, TSV, Excel, Parquet or JSON lines. The first row names the columns.",
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
    )


class PublishForm(FileForm):
    """The least that a new asset needs."""

    organisation = forms.ChoiceField(label="Held by")
    title = forms.CharField(
        label="Title",
        max_length=200,
        help_text="What a colleague in another body would search for.",
    )
    summary = forms.CharField(
        label="Summary",
        max_length=250,
        required=False,
        widget=forms.Textarea,
        help_text="One or two sentences: what each row is, and what it covers.",
    )
    access_rights = forms.ChoiceField(
        label="Who can use it",
        choices=Asset.AccessRights.choices,
        initial=Asset.AccessRights.INTERNAL,
        widget=forms.RadioSelect,
    )

    field_order = ("file", "title", "summary", "organisation", "access_rights")

    def __init__(self, *args: Any, organisations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organisation"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(each.slug, each.name) for each in organisations]
        if len(field.choices) == 1:
            field.initial = field.choices[0][0]
            field.widget = forms.HiddenInput()


class DetailsForm(Form):
    """Everything else that can be said about an asset."""

    title = forms.CharField(label="Title", max_length=200)
    summary = forms.CharField(
        label="Summary", max_length=250, required=False, widget=forms.Textarea
    )
    description = forms.CharField(
        label="Description", max_length=10_000, required=False, widget=forms.Textarea
    )
    keywords = forms.CharField(
        label="Keywords", required=False, help_text="Separate them with commas."
    )
    theme = forms.CharField(label="Theme", max_length=80, required=False)
    access_rights = forms.ChoiceField(
        label="Who can use it",
        choices=Asset.AccessRights.choices,
        widget=forms.RadioSelect,
    )
    licence = forms.CharField(
        label="Licence",
        max_length=200,
        required=False,
        help_text="Its name or its address.",
    )
    update_frequency = forms.ChoiceField(
        label="How often it is updated", choices=FREQUENCY_CHOICES
    )
    contact_email = forms.EmailField(label="Contact email", required=False)

    def clean_keywords(self) -> list[str]:
        """Split the keywords at commas."""
        return [
            word for word in self.cleaned_data["keywords"].split(",") if word.strip()
        ]


class ColumnsForm(Form):
    """Which columns identify people, and what each means."""

    identifies = forms.MultipleChoiceField(
        label="Which columns identify people?",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="They can be asked for linkage only. Analysts never see them.",
    )

    def __init__(self, *args: Any, version: AssetVersion, **kwargs: Any) -> None:
        names = [column["name"] for column in version.columns]
        kwargs.setdefault(
            "initial",
            {"identifies": [c["name"] for c in version.columns if c["identifies"]]}
            | {f"d{i}": c["description"] for i, c in enumerate(version.columns)},
        )
        super().__init__(*args, **kwargs)
        field = self.fields["identifies"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(name, name) for name in names]
        for index, name in enumerate(names):
            self.fields[f"d{index}"] = forms.CharField(
                label=f"What {name} means", required=False, max_length=500
            )
        self.names = names

    def descriptions(self) -> dict[str, str]:
        """Return the description given for each column."""
        return {
            name: self.cleaned_data[f"d{index}"]
            for index, name in enumerate(self.names)
        }


class WithdrawForm(Form):
    """Why an asset is withdrawn."""

    reason = forms.CharField(
        label="Why is it withdrawn?", max_length=500, widget=forms.Textarea
    )
