"""Reads the YAML files that hold the law: strictly, and quickly.

A key written twice is a fault, not a silent loss, and a file cannot make objects.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

# libyaml where it is there: ten times as fast, the same safe language.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _OneKeyLoader(_Safe):  # type: ignore[misc]  # the base is chosen at start
    """Plain YAML in which a key written twice is a fault."""


def _one_key_mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    seen = set()
    for key, _ in node.value:
        if key.value in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"{key.value!r} is written twice", node.start_mark
            )
        seen.add(key.value)
    found: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return found


_OneKeyLoader.add_constructor(
    yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _one_key_mapping
)


def load_yaml(text: str) -> Any:
    """Read YAML as plain values; yaml.YAMLError if it is not such YAML."""
    return yaml.load(text, Loader=_OneKeyLoader)  # noqa: S506  a SafeLoader with one rule more


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
