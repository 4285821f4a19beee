"""The exchange's forms."""

from __future__ import annotations

from django import forms

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
