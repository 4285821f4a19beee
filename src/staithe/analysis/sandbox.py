"""Ask a question of a project's data and get only what disclosure control lets out.

Each query runs in its own child process (`worker.py`), which is killed with its whole
group when its time is up. What comes back is cell statistics and who was counted in
which cell; nobody sees either before the table is protected (asking.py).
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from staithe.analysis.limits import Limits
from staithe.analysis.worker import COUNTED, COUNTED_TYPES, OF_THE_TEXT, UNSTEADY
from staithe.base.errors import (
    AnswerIsNo,
    BadInput,
    Damaged,
    NotFound,
    TooLarge,
    UserError,
)
from staithe.disclosure.seen import Counted
from staithe.disclosure.tabulate import table_from_rows


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from staithe.analysis.spec import TableSpec
    from staithe.disclosure.cells import Table
    from staithe.disclosure.policy import OutputPolicy


READ_AT_ONCE = 65_536
DEFAULT_LIMITS = Limits()


class BadQuestion(BadInput):
    """What is wrong follows from the question's text, so its words may be shown."""


class NotConfined(AnswerIsNo):
    """This machine cannot run a query safely, whatever it asks."""


OUTCOMES: dict[str, tuple[type[UserError], str, str]] = {  # kind, words, code
    "damaged": (
        Damaged,
        "The project's data file cannot be opened as a database.",
        "damaged",
    ),
    "memory": (
        TooLarge,
        "The query needed more memory than it may use: read fewer rows or columns.",
        "out-of-memory",
    ),
    "size": (
        TooLarge,
        "The answer is too large: use fewer categories.",
        "too-large",
    ),
    "values": (
        BadInput,
        (
            "A value could not be converted or computed as the query asks: try TRY_CAST, "
            "and check the types of the columns."
        ),
        "bad-input",
    ),
    "walls": (
        NotConfined,
        (
            "This machine cannot confine a query to its own data (it needs Linux with "
            "Landlock), so none is run. Ask whoever runs the service."
        ),
        "not-confined",
    ),
    "stopped": (
        TooLarge,
        "The query used more time or memory than it may and was stopped.",
        "stopped",
    ),
}
NAMED = {kind.__name__: kind for kind in (BadInput, TooLarge, Damaged)}


@dataclass(frozen=True)
class QueryResult:
    """Unprotected statistics and who is in them: for protection and nothing else."""

    table: Table
    counted: Counted
    milliseconds: int
    walls: dict[str, str]
    tables: tuple[str, ...] = ()


@dataclass(frozen=True)
class DescribedTable:
    """A table's name and its columns with their types; never a value."""

    name: str
    columns: list[tuple[str, str]]


def run_query(
    database: Path,
    sql: str,
    spec: TableSpec,
    *,
    policy: OutputPolicy,
    limits: Limits = DEFAULT_LIMITS,
    closed: Sequence[str] = (),
) -> QueryResult:
    """Run a query in the sandbox; the table it returns is NOT protected yet.

    `closed`: tables that may not be read. BadQuestion: the text is refused or wrong.
    NotConfined: it cannot run here. NotFound, Damaged: the file. Other BadInput and
    TooLarge depend on what is in the data: their words are for nobody to see.
    """
    started = time.monotonic()
    tabulation = spec.tabulation(
        label_threshold=policy.threshold, largest=policy.largest
    )
    request = {
        "task": "run",
        "sql": sql,
        "spec": spec.to_dict(),
        "label_threshold": tabulation.label_threshold,
        "largest": tabulation.largest,
        "closed": list(closed),
    }
    reply, counted = _ask(database, request, limits)
    table = table_from_rows(reply["ok"]["rows"], tabulation)
    if not counted.matches(table):
        raise BadInput(UNSTEADY)
    spent = round((time.monotonic() - started) * 1000)
    read = tuple(reply["ok"]["tables"])
    return QueryResult(table, counted, spent, reply["walls"], read)


def check_sql(
    database: Path,
    sql: str,
    spec: TableSpec | None = None,
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> None:
    """Parse and check a query in a child process without running it."""
    request = {
        "task": "check",
        "sql": sql,
        "spec": spec.to_dict() if spec else None,
    }
    _ask(database, request, limits)


def describe_tables(
    database: Path, *, limits: Limits = DEFAULT_LIMITS
) -> list[DescribedTable]:
    """Return the names and types of the project's tables and columns."""
    reply, _ = _ask(database, {"task": "describe"}, limits)
    return [
        DescribedTable(name, [(column, kind) for column, kind in columns])
        for name, columns in reply["ok"]["tables"].items()
    ]


def _ask(
    database: Path, request: dict[str, Any], limits: Limits
) -> tuple[dict[str, Any], Counted]:
    """Send a request to a fresh worker and read its answer, or raise its error."""
    if not database.is_file():
        raise NotFound("The project has no data file yet.")
    asked = request | {
        "database": str(database.resolve()),
        "limits": limits.to_dict(),
    }
    with _start() as worker:
        try:
            answer = _exchange(worker, json.dumps(asked).encode(), limits)
        finally:
            _end(worker)
    text, _, columns = answer.partition(b"\n")
    reply = _read_reply(text)
    return reply, _read_counted(columns, reply[COUNTED])


def _start() -> subprocess.Popen[bytes]:
    """Start a worker with no environment, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-I", "-m", "staithe.analysis.worker"],
        env={},
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end(worker: subprocess.Popen[bytes]) -> None:
    """Kill the worker's whole group and wait until it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def _exchange(worker: subprocess.Popen[bytes], request: bytes, limits: Limits) -> bytes:
    """Write the request and read at most the allowed answer before the deadline."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    deadline = time.monotonic() + limits.seconds
    try:
        worker.stdin.write(request)
        worker.stdin.close()
    except BrokenPipeError as error:
        raise outcome("stopped") from error
    parts: list[bytes] = []
    size = 0
    most = limits.max_result_bytes + 8 * len(COUNTED_TYPES) * limits.max_counted
    descriptor = worker.stdout.fileno()
    while True:
        left = deadline - time.monotonic()
        ready, _, _ = select.select([descriptor], [], [], max(0.0, left))
        if not ready:
            raise TooLarge(
                f"The query took longer than {limits.seconds:g} seconds and was "
                "stopped: read fewer rows, or join on person.",
                code="timed-out",
            )
        part = os.read(descriptor, READ_AT_ONCE)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
        if size > most:
            raise outcome("size")


def outcome(kind: str) -> UserError:
    """Return the error that tells a person how a query ended."""
    error, message, code = OUTCOMES[kind]
    return error(message, code=code)


def _read_reply(text: bytes) -> dict[str, Any]:
    """Return the worker's answer; a worker that died without one was stopped."""
    try:
        reply: dict[str, Any] = json.loads(text)
    except ValueError:
        raise outcome("stopped") from None
    if "error" in reply:
        kind, message = reply["error"]["kind"], reply["error"]["message"]
        if kind == OF_THE_TEXT:
            raise BadQuestion(message)
        if kind in NAMED:
            raise NAMED[kind](message)
        raise outcome(kind if kind in OUTCOMES else "stopped")
    return reply


def _read_counted(columns: bytes, rows: int) -> Counted:
    """Return who was counted where; a worker that broke off was stopped."""
    size = 8 * rows
    if len(columns) != size * len(COUNTED_TYPES):
        raise outcome("stopped")
    people, cells, amounts = (
        np.frombuffer(columns, dtype=kind, count=rows, offset=place * size)
        for place, kind in enumerate((np.int64, np.int64, np.float64))
    )
    return Counted(people, cells, amounts)
