"""What the service writes about itself: enough to help, nothing to steal."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest
import structlog

from staithe.base.clock import now
from staithe.people import web as people_web
from staithe.people.actions import create_organisation, create_token, invite
from staithe.people.models import Person
from staithe.site import web as site_web
from staithe.site.logs import configure_logs, without_secrets


pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(monkeypatch):
    """Log as the service does; return what was written so far, as JSON."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    root = logging.getLogger()
    before = (root.level, root.handlers[:], structlog.get_config())
    root.handlers.clear()  # those of pytest, which must not be closed
    configure_logs()
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    structlog.configure(**before[2])


def test_each_request_is_one_line_without_query_or_body(visitor, lines):
    answer = visitor.get("/catalogue?q=secret-words")
    [line] = [line for line in lines() if line["event"] == "request"]
    assert line["method"] == "GET"
    assert line["path"] == "/catalogue"
    assert line["status"] == 200
    assert line["ms"] >= 0
    assert line["level"] == "info"
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert "secret-words" not in json.dumps(line)


def test_a_one_time_link_is_nowhere_in_the_log(visitor, lines):
    body = create_organisation(name="One", kind="other", by=None, at=now())
    _, secret = invite(
        organisation=body,
        role="administrator",
        email="a@example.org",
        name="A",
        by=None,
        at=now(),
    )
    for address in (f"/invitations/{secret}", f"/invitations/{secret}x"):
        visitor.get(address)
        visitor.post(address)
        visitor.get(address, headers={"Host": "evil.example"})
    text = json.dumps(lines())
    assert "/invitations/" in text
    assert secret not in text


def test_a_token_and_a_password_are_nowhere_in_the_log(
    visitor, lines, stranger: Person
):
    _, secret = create_token(person=stranger, name="t", by=stranger, at=now())
    bearer = {"Authorization": f"Bearer {secret}"}
    visitor.get("/api/v1/me", headers=bearer)
    visitor.post(
        "/api/v1/projects", "{", content_type="application/json", headers=bearer
    )
    visitor.post("/sign-in", {"email": "zed@example.org", "password": "my password 1"})
    text = json.dumps(lines())
    assert "/api/v1/me" in text
    assert secret not in text
    assert "my password" not in text
    assert "zed@example.org" not in text


def test_a_bug_is_logged_with_its_trace_as_one_line(visitor, lines, monkeypatch):
    def broken(*_args, **_kwargs):
        raise ZeroDivisionError("at the worst time")

    monkeypatch.setattr(site_web, "render_page", broken)
    answer = visitor.get("/")
    assert answer.status_code == 500
    bug, request = lines()
    assert (bug["level"], request["status"]) == ("error", 500)
    assert "ZeroDivisionError: at the worst time" in bug["exception"]
    assert bug["request_id"] == request["request_id"]


def test_a_bug_at_a_one_time_link_does_not_log_it(visitor, lines, monkeypatch):
    def broken(*_args, **_kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(people_web, "get_open_invitation", broken)
    assert visitor.get("/invitations/abcdef").status_code == 500
    text = json.dumps(lines())
    assert "ZeroDivisionError" in text
    assert "abcdef" not in text


def test_only_the_secret_part_of_an_address_is_hidden():
    assert without_secrets("/invitations/abc") == "/invitations/…"
    assert without_secrets("x /invitations/abc?y=1 z") == "x /invitations/…?y=1 z"
    assert without_secrets("/invitation") == "/invitation"
    assert without_secrets("/catalogue/invitations") == "/catalogue/invitations"
