"""Records as rows of small numbers, with dictionaries of what the numbers stand for.

Every distinct value is looked at once: what a feature makes of a column is worked out
by DuckDB over the column's distinct values, not over its rows. Features that are
compared with each other share one dictionary, so that equal values have equal codes.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from staithe.linkage.executor import kernel
from staithe.linkage.executor.conditions import Feature
from staithe.linkage.executor.kernel import MISSING, address
from staithe.linkage.executor.trees import NotKnown, is_column
from staithe.tables.sql import quote_identifier as quote


if TYPE_CHECKING:
    import duckdb


Codes = npt.NDArray[np.int32]
RECORDS_AT_ONCE = 1 << 14


@dataclass
class Coded:
    """One feature of every record, MISSING for null.

    `through` maps codes of the column, and null at its end, to those of the feature;
    None where they are the same. So features of one column share its codes.
    """

    codes: Codes
    through: Codes | None
    # code → value, or the starts and members of lists; None: the number is the value
    values: Any


@dataclass
class Records:
    """Packed rows, and dictionaries as the kernel wants them."""

    count: int
    rows: Codes
    coded: list[Coded]
    dictionaries: Any  # an array of kernel.Dictionary
    book_of: dict[int, int]
    held: list[Any] = field(default_factory=list)  # keeps the kernel's memory alive

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return int(self.rows.shape[1])

    def column(self, place: int) -> Codes:
        """Return one feature of all records."""
        found: Codes = self.rows[:, place]
        return found

    def shares(self, place: int) -> npt.NDArray[np.float64]:
        """Return for each code the share of the records with a value that have it."""
        values = self.coded[place].values
        size = len(values) if values is not None else 0
        codes = self.column(place)
        counts = np.bincount(codes[codes != MISSING], minlength=size)
        found: npt.NDArray[np.float64] = counts / max(int(counts.sum()), 1)
        return found


def encode(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    features: Sequence[Feature],
    together: Iterable[tuple[int, int]],
    *,
    threads: int,
) -> Records:
    """Read a relation once and return its records as packed rows."""
    library = kernel.load_kernel()
    groups = _groups(len(features), together)
    table = _read(con, relation, features)
    coded = _coded(con, table, features, threads)
    count = table.num_rows
    del table
    rows = np.empty((count, max(len(features), 1)), dtype=np.int32)
    _share_dictionaries(coded, features, groups)
    _pack(coded, rows, library, threads)
    records = Records(count, rows, coded, None, {})
    _fill_dictionaries(records, features, groups, library)
    return records


def _pack(coded: Sequence[Coded], rows: Codes, library: Any, threads: int) -> None:
    """Put the features side by side, some records at a time so that they stay near."""
    count, width = rows.shape

    def pack(start: int) -> None:
        end = min(start + RECORDS_AT_ONCE, count)
        for place, each in enumerate(coded):
            table = each.through
            library.st_pack(
                address(each.codes), None if table is None else address(table),
                0 if table is None else len(table) - 1, start, end, width, place,
                address(rows),
            )  # fmt: skip

    with ThreadPoolExecutor(threads) as pool:
        deque(pool.map(pack, range(0, count, RECORDS_AT_ONCE)), maxlen=0)
    for each in coded:
        each.codes, each.through = each.codes[:0], None


def _groups(size: int, together: Iterable[tuple[int, int]]) -> list[int]:
    """Return for each feature the first of those that it is compared with."""
    leads = list(range(size))

    def lead(place: int) -> int:
        while leads[place] != place:
            place = leads[place]
        return place

    for left, right in together:
        a, b = lead(left), lead(right)
        leads[max(a, b)] = min(a, b)
    return [lead(place) for place in range(size)]


def _read(
    con: duckdb.DuckDBPyConnection, relation: str, features: Sequence[Feature]
) -> pa.Table:
    """Fetch every column that features read, and features of several columns."""
    wanted = dict.fromkeys(
        column for each in features if len(each.columns) == 1 for column in each.columns
    )
    parts = [f"{quote(column)} AS {quote('c ' + column)}" for column in wanted]
    parts += [
        f"{_sql(each)} AS {quote(f'f {place}')}"
        for place, each in enumerate(features)
        if len(each.columns) != 1
    ]
    return con.sql(f"SELECT {', '.join(parts) or '1'} FROM {relation}").to_arrow_table()


def _sql(feature: Feature) -> str:
    if feature.kind == "number":
        return f"({feature.sql})::DOUBLE"
    return feature.sql


def _coded(
    con: duckdb.DuckDBPyConnection,
    table: pa.Table,
    features: Sequence[Feature],
    threads: int,
) -> list[Coded]:
    """Return every feature by itself, those of one column over its distinct values."""
    found: dict[int, Coded] = {}
    by_column: dict[str, list[int]] = {}
    for place, each in enumerate(features):
        if len(each.columns) == 1:
            by_column.setdefault(each.columns[0], []).append(place)
        else:
            found[place] = _from_array(table.column(f"f {place}"), each)
    columns = {column: table.column(f"c {column}") for column in by_column}
    with ThreadPoolExecutor(threads) as pool:
        plain = {
            column: pool.submit(_encode, values)
            for column, values in columns.items()
            if not pa.types.is_list(values.type)
        }
        for column, places in by_column.items():
            wanted = {p: features[p] for p in places}
            found |= (
                _from_codes(con, column, plain[column].result(), wanted)
                if column in plain
                else {
                    p: _of_lists(con, columns[column], column, wanted[p])
                    for p in places
                }
            )
    return [found[place] for place in range(len(features))]


def _from_codes(
    con: duckdb.DuckDBPyConnection,
    column: str,
    coded: tuple[Codes, pa.Array],
    features: Mapping[int, Feature],
) -> dict[int, Coded]:
    """Return the features of one column, worked out for each distinct value."""
    codes, distinct = coded
    found = {
        p: _own(codes, distinct, each)
        for p, each in features.items()
        if is_column(each.sql, column)
    }
    derived = [p for p in features if p not in found]
    if derived:
        # An expression may make something of null as well.
        values = pa.concat_arrays([distinct, pa.nulls(1, distinct.type)])
        con.register("distinct_values", pa.table({column: values}))
        parts = ", ".join(f"{_sql(features[p])} AS {quote(f'f {p}')}" for p in derived)
        made = con.sql(f"SELECT {parts} FROM distinct_values").to_arrow_table()
        con.unregister("distinct_values")
        for p in derived:
            each = _from_array(made.column(f"f {p}"), features[p])
            found[p] = Coded(codes, each.codes, each.values)
    return found


def _own(codes: Codes, distinct: pa.Array, feature: Feature) -> Coded:
    """Return a column itself as a feature of the kind that is wanted."""
    if feature.kind in {"whole", "flag"}:
        made = _from_array(pa.chunked_array([distinct]), feature).codes
        return Coded(codes, np.r_[made, np.int32(MISSING)], None)
    if feature.kind == "number":
        return Coded(codes, None, distinct.cast(pa.float64()))
    return Coded(codes, None, distinct)


def _from_array(values: pa.ChunkedArray, feature: Feature) -> Coded:
    if feature.kind == "whole":
        return Coded(_whole(values), None, None)
    if feature.kind == "flag":
        return Coded(_flags(values), None, None)
    if feature.kind == "list":
        raise NotKnown(feature.sql)
    codes, distinct = _encode(values)
    return Coded(codes, None, distinct)


def _whole(values: pa.ChunkedArray) -> Codes:
    if pa.types.is_null(values.type):
        return np.full(len(values), MISSING, np.int32)
    return numbers(values.cast(pa.int32()), np.int32, MISSING)


def numbers(
    values: pa.Array | pa.ChunkedArray, dtype: Any, missing: int = 0
) -> npt.NDArray[Any]:
    """Return an Arrow array as numpy, with `missing` for null.

    Arrow's own ways import pandas where that is installed, which takes a second.
    """
    if isinstance(values, pa.ChunkedArray):
        parts = [numbers(each, dtype, missing) for each in values.chunks]
        return np.concatenate(parts) if parts else np.empty(0, dtype)
    if not len(values):
        return np.empty(0, dtype)
    whole = np.frombuffer(values.buffers()[1], dtype)
    found: npt.NDArray[Any] = whole[values.offset : values.offset + len(values)]
    if values.null_count:
        found = np.where(_present(values), found, np.asarray(missing, dtype))
    return found


def arrow(values: npt.NDArray[Any], kind: pa.DataType) -> pa.Array:
    """Return numbers as an Arrow array without copying them.

    Arrow's own way imports pandas where that is installed, which takes a second.
    """
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _present(values: pa.Array) -> npt.NDArray[np.bool_]:
    """Return which values of an Arrow array are not null."""
    bits = np.unpackbits(
        np.frombuffer(values.buffers()[0], np.uint8), bitorder="little"
    )
    return bits[values.offset : values.offset + len(values)].astype(bool)


def _flags(values: pa.ChunkedArray) -> Codes:
    return _whole(
        values.cast(pa.int8()) if pa.types.is_boolean(values.type) else values
    )


def _encode(values: pa.ChunkedArray) -> tuple[Codes, pa.Array]:
    """Return codes, and the distinct values that they stand for."""
    if pa.types.is_null(values.type):
        values = values.cast(pa.string())
    chunks = values.dictionary_encode().chunks
    if not chunks:  # no rows at all
        return np.empty(0, np.int32), pa.array([], values.type)
    # Arrow gives every chunk the whole dictionary.
    distinct = chunks[-1].dictionary
    assert all(len(each.dictionary) == len(distinct) for each in chunks)
    indices = pa.chunked_array([each.indices for each in chunks])
    return numbers(indices, np.int32, MISSING), distinct


def _of_lists(
    con: duckdb.DuckDBPyConnection,
    values: pa.ChunkedArray,
    column: str,
    feature: Feature,
) -> Coded:
    """Return a column of lists, each list as often as it occurs."""
    array = values.combine_chunks()
    if feature.kind != "list":
        con.register("lists", pa.table({column: array}))
        made = con.sql(f"SELECT {feature.sql} AS x FROM lists").to_arrow_table()
        con.unregister("lists")
        return _from_array(made.column("x"), feature)
    if not is_column(feature.sql, column):
        raise NotKnown(feature.sql)
    if isinstance(array, pa.ChunkedArray):
        array = pa.array([], values.type)
    codes = np.arange(len(array), dtype=np.int32)
    if array.null_count:
        codes[~_present(array)] = MISSING
    return Coded(codes, None, array)


def _share_dictionaries(
    coded: list[Coded], features: Sequence[Feature], groups: Sequence[int]
) -> None:
    """Give features that are compared with each other the same codes.

    Lists share through their members, which stay lists of values until then.
    """
    for lead in sorted(set(groups)):
        group = [p for p, each in enumerate(groups) if each == lead]
        plain = [p for p in group if features[p].kind == "code"]
        lists = [p for p in group if features[p].kind == "list"]
        parts = [coded[p].values for p in plain]
        parts += [coded[p].values.flatten() for p in lists]
        if len(parts) < 2 and not lists:  # noqa: PLR2004
            continue
        codes, distinct = _encode(pa.chunked_array(parts))
        at = 0
        for place, part in zip([*plain, *lists], parts, strict=True):
            mine = codes[at : at + len(part)]
            at += len(part)
            if place in plain:
                coded[place].values = distinct
                coded[place].through = _onward(coded[place].through, mine)
            else:
                _code_list(coded[place], mine)


def _onward(through: Codes | None, mine: Codes) -> Codes:
    """Return the table that leads through one table and then through another."""
    table: Codes = np.r_[mine, np.int32(MISSING)]
    if through is None:
        return table
    found: Codes = table[np.where(through == MISSING, len(mine), through)]
    return found


def _code_list(each: Coded, members: Codes) -> None:
    """Replace the values of a list feature by codes: sorted, each once, nulls gone."""
    array = each.values
    lengths = numbers(pc.list_value_length(array), np.int32, 0)
    owner = np.repeat(np.arange(len(array), dtype=np.int64), lengths)
    known = members != MISSING
    # Nearly in order already, which a stable sort makes use of.
    pairs = np.sort(
        (owner[known] << 32) | members[known].astype(np.int64), kind="stable"
    )
    pairs = pairs[np.r_[True, pairs[1:] != pairs[:-1]]] if len(pairs) else pairs
    starts = np.zeros(len(array) + 1, np.int64)
    np.cumsum(np.bincount(pairs >> 32, minlength=len(array)), out=starts[1:])
    each.values = (starts, (pairs & 0xFFFFFFFF).astype(np.int32))


def _fill_dictionaries(
    records: Records, features: Sequence[Feature], groups: Sequence[int], library: Any
) -> None:
    """Hand the dictionaries over; features that share one get the same."""
    books: list[kernel.Dictionary] = []
    shared: dict[tuple[int, str], int] = {}
    for place, feature in enumerate(features):
        each = records.coded[place]
        own = place if feature.kind in {"list", "number"} else groups[place]
        key = (own, feature.kind)
        if key not in shared:
            shared[key] = len(books)
            books.append(_dictionary(records, each, library))
        records.book_of[place] = shared[key]
    records.dictionaries = (kernel.Dictionary * max(len(books), 1))(*books)


def _dictionary(records: Records, each: Coded, library: Any) -> kernel.Dictionary:
    values = each.values
    if values is None:
        return kernel.Dictionary()
    if isinstance(values, tuple):
        records.held += values
        starts, members = values
        return kernel.Dictionary(starts=address(starts), members=address(members))
    if pa.types.is_float64(values.type):
        plain = np.ascontiguousarray(numbers(values, np.float64, 0))
        records.held.append(plain)
        return kernel.Dictionary(numbers=address(plain))
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return _texts(records, values, library)
    return kernel.Dictionary()


def _texts(records: Records, values: pa.Array, library: Any) -> kernel.Dictionary:
    values = values.cast(pa.large_string())
    _, offsets, data = values.buffers()
    starts = np.frombuffer(offsets, np.int64)[values.offset :][: len(values) + 1]
    body = (
        np.frombuffer(data, np.uint8) if data and data.size else np.zeros(1, np.uint8)
    )
    texts = np.zeros(max(len(values), 1), kernel.TEXT)
    texts["start"][: len(values)] = starts[:-1]
    texts["length"][: len(values)] = np.diff(starts)
    library.st_letters(address(texts), address(body), len(values))
    records.held += [texts, body, values]
    return kernel.Dictionary(texts=address(texts), bytes=address(body))


def pointer(structure: Any) -> Any:
    """Return a pointer to a structure, to hand to the kernel."""
    return ctypes.byref(structure)
