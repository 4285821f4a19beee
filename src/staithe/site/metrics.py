"""What an operator's monitoring watches, as Prometheus text (exposition format 0.0.4).

Counts only: no names, references or values. Each figure is one query, so that a
scrape every few seconds costs nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

from django.conf import settings
from django.db.models import Count, Sum

from staithe.catalogue.models import AssetVersion
from staithe.exchange.models import Grant, Join
from staithe.jobs.models import Job, JobState
from staithe.ledger import log
from staithe.ledger.queries import published_size
from staithe.people.models import EmailState, Notice
from staithe.sharing.models import Flow
from staithe.site.counting import answers


CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
WAITING = (Flow.State.SUBMITTED, Flow.State.IN_REVIEW)


Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Metric:
    """One family: its name, kind (gauge or counter), words, and value by labels."""

    name: str
    kind: str
    words: str
    values: Mapping[Labels, float]


def to_text(metrics: Iterable[Metric]) -> str:
    """Write metrics as Prometheus reads them."""
    lines = []
    for metric in metrics:
        lines.append(f"# HELP {metric.name} {metric.words}")
        lines.append(f"# TYPE {metric.name} {metric.kind}")
        for labels, value in metric.values.items():
            inner = ",".join(f'{name}="{_escape(text)}"' for name, text in labels)
            where = f"{{{inner}}}" if inner else ""
            figure = f"{value:.3f}" if value % 1 else str(int(value))
            lines.append(f"{metric.name}{where} {figure}")
    return "\n".join(lines) + "\n"


def collect(*, at: datetime) -> list[Metric]:
    """Ask the database and this process for every figure."""
    return [
        *_process_metrics(),
        *_job_metrics(at),
        *_ledger_metrics(),
        *_data_metrics(),
        *_sharing_metrics(at),
    ]


def _process_metrics() -> list[Metric]:
    counts, seconds = answers()
    by_status = _by("status", counts)
    release = _by("version", {version("staithe"): 1})
    free = float(shutil.disk_usage(settings.HOME).free)
    return [
        Metric("staithe_info", "gauge", "The release that runs.", release),
        Metric(
            "staithe_requests_total",
            "counter",
            "Answers of this process by status.",
            by_status,
        ),
        _counter("staithe_request_seconds_total", "Time this process took.", seconds),
        _gauge("staithe_home_free_bytes", "Free disk under STAITHE_HOME.", free),
    ]


def _job_metrics(at: datetime) -> list[Metric]:
    states = dict.fromkeys(JobState.values, 0)
    states |= dict(Job.objects.values_list("state").annotate(n=Count("id")))
    due = Job.objects.filter(state=JobState.QUEUED, run_after__lte=at)
    first = due.order_by("run_after").values_list("run_after", flat=True).first()
    age = (at - first).total_seconds() if first else 0.0
    return [
        Metric("staithe_jobs", "gauge", "Jobs by state.", _by("state", states)),
        _gauge(
            "staithe_job_oldest_due_seconds", "How long the job next due waits.", age
        ),
    ]


def _ledger_metrics() -> list[Metric]:
    size = log.size()
    unsigned = size - published_size()
    return [
        _counter("staithe_ledger_events_total", "Events in the ledger.", size),
        _gauge("staithe_ledger_unsigned", "Events no checkpoint covers yet.", unsigned),
    ]


def _data_metrics() -> list[Metric]:
    published = AssetVersion.objects.aggregate(n=Count("id"), bytes=Sum("bytes"))
    kinds = {"published": published["n"]}
    for name in ("identifiers", "attributes", "table"):
        kinds[name] = Grant.objects.exclude(**{f"{name}_snapshot": ""}).count()
    joins = Join.objects.exclude(key_snapshot="")
    kinds["key"] = len(joins)
    kinds["evidence"] = sum(len(join.evidence) for join in joins)
    grants = dict.fromkeys(Grant.State.values, 0)
    grants |= dict(Grant.objects.values_list("state").annotate(n=Count("id")))
    size = float(published["bytes"] or 0)
    return [
        Metric("staithe_snapshots", "gauge", "Snapshots by use.", _by("kind", kinds)),
        _gauge("staithe_published_bytes", "Bytes of published snapshots.", size),
        Metric("staithe_grants", "gauge", "Grants by state.", _by("state", grants)),
    ]


def _sharing_metrics(at: datetime) -> list[Metric]:
    waiting = Flow.objects.filter(state__in=WAITING)
    emails = {
        state: Notice.objects.filter(email_state=state).count()
        for state in (EmailState.QUEUED, EmailState.FAILED)
    }
    late = waiting.filter(due_at__lt=at).count()
    return [
        _gauge(
            "staithe_flows_waiting", "Flows that wait for a holder.", waiting.count()
        ),
        _gauge("staithe_flows_overdue", "Of those, past their due time.", late),
        Metric("staithe_emails", "gauge", "Unsent notices.", _by("state", emails)),
    ]


def _by(label: str, counts: Mapping[Any, Any]) -> dict[Labels, float]:
    return {((label, str(name)),): float(n) for name, n in counts.items()}


def _gauge(name: str, words: str, value: float) -> Metric:
    return Metric(name, "gauge", words, {(): float(value)})


def _counter(name: str, words: str, value: float) -> Metric:
    return Metric(name, "counter", words, {(): float(value)})


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
