"""Keys of projects: only the holder named can open one; what is destroyed stays so."""

from __future__ import annotations

import datetime as dt
import stat
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import BadInput, Conflict
from staithe.linkage.private.custody import (
    ProjectKey,
    Ring,
    make_holder,
    open_sealed,
    read_private,
    read_public,
    read_sealed,
    seal,
)


AT = dt.datetime(2026, 11, 27, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("holders")
    found = []
    for name in ("health", "schools"):
        make_holder(folder / f"{name}.key")
        found.append(folder / f"{name}.key")
    return found


def opened(path, holder):
    return open_sealed(read_sealed(path), read_private(holder))


def public(holder):
    return read_public(holder.with_suffix(".pub"))


@given(key=st.binary(min_size=32, max_size=32), version=st.integers(1, 9))
def test_only_the_holder_named_opens_a_seal(pair, key, version):
    one, other = pair
    sealed = seal(ProjectKey("housing", version, key), public(one))
    assert open_sealed(sealed, read_private(one)) == ProjectKey("housing", version, key)
    with pytest.raises(BadInput, match="another holder"):
        open_sealed(sealed, read_private(other))


@pytest.mark.parametrize(
    "change",
    [
        {"project": "health"},
        {"version": 2},
        {"sealed": "AAAA"},
        {"ephemeral": "not base 64"},
        {"ephemeral": "AAAA"},
    ],
)
def test_a_changed_seal_does_not_open(pair, change):
    sealed = seal(ProjectKey("housing", 1, bytes(32)), public(pair[0]))
    with pytest.raises(BadInput, match="cannot be opened"):
        open_sealed(replace(sealed, **change), read_private(pair[0]))


def test_holders_open_the_same_key_and_files_are_private(pair, tmp_path):
    made = Ring(tmp_path, "housing").make([public(each) for each in pair])
    keys = {opened(path, holder).key for path in made for holder in fitting(path, pair)}
    assert len(made) == 2
    assert len(keys) == 1
    for path in [*made, *pair]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def fitting(path, holders):
    from staithe.linkage.private.custody import fingerprint

    return [h for h in holders if fingerprint(public(h)) == read_sealed(path).holder]


def test_two_projects_have_two_keys(pair, tmp_path):
    one, two = (Ring(tmp_path, name).make([public(pair[0])])[0] for name in ("a", "b"))
    assert opened(one, pair[0]).id != opened(two, pair[0]).id


def test_rotation_puts_a_new_key_in_place_of_the_old(pair, tmp_path):
    ring = Ring(tmp_path, "housing")
    old = ring.make([public(pair[0])])[0]
    before = opened(old, pair[0])
    new = ring.rotate([public(pair[0])])[0]
    after = opened(new, pair[0])
    assert (before.version, after.version) == (1, 2)
    assert before.key != after.key
    assert not old.exists()


def test_a_destroyed_project_has_no_key_and_never_another(pair, tmp_path):
    ring = Ring(tmp_path, "housing")
    ring.make([public(each) for each in pair])
    assert ring.destroy(at=AT) == 2
    assert not list(tmp_path.rglob("*.sealed"))
    for attempt in (
        lambda: ring.make([public(pair[0])]),
        lambda: ring.rotate([public(pair[0])]),
        lambda: ring.destroy(at=AT),
    ):
        with pytest.raises(Conflict, match="destroyed"):
            attempt()


def test_what_cannot_be_done_with_a_ring_is_said(pair, tmp_path):
    ring = Ring(tmp_path, "housing")
    for attempt in (
        lambda: ring.rotate([public(pair[0])]),
        lambda: ring.destroy(at=AT),
    ):
        with pytest.raises(Conflict, match="no key"):
            attempt()
    with pytest.raises(BadInput, match="at least one holder"):
        ring.make([])
    ring.make([public(pair[0])])
    with pytest.raises(Conflict, match="rotate"):
        ring.make([public(pair[0])])
    with pytest.raises(BadInput, match="letters"):
        Ring(tmp_path, "../elsewhere")


def test_a_key_does_not_show_itself(tmp_path):
    key = ProjectKey("housing", 1, b"\xabsecret" * 4 + bytes(4))
    assert "secret" not in repr(key)


@pytest.mark.parametrize("text", ["", "AAAA", "not a key", "\x00"])
def test_a_file_that_is_no_key_is_refused(tmp_path, text):
    path = tmp_path / "some.key"
    path.write_text(text)
    with pytest.raises(BadInput, match="no key of a holder"):
        read_private(path)
    with pytest.raises(BadInput, match="no sealed key"):
        read_sealed(path)


def test_an_unknown_format_is_refused(tmp_path):
    path = tmp_path / "x.sealed"
    path.write_text(
        '{"project":"a","version":1,"holder":"","ephemeral":"","sealed":"","format":9}'
    )
    with pytest.raises(BadInput, match="format"):
        read_sealed(path)


def test_a_holder_is_never_written_over(pair):
    with pytest.raises(BadInput, match="exists already"):
        make_holder(pair[0])
