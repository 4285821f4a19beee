"""Custody of project keys: made once, whole, private, and gone when destroyed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from staithe.base.errors import Damaged
from staithe.exchange.keys import (
    KEY_BYTES,
    destroy_project_key,
    ensure_project_key,
    key_path,
)


def test_a_key_is_made_once_and_kept(tmp_path: Path):
    first = ensure_project_key(tmp_path, "PRJ-1")
    assert len(first) == KEY_BYTES
    assert ensure_project_key(tmp_path, "PRJ-1") == first
    assert ensure_project_key(tmp_path, "PRJ-2") != first


def test_only_the_service_can_read_a_key(tmp_path: Path):
    ensure_project_key(tmp_path / "keys", "PRJ-1")
    path = key_path(tmp_path / "keys", "PRJ-1")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["PRJ-1.key"], "no part is left"


def test_a_given_key_is_used_only_where_there_is_none(tmp_path: Path):
    key = b"k" * KEY_BYTES
    assert ensure_project_key(tmp_path, "PRJ-1", key=key) == key
    assert ensure_project_key(tmp_path, "PRJ-1", key=b"l" * KEY_BYTES) == key


def test_of_workers_that_come_at_once_all_get_one_key(tmp_path: Path):
    with ThreadPoolExecutor(16) as pool:
        made = list(
            pool.map(lambda _: ensure_project_key(tmp_path, "PRJ-1"), range(64))
        )
    assert len(set(made)) == 1


@pytest.mark.parametrize("bytes_left", [0, 1, 31, 33])
def test_half_a_key_is_refused_and_never_used(tmp_path: Path, bytes_left: int):
    ensure_project_key(tmp_path, "PRJ-1")
    key_path(tmp_path, "PRJ-1").write_bytes(b"k" * bytes_left)
    with pytest.raises(Damaged, match="PRJ-1"):
        ensure_project_key(tmp_path, "PRJ-1")


def test_a_destroyed_key_does_not_come_back(tmp_path: Path):
    first = ensure_project_key(tmp_path, "PRJ-1")
    destroy_project_key(tmp_path, "PRJ-1")
    destroy_project_key(tmp_path, "PRJ-1")
    assert ensure_project_key(tmp_path, "PRJ-1") != first
