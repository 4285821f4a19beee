"""Totals inside a query: each group within one person, or the dominance is hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from staithe.analysis.functions import AGGREGATES
from staithe.analysis.scopes import Context, Node, Scope, fold
from staithe.base.errors import BadInput


if TYPE_CHECKING:
    from collections.abc import Iterator


def is_grouped(node: Node) -> bool:
    """Whether a SELECT folds several rows into one."""
    parts = (
        [node.get(name) for name in ("select_list", "having", "qualify")],
        [modifier.get("orders") for modifier in node.get("modifiers") or []],
    )
    return bool(
        node.get("group_expressions")
        or node.get("group_sets")
        or node.get("having")
        or node.get("aggregate_handling") != "STANDARD_HANDLING"
        or any(_is_aggregate(found) for found in nodes_of(parts))
    )


def _is_aggregate(node: Node) -> bool:
    return (
        node.get("class") == "FUNCTION"
        and fold(str(node.get("function_name"))) in AGGREGATES
    )


def check_groups(node: Node, scope: Scope, context: Context) -> None:
    """Raise BadInput unless every group lies within one person."""
    advice = BadInput(
        f"Totals must be for each person: add {context.unit} to the GROUP BY. "
        "The table you ask for is totalled over people afterwards, under the checks."
    )
    if len(node.get("group_sets") or []) > 1:
        raise BadInput("Use one plain GROUP BY, without CUBE, ROLLUP or sets.")
    if node.get("aggregate_handling") == "FORCE_AGGREGATES":
        if not any(scope.is_unit(item) for item in node["select_list"]):
            raise advice
        return
    keys = [_group_key(key, node) for key in node.get("group_expressions") or []]
    chosen = (node.get("group_sets") or [list(range(len(keys)))])[0]
    if not any(scope.is_unit(keys[i]) for i in chosen):
        raise advice


def _group_key(key: Node, node: Node) -> Node:
    """Follow `GROUP BY 1` to the select list."""
    if key["class"] != "CONSTANT":
        return key
    text = str((key.get("literal") or {}).get("text", ""))
    items: list[Node] = node["select_list"]
    if not text.isdigit() or not 1 <= int(text) <= len(items):
        raise BadInput("GROUP BY needs columns, or their places in the select list.")
    if any(item["class"] == "STAR" for item in items):
        raise BadInput("Name the columns to group by.")
    return items[int(text) - 1]


def nodes_of(node: Any, *, deep: bool = False) -> Iterator[Node]:
    """Yield the nodes of this SELECT; those of its sub-queries only if `deep`."""
    if isinstance(node, dict):
        yield node
        if deep or node.get("class") != "SUBQUERY":
            for value in node.values():
                yield from nodes_of(value, deep=deep)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from nodes_of(value, deep=deep)
