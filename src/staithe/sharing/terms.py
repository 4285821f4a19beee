"""The terms of one agreement: typed, hashed, and compiled to what doors enforce.

Both sides accept the SHA-256 of the canonical JSON (RFC 8785) of these terms, so
what was agreed, what is shown in plain English and what is enforced are one thing.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from types import MappingProxyType
from typing import Any

import rfc8785

from staithe.base.errors import BadInput, Damaged
from staithe.sharing.output_rules import OutputRules, rules_from_plain


SCHEMA = "staithe-terms/1"

# Whether anything may go further than the people named.
ONWARD: Mapping[str, str] = MappingProxyType(
    {
        "none": "Nothing may leave the project, not even results.",
        "checked-results": "Only results that pass the output checks and two "
        "reviewers may leave the project. The data itself may not be passed on.",
    }
)

# Whether the people named may fetch the rows of the data themselves.
ROWS: Mapping[bool, str] = MappingProxyType(
    {
        False: "The rows stay on this service. The people named ask questions of them "
        "and see checked results; they cannot fetch a row.",
        True: "The people named may fetch the rows themselves, over Delta Sharing. No "
        "output check stands between the rows and them.",
    }
)

OPERATORS: Mapping[str, str] = MappingProxyType(
    {
        "=": "is",
        "in": "is one of",
        ">=": "is at least",
        "<=": "is at most",
    }
)

Value = str | int | float | bool
_MOST_VALUES = 1000

# Long enough for a cohort study; a standing arrangement is renewed, not forgotten.
LONGEST_YEARS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFilter:
    """Which rows: one column compared with a value, or with several for `in`."""

    column: str
    operator: str
    value: Value | tuple[Value, ...]

    def __post_init__(self) -> None:
        fault = _filter_fault(self)
        if fault:
            raise BadInput(fault, code="row-filter", field="row_filter")

    def to_plain(self) -> dict[str, Any]:
        """Return the filter as JSON values."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {"column": self.column, "operator": self.operator, "value": value}

    def to_text(self) -> str:
        """Return the filter as the end of a sentence."""
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        return (
            f"{self.column} {OPERATORS[self.operator]} "
            f"{', '.join(str(value) for value in values)}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Who may use what, for what, under which route, until when, and how.

    `columns` are seen by the people named; `link_columns` only by the linkage step.
    `rows_may_leave`: whether those people may fetch the rows, or only ask questions.
    `holder` and `recipient` are slugs; `project`, `asset`, `agreement` references;
    `people` ledger ids. Dates are whole days in UTC, `ends_on` included.
    """

    agreement: str
    version: int
    holder: str
    holder_name: str
    recipient: str
    recipient_name: str
    project: str
    project_title: str
    asset: str
    asset_title: str
    columns: tuple[str, ...]
    link_columns: tuple[str, ...]
    row_filter: RowFilter | None
    people: tuple[str, ...]
    purpose_code: str
    purpose: str
    route_id: str
    route_citation: str
    starts_on: date
    ends_on: date
    onward: str
    output: OutputRules
    retention_until: date
    conditions: str = ""
    rows_may_leave: bool = False

    def __post_init__(self) -> None:
        faults = _faults(self)
        if faults:
            raise BadInput(" ".join(faults), code="terms", field="terms")


def terms_to_plain(terms: Terms) -> dict[str, Any]:
    """Return terms as JSON values, with the schema they follow."""
    plain: dict[str, Any] = {"schema": SCHEMA}
    for field in fields(Terms):
        value = getattr(terms, field.name)
        if isinstance(value, tuple):
            value = list(value)
        elif isinstance(value, date):
            value = value.isoformat()
        elif isinstance(value, RowFilter | OutputRules):
            value = value.to_plain()
        plain[field.name] = value
    if not terms.rows_may_leave:
        # Terms accepted before there was this choice do not hold it and mean no, so
        # a no is not written: their bytes and their hash stay what they were.
        del plain["rows_may_leave"]
    return plain


def terms_from_plain(plain: Mapping[str, Any]) -> Terms:
    """Read terms from JSON values; BadInput if they are not terms of this schema."""
    if plain.get("schema") != SCHEMA:
        raise BadInput(f"These are not terms of the schema {SCHEMA}.", field="terms")
    values = {name: value for name, value in plain.items() if name != "schema"}
    try:
        for name in ("columns", "link_columns", "people"):
            values[name] = _texts(values[name])
        for name in ("starts_on", "ends_on", "retention_until"):
            values[name] = date.fromisoformat(values[name])
        values["row_filter"] = filter_from_plain(values["row_filter"])
        values["output"] = rules_from_plain(values["output"])
        return Terms(**values)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"These terms cannot be read: {error}.", field="terms"
        ) from error


def filter_from_plain(plain: Mapping[str, Any] | None) -> RowFilter | None:
    """Read a row filter from JSON values, None for all rows; BadInput if it is bad."""
    if plain is None:
        return None
    if not isinstance(plain, Mapping) or set(plain) != {"column", "operator", "value"}:
        raise BadInput(
            "A row filter needs a column, an operator and a value.", field="row_filter"
        )
    value = plain["value"]
    return RowFilter(
        column=plain["column"],
        operator=plain["operator"],
        value=tuple(value) if isinstance(value, list) else value,
    )


def canonical(terms: Terms) -> bytes:
    """Return the one byte string of these terms (RFC 8785)."""
    return rfc8785.dumps(terms_to_plain(terms))


def terms_sha256(terms: Terms) -> str:
    """Return the SHA-256 of the canonical terms, in hexadecimal."""
    return hashlib.sha256(canonical(terms)).hexdigest()


def get_stored_terms(plain: Mapping[str, Any], *, sha256: str) -> Terms:
    """Read stored terms and check that they are those accepted; Damaged if not."""
    terms = terms_from_plain(plain)
    if terms_sha256(terms) != sha256:
        raise Damaged(
            f"The stored terms of {terms.agreement} are not the terms that were "
            "accepted. Stop using the data and tell whoever runs the service."
        )
    return terms


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"a list is expected, not {value!r}")
    return tuple(value)


def _filter_fault(row_filter: RowFilter) -> str:
    if not isinstance(row_filter.column, str) or not row_filter.column:
        return "Choose the column that the row filter looks at."
    if row_filter.operator not in OPERATORS:
        return f"A row filter compares with one of {', '.join(OPERATORS)}."
    several = isinstance(row_filter.value, tuple)
    if several != (row_filter.operator == "in"):
        return "A row filter takes several values with “in”, and one otherwise."
    values = row_filter.value if isinstance(row_filter.value, tuple) else None
    if values is not None and not 0 < len(values) <= _MOST_VALUES:
        return f"A row filter takes 1 to {_MOST_VALUES} values."
    if not all(_is_value(each) for each in values or (row_filter.value,)):
        return "A row filter compares with words, numbers, or true and false."
    return ""


def _is_value(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        # Beyond 2**53 JSON readers disagree about which number was written.
        return abs(value) < 2**53
    return isinstance(value, str) and value != ""


_NEEDED = {
    "agreement": "the reference of the agreement",
    "holder": "the holder",
    "recipient": "the recipient",
    "project": "the project",
    "asset": "the data",
    "purpose_code": "the kind of purpose",
    "purpose": "the purpose",
    "route_id": "the legal route",
    "route_citation": "the citation of the legal route",
}


def _faults(terms: Terms) -> list[str]:
    faults = [
        f"The terms must name {words}."
        for name, words in _NEEDED.items()
        if not _is_named(getattr(terms, name))
    ]
    faults += _list_faults(terms)
    if terms.version < 1:
        faults.append("The version of the terms starts at 1.")
    if terms.ends_on < terms.starts_on:
        faults.append("The agreement must end on or after the day it starts.")
    if terms.ends_on > _latest_end(terms.starts_on):
        faults.append(f"An agreement lasts at most {LONGEST_YEARS} years.")
    if terms.retention_until < terms.ends_on:
        faults.append("Copies may not have to be destroyed before the agreement ends.")
    if terms.onward not in ONWARD:
        faults.append(f"Onward use must be one of {', '.join(ONWARD)}.")
    if not isinstance(terms.rows_may_leave, bool):
        faults.append("Whether the rows may leave is yes or no.")
    return faults


def _is_named(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _latest_end(starts_on: date) -> date:
    # 29 February has no anniversary in most years.
    day = min(starts_on.day, 28) if starts_on.month == 2 else starts_on.day  # noqa: PLR2004  February
    return date(starts_on.year + LONGEST_YEARS, starts_on.month, day)


def _list_faults(terms: Terms) -> list[str]:
    faults = []
    lists = (("columns", True), ("link_columns", False), ("people", True))
    for name, needed in lists:
        values = getattr(terms, name)
        words = name.replace("_", " ")
        if needed and not values:
            faults.append(f"The terms must name {words}.")
        if not all(isinstance(value, str) and value for value in values):
            faults.append(f"Every one of the {words} must have a name.")
        elif len(set(values)) != len(values):
            faults.append(f"The terms name one of the {words} twice.")
    return faults
