"""What an operator must mend, told from a bug: a full disk, a database that is away.

Drivers say it each in their own way, and Django wraps what they say. So the whole
chain of an error is looked at, by the codes that drivers give and by no wording.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator

from staithe.base.errors import UserError


# EFBIG: an operator's limit on the size of files, which ends a write just so.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_SQLITE_FULL = 13  # https://sqlite.org/rescode.html#full
_SQLITE_IO = 10  # what a write beyond such a limit gives
_SQLITE_WRONG = 1  # SQL that cannot run: a bug
_PRIMARY = 0xFF  # the low byte of SQLite's extended codes
_POSTGRES_FULL = "53100"  # disk_full, PostgreSQL Appendix A
_POSTGRES_AWAY = ("08", "57P", "53300")  # no connection, shutting down, too many


class NoRoom(UserError):
    """Nothing more can be stored; what was under way was undone (RFC 4918, 11.5)."""

    status = 507
    exit_code = 1
    code = "no-room"


class DatabaseAway(UserError):
    """The database does not answer."""

    status = 503
    exit_code = 1
    code = "database-away"


FULL = (
    "The disk of this service is full. Nothing of this was stored. "
    "Try again when its operator has made room."
)
AWAY = "The database does not answer. Nothing of this was stored. Try again soon."


def as_outage(error: BaseException) -> UserError | None:
    """Return the sentence for an outage, or None for anything else."""
    for each in _chain(error):
        if _says_full(each):
            return NoRoom(FULL)
    if any(_says_away(each) for each in _chain(error)):
        return DatabaseAway(AWAY)
    return None


def _says_away(error: BaseException) -> bool:
    if all(kind.__name__ != "OperationalError" for kind in type(error).__mro__):
        return False
    if (code := _sqlite_code(error)) is not None:
        return code != _SQLITE_WRONG
    if hasattr(error, "sqlstate"):
        return str(error.sqlstate or _POSTGRES_AWAY[0]).startswith(_POSTGRES_AWAY)
    return False  # Django's wrapper: the driver's own error is its cause


def _sqlite_code(error: BaseException) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else int(code) & _PRIMARY


def _says_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in _NO_ROOM
    if (code := _sqlite_code(error)) is not None:
        return code in {_SQLITE_FULL, _SQLITE_IO}
    return bool(getattr(error, "sqlstate", None) == _POSTGRES_FULL)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
