"""How the demo is told: a line for each step, with its time and what to open."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console


@dataclass
class Step:
    """One step of the story; seconds of wall-clock time, path within the service."""

    title: str
    did: str = ""
    seconds: float = 0.0
    path: str = ""


@dataclass
class Telling:
    """Prints each step as it ends and keeps them for `--json`."""

    base_url: str
    quiet: bool = False
    steps: list[Step] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    # Where the world is built, and where it will be when it is whole.
    moves: tuple[Path, Path] | None = None
    console: Console = field(default_factory=lambda: Console(highlight=False))

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Time a step; the block fills in what was done and where to look."""
        step = Step(title)
        started = time.perf_counter()
        if not self.quiet:
            with self.console.status(title):
                yield step
        else:
            yield step
        step.seconds = round(time.perf_counter() - started, 2)
        self.steps.append(step)
        if not self.quiet:
            self._print(step)

    def _print(self, step: Step) -> None:
        number = f"{len(self.steps):>2}"
        self.console.print(
            f"[bold]{number}  {step.title}[/bold]  [dim]{step.seconds:.1f} s[/dim]"
        )
        for line in step.did.splitlines():
            self.console.print(f"    {line}", markup=False)
        if step.path:
            self.console.print(f"    [cyan]{self.base_url}{step.path}[/cyan]")

    def place(self, path: Path) -> Path:
        """Return where a file of the world will be found."""
        if self.moves is None:
            return path
        built, home = self.moves
        return home / path.relative_to(built)

    def summary(self) -> dict[str, Any]:
        """Return the whole telling as JSON values."""
        total = round(sum(step.seconds for step in self.steps), 2)
        return {
            "steps": [asdict(step) for step in self.steps],
            "seconds": total,
        } | self.facts
