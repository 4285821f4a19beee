"""The forms of clerical review."""

from __future__ import annotations

from django import forms

from staithe.linkage.models import ReviewedPair
from staithe.ui.forms import Form


class AnswerForm(Form):
    """What a reviewer says of a pair."""

    answer = forms.ChoiceField(
        label="Are these records of the same person?",
        choices=ReviewedPair.Answer.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Select an answer, or skip this pair for now"},
    )


class SettleForm(Form):
    """What holds of a pair on which the two reviewers differ."""

    answer = forms.ChoiceField(
        label="What holds, after another look or talking it over?",
        choices=ReviewedPair.Answer.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Select an answer"},
    )


class CloseForm(Form):
    """Whether the next join may learn from the answers."""

    improve = forms.BooleanField(
        label="Let the next join of these two tables learn from the answers",
        required=False,
        help_text="How often matches agree on each field is then counted from the pairs "
        "you called a match. The report of that join says so.",
    )
