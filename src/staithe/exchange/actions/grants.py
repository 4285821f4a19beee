"""A grant from the moment an agreement is accepted until it closes."""

from __future__ import annotations

from datetime import datetime

from staithe.base.errors import Conflict
from staithe.base.ids import new_reference
from staithe.exchange.cutting import Cut
from staithe.exchange.models import Grant
from staithe.exchange.naming import table_name
from staithe.exchange.policies import check_prepares_again
from staithe.exchange.storage import forget_when_committed
from staithe.jobs.actions import enqueue
from staithe.ledger.actions import action, record
from staithe.linkage.actions import OPEN, stop_review
from staithe.people.models import Person
from staithe.sharing.grant import compile_terms, grant_to_plain
from staithe.sharing.models import Agreement
from staithe.sharing.terms import get_stored_terms


@action("exchange:grant:opened")
def open_grant(*, agreement: Agreement, by: object, at: datetime) -> Grant:
    """Compile an accepted agreement to its grant and queue the cutting of its data."""
    terms = get_stored_terms(agreement.terms, sha256=agreement.terms_sha256)
    compiled = compile_terms(terms)
    others = Grant.objects.filter(project=agreement.project)
    taken = others.values_list("table_name", flat=True)
    grant = Grant.objects.create(
        reference=new_reference("GRT"),
        agreement=agreement,
        project=agreement.project,
        compiled=grant_to_plain(compiled),
        created_at=at,
        expires_at=compiled.closes_at,
        table_name=table_name(agreement.flow.asset.slug, taken=set(taken)),
    )
    _record(grant, by=by, at=at, terms_sha256=compiled.terms_sha256)
    _enqueue(grant, by=by, at=at)
    return grant


@action("exchange:grant:queued")
def prepare_again(*, grant: Grant, by: Person, at: datetime) -> Grant:
    """Queue the cutting once more where it failed: the way back from a damaged file."""
    row = Grant.objects.select_for_update().get(pk=grant.pk)
    check_prepares_again(row, person=by)
    row.state, row.problem = Grant.State.PREPARING, ""
    row.save(update_fields=["state", "problem"])
    _record(row, by=by, at=at)
    _enqueue(row, by=by, at=at)
    return row


def _enqueue(grant: Grant, *, by: object, at: datetime) -> None:
    enqueue(
        "exchange:materialise",
        arguments={"grant": grant.reference},
        by=by,
        at=at,
        subject=grant.ledger_id,
    )


@action("exchange:grant:materialised")
def materialise_grant(*, grant: Grant, cut: Cut, by: object, at: datetime) -> Grant:
    """Keep the two snapshots that were cut for a grant that is still wanted."""
    row = Grant.objects.select_for_update().get(pk=grant.pk)
    if row.state != Grant.State.PREPARING:
        raise Conflict("This grant is no longer being prepared.")
    row.state = Grant.State.ACTIVE
    row.asset_version = cut.asset_version
    if cut.identifiers is not None:
        row.identifiers_snapshot = cut.identifiers.id
        row.identifiers_sha256 = cut.identifiers.sha256
    row.attributes_snapshot = cut.attributes.id
    row.attributes_sha256 = cut.attributes.sha256
    row.rows = cut.attributes.rows
    row.problem = ""
    row.save()
    _record(
        row,
        by=by,
        at=at,
        rows=row.rows,
        columns=len(cut.attributes.columns) - 1,
        asset_version=cut.asset_version,
        attributes_sha256=cut.attributes.sha256,
        identifiers_sha256=cut.identifiers.sha256 if cut.identifiers else "",
    )
    return row


@action("exchange:grant:failed")
def fail_grant(*, grant: Grant, problem: str, by: object, at: datetime) -> Grant:
    """Keep the sentence that says why the data could not be cut."""
    row = Grant.objects.select_for_update().get(pk=grant.pk)
    if row.state != Grant.State.PREPARING:
        raise Conflict("This grant is no longer being prepared.")
    row.state, row.problem = Grant.State.FAILED, problem
    row.save(update_fields=["state", "problem"])
    _record(row, by=by, at=at)
    return row


@action("exchange:grant:revoked")
def revoke_grant(*, grant: Grant, by: object, at: datetime) -> Grant:
    """Close every door of a grant at once and delete what was cut for it."""
    return _close(grant, Grant.State.REVOKED, by=by, at=at)


@action("exchange:grant:expired")
def expire_grant(*, grant: Grant, by: object, at: datetime) -> Grant:
    """Close a grant whose agreement has ended and delete what was cut for it."""
    return _close(grant, Grant.State.EXPIRED, by=by, at=at)


def _close(grant: Grant, state: Grant.State, *, by: object, at: datetime) -> Grant:
    row = Grant.objects.select_for_update().get(pk=grant.pk)
    if row.closed_at is not None:
        raise Conflict("This grant is already closed.")
    old = [row.identifiers_snapshot, row.attributes_snapshot, row.table_snapshot]
    row.state, row.closed_at = state, at
    row.identifiers_snapshot = row.attributes_snapshot = row.table_snapshot = ""
    row.save()
    row.recipients.filter(revoked_at=None).update(revoked_at=at)
    old += _forget_keys(row)
    _stop_reviews(row, old, by=by, at=at)
    _record(row, by=by, at=at)
    forget_when_committed(old, by=by, at=at)
    return row


def _forget_keys(grant: Grant) -> list[str]:
    """Blank the link between rows and pseudonyms of every join of this grant."""
    joins = grant.project.joins.exclude(key_snapshot="")
    held = [join for join in joins if grant.reference in join.grants]
    ids = [snapshot for join in held for snapshot in join.kept_snapshots]
    grant.project.joins.filter(pk__in=[join.pk for join in held]).update(
        key_snapshot="", evidence=[]
    )
    return ids


def _stop_reviews(grant: Grant, gone: list[str], *, by: object, at: datetime) -> None:
    """Stop judging pairs whose records are deleted with this grant."""
    for review in grant.project.pair_reviews.filter(state__in=OPEN):
        if any(each["snapshot"] in gone for each in review.sources):
            problem = "An agreement behind it has closed, and its records are deleted."
            stop_review(review=review, problem=problem, by=by, at=at)


def _record(grant: Grant, *, by: object, at: datetime, **body: object) -> None:
    holder = str(grant.compiled["holder"])
    record(
        by=by,
        at=at,
        subject=grant.ledger_id,
        organisation=holder,
        grant=grant.reference,
        agreement=grant.agreement.reference,
        project=grant.project.reference,
        holder=holder,
        **body,
    )
