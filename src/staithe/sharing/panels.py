"""Blocks on pages: the board that rooms below fill, and what this room adds above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from staithe.sharing import queries
from staithe.ui.panels import Board, PanelBlock


if TYPE_CHECKING:
    from staithe.catalogue.models import Asset


__all__ = [
    "PanelBlock",
    "asset_requests",
    "draw",
    "register",
]

_BOARD = Board("project", "agreement", "request")
register = _BOARD.register
draw = _BOARD.draw


def asset_requests(asset: Asset, person: Any) -> PanelBlock | None:
    """Show a person the requests for an asset that they may see."""
    flows = queries.flows_for_asset(asset, person)
    if not flows:
        return None
    return PanelBlock(
        "Requests for this data",
        "sharing/asset-panel.html",
        {"flows": flows},
        order=60,
    )
