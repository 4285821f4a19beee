"""SQL conditions as trees, read and written by DuckDB's own parser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from staithe.tables.sql import quote_identifier as quote


if TYPE_CHECKING:
    import duckdb


Node = dict[str, Any]
Side = Literal["l", "r"]


class NotKnown(Exception):
    """A condition that only SQL can work out; it says which."""


def parse(con: duckdb.DuckDBPyConnection, conditions: Sequence[str]) -> list[Node]:
    """Return the trees of SQL conditions over two records."""
    text = "SELECT " + ", ".join(f"({each}\n)" for each in conditions)
    body = json.loads(
        con.execute("SELECT json_serialize_sql(?)", [text]).fetchall()[0][0]
    )
    if body.get("error"):
        raise NotKnown(str(body.get("error_message", "a condition that is not SQL")))
    found: list[Node] = body["statements"][0]["node"]["select_list"]
    if len(found) != len(conditions):
        raise NotKnown("a condition that is not one expression")
    return found


# Trees written before: a model's conditions come again with each executor.
_WRITTEN: dict[str, str] = {}
MOST_WRITTEN = 5000


def sql_of(con: duckdb.DuckDBPyConnection, tree: Node) -> str:
    """Return a tree as SQL."""
    node: Node = {
        "type": "SELECT_NODE", "modifiers": [], "cte_map": {"map": []},
        "select_list": [tree],
        "from_table": {"type": "EMPTY", "alias": "", "sample": None},
        "where_clause": None, "group_expressions": [], "group_sets": [],
        "aggregate_handling": "STANDARD_HANDLING", "having": None, "sample": None,
        "qualify": None,
    }  # fmt: skip
    body = json.dumps({"error": False, "statements": [{"node": node}]})
    if body not in _WRITTEN:
        if len(_WRITTEN) >= MOST_WRITTEN:
            _WRITTEN.clear()
        row = con.execute("SELECT json_deserialize_sql(?::JSON)", [body]).fetchall()[0]
        _WRITTEN[body] = re.sub(r"^SELECT ", "", str(row[0]))
    return _WRITTEN[body]


def arguments(tree: Node) -> list[Node]:
    """Return the arguments of a function."""
    return [each.get("expression", each) for each in tree["arguments"]]


def constant(tree: Node) -> float | None:
    """Return a number that is written out, or None."""
    if tree["type"] == "VALUE_CONSTANT":
        text = (tree.get("literal") or {}).get("text")
        try:
            return float(str(text))
        except ValueError:
            return None
    if tree["class"] == "CAST" and constant(tree["child"]) is not None:
        name = tree.get("type_expr", {}).get("type_name", "").upper()
        return constant(tree["child"]) if name in {"DOUBLE", "FLOAT8"} else None
    return None


def _walk(tree: Any) -> Iterator[Node]:
    if isinstance(tree, dict):
        if tree.get("class"):
            yield tree
        for value in tree.values():
            yield from _walk(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _walk(value)


def _names(tree: Node) -> list[list[str]]:
    return [
        each["column_names"] for each in _walk(tree) if each["class"] == "COLUMN_REF"
    ]


def _is_sided(names: Sequence[str]) -> bool:
    if len(names) == 2:  # noqa: PLR2004  l.dob
        return names[0].lower() in {"l", "r"}
    return len(names) == 1 and names[0][-2:].lower() in {"_l", "_r"}


def side_and_name(names: Sequence[str]) -> tuple[Side, str]:
    """Return the side and the column that a name such as dob_l or l.dob means."""
    if not _is_sided(names):
        raise NotKnown(".".join(names))
    word = names[0] if len(names) > 1 else names[0][-1]
    name = names[1] if len(names) > 1 else names[0][:-2]
    return ("l" if word.lower() == "l" else "r"), name


def sides_of(tree: Node) -> list[Side]:
    """Return which records a tree speaks of."""
    for each in _walk(tree):
        if each["class"] in {"SUBQUERY", "WINDOW", "LAMBDA", "PARAMETER", "STAR"}:
            raise NotKnown(f"a condition with a {each['class'].lower()}")
    return sorted({side_and_name(each)[0] for each in _names(tree)})


def plain(tree: Node) -> Node:
    """Return a tree over one record with columns as the records name them."""
    copy: Node = json.loads(json.dumps(tree))
    for each in _walk(copy):
        if each["class"] == "COLUMN_REF":
            each["column_names"] = [side_and_name(each["column_names"])[1]]
    return copy


def columns_of(tree: Node) -> tuple[str, ...]:
    """Return each column that a plain tree reads."""
    return tuple(dict.fromkeys(names[-1] for names in _names(tree)))


def column_tree(name: str) -> Node:
    """Return the plain tree of a column."""
    return {
        "class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "column_names": [name]
    }  # fmt: skip


def is_column(sql: str, column: str) -> bool:
    """Say whether an expression is nothing but one column."""
    return sql in {column, quote(column)}
