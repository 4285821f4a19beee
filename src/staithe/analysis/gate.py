"""What an analyst's text may say, decided on DuckDB's own parse of it.

The first of two walls (the process is the other): exactly one SELECT, over granted
tables, calling listed functions, made of known kinds of node. Anything not known is
refused, so a new feature of the engine is closed until somebody opens it. The text
that runs is written back from the tree that was checked, not the text that came.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from staithe.analysis.functions import ALLOWED, TABLE_FUNCTIONS, TYPES
from staithe.analysis.lineage import check_unit_lineage
from staithe.analysis.scopes import Node, fold
from staithe.base.errors import BadInput, TooLarge


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


MAX_SQL_CHARACTERS = 20_000
NOT_UNDERSTOOD = (
    duckdb.ParserException,
    duckdb.SyntaxException,
    duckdb.InvalidInputException,
    duckdb.NotImplementedException,
)
ONE_THREAD = {"threads": 1}  # parsing needs no other, and may not start one

EXPRESSIONS: dict[str, frozenset[str] | None] = {  # None: any type of this class
    "BETWEEN": None,
    "CASE": None,
    "CAST": None,
    "COLUMN_REF": None,
    "COMPARISON": None,
    "CONJUNCTION": None,
    "CONSTANT": None,
    "FUNCTION": None,
    "OPERATOR": frozenset(
        {
            "OPERATOR_NOT",
            "OPERATOR_IS_NULL",
            "OPERATOR_IS_NOT_NULL",
            "OPERATOR_COALESCE",
            "COMPARE_IN",
            "COMPARE_NOT_IN",
        }
    ),
    "STAR": None,
    "SUBQUERY": None,
    "TYPE": None,
    "WINDOW": None,
}

STRUCTURE: frozenset[str] = frozenset(
    {
        "SELECT_NODE",
        "SET_OPERATION_NODE",
        "BASE_TABLE",
        "SUBQUERY",
        "JOIN",
        "TABLE_FUNCTION",
        "EXPRESSION_LIST",
        "EMPTY",
        "ORDER_MODIFIER",
        "LIMIT_MODIFIER",
        "DISTINCT_MODIFIER",
        "ORDER_DEFAULT",
        "ASCENDING",
        "DESCENDING",
    }
)

PLAIN_WORDS: dict[str, str] = {
    "RECURSIVE_CTE_NODE": "recursive queries (WITH RECURSIVE)",
    "SHOW_REF": "DESCRIBE, SHOW and SUMMARIZE",
    "PARAMETER": "parameters (? and $1)",
    "LAMBDA": "lambda functions",
    "POSITIONAL_REFERENCE": "positions (#1)",
    "PIVOT": "PIVOT",
    "COLLATE": "COLLATE",
}


@dataclass(frozen=True)
class GateResult:
    """A query that passed: the columns it returns, the tables it reads, safe text.

    `summable` and `multiplies` as in `lineage.Lineage`.
    """

    columns: tuple[str, ...]
    tables: tuple[str, ...]
    sql: str
    summable: tuple[str, ...] = ()
    multiplies: bool = False


def check_query(
    sql: str, *, tables: Mapping[str, Sequence[str]], unit: str = "person"
) -> GateResult:
    """Check an analyst's text against the granted tables; BadInput says what to do.

    Parses in this process: for text from people call `sandbox.check_sql`, which
    parses in a child.
    """
    parsed = _parse(sql)
    tree: Node = parsed["statements"][0]["node"]
    try:
        for node in walk(tree):
            _check_node(node)
        lineage = check_unit_lineage(tree, tables=tables, unit=unit)
    except RecursionError as error:
        raise BadInput("The query is nested too deeply: make it simpler.") from error
    return GateResult(
        lineage.columns,
        lineage.tables,
        _write_back(parsed),
        lineage.summable,
        lineage.multiplies,
    )


def _parse(sql: str) -> Node:
    """Return the engine's parse of the text: exactly one SELECT statement."""
    if len(sql) > MAX_SQL_CHARACTERS:
        raise TooLarge(f"A query may have at most {MAX_SQL_CHARACTERS:,} characters.")
    try:
        statements = duckdb.extract_statements(sql)
    except NOT_UNDERSTOOD as error:
        raise BadInput(sanitise(str(error))) from error
    if not statements:
        raise BadInput("Write a query: one SELECT statement.")
    if len(statements) != 1:
        raise BadInput("Write one statement only: this text holds several.")
    if not _is_select(statements[0]):
        raise BadInput("Only a SELECT statement can be run here.")
    with duckdb.connect(config=ONE_THREAD) as connection:
        found = connection.execute(
            "select json_serialize_sql(?::varchar)", [sql]
        ).fetchall()
    parsed: Node = json.loads(str(found[0][0]))
    if parsed.get("error") or len(parsed.get("statements", [])) != 1:
        raise BadInput("Only a plain SELECT statement can be run here, without PIVOT.")
    return parsed


def _is_select(statement: duckdb.Statement) -> bool:
    try:
        return bool(statement.type == duckdb.StatementType.SELECT)
    except ValueError:  # a kind that the engine's client has no name for
        return False


def _write_back(parsed: Node) -> str:
    """Write the checked tree as SQL, so that what runs is what was checked.

    But for one thing: a conversion that fails gives NULL. An error would tell, of one
    person at a time, whether a condition holds.
    """
    for node in walk(parsed):
        if node.get("class") == "CAST":
            node["try_cast"] = True
    with duckdb.connect(config=ONE_THREAD) as connection:
        found = connection.execute(
            "select json_deserialize_sql(?::json)", [json.dumps(parsed)]
        ).fetchall()
    return str(found[0][0])


def walk(node: Any) -> Iterator[Node]:
    """Yield every object of the tree."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def _check_node(node: Node) -> None:
    kind = node.get("type")
    if node.get("sample"):
        raise BadInput("Samples are not allowed: an answer must be repeatable.")
    if "class" in node:
        _check_expression(node)
    elif isinstance(kind, str) and kind not in STRUCTURE:
        raise _not_allowed(kind)
    if kind == "TABLE_FUNCTION":
        _check_table_function(node)


def _check_expression(node: Node) -> None:
    kind = str(node["class"])
    if kind not in EXPRESSIONS:
        raise _not_allowed(kind)
    types = EXPRESSIONS[kind]
    if types is not None and node.get("type") not in types:
        raise _not_allowed(str(node.get("type")))
    if kind in {"FUNCTION", "WINDOW"}:
        _check_function(node)
    if kind == "TYPE" and fold(str(node.get("type_name"))) not in TYPES:
        raise BadInput(f"The type {node.get('type_name')} cannot be used here.")


def _check_function(node: Node) -> None:
    name = fold(str(node.get("function_name")))
    if node.get("schema") or node.get("catalog"):
        raise BadInput(f"Call {name} by its own name, without a schema.")
    if name not in ALLOWED | TABLE_FUNCTIONS:
        raise BadInput(
            f"The function {name} cannot be used here. Numbers, text, dates and the "
            "usual aggregates can."
        )


def _check_table_function(node: Node) -> None:
    name = fold(str(node["function"].get("function_name")))
    if node["function"].get("schema") or name not in TABLE_FUNCTIONS:
        raise BadInput(
            f"{name} cannot be read from here: a query reads the project's own tables."
        )


def _not_allowed(kind: str) -> BadInput:
    words = PLAIN_WORDS.get(kind, f"this kind of SQL ({kind.lower()})")
    return BadInput(f"A query here cannot use {words}: write a plain SELECT.")


def sanitise(message: str) -> str:
    """Keep the first sentence of an engine's message: no query text, no paths."""
    first = message.split("\n", 1)[0].strip()
    kind, _, rest = first.partition(": ")
    text = rest if kind.endswith("Error") else first
    text = " ".join(word for word in text.split() if "/" not in word or word == "/")
    return f"The query cannot be understood: {text[:300].rstrip('.!')}."
