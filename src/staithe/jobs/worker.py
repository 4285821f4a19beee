"""The loop of `staithe worker`.

It runs the transport's own worker one message at a time, with our clock between.
SIGTERM and SIGINT finish the job in hand, then stop; a second signal stops at once
and leaves the job to its lease.
"""

from __future__ import annotations

import logging
import signal
import threading
from typing import TYPE_CHECKING

import structlog
from django.db import OperationalError, close_old_connections
from django_tasks_db.management.commands.db_worker import Worker as TransportWorker

from staithe.base import clock
from staithe.base.ids import new_reference
from staithe.jobs import transport
from staithe.jobs.schedule import tick


if TYPE_CHECKING:
    from datetime import datetime
    from types import FrameType

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.25
TICK_SECONDS = 5.0


class Worker:
    """One process that runs jobs until told to stop."""

    def __init__(self) -> None:
        self.name = new_reference("W")
        self._stopping = threading.Event()
        self._ticked_at: datetime | None = None
        # With batch and max_tasks=1 a run takes one message, or returns at once.
        self._transport = TransportWorker(
            queue_names=["*"],
            excluded_queue_names=[],
            interval=0,
            batch=True,
            backend_name="default",
            startup_delay=False,
            max_tasks=1,
            worker_id=self.name,
        )

    def stop_on_signals(self) -> None:
        """Stop gracefully on SIGTERM and SIGINT; only in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def run(self, *, once: bool = False) -> None:
        """Run jobs as they come; with `once`, until none is ready."""
        # It announces every run; ours is one message long.
        logging.getLogger("django_tasks_db").setLevel(logging.WARNING)
        logging.getLogger("django_tasks").setLevel(logging.WARNING)
        log.info("worker started", worker=self.name)
        while not self._stopping.is_set():
            if self._step():
                continue
            if once:
                break
            self._stopping.wait(POLL_SECONDS)
        log.info("worker stopped", worker=self.name)

    def _step(self) -> bool:
        """Tick when it is time and handle one message; False when none was ready."""
        try:
            close_old_connections()
            self._tick()
            if not transport.has_ready():
                return False
            self._transport.run()
        except OperationalError:
            # The database is away or busy: wait for it, as every worker does.
            log.exception("database not available")
            return False
        return True

    def _tick(self) -> None:
        at = clock.now()
        last = self._ticked_at
        if last and (at - last).total_seconds() < TICK_SECONDS:
            return
        self._ticked_at = at
        done = tick(at=at)
        if done.reaped or done.redelivered:
            log.warning(
                "work taken back", reaped=done.reaped, redelivered=done.redelivered
            )

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._stopping.set()
        signal.signal(number, signal.SIG_DFL)
