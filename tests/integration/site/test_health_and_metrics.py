"""What an operator's monitoring asks: alive, ready, and how much waits."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from staithe.base.clock import now
from staithe.jobs.actions import enqueue
from staithe.jobs.models import Job
from staithe.people.actions import create_organisation
from staithe.site import metrics, web


pytestmark = pytest.mark.django_db
TOKEN = "a-long-token-for-the-scraper"
LINE = re.compile(
    r'^([a-z_]+)(\{[a-z]+="[^"\\\n]*"(,[a-z]+="[^"\\\n]*")*\})? (-?[\d.]+)$'
)


def read(text: str) -> dict[str, float]:
    """Read the exposition format strictly: every line must be known."""
    found = {}
    for line in text.splitlines():
        if line.startswith("# "):
            assert re.match(r"^# (HELP [a-z_]+ .+|TYPE [a-z_]+ (gauge|counter))$", line)
            continue
        matched = LINE.match(line)
        assert matched, line
        found[matched[1] + (matched[2] or "")] = float(matched[4])
    return found


def scrape(client) -> dict[str, float]:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return read(answer.content.decode())


def test_healthz_answers_without_a_database(client, monkeypatch):
    monkeypatch.setattr(web, "_database_answers", lambda: pytest.fail("asked"))
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_readyz_says_that_database_and_home_answer(client):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"database": True, "home": True}


def test_readyz_is_503_while_the_database_is_away(client, monkeypatch):
    def away(*_args, **_kwargs):
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "cursor", away)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": False, "home": True}


def test_readyz_is_503_while_the_home_cannot_be_written(client, home, settings):
    settings.HOME = home / "not-there"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": True, "home": False}


def test_metrics_are_off_unless_a_token_is_set(client, settings):
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics").status_code == 404
    assert (
        client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    )


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN[:-1]]
)
def test_metrics_need_the_token_and_nothing_else_opens_them(client, settings, sent):
    settings.METRICS_TOKEN = TOKEN
    answer = client.get(
        "/metrics", headers={"Authorization": sent, "Accept": "application/json"}
    )
    assert answer.status_code == 401
    assert b"staithe_jobs" not in answer.content


def test_metrics_count_jobs_events_and_answers(client, settings):
    settings.METRICS_TOKEN = TOKEN
    before = scrape(client)
    at = now()
    enqueue("jobs:prune", arguments={}, by=None, at=at - timedelta(minutes=5))
    enqueue("jobs:prune", arguments={}, by=None, at=at)
    Job.objects.filter(pk=Job.objects.latest("pk").pk).update(
        state="failed", finished_at=at
    )
    create_organisation(name="One", kind="other", by=None, at=at)
    client.get("/nothing-here")
    after = scrape(client)
    assert after['staithe_jobs{state="queued"}'] == 1
    assert after['staithe_jobs{state="failed"}'] == 1
    assert 300 <= after["staithe_job_oldest_due_seconds"] < 400
    assert after["staithe_ledger_events_total"] == 1
    assert after["staithe_ledger_unsigned"] == 1
    missing = 'staithe_requests_total{status="404"}'
    assert after[missing] == before.get(missing, 0) + 1
    assert after["staithe_home_free_bytes"] > 0
    assert after["staithe_flows_overdue"] == 0


def test_a_label_cannot_break_the_format():
    wild = metrics.Metric("staithe_x", "gauge", "x", {(("name", 'a"b\\c\nd'),): 1.0})
    assert metrics.to_text([wild]).splitlines()[-1] == (
        r'staithe_x{name="a\"b\\c\nd"} 1'
    )
