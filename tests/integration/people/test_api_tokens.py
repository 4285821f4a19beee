"""Tokens of programs: shown once, hashed, limited in time, revoked at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from staithe.base.errors import BadInput, Conflict, NotAllowed, NotSignedIn
from staithe.people import actions
from staithe.people.models import ApiToken
from staithe.people.tokens import authenticate_bearer


AT = datetime(2026, 2, 1, 10, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def make_token(person, **changes):
    given = {"person": person, "name": "laptop", "by": person, "at": AT}
    return actions.create_token(**(given | changes))


def test_a_token_names_its_owner(cast):
    token, secret = make_token(cast.analyst)
    assert authenticate_bearer(f"Bearer {secret}", at=AT) == cast.analyst
    assert secret.startswith("staithe_")
    assert secret.startswith(token.prefix)


def test_only_its_hash_is_stored(cast):
    token, secret = make_token(cast.analyst)
    stored = str(ApiToken.objects.filter(pk=token.pk).values().get())
    assert secret not in stored
    assert secret.removeprefix("staithe_")[8:] not in stored


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s[:-1],
        lambda s: s + "x",
        lambda s: s.swapcase(),
        lambda s: "",
        lambda s: "staithe_",
    ],
)
def test_a_changed_token_is_nobody(cast, change):
    _, secret = make_token(cast.analyst)
    with pytest.raises(NotSignedIn):
        authenticate_bearer(f"Bearer {change(secret)}", at=AT)


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "bearer  "])
def test_a_header_of_another_kind_is_refused_saying_how(cast, header):
    with pytest.raises(NotSignedIn, match="Authorization: Bearer"):
        authenticate_bearer(header, at=AT)


def test_it_ends_on_its_day(cast):
    _, secret = make_token(cast.analyst, days=1)
    day = AT + timedelta(days=1)
    assert authenticate_bearer(f"Bearer {secret}", at=day - timedelta(seconds=1))
    with pytest.raises(NotSignedIn):
        authenticate_bearer(f"Bearer {secret}", at=day)


def test_revoking_works_at_once_and_is_for_the_owner(cast):
    token, secret = make_token(cast.analyst)
    with pytest.raises(NotAllowed):
        actions.revoke_token(token=token, by=cast.admin, at=AT)
    actions.revoke_token(token=token, by=cast.analyst, at=AT)
    with pytest.raises(NotSignedIn):
        authenticate_bearer(f"Bearer {secret}", at=AT)
    with pytest.raises(Conflict):
        actions.revoke_token(token=token, by=cast.analyst, at=AT)


def test_a_closed_account_has_no_tokens_that_work(cast):
    _, secret = make_token(cast.analyst)
    cast.analyst.is_active = False
    cast.analyst.save()
    with pytest.raises(NotSignedIn):
        authenticate_bearer(f"Bearer {secret}", at=AT)


def test_nobody_makes_a_token_for_someone_else(cast):
    with pytest.raises(NotAllowed):
        make_token(cast.analyst, by=cast.root)


@pytest.mark.parametrize("wrong", [{"days": 0}, {"days": 366}, {"name": "  "}])
def test_nonsense_is_refused(cast, wrong):
    with pytest.raises(BadInput):
        make_token(cast.analyst, **wrong)
    assert not ApiToken.objects.exists()


def test_there_is_a_limit_to_how_many(cast, monkeypatch):
    monkeypatch.setattr(actions, "MAX_TOKENS", 2)
    make_token(cast.analyst)
    make_token(cast.analyst)
    with pytest.raises(Conflict, match="revoke one"):
        make_token(cast.analyst)


def test_use_is_noted_but_not_on_every_request(cast):
    token, secret = make_token(cast.analyst)
    for minutes, noted in ((0, 0), (5, 0), (11, 11)):
        authenticate_bearer(f"Bearer {secret}", at=AT + timedelta(minutes=minutes))
        token.refresh_from_db()
        assert token.last_used_at == AT + timedelta(minutes=noted)
