"""The analysis room's forms."""

from __future__ import annotations

from django import forms

from staithe.analysis.asking import LONGEST_SQL
from staithe.analysis.models import Review
from staithe.ui.forms import Form


class AskForm(Form):
    """A question: SQL that gives a row for each person, and the table to make of it."""

    title = forms.CharField(
        label="Title", max_length=200, help_text="What the table will show."
    )
    sql = forms.CharField(
        label="SQL",
        max_length=LONGEST_SQL,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
        help_text="One SELECT that returns the column person and the columns of the "
        "table. Nobody sees its rows.",
    )
    rows = forms.CharField(
        label="Column that makes the rows",
        max_length=100,
        help_text="A column that your SELECT returns, for example region.",
    )
    columns = forms.CharField(
        label="Column that makes the columns",
        max_length=100,
        required=False,
    )
    measure = forms.ChoiceField(
        label="What does each cell show?",
        choices=[
            ("count", "How many people"),
            ("records", "How many records"),
            ("sum", "The sum of a column"),
        ],
        widget=forms.RadioSelect,
        initial="count",
    )
    summed = forms.CharField(
        label="Column to add up",
        max_length=100,
        required=False,
        help_text="Only where each cell shows a sum.",
    )

    def clean(self) -> dict[str, object]:
        """Ask for the column where a sum is wanted."""
        cleaned = super().clean() or {}
        if cleaned.get("measure") == "sum" and not cleaned.get("summed"):
            self.add_error("summed", "Enter the column to add up")
        return cleaned

    def table(self) -> dict[str, str | None]:
        """Return the table specification."""
        measure = self.cleaned_data["measure"]
        if measure == "sum":
            measure = f"sum:{self.cleaned_data['summed'].strip()}"
        return {
            "rows": self.cleaned_data["rows"].strip(),
            "columns": self.cleaned_data["columns"].strip() or None,
            "measure": measure,
        }


class LookForm(Form):
    """What a reviewer found in the questions that a project asked in vain."""

    comment = forms.CharField(
        label="What did you look at and find?",
        max_length=5000,
        widget=forms.Textarea,
        help_text="It is kept with your name.",
    )


class SubmitForm(Form):
    """What an output is, for its reviewers and its readers."""

    title = forms.CharField(label="Title", max_length=200)
    description = forms.CharField(
        label="Description",
        max_length=5000,
        widget=forms.Textarea,
        help_text="What it shows, of whom and when, and why it is safe. It is "
        "published with the table.",
    )


class ReviewForm(Form):
    """One reviewer's vote."""

    vote = forms.ChoiceField(
        label="Your decision", choices=Review.Vote.choices, widget=forms.RadioSelect
    )
    comment = forms.CharField(
        label="Reason",
        max_length=5000,
        widget=forms.Textarea,
        help_text="What you checked and found. The author reads it.",
    )
