"""The exchange's forms."""

from __future__ import annotations

from django import forms

from staithe.exchange.judging import FEWEST, MOST, USUAL
from staithe.ui.forms import Form


class JoinForm(Form):
    """How to link; empty means that the columns are recognised."""

    specification = forms.CharField(
        label="Linkage specification",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text="YAML. Leave it empty to let the service recognise the columns.",
    )


class TokenForm(Form):
    """Ending a token."""

    recipient = forms.IntegerField(widget=forms.HiddenInput())


class JudgeForm(Form):
    """How many pairs two people are to judge."""

    size = forms.IntegerField(
        label="How many pairs?",
        initial=USUAL,
        min_value=FEWEST,
        max_value=MOST,
        help_text=f"From {FEWEST} to {MOST:,}. Where fewer can be judged, all are.",
    )
