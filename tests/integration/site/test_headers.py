"""Every answer, whatever it is, carries the headers that keep a browser safe."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import make_password

from staithe.base.clock import now
from staithe.people.models import Person
from staithe.site.middleware import POLICY


pytestmark = pytest.mark.django_db
PAGES = ["/", "/catalogue", "/sign-in", "/nothing-here", "/projects", "/healthz"]
PAGES += ["/api/v1/organisations", "/api/v1/nothing-here", "/ledger/checkpoint"]


@pytest.mark.parametrize("address", PAGES)
def test_every_answer_carries_them(visitor, address):
    answer = visitor.get(address)
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Permissions-Policy"]
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize("address", ["/", "/catalogue", "/projects", "/api/v1/me"])
def test_nothing_behind_sign_in_may_be_cached(signed_in_stranger, address):
    answer = signed_in_stranger.get(address)
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_policy_lets_no_inline_or_foreign_code_run():
    rules = dict(rule.strip().split(" ", 1) for rule in POLICY.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert rules["form-action"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert "unsafe" not in POLICY
    assert "http" not in POLICY


def test_no_page_carries_inline_script_or_style(visitor):
    for address in PAGES[:4]:
        text = visitor.get(address).content.decode()
        assert " style=" not in text
        assert "<style" not in text
        for tag in text.split("<script")[1:]:
            assert "src=" in tag.partition(">")[0]


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(visitor):
    password = "a good long phrase"
    person = Person.objects.create(name="A", email="a@example.org", created_at=now())
    Person.objects.filter(pk=person.pk).update(password=make_password(password))
    visitor.post("/sign-in", {"email": "a@example.org", "password": password})
    for name in ("sessionid", "csrftoken"):
        assert visitor.cookies[name]["httponly"]
        assert visitor.cookies[name]["samesite"] == "Lax"


def test_with_https_cookies_and_transport_are_strict(settings):
    from staithe.site import settings as ours

    assert ours.SESSION_COOKIE_SECURE == ours.HTTPS == ours.CSRF_COOKIE_SECURE
    assert bool(ours.SECURE_HSTS_SECONDS) == ours.HTTPS
