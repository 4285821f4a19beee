"""Blocks on pages: the board that rooms below fill, and what this room adds above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from staithe.sharing import queries
from staithe.ui.panels import Board, PanelBlock


if TYPE_CHECKING:
    from staithe.catalogue.models import Asset
    from staithe.people.models import Organisation


__all__ = [
    "PanelBlock",
    "asset_requests",
    "draw",
    "organisation_decisions",
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


def organisation_decisions(organisation: Organisation, person: Any) -> PanelBlock:
    """Show anyone how an organisation has answered: counts, never names."""
    return PanelBlock(
        "How it answers requests",
        "sharing/organisation-panel.html",
        {"answers": queries.answers_of(organisation)},
        order=40,
    )
