"""Proof that each row of a query's result is about one person, and says which.

Thresholds count people, so a query that spread one person's value over many rows with
other people's pseudonyms would pass them and give that person away. Rules, read off
the parse tree; what cannot be proved is refused with how to write it:
a relation is either free of data (constants) or aligned (each row made from one
person's records); aligned relations join only on equal persons; groups and windows
are within a person; sub-queries in expressions are only `person in (...)`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from staithe.analysis.groups import check_groups, is_grouped, nodes_of
from staithe.analysis.joins import check_join, conjuncts
from staithe.analysis.scopes import Column, Context, Node, Scope, Source, fold
from staithe.base.errors import BadInput


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_ONE_ROW_JOINS = {"SEMI", "ANTI"}
_JOINS = {"INNER", "LEFT", "RIGHT", "OUTER", "FULL"} | _ONE_ROW_JOINS


@dataclass(frozen=True)
class Lineage:
    """What the whole query returns and the granted tables it reads.

    `summable`: columns whose sum the checks can judge. `multiplies`: whether rows made
    of constants (VALUES, range, unnest) could repeat people's records.
    """

    columns: tuple[str, ...]
    tables: tuple[str, ...]
    summable: tuple[str, ...]
    multiplies: bool


def check_unit_lineage(
    tree: Node, *, tables: Mapping[str, Sequence[str]], unit: str = "person"
) -> Lineage:
    """Return the result's columns, or raise BadInput saying how to keep to one person.

    `tree` is the node that `json_serialize_sql` gives; `tables` the granted tables'
    columns. The person is followed by name through base tables only.
    """
    context = Context(
        {fold(name): tuple(fold(c) for c in cols) for name, cols in tables.items()},
        fold(unit),
    )
    result = _query(tree, context)
    persons = [column for column in result.columns if column.name == context.unit]
    if not persons:
        raise BadInput(f"The query must return the column {unit}.")
    if not all(column.unit for column in persons):
        raise BadInput(
            f"The column {unit} must be a table's own {unit}, not something computed."
        )
    names = [column.name for column in result.columns]
    summable = [column.name for column in result.columns if column.plain]
    return Lineage(
        tuple(names),
        tuple(sorted(context.read)),
        tuple(name for name in summable if names.count(name) == 1),
        multiplies=bool(context.constants) or _unnests(tree),
    )


def _unnests(tree: Node) -> bool:
    return any(
        fold(str(node.get("function_name"))) == "unnest"
        for node in nodes_of(tree, deep=True)
    )


def _query(node: Node, context: Context) -> Source:
    """Work out what a SELECT or a UNION returns."""
    context = context.inner()
    _read_ctes(node, context)
    if node["type"] == "SELECT_NODE":
        return _select(node, context)
    if node["type"] == "SET_OPERATION_NODE":
        return _set_operation(node, context)
    raise BadInput("A query here is made of SELECT, UNION, EXCEPT and INTERSECT only.")


def _read_ctes(node: Node, context: Context) -> None:
    for entry in (node.get("cte_map") or {}).get("map") or []:
        name = fold(entry["key"])
        if name in context.tables or name in context.named:
            raise BadInput(f"Give the WITH query {name} a name that is not taken.")
        value = entry["value"]
        if value.get("aliases"):
            raise BadInput(f"Name the columns of {name} inside it, with AS.")
        if value.get("key_targets") or value.get("payload_aggregates"):
            raise BadInput("A query here cannot use WITH ... USING KEY.")
        context.named.add(name)
        context.ctes[name] = replace(_query(value["query_node"], context), name=name)


def _set_operation(node: Node, context: Context) -> Source:
    if node["setop_type"] not in {"UNION", "EXCEPT", "INTERSECT"}:
        raise BadInput("Write UNION with columns in order, not BY NAME.")
    parts = [_query(child, context) for child in node.get("children") or []]
    if not parts or any(part.starred for part in parts):
        raise BadInput("Name the columns of each part of a UNION instead of *.")
    width = len(parts[0].columns)
    if any(len(part.columns) != width for part in parts):
        raise BadInput("Each part of a UNION must have the same columns.")
    columns = tuple(
        Column(
            column.name,
            unit=all(part.columns[i].unit for part in parts),
            plain=all(part.columns[i].plain for part in parts),
        )
        for i, column in enumerate(parts[0].columns)
    )
    aligned = any(part.aligned for part in parts)
    if aligned and not any(column.unit for column in columns):
        raise BadInput(
            f"Each part of a UNION must have {context.unit} in the same place."
        )
    result = Source("", columns, aligned)
    _modifiers(node, Scope((result,)), context)
    return result


def _select(node: Node, context: Context) -> Source:
    sources = _sources(node["from_table"], context, list(conjuncts(node)))
    scope = Scope(tuple(sources))
    columns, starred = _outputs(node, scope, context)
    scope = replace(
        scope, aliases=tuple(columns[i] for i in _aliased(node, starred=starred))
    )
    for name in ("where_clause", "having", "qualify"):
        _expression(node.get(name), scope, context)
    _expression(node.get("group_expressions"), scope, context)
    _modifiers(node, scope, context)
    if scope.aligned and is_grouped(node):
        check_groups(node, scope, context)
    return Source("", columns, scope.aligned, starred)


def _aliased(node: Node, *, starred: bool) -> list[int]:
    """Which outputs carry a written alias; none can be counted on beside a *."""
    if starred:
        return []
    return [i for i, item in enumerate(node["select_list"]) if item.get("alias")]


def _outputs(
    node: Node, scope: Scope, context: Context
) -> tuple[tuple[Column, ...], bool]:
    """Return the columns of a select list, and whether it holds a *."""
    taken = {name for source in scope.sources for name in source.unit_names}
    columns: list[Column] = []
    starred = False
    for item in node["select_list"]:
        if item["class"] == "STAR":
            starred = True
            columns += _star(item, scope, context)
            continue
        known = replace(scope, aliases=tuple(c for c in columns if c.name))
        _expression(item, known, context)
        name = fold(item.get("alias") or "")
        if not name and item["class"] == "COLUMN_REF":
            name = fold(item["column_names"][-1])
        column = Column(name, known.is_unit(item), known.is_plain(item))
        if name in taken and not column.unit:
            raise BadInput(
                f"The column {name} must stay a table's own {name}: give what is "
                "computed another name with AS."
            )
        columns.append(column)
    return tuple(columns), starred


def _star(item: Node, scope: Scope, context: Context) -> list[Column]:
    for part in ("columns", "expr", "qualified_exclude_list", "rename_list"):
        if item.get(part):
            raise BadInput("Use a plain *, or name the columns.")
    relation = fold(item.get("relation_name") or "")
    sources = [s for s in scope.sources if not relation or s.name == relation]
    if not sources:
        raise BadInput(f"There is no table {relation} to read here.")
    dropped = {fold(name) for name in item.get("exclude_list") or []}
    replaced = {fold(entry["key"]) for entry in item.get("replace_list") or []}
    for entry in item.get("replace_list") or []:
        _expression(entry["value"], scope, context)
    found = [c for s in sources for c in s.columns if c.name not in dropped]
    if any(column.unit and column.name in replaced for column in found):
        raise BadInput(f"The column {context.unit} cannot be replaced.")
    return [Column(c.name) if c.name in replaced else c for c in found]


def _modifiers(node: Node, scope: Scope, context: Context) -> None:
    for modifier in node.get("modifiers") or []:
        inside = Scope() if modifier["type"] == "LIMIT_MODIFIER" else scope
        for name in ("orders", "limit", "offset", "distinct_on_targets"):
            _expression(modifier.get(name), inside, context)


def _sources(node: Node, context: Context, where: list[Node]) -> list[Source]:
    """Return what a FROM clause reads; `where` are conditions that all rows meet."""
    kind = node["type"]
    if kind == "JOIN":
        return _join(node, context, where)
    if kind == "EMPTY":
        return []
    if kind == "BASE_TABLE":
        return [_table(node, context)]
    if kind == "SUBQUERY":
        return [_subquery(node, context)]
    if kind == "TABLE_FUNCTION":
        return [_table_function(node, context)]
    if kind == "EXPRESSION_LIST":
        return [_values(node, context)]
    raise BadInput("A query here reads tables, sub-queries, VALUES and range() only.")


def _table(node: Node, context: Context) -> Source:
    name = fold(node["table_name"])
    alias = fold(node.get("alias") or node["table_name"])
    if node.get("schema_name") or node.get("catalog_name"):
        raise BadInput(f"Write the table's name alone: {name}.")
    if node.get("column_name_alias") or node.get("at_clause"):
        raise BadInput(f"Give {name} a plain alias, without column names.")
    if name in context.ctes:
        return replace(context.ctes[name], name=alias)
    if name not in context.tables:
        named = f" {name}" if name.isidentifier() else " of that name"
        raise BadInput(
            f"There is no table{named} in this project. "
            f"It has: {', '.join(sorted(context.tables))}."
        )
    columns = context.tables[name]
    if context.unit not in columns:
        raise BadInput(f"The table {name} has no column {context.unit}.")
    context.read.add(name)
    made = (Column(c, unit=c == context.unit, plain=c != context.unit) for c in columns)
    return Source(alias, tuple(made), aligned=True)


def _subquery(node: Node, context: Context) -> Source:
    inner = _query(node["subquery"]["node"], context)
    names = [fold(name) for name in node.get("column_name_alias") or []]
    if names and inner.aligned:
        raise BadInput("Name a sub-query's columns inside it, with AS.")
    columns = tuple(Column(name) for name in names) or inner.columns
    return replace(inner, name=fold(node.get("alias") or ""), columns=columns)


def _table_function(node: Node, context: Context) -> Source:
    """Constants only: an argument that is a column has nothing to refer to."""
    call = node["function"]
    _expression(call["arguments"], Scope(), context)
    if node.get("with_ordinality") not in {None, "WITHOUT_ORDINALITY"}:
        raise BadInput("A query here cannot use WITH ORDINALITY.")
    name = fold(call["function_name"])
    context.constants.add(name)
    names = node.get("column_name_alias") or [name]
    alias = fold(node.get("alias") or name)
    return Source(alias, tuple(Column(fold(each)) for each in names), aligned=False)


def _values(node: Node, context: Context) -> Source:
    _expression(node["values"], Scope(), context)
    context.constants.add("values")
    names = [f"col{i}" for i in range(len(node["values"][0]))]
    given = [fold(each) for each in node.get("column_name_alias") or []]
    names[: len(given)] = given
    return Source(
        fold(node.get("alias") or ""), tuple(Column(n) for n in names), aligned=False
    )


def _join(node: Node, context: Context, where: list[Node]) -> list[Source]:
    if node["ref_type"] not in {"REGULAR", "CROSS"} or node["join_type"] not in _JOINS:
        raise BadInput(f"Join tables with JOIN ... USING ({context.unit}).")
    left = _sources(node["left"], context, where)
    right = _sources(node["right"], context, where)
    names = [source.name for source in (*left, *right)]
    if len(set(names)) != len(names):
        raise BadInput("Give each table of a join a different alias.")
    both = Scope((*left, *right))
    _expression(node.get("condition"), both, context)
    for name in node.get("using_columns") or []:
        Scope(tuple(left)).find([name])
        Scope(tuple(right)).find([name])
    left_aligned = any(source.aligned for source in left)
    right_aligned = any(source.aligned for source in right)
    if left_aligned and right_aligned:
        check_join(node, (left, right), where, context)
    if node["join_type"] not in _ONE_ROW_JOINS:
        return [*left, *right]
    if right_aligned and not left_aligned:
        raise BadInput("Put the table of people first in a SEMI or ANTI join.")
    return left


def _expression(node: Any, scope: Scope, context: Context) -> None:
    """Raise BadInput where an expression reaches beyond its own row."""
    if isinstance(node, list):
        for child in node:
            _expression(child, scope, context)
        return
    if not isinstance(node, dict):
        return
    kind = node.get("class")
    if kind == "COLUMN_REF":
        scope.find(node["column_names"])
        return
    if kind == "SUBQUERY":
        _check_in(node, scope, context)
        return
    if kind == "STAR":
        raise BadInput("Use * only on its own in the select list, or in count(*).")
    if kind == "WINDOW":
        _check_window(node, scope, context)
    for value in node.values():
        _expression(value, scope, context)


def _check_window(node: Node, scope: Scope, context: Context) -> None:
    partitions = node.get("partitions") or []
    if scope.aligned and not any(scope.is_unit(each) for each in partitions):
        raise BadInput(
            f"A window must stay within a person: OVER (PARTITION BY {context.unit} ...)."
        )


def _check_in(node: Node, scope: Scope, context: Context) -> None:
    """Allow `person in (select person ...)` and `x in (constants)`, nothing else."""
    advice = BadInput(
        f"A sub-query in an expression can only be: {context.unit} IN "
        f"(SELECT {context.unit} FROM ...). Join the table instead."
    )
    if node.get("subquery_type") != "ANY":
        raise advice
    if node.get("comparison_type") != "COMPARE_EQUAL":
        raise advice
    _expression(node.get("child"), scope, context)
    inner = _query(node["subquery"]["node"], context)
    if not inner.aligned:
        return
    whole = len(inner.columns) == 1 and inner.columns[0].unit and not inner.starred
    if not (whole and scope.is_unit(node.get("child"))):
        raise advice
