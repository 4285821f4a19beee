"""Read the SQL conditions of a model and write them as programs for the kernel.

DuckDB's own parser reads them, so what a condition means is never guessed. Whatever
speaks of one record only is worked out once for each value (a feature); what is left
compares two features. A condition that does not fit raises `NotKnown`, and the whole
model then runs in SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from staithe.linkage.executor.kernel import MOST_EDITS
from staithe.linkage.executor.trees import (
    Node,
    NotKnown,
    Side,
    arguments,
    column_tree,
    columns_of,
    constant,
    parse,
    plain,
    sides_of,
    sql_of,
)


if TYPE_CHECKING:
    import duckdb


Kind = Literal["code", "whole", "number", "list", "flag", "long"]

OPS = [
    "same",
    "different",
    "is_missing_l",
    "is_missing_r",
    "is_present_l",
    "is_present_r",
    "true_l",
    "true_r",
    "false_l",
    "false_r",
    "jaro_winkler",
    "jaro",
    "jaccard",
    "levenshtein",
    "damerau",
    "hamming",
    "gap_whole",
    "lists_meet",
    "list_holds_l",
    "list_holds_r",
    "sum",
]
OP = {name: place for place, name in enumerate(OPS)}
PARTS = [
    "constant",
    "whole_l",
    "whole_r",
    "number_l",
    "number_r",
    "shared",
    "+",
    "-",
    "*",
    "/",
    "abs",
    "greatest",
    "least",
]
PART = {name: place for place, name in enumerate(PARTS)}
STRICT, BELOW, NEGATED, FUSED = 1, 2, 4, 8

SIMILARITIES = {
    "jaro_winkler_similarity": "jaro_winkler",
    "jaro_similarity": "jaro",
    "jaccard": "jaccard",
}
DISTANCES = {
    "levenshtein": "levenshtein",
    "editdist3": "levenshtein",
    "damerau_levenshtein": "damerau",
    "hamming": "hamming",
    "mismatches": "hamming",
}
COMPARED = {
    "COMPARE_GREATERTHANOREQUALTO": 0,
    "COMPARE_GREATERTHAN": STRICT,
    "COMPARE_LESSTHANOREQUALTO": BELOW,
    "COMPARE_LESSTHAN": BELOW | STRICT,
}
TURNED = {0: BELOW, STRICT: BELOW | STRICT, BELOW: 0, BELOW | STRICT: STRICT}
WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT"}
LONG = {"BIGINT", "UBIGINT", "UINTEGER", "DATE"}
REAL = {"DOUBLE", "FLOAT"}
LENGTHS = {"len", "length", "array_length", "list_length"}
DEEPEST = 16


@dataclass(frozen=True)
class Feature:
    """Something about one record: SQL over its columns, and how it is held."""

    sql: str
    kind: Kind
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Test:
    """One step of a program; `yes` and `no` are steps, or -1 - answer."""

    op: str
    left: int
    right: int
    yes: int
    no: int
    limit: float = 0.0
    flags: int = 0


@dataclass(frozen=True)
class SumPart:
    """One part of a sum, in postfix order."""

    part: str
    left: int = 0
    right: int = 0
    value: float = 0.0


@dataclass
class Program:
    """The conditions of a model as steps, and the features that they read."""

    con: duckdb.DuckDBPyConnection
    relation: str
    features: list[Feature] = field(default_factory=list)
    steps: list[Test] = field(default_factory=list)
    parts: list[SumPart] = field(default_factory=list)
    together: list[tuple[int, int]] = field(default_factory=list)
    _types: dict[str, str] = field(default_factory=dict)
    _places: dict[tuple[str, Kind], int] = field(default_factory=dict)
    _fits: dict[str, bool] = field(default_factory=dict)
    _fused: int | None = None

    def comparison(self, conditions: Sequence[str]) -> int:
        """Add a comparison and return its first step.

        Its answer is the place of the first condition that holds; the last one is
        ELSE.
        """
        if not conditions or conditions[-1].strip().upper() != "ELSE":
            raise NotKnown("a comparison without an ELSE level")
        at = -len(conditions)
        trees = parse(self.con, conditions[:-1])
        for place in range(len(trees) - 1, -1, -1):
            at = self.emit(trees[place], negated=False, yes=-1 - place, no=at)
        return at

    def condition(self, tree: Node) -> int:
        """Add a condition whose answer is 1 or 0, and return its first step."""
        return self.emit(tree, negated=False, yes=-2, no=-1)

    def feature(self, tree: Node, kind: Kind | None = None) -> int:
        """Return the place of something about one record, adding it if it is new."""
        return self._place(plain(tree), kind)

    def column(self, name: str) -> int:
        """Return the place of a column of the records."""
        return self._place(column_tree(name), None)

    def _place(self, tree: Node, kind: Kind | None) -> int:
        sql = sql_of(self.con, tree)
        kind = kind or self._kind(sql)
        if kind == "code" and self.type_of(sql) in REAL:
            sql = f"({sql}) + 0.0"  # minus zero equals zero
        if (sql, kind) not in self._places:
            self._places[sql, kind] = len(self.features)
            self.features.append(Feature(sql, kind, columns_of(tree)))
        return self._places[sql, kind]

    def type_of(self, sql: str) -> str:
        """Return the DuckDB type of an expression over one record."""
        if sql not in self._types:
            found = self.con.execute(
                f"DESCRIBE SELECT {sql} AS x FROM {self.relation}"
            ).fetchall()
            self._types[sql] = str(found[0][1])
        return self._types[sql]

    def _kind(self, sql: str) -> Kind:
        found = self.type_of(sql)
        if found.endswith("[]"):
            return "list"
        return "whole" if self._whole(sql) else "code"

    def _whole(self, sql: str) -> bool:
        """Say whether an expression gives whole numbers that fit in 32 bits."""
        if self.type_of(sql) in WHOLE:
            return True
        if self.type_of(sql) != "BIGINT":
            return False
        if sql not in self._fits:
            low, high = self.con.execute(
                f"SELECT coalesce(min(x), 0), coalesce(max(x), 0) FROM"
                f" (SELECT {sql} AS x FROM {self.relation})"
            ).fetchall()[0]
            self._fits[sql] = low > -(2**31) and high < 2**31
        return self._fits[sql]

    @property
    def fused(self) -> int:
        """Whether this DuckDB rounds Jaro-Winkler's bonus once, as a flag."""
        if self._fused is None:
            found = self.con.execute(
                "SELECT jaro_winkler_similarity(a, b) FROM (VALUES ('bbbba', 'baba')) t(a, b)"
            ).fetchall()
            self._fused = FUSED if found[0][0] == 0.805 else 0  # noqa: PLR2004
        return self._fused

    # ------------------------------------------------------------ writing steps

    def emit(self, tree: Node, *, negated: bool, yes: int, no: int) -> int:
        """Add the steps of a condition and return the first of them."""
        kind = tree["type"]
        if kind == "OPERATOR_NOT":
            return self.emit(tree["children"][0], negated=not negated, yes=yes, no=no)
        if kind in {"CONJUNCTION_AND", "CONJUNCTION_OR"}:
            every = (kind == "CONJUNCTION_AND") != negated
            at = yes if every else no
            for child in reversed(tree["children"]):
                at = (
                    self.emit(child, negated=negated, yes=at, no=no)
                    if every
                    else self.emit(child, negated=negated, yes=yes, no=at)
                )
            return at
        return self._leaf(tree, negated=negated, yes=yes, no=no)

    def _add(
        self, op: str, left: int, right: int, *, yes: int, no: int,
        limit: float = 0.0, flags: int = 0,
    ) -> int:  # fmt: skip
        self.steps.append(Test(op, left, right, yes, no, limit, flags))
        return len(self.steps) - 1

    def _leaf(self, tree: Node, *, negated: bool, yes: int, no: int) -> int:
        kind, sides = tree["type"], sides_of(tree)
        if kind in {"OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"} and len(sides) == 1:
            missing = (kind == "OPERATOR_IS_NULL") != negated
            place = self.feature(tree["children"][0])
            word = "is_missing" if missing else "is_present"
            return self._add(f"{word}_{sides[0]}", place, place, yes=yes, no=no)
        if len(sides) < 2:  # noqa: PLR2004  of one record, or of none
            place = self.feature(tree, "flag")
            word = "false" if negated else "true"
            side = sides[0] if sides else "l"
            return self._add(f"{word}_{side}", place, place, yes=yes, no=no)
        if kind in {"COMPARE_EQUAL", "COMPARE_NOTEQUAL"}:
            found = self._equality(tree, negated=negated, yes=yes, no=no)
            if found is not None:
                return found
        if kind in COMPARED:
            return self._comparison(tree, negated=negated, yes=yes, no=no)
        if kind == "FUNCTION":
            return self._lists(tree, negated=negated, yes=yes, no=no)
        raise NotKnown(sql_of(self.con, tree))

    def _two_sides(self, *both: Node) -> tuple[Node, Node] | None:
        """Return what speaks of the left record and what of the right one, if so."""
        if len(both) != 2:  # noqa: PLR2004
            return None
        a, b = both
        first, second = sides_of(a), sides_of(b)
        if first == ["l"] and second == ["r"]:
            return a, b
        if first == ["r"] and second == ["l"]:
            return b, a
        return None

    def _equality(self, tree: Node, *, negated: bool, yes: int, no: int) -> int | None:
        found = self._two_sides(tree["left"], tree["right"])
        if found is None:
            return None
        places = [self._plain_code(each) for each in found]
        types = {self.type_of(self.features[place].sql) for place in places}
        if len(types) > 1:
            raise NotKnown(sql_of(self.con, tree))
        self.together.append((places[0], places[1]))
        same = (tree["type"] == "COMPARE_EQUAL") != negated
        return self._add(
            "same" if same else "different", places[0], places[1], yes=yes, no=no
        )

    def _plain_code(self, tree: Node) -> int:
        place = self.feature(tree)
        if self.features[place].kind == "list":
            raise NotKnown(sql_of(self.con, tree))
        return place

    def _comparison(self, tree: Node, *, negated: bool, yes: int, no: int) -> int:
        """Add a comparison of a similarity, a distance or a sum with something."""
        value, limit, flags = tree["left"], tree["right"], COMPARED[tree["type"]]
        if constant(value) is not None:
            value, limit, flags = limit, value, TURNED[flags]
        flags |= NEGATED if negated else 0
        bound = constant(limit)
        if bound is not None and value["type"] == "FUNCTION":
            name, inside = value["function_name"], arguments(value)
            if name in SIMILARITIES:
                if name == "jaro_winkler_similarity":
                    flags |= self.fused
                left, right = self._texts(inside, tree)
                return self._add(
                    SIMILARITIES[name], left, right, yes=yes, no=no, limit=bound, flags=flags
                )  # fmt: skip
            if name in DISTANCES:
                return self._distance(tree, value, bound, flags, yes=yes, no=no)
            gap = self._whole_gap(value)
            if gap:
                return self._add(
                    "gap_whole", gap[0], gap[1], yes=yes, no=no, limit=bound, flags=flags
                )  # fmt: skip
        if negated:
            raise NotKnown(sql_of(self.con, tree))
        return self._sum(tree, value, limit, flags, yes=yes, no=no)

    def _texts(self, inside: Sequence[Node], tree: Node) -> tuple[int, int]:
        found = self._two_sides(*inside)
        if found is None:
            raise NotKnown(sql_of(self.con, tree))
        left, right = (self.feature(each, "code") for each in found)
        for place in (left, right):
            if self.type_of(self.features[place].sql) != "VARCHAR":
                raise NotKnown(sql_of(self.con, tree))
        self.together.append((left, right))
        return left, right

    def _distance(
        self, tree: Node, value: Node, bound: float, flags: int, *, yes: int, no: int
    ) -> int:
        """Add "at most so many edits", however it was written."""
        left, right = self._texts(arguments(value), tree)
        if not flags & BELOW:  # more than so many: the opposite of at most
            flags ^= NEGATED
            most = bound if flags & STRICT else -(-bound // 1) - 1
        else:
            most = -(-bound // 1) - 1 if flags & STRICT else bound // 1
        if not 0 <= most <= MOST_EDITS:
            raise NotKnown(sql_of(self.con, tree))
        return self._add(
            DISTANCES[value["function_name"]], left, right, yes=yes, no=no,
            limit=float(most // 1), flags=flags & NEGATED,
        )  # fmt: skip

    def _whole_gap(self, value: Node) -> tuple[int, int] | None:
        """Return the features of abs(left - right) where both are small numbers."""
        if value["function_name"] != "abs":
            return None
        (inner,) = arguments(value)
        if inner["type"] != "FUNCTION" or inner["function_name"] != "-":
            return None
        found = self._two_sides(*arguments(inner))
        if found is None:
            return None
        if not all(self._whole(sql_of(self.con, plain(each))) for each in found):
            return None
        return self.feature(found[0]), self.feature(found[1])

    def _lists(self, tree: Node, *, negated: bool, yes: int, no: int) -> int:
        """Add a test of two lists, or of a list and one value."""
        name, inside = tree["function_name"], arguments(tree)
        flags = NEGATED if negated else 0
        if name in {"list_has_any", "array_has_any", "&&"}:
            found = self._two_sides(*inside)
            if found:
                left, right = (self._list(each) for each in found)
                self.together.append((left, right))
                return self._add("lists_meet", left, right, yes=yes, no=no, flags=flags)
        if name in {"list_contains", "array_contains", "list_has", "array_has"}:
            found = self._two_sides(*inside)
            if found:
                side = sides_of(inside[0])[0]
                listed, member = self._list(inside[0]), self._plain_code(inside[1])
                self.together.append((listed, member))
                left, right = (listed, member) if side == "l" else (member, listed)
                op = f"list_holds_{side}"
                return self._add(op, left, right, yes=yes, no=no, flags=flags)
        raise NotKnown(sql_of(self.con, tree))

    def _list(self, tree: Node) -> int:
        place = self.feature(tree)
        if self.type_of(self.features[place].sql) != "VARCHAR[]":
            raise NotKnown(sql_of(self.con, tree))
        return place

    # ------------------------------------------------------------ sums

    def _sum(
        self, tree: Node, value: Node, limit: Node, flags: int, *, yes: int, no: int
    ) -> int:
        parts = [*self._parts(value, tree), *self._parts(limit, tree)]
        deepest, depth = 0, 0
        for each in parts:
            depth += {"+": -1, "-": -1, "*": -1, "/": -1, "greatest": -1, "least": -1,
                "abs": 0}.get(each.part, 1)  # fmt: skip
            deepest = max(deepest, depth)
        if deepest > DEEPEST:
            raise NotKnown(sql_of(self.con, tree))
        start = len(self.parts)
        self.parts += parts
        return self._add("sum", start, len(parts), yes=yes, no=no, flags=flags)

    def _parts(self, node: Node, tree: Node) -> Iterator[SumPart]:
        value = constant(node)
        if value is not None:
            yield SumPart("constant", value=value)
            return
        sides = sides_of(node)
        if len(sides) == 1:
            yield self._number(node, sides[0])
            return
        if node["class"] == "CASE":
            yield from self._larger(node, tree)
            return
        if node["type"] != "FUNCTION":
            raise NotKnown(sql_of(self.con, tree))
        name, inside = node["function_name"], arguments(node)
        if name in LENGTHS and inside[0].get("function_name") in {
            "list_intersect", "array_intersect",
        }:  # fmt: skip
            found = self._two_sides(*arguments(inside[0]))
            if found:
                left, right = (self._list(each) for each in found)
                self.together.append((left, right))
                yield SumPart("shared", left, right)
                return
        if name not in PART or len(inside) != (1 if name == "abs" else 2):
            raise NotKnown(sql_of(self.con, tree))
        for each in inside:
            yield from self._parts(each, tree)
        yield SumPart(name)

    def _number(self, node: Node, side: Side) -> SumPart:
        """Return a number of one record as a part of a sum."""
        sql = sql_of(self.con, plain(node))
        found = self.type_of(sql)
        if self._whole(sql):
            place = self.feature(node)
            return SumPart(f"whole_{side}", place, place)
        if found not in LONG | REAL:
            raise NotKnown(sql)
        place = self.feature(node, "number")
        return SumPart(f"number_{side}", place, place)

    def _larger(self, node: Node, tree: Node) -> Iterator[SumPart]:
        """Read CASE WHEN a > b THEN a ELSE b END as the larger of two."""
        checks = node["case_checks"]
        when, then, other = (
            checks[0]["when_expr"],
            checks[0]["then_expr"],
            node["else_expr"],
        )
        if len(checks) != 1 or when["type"] != "COMPARE_GREATERTHAN":
            raise NotKnown(sql_of(self.con, tree))
        words = [
            sql_of(self.con, each)
            for each in (when["left"], when["right"], then, other)
        ]
        if words[:2] != words[2:]:
            raise NotKnown(sql_of(self.con, tree))
        yield from self._parts(then, tree)
        yield from self._parts(other, tree)
        yield SumPart("greatest")
