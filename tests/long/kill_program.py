"""The side of the kill test that reads the database itself, never over HTTP.

Run as a program: it answers one JSON line for each JSON line, and holds no
connection between them, so that a database is recovered by whoever opens it next.
"""
# ruff: noqa: E402  models can be imported only once Django is set up

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import django


django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connections, transaction

from staithe.analysis.models import Query
from staithe.base.clock import now
from staithe.base.errors import UserError
from staithe.catalogue.actions import publish_asset
from staithe.catalogue.models import Asset, AssetVersion
from staithe.catalogue.scrubbing import sweep_snapshots
from staithe.catalogue.uploads import sweep_uploads
from staithe.demo.cast import assemble_cast
from staithe.exchange.models import Grant, Join, Recipient
from staithe.jobs.models import FINISHED, Job, JobState
from staithe.ledger.models import Event, Head, Node
from staithe.ledger.queries import export_lines, latest_checkpoint
from staithe.ledger.recording import lock_head
from staithe.ledger.verify import verify
from staithe.people.actions import create_token
from staithe.people.models import ApiToken, Person
from staithe.sharing.models import (
    Agreement,
    Decision,
    Flow,
    Message,
    Project,
    Request,
)
from staithe.site.checks import run_checks
from staithe.site.tidying import referenced_snapshots, tidy
from staithe.tables.snapshot import (
    list_snapshots,
    open_snapshot,
    sweep_leftovers,
    verify_snapshot,
)
from staithe.tables.store import open_store


DATA = """nino,surname,dob,region,band
{rows}
"""


def make_table(rows: int) -> str:
    """Return a small table about people, as CSV."""
    lines = (
        f"QQ{n:06d}A,Surname{n},19{n % 90 + 10}-01-{n % 28 + 1:02d},R{n % 3},B{n % 4}"
        for n in range(rows)
    )
    return DATA.format(rows="\n".join(lines))


def make_world(_: Any) -> dict[str, Any]:
    """Make the cast, two assets to ask for, and a token for each who acts."""
    call_command("migrate", verbosity=0, interactive=False)
    cast = assemble_cast(at=now())
    slugs = []
    for holder in ("dws", "nhb"):
        path = settings.HOME / "start.csv"
        path.write_text(make_table(40), "utf-8")
        version = publish_asset(
            path=path,
            source_name="start.csv",
            organisation=cast.organisations[holder],
            title=f"People known to {holder}",
            by=cast["owner"],
            at=now(),
        )
        slugs.append(version.asset.slug)
    tokens = {
        word: create_token(person=person, name="kill", by=person, at=now())[1]
        for word, person in cast.people.items()
    }
    evidence = cast.organisations["evidence"].slug
    return {"assets": slugs, "tokens": tokens, "organisation": evidence}


# ---------------------------------------------------------------- what was promised


def _has_event(name: str, subject: str) -> bool:
    return Event.objects.filter(name=name, subject=subject).exists()


def _kept_asset(fact: dict[str, Any]) -> bool:
    version = AssetVersion.objects.filter(asset__slug=fact["slug"]).first()
    return (
        version is not None
        and version.rows == fact["rows"]
        and _has_event("catalogue:asset:published", version.asset.ledger_id)
    )


def _kept_row(model: Any, event: str) -> Callable[[dict[str, Any]], bool]:
    def check(fact: dict[str, Any]) -> bool:
        row = model.objects.filter(reference=fact["reference"]).first()
        return row is not None and _has_event(event, row.ledger_id)

    return check


def _kept_submission(fact: dict[str, Any]) -> bool:
    row = Request.objects.get(reference=fact["reference"])
    return row.submitted_at is not None and _has_event(
        "sharing:request:submitted", row.ledger_id
    )


def _kept_route(fact: dict[str, Any]) -> bool:
    row = Flow.objects.get(reference=fact["reference"])
    return row.route_id != "" and _has_event("sharing:route:chosen", row.ledger_id)


def _kept_decision(fact: dict[str, Any]) -> bool:
    found = Decision.objects.filter(flow__reference=fact["reference"]).first()
    offered = Agreement.objects.filter(flow__reference=fact["reference"]).exists()
    return found is not None and found.outcome == "agree" and offered


def _kept_acceptance(fact: dict[str, Any]) -> bool:
    row = Agreement.objects.get(reference=fact["reference"])
    return (
        row.accepted_at is not None
        and Grant.objects.filter(agreement=row).count() == 1
        and _has_event("sharing:agreement:accepted", row.ledger_id)
    )


def _kept_revocation(fact: dict[str, Any]) -> bool:
    row = Agreement.objects.get(reference=fact["reference"])
    grant = Grant.objects.get(agreement=row)
    return row.state == "revoked" and grant.closed_at is not None


def _kept_join(fact: dict[str, Any]) -> bool:
    return Join.objects.filter(
        project__reference=fact["project"], number=fact["number"]
    ).exists()


def _kept_message(fact: dict[str, Any]) -> bool:
    return Message.objects.filter(text=fact["text"]).count() == 1


def _kept_token_end(fact: dict[str, Any]) -> bool:
    return ApiToken.objects.get(reference=fact["reference"]).revoked_at is not None


KEPT: dict[str, Callable[[dict[str, Any]], bool]] = {
    "asset": _kept_asset,
    "project": _kept_row(Project, "sharing:project:started"),
    "request": _kept_row(Request, "sharing:request:drafted"),
    "flow": _kept_row(Flow, "sharing:flow:added"),
    "route": _kept_route,
    "submission": _kept_submission,
    "decision": _kept_decision,
    "acceptance": _kept_acceptance,
    "revocation": _kept_revocation,
    "join": _kept_join,
    "query": _kept_row(Query, "analysis:query:answered"),
    "message": _kept_message,
    "token": _kept_row(ApiToken, "people:token:created"),
    "token-end": _kept_token_end,
}


def broken_promises(facts: list[list[Any]]) -> list[str]:
    """Name each acknowledged write that is not there."""
    return [
        f"acknowledged and lost: {kind} {fact}"
        for kind, fact in facts
        if not KEPT[kind](fact)
    ]


# ---------------------------------------------------------------- nothing by halves


def _subjects(name: str) -> Counter[str]:
    return Counter(Event.objects.filter(name=name).values_list("subject", flat=True))


def _ids(rows: Iterable[Any]) -> Counter[str]:
    return Counter(row.ledger_id for row in rows)


def _count(name: str) -> int:
    return Event.objects.filter(name=name).count()


def unmatched_rows() -> list[str]:
    """Name each event without its row and each row without its event."""
    flows = _subjects("sharing:flow:added") - _subjects("sharing:flow:removed")
    accepted = Agreement.objects.filter(accepted_at__isnull=False)
    made = Grant.objects.filter(asset_version__isnull=False)
    failed = Grant.objects.filter(state="failed")
    pairs: list[tuple[str, Any, Any]] = [
        ("assets", _subjects("catalogue:asset:published"), _ids(Asset.objects.all())),
        ("projects", _subjects("sharing:project:started"), _ids(Project.objects.all())),
        ("requests", _subjects("sharing:request:drafted"), _ids(Request.objects.all())),
        ("flows", flows, _ids(Flow.objects.all())),
        (
            "offers",
            _subjects("sharing:agreement:offered"),
            _ids(Agreement.objects.all()),
        ),
        ("accepted", _subjects("sharing:agreement:accepted"), _ids(accepted)),
        ("grants", _subjects("exchange:grant:opened"), _ids(Grant.objects.all())),
        ("cut grants", _subjects("exchange:grant:materialised"), _ids(made)),
        ("failed grants", _subjects("exchange:grant:failed"), _ids(failed)),
        ("queries", _subjects("analysis:query:answered"), _ids(Query.objects.all())),
        ("tokens", _subjects("people:token:created"), _ids(ApiToken.objects.all())),
        ("decisions", _count("sharing:decision:recorded"), Decision.objects.count()),
        ("messages", _count("sharing:message:sent"), Message.objects.count()),
        ("joins", _count("exchange:join:asked"), Join.objects.count()),
        (
            "done",
            _count("exchange:join:done"),
            Join.objects.filter(state="done").count(),
        ),
        ("recipients", _count("exchange:recipient:issued"), Recipient.objects.count()),
        ("grants of agreements", accepted.count(), Grant.objects.count()),
    ]
    return [
        f"{what}: {left} events, {right} rows"
        for what, left, right in pairs
        if left != right
    ]


def half_made_things() -> list[str]:
    """Name each thing that a reader could meet unfinished."""
    wrong = [
        f"{asset.slug} has no version" for asset in Asset.objects.filter(versions=None)
    ]
    for grant in Grant.objects.all():
        wrong += _wrong_with_grant(grant)
    for join in Join.objects.filter(state="queued"):
        arguments = {"join": join.pk}
        open_jobs = Job.objects.exclude(state__in=FINISHED).filter(kind="exchange:join")
        if not any(job.arguments == arguments for job in open_jobs):
            wrong.append(f"join {join.pk} waits for no job")
    closed = set(
        Grant.objects.filter(closed_at__isnull=False).values_list(
            "reference", flat=True
        )
    )
    for query in Query.objects.filter(state=Query.State.DONE):
        gone = bool(closed & set(query.read_grants))
        if bool(query.counted_snapshot) == gone:
            kept = "keeps" if query.counted_snapshot else "lacks"
            wrong.append(f"{query.reference} {kept} who was counted in it")
    return wrong + _damaged_snapshots()


def _wrong_with_grant(grant: Grant) -> list[str]:
    snapshots = (grant.identifiers_snapshot, grant.attributes_snapshot)
    named = any((*snapshots, grant.table_snapshot, grant.fetched_snapshot))
    if grant.closed_at is not None:
        return [f"{grant.reference} is closed and keeps its data"] if named else []
    if grant.state == Grant.State.ACTIVE:
        return [] if grant.attributes_snapshot else [f"{grant.reference} has no data"]
    if grant.state == Grant.State.PREPARING:
        jobs = Job.objects.filter(subject=grant.ledger_id, kind="exchange:materialise")
        if jobs.exclude(state__in=FINISHED).count() != 1:
            return [f"{grant.reference} is being prepared by nobody"]
    return []


def _damaged_snapshots() -> list[str]:
    store, wrong = open_store(settings.STORAGE_URL), []
    digests = dict(AssetVersion.objects.values_list("snapshot_id", "manifest_sha256"))
    for name in sorted(referenced_snapshots()):
        digest = f"sha256:{digests[name]}" if name in digests else None
        try:
            manifest = open_snapshot(name, store=store, digest=digest)
            verify_snapshot(manifest, store=store)
        except UserError as error:
            wrong.append(f"{name}: {error.message}")
    return wrong


def wrong_with_ledger(kept: list[str]) -> tuple[list[str], str]:
    """Verify the whole log, and that it begins with every checkpoint kept before."""
    size = Head.objects.get().size
    wrong = []
    numbers = list(Event.objects.values_list("number", flat=True))
    if numbers != list(range(size)) or Node.objects.filter(level=0).count() != size:
        wrong.append(f"{len(numbers)} events, {size} in the head")
    signed = latest_checkpoint(at=now())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.jsonl"
        path.write_text("".join(export_lines(signed=signed, with_bodies=True)))
        try:
            verify(str(path), kept=kept)
        except UserError as error:
            wrong.append(f"ledger: {error.message}")
    return wrong, signed.text


# ---------------------------------------------------------------- the questions


def check(given: dict[str, Any]) -> dict[str, Any]:
    """Say what is wrong after a kill, and what was seen."""
    with transaction.atomic():
        lock_head()  # a worker may be at work: nobody else writes while this looks
        ledger, checkpoint = wrong_with_ledger(given["checkpoints"])
        wrong = ledger + broken_promises(given["facts"])
        wrong += unmatched_rows() + half_made_things()
        results = {result["name"]: result for result in run_checks()}
        # Jobs of killed workers wait for their lease to end.
        results.pop("jobs")
        wrong += [
            f"doctor: {name}: {result['detail']}"
            for name, result in results.items()
            if not result["ok"]
        ]
        store = open_store(settings.STORAGE_URL)
        return {
            "wrong": wrong,
            "checkpoint": checkpoint,
            "events": Head.objects.get().size,
            "running": Job.objects.filter(state=JobState.RUNNING).count(),
            "waiting": Job.objects.filter(state=JobState.QUEUED).count(),
            "orphans": len(set(list_snapshots(store=store)) - referenced_snapshots()),
        }


def jobs(_: Any) -> dict[str, Any]:
    """Count jobs by kind and state, and those that took more than one attempt."""
    states = Counter(f"{j.kind} {j.state}" for j in Job.objects.all())
    again = Job.objects.filter(attempts__gt=1).count()
    unfinished = Job.objects.exclude(state__in=FINISHED)
    recurring = ("jobs:", "ledger:", "sharing:", "people:", "site:")
    ours = [j.reference for j in unfinished if not j.kind.startswith(recurring)]
    errors = list(Job.objects.filter(state="failed").values_list("kind", "error"))
    return {"states": states, "again": again, "unfinished": ours, "errors": errors}


def tidy_all(_: Any) -> dict[str, Any]:
    """Remove what kills left behind, as the nightly jobs do, and say what stays."""
    store = open_store(settings.STORAGE_URL)
    later = now() + timedelta(days=3)
    uploaded = sweep_snapshots(store=store, at=later)
    cut = tidy(older_than=0)
    left = set(list_snapshots(store=store)) ^ referenced_snapshots()
    sweep_leftovers(store=store, older_than=0)
    partial = [str(p) for p in Path(settings.STORAGE_URL).glob(".partial-*")]
    kept = sweep_uploads(at=later)
    removed = {"uploaded": uploaded, "cut": cut, "uploads": kept}
    return {"removed": removed, "left": sorted(left) + partial}


def count_people(_: Any) -> int:
    """Answer at once: whether the database can be read at all."""
    return Person.objects.count()


QUESTIONS = {f.__name__: f for f in (make_world, check, jobs, tidy_all, count_people)}


def main() -> None:
    """Answer questions until the input ends."""
    for line in sys.stdin:
        name, given = json.loads(line)
        sys.stdout.write(json.dumps(QUESTIONS[name](given), default=asdict) + "\n")
        sys.stdout.flush()
        connections.close_all()


if __name__ == "__main__":
    main()
