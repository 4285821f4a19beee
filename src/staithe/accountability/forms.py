"""Forms of this room: filters, and what came of a share."""

from __future__ import annotations

from typing import Any

from django import forms

from staithe.accountability.policies import (
    LONGEST_DESCRIPTION,
    LONGEST_LINK,
    LONGEST_MEASURE,
    LONGEST_TITLE,
    LONGEST_VALUE,
    MOST_POUNDS,
)
from staithe.sharing.models import Agreement
from staithe.ui.forms import DateField, Form


class ProgressFilter(Form):
    """Narrows progress to what one body was asked, in one period."""

    body = forms.ChoiceField(label="Body that holds the data", required=False)
    since = DateField(label="Sent on or after", required=False)
    until = DateField(label="Sent on or before", required=False)

    def __init__(
        self, *args: Any, bodies: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"] = forms.ChoiceField(
            label="Body that holds the data",
            required=False,
            choices=[("", "All"), *bodies],
        )


class TransparencyFilter(Form):
    """Narrows the public list to one body, or to what is in force."""

    body = forms.ChoiceField(label="Body", required=False)
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[
            ("", "All"),
            (Agreement.State.IN_FORCE, "In force"),
            (Agreement.State.ENDED, "Ended"),
            (Agreement.State.REVOKED, "Revoked"),
        ],
    )

    def __init__(
        self, *args: Any, bodies: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"] = forms.ChoiceField(
            label="Body", required=False, choices=[("", "All"), *bodies]
        )


class LedgerFilter(Form):
    """Narrows the events to those of a kind, about a thing, of a body."""

    name = forms.ChoiceField(label="What happened", required=False)
    subject = forms.CharField(
        label="About",
        required=False,
        max_length=255,
        help_text="For example REQ-7F3K2M9Q",
    )
    organisation = forms.ChoiceField(label="Body", required=False)

    def __init__(
        self,
        *args: Any,
        names: list[tuple[str, str]],
        bodies: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.ChoiceField(
            label="What happened", required=False, choices=[("", "All"), *names]
        )
        self.fields["organisation"] = forms.ChoiceField(
            label="Body", required=False, choices=[("", "All"), *bodies]
        )


class OutcomeForm(Form):
    """What came of a share, as anyone will read it."""

    title = forms.CharField(
        label="The result in one line",
        max_length=LONGEST_TITLE,
        help_text="For example: 140 support places moved to where need is greatest",
    )
    description = forms.CharField(
        label="What changed because the data was shared?",
        max_length=LONGEST_DESCRIPTION,
        widget=forms.Textarea,
        help_text="Anyone can read this. Do not name people.",
    )
    measure = forms.CharField(
        label="What was measured",
        required=False,
        max_length=LONGEST_MEASURE,
        help_text="For example: support places moved",
    )
    value = forms.CharField(
        label="The figure",
        required=False,
        max_length=LONGEST_VALUE,
        help_text="For example: 140, or £2.1 million",
    )
    evidence_link = forms.CharField(
        label="Where the evidence is",
        required=False,
        max_length=LONGEST_LINK,
        help_text="An address that starts with https://, or a path on this service "
        "such as /catalogue/jobs-by-region",
    )
    preparation_cost = forms.IntegerField(
        label="What preparing the data cost",
        required=False,
        min_value=0,
        max_value=MOST_POUNDS,
        help_text="In whole pounds, all bodies together",
    )
