"""What is asked on the pages of registers."""

from __future__ import annotations

from typing import Any

from django import forms

from staithe.registers.corrections import MAX_TEXT, as_text
from staithe.registers.datatypes import EXAMPLES
from staithe.registers.item import Item
from staithe.registers.schema import MANY, Schema
from staithe.ui.forms import Form


class SearchForm(Form):
    """Words to find records by."""

    q = forms.CharField(label="Search", required=False, max_length=200)


class RecordForm(Form):
    """The values of a record, one field each."""

    def __init__(self, *args: Any, schema: Schema, values: Item, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names: dict[str, str] = {}
        for index, field in enumerate(schema.fields.values()):
            if field.id == schema.register:
                continue
            name = f"f{index}"
            self.names[name] = field.id
            hint = field.text or ""
            example = EXAMPLES.get(field.datatype, "")
            if example:
                hint = f"{hint} Write {example}.".strip()
            if field.cardinality == MANY:
                hint = f"{hint} Separate several with semicolons.".strip()
            self.fields[name] = forms.CharField(
                label=field.id,
                required=False,
                max_length=MAX_TEXT,
                initial=as_text(values, field.id),
                help_text=hint,
                widget=forms.Textarea if field.datatype == "text" else forms.TextInput,
            )

    def changes(self) -> dict[str, str]:
        """Return the values given, by field."""
        return {field: self.cleaned_data[name] for name, field in self.names.items()}


class CorrectionForm(RecordForm):
    """A proposed change, from anyone."""

    # People leave this empty, because they do not see it; programs fill it.
    website = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["evidence"] = forms.CharField(
            label="How do you know?",
            max_length=MAX_TEXT,
            widget=forms.Textarea,
            help_text="Name a document or an address where it can be checked.",
        )
        self.fields["contact_email"] = forms.EmailField(
            label="Email address",
            required=False,
            help_text="Only if you want to hear what came of it.",
        )


class NewRecordForm(RecordForm):
    """A record that is not there yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"] = forms.CharField(label="Key", max_length=255)
        self.order_fields(["key"])


class DecisionForm(Form):
    """What the owner makes of a proposal."""

    outcome = forms.ChoiceField(
        label="Decision",
        choices=[("accept", "Accept the change"), ("decline", "Decline the change")],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="Reason",
        max_length=MAX_TEXT,
        widget=forms.Textarea,
        help_text="Everyone can read this.",
    )


class UploadForm(Form):
    """The owner's own file."""

    file = forms.FileField(
        label="File",
        help_text="CSV or Excel. The first row names the columns.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.xlsx"}),
    )


class MappingForm(Form):
    """Which field each column stands for."""

    upload = forms.CharField(widget=forms.HiddenInput)
    file_name = forms.CharField(widget=forms.HiddenInput, required=False)

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
        choices = [("", "Leave out"), *((name, name) for name in schema.fields)]
        for index, column in enumerate(columns):
            self.fields[f"c{index}"] = forms.ChoiceField(
                label=column,
                choices=choices,
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
