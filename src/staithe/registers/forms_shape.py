"""What is asked on the pages that say what a register is, and of an owner's files."""

from __future__ import annotations

from typing import Any

from django import forms

from staithe.people.models import Organisation
from staithe.registers import details
from staithe.registers.datatypes import TESTS, UNFINISHED
from staithe.registers.forms import YES_NO, label_of
from staithe.registers.schema import MANY, ONE, Field, Schema
from staithe.ui.forms import Form


DATATYPES = [
    ("string", "Words or a code, on one line"),
    ("text", "Longer text"),
    ("datetime", "A date or time"),
    ("integer", "A whole number"),
    ("boolean", "True or false"),
    ("curie", "A link to a record of any register"),
    ("url", "An address on the web"),
    ("period", "A length of time"),
    ("timestamp", "An exact time"),
    ("name", "A name of small letters and hyphens"),
    ("hash", "A hash"),
]
assert {name for name, _ in DATATYPES} == set(TESTS) - UNFINISHED


ENCODINGS = [
    ("utf-8", "UTF-8, as most programs save"),
    ("cp1252", "cp1252, as Excel on Windows may save"),
]


def encoding_field() -> forms.ChoiceField:
    """Ask how a CSV was saved: no program can tell it from the file alone."""
    return forms.ChoiceField(
        label="Encoding of a CSV",
        choices=ENCODINGS,
        required=False,
        help_text="Choose cp1252 if accents come out wrong or the file is refused.",
    )


class UploadForm(Form):
    """The owner's own file."""

    file = forms.FileField(
        label="File",
        help_text="CSV or Excel. The first row names the columns.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.xlsx"}),
    )
    encoding = encoding_field()


class MappingForm(Form):
    """Which field each column stands for."""

    def __init__(
        self,
        *args: Any,
        schema: Schema,
        columns: list[str],
        proposed: dict[str, str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.columns = columns
        own = (schema.register, f"{label_of(schema.register)} (the key)")
        rest = [(n, label_of(n)) for n in schema.fields if n != schema.register]
        for index, column in enumerate(columns):
            self.fields[f"c{index}"] = forms.ChoiceField(
                label=column,
                choices=[("", "Leave out"), own, *rest],
                required=False,
                initial=proposed.get(column, ""),
            )
        if "end-date" in schema.fields:
            self.fields["whole"] = forms.BooleanField(
                label="The file is the whole list: end the records that are not in it",
                required=False,
            )

    def mapping(self) -> dict[str, str]:
        """Return the field of each column, "" where it is left out."""
        return {c: self.cleaned_data[f"c{i}"] for i, c in enumerate(self.columns)}


class WatchForm(MappingForm):
    """Where a file lies that is looked at again and again."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["every_minutes"] = forms.ChoiceField(
            label="How often should we look?",
            choices=[
                ("15", "Every 15 minutes"),
                ("60", "Every hour"),
                ("1440", "Every day"),
                ("10080", "Every week"),
            ],
            initial="1440",
            widget=forms.RadioSelect,
        )
        self.fields["most_percent"] = forms.IntegerField(
            label="Ask a person if more than this share of the records would change",
            min_value=1,
            max_value=100,
            initial=10,
            help_text="Per cent.",
        )


class PlaceForm(Form):
    """Which place is to be watched."""

    kind = forms.ChoiceField(
        label="Where is the file?",
        choices=[
            ("address", "At an address on the web"),
            ("folder", "In this register's own folder on the service's machine"),
        ],
        widget=forms.RadioSelect,
    )
    place = forms.URLField(
        label="Address",
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text="It starts with https:// and needs no password.",
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the address where there is to be one."""
        given = super().clean() or {}
        if given.get("kind") == "folder":
            self.errors.pop("place", None)
            given["place"] = ""
        elif (
            given.get("kind") and not given.get("place") and "place" not in self.errors
        ):
            self.add_error("place", "Enter the address")
        return given


class DetailsForm(Form):
    """What a register says of itself."""

    def __init__(self, *args: Any, told: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hints = {
            "description": "Say what is in it and what is not.",
            "owner_role": "A role, never a person: Head of Geography.",
            "licence": "For example, Open Government Licence v3.0",
            "replacement": "The name of the register that takes its place.",
            "ended_on": "A date such as 2027-04-01. Empty while the register is kept.",
            details.WRITERS: "Besides the owner's own people.",
        }
        for name, words in details.WORDS.items():
            self.fields[name] = self._field(name, words, hints.get(name, ""))
            self.initial[name] = told[name]
        self.initial[details.WRITERS] = told[details.WRITERS].split(";")

    def _field(self, name: str, words: str, hint: str) -> forms.Field:
        asked: dict[str, Any] = {"label": words, "help_text": hint}
        if name in details.YES_NO:
            return forms.ChoiceField(choices=YES_NO, widget=forms.RadioSelect, **asked)
        if name == details.WRITERS:
            bodies = Organisation.objects.order_by("name").values_list("slug", "name")
            return forms.MultipleChoiceField(
                choices=list(bodies),
                required=False,
                widget=forms.CheckboxSelectMultiple,
                **asked,
            )
        if name in details.DAYS:
            return forms.IntegerField(
                required=False, min_value=1, max_value=details.MOST_DAYS, **asked
            )
        limit = details.TEXTS.get(name, 10)
        is_long = name in {"description", "end_reason"}
        widget = forms.Textarea if is_long else forms.TextInput
        required = name == "title"
        return forms.CharField(
            required=required, max_length=limit, widget=widget, **asked
        )

    def told(self) -> dict[str, str]:
        """Return every detail as text."""
        given = dict(self.cleaned_data)
        given[details.WRITERS] = ";".join(sorted(given[details.WRITERS]))
        return {n: "" if v is None else str(v) for n, v in given.items()}


class FieldForm(Form):
    """A field that a register shall have."""

    id = forms.CharField(
        label="Name of the field",
        max_length=80,
        help_text="Small letters, digits and single hyphens: opening-date",
    )
    text = forms.CharField(
        label="What does it mean?",
        max_length=1000,
        widget=forms.Textarea,
    )
    datatype = forms.ChoiceField(
        label="What does it hold?",
        choices=DATATYPES,
        initial="string",
        widget=forms.RadioSelect,
        help_text="This can never be changed afterwards.",
    )
    cardinality = forms.ChoiceField(
        label="How many values?",
        choices=[(ONE, "One"), (MANY, "Several")],
        initial=ONE,
        widget=forms.RadioSelect,
    )
    register = forms.CharField(
        label="Keys of which register?",
        max_length=80,
        required=False,
        help_text="Its name, if every value is a key of one register: local-authority-type",
    )
    erasable = forms.BooleanField(
        label="Its values may need erasing: keep them apart from the log",
        required=False,
        help_text="For anything personal. This can never be changed afterwards.",
    )

    def field(self) -> Field:
        """Return the field as it is to be."""
        given = self.cleaned_data
        return Field(
            given["id"],
            datatype=given["datatype"],
            cardinality=given["cardinality"],
            text=given["text"].strip(),
            register=given["register"].strip(),
            erasable=bool(given["erasable"]),
        )


class MeaningForm(Form):
    """Another text for a field: all that may change of it."""

    text = forms.CharField(
        label="What does it mean?", max_length=1000, widget=forms.Textarea
    )


class NewRegisterForm(Form):
    """A register that is not there yet."""

    title = forms.CharField(label="Title", max_length=200)
    name = forms.CharField(
        label="Name in addresses",
        max_length=80,
        help_text="One thing of the list, in small letters: school, not schools. It "
        "names the key and never changes.",
    )
    description = forms.CharField(
        label="What does it cover?", max_length=5000, widget=forms.Textarea
    )
    owner = forms.ChoiceField(label="Body that keeps it")
    owner_role = forms.CharField(
        label="Role that answers for it",
        max_length=200,
        help_text="A role, never a person: Head of Geography.",
    )
    licence = forms.CharField(
        label="Licence", max_length=200, initial="Open Government Licence v3.0"
    )
    review_every_days = forms.IntegerField(
        label="How often will you look through it? (days)",
        min_value=1,
        max_value=details.MOST_DAYS,
        initial=91,
    )
    file = forms.FileField(
        label="The list as it is now",
        required=False,
        help_text="CSV or Excel. Its columns become the fields. Leave it out to start "
        "with a name, a start date and an end date.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.xlsx"}),
    )
    encoding = encoding_field()

    def __init__(self, *args: Any, bodies: list[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(body.slug, body.name) for body in bodies]
        self.fields["owner"].choices = choices  # type: ignore[attr-defined]  # a choice field


class KeyColumnForm(NewRegisterForm):
    """Which column of the list holds the key; what was answered before stays hidden."""

    column = forms.ChoiceField(
        label="Which column holds the key?",
        help_text="A code that is different in every row, is never empty and never "
        "changes. It becomes the address of the record.",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the column that holds the key"},
    )
    kept = forms.CharField(widget=forms.HiddenInput)
    sent = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, columns: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["file"], self.fields["encoding"]
        for name in set(self.fields) - {"column"}:
            self.fields[name].widget = forms.HiddenInput()
        choices = [(column, column) for column in columns]
        self.fields["column"].choices = choices  # type: ignore[attr-defined]  # a choice field


class DeclarationForm(Form):
    """A register declared in one file."""

    file = forms.FileField(
        label="Declaration",
        help_text="One YAML file.",
        widget=forms.FileInput(attrs={"accept": ".yaml,.yml"}),
    )
