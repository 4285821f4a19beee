"""One query in a process that can do nothing else: run as `python -I -m` this.

Order matters: the network goes while there is one thread; imports come before the
file system goes; the engine starts after every wall stands, so that its threads
inherit them. Reads one request from standard input, writes one bounded answer.
"""

from __future__ import annotations

import json
import sys
from array import array
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staithe.analysis.landlock import (
    drop_powers,
    leave_network,
    leave_no_trace,
    restrict_calls,
    restrict_files,
)
from staithe.analysis.limits import Limits, apply_limits, forbid_new_processes


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb


MAX_REQUEST_BYTES = 1024 * 1024
ROWS_AT_ONCE = 65_536
COUNTED_TYPES = ("Q", "q", "d")  # person, cell, amount: eight bytes each
COUNTED = "counted"
OF_THE_TEXT = "text"
UNSTEADY = (
    "The query does not give the same rows each time, so its answer cannot be checked: "
    "order what it takes the first or last of."
)
ENGINE_READS = (Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))  # or it aborts
NESTED = ("STRUCT", "MAP", "UNION", "[", "JSON", "VARIANT")


def lock_down(database: Path, limits: Limits) -> dict[str, str]:
    """Build every wall round this process and say which of them stand."""
    leave_no_trace()
    network = leave_network()
    _import_everything()
    return {
        "network": network,
        "limits": apply_limits(limits),
        "powers": drop_powers(),
        "files": restrict_files([database, *ENGINE_READS]),
        "calls": restrict_calls(),
    }


def is_missing(walls: dict[str, str], name: str) -> bool:
    """Whether a wall does not stand here."""
    return walls.get(name, "not applied").startswith("not applied")


def _import_everything() -> None:
    """Import what a query may need: no file of the library can be opened later."""
    import decimal  # noqa: F401  the engine's client imports these late
    import uuid  # noqa: F401  the same

    import duckdb

    import staithe.analysis.gate
    import staithe.analysis.spec  # noqa: F401  used after the walls stand

    with duckdb.connect() as connection:  # loads the client's lazy parts
        connection.execute("select 1::decimal(9, 2), current_date").fetchall()


def open_database(database: Path, limits: Limits) -> duckdb.DuckDBPyConnection:
    """Open the project's file read-only with every door of the engine closed."""
    import duckdb

    connection = duckdb.connect(
        str(database),
        read_only=True,
        config={
            "enable_external_access": "false",
            "python_enable_replacements": "false",
            "allow_community_extensions": "false",
            "autoload_known_extensions": "false",
            "autoinstall_known_extensions": "false",
            "memory_limit": f"{limits.memory_mb}MB",
            "threads": limits.threads,
            "temp_directory": "",
            "lock_configuration": "true",
        },
    )
    forbid_new_processes()
    return connection


def read_tables(
    connection: duckdb.DuckDBPyConnection,
) -> dict[str, list[tuple[str, str]]]:
    """Return each table's columns and types; Damaged where one is nested."""
    from staithe.base.errors import Damaged

    rows = connection.execute(
        "select c.table_name, c.column_name, c.data_type from duckdb_columns() c "
        "join duckdb_tables() t using (database_name, schema_name, table_name) "
        "where not t.internal and c.schema_name = 'main' "
        "order by c.table_name, c.column_index"
    ).fetchall()
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in rows:
        if any(mark in kind for mark in NESTED):
            raise Damaged("The project's data file holds a nested column.")
        tables.setdefault(table, []).append((column, kind))
    return tables


def serve(request: dict[str, Any], connection: duckdb.DuckDBPyConnection) -> Any:
    """Answer one request: describe the tables, check a query, or tabulate it."""
    tables = read_tables(connection)
    if request["task"] == "describe":
        return {"tables": tables}
    return _tabulate(request, connection, tables)


def _tabulate(
    request: dict[str, Any],
    connection: duckdb.DuckDBPyConnection,
    tables: dict[str, list[tuple[str, str]]],
) -> Any:
    from staithe.analysis.gate import check_query
    from staithe.analysis.spec import UNIT, TableSpec
    from staithe.disclosure.tabulate import counted_sql, tabulation_sql
    from staithe.tables.sql import quote_identifier

    names = {name: [column for column, _ in cols] for name, cols in tables.items()}
    with words_of_the_text():
        checked = check_query(request["sql"], tables=names, unit=UNIT)
        if request["spec"] is None:
            return {"columns": checked.columns}
        spec = TableSpec.from_dict(request["spec"])
        check_spec(spec, checked)
        check_open(checked.tables, request.get("closed", ()))
    if request["task"] == "check":
        return {"columns": checked.columns}
    people = " union ".join(
        f"select {quote_identifier(UNIT)} from {quote_identifier(name)}"
        for name in checked.tables
    )
    source = (
        f"(select * from ({checked.sql}) as staithe_answer "
        f"where {quote_identifier(UNIT)} in ({people})) as staithe_source"
    )
    tabulation = spec.tabulation(
        label_threshold=int(request["label_threshold"]),
        largest=int(request["largest"]),
    )
    limits = Limits(**request["limits"])
    bounded = (
        f"select * from ({tabulation_sql(source, tabulation)}) "
        f"limit {limits.max_cells + 1}"
    )
    with words_of_the_text():
        _check_types(connection, bounded)
    rows = connection.execute(bounded).fetchall()
    _check_size(rows, spec, limits)
    counted = _count(connection, counted_sql(source, tabulation), spec, rows, limits)
    return {
        "rows": [_plain(row) for row in rows],
        "tables": checked.tables,
        COUNTED: counted,
    }


@contextmanager
def words_of_the_text() -> Iterator[None]:
    """Mark what is refused inside as following from the question's text alone.

    No row is read inside, so the sentence may be shown; no other may.
    """
    from staithe.base.errors import UserError

    try:
        yield
    except UserError as error:
        error.code = OF_THE_TEXT
        raise


def _check_types(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Have the engine bind the statement, which reads no row; BadInput."""
    import duckdb

    from staithe.analysis.gate import sanitise
    from staithe.base.errors import BadInput

    try:
        connection.execute(f"explain {sql}")
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise BadInput(sanitise(str(error))) from error


def check_open(tables: Sequence[str], closed: Sequence[str]) -> None:
    """Raise BadInput where a table is read that answers rest on which are lost."""
    from staithe.analysis.scopes import fold
    from staithe.base.errors import BadInput

    lost = {fold(name): name for name in closed}
    found = sorted(lost[fold(name)] for name in tables if fold(name) in lost)
    if found:
        raise BadInput(
            f"{found[0]} cannot be asked any more in this project. Earlier answers "
            "used it together with data that was taken away since, so a new answer "
            "cannot be compared with them. Ask for it in a new project."
        )


def _count(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    spec: Any,
    rows: list[tuple[Any, ...]],
    limits: Limits,
) -> list[array[Any]]:
    """Return who was counted where, a column each; for comparing answers only."""
    from staithe.base.errors import BadInput, TooLarge
    from staithe.disclosure.tabulate import categories_of

    size = len(spec.dimensions)
    labels = [categories_of(rows, axis) for axis in range(size) for _ in "lp"]
    columns = [array(kind) for kind in COUNTED_TYPES]
    found = connection.execute(sql, labels)
    while batch := found.fetchmany(ROWS_AT_ONCE):
        for column, values in zip(columns, zip(*batch, strict=True), strict=True):
            if None in values:
                raise BadInput(UNSTEADY)
            column.extend(values)
        if len(columns[0]) > limits.max_counted:
            raise TooLarge("The answer counts too many people and cells at once.")
    return columns


def check_spec(spec: Any, checked: Any) -> None:
    """Raise BadInput where the query does not give what the table needs."""
    from staithe.analysis.scopes import fold
    from staithe.base.errors import BadInput
    from staithe.disclosure.tabulate import parse_measure

    for name in spec.needed:
        if fold(name) not in checked.columns:
            raise BadInput(f"The query does not return the column {name}.")
    measure = parse_measure(spec.measure)
    if measure.kind != "count" and checked.multiplies:
        raise BadInput(
            "Records and sums cannot be taken beside VALUES, range() or unnest(), "
            "which can repeat records: count people instead."
        )
    if measure.column and fold(measure.column) not in checked.summable:
        raise BadInput(
            f"The column {measure.column} is computed, so its sum cannot be checked: "
            "sum a table's own column, or sum(), avg(), min(), max() of one."
        )


def _check_size(rows: list[tuple[Any, ...]], spec: Any, limits: Limits) -> None:
    from staithe.base.errors import BadInput, TooLarge

    if len(rows) > limits.max_cells:
        raise TooLarge(
            f"The table would have more than {limits.max_cells:,} cells: "
            "use fewer categories."
        )
    for row in rows:
        for label in row[: 2 * len(spec.dimensions) : 2]:
            if label is not None and len(label) > limits.max_label:
                raise BadInput(
                    f"A category has more than {limits.max_label} characters: "
                    "use shorter categories."
                )


def _plain(row: tuple[Any, ...]) -> list[Any]:
    """Write numbers as text, so that none loses a digit on the way."""
    *labels, contributors, total, top, low = row
    return [*labels, contributors, str(total), [str(each) for each in top], str(low)]


def main() -> None:
    """Read the request, lock down, answer, exit."""
    request = json.loads(sys.stdin.buffer.read(MAX_REQUEST_BYTES))
    limits = Limits(**request["limits"])
    database = Path(request["database"])
    walls = lock_down(database, limits)
    missing = [name for name in limits.required_walls if is_missing(walls, name)]
    answer = _error("walls", "") if missing else _answer(request, database, limits)
    write_answer(answer | {"walls": walls}, limits)


def write_answer(answer: dict[str, Any], limits: Limits) -> None:
    """Write a line of JSON, then the columns of who was counted, as bytes."""
    columns = answer.get("ok", {}).pop(COUNTED, [])
    answer[COUNTED] = len(columns[0]) if columns else 0
    text = json.dumps(answer).encode()
    if len(text) > limits.max_result_bytes:
        text, columns = json.dumps(_error("size", "")).encode(), []
    out = sys.stdout.buffer
    out.write(text + b"\n")
    for column in columns:
        out.write(column.tobytes())
    out.flush()


def _answer(request: dict[str, Any], database: Path, limits: Limits) -> dict[str, Any]:
    """Turn every outcome into data: no traceback leaves, since it could hold values."""
    import duckdb

    from staithe.base.errors import UserError

    try:
        connection = open_database(database, limits)
    except duckdb.Error:
        return _error("damaged", "")
    try:
        return {"ok": serve(request, connection)}
    except UserError as error:
        kind = OF_THE_TEXT if error.code == OF_THE_TEXT else type(error).__name__
        return _error(kind, error.message)
    except (duckdb.OutOfMemoryException, MemoryError):
        return _error("memory", "")
    except duckdb.Error as error:  # its words may quote a person's value
        text = str(error)
        return _error("memory" if "llocation failure" in text else "values", "")


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"error": {"kind": kind, "message": message}}


if __name__ == "__main__":
    main()
