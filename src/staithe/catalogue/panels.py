"""Where rooms below add a block to an asset's or an organisation's page."""

from __future__ import annotations

from staithe.ui.panels import Board, PanelBlock


__all__ = ["PanelBlock", "draw", "register"]

_BOARD = Board("asset", "organisation")
register = _BOARD.register
draw = _BOARD.draw
