"""Where rooms below add a block to a page of this room.

A room registers a function in its AppConfig.ready; the page asks every function for
its block and shows those that answer. Each function checks its own permission.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from staithe.catalogue.panels import PanelBlock


__all__ = ["PANELS", "Panel", "PanelBlock", "Place", "blocks", "register"]


Place = Literal["project", "agreement", "request"]

Panel = Callable[[Any, Any], PanelBlock | None]

PANELS: dict[Place, list[Panel]] = {"project": [], "agreement": [], "request": []}


def register(place: Place, function: Panel) -> None:
    """Add a function (subject of the page, person) -> block or None to a page."""
    if function not in PANELS[place]:
        PANELS[place].append(function)


def blocks(place: Place, subject: Any, person: Any) -> list[PanelBlock]:
    """Return the blocks that this person sees on the page of this subject."""
    made = (function(subject, person) for function in PANELS[place])
    return sorted((block for block in made if block), key=lambda block: block.order)
