"""withdraw_asset: out of the catalogue, with a reason that stays."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from staithe.base.errors import BadInput, Conflict, NotAllowed
from staithe.catalogue.actions import withdraw_asset
from staithe.catalogue.models import Asset
from staithe.catalogue.search import search


@pytest.fixture
def withdraw(cast, at):
    def withdraw(asset, reason="Measured wrongly.", by=cast.olive):
        return withdraw_asset(asset=asset, reason=reason, by=by, at=at)

    return withdraw


def test_it_works(cast, publish, withdraw, last_event, at):
    asset = withdraw(publish().asset)
    assert (asset.status, asset.withdrawn_at, asset.withdrawn_reason) == (
        "withdrawn",
        at,
        "Measured wrongly.",
    )
    body = last_event("catalogue:asset:withdrawn")
    assert body["asset"] == asset.reference
    assert "Measured" not in str(body)
    assert asset.versions.count() == 1


def test_it_can_no_longer_be_found(cast, publish, withdraw):
    asset = publish().asset
    assert search("roads").total == search("").total == 1
    withdraw(asset)
    assert search("roads", person=cast.olive).total == search("").total == 0


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 501, "\0"])
def test_it_needs_a_reason_that_can_be_read(publish, withdraw, reason):
    asset = publish().asset
    with pytest.raises(BadInput) as refused:
        withdraw(asset, reason)
    assert refused.value.field == "reason"
    asset.refresh_from_db()
    assert asset.status == "published"


@pytest.mark.parametrize("who", ["ann", "hal", "zed", "vera"])
def test_others_may_not(cast, publish, withdraw, who):
    with pytest.raises(NotAllowed):
        withdraw(publish().asset, by=getattr(cast, who))


def test_it_happens_once(publish, withdraw):
    asset = withdraw(publish().asset)
    with pytest.raises(Conflict, match="has been withdrawn"):
        withdraw(asset)


def test_the_database_knows_no_withdrawal_without_a_time(publish):
    asset = publish().asset
    with pytest.raises(IntegrityError), transaction.atomic():
        Asset.objects.filter(pk=asset.pk).update(status="withdrawn")
