"""The catalogue's forms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms

from staithe.catalogue.models import Asset, AssetVersion
from staithe.catalogue.policies import (
    FREQUENCIES,
    LENGTHS,
    LONGEST_MEANING,
    LONGEST_REASON,
)
from staithe.ui.forms import Form
from staithe.ui.wording import plural


ACCEPT = ".csv,.tsv,.xlsx,.parquet,.jsonl,.ndjson"
FREQUENCY_WORDS = {
    "threeTimesAYear": "Three times a year",
    "threeTimesAMonth": "Three times a month",
    "threeTimesAWeek": "Three times a week",
    "triennial": "Every three years",
    "biennial": "Every two years",
    "annual": "Every year",
    "semiannual": "Twice a year",
    "bimonthly": "Every two months",
    "semimonthly": "Twice a month",
    "biweekly": "Every two weeks",
    "semiweekly": "Twice a week",
    "irregular": "Not regular, or not known",
}
FREQUENCY_CHOICES = [
    (code, FREQUENCY_WORDS.get(code, code.capitalize())) for code in FREQUENCIES
]
# Meanings that say no more than the type of the column does.
PLAIN = frozenset({"category", "date", "empty", "flag", "identifier", "number", "text"})
# Columns described on one page: a server takes 1,000 answers at once, a person fewer.
COLUMNS_AT_ONCE = 40


class WordsForm(Form):
    """What to look for."""

    q = forms.CharField(
        label="Search the catalogue",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
    )


class FilterForm(Form):
    """How to narrow what was found; every field may stay empty."""

    organisation = forms.ChoiceField(label="Held by", required=False)
    access_rights = forms.ChoiceField(label="Who can use it", required=False)
    kind = forms.ChoiceField(label="Kind", required=False)

    def __init__(self, *args: Any, facets: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in facets.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", "Any"), *choices]

    def chosen(self) -> dict[str, str]:
        """Return the answers that can be used; nonsense is passed over."""
        self.is_valid()
        return {name: str(value) for name, value in self.cleaned_data.items() if value}

    def words_of(self, name: str, value: str) -> str:
        """Return the words of a chosen filter."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return f"{field.label}: {dict(field.choices)[value]}"  # type: ignore[arg-type]  # flat choices


class FileForm(Form):
    """A file to publish."""

    file = forms.FileField(
        label="File",
        help_text="CSV, TSV, Excel, Parquet or JSON lines. The first row names the columns.",
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
        allow_empty_file=True,  # refused by the rule that all doors share
    )


class PublishForm(FileForm):
    """The least that a new asset needs."""

    organisation = forms.ChoiceField(label="Held by")
    title = forms.CharField(
        label="Title",
        max_length=LENGTHS["title"],
        help_text="What a colleague in another body would search for.",
    )
    summary = forms.CharField(
        label="Summary",
        max_length=LENGTHS["summary"],
        required=False,
        widget=forms.Textarea,
        help_text="What each row is, and which people, places and years it covers.",
    )
    access_rights = forms.ChoiceField(
        label="Who can use it?",
        choices=Asset.AccessRights.choices,
        initial=Asset.AccessRights.INTERNAL,
        widget=forms.RadioSelect,
    )
    identifies_nobody = forms.BooleanField(
        label="No column identifies a person",
        required=False,
        help_text=(
            "Only for data about places, things or totals. Otherwise each column is "
            "judged by its name and values, and you can correct that afterwards."
        ),
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

    def details(self) -> dict[str, Any]:
        """Return what the catalogue is to say about the asset."""
        names = ("title", "summary", "access_rights")
        return {name: self.cleaned_data[name] for name in names}

    def identifies(self) -> set[str] | None:
        """Return no column where the publisher says so; else None: not said."""
        return set() if self.cleaned_data["identifies_nobody"] else None


class DetailsForm(Form):
    """Everything that can be said about an asset."""

    title = forms.CharField(label="Title", max_length=LENGTHS["title"])
    summary = forms.CharField(
        label="Summary",
        max_length=LENGTHS["summary"],
        required=False,
        widget=forms.Textarea,
        help_text="Anyone can read the title and the summary.",
    )
    description = forms.CharField(
        label="Description",
        max_length=LENGTHS["description"],
        required=False,
        widget=forms.Textarea,
        help_text="How the data came about, what they cover, known faults. Leave a line empty between paragraphs.",
    )
    keywords = forms.CharField(
        label="Keywords", required=False, help_text="Separate them with commas."
    )
    theme = forms.CharField(label="Theme", max_length=LENGTHS["theme"], required=False)
    access_rights = forms.ChoiceField(
        label="Who can use it?",
        choices=Asset.AccessRights.choices,
        widget=forms.RadioSelect,
    )
    licence = forms.CharField(
        label="Licence",
        max_length=LENGTHS["licence"],
        required=False,
        help_text="Its address or its name. Open data without one are under the Open Government Licence.",
    )
    update_frequency = forms.ChoiceField(
        label="How often it is updated", choices=FREQUENCY_CHOICES
    )
    contact_email = forms.EmailField(
        label="Contact email", max_length=LENGTHS["contact_email"], required=False
    )
    seen_at = forms.DateTimeField(widget=forms.HiddenInput)

    @classmethod
    def of(cls, asset: Asset, data: Any) -> DetailsForm:
        """Return the form filled with what the entry says now, or with `data`."""
        names = [name for name in cls.base_fields if name != "seen_at"]
        kept = {name: getattr(asset, name) for name in names}
        kept["keywords"] = ", ".join(asset.keywords)
        return cls(data, initial=kept | {"seen_at": asset.modified_at.isoformat()})

    def clean_keywords(self) -> list[str]:
        """Split the keywords at commas."""
        return [
            word for word in self.cleaned_data["keywords"].split(",") if word.strip()
        ]

    def details(self) -> dict[str, Any]:
        """Return what the entry is to say."""
        return {name: v for name, v in self.cleaned_data.items() if name != "seen_at"}

    def seen(self) -> datetime:
        """Return when the entry that was edited had last been changed."""
        at: datetime = self.cleaned_data["seen_at"]
        return at


class ColumnsForm(Form):
    """Which of some columns identify people, and what each means."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self, data: Any, *, version: AssetVersion, columns: Sequence[dict[str, Any]]
    ) -> None:
        super().__init__(data, initial={"version": version.number})
        self.columns = columns
        for index, column in enumerate(columns):
            self.fields[f"identifies-{index}"] = forms.BooleanField(
                label="It helps to identify a person",
                required=False,
                initial=column["identifies"],
            )
            self.fields[f"means-{index}"] = forms.CharField(
                label="What it means",
                required=False,
                max_length=LONGEST_MEANING,
                initial=column["description"],
            )

    def hint_of(self, column: dict[str, Any]) -> str:
        """Say in a line what profiling found in a column."""
        meaning = column["semantic_type"]
        looks = "" if meaning in PLAIN else f", looks like {meaning.replace('_', ' ')}"
        values = plural(column["distinct"], "different value")
        return (
            f"{column['type'].capitalize()}{looks}; {values}, {column['nulls']:,} empty"
        )

    def rows(self) -> list[tuple[dict[str, Any], Any, Any]]:
        """Return each column with its two fields."""
        return [
            (column, self[f"identifies-{index}"], self[f"means-{index}"])
            for index, column in enumerate(self.columns)
        ]

    def identifies(self) -> set[str]:
        """Return the names of the columns said to identify people."""
        return {
            column["name"]
            for index, column in enumerate(self.columns)
            if self.cleaned_data[f"identifies-{index}"]
        }

    def descriptions(self) -> dict[str, str]:
        """Return what is said of each column."""
        return {
            column["name"]: self.cleaned_data[f"means-{index}"]
            for index, column in enumerate(self.columns)
        }


class WithdrawForm(Form):
    """Why an asset is withdrawn."""

    reason = forms.CharField(
        label="Why is it withdrawn?",
        max_length=LONGEST_REASON,
        widget=forms.Textarea,
        help_text="Anyone who follows a link to it reads this.",
    )
