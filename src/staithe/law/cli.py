"""`staithe advise FACTS.yaml`: what the law permits on some facts, with no server."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape

from staithe.base.clock import now
from staithe.base.errors import BadInput, UserError
from staithe.base.plain_yaml import decode, read_yaml_file
from staithe.law.advise import advise as give_advice
from staithe.law.library import load_library
from staithe.law.loader import read_library
from staithe.law.preview import days_to_look, preview


if TYPE_CHECKING:
    from collections.abc import Iterator

    from staithe.law.advice import Advice

MOST_BYTES = 256 * 1024


@click.command(name="advise")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the advice as JSON.")
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day of the share; else the day in the facts, else the day of the library.",
)
@click.option("--reasoning", is_flag=True, help="Add every test of every route.")
def advise(*, file: Path, as_json: bool, on: datetime | None, reasoning: bool) -> None:
    """Say which legal routes fit some facts, which do not, and what to ask.

    FILE is YAML or JSON: docs/guides/asking-the-law.md has a complete example, every
    fact and every accepted word.
    """
    advice = give_advice(read_facts(file), on=on.date() if on else None)
    if as_json:
        plain = advice.to_plain(reasoning=reasoning)
        click.echo(json.dumps(plain, ensure_ascii=False, indent=2))
    else:
        show(advice, Console(), reasoning=reasoning)


def read_facts(file: Path) -> object:
    """Read a file of facts in YAML or JSON; BadInput says what is wrong with it."""
    try:
        return read_yaml_file(file, most_bytes=MOST_BYTES)
    except UserError as error:
        error.field = "facts"
        raise


def show(advice: Advice, console: Console, *, reasoning: bool) -> None:
    """Print advice for a person at a terminal."""
    verdict = load_library().words.verdicts[advice.verdict]
    console.print(f"{verdict.text} ({advice.verdict})", style="bold")
    for sentence in advice.explain:
        console.print(f"  {escape(sentence)}")
    _list(console, "Routes", [f"{g.id}: {g.why}" for g in advice.gateways])
    _list(console, "Ruled out", [f"{r.id}: {r.why}" for r in advice.ruled_out])
    _list(console, "Ask", advice.ask_for)
    _list(console, "Conditions", [f"{c.id}: {c.text}" for c in advice.conditions])
    _list(console, "Documents", [f"{d.id}: {d.text}" for d in advice.documents])
    _list(console, "Restrictions", [f"{r.id}: {r.text}" for r in advice.restrictions])
    _list(console, "Also consider", advice.also_consider)
    _list(console, "Citations", advice.citations)
    _list(console, "Citation findings", advice.citation_findings)
    _list(console, "A person must look", advice.review_reasons)
    if advice.lawful_basis_finding:
        console.print(f"Lawful basis: {advice.lawful_basis_finding}")
    dates = ", ".join(f"{name}: {day}" for name, day in advice.lists_as_of.items())
    console.print(f"As at {advice.on.isoformat()}; lists as of {escape(dates)}")
    console.print("This is not legal advice.")
    if reasoning:
        for branch in advice.reasoning:
            steps = [f"{s.label}: {s.sentence}" for s in branch.steps]
            _list(console, f"{branch.id} ({branch.direction})", steps)


def _list(console: Console, heading: str, lines: list[str] | tuple[str, ...]) -> None:
    if lines:
        console.print(f"\n{escape(heading)}", style="bold")
        for line in lines:
            console.print(f"  - {escape(line)}", soft_wrap=True)


@click.group(name="law")
def law() -> None:
    """Look after the data files of the law."""


@law.command(name="check")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def check(*, folder: Path) -> None:
    """Read data files in a folder and name every fault in them, all at once."""
    library = read_library(folder_texts(folder))
    click.echo(
        f"{len(library.routes)} gateways, {len(library.lists)} lists, "
        f"{len(library.restrictions)} restrictions, {len(library.bearings)} bearings: "
        "no fault found."
    )


@law.command(name="preview")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.argument("cases", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def preview_edit(*, folder: Path, cases: tuple[Path, ...], as_json: bool) -> None:
    """Say which answers an edited folder of data files would change, from which day.

    Facts that state no day are looked at on the day of the library, today, and every
    day on which a date of the edit tells.
    """
    shipped, edited = load_library(), read_library(folder_texts(folder))
    days = days_to_look(shipped, edited, today=now().date())
    found = preview(list(_cases(cases)), shipped, edited, days=days)
    if as_json:
        rows = [
            {"case": d.case, "on": d.on, "part": d.part, "before": d.before}
            | {"after": d.after}
            for d in found
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
        return
    for each in found:
        day = f" on {each.on:%-d %B %Y}" if each.on else ""
        click.echo(f"{each.case}{day}: {each.part}")
        click.echo(f"  before: {each.before}")
        click.echo(f"  after:  {each.after}")
    count = len({each.case for each in found})
    looked = ", ".join(f"{day:%-d %B %Y}" for day in days)
    click.echo(
        f"Looked at the day of the facts, or else of the library "
        f"({shipped.checked_on:%-d %B %Y}), and where they state none also at: {looked}."
    )
    click.echo(f"{count} answers would change." if count else "No answer would change.")


def folder_texts(folder: Path) -> dict[str, str]:
    """Read a folder of data files laid out like the shipped one."""
    try:
        found = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*.yaml"))
        }
    except OSError as error:
        raise BadInput(f"{folder} cannot be read: {error}.") from error
    texts = {path: decode(data, name=path) for path, data in found.items()}
    if not texts:
        raise BadInput(f"{folder} holds no data files. Name a folder like law/data.")
    return texts


def _cases(files: tuple[Path, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in files:
        found = read_facts(file)
        cases = found.get("cases", [found]) if isinstance(found, dict) else []
        for number, case in enumerate(cases, 1):
            if isinstance(case, dict):
                yield f"{file.name} {case.get('id', number)}", case.get("facts", case)
