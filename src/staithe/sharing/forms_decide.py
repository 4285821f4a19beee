"""The questions that a decision asks: what, and what goes with the answer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms

from staithe.sharing.advice import open_verdict
from staithe.sharing.forms import text_field
from staithe.sharing.models import Decision, Flow
from staithe.sharing.output_rules import DEFAULT_RULES, LEAST_THRESHOLD
from staithe.sharing.reasons import REFUSAL_REASONS
from staithe.ui.forms import DateField, Form


if TYPE_CHECKING:
    from datetime import date


class OutcomeForm(Form):
    """Whether the holder agrees; yes is the default."""

    outcome = forms.ChoiceField(
        label="What is your decision?",
        widget=forms.RadioSelect,
        choices=Decision.Outcome.choices,
        initial=Decision.Outcome.AGREE,
    )


class AgreeForm(Form):
    """What a yes brings with it: an end, conditions, how results are protected."""

    reason = text_field(label="Anything to say to the requester?", required=False)
    conditions = text_field(
        label="Conditions",
        required=False,
        help_text="They become part of the agreement.",
    )
    ends_on = DateField(label="Last day of the agreement")
    threshold = forms.IntegerField(
        label="Smallest number of people in a published cell",
        min_value=LEAST_THRESHOLD,
        max_value=1000,
        widget=forms.TextInput,
        initial=DEFAULT_RULES.threshold,
    )

    @classmethod
    def for_flow(cls, data: Any, flow: Flow, *, today: date) -> AgreeForm:
        """Return the form for a flow: a year from today unless sooner was asked.

        Who agrees where the library has open questions, or no route, says why.
        """
        form = cls(data, initial={"ends_on": _default_end(flow, today)})
        said = open_verdict(flow, on=today)
        if said:
            form.fields["reason"].required = True
            form.fields["reason"].label = "Why do you agree?"
            form.fields["reason"].help_text = (
                f"The law library says of this request: {said}. Say what settles it "
                "for you; the requester reads it, and it is kept with the decision."
            )
        return form

    def answer(self) -> dict[str, Any]:
        """Return what decide_and_offer takes."""
        return {
            "outcome": Decision.Outcome.AGREE,
            "reason": self.cleaned_data["reason"],
            "conditions": self.cleaned_data["conditions"],
            "ends_on": self.cleaned_data["ends_on"],
            "output_policy": {"threshold": self.cleaned_data["threshold"]},
        }


class PartForm(AgreeForm):
    """A yes with fewer columns, and why."""

    columns = forms.MultipleChoiceField(
        label="Columns that you share", widget=forms.CheckboxSelectMultiple
    )
    link_columns = forms.MultipleChoiceField(
        label="Columns that you share only to link records",
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    reason = text_field(label="Why do you share fewer columns?")
    field_order = ("columns", "link_columns", "reason", "conditions", "ends_on")

    @classmethod
    def for_flow(cls, data: Any, flow: Flow, *, today: date) -> PartForm:
        """Return the form for a flow, with every column asked for ticked."""
        form = cls(data, initial={"ends_on": _default_end(flow, today)})
        for name, asked in (
            ("columns", flow.columns),
            ("link_columns", flow.link_columns),
        ):
            field = form.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = [(each, each) for each in asked]
            field.initial = list(asked)
        return form

    def answer(self) -> dict[str, Any]:
        """Return what decide_and_offer takes."""
        return super().answer() | {
            "outcome": Decision.Outcome.AGREE_IN_PART,
            "columns": self.cleaned_data["columns"],
            "link_columns": self.cleaned_data["link_columns"],
        }


class RefuseForm(Form):
    """A no: coded, explained, and looked at again on a date."""

    reason_code = forms.ChoiceField(
        label="Why do you refuse?",
        widget=forms.RadioSelect,
        choices=[(code, reason.label) for code, reason in REFUSAL_REASONS.items()],
    )
    reason = text_field(
        label="Explain your reason",
        help_text="The requester reads this. Say what would change your answer.",
    )
    review_on = DateField(
        label="Date on which you look at this again",
        help_text="A refusal is never for ever.",
    )

    @classmethod
    def for_flow(cls, data: Any, flow: Flow, *, today: date) -> RefuseForm:  # noqa: ARG003  one shape for the three answers
        """Return the form; nothing is filled in, so a no is never by accident."""
        return cls(data)

    def answer(self) -> dict[str, Any]:
        """Return what decide_flow takes."""
        return {
            "outcome": Decision.Outcome.REFUSE,
            "reason_code": self.cleaned_data["reason_code"],
            "reason": self.cleaned_data["reason"],
            "review_on": self.cleaned_data["review_on"],
        }


class OfferForm(Form):
    """Terms for a flow that was agreed without them."""

    ends_on = DateField(label="Last day of the agreement")


def _default_end(flow: Flow, today: date) -> date:
    year = today + timedelta(days=365)
    asked = flow.request.retention_until
    return min(year, asked) if asked and asked > today else year
