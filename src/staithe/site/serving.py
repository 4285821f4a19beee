"""Server and worker as two child processes that start, stop and fail together."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import structlog

from staithe.base.errors import AnswerIsNo, BadInput


log = structlog.get_logger(__name__)

SERVED_AT = "served-at"  # file in STAITHE_HOME that holds the address
LOOK_EVERY_SECONDS = 0.5
# A worker that dies at once must not be started again in a tight circle.
WORKER_REST_SECONDS = 3.0
CTRL_C_SECONDS = 5.0  # a person at a terminal waits no longer
Process = subprocess.Popen[bytes]


def run_service(
    *,
    host: str,
    port: int,
    threads: int,
    with_worker: bool,
    ready: Callable[[], object],
) -> None:
    """Run granian and, beside it, a worker; return when told to stop.

    `ready` is called once, when the service answers. A worker that dies is started
    again. BadInput where the port is taken, AnswerIsNo where the server ended by itself.
    """
    check_port_free(host, port)
    service = Service(_server_command(host, port, threads), with_worker=with_worker)
    signal.signal(signal.SIGTERM, service.on_signal)
    signal.signal(signal.SIGINT, service.on_signal)
    code = service.run(ready=ready, answers=lambda: _listens(host, port))
    if code and not service.stopping:
        raise AnswerIsNo(f"The server ended by itself (exit code {code}): see above.")


def check_port_free(host: str, port: int) -> None:
    """Raise BadInput where another program listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise BadInput(
                f"Cannot listen at {host}:{port}: another program may be there. "
                "Stop it, or choose with --port."
            ) from error


def address_of(host: str, port: int) -> str:
    """Return the address at which a person on this machine reaches the service."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  read, not bound
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def keep_address(home: Path, address: str) -> None:
    """Keep where the service listens: settings of every process read it there."""
    draft = home / f".{SERVED_AT}.{os.getpid()}"
    draft.write_text(address, "ascii")
    draft.replace(home / SERVED_AT)


def _listens(host: str, port: int) -> bool:
    """Say whether the server answers; it loads the whole program before that."""
    name = urlsplit(address_of(host, port)).hostname or host
    connection = http.client.HTTPConnection(name, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


class Service:
    """The two processes, until one signal ends both."""

    def __init__(self, server_command: list[str], *, with_worker: bool) -> None:
        self.stopping = False
        self._interrupted_at: float | None = None
        self._server = _start(server_command)
        self._worker = _start(WORKER_COMMAND) if with_worker else None

    def run(self, *, ready: Callable[[], object], answers: Callable[[], bool]) -> int:
        """Watch both until the server ends; return its exit code."""
        waiting = True
        try:
            while self._server.poll() is None:
                time.sleep(LOOK_EVERY_SECONDS)
                if waiting and not self.stopping and answers():
                    waiting = False
                    ready()
                self._mend_worker()
                if self._patience() == 0.0:
                    self._server.terminate()
        finally:
            _end(self._server)
            _end(self._worker, patience=self._patience())
        return self._server.returncode

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        """Let both finish what they have in hand; a worker its job.

        Ctrl+C has reached both already, and a second signal would cut a job short.
        """
        self.stopping = True
        if number == signal.SIGINT:
            self._interrupted_at = self._interrupted_at or time.monotonic()
            return
        for process in (self._server, self._worker):
            if process is not None and process.poll() is None:
                process.terminate()

    def _patience(self) -> float | None:
        """Return how many seconds are left after Ctrl+C; None without one."""
        if self._interrupted_at is None:
            return None
        return max(0.0, self._interrupted_at + CTRL_C_SECONDS - time.monotonic())

    def _mend_worker(self) -> None:
        if self._worker is None or self.stopping or self._worker.poll() is None:
            return
        log.error("worker ended by itself", code=self._worker.returncode)
        time.sleep(WORKER_REST_SECONDS)
        self._worker = _start(WORKER_COMMAND)


WORKER_COMMAND = [sys.executable, "-m", "staithe", "worker"]


def _server_command(host: str, port: int, threads: int) -> list[str]:
    script = Path(sys.executable).parent / "granian"
    return [
        *(str(script), "--interface", "wsgi", "--host", host, "--port", str(port)),
        *("--blocking-threads", str(threads), "--no-ws", "--log-level", "warning"),
        *("--workers-kill-timeout", "10", "--respawn-failed-workers"),
        "staithe.site.wsgi:application",
    ]


def _start(command: list[str]) -> Process:
    from django.conf import settings

    environment = {**os.environ, "STAITHE_HOME": str(settings.HOME)}
    return subprocess.Popen(command, env=environment)  # noqa: S603  our own command


def _end(process: Process | None, *, patience: float | None = None) -> None:
    """End a process and wait for it; with `patience` it may first end by itself."""
    if process is None:
        return
    with contextlib.suppress(subprocess.TimeoutExpired):
        if patience is not None:
            process.wait(timeout=patience)
    if process.poll() is None:
        process.terminate()
    process.wait()
