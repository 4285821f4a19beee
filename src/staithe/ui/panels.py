"""Pages that rooms below may add a block to, without the upper room knowing them.

A room owns a `Board` for its pages. A lower room registers a function in its
AppConfig.ready; the page asks every function for its block and shows those that
answer. Each function checks its own permission.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe


@dataclass(frozen=True, slots=True)
class PanelBlock:
    """A heading and a template with its context; lower `order` comes first."""

    title: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    order: int = 100


@dataclass(frozen=True, slots=True)
class DrawnBlock:
    """A block as markup: its template was rendered with autoescape on."""

    title: str
    markup: str


Panel = Callable[[Any, Any], PanelBlock | None]


class Board:
    """The places of one room's pages and the functions that fill them."""

    def __init__(self, *places: str) -> None:
        self._panels: dict[str, list[Panel]] = {place: [] for place in places}

    def register(self, place: str, function: Panel) -> None:
        """Add a function (subject of the page, person) -> block or None to a place."""
        if function not in self._panels[place]:
            self._panels[place].append(function)

    def draw(self, place: str, subject: Any, request: HttpRequest) -> list[DrawnBlock]:
        """Return the blocks of a page as markup, for the person who asks.

        Each template has its own context, and `subject` and `person`.
        """
        return [
            DrawnBlock(block.title, _draw(block, subject, request))
            for block in self.blocks(place, subject, request.user)
        ]

    def blocks(self, place: str, subject: Any, person: Any) -> list[PanelBlock]:
        """Return the blocks that this person sees on the page of this subject."""
        made = (function(subject, person) for function in self._panels[place])
        return sorted((block for block in made if block), key=lambda b: b.order)


def _draw(block: PanelBlock, subject: Any, request: HttpRequest) -> str:
    context = {**block.context, "subject": subject, "person": request.user}
    text = render_to_string(block.template, context, request)
    return mark_safe(text)  # noqa: S308  rendered by our own autoescaping template
