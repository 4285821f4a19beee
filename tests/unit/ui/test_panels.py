"""Panels: blocks that lower rooms add to a page, in order, each with its own say."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from staithe.ui.panels import Board, PanelBlock


@pytest.fixture
def board() -> Board:
    return Board("asset", "organisation")


def test_blocks_come_in_their_order_and_the_silent_are_left_out(board):
    board.register("asset", lambda thing, person: PanelBlock("B", "t", order=2))
    board.register("asset", lambda thing, person: None)
    board.register("asset", lambda thing, person: PanelBlock("A", "t", order=1))
    assert [block.title for block in board.blocks("asset", "x", None)] == ["A", "B"]
    assert board.blocks("organisation", "x", None) == []


def test_a_function_registered_twice_speaks_once(board):
    def speak(thing, person):
        return PanelBlock(f"{thing} for {person}", "t")

    board.register("asset", speak)
    board.register("asset", speak)
    (block,) = board.blocks("asset", "roads", "ann")
    assert block.title == "roads for ann"


def test_a_place_that_is_not_there_is_a_mistake(board):
    with pytest.raises(KeyError):
        board.register("asets", lambda thing, person: None)


def test_a_block_is_drawn_with_its_own_context_and_everything_escaped(
    board, monkeypatch, tmp_path, settings
):
    (tmp_path / "block.html").write_text("{{ words }} {{ subject }} {{ person }}")
    settings.TEMPLATES = [
        {**settings.TEMPLATES[0], "DIRS": [*settings.TEMPLATES[0]["DIRS"], tmp_path]}
    ]
    request = RequestFactory().get("/")
    request.user = "ann"
    board.register(
        "asset", lambda thing, person: PanelBlock("T", "block.html", {"words": "<b>"})
    )
    (drawn,) = board.draw("asset", "<i>", request)
    assert str(drawn.markup) == "&lt;b&gt; &lt;i&gt; ann"
