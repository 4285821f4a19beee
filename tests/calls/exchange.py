"""Calls of the exchange room, and of the ends of agreements: these come last."""

from __future__ import annotations

import pytest

from staithe.base.errors import UserError
from staithe.demo.story import Scene
from staithe.exchange import actions as exchange
from staithe.exchange.models import Grant, Join
from staithe.sharing import actions as sharing


def call(told: Scene) -> None:
    """Open and close doors, fail and begin again, revoke and end."""
    amara, owner = told.cast["requester"], told.cast["owner"]
    dws, nhb = told.agreements
    grant = Grant.objects.get(agreement=dws)
    recipient, _ = exchange.issue_recipient(grant=grant, by=amara, at=told.later())
    exchange.record_read(
        recipient=recipient, kind="delta-sharing", rows=1, at=told.later()
    )
    exchange.revoke_recipient(recipient=recipient, by=amara, at=told.later())
    join = exchange.ask_join(project=told.project, by=amara, at=told.later())
    exchange.fail_join(join=join, problem="Broken on purpose", by=None, at=told.later())
    sharing.revoke_agreement(
        agreement=dws, reason="The purpose has ended.", by=owner, at=told.later()
    )
    sharing.end_agreement(
        agreement=nhb, reason="No longer needed.", by=amara, at=told.later()
    )
    states = set(Grant.objects.values_list("state", flat=True))
    assert states == {Grant.State.REVOKED, Grant.State.EXPIRED}
    with pytest.raises(UserError):
        exchange.ask_join(project=told.project, by=amara, at=told.later())
    assert not Join.objects.exclude(key_snapshot="").exists()
    preparing = Grant.objects.get(pk=grant.pk)
    Grant.objects.filter(pk=grant.pk).update(state=Grant.State.PREPARING)
    preparing.refresh_from_db()
    exchange.fail_grant(
        grant=preparing, problem="Broken on purpose", by=None, at=told.later()
    )
    Grant.objects.filter(pk=grant.pk).update(closed_at=None)
    exchange.prepare_again(grant=preparing, by=amara, at=told.later())
