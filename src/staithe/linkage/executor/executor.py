"""Load records and a model's conditions once; count patterns, then score pairs.

Weights come after the conditions, because training counts with the same program that
scoring runs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np
import numpy.typing as npt

from staithe.linkage.executor import kernel
from staithe.linkage.executor.blocks import (
    NO_KEY,
    Grouped,
    Keys,
    RuleParts,
    each_pair,
    group,
    in_order,
    read_rule,
    rule_keys,
    tasks,
)
from staithe.linkage.executor.conditions import OP, PART, Program, Test
from staithe.linkage.executor.kernel import address
from staithe.linkage.executor.records import Records, encode
from staithe.linkage.executor.trees import NotKnown, columns_of, parse, plain
from staithe.linkage.executor.weights import Level, prior_weight, weigh


if TYPE_CHECKING:
    import duckdb


Codes = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Levels = npt.NDArray[np.int8]
Made = TypeVar("Made")
FIRST_TABLE = 1 << 14
MOST_PATTERNS = 2**62


@dataclass(frozen=True)
class Batch:
    """Scored pairs of one rule: places of the records, from 0, and weights."""

    left: Codes
    right: Codes
    weight: Floats
    rule: int


@dataclass(frozen=True)
class Tally:
    """Distinct vectors of levels (places in each comparison's list) and their counts."""

    levels: Ints
    counts: Ints


class Executor:
    """A relation of records with the conditions of comparisons and rules.

    `rows` says how many records each file has: the first file's come first. Raises
    NotKnown where a condition needs SQL.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        relation: str,
        rows: tuple[int, ...],
        *,
        comparisons: Sequence[Sequence[Level]],
        rules: Sequence[str],
        training_rules: Sequence[str] = (),
        threads: int = 2,
    ) -> None:
        self.con, self.relation, self.rows, self.threads = con, relation, rows, threads
        self.library = kernel.load_kernel()
        if self.library is None:
            raise NotKnown("no compiler on this machine")
        self.comparisons = [list(each) for each in comparisons]
        program = self.program = Program(con, relation)
        starts = [
            program.comparison([str(level["sql_condition"]) for level in each])
            for each in self.comparisons
        ]
        self._columns = [self._columns_of(each) for each in self.comparisons]
        self._rules = [read_rule(con, program, each) for each in rules]
        self._training = [read_rule(con, program, each) for each in training_rules]
        for each in self.comparisons:
            for level in each:
                if column := level.get("tf_adjustment_column"):
                    program.column(str(column).strip('"`'))
        self.records: Records = encode(
            con, relation, program.features, program.together, threads=threads
        )
        if self.records.count != sum(rows):
            raise NotKnown("a relation of another size")
        self._starts = np.array(starts or [0], np.int32)
        self._steps = self._write_steps()
        self._parts = self._write_parts()
        self._keys: dict[str, Keys] = {}
        self._terms: Any = None
        self.plan = self._write_plan()

    def _columns_of(self, levels: Sequence[Level]) -> set[str]:
        conditions = [str(level["sql_condition"]) for level in levels[:-1]]
        trees = parse(self.con, conditions) if conditions else []
        return {column for tree in trees for column in columns_of(plain(tree))}

    # ------------------------------------------------------------ the plan

    def _write_steps(self) -> Any:
        return (kernel.Step * max(len(self.program.steps), 1))(
            *(self._step(each) for each in self.program.steps)
        )

    def _step(self, test: Test) -> kernel.Step:
        book = self.records.book_of
        mine, other = test.left, test.right
        if test.op == "list_holds_r":  # the list comes first, whichever side it is on
            mine, other = other, mine
        return kernel.Step(
            op=OP[test.op],
            left=test.left,
            right=test.right,
            dictionary=book.get(mine, 0),
            other=book.get(other, 0),
            yes=test.yes,
            no=test.no,
            flags=test.flags,
            limit=test.limit,
        )

    def _write_parts(self) -> Any:
        book = self.records.book_of
        return (kernel.Part * max(len(self.program.parts), 1))(
            *(
                kernel.Part(
                    part=PART[each.part],
                    left=each.left,
                    right=each.right,
                    dictionary=book.get(each.left, 0),
                    other=book.get(each.right, 0),
                    value=each.value,
                )
                for each in self.program.parts
            )
        )

    def _write_plan(self) -> kernel.Plan:
        self.levels = max((len(each) for each in self.comparisons), default=1)
        size = (max(len(self.comparisons), 1), self.levels)
        self._weights = np.zeros(size)
        self._terms = (kernel.Term * (size[0] * size[1]))(
            *(kernel.Term(place=-1) for _ in range(size[0] * size[1]))
        )
        self._rarity: dict[str, Floats] = {}
        return kernel.Plan(
            rows=address(self.records.rows),
            width=self.records.width,
            dictionaries=ctypes.addressof(self.records.dictionaries),
            steps=ctypes.addressof(self._steps),
            parts=ctypes.addressof(self._parts),
            starts=address(self._starts),
            comparisons=len(self.comparisons),
            levels=self.levels,
            weights=address(self._weights),
            terms=ctypes.addressof(self._terms),
            prior=0.0,
        )

    def weigh(self, model: Mapping[str, Any]) -> None:
        """Take the prior, m and u of a model whose conditions are those loaded."""
        self.plan.prior = prior_weight(model)
        for c, each in enumerate(model["comparisons"]):
            weighed = weigh(self.con, each["comparison_levels"])
            self._weights[c, : len(weighed.weights)] = weighed.weights
            for n, rare in enumerate(weighed.rarities):
                if rare is None:
                    continue
                self._terms[c * self.levels + n] = kernel.Term(
                    place=self.program.column(rare.column),
                    rarity=address(self._rarity_of(rare.column)),
                    base=rare.base,
                    weight=rare.weight,
                    least=rare.least,
                )

    def values(self, column: str) -> Any:
        """Return the distinct values of a column, in the order of their codes."""
        return self.records.coded[self.program.column(column)].values

    def set_rarity(self, column: str, shares: Floats) -> None:
        """Say how common the values of a column are among more than these records."""
        with np.errstate(divide="ignore"):
            logs = np.log2(shares)
        self._rarity[column] = logs if len(logs) else np.zeros(1)

    def _rarity_of(self, column: str) -> Floats:
        """Return code → log2 of the share of the records with a value that have it."""
        if column not in self._rarity:
            place = self.program.column(column)
            if self.program.features[place].kind != "code":
                raise NotKnown(f"the rarity of {column}")
            with np.errstate(divide="ignore"):
                shares = np.log2(self.records.shares(place))
            self._rarity[column] = shares if len(shares) else np.zeros(1)
        return self._rarity[column]

    # ------------------------------------------------------------ pairs

    def _keys_of(self, name: str, rules: Sequence[RuleParts]) -> Keys:
        if name not in self._keys:
            self._keys[name] = rule_keys(
                self.con, self.relation, self.records, rules, self.rows
            )
        return self._keys[name]

    def counts_patterns(self, comparisons: int) -> bool:
        """Say whether the patterns of so many comparisons fit a number of 64 bits."""
        return bool(self.levels**comparisons < MOST_PATTERNS)

    @overload
    def predict(self, *, least: float = ...) -> Iterator[Batch]: ...

    @overload
    def predict(
        self, *, least: float = ..., made: Callable[[Batch], Made]
    ) -> Iterator[Made]: ...

    def predict(
        self,
        *,
        least: float = -np.inf,
        made: Callable[[Batch], Any] = lambda batch: batch,
    ) -> Iterator[Any]:
        """Yield every pair that a rule proposes with a weight of at least `least`.

        In batches, in one order whatever the threads; `made` is what each thread
        makes of a batch before it is handed over.
        """
        if not self._rules:
            return
        keys = self._keys_of("rules", self._rules)
        for rule in range(len(self._rules)):
            grouped = group(keys, rule)

            def work(
                span: tuple[int, int], grouped: Grouped = grouped, rule: int = rule
            ) -> Any:
                batch = self._score_span(grouped, span, rule, least)
                return made(batch) if len(batch.left) else None

            for found in in_order(self.threads, work, tasks(grouped)):
                if found is not None:
                    yield found

    def _score_span(
        self, grouped: Grouped, span: tuple[int, int], rule: int, least: float
    ) -> Batch:
        found: list[tuple[Codes, Codes, Floats]] = []
        for left, right in each_pair(self.plan, grouped, *span):
            weights, _ = self._scored(left, right)
            if np.isneginf(least):
                found.append((left.copy(), right.copy(), weights))
            else:
                kept = weights >= least
                found.append((left[kept], right[kept], weights[kept]))
        if not found:
            none = np.empty(0, np.int32)
            return Batch(none, none, np.empty(0), rule)
        left, right, weights = (
            np.concatenate(each) for each in zip(*found, strict=True)
        )
        return Batch(left, right, weights, rule)

    def _scored(
        self, left: Codes, right: Codes, *, levels: bool = False
    ) -> tuple[Floats, Levels | None]:
        weights = np.empty(len(left))
        vectors = (
            np.empty((len(left), len(self.comparisons)), np.int8) if levels else None
        )
        self.library.st_score(
            ctypes.byref(self.plan), address(left), address(right), len(left),
            address(weights), None if vectors is None else address(vectors),
        )  # fmt: skip
        return weights, vectors

    def score_pairs(self, left: Ints, right: Ints) -> tuple[Floats, Levels]:
        """Return the weights and levels of given pairs of places."""
        a = np.ascontiguousarray(left, np.int32)
        b = np.ascontiguousarray(right, np.int32)
        for each in (a, b):
            if len(each) and (each.min() < 0 or each.max() >= self.records.count):
                raise IndexError("a pair outside the records")
        weights, vectors = self._scored(a, b, levels=True)
        assert vectors is not None
        return weights, vectors

    # ------------------------------------------------------------ counting

    @property
    def training_rules(self) -> int:
        """How many training rules were loaded."""
        return len(self._training)

    def rule_columns(self, rule: int) -> set[str]:
        """Return the columns that a training rule reads."""
        parts = self._training[rule]
        features = self.program.features
        found = {c for p in (*parts.left, *parts.right) for c in features[p].columns}
        return found | {parts.raw} if parts.raw else found

    def comparison_columns(self, comparison: int) -> set[str]:
        """Return the columns that a comparison reads."""
        return self._columns[comparison]

    def count_pairs(self, rules: int) -> int:
        """Count the pairs that the first training rules propose, each pair once."""
        keys = rule_keys(
            self.con, self.relation, self.records, self._training[:rules], self.rows
        )
        total = 0
        for rule in range(rules):
            grouped = group(keys, rule)

            def work(span: tuple[int, int], grouped: Grouped = grouped) -> int:
                return sum(len(a) for a, _ in each_pair(self.plan, grouped, *span))

            total += sum(in_order(self.threads, work, tasks(grouped)))
        return total

    def sample(self, rule: int, pairs: int, seed: int) -> npt.NDArray[np.bool_] | None:
        """Flag a share of the records that leaves a training rule about `pairs` pairs.

        Records are sampled and not pairs, so that no more pairs than these are made.
        None where every record may stay.
        """
        parts = self._training[rule]
        keys = rule_keys(self.con, self.relation, self.records, [parts], self.rows)
        there = int(group(keys, 0).reach.sum())
        there = there // 2 if keys.dedupe else there
        if there <= pairs:
            return None
        drawn = np.random.default_rng([seed, rule]).random(self.records.count)
        flags: npt.NDArray[np.bool_] = drawn < (pairs / there) ** 0.5
        return flags

    def tally_pairs(self, left: Ints, right: Ints, chosen: Sequence[int]) -> Tally:
        """Count given pairs by the levels of the chosen comparisons."""
        table = _Table(self, chosen)
        table.add(
            np.ascontiguousarray(left, np.int32), np.ascontiguousarray(right, np.int32)
        )
        return table.result()

    def tally_rule(
        self,
        rule: int,
        chosen: Sequence[int],
        *,
        only: npt.NDArray[np.bool_] | None = None,
    ) -> Tally:
        """Count the pairs of a training rule, among the records flagged `only`."""
        parts = self._training[rule]
        keys = rule_keys(self.con, self.relation, self.records, [parts], self.rows)
        if only is not None:
            keys.left[~only] = NO_KEY
            keys.right[~only] = NO_KEY
        grouped = group(keys, 0)

        def work(span: tuple[int, int]) -> _Table:
            table = _Table(self, chosen)
            for left, right in each_pair(self.plan, grouped, *span):
                table.add(left, right)
            return table

        total = _Table(self, chosen)
        for table in in_order(self.threads, work, tasks(grouped)):
            total.take(table)
        return total.result()


class _Table:
    """A growing count of patterns."""

    def __init__(self, executor: Executor, chosen: Sequence[int]) -> None:
        self.executor = executor
        self.chosen = np.array(chosen, np.int32)
        self.used = np.zeros(1, np.int64)
        if not executor.counts_patterns(len(chosen)):
            raise NotKnown("too many comparisons to count patterns")
        self._clear(FIRST_TABLE)

    def _clear(self, size: int) -> None:
        self.patterns = np.full(size, -1, np.int64)
        self.counts = np.zeros(size, np.int64)
        self.used[0] = 0

    def add(self, left: Codes, right: Codes) -> None:
        """Count pairs, in a larger table where this one fills up."""
        at = 0
        while at < len(left):
            at += self.executor.library.st_tally(
                ctypes.byref(self.executor.plan), address(self.chosen), len(self.chosen),
                address(left[at:]), address(right[at:]), len(left) - at,
                address(self.patterns), address(self.counts), len(self.patterns),
                address(self.used),
            )  # fmt: skip
            if at < len(left):
                self._grow()

    def _grow(self) -> None:
        old, counts = self.patterns, self.counts
        kept = old >= 0
        self._clear(2 * len(old))
        self._put(old[kept], counts[kept])

    def _put(self, patterns: Ints, counts: Ints) -> None:
        size = len(self.patterns)
        with np.errstate(over="ignore"):
            mixed = patterns.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        places = ((mixed >> np.uint64(20)) & np.uint64(size - 1)).astype(np.int64)
        for place, pattern, count in zip(
            places.tolist(), patterns.tolist(), counts.tolist(), strict=True
        ):
            at = place
            while self.patterns[at] not in {pattern, -1}:
                at = (at + 1) & (size - 1)
            self.used[0] += self.patterns[at] == -1
            self.patterns[at] = pattern
            self.counts[at] += count

    def take(self, other: _Table) -> None:
        """Add the counts of another table."""
        kept = other.patterns >= 0
        while (int(self.used[0]) + int(kept.sum())) * 4 >= len(self.patterns) * 3:
            self._grow()
        self._put(other.patterns[kept], other.counts[kept])

    def result(self) -> Tally:
        """Return the patterns, in order."""
        kept = self.patterns >= 0
        patterns, counts = self.patterns[kept], self.counts[kept]
        order = np.argsort(patterns)
        patterns, counts = patterns[order], counts[order]
        columns = []
        for _ in self.chosen:
            columns.append(patterns % self.executor.levels)
            patterns = patterns // self.executor.levels
        levels = (
            np.stack(columns[::-1], axis=1) if columns else np.empty((0, 0), np.int64)
        )
        return Tally(levels, counts)
