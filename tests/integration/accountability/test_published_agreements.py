"""A share is an entry in the public register from the moment that both sides accept."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from staithe.registers import reading
from staithe.registers.models import Register
from staithe.sharing.actions import end_expired, revoke_agreement
from staithe.sharing.models import Agreement


START = datetime.fromisoformat("2026-01-05T09:00:00Z")
DAY = timedelta(days=1)
PLACE = "/registers/information-sharing-agreement"

pytestmark = pytest.mark.django_db


def record(client, agreement) -> dict:
    return client.get(f"{PLACE}/v2/records/{agreement.reference}").json()


def test_an_accepted_agreement_is_public_with_bodies_and_no_people(world, client):
    agreement = world.agree(world.flow())
    found = record(client, agreement)
    assert found["controller-names"] == ["Revenue Board"]
    assert found["processor-names"] == ["Statistics Board"]
    assert found["purpose"] == "Find which courses lead to work."
    assert found["legal-power-disclosure"]
    assert found["end-date"] == "2027-12-31"
    text = json.dumps(found)
    for hidden in ("Ann", "Olive", "pay_band", "secret_sector", "surname"):
        assert hidden not in text
    assert agreement.reference in client.get(f"{PLACE}/records").text
    assert client.get(f"{PLACE}/checkpoint").status_code == 200


def test_an_offer_is_not_and_an_end_is_another_entry(world, client):
    from staithe.sharing import actions

    flow = world.flow()
    actions.decide_flow(
        flow=flow, outcome="agree", reason="Yes.", by=world.olive, at=START + DAY
    )
    offer = actions.offer_agreement(
        flow=flow, ends_on=START.date() + 90 * DAY, by=world.olive, at=START + DAY
    )
    assert not Register.objects.exists()
    revoke_agreement(agreement=offer, reason="x", by=world.olive, at=START + DAY)
    assert not Register.objects.exists()
    accepted = world.agree(world.flow(asset=world.jobs))
    revoke_agreement(
        agreement=accepted, reason="Not needed", by=world.olive, at=START + 5 * DAY
    )
    assert record(client, accepted)["end-date"] == "2026-01-10"
    register = Register.objects.get(name="information-sharing-agreement")
    assert len(reading.trail(register.pk, accepted.reference)) == 2


def test_an_end_by_the_clock_says_nothing_that_was_not_said(world, client):
    agreement = world.agree(world.flow())
    end_expired(at=datetime.fromisoformat("2028-01-01T00:00:00Z"))
    register = Register.objects.get(name="information-sharing-agreement")
    assert len(reading.trail(register.pk, agreement.reference)) == 1


def test_nothing_stands_in_the_way_of_a_revocation(world, client):
    agreement = world.agree(world.flow())
    Agreement.objects.filter(pk=agreement.pk).update(terms={"damaged": True})
    revoke_agreement(
        agreement=agreement, reason="Now", by=world.olive, at=START + 5 * DAY
    )
    assert record(client, agreement)["end-date"] == "2026-01-10"
    other = world.agree(world.flow())
    Register.objects.update(ended_on=START.date(), end_reason="Elsewhere")
    revoke_agreement(agreement=other, reason="x", by=world.olive, at=START + 6 * DAY)
    agreed = world.agree(world.flow())
    assert agreed.state == "in-force"
