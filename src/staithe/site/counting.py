"""What this process has answered since it started: read by /metrics."""

from __future__ import annotations

import threading
from collections import Counter


_LOCK = threading.Lock()
_ANSWERS: Counter[int] = Counter()
_SECONDS: list[float] = [0.0]


def count_answer(status: int, *, seconds: float) -> None:
    """Count one answer and the time it took."""
    with _LOCK:
        _ANSWERS[status] += 1
        _SECONDS[0] += seconds


def answers() -> tuple[dict[int, int], float]:
    """Return how many answers had each status, and the seconds they took together."""
    with _LOCK:
        return dict(_ANSWERS), _SECONDS[0]
