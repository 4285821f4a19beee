"""What one query may use, enforced by the kernel and not by the engine.

The engine ignores its own interrupts inside one long function call, so time, memory,
files and processes are bounded from outside it.
"""

from __future__ import annotations

import math
import resource
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Limits:
    """Bounds of one query: wall-clock seconds, memory, threads, size of the answer.

    `required_walls`: walls (see `worker.lock_down`) without which no query runs. An
    operator whose kernel has no Landlock may decide to rely on the others.
    """

    seconds: float = 20.0
    memory_mb: int = 512
    address_space_mb: int = 2048
    threads: int = 2
    open_files: int = 64
    max_cells: int = 2_000
    max_label: int = 200
    max_result_bytes: int = 8 * 1024 * 1024
    max_counted: int = 5_000_000
    required_walls: tuple[str, ...] = ("limits", "files")

    def to_dict(self) -> dict[str, Any]:
        """Write as plain values for the child process."""
        return asdict(self)


def apply_limits(limits: Limits) -> str:
    """Bound this process and say what was bounded; it cannot raise them again."""
    megabyte = 1024 * 1024
    seconds = math.ceil(limits.seconds * limits.threads) + 1
    bounds = {
        resource.RLIMIT_AS: limits.address_space_mb * megabyte,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, bound in bounds.items():
        resource.setrlimit(kind, (bound, bound))
    return (
        f"address space {limits.address_space_mb} MB, processor {seconds} s, "
        f"{limits.open_files} open files, no file writes, no core dump"
    )


def forbid_new_processes() -> None:
    """Stop this user starting more processes or threads from here on.

    Called once the engine has its threads; root is not bound by it (seccomp is).
    """
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
