"""What is asked on the pages that change a record."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from django import forms

from staithe.registers import blob, datatypes
from staithe.registers.corrections import MAX_TEXT
from staithe.registers.datatypes import EXAMPLES
from staithe.registers.finding import Asked
from staithe.registers.item import Item, as_text
from staithe.registers.schema import MANY, Field, Schema
from staithe.ui.forms import DateField, Form


MAX_VALUE = 10_000
YES_NO = [("yes", "Yes"), ("no", "No")]


class SearchInput(forms.TextInput):
    """A box to search in."""

    input_type = "search"


def label_of(field: str) -> str:
    """Return the name of a field as people read it: `start-date` is Start date."""
    return field.replace("-", " ").capitalize()


class RecordForm(Form):
    """The values of a record, one field each; erased values are not offered."""

    longest = MAX_VALUE

    def __init__(self, *args: Any, schema: Schema, values: Item, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names: dict[str, str] = {}
        self._lists = {f.id for f in schema.fields.values() if f.cardinality == MANY}
        for index, field in enumerate(schema.fields.values()):
            held = as_text(values, field.id)
            if field.id == schema.register or blob.is_commitment(held):
                continue
            name = f"f{index}"
            self.names[name] = field.id
            self.fields[name] = forms.CharField(
                label=label_of(field.id),
                required=False,
                max_length=self.longest,
                initial=held.replace(";", "; ") if field.id in self._lists else held,
                help_text=hint_of(field),
                widget=input_for(field),
            )

    def changes(self) -> dict[str, str]:
        """Return the values given, by field."""
        given = {f: self.cleaned_data[name] for name, f in self.names.items()}
        return {f: _plain(t) if f in self._lists else t for f, t in given.items()}


def _plain(text: str) -> str:
    """Return a list as it is kept in one text; forms show it as people write it."""
    return ";".join(part.strip() for part in text.split(";"))


def input_for(field: Field) -> forms.Widget:
    """Return what a field is written in; keys of one register are picked by name."""
    if field.datatype == "text":
        return forms.Textarea()
    if field.register and field.datatype != "curie" and field.cardinality != MANY:
        return forms.TextInput({"data-register": f"/registers/{field.register}"})
    return forms.TextInput()


def hint_of(field: Field) -> str:
    """Say what a field means and how its values are written."""
    said = [field.text]
    if field.register and field.datatype != "curie":
        said.append(f"A key of the register {field.register}.")
    elif field.datatype in EXAMPLES:
        said.append(f"Write {EXAMPLES[field.datatype]}.")
    if field.cardinality == MANY:
        said.append("Separate several with semicolons.")
    return " ".join(filter(None, said))


class EditForm(RecordForm):
    """Other values for a record, against the entry that was looked at."""

    seen = forms.IntegerField(widget=forms.HiddenInput)


class NewRecordForm(RecordForm):
    """A record that is not there yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"] = forms.CharField(
            label="Key",
            max_length=255,
            help_text="Short and for good: letters, digits, single hyphens or dots.",
        )
        self.order_fields(["key"])


class CorrectionForm(RecordForm):
    """A proposed change, from anyone."""

    longest = MAX_TEXT
    # People leave this empty, because they do not see it; programs fill it.
    website = forms.CharField(required=False, widget=forms.HiddenInput)
    started = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["evidence"] = forms.CharField(
            label="How do you know?",
            max_length=MAX_TEXT,
            widget=forms.Textarea,
            help_text="Name a document or an address where it can be checked. Only the "
            "owner reads this. Do not name other people.",
        )
        self.fields["contact_email"] = forms.EmailField(
            label="Email address",
            required=False,
            help_text="Only if you want to hear what came of it. It is deleted then.",
        )


class MissingForm(CorrectionForm):
    """A record that somebody misses."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"] = forms.CharField(
            label="Key",
            max_length=255,
            required=False,
            help_text="Leave it empty if you do not know it.",
        )
        self.order_fields(["key"])


class DecisionForm(RecordForm):
    """What the owner makes of a proposal: its values may be changed on the way."""

    longest = MAX_TEXT

    def __init__(
        self,
        *args: Any,
        only: Collection[str] | None = None,
        asks_key: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, field in list(self.names.items()):
            if only is not None and field not in only:
                del self.fields[name], self.names[name]
        if asks_key:
            self.fields["key"] = forms.CharField(
                label="Key of the new record", max_length=255, required=False
            )
        self.fields["outcome"] = forms.ChoiceField(
            label="Decision",
            choices=[
                ("accept", "Accept, with the values above"),
                ("decline", "Decline"),
                ("spam", "Remove as spam"),
            ],
            widget=forms.RadioSelect,
        )
        self.fields["reason"] = forms.CharField(
            label="Reason",
            max_length=MAX_TEXT,
            required=False,
            widget=forms.Textarea,
            help_text="Everyone can read this, and whoever proposed it is told. "
            "Spam needs none.",
        )


class SendForm(Form):
    """When changes are made, and why."""

    when = forms.ChoiceField(
        label="When should this happen?",
        choices=[("now", "Now"), ("later", "On a day to come")],
        widget=forms.RadioSelect,
        initial="now",
    )
    apply_on = DateField(label="Day", required=False, help_text="For example, 1 4 2027")
    reason = forms.CharField(
        label="Why?",
        required=False,
        max_length=2000,
        widget=forms.Textarea,
        help_text="Everyone can read this beside the change.",
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the day where one is wanted."""
        given = super().clean() or {}
        wants_day = given.get("when") == "later"
        if wants_day and not given.get("apply_on") and "apply_on" not in self.errors:
            self.add_error("apply_on", "Enter the day")
        if not wants_day:
            self.errors.pop("apply_on", None)
            given["apply_on"] = None
        return given


class RefuseForm(Form):
    """Why a second person does not agree."""

    reason = forms.CharField(
        label="Reason",
        max_length=2000,
        widget=forms.Textarea,
        help_text="Whoever prepared the change is told.",
    )


class MendForm(Form):
    """What is wrong with a record as a whole."""

    what = forms.ChoiceField(
        label="What is wrong?",
        choices=[
            ("ended", "It ended, or should not be there"),
            ("key", "It has the wrong key"),
            ("duplicate", "It is there twice"),
        ],
        widget=forms.RadioSelect,
    )
    on = DateField(label="Day it ended", required=False)
    right_key = forms.CharField(label="Right key", required=False, max_length=255)
    other = forms.CharField(
        label="Key of the record that stays", required=False, max_length=255
    )

    NEEDS = {
        "ended": ("on", "Enter the day it ended"),
        "key": ("right_key", "Enter the right key"),
        "duplicate": ("other", "Enter the key of the record that stays"),
    }

    def clean(self) -> dict[str, Any]:
        """Ask for just what goes with the choice."""
        given = super().clean() or {}
        name, message = self.NEEDS.get(given.get("what", ""), ("", ""))
        for other, _ in self.NEEDS.values():
            if other != name:
                self.errors.pop(other, None)
        if name and not given.get(name) and name not in self.errors:
            self.add_error(name, message)
        return given


class BulkForm(Form):
    """One value for many records."""

    def __init__(self, *args: Any, schema: Schema, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields = [n for n in schema.fields if n != schema.register]
        choices = [("", "Choose a field"), *((n, label_of(n)) for n in fields)]
        self.fields["field"] = forms.ChoiceField(label="Field to set", choices=choices)
        self.fields["to"] = forms.CharField(
            label="New value",
            required=False,
            max_length=MAX_VALUE,
            help_text="Leave it empty to take the value out.",
        )
        self.fields["which"] = forms.ChoiceField(
            label="In which records?",
            choices=[
                ("where", "Current records with a value in common"),
                ("named", "Records that I name"),
                ("all", "Every current record"),
            ],
            widget=forms.RadioSelect,
        )
        self.fields["where"] = forms.ChoiceField(
            label="Field that they have in common", choices=choices, required=False
        )
        self.fields["has"] = forms.CharField(
            label="Its value now",
            required=False,
            max_length=MAX_VALUE,
            help_text="Empty means that they have none.",
        )
        self.fields["named"] = forms.CharField(
            label="Keys",
            required=False,
            max_length=100_000,
            widget=forms.Textarea,
            help_text="One on each line.",
        )

    def clean(self) -> dict[str, Any]:
        """Ask for just what goes with the choice."""
        given = super().clean() or {}
        which = given.get("which")
        if which == "where" and not given.get("where"):
            self.add_error("where", "Choose the field that they have in common")
        if which == "named" and not given.get("named", "").split():
            self.add_error("named", "Enter the keys")
        return given

    def asked(self) -> dict[str, Any]:
        """Return what mending.bulk is asked."""
        given, which = self.cleaned_data, self.cleaned_data["which"]
        return {
            "field": given["field"],
            "to": given["to"],
            "where": given["where"] if which == "where" else "",
            "has": given["has"] if which == "where" else "",
            "named": given["named"].split() if which == "named" else (),
        }


# ---------------------------------------------------------------- filters


IS = "is-"  # before the name of a field in an address


class RegistersForm(Form):
    """Which registers to list."""

    q = forms.CharField(label="Search", required=False, max_length=200)
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[("", "All"), ("kept", "Kept"), ("ended", "Ended")],
    )

    def __init__(
        self, *args: Any, owners: Sequence[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"] = forms.ChoiceField(
            label="Kept by", required=False, choices=[("", "Anyone"), *owners]
        )
        self.order_fields(["q", "owner", "state"])


class RecordsForm(Form):
    """Which records to list; nonsense in an address means no filter."""

    q = forms.CharField(
        label="Search", required=False, max_length=200, widget=SearchInput
    )
    which = forms.ChoiceField(
        label="Records",
        required=False,
        choices=[
            ("", "In force today"),
            ("on", "In force on another day"),
            ("all", "All, ended ones too"),
        ],
    )
    on = forms.CharField(
        label="Day", required=False, max_length=10, help_text="For example, 2019-03-31"
    )

    def __init__(
        self,
        *args: Any,
        choices: Mapping[str, list[tuple[str, str]]],
        today: date,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.choices = today, choices
        for name, values in choices.items():
            self.fields[IS + name] = forms.ChoiceField(
                label=label_of(name), required=False, choices=[("", "Any"), *values]
            )

    def asked(self) -> Asked:
        """Return what the list is asked for."""
        self.is_valid()
        given = self.cleaned_data
        values = {n: v for n in self.choices if (v := given.get(IS + n))}
        on = None if given.get("which") == "all" else self.today
        if given.get("which") == "on":
            on = datatypes.as_date(given.get("on", "")) or self.today
        return Asked(words=given.get("q", "").strip(), on=on, values=values)


class ChangesForm(Form):
    """Between which days."""

    begin = forms.CharField(
        label="From", required=False, max_length=10, help_text="For example, 2019-03-31"
    )
    end = forms.CharField(label="To", required=False, max_length=10)

    def days(self) -> tuple[date | None, date | None]:
        """Return the days; what is no day is none."""
        self.is_valid()
        texts = [self.cleaned_data.get(name, "") for name in ("begin", "end")]
        begin, end = (datatypes.as_date(text) if text else None for text in texts)
        return begin, end
