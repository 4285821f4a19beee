"""Agreements in the public register of information sharing agreements.

Each acceptance is an entry, made in the same transaction; each end is another. The
values are those of the terms that both sides accepted: bodies and roles, no people.
"""

from __future__ import annotations

from datetime import datetime

from staithe.registers.actions import append_entries
from staithe.registers.declaring import ensure_shipped
from staithe.registers.item import Item, as_text, tidy
from staithe.registers.models import Register
from staithe.registers.wanted import held_of
from staithe.sharing.models import Agreement
from staithe.sharing.terms import Terms, get_stored_terms
from staithe.ui.wording import plural


REGISTER = "information-sharing-agreement"
METHOD = (
    "A minimised copy, cut for this agreement and read under a grant that the holder "
    "can close at once."
)


def publish_agreement(agreement: Agreement, *, at: datetime) -> None:
    """Enter an accepted agreement into the public register."""
    ensure_shipped(at=at, only=REGISTER)
    _append(agreement, values_of(agreement), at=at)


def publish_end(agreement: Agreement, *, at: datetime) -> None:
    """Enter that an agreement ended, on what its entry says: terms are not read again.

    Nothing may stand in the way of a revocation, not even terms that were damaged.
    """
    register = Register.objects.filter(name=REGISTER).first()
    held = held_of(register, [agreement.reference]) if register else {}
    if agreement.reference in held:
        values = held[agreement.reference][1]
        day = min(at.date().isoformat(), as_text(values, "end-date"))
        _append(agreement, {**values, "end-date": day}, at=at)


def _append(agreement: Agreement, values: Item, *, at: datetime) -> None:
    register = Register.objects.get(name=REGISTER)
    held = held_of(register, [agreement.reference]).get(agreement.reference)
    wanted = tidy(dict(values))
    if register.ended_on is not None or (held is not None and held[1] == wanted):
        return  # it ended on the day that its entry says already
    append_entries(
        register=register,
        changes=[(agreement.reference, wanted)],
        because=agreement.reference,
        by=None,
        at=at,
    )


def values_of(agreement: Agreement) -> Item:
    """Return an agreement as a record of the public register."""
    terms = get_stored_terms(agreement.terms, sha256=agreement.terms_sha256)
    return {
        REGISTER: agreement.reference,
        "name": f"{terms.asset_title} for {terms.project_title}",
        "purpose": terms.purpose,
        "information-sharing-benefits": agreement.project.benefit,
        "legal-power-disclosure": terms.route_citation,
        "disclosed-information": _disclosed(terms),
        "controller-names": [terms.holder_name],
        "processor-names": [terms.recipient_name],
        "information-sharing-method": METHOD,
        "retention-period": f"{terms.starts_on}/{terms.retention_until}",
        "start-date": terms.starts_on.isoformat(),
        "end-date": terms.ends_on.isoformat(),
        "contact": agreement.flow.holder.contact_email,
    }


def _disclosed(terms: Terms) -> str:
    """Count the columns: their names are for people who work for a body."""
    told = f"{terms.asset_title}: {plural(len(terms.columns), 'column')}"
    if terms.link_columns:
        told += f", and {plural(len(terms.link_columns), 'column')} for matching only"
    return told
