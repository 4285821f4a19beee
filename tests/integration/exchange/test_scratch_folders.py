"""Scratch folders hold identifiers for a while: they go with their work, or the next."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from django.conf import settings

from staithe.exchange.storage import scratch_folder


def names() -> set[str]:
    return {path.name for path in (settings.HOME / "scratch").iterdir()}


def test_a_folder_is_private_and_gone_afterwards():
    with scratch_folder() as folder:
        (folder / "people.parquet").write_bytes(b"names")
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert names() == set()


def test_it_is_gone_when_the_work_fails_too():
    with pytest.raises(OSError, match="space"):
        fail_at_work()
    assert names() == set()


def fail_at_work() -> None:
    with scratch_folder() as folder:
        (folder / "people.parquet").write_bytes(b"names")
        raise OSError("no space left on device")


def test_work_going_on_keeps_its_folder():
    with scratch_folder() as mine, scratch_folder() as theirs:
        assert {mine.name, theirs.name} == names()
        with scratch_folder():
            assert mine.exists()
            assert theirs.exists()


KILLED = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "staithe.site.settings"
os.environ["STAITHE_HOME"] = sys.argv[1]
import django
django.setup()
from staithe.exchange.storage import scratch_folder
with scratch_folder() as folder:
    (folder / "people.parquet").write_bytes(b"names")
    print(folder.name, flush=True)
    sys.stdin.read()
"""


def test_the_folder_of_a_killed_process_goes_with_the_next_work():
    """While the other process lives its folder stays; after kill -9 it goes."""
    program = [sys.executable, "-c", textwrap.dedent(KILLED), str(settings.HOME)]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        name = other.stdout.readline().strip()
        try:
            with scratch_folder():
                assert name in names()
        finally:
            other.kill()
            other.wait()
    assert name in names()
    with scratch_folder():
        assert name not in names()
