"""Where tables of people meet: only on the same person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from staithe.analysis.scopes import Context, Node, Scope, Source
from staithe.base.errors import BadInput


if TYPE_CHECKING:
    from collections.abc import Iterator


def check_join(
    node: Node,
    sides: tuple[list[Source], list[Source]],
    where: list[Node],
    context: Context,
) -> None:
    """Raise BadInput unless the two sides meet only where the person is the same."""
    left, right = (Scope(tuple(side)) for side in sides)
    for name in node.get("using_columns") or []:
        reference = {"class": "COLUMN_REF", "column_names": [name]}
        if left.is_unit(reference) and right.is_unit(reference):
            return
    conditions = list(conjuncts({"where_clause": node.get("condition")}))
    if node["join_type"] == "INNER":
        conditions += where
    both = Scope((*sides[0], *sides[1]))
    if not any(_equates(each, left, right, both) for each in conditions):
        raise BadInput(
            f"Tables of people can only be joined on the same person: write "
            f"JOIN ... USING ({context.unit})."
        )


def _equates(node: Node, left: Scope, right: Scope, both: Scope) -> bool:
    """Whether a condition is `left.person = right.person`."""
    if node.get("class") != "COMPARISON" or node.get("type") != "COMPARE_EQUAL":
        return False
    ends = (node["left"], node["right"])
    return any(
        _unit_of(one, left, both) and _unit_of(other, right, both)
        for one, other in (ends, ends[::-1])
    )


def _unit_of(node: Any, side: Scope, both: Scope) -> bool:
    """Whether a reference is the person of this side, and can mean nothing else.

    A condition of the WHERE clause may name a source outside this join: not ours.
    """
    if not isinstance(node, dict) or node.get("class") != "COLUMN_REF":
        return False
    try:
        found = side.find(node["column_names"])
        everywhere = both.find(node["column_names"])
    except BadInput:
        return False
    return len(found) == len(everywhere) and all(column.unit for column in found)


def conjuncts(node: Node) -> Iterator[Node]:
    """Yield the conditions that a WHERE joins by AND."""
    waiting = [node.get("where_clause")]
    while waiting:
        condition = waiting.pop()
        if not condition:
            continue
        if condition.get("type") == "CONJUNCTION_AND":
            waiting += condition["children"]
        else:
            yield condition
