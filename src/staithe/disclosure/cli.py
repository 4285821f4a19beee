"""`staithe protect`: disclosure control of a file, with no server.

Reads microdata (one row for each record, with a unit column) or a table of counts,
and writes the released table. A file is written only when the audit has passed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from staithe.base.errors import BadInput
from staithe.base.plain_yaml import read_yaml_file
from staithe.disclosure.protect import ProtectedTable, protect_table
from staithe.disclosure.release import to_csv, to_dict
from staithe.disclosure.sources import Specification, read_file


if TYPE_CHECKING:
    from staithe.disclosure.cells import Table


MAX_SPECIFICATION_BYTES = 100_000


def load_specification(path: Path) -> Specification:
    """Read a YAML specification; BadInput with one sentence where it is wrong."""
    return Specification.from_dict(
        read_yaml_file(path, most_bytes=MAX_SPECIFICATION_BYTES)
    )


def protect_file(file: Path, specification: Specification) -> ProtectedTable:
    """Read the file, protect its table and return it; nothing is written."""
    table: Table = read_file(file, specification)
    return protect_table(table, specification.policy)


def _summary(table: ProtectedTable, out: Path) -> dict[str, Any]:
    return {"out": str(out), **to_dict(table)}


@click.command(name="protect")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--spec",
    required=True,
    type=click.Path(path_type=Path),
    help="YAML: kind, rows, columns, measure, unit, policy.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Where to write the released table (CSV).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the reviewer's report.")
def protect(file: Path, spec: Path, out: Path, *, as_json: bool) -> None:
    """Protect a table against disclosure: hide or round, then audit as an attacker."""
    table = protect_file(file, load_specification(spec))
    write_whole(out, to_csv(table))
    if as_json:
        click.echo(json.dumps(_summary(table, out), indent=2, ensure_ascii=False))
        return
    for line in (*table.explanation, *table.review):
        click.echo(line)
    click.echo(f"Wrote {out}")


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, "utf-8", newline="")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BadInput(f"{path} cannot be written: {error.strerror}.") from error
