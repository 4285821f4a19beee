"""Who uses a home folder: each server and worker holds a shared lock on a file in it.

The system drops the lock when the process ends, however it ends, so nothing stale can
stand in the way.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import IO


NAME = ".in-use"
_HELD: list[IO[bytes]] = []  # open until the process ends


def hold(home: Path) -> None:
    """Say until this process ends that it serves from `home`."""
    with suppress(ImportError, OSError):  # a system or a disk without such locks
        import fcntl

        file = (home / NAME).open("ab")
        _HELD.append(file)
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


def is_held(home: Path) -> bool:
    """Say whether a server or a worker runs from `home`."""
    try:
        import fcntl

        with (home / NAME).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (ImportError, OSError):
        return False
    return False
