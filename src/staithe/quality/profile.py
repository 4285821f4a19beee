"""Profile a table: what each column holds and means, six dimensions, what is wrong.

Counts are exact. Columns are measured one at a time, so memory follows the widest
column and not the table.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from staithe.base.errors import BadInput
from staithe.quality.column_rules import ColumnFacts, column_findings
from staithe.quality.dimensions import Timeliness, score_dimensions
from staithe.quality.masking import RARE
from staithe.quality.measure import (
    Basics,
    ColumnMeasure,
    count_duplicates,
    count_out_of_order,
)
from staithe.quality.scorecard import SEVERITIES, ColumnProfile, Finding, Profile
from staithe.quality.semantic import (
    PERSONAL,
    detect_semantic_type,
    looks_personal,
    name_suggests,
    plain_name,
)
from staithe.tables.columns import Column, to_columns
from staithe.tables.engine import DuckEngine, open_engine
from staithe.tables.source import TableSource


Progress = Callable[[int, int], None]
PAIRS = (("start", "end"), ("from", "to"), ("birth", "death"), ("opened", "closed"))


def profile_table(
    source: TableSource | Sequence[Path],
    *,
    at: dt.datetime,
    name: str = "",
    modified: dt.date | None = None,
    update_every_days: int | None = None,
    key: Sequence[str] = (),
    memory_mb: int = 800,
    threads: int = 2,
    progress: Progress | None = None,
) -> Profile:
    """Profile a table that was read, or the Parquet files of a snapshot.

    `at` is the time that "today" is judged by; `key` names the columns declared
    unique; `progress` is told columns done and columns in all.
    """
    with (
        tempfile.TemporaryDirectory(prefix="staithe-profile-") as folder,
        open_engine(
            memory_mb=memory_mb, threads=threads, temp_directory=folder
        ) as engine,
    ):
        paths = _as_parquet(source, Path(folder))
        table = _Table(engine, paths, today=at.date(), progress=progress)
        _check_key(key, table.columns)
        found = table.measure()
        duplicates = table.duplicates(key, found)
        disorder = list(table.disorder(found))
    columns, findings = _gather(found)
    findings += disorder + _duplicate_findings(duplicates, key)
    title = name or (source.name if isinstance(source, TableSource) else "")
    return Profile(
        name=title,
        rows=table.rows,
        columns=columns,
        dimensions=score_dimensions(
            columns,
            rows=table.rows,
            duplicates=duplicates,
            key=key,
            disordered=sum(finding.count for finding in disorder),
            timeliness=Timeliness(at.date(), modified, update_every_days),
        ),
        findings=tuple(sorted(findings, key=_rank)),
        personal=looks_personal(column.semantic_type for column in columns),
        notes=source.report.notes if isinstance(source, TableSource) else (),
    )


def _as_parquet(source: TableSource | Sequence[Path], folder: Path) -> list[Path]:
    """Give Parquet files: those of a snapshot, or the table spooled for the engine."""
    if not isinstance(source, TableSource):
        return list(source)
    path = folder / "table.parquet"
    # Written once, read a few times, thrown away: neither packed nor indexed.
    plain = {"compression": "none", "use_dictionary": False, "write_statistics": False}
    with pq.ParquetWriter(path, source.schema, **plain) as writer:
        for batch in source.batches():
            writer.write_batch(batch)
    return [path]


def _check_key(key: Sequence[str], columns: Sequence[Column]) -> None:
    absent = [name for name in key if name not in {column.name for column in columns}]
    if absent:
        raise BadInput(f"The key names a column that is not there: {absent[0]!r}.")


Found = list[tuple[ColumnProfile, list[Finding]]]


class _Table:
    """The table under the engine while it is measured."""

    def __init__(
        self,
        engine: DuckEngine,
        paths: Sequence[Path],
        *,
        today: dt.date,
        progress: Progress | None,
    ) -> None:
        self._engine = engine
        self._scan = engine.scan(paths)
        self._today = today
        self._progress = progress
        self.columns = to_columns(pq.read_schema(paths[0]))
        self.rows = int(engine.rows(f"SELECT count(*) FROM {self._scan}")[0][0])

    def measure(self) -> Found:
        """Measure every column; what is shown of it depends on its neighbours too."""
        types = self._semantic_types()
        about_people = looks_personal([*types.values(), *map(name_suggests, types)])
        found: Found = []
        for done, column in enumerate(self.columns, 1):
            found.append(
                self._measure_one(column, types[column.name], people=about_people)
            )
            if self._progress is not None:
                self._progress(done, len(self.columns))
        return found

    def _semantic_types(self) -> dict[str, str]:
        """Judge meanings from the first 20,000 rows, evenly thinned."""
        batches = self._engine.to_batches(f"SELECT * FROM {self._scan} LIMIT 20000")
        head = pa.Table.from_batches(list(batches) or [_empty(self.columns)])
        return {
            name: detect_semantic_type(name, _thin(head.column(name)))
            for name in head.column_names
        }

    def _measure_one(
        self, column: Column, semantic: str, *, people: bool
    ) -> tuple[ColumnProfile, list[Finding]]:
        measure = ColumnMeasure(self._engine, scan=self._scan, column=column.name)
        personal = (
            semantic in PERSONAL
            or name_suggests(column.name) in PERSONAL
            or (people and semantic in {"identifier", "text"})
        )
        facts = ColumnFacts(
            measure=measure,
            basics=measure.basics(),
            name=column.name,
            type=column.type,
            semantic=semantic,
            personal=personal,
            people=people,
            today=self._today,
        )
        findings = list(column_findings(facts))
        return _to_profile(facts), findings

    def duplicates(self, key: Sequence[str], found: Found) -> int | None:
        """Count repeated rows; a column without repeats or nulls settles it at once."""
        if not self.rows:
            return None
        unique = {c.name for c, _ in found if c.distinct == self.rows}
        columns = list(key) or [column.name for column in self.columns]
        if unique.intersection(columns):
            return 0
        return count_duplicates(self._engine, scan=self._scan, columns=columns)

    def disorder(self, found: Found) -> Iterator[Finding]:
        """Find rows that end before they start, by pairs of column names."""
        dates = {
            plain_name(c.name): c.name
            for c, _ in found
            if c.type in {"date", "timestamp"} or c.semantic_type == "date"
        }
        for first, last in PAIRS:
            for plain, start in dates.items():
                end = dates.get(plain.replace(first, last))
                if first not in plain or end is None:
                    continue
                count = count_out_of_order(
                    self._engine, scan=self._scan, start=start, end=end
                )
                if count:
                    message = f"{end!r} is before {start!r}."
                    yield Finding("error", "consistency", end, message, count)


def _empty(columns: Sequence[Column]) -> pa.RecordBatch:
    schema = pa.schema([(column.name, pa.string()) for column in columns])
    return pa.RecordBatch.from_pylist([], schema=schema)


def _thin(column: pa.ChunkedArray, size: int = 1000) -> list[object]:
    filled = column.drop_null()
    step = max(1, len(filled) // size)
    return list(
        filled.take(pa.array(range(0, len(filled), step), pa.int64())).to_pylist()
    )


def _to_profile(facts: ColumnFacts) -> ColumnProfile:
    basics: Basics = facts.basics
    measure = facts.measure
    withheld = facts.personal or facts.people
    return ColumnProfile(
        name=facts.name,
        type=facts.type,
        semantic_type=facts.semantic,
        personal=facts.personal,
        rows=basics.rows,
        nulls=basics.nulls,
        distinct=basics.distinct,
        min=_extreme(facts, basics.min, basics.min_rows),
        max=_extreme(facts, basics.max, basics.max_rows),
        min_length=basics.min_length if facts.type == "text" else None,
        max_length=basics.max_length if facts.type == "text" else None,
        top=measure.top(at_least=RARE if withheld else 1),
        withheld=withheld,
        rare_withheld=measure.rare(below=RARE) if withheld else 0,
        patterns=measure.patterns() if facts.type == "text" else (),
        sentinels=facts.sentinels,
        tested=facts.tested,
        invalid=facts.invalid,
        inconsistent=facts.inconsistent,
    )


def _extreme(facts: ColumnFacts, value: str | None, rows: int | None) -> str | None:
    """Return an extreme value, unless it could be one person's."""
    rare = facts.people and (rows or 0) < RARE
    return None if facts.personal or rare else value


def _gather(found: Found) -> tuple[tuple[ColumnProfile, ...], list[Finding]]:
    columns = tuple(column for column, _ in found)
    return columns, [finding for _, findings in found for finding in findings]


def _duplicate_findings(duplicates: int | None, key: Sequence[str]) -> list[Finding]:
    if not duplicates:
        return []
    if key:
        message = f"The declared key {', '.join(key)} repeats."
        return [Finding("error", "uniqueness", None, message, duplicates)]
    message = "Rows repeat an earlier row in every column."
    return [Finding("warning", "uniqueness", None, message, duplicates)]


def _rank(finding: Finding) -> tuple[int, int, str]:
    return SEVERITIES.index(finding.severity), -finding.count, finding.column or ""
