"""A Django form becomes GOV.UK components with the same words at field and summary."""

from __future__ import annotations

from datetime import date

import pytest
from django import forms
from django.template import engines
from django.utils.html import escape
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.ui.forms import DateField, Form, errors_of
from staithe.ui.gallery import REFUSED, SampleForm


HOSTILE = '"><script>alert(1)</script>&amp;\n'


class DayForm(Form):
    until = DateField(label="End date")


def render(source, **context):
    return engines["jinja2"].from_string(source).render(context)


def day(day="", month="", year=""):
    return DayForm({"until-day": day, "until-month": month, "until-year": year})


@given(st.dates(min_value=date(1000, 1, 1)))
def test_three_inputs_make_the_date(value):
    form = day(str(value.day), str(value.month), str(value.year))
    assert form.is_valid()
    assert form.cleaned_data == {"until": value}


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (("", "", ""), "Enter the end date"),
        (("31", "", "2027"), "End date must include a month"),
        (("", "", "2027"), "End date must include a day and month"),
        (("31", "2", "2027"), "End date must be a real date"),
        (("x", "2", "2027"), "End date must be a real date"),
        (("1", "2", "27"), "End date must have a year of 4 numbers, like 2026"),
        (("1", "2", "99999"), "End date must be a real date"),
    ],
)
def test_bad_date_gets_one_sentence_and_keeps_what_was_typed(parts, words):
    form = day(*parts)
    assert form.errors == {"until": [words]}
    shown = render('{{ ui.field(form["until"]) }}', form=form)
    assert f'value="{parts[2]}"' in shown or not parts[2]


def test_every_refusal_stands_at_its_field_and_in_the_summary_in_the_same_words():
    form = SampleForm(REFUSED)
    page = render("{{ ui.error_summary(form) }}{{ ui.fields(form) }}", form=form)
    listed = errors_of(form)
    assert len(listed) > 5
    for one in listed:
        assert page.count(escape(one["text"])) == 2
        assert f'id="{one["href"][1:]}"' in page


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("email", "Enter the email address"),
        ("why", "Answer the question “Why do you need this data?”"),
        ("holder", "Select the holder"),
        ("columns", "Select the columns"),
        ("file", "Choose a file"),
        ("sure", "Tick “I have read the conditions” to continue"),
    ],
)
def test_empty_field_says_what_to_do(name, words):
    assert SampleForm(REFUSED).errors[name] == [words]


def test_message_that_a_field_sets_itself_is_kept():
    class OwnForm(Form):
        title = forms.CharField(error_messages={"required": "Name the project"})

    assert OwnForm({}).errors == {"title": ["Name the project"]}


@pytest.mark.parametrize("name", ["title", "why", "note"])
def test_hostile_text_is_shown_as_text(name):
    form = SampleForm({name: HOSTILE})
    page = render("{{ ui.fields(form) }}", form=form)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_text_of_many_lines_keeps_its_lines_as_typed():
    form = SampleForm({"why": "a\n    b\n\nc"})
    assert ">a\n    b\n\nc</textarea>" in render(
        '{{ ui.field(form["why"]) }}', form=form
    )


def test_chosen_values_stay_chosen():
    form = SampleForm({"outcome": "part", "columns": ["area", "tenure"], "sure": "on"})
    page = render("{{ ui.fields(form) }}", form=form)
    for value in ("part", "area", "tenure", "on"):
        before = page[: page.index(" checked")]
        assert f'value="{value}"' in before
        page = page[len(before) + len(" checked") :]
    assert " checked" not in page


def test_refusal_of_an_action_stands_at_its_field_or_at_the_top():
    form = SampleForm({"title": "x"})
    form.refuse(BadInput("There is a project of this title.", field="title"))
    form.refuse(BadInput("The holder is closed."))
    assert {"text": "The holder is closed."} in errors_of(form)
    at_field = {"text": "There is a project of this title.", "href": "#id_title"}
    assert at_field in errors_of(form)


def test_field_without_a_component_is_a_bug():
    class OddForm(Form):
        odd = forms.CharField(widget=forms.Widget)

    with pytest.raises(TypeError, match="no component draws Widget"):
        render('{{ ui.field(form["odd"]) }}', form=OddForm())


def test_option_that_does_not_exist_is_a_bug():
    with pytest.raises(TypeError, match="colour"):
        render('{{ ui.field(form["title"], colour="red") }}', form=SampleForm())


def test_optional_date_may_be_left_empty_and_says_it_is_optional():
    class MaybeForm(Form):
        until = DateField(label="End date", required=False)

    form = MaybeForm({"until-day": "", "until-month": "", "until-year": ""})
    assert form.is_valid()
    assert form.cleaned_data == {"until": None}
    assert "End date (optional)" in render('{{ ui.field(form["until"]) }}', form=form)


def test_options_of_a_field_reach_its_component():
    form = SampleForm({})
    source = (
        '{{ ui.field(form["title"], width="two-thirds", suffix="kg", '
        'autocomplete="name", spellcheck=false, heading=true) }}'
        '{{ ui.field(form["outcome"], inline=true, reveal={"part": "which"}) }}'
    )
    page = render(source, form=form)
    for words in (
        "govuk-!-width-two-thirds",
        ">kg</div>",
        'autocomplete="name"',
        'spellcheck="false"',
        '<h1 class="govuk-label-wrapper">',
        "govuk-radios--inline",
        "which",
    ):
        assert words in page, words


def test_choices_in_groups_are_offered_one_by_one():
    class GroupForm(Form):
        kind = forms.ChoiceField(choices=[("Open", [("a", "Alpha")]), ("b", "Beta")])

    page = render('{{ ui.field(form["kind"]) }}', form=GroupForm({"kind": "a"}))
    assert '<option value="a" selected>Alpha</option>' in page
    assert '<option value="b">Beta</option>' in page


class LimitsForm(Form):
    days = forms.IntegerField(label="Days", min_value=1, max_value=1365)
    name = forms.CharField(label="Your name", max_length=5)
    why = DateField(label="End", error_messages={"required": "Say when it ends."})


def test_what_is_too_much_is_said_in_plain_words():
    form = LimitsForm({"days": "2000", "name": "Longer"})
    assert form.errors["days"] == ["Days must be 1,365 or less"]
    assert form.errors["name"] == ["Your name must be 5 characters or fewer"]
    assert form.errors["why"] == ["Say when it ends."]
    assert LimitsForm({"days": "0"}).errors["days"] == ["Days must be 1 or more"]
