"""A commitment binds every part of an event and reveals none of it."""

from __future__ import annotations

import hmac
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.ledger import entry
from staithe.ledger.entry import Entry


ENTRY = Entry(
    number=7,
    at="2026-01-31T09:00:00Z",
    name="sharing:request:submitted",
    actor="person:P-1",
    organisation="ons",
    subject="request:REQ-1",
    body={"rows": 3},
)
SALT = bytes(range(32))
NAIVE = datetime(2026, 1, 31, 9)  # noqa: DTZ001  refusing it is the claim


class Colour(StrEnum):
    RED = "red"


class OldColour(str, Enum):  # noqa: UP042  its str() is not its value: the claim
    RED = "red"


def test_the_commitment_is_an_hmac_over_sorted_compact_json():
    text = (
        '{"actor":"person:P-1","at":"2026-01-31T09:00:00Z","body":{"rows":3},'
        '"name":"sharing:request:submitted","number":7,"organisation":"ons",'
        '"subject":"request:REQ-1"}'
    )
    assert entry.to_json(ENTRY) == text.encode()
    expected = hmac.new(SALT, text.encode(), "sha256").digest()
    assert entry.commitment(ENTRY, salt=SALT) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"number": 8},
        {"at": "2026-01-31T09:00:01Z"},
        {"name": "sharing:request:withdrawn"},
        {"actor": "person:P-2"},
        {"organisation": ""},
        {"subject": "request:REQ-2"},
        {"body": {"rows": 4}},
    ],
)
def test_every_part_of_an_event_is_committed_to(change):
    other = entry.commitment(replace(ENTRY, **change), salt=SALT)
    assert other != entry.commitment(ENTRY, salt=SALT)


def test_two_salts_hide_that_two_events_are_alike():
    first, second = entry.new_salt(), entry.new_salt()
    assert len(first) == 32
    assert entry.commitment(ENTRY, salt=first) != entry.commitment(ENTRY, salt=second)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        (3, 3),
        ("é", "é"),
        (Colour.RED, "red"),
        (OldColour.RED, "red"),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 9, tzinfo=UTC), "2026-01-31T09:00:00Z"),
        (
            datetime(2026, 1, 31, 9, tzinfo=timezone(timedelta(hours=1))),
            "2026-01-31T08:00:00Z",
        ),
        (Decimal("1.10"), "1.10"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ((1, [2, {"a": date(2026, 1, 1)}]), [1, [2, {"a": "2026-01-01"}]]),
    ],
)
def test_values_become_plain_json(value, plain):
    found = entry.to_plain(value)
    assert found == plain
    assert type(found) is type(plain)


@pytest.mark.parametrize("value", [1.5, b"x", {1, 2}, {1: 2}, [0.0], NAIVE])
def test_what_has_no_one_spelling_is_refused(value):
    with pytest.raises(TypeError):
        entry.to_plain(value)


plain_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(plain_json)
def test_canonical_json_is_read_back_and_no_other_spelling(value):
    text = entry.to_canonical(value).decode()
    assert entry.read_canonical(text) == value
    spaced = json.dumps(value, indent=1, ensure_ascii=False)
    if spaced != text:
        with pytest.raises(ValueError, match="canonical"):
            entry.read_canonical(spaced)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        ' {"a":1}',
        '{"b":1,"a":2}',
        '{"a":1,"a":1}',
        '{"a":1.0}',
        '"\\u00e9"',
        "NaN",
        "[1e400]",
        "1" * 5000,
        "9" * 20,
        '"\\ud800"',
        "[" * 100_000,
    ],
)
def test_hostile_json_is_a_value_error(text):
    with pytest.raises(ValueError):
        entry.read_canonical(text)
