"""What the pages of this room ask."""

from __future__ import annotations

from typing import Any

from django import forms

from staithe.people.actions import MAX_TOKEN_DAYS, TOKEN_DAYS
from staithe.people.models import ROLE_CHOICES, OrganisationKind
from staithe.ui.forms import Form


def _new_password() -> forms.CharField:
    return forms.CharField(
        label="New password",
        strip=False,
        widget=forms.PasswordInput,
        help_text="At least 12 characters. Three words that only you would put "
        "together are a good choice.",
    )


class SignInForm(Form):
    """Who is signing in."""

    email = forms.EmailField(label="Email address")
    password = forms.CharField(
        label="Password", strip=False, widget=forms.PasswordInput
    )
    next = forms.CharField(required=False, widget=forms.HiddenInput)


class AcceptForm(Form):
    """What an invited person adds to their invitation."""

    name = forms.CharField(label="Your name", max_length=200)
    password = _new_password()


class PasswordForm(Form):
    """A change of password by its owner."""

    current = forms.CharField(
        label="Current password", strip=False, widget=forms.PasswordInput
    )
    password = _new_password()
    end_tokens = forms.BooleanField(
        label="End my API tokens too",
        required=False,
        initial=True,
        help_text="They go on working otherwise. Leave this ticked if someone else may "
        "know your password.",
    )

    def __init__(self, *args: Any, tokens: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not tokens:
            del self.fields["end_tokens"]


class InviteForm(Form):
    """Whom to invite and for what."""

    name = forms.CharField(label="Name", max_length=200)
    email = forms.EmailField(label="Email address")
    role = forms.ChoiceField(
        label="What will they do here?", choices=ROLE_CHOICES, widget=forms.RadioSelect
    )


class OrganisationForm(Form):
    """An organisation that joins the service."""

    name = forms.CharField(label="Name of the organisation", max_length=200)
    kind = forms.ChoiceField(
        label="What kind of organisation is it?",
        choices=OrganisationKind.choices,
        widget=forms.RadioSelect,
    )
    description = forms.CharField(
        label="What it does", required=False, max_length=1000, widget=forms.Textarea
    )
    contact_email = forms.EmailField(label="Contact email address", required=False)


class TokenForm(Form):
    """A token for one program."""

    name = forms.CharField(
        label="What is the token for?",
        max_length=100,
        help_text="For example, “laptop” or “nightly report”.",
    )
    days = forms.IntegerField(
        label="Days until it expires",
        min_value=1,
        max_value=MAX_TOKEN_DAYS,
        initial=TOKEN_DAYS,
    )
