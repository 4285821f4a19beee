"""A long file of RSF read by a second process, so that two cores share the work.

Reading and hashing a line needs little but the line: half the cost of a load. The
other process is this module; lines go to it and commands come back, in frames of
marshal, which no one else can reach.
"""

from __future__ import annotations

import marshal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain, islice
from typing import IO

from staithe.base.errors import UserError
from staithe.ledger.tree import leaf_hash
from staithe.registers import entry, rsf
from staithe.registers.entry import Scope
from staithe.registers.rsf import (
    AddItem,
    AppendEntry,
    AssertRoot,
    BadLine,
    Command,
    ReadyEntry,
    ReadyItem,
)


ALONE = 40_000  # lines that are not worth a second process
LINES_IN_FRAME = 2_000
_LENGTH = 8
_SCOPES = {0: Scope.SYSTEM, 1: Scope.USER}
_CODES = {Scope.SYSTEM: 0, Scope.USER: 1}


def read(
    lines: Iterable[bytes], *, sizes: Mapping[Scope, int]
) -> Iterator[tuple[int, Command]]:
    """Yield each command with the number of its line, as rsf.read; BadLine.

    `sizes` is how many entries each scope holds before the first line.
    """
    rest = iter(lines)
    first = list(islice(rest, ALONE))
    if len(first) < ALONE:
        return rsf.read(first)
    return _read_beside(chain(first, rest), sizes)


def _read_beside(
    lines: Iterator[bytes], sizes: Mapping[Scope, int]
) -> Iterator[tuple[int, Command]]:
    command = [sys.executable, "-m", "staithe.registers.reading_ahead"]
    command += [str(sizes[scope]) for scope in _SCOPES.values()]
    reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  our own module
    assert reader.stdin is not None
    assert reader.stdout is not None
    feeder = _Feeder(lines, reader.stdin)
    feeder.start()
    try:
        number = 1
        while frame := _receive(reader.stdout):
            commands, problem = marshal.loads(frame)  # noqa: S302  from our own process
            for raw in commands:
                yield number, _command(raw)
                number += 1
            if problem:
                raise BadLine(number, problem)
        feeder.check()
        if reader.wait():
            raise RuntimeError("the process that reads lines ended early")
    finally:
        reader.kill()
        reader.stdout.close()
        feeder.join()
        reader.wait()


class _Feeder(threading.Thread):
    """Hands lines over; what goes wrong in reading them is raised by `check`."""

    def __init__(self, lines: Iterator[bytes], out: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._lines, self._out = lines, out
        self._error: UserError | None = None

    def run(self) -> None:
        """Send frames until there are no more lines or nobody reads them."""
        with suppress(BrokenPipeError), self._out:
            try:
                while frame := list(islice(self._lines, LINES_IN_FRAME)):
                    _send(self._out, b"\n".join(frame))
            except UserError as error:
                self._error = error

    def check(self) -> None:
        """Raise what stopped the reading of lines."""
        self.join()
        if self._error:
            raise self._error


def _send(out: IO[bytes], data: bytes) -> None:
    out.write(len(data).to_bytes(_LENGTH, "big") + data)
    out.flush()


def _receive(source: IO[bytes]) -> bytes:
    head = source.read(_LENGTH)
    return source.read(int.from_bytes(head, "big")) if head else b""


def _command(raw: tuple[object, ...]) -> Command:
    if len(raw) == len(ReadyItem._fields):
        return ReadyItem._make(raw)
    if len(raw) == 1:
        return AssertRoot._make(raw)
    return ReadyEntry(_SCOPES[raw[0]], *raw[1:])  # type: ignore[index,arg-type]  # as _Reader wrote it


class _Reader:
    """Reads lines in the other process; counts entries, so that it can hash them."""

    def __init__(self, sizes: dict[Scope, int]) -> None:
        self._sizes = sizes
        self._last = (b"", b"")  # the item read last and its blob: what is cited next

    def read(self, line: bytes) -> tuple[object, ...]:
        """Return a command as a plain tuple; BadInput."""
        command = rsf.read_line(line)
        if isinstance(command, AddItem):
            item = rsf.ready(command)
            self._last = (item.hash, item.blob)
            return tuple(item)
        if isinstance(command, AppendEntry):
            return self._hashed(command)
        return tuple(command)

    def _hashed(self, command: AppendEntry) -> tuple[object, ...]:
        scope, key, timestamp, cited = command
        number = self._sizes[scope] = self._sizes[scope] + 1
        data = entry.leaf_data(number=number, timestamp=timestamp, key=key, items=cited)
        derived = b""
        if cited == (self._last[0],) and scope is Scope.USER:
            blob = self._last[1]
            derived = leaf_hash(
                entry.entry_hash(number=number, timestamp=timestamp, key=key, blob=blob)
            )
        return (_CODES[scope], key, timestamp, cited, leaf_hash(data), derived)


def _serve(source: IO[bytes], out: IO[bytes], sizes: dict[Scope, int]) -> None:
    reader = _Reader(sizes)
    while frame := _receive(source):
        done: list[tuple[object, ...]] = []
        problem = ""
        try:
            for line in frame.split(b"\n"):
                done.append(reader.read(line))  # noqa: PERF401  what was done before a bad line counts
        except UserError as error:
            problem = error.message
        _send(out, marshal.dumps((done, problem)))


if __name__ == "__main__":
    _sizes = dict(zip(_SCOPES.values(), map(int, sys.argv[1:]), strict=True))
    with suppress(BrokenPipeError):
        _serve(sys.stdin.buffer, sys.stdout.buffer, _sizes)
