"""An outage is told from a bug by what real drivers raise."""

from __future__ import annotations

import errno
import os
import sqlite3

import psycopg
import pytest
from django.db.utils import OperationalError

from staithe.base.outage import as_outage


def caught(call, *arguments):
    """Return what a call raises, as Django would pass it on."""
    try:
        try:
            call(*arguments)
        except Exception as error:
            raise OperationalError(*error.args) from error
    except OperationalError as wrapped:
        return wrapped
    raise AssertionError("nothing was raised")


def full_sqlite():
    con = sqlite3.connect(":memory:")
    con.execute("CREATE TABLE t (x)")
    con.execute("PRAGMA max_page_count = 2")
    con.execute("INSERT INTO t VALUES (zeroblob(100000))")


def full_disk():
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full_postgres():
    raise psycopg.errors.lookup("53100")("could not extend file")


@pytest.mark.parametrize("fill", [full_sqlite, full_disk, full_postgres])
def test_a_full_disk_is_known(fill):
    found = as_outage(caught(fill))
    assert (found.code, found.status, found.exit_code) == ("no-room", 507, 1)
    assert "Nothing of this was stored" in found.message


def no_folder():
    sqlite3.connect("/nowhere/at/all.sqlite3")


def no_server():
    psycopg.connect("postgresql://127.0.0.1:1/x", connect_timeout=2)


def locked():
    for_all = "file:away?mode=memory&cache=shared"
    first = sqlite3.connect(for_all, uri=True, isolation_level=None)
    first.execute("CREATE TABLE t (x)")
    first.execute("BEGIN EXCLUSIVE")
    sqlite3.connect(for_all, uri=True, timeout=0).execute("INSERT INTO t VALUES (1)")


@pytest.mark.parametrize("fail", [no_folder, no_server, locked])
def test_a_database_that_is_away_is_known(fail):
    assert as_outage(caught(fail)).status == 503


def no_table():
    sqlite3.connect(":memory:").execute("SELECT * FROM nothing")


def no_file():
    raise FileNotFoundError(errno.ENOENT, "no")


def cancelled():
    raise psycopg.errors.lookup("57014")("cancelled")


@pytest.mark.parametrize("fail", [no_table, no_file, cancelled, lambda: 1 / 0])
def test_a_bug_stays_a_bug(fail):
    assert as_outage(caught(fail)) is None
