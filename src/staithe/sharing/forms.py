"""The questions that the pages ask; each form is one page or one part of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from staithe.law.purposes import PURPOSES
from staithe.sharing.models import Agreement, Flow, Request
from staithe.sharing.policies import MOST_TEXT
from staithe.sharing.terms import OPERATORS
from staithe.ui.forms import DateField, Form


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from staithe.law.routes import Route
    from staithe.people.models import Organisation, Person
    from staithe.sharing.models import Project
    from staithe.sharing.queries import Column


NEW_PROJECT = "new"


def text_field(**options: Any) -> forms.CharField:
    """Return a field for some lines of text."""
    return forms.CharField(widget=forms.Textarea, max_length=MOST_TEXT, **options)


class ProjectChoiceForm(Form):
    """Which project the request belongs to."""

    project = forms.ChoiceField(
        label="Which project is this for?", widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, projects: Iterable[Project], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["project"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            *((project.reference, project.title) for project in projects),
            (NEW_PROJECT, "A new project"),
        ]


class PurposeForm(Form):
    """What the project is called, who asks, and what kind of purpose it has."""

    title = forms.CharField(
        label="Title of the project",
        max_length=200,
        help_text="For example: Work after further education",
    )
    organisation = forms.ChoiceField(
        label="Organisation that asks", widget=forms.RadioSelect
    )
    purpose_code = forms.ChoiceField(
        label="Kind of purpose",
        widget=forms.RadioSelect,
        choices=[(code, purpose.label) for code, purpose in PURPOSES.items()],
        help_text="It decides which legal routes are open. A project has one purpose.",
    )

    def __init__(
        self, *args: Any, organisations: Sequence[Organisation], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organisation"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(each.slug, each.name) for each in organisations]
        if len(organisations) == 1:
            field.initial = organisations[0].slug


class WhyForm(Form):
    """What the project will find out or do."""

    purpose = text_field(
        label="What will the project find out or do?",
        help_text="Say what the data is for, and what it will not be used for.",
    )


class BenefitForm(Form):
    """Who will be better off, and how that will be measured."""

    benefit = text_field(
        label="Who will be better off, and how?",
        help_text="Holders are credited with this benefit when it comes about.",
    )
    benefit_measure = text_field(
        label="How will you measure it?",
        required=False,
        help_text="For example: fewer repeat claims, by March 2028.",
    )


class AssetSearchForm(Form):
    """Words to find data by."""

    q = forms.CharField(label="Search for data", required=False, max_length=200)


class ColumnsForm(Form):
    """Which columns, and why each is needed."""

    columns = forms.MultipleChoiceField(
        label="Columns that you need to analyse",
        widget=forms.CheckboxSelectMultiple,
        help_text="Choose only what the purpose needs. Columns that can identify a "
        "person, or that name a row, are not offered here: each row comes with a "
        "pseudonym, and they would tell whose it is.",
    )
    link_columns = forms.MultipleChoiceField(
        label="Columns used only to link records",
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Only the linkage step sees these. Nobody in the project does. Tick "
        "only what it needs to find the same person in other data, and none if this "
        "data is to be used alone.",
    )
    justification = text_field(
        label="Why do you need these columns?",
        help_text="The holder reads this. Say what would not work without them.",
    )

    def __init__(self, *args: Any, offered: list[Column], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seen = self.fields["columns"]
        linked = self.fields["link_columns"]
        assert isinstance(seen, forms.MultipleChoiceField)
        assert isinstance(linked, forms.MultipleChoiceField)
        seen.choices = [(c.name, c.name) for c in offered if not c.identifies]
        first = sorted(offered, key=lambda column: not column.identifies)
        linked.choices = [
            (c.name, f"{c.name} (for matching only)" if c.identifies else c.name)
            for c in first
        ]


ALL_ROWS, SOME_ROWS = "all", "some"


class RowsForm(Form):
    """All rows, or those where one column compares with a value."""

    which = forms.ChoiceField(
        label="Which rows do you need?",
        widget=forms.RadioSelect,
        choices=[(ALL_ROWS, "All rows"), (SOME_ROWS, "Only some rows")],
    )
    column = forms.ChoiceField(
        label="Column", required=False, help_text="Only if you need some rows"
    )
    operator = forms.ChoiceField(
        label="Comparison",
        required=False,
        choices=[("", "Choose"), *OPERATORS.items()],
    )
    value = forms.CharField(
        label="Value",
        required=False,
        max_length=500,
        help_text="Separate several values with commas",
    )

    def __init__(self, *args: Any, offered: list[Column], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.numeric = {c.name for c in offered if _is_number(c.type)}
        field = self.fields["column"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Choose"), *((c.name, c.name) for c in offered)]

    def row_filter(self) -> dict[str, Any] | None:
        """Return the filter as the action takes it."""
        if self.cleaned_data["which"] == ALL_ROWS:
            return None
        column = self.cleaned_data["column"]
        operator = self.cleaned_data["operator"]
        text = self.cleaned_data["value"]
        values = [
            self._value(column, part.strip())
            for part in text.split(",")
            if part.strip()
        ]
        one = values[0] if values else ""
        value = values if operator == "in" else one
        if operator != "in" and len(values) > 1:
            value = text.strip()
        return {"column": column, "operator": operator, "value": value}

    def _value(self, column: str, text: str) -> str | int | float:
        """Read a number where the column holds numbers; text stays text."""
        if column not in self.numeric:
            return text
        try:
            return int(text) if text.lstrip("-").isdigit() else float(text)
        except ValueError:
            return text


def _is_number(type_name: str) -> bool:
    words = ("int", "float", "double", "decimal", "number", "numeric")
    return any(word in type_name.lower() for word in words)


class RouteForm(Form):
    """Which legal route, and why it fits."""

    route_id = forms.ChoiceField(label="Legal route", widget=forms.RadioSelect)
    reason = text_field(
        label="Why does this route fit?",
        help_text="Say how each side meets its conditions, or what is still missing.",
    )

    def __init__(self, *args: Any, routes: Sequence[Route], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["route_id"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (route.id, f"{route.title} ({route.citation})") for route in routes
        ]


class CostsForm(Form):
    """Who pays, and by when what happens."""

    who_pays = forms.ChoiceField(
        label="Who pays for preparing the data?",
        widget=forms.RadioSelect,
        choices=Request.Payer.choices,
    )
    preparation_cost = forms.IntegerField(
        label="Expected cost of preparation, in pounds",
        required=False,
        min_value=0,
        widget=forms.TextInput,
    )
    impact_if_refused = text_field(
        label="What happens to the project without this data?", required=False
    )
    needed_by = DateField(label="Date by which you need the data", required=False)
    retention_until = DateField(
        label="Date by which you destroy the data",
        error_messages={
            "required": "Enter the date by which you will destroy the data. The "
            "holders read it before they decide."
        },
    )


class MessageForm(Form):
    """A line to the other side."""

    text = text_field(label="Your message")
    about = forms.ChoiceField(label="About", required=False)

    def __init__(self, *args: Any, flows: Iterable[Flow], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["about"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            ("", "The whole request"),
            *((flow.reference, flow.asset.title) for flow in flows),
        ]


class AcceptForm(Form):
    """A deliberate yes to the terms that were read."""

    seen_sha256 = forms.CharField(widget=forms.HiddenInput)
    confirm = forms.BooleanField(
        label="I accept these terms for the organisation that receives the data",
        error_messages={"required": "Confirm that you accept these terms"},
    )


class ReasonForm(Form):
    """Why an agreement is revoked or handed back."""

    reason = text_field(label="Why?", help_text="The other side reads this.")


class MemberForm(Form):
    """Who joins a project."""

    person = forms.ChoiceField(label="Who joins the project?", widget=forms.RadioSelect)

    def __init__(self, *args: Any, people: Iterable[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["person"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(each.public_id, each.name) for each in people]


class RequestFilter(Form):
    """Narrows the list of requests."""

    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[("", "All"), *Request.State.choices],
    )


class QueueFilter(Form):
    """Narrows the queue of decisions."""

    step = forms.ChoiceField(
        label="Escalation",
        required=False,
        choices=[("", "All"), *Flow.Step.choices],
    )


class AgreementFilter(Form):
    """Narrows the list of agreements."""

    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[("", "All"), *Agreement.State.choices],
    )
