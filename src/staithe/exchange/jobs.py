"""Background work of the exchange: cutting grants, joining projects, forgetting."""

from __future__ import annotations

import duckdb
from django.conf import settings
from django.db import transaction

from staithe.base.errors import Conflict, UserError
from staithe.exchange.actions.grants import fail_grant, materialise_grant
from staithe.exchange.actions.joins import fail_join, finish_join
from staithe.exchange.cutting import Cut, cut_snapshots
from staithe.exchange.joining import join_grants
from staithe.exchange.models import Grant, Join
from staithe.exchange.storage import (
    FORGET,
    forget_snapshots,
    scratch_folder,
    the_store,
)
from staithe.jobs.context import JobContext
from staithe.jobs.registry import job
from staithe.sharing.grant import grant_from_plain
from staithe.tables.snapshot import open_snapshot


@job("exchange:materialise", label="Prepare the data of an agreement")
def materialise(context: JobContext, *, grant: str) -> None:
    """Cut the two snapshots of a grant from the asset's current version."""
    row = Grant.objects.select_related("agreement__flow__asset").get(reference=grant)
    if row.state != Grant.State.PREPARING:
        _skip(context, row.state)
        return
    try:
        cut = _cut(row, context)
    except UserError as error:
        with transaction.atomic():
            fail_grant(grant=row, problem=error.message, by=None, at=context.now())
            context.finish({"problem": error.message})
        return
    made = [cut.attributes.id, cut.identifiers.id if cut.identifiers else ""]
    try:
        with transaction.atomic():
            materialise_grant(grant=row, cut=cut, by=None, at=context.now())
            context.finish({"rows": cut.attributes.rows})
    except BaseException:
        forget_snapshots(made)  # closed meanwhile, or another worker was first
        raise


def _cut(row: Grant, context: JobContext) -> Cut:
    version = row.agreement.flow.asset.versions.order_by("-number").first()
    if version is None:
        raise Conflict("The asset has no data yet.")
    store = the_store()
    digest = f"sha256:{version.manifest_sha256}"
    source = open_snapshot(version.snapshot_id, store=store, digest=digest)
    with scratch_folder() as scratch:
        try:
            return cut_snapshots(
                grant_from_plain(row.compiled),
                source=source,
                asset_version=version.number,
                store=store,
                at=context.now(),
                memory_mb=settings.ENGINE_MEMORY_MB,
                threads=settings.ENGINE_THREADS,
                scratch=scratch,
            )
        except (duckdb.BinderException, duckdb.ConversionException) as error:
            # The engine's words may quote a value: they stay in the log.
            raise Conflict(
                "The granted columns and rows cannot be read from the data as it is: "
                "the agreement must be made again."
            ) from error


@job("exchange:join", label="Join the data of a project", lease_seconds=120)
def join(context: JobContext, *, join: int) -> None:
    """Link a project's grants and give each its table."""
    row = Join.objects.select_related("project__organisation").get(pk=join)
    if row.state != Join.State.QUEUED:
        _skip(context, row.state)
        return
    grants = list(Grant.objects.filter(reference__in=row.grants).order_by("pk"))
    try:
        result = join_grants(
            row.project,
            grants,
            specification=row.specification,
            at=context.now(),
            progress=context.progress,
        )
    except UserError as error:
        _fail_join(context, row, error)
        return
    try:
        with transaction.atomic():
            finish_join(join=row, result=result, by=None, at=context.now())
            context.finish({"links": result.report["links"]})
    except BaseException as error:
        forget_snapshots(result.snapshots)
        if not isinstance(error, UserError):
            raise
        _fail_join(context, row, error)


def _fail_join(context: JobContext, row: Join, error: UserError) -> None:
    """Say on the join itself why there is none, so that a person can ask again."""
    row.refresh_from_db(fields=["state"])
    if row.state != Join.State.QUEUED:  # a member stopped it meanwhile
        _skip(context, row.state)
        return
    with transaction.atomic():
        fail_join(join=row, problem=error.message, by=None, at=context.now())
        context.finish({"problem": error.message})


def _skip(context: JobContext, state: str) -> None:
    with transaction.atomic():
        context.finish({"skipped": state})


@job(FORGET, label="Delete data that is no longer shared", max_attempts=20)
def forget(context: JobContext, *, snapshots: list[str]) -> None:
    """Delete what a closed grant or an older join left, if it is still there."""
    forget_snapshots(snapshots)
    with transaction.atomic():
        context.finish({"snapshots": len(snapshots)})
