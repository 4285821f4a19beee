"""A share as anyone may read it: bodies and roles, never people.

Made from the terms that both sides accepted, so what is said in public, what was
agreed and what is enforced are one thing. What the catalogue keeps for people who
work for a body (columns, conditions on rows) is counted here and not named.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from staithe.catalogue.permissions import may_see_inside
from staithe.law.purposes import PURPOSES
from staithe.law.routes import load_routes
from staithe.sharing.models import Agreement
from staithe.sharing.terms import ONWARD, ROWS, get_stored_terms
from staithe.ui.wording import plural


if TYPE_CHECKING:
    from staithe.law.routes import Route
    from staithe.people.permissions import Someone
    from staithe.sharing.terms import Terms


HEADER = (
    "agreement",
    "shared by",
    "shared with",
    "data",
    "project",
    "kind of purpose",
    "purpose",
    "legal route",
    "route id",
    "from",
    "until",
    "state",
    "ended on",
    "results",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One share on the public list."""

    reference: str
    holder: str
    holder_slug: str
    recipient: str
    recipient_slug: str
    data: str
    project: str
    kind: str
    purpose: str
    citation: str
    route_id: str
    in_library: bool
    starts_on: date
    ends_on: date
    state: str
    state_words: str
    ended_on: date | None
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One share in full, in sentences."""

    line: Line
    data_slug: str
    data_summary: str
    benefit: str
    what: tuple[str, ...]
    columns: tuple[str, ...]
    route: Route | None
    last_day_of_copies: date
    results: str
    terms_sha256: str


def line_of(agreement: Agreement) -> Line:
    """Return the public line of an agreement, from the terms both sides accepted."""
    return _line(agreement, _terms(agreement))


def line_to_row(line: Line) -> tuple[object, ...]:
    """Return a line under HEADER."""
    return (
        line.reference,
        line.holder,
        line.recipient,
        line.data,
        line.project,
        line.kind,
        line.purpose,
        line.citation,
        line.route_id,
        line.starts_on,
        line.ends_on,
        line.state_words,
        line.ended_on,
        "; ".join(line.results),
    )


def statement_of(agreement: Agreement, *, reader: Someone) -> Statement:
    """Return an agreement in sentences; columns only for who may see them."""
    terms = _terms(agreement)
    asset = agreement.flow.asset
    return Statement(
        line=_line(agreement, terms),
        data_slug=asset.slug,
        data_summary=asset.summary,
        benefit=agreement.project.benefit,
        what=_what(terms),
        columns=terms.columns if may_see_inside(asset, person=reader) else (),
        route=load_routes().find(terms.route_id),
        last_day_of_copies=terms.retention_until,
        results=_results(terms),
        terms_sha256=agreement.terms_sha256,
    )


def _terms(agreement: Agreement) -> Terms:
    return get_stored_terms(agreement.terms, sha256=agreement.terms_sha256)


def _line(agreement: Agreement, terms: Terms) -> Line:
    purpose = PURPOSES.get(terms.purpose_code)
    return Line(
        reference=agreement.reference,
        holder=terms.holder_name,
        holder_slug=terms.holder,
        recipient=terms.recipient_name,
        recipient_slug=terms.recipient,
        data=terms.asset_title,
        project=terms.project_title,
        kind=purpose.label if purpose else terms.purpose_code,
        purpose=terms.purpose,
        citation=terms.route_citation,
        route_id=terms.route_id,
        in_library=load_routes().find(terms.route_id) is not None,
        starts_on=terms.starts_on,
        ends_on=terms.ends_on,
        state=agreement.state,
        state_words=Agreement.State(agreement.state).label,
        ended_on=agreement.ended_at.date() if agreement.ended_at else None,
        results=tuple(result.title for result in agreement.project.outcomes.all()),
    )


def _what(terms: Terms) -> tuple[str, ...]:
    people = plural(len(terms.people), "named person", "named people")
    rows = "some of the rows, chosen by a condition" if terms.row_filter else "all rows"
    sentences = [
        f"It covers {rows} and {plural(len(terms.columns), 'column')}.",
        f"Only {people} of {terms.recipient_name} may use it, for this purpose alone.",
        ROWS[terms.rows_may_leave],
        (
            "The project sees a number in place of each person in the data. The number "
            "is made for this project and means nothing elsewhere."
        ),
    ]
    if terms.link_columns:
        sentences.append(
            f"{plural(len(terms.link_columns), 'more column')}, such as a name or a "
            "date of birth, may be used by the service to match records. Nobody on the "
            "project sees what identifies a person."
        )
    return tuple(sentences)


def _results(terms: Terms) -> str:
    if terms.onward == "none":
        return ONWARD[terms.onward]
    return (
        f"{ONWARD[terms.onward]} A count of fewer than {terms.output.threshold} people "
        "is never shown."
    )
