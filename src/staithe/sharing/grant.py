"""What an agreement compiles to: the part of its terms that a machine enforces.

`compile_terms` is pure and total: it only narrows. Whoever opens a door (a shared
table, a query, a download) asks the same grant, on each call, with `find_refusal`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from staithe.base.clock import to_text
from staithe.base.errors import BadInput, NotAllowed
from staithe.sharing.output_rules import OutputRules, rules_from_plain
from staithe.sharing.terms import RowFilter, Terms, filter_from_plain, terms_sha256


if TYPE_CHECKING:
    from collections.abc import Mapping


SCHEMA = "staithe-grant/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Who sees which columns and rows of one asset, from when and until when.

    Open from `opens_at` up to, not including, `closes_at`, both in UTC. `people` are
    ledger ids. `terms_sha256` ties it to what both sides accepted.
    """

    agreement: str
    terms_sha256: str
    project: str
    holder: str
    recipient: str
    asset: str
    columns: tuple[str, ...]
    link_columns: tuple[str, ...]
    row_filter: RowFilter | None
    people: tuple[str, ...]
    purpose_code: str
    route_id: str
    opens_at: datetime
    closes_at: datetime
    output: OutputRules
    results_may_leave: bool
    retention_until: date
    rows_may_leave: bool = False  # grants compiled before do not say, and mean no


def compile_terms(terms: Terms) -> Grant:
    """Return the grant that these terms allow: no more columns, people or days."""
    return Grant(
        agreement=terms.agreement,
        terms_sha256=terms_sha256(terms),
        project=terms.project,
        holder=terms.holder,
        recipient=terms.recipient,
        asset=terms.asset,
        columns=terms.columns,
        link_columns=terms.link_columns,
        row_filter=terms.row_filter,
        people=terms.people,
        purpose_code=terms.purpose_code,
        route_id=terms.route_id,
        opens_at=_midnight(terms.starts_on),
        closes_at=_midnight(terms.ends_on + timedelta(days=1)),
        output=terms.output,
        results_may_leave=terms.onward == "checked-results",
        retention_until=terms.retention_until,
        rows_may_leave=terms.rows_may_leave is True,
    )


def find_refusal(grant: Grant, *, person: str, at: datetime) -> str | None:
    """Return why this person (a ledger id) may not pass now, or None if they may."""
    if person not in grant.people:
        return (
            f"You are not one of the people named in {grant.agreement}. "
            "Ask the project lead for new terms that name you."
        )
    if at < grant.opens_at:
        return f"{grant.agreement} starts on {grant.opens_at.date():%-d %B %Y}."
    if at >= grant.closes_at:
        last = grant.closes_at.date() - timedelta(days=1)
        return f"{grant.agreement} ended on {last:%-d %B %Y}."
    return None


def check_grant(grant: Grant, *, person: str, at: datetime) -> None:
    """Raise NotAllowed, with the reason, unless this person may pass now."""
    refusal = find_refusal(grant, person=person, at=at)
    if refusal:
        raise NotAllowed(refusal)


def check_rows_may_leave(grant: Grant) -> None:
    """Raise NotAllowed, saying what to do, where the rows are not to be fetched."""
    if not grant.rows_may_leave:
        raise NotAllowed(
            f"{grant.agreement} keeps the rows on this service: ask questions of them "
            "on the project’s page. To fetch the rows themselves, ask the holder for "
            "an agreement that allows it."
        )


def grant_to_plain(grant: Grant) -> dict[str, Any]:
    """Return a grant as JSON values, with the schema they follow."""
    plain: dict[str, Any] = {"schema": SCHEMA}
    for field in fields(Grant):
        value = getattr(grant, field.name)
        if isinstance(value, tuple):
            value = list(value)
        elif isinstance(value, datetime):
            value = to_text(value)
        elif isinstance(value, date):
            value = value.isoformat()
        elif isinstance(value, RowFilter | OutputRules):
            value = value.to_plain()
        plain[field.name] = value
    return plain


def grant_from_plain(plain: Mapping[str, Any]) -> Grant:
    """Read a grant from JSON values; BadInput if they are not a grant."""
    if plain.get("schema") != SCHEMA:
        raise BadInput(f"This is not a grant of the schema {SCHEMA}.")
    values = {name: value for name, value in plain.items() if name != "schema"}
    try:
        for name in ("columns", "link_columns", "people"):
            values[name] = tuple(values[name])
        for name in ("opens_at", "closes_at"):
            values[name] = datetime.fromisoformat(values[name])
        values["retention_until"] = date.fromisoformat(values["retention_until"])
        values["row_filter"] = filter_from_plain(values["row_filter"])
        values["output"] = rules_from_plain(values["output"])
        return Grant(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"This grant cannot be read: {error}.") from error


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
