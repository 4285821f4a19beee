"""Finds the YAML files that hold the law and ship with the program."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable


@cache
def shipped_texts() -> Mapping[str, str]:
    """Return the files that ship with the program: path below data -> text."""
    return dict(_walk(files("staithe.law").joinpath("data"), ""))


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for item in sorted(folder.iterdir(), key=lambda each: each.name):
        if item.is_dir():
            yield from _walk(item, f"{prefix}{item.name}/")
        elif item.name.endswith(".yaml"):
            yield f"{prefix}{item.name}", item.read_text("utf-8")
