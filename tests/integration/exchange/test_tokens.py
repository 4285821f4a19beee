"""Tokens: made for oneself, shown once, bounded in time, ended by their owner."""

from __future__ import annotations

from datetime import timedelta

import pytest

from staithe.base.errors import Conflict, NotAllowed
from staithe.exchange.actions import issue_recipient, revoke_recipient
from staithe.exchange.actions.recipients import TOKEN_DAYS, hash_token
from staithe.exchange.models import Recipient
from staithe.exchange.policies import check_recipient
from staithe.exchange.sharing_server import get_recipient
from staithe.ledger.queries import events


pytestmark = pytest.mark.django_db


def test_a_token_is_kept_as_a_digest_and_recorded_without_it(one):
    world, grant = one
    recipient, token = issue_recipient(grant=grant, by=world.ann, at=world.later())
    row = Recipient.objects.get(pk=recipient.pk)
    assert row.token_hash == hash_token(token)
    (event,) = events(name="exchange:recipient:issued")
    kept = repr(vars(row)) + event.body
    assert token not in kept
    assert row.token_hash not in event.body
    assert event.organisation == "work"


def test_a_token_is_good_for_ninety_days_or_until_the_agreement_ends(one):
    world, grant = one
    recipient, token = issue_recipient(grant=grant, by=world.ann, at=world.later())
    assert recipient.expires_at == world.at + timedelta(days=TOKEN_DAYS)
    check_recipient(recipient, at=recipient.expires_at - timedelta(seconds=1))
    with pytest.raises(NotAllowed, match="expired"):
        check_recipient(recipient, at=recipient.expires_at)
    late = grant.expires_at - timedelta(days=1)
    recipient, _ = issue_recipient(grant=grant, by=world.ann, at=late)
    assert recipient.expires_at == grant.expires_at
    assert get_recipient(f"Bearer {token}", at=world.at).person == world.ann


@pytest.mark.parametrize("who", ["cat", "olive", "ruth", "vera", "sam"])
def test_only_people_in_the_terms_get_a_token(one, who):
    world, grant = one
    with pytest.raises(NotAllowed):
        issue_recipient(grant=grant, by=getattr(world, who), at=world.later())
    assert not Recipient.objects.exists()


def test_its_owner_ends_it_once(one):
    world, grant = one
    recipient, token = issue_recipient(grant=grant, by=world.ann, at=world.later())
    with pytest.raises(NotAllowed):
        revoke_recipient(recipient=recipient, by=world.bob, at=world.later())
    revoke_recipient(recipient=recipient, by=world.ann, at=world.later())
    with pytest.raises(NotAllowed, match="revoked"):
        get_recipient(f"Bearer {token}", at=world.at)
    with pytest.raises(Conflict):
        revoke_recipient(recipient=recipient, by=world.ann, at=world.later())
    assert events(name="exchange:recipient:revoked").count() == 1
