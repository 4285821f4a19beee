"""What the style guide shows: every component with plausible contents.

The browser tests check this one page with axe, with the keyboard, without
JavaScript and at 320 pixels, so a component that breaks is seen before a page
that uses it. Nothing here is read from the service.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django import forms as django_forms

from staithe.ui.charts import Chart, series_of
from staithe.ui.forms import DateField, Form
from staithe.ui.paging import Query, paginate, read_sort


BODIES = (
    "Northshire Council",
    "Tax and Customs Board",
    "Health Records Service",
    "Housing Agency",
    "Transport Office",
    "Office for Evidence",
)


class SampleForm(Form):
    """One field of each kind."""

    title = django_forms.CharField(
        label="Title",
        max_length=80,
        help_text="For example, rough sleeping and hospital visits",
    )
    amount = django_forms.IntegerField(label="Cost of preparation", required=False)
    email = django_forms.EmailField(label="Email address")
    password = django_forms.CharField(
        label="Password", widget=django_forms.PasswordInput
    )
    why = django_forms.CharField(
        label="Why do you need this data?", max_length=500, widget=django_forms.Textarea
    )
    note = django_forms.CharField(
        label="Note", required=False, widget=django_forms.Textarea
    )
    holder = django_forms.ChoiceField(
        label="Holder", choices=[("", "Choose a holder"), *((b, b) for b in BODIES)]
    )
    outcome = django_forms.ChoiceField(
        label="What is your decision?",
        choices=[
            ("agree", "Agree"),
            ("part", "Agree to fewer columns"),
            ("refuse", "Refuse"),
        ],
        widget=django_forms.RadioSelect,
    )
    columns = django_forms.MultipleChoiceField(
        label="Columns",
        choices=[
            ("born", "Year of birth"),
            ("area", "Area code"),
            ("tenure", "Tenure"),
        ],
        widget=django_forms.CheckboxSelectMultiple,
    )
    until = DateField(
        label="End date", help_text="For example, 31 3 2027", initial=date(2027, 3, 31)
    )
    file = django_forms.FileField(
        label="File",
        widget=django_forms.FileInput(attrs={"accept": ".csv,.xlsx,.parquet"}),
    )
    sure = django_forms.BooleanField(label="I have read the conditions")
    token = django_forms.CharField(
        widget=django_forms.HiddenInput, initial="x", required=False
    )


class FilterForm(Form):
    """The filters of the sample list."""

    words = django_forms.CharField(label="Search", required=False)
    state = django_forms.MultipleChoiceField(
        label="State",
        required=False,
        choices=[("open", "Open"), ("agreed", "Agreed"), ("refused", "Refused")],
        widget=django_forms.CheckboxSelectMultiple,
    )


def requests() -> list[dict[str, Any]]:
    """Return invented requests, enough for three pages."""
    states = ("waiting", "agreed", "refused", "escalated", "agreed_in_part")
    return [
        {
            "reference": f"REQ-7F3K2M{n:02d}",
            "holder": BODIES[n % len(BODIES)],
            "state": states[n % len(states)],
            "days": (n * 7) % 31,
            "rows": 1200 * (n + 1),
        }
        for n in range(60)
    ]


def sample_charts() -> dict[str, Chart]:
    """Return one chart of each kind."""
    months = ("Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    days = {"Days to decide": (4.0, 11.5, 22.0, None, 8.0, 3.0)}
    parts = {
        "Agreed": (8, 5, 3, 7, 2, 4),
        "In part": (1, 2, 2, 0, 1, 0),
        "Refused": (0, 1, 4, 1, 0, 1),
    }
    trend = {"Asked": (12, 15, 9, 21, 18, 24), "Decided": (10, 12, 11, None, 17, 22)}
    each = {
        body: tuple((i * 3 + n * 5) % 20 + 1 for i in range(6))
        for n, body in enumerate(BODIES)
    }
    return {
        "bar": Chart(
            "bar",
            "The Health Records Service takes longest to decide",
            "Median working days from request to decision, by holder, July to December 2026",
            "Decisions took between 3 and 22 working days. The Housing Agency has decided nothing yet.",
            "Holder",
            BODIES,
            series_of(days),
            "?format=csv",
        ),
        "stacked": Chart(
            "stacked",
            "Most requests are agreed",
            "Decisions by outcome and holder, July to December 2026",
            "29 of 42 decisions agreed to all that was asked.",
            "Holder",
            BODIES,
            series_of(parts),
        ),
        "line": Chart(
            "line",
            "Decisions keep pace with requests",
            "Requests made and decided each month, 2026",
            "Requests rose from 12 to 24 a month. October's decisions are not known.",
            "Month",
            months,
            series_of(trend),
        ),
        "multiples": Chart(
            "multiples",
            "No holder has a growing queue",
            "Open requests at the end of each month, by holder, 2026",
            "Every queue stayed at or under 20.",
            "Month",
            months,
            series_of(each),
        ),
    }


def timeline() -> list[dict[str, Any]]:
    """Return a history as a request page shows it."""
    return [
        {
            "title": "Decision recorded: agreed to fewer columns",
            "at": datetime(2026, 11, 20, 9, 5, tzinfo=UTC),
            "by": "Priya Nair, Northshire Council",
            "body": "Date of birth is not needed; year of birth answers the question.",
        },
        {
            "title": "Request sent",
            "at": datetime(2026, 11, 6, 12, 0, tzinfo=UTC),
            "by": "Sam Okafor, Office for Evidence",
            "href": "#main-content",
        },
        {"title": "Project started", "at": datetime(2026, 11, 2, 16, 40, tzinfo=UTC)},
    ]


# Enough to be refused: text a spreadsheet would run, a day that does not exist.
REFUSED = {
    "title": "=1+1",
    "until-day": "31",
    "until-month": "2",
    "until-year": "2027",
}


def gallery(data: Any, query: Query) -> dict[str, Any]:
    """Return the context of the style guide."""
    sort = read_sort(query, keys=("holder", "days", "rows"), default="-days")
    rows = sorted(requests(), key=lambda r: r[sort.key], reverse=sort.descending)
    chosen = FilterForm({"words": query.get("words"), "state": ["agreed"]})
    return {
        "form": SampleForm(data or (REFUSED if query.get("refused") else None)),
        "filter_form": chosen,
        "short_form": FilterForm(auto_id="short_%s"),
        "page": paginate(rows, query=query, size=10),
        "sort": sort,
        "timeline": timeline(),
        "charts": sample_charts(),
        "statuses": (
            "draft",
            "waiting",
            "under_review",
            "escalated",
            "overdue",
            "agreed",
            "agreed_in_part",
            "refused",
            "revoked",
            "expired",
        ),
    }
