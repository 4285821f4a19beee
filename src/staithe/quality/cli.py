"""`staithe profile FILE`: the scorecard of any file, with no server."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from staithe.base.clock import now
from staithe.base.errors import BadInput
from staithe.quality.masking import PATTERN_WORDS
from staithe.quality.profile import profile_table
from staithe.quality.report import WORDS, percent, render_html
from staithe.quality.scorecard import DIMENSIONS, Profile
from staithe.tables.readers import read_table


FEW = 20


@click.command(name="profile")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the scorecard as JSON.")
@click.option("--html", type=click.Path(path_type=Path), help="Write it as a web page.")
@click.option("--encoding", help="Encoding of a CSV file that is not UTF-8.")
@click.option("--sheet", help="Sheet of an Excel file; the first unless named.")
@click.option("--key", multiple=True, help="A column that is declared unique (repeat).")
def command(
    *,
    file: Path,
    as_json: bool,
    html: Path | None,
    encoding: str | None,
    sheet: str | None,
    key: tuple[str, ...],
) -> None:
    """Say how good a file is: columns, six dimensions, what is wrong."""
    table = read_table(file, encoding=encoding, sheet=sheet)
    console = Console(stderr=True)
    # Away from a terminal even an empty bar would leave a line on stderr.
    with Progress(
        console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("Measuring columns", total=len(table.columns))
        profile = profile_table(
            table,
            at=now(),
            key=key,
            progress=lambda done, _total: bar.update(task, completed=done),
        )
    if html is not None:
        _write(html, render_html(profile))
    if as_json:
        click.echo(json.dumps(profile.to_json(), ensure_ascii=False, indent=2))
    else:
        show(profile, Console())


profile = command


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise BadInput(
            f"The page cannot be written to {path}: {error.strerror}."
        ) from error


def show(profile: Profile, console: Console) -> None:
    """Print the scorecard for a person at a terminal."""
    console.print(f"{escape(profile.name)}: {profile.rows:,} rows", style="bold")
    for note in profile.notes:
        console.print(escape(note))
    console.print(_columns(profile))
    console.print(_dimensions(profile))
    console.print(_findings(profile))
    masked = {column.name for column in profile.columns if column.withheld}
    shown = profile.findings[:FEW]
    if any(found.examples and found.column in masked for found in shown):
        console.print(
            f"Examples of personal values show their pattern: {PATTERN_WORDS}."
        )
    if len(profile.findings) > FEW:
        console.print(f"{len(profile.findings) - FEW} more findings: use --json.")


def _columns(profile: Profile) -> Table:
    table = Table(title="Columns", title_justify="left")
    for head in ("Column", "Type", "Meaning"):
        table.add_column(head)
    for head in ("Empty", "Distinct"):
        table.add_column(head, justify="right")
    for c in profile.columns:
        meaning = c.semantic_type.replace("_", " ")
        table.add_row(
            escape(c.name), c.type, meaning, f"{c.nulls:,}", f"{c.distinct:,}"
        )
    return table


def _dimensions(profile: Profile) -> Table:
    table = Table(
        "Dimension", "Score", "Evidence", title="Quality", title_justify="left"
    )
    for name in DIMENSIONS:
        found = profile.dimensions[name]
        table.add_row(name, percent(found), found.reason or found.evidence)
    return table


def _findings(profile: Profile) -> Table:
    table = Table("Kind", "Column", "What", title="Findings", title_justify="left")
    table.add_column("Rows", justify="right")
    table.add_column("Examples")
    for found in profile.findings[:FEW]:
        examples = escape(", ".join(map(repr, found.examples)))
        kind, column = WORDS[found.severity], escape(found.column or "")
        table.add_row(kind, column, found.message, f"{found.count:,}", examples)
    return table
