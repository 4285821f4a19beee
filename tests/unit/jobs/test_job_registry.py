"""Kinds of job: one handler each, backoff that grows and ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.jobs import registry


@pytest.fixture
def kinds(monkeypatch):
    """Give an empty registry for one test."""
    empty: dict[str, registry.JobKind] = {}
    monkeypatch.setattr(registry, "_KINDS", empty)
    return empty


def test_a_handler_is_found_under_its_name(kinds):
    @registry.job("test:one", label="One", max_attempts=2, every_seconds=60)
    def one(context):
        """Do nothing."""

    kind = registry.get_kind("test:one")
    assert (kind.handler, kind.label, kind.max_attempts) == (one, "One", 2)
    assert registry.all_kinds() == [kind]


def test_two_handlers_for_one_name_are_refused(kinds):
    registry.job("test:one")(lambda context: None)

    def another(context):
        """Do nothing."""

    with pytest.raises(ValueError, match="two handlers"):
        registry.job("test:one")(another)


def test_an_unknown_kind_is_a_bug_where_it_is_required(kinds):
    assert registry.find_kind("test:none") is None
    with pytest.raises(LookupError, match="test:none"):
        registry.get_kind("test:none")


def test_backoff_starts_at_five_seconds():
    assert [registry.backoff_seconds(n) for n in (1, 2, 3)] == [5, 20, 80]


@given(st.integers(0, 60))
def test_backoff_never_shrinks_and_never_passes_ten_minutes(attempts):
    now, later = (registry.backoff_seconds(n) for n in (attempts, attempts + 1))
    assert 5 <= now <= later <= 600
