"""Terms as a person reads them: every typed term appears, in words.

Pure, and made from the same Terms that compile to the grant, so the page, the
printed agreement and what is enforced cannot say different things.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staithe.law.purposes import PURPOSES
from staithe.sharing.terms import ONWARD, ROWS, terms_sha256


if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from staithe.sharing.terms import Terms


Section = tuple[str, list[tuple[str, str]]]


def term_sections(terms: Terms, *, names: Mapping[str, str]) -> list[Section]:
    """Return headings with rows of (term, words); `names` by ledger id."""
    return [
        ("Who", _who(terms, names)),
        ("What data", _what(terms)),
        ("What for", _why(terms)),
        ("When", _when(terms)),
        ("What may leave", _results(terms)),
        ("This text", _identity(terms)),
    ]


def closing_sentences(terms: Terms, *, in_force: bool) -> list[str]:
    """Return what ending the agreement closes, one sentence for each thing."""
    if not in_force:
        return ["The offer is closed. No data has been shared under it."]
    people = len(terms.people)
    who = "the 1 person named" if people == 1 else f"all {people} people named"
    return [
        f"{terms.asset_title} can no longer be read by {who}.",
        (
            "Shared tables and their links stop working at the next request, also links "
            "that were handed out before."
        ),
        (
            f"The joined data of {terms.project_title} is made again without "
            f"{terms.asset_title}, and new queries cannot reach it."
        ),
        "The copies made for this agreement are deleted from the service.",
        "Results that were already released stay published.",
    ]


def _who(terms: Terms, names: Mapping[str, str]) -> list[tuple[str, str]]:
    people = ", ".join(names.get(person, person) for person in terms.people)
    return [
        ("Shared by", terms.holder_name),
        ("Received by", terms.recipient_name),
        ("People who may use it", people),
    ]


def _what(terms: Terms) -> list[tuple[str, str]]:
    linked = ", ".join(terms.link_columns) or "None"
    rows = (
        f"Only rows where {terms.row_filter.to_text()}" if terms.row_filter else "All"
    )
    return [
        ("Data", f"{terms.asset_title} ({terms.asset})"),
        ("Columns that those people see", ", ".join(terms.columns)),
        ("Columns used only to link records", linked),
        ("Rows", rows),
        ("Fetching the rows", ROWS[terms.rows_may_leave]),
        (
            "Identity",
            (
                "People in the data appear under a number made for this project alone, "
                "and in fetched rows under one made for this agreement alone. "
                "Columns used to link are never shown to anyone."
            ),
        ),
    ]


def _why(terms: Terms) -> list[tuple[str, str]]:
    purpose = PURPOSES.get(terms.purpose_code)
    rows = [
        ("Project", f"{terms.project_title} ({terms.project})"),
        ("Kind of purpose", purpose.label if purpose else terms.purpose_code),
        ("Purpose", terms.purpose),
        ("Legal route", f"{terms.route_citation} ({terms.route_id})"),
        ("Any other use", "None. Another purpose needs another agreement."),
    ]
    if terms.conditions:
        rows.append(("Conditions", terms.conditions))
    return rows


def _when(terms: Terms) -> list[tuple[str, str]]:
    return [
        ("First day", _day(terms.starts_on)),
        ("Last day", _day(terms.ends_on)),
        ("Copies destroyed by", _day(terms.retention_until)),
    ]


def _results(terms: Terms) -> list[tuple[str, str]]:
    rules = terms.output
    return [
        ("Onward use", ONWARD[terms.onward]),
        ("Smallest cell", f"At least {rules.threshold} people"),
        (
            "Dominance",
            f"The {rules.nk_n} largest make up less than {rules.nk_k:.0%} of a total",
        ),
        (
            "Closeness",
            f"Nobody can work out the largest to within {rules.p_ratio:.0%}",
        ),
        ("Rounding", f"Counts to the nearest {rules.rounding_base} where rounded"),
    ]


def _identity(terms: Terms) -> list[tuple[str, str]]:
    return [
        ("Agreement", f"{terms.agreement}, version {terms.version}"),
        ("SHA-256 of the terms", terms_sha256(terms)),
    ]


def _day(day: date) -> str:
    return f"{day:%-d %B %Y}"
