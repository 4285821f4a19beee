"""Signing in and out: silent about accounts, limited, safe about sessions."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client, RequestFactory

from staithe.base.clock import now
from staithe.base.errors import BadInput
from staithe.people import sign_in
from staithe.people.models import SignInFailure


PASSWORD = "three words together here"
pytestmark = pytest.mark.django_db


def post(client, email="ben@example.com", password=PASSWORD, **more):
    data = {"email": email, "password": password, "next": ""}
    return client.post("/sign-in", data | more.pop("data", {}), **more)


def text_of(response) -> str:
    return re.sub(
        r"csrfmiddlewaretoken\" value=\"[^\"]+", "", response.content.decode()
    )


def test_the_right_password_signs_in_in_any_case_of_the_address(cast, client):
    assert post(client, email=" BEN@example.com").status_code == 302
    assert client.get("/account").status_code == 200


def test_the_answer_is_the_same_for_a_wrong_password_and_no_account(cast, client):
    wrong = post(client, password="not the password")
    nobody = post(client, email="nobody@example.com")
    assert wrong.status_code == nobody.status_code == 422
    assert sign_in.WRONG in text_of(wrong)
    assert text_of(wrong).replace("ben@", "") == text_of(nobody).replace("nobody@", "")


def test_a_closed_account_gets_the_same_answer(cast, client):
    cast.analyst.is_active = False
    cast.analyst.save()
    response = post(client)
    assert response.status_code == 422
    assert sign_in.WRONG in text_of(response)


def test_five_failures_close_the_door_even_to_the_right_password(cast, client):
    for _ in range(sign_in.PER_PAIR):
        assert post(client, password="no").status_code == 422
    closed = post(client)
    assert closed.status_code == 429
    assert "Wait 15 minutes" in text_of(closed)
    assert "_auth_user_id" not in client.session


def test_tries_at_once_are_no_more_than_the_limit(cast, rf, monkeypatch):
    """Each is counted before its password is looked at, not after."""
    tried = []

    def authenticate(*_args, **_kwargs):
        """Look slowly: meanwhile the next one asks."""
        tried.append(1)
        with suppress(BadInput, sign_in.TooManyAttempts):
            ask()

    def ask():
        sign_in.sign_in_with_password(
            rf.post("/"), email="ben@example.com", password="no", at=now()
        )

    monkeypatch.setattr(sign_in, "authenticate", authenticate)
    with pytest.raises(BadInput):
        ask()
    assert len(tried) == sign_in.PER_PAIR


def test_the_right_password_counts_for_nothing(cast, client):
    for _ in range(sign_in.PER_ADDRESS + 1):
        assert post(client).status_code == 302
    assert not SignInFailure.objects.exists()


def test_another_person_at_another_address_is_not_shut_out(cast, client):
    for _ in range(sign_in.PER_PAIR):
        post(client, password="no")
    assert post(client, REMOTE_ADDR="192.0.2.7").status_code == 302
    assert post(Client(), email="ada@example.com").status_code == 302


def test_one_address_cannot_try_one_password_on_many_accounts(
    cast, client, monkeypatch
):
    monkeypatch.setattr(sign_in, "PER_ADDRESS", 6)
    for number in range(6):
        assert post(client, email=f"p{number}@example.com").status_code == 422
    assert post(client, email="p7@example.com").status_code == 429


def test_many_addresses_cannot_try_one_account(cast, client, monkeypatch):
    monkeypatch.setattr(sign_in, "PER_EMAIL", 6)
    for number in range(6):
        post(client, password="no", REMOTE_ADDR=f"192.0.2.{number}")
    assert post(client, REMOTE_ADDR="192.0.2.99").status_code == 429


def test_the_door_opens_again_and_old_failures_are_deleted(cast, rf):
    at = datetime(2026, 2, 1, tzinfo=UTC)
    given = {"request": rf.post("/sign-in"), "email": "ben@example.com"}
    for _ in range(sign_in.PER_PAIR):
        with pytest.raises(Exception, match="not right"):
            sign_in.sign_in_with_password(**given, password="no", at=at)
    with pytest.raises(sign_in.TooManyAttempts):
        sign_in.sign_in_with_password(**given, password=PASSWORD, at=at)
    later = at + sign_in.WINDOW
    assert sign_in.sign_in_with_password(**given, password=PASSWORD, at=later)
    with pytest.raises(Exception, match="not right"):
        sign_in.sign_in_with_password(**given, password="no", at=later)
    assert not SignInFailure.objects.filter(
        at__lte=later - timedelta(minutes=1)
    ).exists()


def test_failures_are_kept_without_the_address_or_the_email(cast, client):
    post(client, password="no")
    stored = str(list(SignInFailure.objects.values()))
    assert "ben@" not in stored
    assert "127.0.0.1" not in stored


def test_behind_a_proxy_the_last_forwarded_address_counts(settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    request = RequestFactory().get(
        "/", headers={"x-forwarded-for": "6.6.6.6, 192.0.2.1"}
    )
    assert sign_in.address_of(request) == "192.0.2.1"


def test_without_a_proxy_a_forwarded_address_is_ignored(settings):
    settings.SECURE_PROXY_SSL_HEADER = None
    request = RequestFactory().get("/", headers={"x-forwarded-for": "6.6.6.6"})
    assert sign_in.address_of(request) == "127.0.0.1"


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [
        ("/inbox?page=2", "/inbox?page=2"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("inbox", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_only_to_paths_of_this_service(cast, client, wanted, goes):
    assert post(client, data={"next": wanted}).headers["Location"] == goes


def test_a_session_planted_before_signing_in_is_not_the_one_after(cast, client):
    client.get("/invitations/x")
    session = client.session
    session["planted"] = "1"
    session.save()
    before = session.session_key
    post(client)
    assert client.session.session_key != before


def test_signing_out_needs_a_post_and_ends_the_session(cast, client):
    post(client)
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out").status_code == 302
    assert "_auth_user_id" not in client.session


def test_a_form_from_elsewhere_is_refused(cast):
    assert post(Client(enforce_csrf_checks=True)).status_code == 403


@pytest.mark.parametrize(
    "path", ["/account", "/inbox", "/people", "/account/tokens/new"]
)
def test_a_page_behind_sign_in_sends_there_and_back(db, client, path):
    response = client.get(path)
    assert response.status_code == 302
    assert response.headers["Location"] == f"/sign-in?next={path}"
