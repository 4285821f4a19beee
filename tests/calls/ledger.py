"""Calls of the ledger room."""

from __future__ import annotations

from staithe.demo.story import Scene
from staithe.ledger.actions import erase_event, rotate_key
from staithe.ledger.models import Event


def call(told: Scene) -> None:
    """Erase an event's body and change the signing key."""
    overseer = told.cast["overseer"]
    event = Event.objects.get(number=3)
    erase_event(event=event, reason_code="test", by=overseer, at=told.later())
    rotate_key(by=overseer, at=told.later())
