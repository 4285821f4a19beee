"""Pages that rooms below may add a block to, without the upper room knowing them.

A room owns a `Board` for its pages. A lower room registers a function in its
AppConfig.ready; the page asks every function for its block and shows those that
answer. Each function checks its own permission.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class PanelBlock:
    """A heading and a template with its context; lower `order` comes first."""

    title: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    order: int = 100


Panel = Callable[[Any, Any], PanelBlock | None]


class Board:
    """The places of one room's pages and the functions that fill them."""

    def __init__(self, *places: str) -> None:
        self._panels: dict[str, list[Panel]] = {place: [] for place in places}

    def register(self, place: str, function: Panel) -> None:
        """Add a function (subject of the page, person) -> block or None to a place."""
        if function not in self._panels[place]:
            self._panels[place].append(function)

    def blocks(self, place: str, subject: Any, person: Any) -> list[PanelBlock]:
        """Return the blocks that this person sees on the page of this subject."""
        made = (function(subject, person) for function in self._panels[place])
        return sorted((block for block in made if block), key=lambda b: b.order)
