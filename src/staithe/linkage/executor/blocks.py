"""Candidate pairs: records grouped by the key of each rule, pairs in a stream.

A rule is one or more things on which both records agree, as one 64-bit key, and
perhaps a condition on top. A pair that an earlier rule proposes is not proposed again.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from staithe.base.errors import BadInput
from staithe.linkage.executor import kernel
from staithe.linkage.executor.conditions import Program
from staithe.linkage.executor.kernel import MISSING, address
from staithe.linkage.executor.records import Records, numbers
from staithe.linkage.executor.trees import (
    Node,
    NotKnown,
    parse,
    plain,
    sides_of,
    sql_of,
)


if TYPE_CHECKING:
    import duckdb


Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Found = TypeVar("Found")
NO_KEY = -1
PAIRS_A_TASK = 400_000
ROOM = 1 << 16
# More pairs than this would take days and is a mistake in the rules.
MOST_PAIRS = 20_000_000_000


@dataclass(frozen=True)
class RuleParts:
    """A rule as read: features that must be equal, and the step of its filter or -1.

    `raw` names the column where that is already a 64-bit key of its own.
    """

    left: tuple[int, ...]
    right: tuple[int, ...]
    filter_at: int
    raw: str = ""


def read_rule(con: duckdb.DuckDBPyConnection, program: Program, sql: str) -> RuleParts:
    """Read a blocking rule over records `l` and `r`, or raise NotKnown."""
    (tree,) = parse(con, [sql])
    every = tree["children"] if tree["type"] == "CONJUNCTION_AND" else [tree]
    left: list[int] = []
    right: list[int] = []
    others: list[Node] = []
    for each in every:
        sides = _equal_sides(each)
        if sides is None:
            others.append(each)
            continue
        if len(every) == 1 and (raw := _raw_key(con, program, sides)):
            return RuleParts((), (), -1, raw)
        a, b = (program.feature(side) for side in sides)
        kinds = {program.features[a].kind, program.features[b].kind}
        types = {program.type_of(program.features[place].sql) for place in (a, b)}
        if kinds & {"list"} or len(types) > 1:
            raise NotKnown(sql)
        program.together.append((a, b))
        left.append(a)
        right.append(b)
    if not left:
        raise NotKnown(sql)
    at = -1
    if others:
        at = program.condition(
            others[0]
            if len(others) == 1
            else {"class": "CONJUNCTION", "type": "CONJUNCTION_AND", "children": others}
        )
    return RuleParts(tuple(left), tuple(right), at)


def _equal_sides(tree: Node) -> tuple[Node, Node] | None:
    if tree["type"] != "COMPARE_EQUAL":
        return None
    a, b = sides_of(tree["left"]), sides_of(tree["right"])
    if a == ["l"] and b == ["r"]:
        return tree["left"], tree["right"]
    if a == ["r"] and b == ["l"]:
        return tree["right"], tree["left"]
    return None


def _raw_key(
    con: duckdb.DuckDBPyConnection, program: Program, sides: tuple[Node, Node]
) -> str:
    """Return the column where a rule is one column of 64-bit keys, else nothing."""
    words = [sql_of(con, plain(each)) for each in sides]
    if words[0] != words[1] or sides[0]["class"] != "COLUMN_REF":
        return ""
    return words[0] if program.type_of(words[0]) in {"BIGINT", "UBIGINT"} else ""


@dataclass
class Keys:
    """The key of every rule for every record, as a left record and as a right one."""

    left: Ints  # [record, rule]
    right: Ints
    alike: tuple[bool, ...]  # whether left and right keys of a rule are the same
    filters: Codes
    rows: tuple[int, ...]

    @property
    def dedupe(self) -> bool:
        """Whether pairs lie within one file."""
        return len(self.rows) == 1


def rule_keys(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    records: Records,
    rules: Sequence[RuleParts],
    rows: tuple[int, ...],
) -> Keys:
    """Return the keys of the rules for all records."""
    alike = tuple(each.left == each.right for each in rules)
    keys = np.empty((records.count, len(rules)), np.int64)
    for place, each in enumerate(rules):
        if each.raw:  # one at a time: there may be many, and records by the million
            keys[:, place] = _raw_column(con, relation, each.raw)
    sizes = [_sizes(records, each) for each in rules]
    left = _packed(records, [each.left for each in rules], sizes, keys)
    right = left
    if not all(alike):
        right = _packed(records, [each.right for each in rules], sizes, keys.copy())
    filters = np.array([each.filter_at for each in rules], np.int32)
    return Keys(left, right, alike, filters, rows)


def _raw_column(con: duckdb.DuckDBPyConnection, relation: str, column: str) -> Ints:
    """Return a column of 64-bit keys; one of all numbers there are stands for null."""
    found = con.sql(f"SELECT {column} AS x FROM {relation}").to_arrow_table()
    keys = found.column("x")
    if keys.type == pa.uint64():  # a hash: its bits are what counts
        bits: Ints = numbers(keys, np.uint64, NO_KEY % 2**64).view(np.int64)
        return bits
    return numbers(keys.cast(pa.int64()), np.int64, NO_KEY)


def _sizes(records: Records, rule: RuleParts) -> list[tuple[int, int]]:
    """Return for each part of a key its least code and how many codes there may be."""
    found = []
    room = 1
    for a, b in zip(rule.left, rule.right, strict=True):
        values = records.coded[a].values
        if values is not None:
            low, size = 0, max(len(values), 1)
        else:
            both = np.concatenate([records.column(a), records.column(b)])
            both = both[both != MISSING]
            low = int(both.min()) if len(both) else 0
            size = int(both.max()) - low + 1 if len(both) else 1
        room *= size
        if room >= 2**62:
            raise NotKnown("a blocking rule with too many parts")
        found.append((low, size))
    return found


def _packed(
    records: Records,
    places: Sequence[Sequence[int]],
    sizes: Sequence[Sequence[tuple[int, int]]],
    keys: Ints,
) -> Ints:
    """Fill in the codes of each record as one number a rule; NO_KEY: one is missing."""
    parts = [each for rule in sizes for each in rule]
    ends = np.cumsum([0, *map(len, places)]).astype(np.int64)
    flat = np.array([place for rule in places for place in rule], np.int32)
    lows = np.array([low for low, _ in parts], np.int64)
    spans = np.array([size for _, size in parts], np.int64)
    kernel.load_kernel().st_keys(
        address(records.rows), records.width, 0, records.count, len(places),
        address(ends), address(flat), address(lows), address(spans), address(keys),
    )  # fmt: skip
    return keys


@dataclass
class Grouped:
    """One rule ready to propose pairs."""

    block: kernel.Block
    reach: Ints  # pairs that each left position may have, at most
    held: tuple[Any, ...]


def group(keys: Keys, rule: int) -> Grouped:
    """Sort the records of one rule into groups of one key."""
    library = kernel.load_kernel()
    total = len(keys.left)
    first = total if keys.dedupe else keys.rows[0]
    right_from = 0 if keys.dedupe else first
    bits = int(np.clip(np.ceil(np.log2(max(total - right_from, 2))), 8, 24))
    right = _sorted(library, keys.right, rule, (right_from, total), bits)
    left = right
    if not (keys.dedupe and keys.alike[rule]):
        left = _sorted(library, keys.left, rule, (0, first), bits)
    block = kernel.Block(
        left_members=address(left[0]),
        right_members=address(right[0]),
        right_starts=address(right[2]),
        left_keys=address(left[1]),
        right_keys=address(right[1]),
        left_all=address(keys.left),
        right_all=address(keys.right),
        filters=address(keys.filters),
        rules=keys.left.shape[1],
        rule=rule,
        bits=bits,
        ordered=int(keys.dedupe),
    )
    reach = np.zeros(len(left[0]), np.int64)
    library.st_reach(ctypes.byref(block), len(reach), address(reach))
    return Grouped(block, reach, (left, right, keys))


def _sorted(
    library: Any, keys: Ints, rule: int, span: tuple[int, int], bits: int
) -> tuple[Codes, Ints, Ints]:
    """Return the records of a span by bucket, their keys, and where buckets start."""
    start, end = span
    starts = np.empty((1 << bits) + 1, np.int64)
    members = np.empty(max(end - start, 1), np.int32)
    ordered = np.empty(max(end - start, 1), np.int64)
    size = library.st_group(
        address(keys) + 8 * rule, keys.shape[1], start, end, bits, address(starts),
        address(members), address(ordered),
    )  # fmt: skip
    return members[:size], ordered[:size], starts


def tasks(grouped: Grouped) -> Iterator[tuple[int, int]]:
    """Yield ranges of left positions of about as many pairs each."""
    total = np.cumsum(grouped.reach)
    if len(total) and total[-1] > MOST_PAIRS:
        raise BadInput(
            f"A blocking rule would compare {int(total[-1]):,} pairs of records; "
            "add to it something else that both must share."
        )
    at, end = 0, len(total)
    while at < end:
        done = total[at - 1] if at else 0
        upto = max(int(np.searchsorted(total, done + PAIRS_A_TASK)), at + 1)
        yield at, min(upto, end)
        at = upto


def each_pair(
    plan: kernel.Plan, grouped: Grouped, start: int, end: int
) -> Iterator[tuple[Codes, Codes]]:
    """Yield the pairs of a range of left positions, some at a time."""
    library = kernel.load_kernel()
    at, following = ctypes.c_int64(start), ctypes.c_int64(0)
    left, right = np.empty(ROOM, np.int32), np.empty(ROOM, np.int32)
    while True:
        size = library.st_pairs(
            ctypes.byref(plan), ctypes.byref(grouped.block), ctypes.byref(at),
            ctypes.byref(following), end, ROOM, address(left), address(right),
        )  # fmt: skip
        if size:
            yield left[:size], right[:size]
        if size < ROOM:
            return


def in_order(
    threads: int,
    work: Callable[[tuple[int, int]], Found],
    ranges: Iterator[tuple[int, int]],
) -> Iterator[Found]:
    """Do work on several threads and yield the results in order, few held at a time."""
    waiting: deque[Future[Found]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for each in ranges:
                waiting.append(pool.submit(work, each))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each_left in waiting:
                each_left.cancel()
