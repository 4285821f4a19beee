"""The bridge from Django forms to the GOV.UK form components.

A form says what it asks (label, help text, choices, limits); this module turns a
bound field into the name of a component and its parameters, so that templates write
`{{ ui.field(form["title"]) }}` and nothing else. Messages stand at the field and in
the summary in the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.forms.utils import pretty_name

from staithe.base.errors import UserError


LABEL = "govuk-label--"
LEGEND = "govuk-fieldset__legend--"


class DateParts(forms.MultiWidget):
    """Three inputs: day, month, year, named `due-day`, `due-month`, `due-year`."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        parts = {part: forms.TextInput() for part in ("-day", "-month", "-year")}
        super().__init__({p.strip("-"): w for p, w in parts.items()}, attrs)
        self.widgets_names = list(parts)

    def decompress(self, value: date | None) -> list[Any]:
        """Split a date into the three inputs."""
        return [value.day, value.month, value.year] if value else [None, None, None]


class DateField(forms.MultiValueField):
    """A date asked for as day, month and year; cleans to `datetime.date`."""

    widget = DateParts

    def __init__(self, **kwargs: Any) -> None:
        parts = [forms.CharField(required=False) for _ in range(3)]
        super().__init__(fields=parts, require_all_fields=False, **kwargs)

    def clean(self, value: Any) -> Any:
        """Return the date, None where nothing was asked for, or one clear sentence."""
        parts = [str(part or "").strip() for part in (value or [None] * 3)]
        name = str(self.label or "the date")
        if not any(parts):
            if self.required:
                raise ValidationError(required_message(self), code="required")
            return None
        missing = [
            n for n, p in zip(("day", "month", "year"), parts, strict=True) if not p
        ]
        if missing:
            words = " and ".join(missing)
            raise ValidationError(f"{name} must include a {words}", code="incomplete")
        return real_date(parts, name)


def real_date(parts: list[str], name: str) -> date:
    """Return the date that three texts name, or refuse it in one sentence."""
    try:
        day, month, year = (int(part) for part in parts)
        if year < 1000:  # noqa: PLR2004  27 would be read as the year 27
            raise ValidationError(
                f"{name} must have a year of 4 numbers, like 2026", code="year"
            )
        return date(year, month, day)
    except ValueError as error:
        raise ValidationError(f"{name} must be a real date", code="invalid") from error


def lower_first(text: str) -> str:
    """Lower the first letter unless the word is an acronym: for use mid-sentence."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


class Form(forms.Form):
    """A form whose messages say what to do: `Enter the title`, `Select a reason`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._word()

    def full_clean(self) -> None:
        """Judge what was sent; fields that a form added itself have words by then."""
        self._word()
        super().full_clean()

    def _word(self) -> None:
        for name, field in self.fields.items():
            field.label = field.label or pretty_name(name)
            if (
                field.error_messages.get("required")
                == forms.Field.default_error_messages["required"]
            ):
                field.error_messages["required"] = required_message(field)

    def refuse(self, error: UserError) -> None:
        """Show the refusal of an action beside its field, or at the top."""
        field = error.field if error.field in self.fields else None
        self.add_error(field, error.message)


CHOICES = (forms.RadioSelect, forms.Select, forms.CheckboxSelectMultiple)
DETERMINERS = ("a ", "an ", "any ", "how ", "the ", "what ", "which ", "who ", "your ")


def required_message(field: forms.Field) -> str:
    """Say what to do about an empty field; its label is a noun or a question."""
    label = str(field.label or "answer")
    if isinstance(field.widget, forms.FileInput):
        return "Choose a file"
    if isinstance(field.widget, forms.CheckboxInput):
        return f"Tick “{label}” to continue"
    if label.endswith("?"):
        return f"Answer the question “{label}”"
    verb = "Select" if isinstance(field.widget, CHOICES) else "Enter"
    name = lower_first(label)
    return f"{verb} {name if name.startswith(DETERMINERS) else 'the ' + name}"


@dataclass(frozen=True)
class Look:
    """How one page wants one field to look; see ui.field for each option."""

    heading: bool = False
    size: str = ""
    hint: str = ""
    width: int | str = ""
    rows: int = 5
    limit: int | None = None
    prefix: str = ""
    suffix: str = ""
    inline: bool = False
    small: bool = False
    hints: Mapping[str, str] | None = None
    # A heading that stands above a choice, where a group of choices begins.
    groups: Mapping[str, str] | None = None
    reveal: Mapping[str, str] | None = None
    autocomplete: str = ""
    spellcheck: bool | None = None
    plain: bool = False


def bridge(bound: BoundField, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the component that draws a field and its parameters."""
    look = Look(**options)
    widget = bound.field.widget
    for kinds, draw in DRAWINGS:
        if isinstance(widget, kinds):
            return draw(bound, look)
    raise TypeError(f"no component draws {type(widget).__name__}")


def errors_of(form: forms.BaseForm) -> list[dict[str, str]]:
    """Return every message of a form with a link to the input it is about."""
    found = [{"text": str(text)} for text in form.non_field_errors()]
    for bound in form:
        found += [
            {"text": str(text), "href": "#" + first_id(bound)} for text in bound.errors
        ]
    return found


def first_id(bound: BoundField) -> str:
    """Return the id of the first input of a field."""
    is_date = isinstance(bound.field.widget, DateParts)
    return field_id(bound) + ("-day" if is_date else "")


def field_id(bound: BoundField) -> str:
    """Return the id that a field's component is built on."""
    return bound.auto_id or f"id_{bound.html_name}"


def _common(bound: BoundField, look: Look) -> dict[str, Any]:
    """Parameters that every component takes."""
    identity = field_id(bound)
    params: dict[str, Any] = {"id": identity, "idPrefix": identity}
    params["name"] = bound.html_name
    hint = look.hint or bound.help_text
    if hint:
        params["hint"] = {"text": hint}
    if bound.errors:
        params["errorMessage"] = {"text": str(bound.errors[0])}
    return params


def _label(bound: BoundField, look: Look, style: str) -> dict[str, Any]:
    """Return the label or legend; labels of optional fields say so."""
    text = str(bound.label)
    if not (bound.field.required or look.plain or "optional" in text):
        text += " (optional)"
    size = look.size or ("l" if look.heading else "")
    return {
        "text": text,
        "classes": style + size if size else "",
        "isPageHeading": look.heading,
    }


def _labelled(bound: BoundField, look: Look) -> dict[str, Any]:
    return _common(bound, look) | {"label": _label(bound, look, LABEL)}


def _grouped(bound: BoundField, look: Look) -> dict[str, Any]:
    legend = _label(bound, look, LEGEND)
    return _common(bound, look) | {"fieldset": {"legend": legend}}


INPUT_TYPES: dict[str, dict[str, Any]] = {
    "number": {"inputmode": "numeric"},
    "email": {"type": "email", "autocomplete": "email", "spellcheck": False},
    "url": {"type": "url", "spellcheck": False},
    "search": {"type": "search"},
    "tel": {"type": "tel"},
}


def _input(bound: BoundField, look: Look) -> tuple[str, dict[str, Any]]:
    params = _labelled(bound, look)
    kind = getattr(bound.field.widget, "input_type", "text")
    params |= INPUT_TYPES.get(kind, {})
    value = bound.value()
    params["value"] = "" if value is None else str(value)
    attrs = bound.field.widget.attrs
    data = {name: text for name, text in attrs.items() if name.startswith("data-")}
    if data:
        params["attributes"] = data
    if look.width:
        params["classes"] = _width(look.width)
    for side in ("prefix", "suffix"):
        if getattr(look, side):
            params[side] = {"text": getattr(look, side)}
    if look.autocomplete:
        params["autocomplete"] = look.autocomplete
    if look.spellcheck is not None:
        params["spellcheck"] = look.spellcheck
    return "input", params


def _width(width: int | str) -> str:
    """Return the class of a width in characters (2 to 30) or a fraction of the page."""
    fixed = isinstance(width, int) or width.isdigit()
    return f"govuk-input--width-{width}" if fixed else f"govuk-!-width-{width}"


def _password(bound: BoundField, look: Look) -> tuple[str, dict[str, Any]]:
    params = _labelled(bound, look)
    params["autocomplete"] = look.autocomplete or "current-password"
    return "password_input", params


def _textarea(bound: BoundField, look: Look) -> tuple[str, dict[str, Any]]:
    params = _labelled(bound, look)
    params |= {"value": str(bound.value() or ""), "rows": look.rows}
    limit = look.limit or getattr(bound.field, "max_length", None)
    if not limit:
        return "textarea", params
    return "character_count", params | {"maxlength": limit}


def _file(bound: BoundField, look: Look) -> tuple[str, dict[str, Any]]:
    params = _labelled(bound, look)
    accept = bound.field.widget.attrs.get("accept")
    if accept:
        params["attributes"] = {"accept": accept}
    return "file_upload", params


def _choices(bound: BoundField) -> Iterable[tuple[str, str]]:
    """Flatten the choices of a field to value and words."""
    for value, words in bound.field.choices:  # type: ignore[attr-defined]  # choice fields only
        if isinstance(words, list | tuple):
            yield from ((str(v), str(w)) for v, w in words)
        else:
            yield str(value), str(words)


def _chosen(bound: BoundField) -> set[str]:
    """Return the chosen values as the texts that choices are compared by."""
    value = bound.value()
    if value is None:
        return set()
    many = value if isinstance(value, list | tuple | set) else [value]
    return {str(getattr(one, "value", getattr(one, "pk", one))) for one in many}


def _select(bound: BoundField, look: Look) -> tuple[str, dict[str, Any]]:
    chosen = _chosen(bound)
    items = [
        {"value": value, "text": words, "selected": value in chosen}
        for value, words in _choices(bound)
    ]
    return "select", _labelled(bound, look) | {"items": items}


def _boxes(bound: BoundField, look: Look, component: str) -> dict[str, Any]:
    chosen = _chosen(bound)
    items: list[dict[str, Any]] = []
    for value, words in _choices(bound):
        if value == "" and component == "radios":
            continue
        if look.groups and look.groups.get(value):
            items.append({"divider": look.groups[value]})
        item: dict[str, Any] = {"value": value, "text": words}
        item["checked"] = value in chosen
        if look.hints and look.hints.get(value):
            item["hint"] = {"text": look.hints[value]}
        if look.reveal and look.reveal.get(value):
            item["conditional"] = {"html": look.reveal[value]}
        items.append(item)
    classes = f"govuk-{component}--small " if look.small else ""
    classes += f"govuk-{component}--inline" if look.inline else ""
    return _grouped(bound, look) | {"items": items, "classes": classes.strip()}


def _radios(bound: BoundField, look: Look) -> tuple[str, dict[str, Any]]:
    return "radios", _boxes(bound, look, "radios")


def _checkboxes(bound: BoundField, look: Look) -> tuple[str, dict[str, Any]]:
    return "checkboxes", _boxes(bound, look, "checkboxes")


def _tick(bound: BoundField, look: Look) -> tuple[str, dict[str, Any]]:
    """One box alone carries its own words and needs no legend."""
    params = _common(bound, look)
    item: dict[str, Any] = {"value": "on", "text": str(bound.label)}
    item["checked"] = bool(bound.value())
    if "hint" in params:
        item["hint"] = params.pop("hint")
    classes = "govuk-checkboxes--small" if look.small else ""
    return "checkboxes", params | {"items": [item], "classes": classes}


def _date(bound: BoundField, look: Look) -> tuple[str, dict[str, Any]]:
    value = bound.value()
    parts = value if isinstance(value, list) else DateParts().decompress(value)
    wrong = " govuk-input--error" if bound.errors else ""
    items = [
        {
            "name": part,
            "value": "" if given is None else str(given),
            "classes": f"govuk-input--width-{width}{wrong}",
        }
        for part, width, given in zip(
            ("day", "month", "year"), (2, 2, 4), parts, strict=True
        )
    ]
    params = _grouped(bound, look)
    return "date_input", params | {"namePrefix": bound.html_name, "items": items}


def _hidden(bound: BoundField, look: Look) -> tuple[str, dict[str, Any]]:  # noqa: ARG001  one shape for all
    value = bound.value()
    return "hidden", {"name": bound.html_name, "value": "" if value is None else value}


# First match wins: subclasses stand before their parents.
Draw = Callable[[BoundField, Look], tuple[str, dict[str, Any]]]
DRAWINGS: tuple[tuple[type[forms.Widget], Draw], ...] = (
    (forms.HiddenInput, _hidden),
    (DateParts, _date),
    (forms.CheckboxSelectMultiple, _checkboxes),
    (forms.RadioSelect, _radios),
    (forms.SelectMultiple, _checkboxes),
    (forms.Select, _select),
    (forms.CheckboxInput, _tick),
    (forms.Textarea, _textarea),
    (forms.PasswordInput, _password),
    (forms.FileInput, _file),
    (forms.widgets.Input, _input),
)
