"""The database itself refuses to forget or change what was recorded."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from staithe.base.errors import Conflict
from staithe.ledger import guards, queries
from staithe.ledger.actions import erase_event
from staithe.ledger.models import Checkpoint, Event, Head, Node


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)

FORBIDDEN = [
    "DELETE FROM ledger_event",
    "DELETE FROM ledger_node",
    "DELETE FROM ledger_head",
    "DELETE FROM ledger_checkpoint",
    "UPDATE ledger_event SET number = number + 10",
    "UPDATE ledger_event SET at = '2020-01-01 00:00:00+00:00'",
    "UPDATE ledger_event SET name = 'sharing:thing:unmade'",
    "UPDATE ledger_event SET actor = 'person:P-2'",
    "UPDATE ledger_event SET organisation = ''",
    "UPDATE ledger_event SET subject = 'thing:2'",
    "UPDATE ledger_event SET commitment = salt",
    "UPDATE ledger_event SET body = '{}'",
    "UPDATE ledger_event SET body = NULL",
    "UPDATE ledger_event SET salt = NULL",
    "UPDATE ledger_event SET salt = commitment",
    *(
        f"UPDATE ledger_event SET body = NULL, salt = NULL, {change}"
        for change in (
            "number = number + 10",
            "at = '2020-01-01 00:00:00+00:00'",
            "name = 'sharing:thing:unmade'",
            "actor = 'person:P-2'",
            "organisation = ''",
            "subject = 'thing:2'",
            "commitment = salt",
        )
    ),
    "UPDATE ledger_node SET hash = hash",
    "UPDATE ledger_node SET level = 9",
    "UPDATE ledger_head SET size = 0",
    "UPDATE ledger_head SET size = size",
    "UPDATE ledger_head SET id = 2",
    "UPDATE ledger_checkpoint SET text = ''",
    "INSERT INTO ledger_head (id, size) VALUES (2, 0)",
]


def execute(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_the_database_refuses(act, sql):
    act(by="person:P-1")
    queries.latest_checkpoint(at=AT)
    before = list(Event.objects.values()), list(Node.objects.values())
    with pytest.raises(IntegrityError):
        execute(sql)
    assert (list(Event.objects.values()), list(Node.objects.values())) == before


@pytest.mark.parametrize("model", [Event, Node, Head, Checkpoint])
def test_postgresql_refuses_to_truncate(act, model):
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has TRUNCATE")
    act()
    with pytest.raises(IntegrityError):
        execute(f"TRUNCATE {model._meta.db_table}")


def test_an_erased_event_cannot_be_filled_again(act):
    event = act()
    execute("UPDATE ledger_event SET body = NULL, salt = NULL")
    with pytest.raises(IntegrityError):
        execute("UPDATE ledger_event SET body = '{}', salt = commitment")
    event.refresh_from_db()
    assert (event.body, event.salt) == (None, None)


def test_erasing_is_an_event_and_the_rest_stays(act):
    event = act(by="person:P-1", secret="word")
    kept = bytes(event.commitment)
    erased = erase_event(event=event, reason_code="request", by="person:P-9", at=AT)
    assert (erased.body, erased.salt) == (None, None)
    assert bytes(Event.objects.get(number=0).commitment) == kept
    assert Event.objects.get(number=0).actor == "person:P-1"
    told = Event.objects.get(number=1)
    assert (told.name, told.actor) == ("ledger:event:erased", "person:P-9")
    assert told.subject == "event:0"
    assert "word" not in told.body


def test_an_event_is_erased_once(act):
    event = act()
    erase_event(event=event, reason_code="request", by=None, at=AT)
    with pytest.raises(Conflict):
        erase_event(event=event, reason_code="request", by=None, at=AT)
    assert Event.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_triggers_go_and_come_with_their_migration(act):
    event = act()
    with connection.schema_editor() as editor:
        guards.migrate_backwards(None, editor)
    execute("UPDATE ledger_event SET actor = 'person:P-2'")
    event.refresh_from_db()
    assert event.actor == "person:P-2"
    with connection.schema_editor() as editor:
        guards.migrate_forwards(None, editor)
    with pytest.raises(IntegrityError):
        execute("UPDATE ledger_event SET actor = 'person:P-3'")
