"""`staithe link LEFT [RIGHT]`: link two files, or find the repeats in one."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from staithe.base.errors import BadInput
from staithe.base.plain_yaml import read_yaml_file
from staithe.linkage.specification import LinkSpecification, from_body
from staithe.tables.readers import read_table


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from staithe.linkage.crosswalk import Crosswalk
    from staithe.linkage.inputs import Source
    from staithe.linkage.private.crossing import Mode
    from staithe.linkage.result import LinkResult
    from staithe.linkage.run import Engine


FEW = 5
FILE = click.Path(path_type=Path)


@click.command(name="link")
@click.argument("left", type=FILE)
@click.argument("right", type=FILE, required=False)
@click.option("--id", "id_column", required=True, help="Column with each row's id.")
@click.option("--right-id", help="Its name in RIGHT, where that is another.")
@click.option(
    "--encoding", metavar="NAME", help="Of LEFT where it is not UTF-8: cp1252, say."
)
@click.option("--right-encoding", metavar="NAME", help="Of RIGHT likewise.")
@click.option("--out", required=True, type=FILE, help="Folder for the result.")
@click.option("--spec", type=FILE, help="Link specification; detected unless given.")
@click.option(
    "--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb",
    show_default=True, help="Where the comparing is done.",
)  # fmt: skip
@click.option("--truth", help="Column with the truth: only to score, never to link.")
@click.option("--ignore", multiple=True, help="A column not to use (repeat).")
@click.option("--group", "groups", multiple=True, help="Show who is linked by this.")
@click.option(
    "--crosswalk", "crosswalks", multiple=True, metavar="COLUMN=FILE",
    help="Bring the codes of a column up to date first: a table of old and new codes, "
    "or the folder of a pulled register (repeat).",
)  # fmt: skip
@click.option("--all-pairs", is_flag=True, help="Write every scored pair as well.")
@click.option(
    "--threshold", type=float, help="Least probability; advised unless given."
)
@click.option(
    "--private", "mode", type=click.Choice(["fields", "composite"]),
    help="Rehearse with every party in one process: the linker sees tokens only.",
)  # fmt: skip
@click.option(
    "--previous", type=FILE, help="An earlier result: clusters keep their names."
)
@click.option(
    "--keep-state",
    is_flag=True,
    help="Keep standardised identifiers, so that records can be added later.",
)
@click.option(
    "--model", type=FILE, help="Run this Splink model on the files as they are."
)
@click.option(
    "--add-to", type=FILE, help="A result with its state: LEFT and RIGHT are added."
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def link(
    *,
    left: Path,
    right: Path | None,
    id_column: str,
    right_id: str | None,
    encoding: str | None,
    right_encoding: str | None,
    out: Path,
    spec: Path | None,
    engine: Engine,
    truth: str | None,
    ignore: tuple[str, ...],
    groups: tuple[str, ...],
    crosswalks: tuple[str, ...],
    all_pairs: bool,
    threshold: float | None,
    mode: Mode | None,
    previous: Path | None,
    keep_state: bool,
    model: Path | None,
    add_to: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Link two files that share no identifier, or find the repeats in one.

    With --add-to the files hold new records only; - stands for a side without any.
    """
    ids = (id_column, right_id or id_column)
    crossing = read_crosswalks(crosswalks)
    files = (read_file(left, encoding), read_file(right, right_encoding))
    if add_to:
        if any((spec, truth, groups, all_pairs, threshold, mode, previous, model)):
            raise BadInput(
                "Records are added as the earlier result says: with --id, --right-id, "
                "--encoding, --crosswalk and --out only."
            )
        found = _add(add_to, files, ids=ids, out=out, crosswalks=crossing)
        told(found, as_json=as_json)
        return
    if model:
        other = (spec, mode, previous, keep_state, truth, groups, crossing)
        if any(other) or ids[0] != ids[1]:
            raise BadInput(
                "A model runs on the files as they are: with --id, --out, --threshold "
                "and --all-pairs only."
            )
        _run_model(
            model, files, id_column=id_column, out=out, threshold=threshold,
            all_pairs=all_pairs, as_json=as_json,
        )  # fmt: skip
        return
    in_the_clear = (all_pairs, previous, keep_state, groups, crossing)
    if mode and (engine != "duckdb" or any(in_the_clear)):
        raise BadInput(
            "A private link runs on duckdb, writes no other pairs, keeps no state and "
            "follows no earlier result, groups nor crosswalks."
        )
    specification = read_specification(spec) if spec else None
    with _progress() as progress:
        asked: dict[str, Any] = {
            "id_column": ids,
            "out": out,
            "specification": specification,
            "ignore": ignore,
            "truth_column": truth,
            "threshold": threshold,
            "seed": seed,
            "progress": progress,
        }
        if mode:
            from staithe.linkage.private.rehearsal import rehearse

            result = rehearse(*files, mode=mode, **asked)
        else:
            from staithe.linkage.link import link_tables

            result = link_tables(
                *files,
                all_pairs=all_pairs,
                engine=engine,
                groups=groups,
                crosswalks=crossing,
                previous=previous,
                keep_state=keep_state,
                **asked,
            )
    told(result, as_json=as_json)


command = link
Files = tuple["Source", "Source | None"]


def read_file(path: Path | None, encoding: str | None) -> Any:
    """Return a file as a source: read here where its encoding was declared."""
    if path is None or encoding is None:
        return path
    if not path.is_file():
        raise BadInput(f"There is no file {path}.")
    return read_table(path, encoding=encoding)


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """Show a bar at a terminal; elsewhere even an empty one would leave a line."""
    console = Console(stderr=True)
    with Progress(
        console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("Linking", total=1.0)
        yield lambda step, share: bar.update(
            task, completed=share, description=step.capitalize()
        )


def _run_model(model: Path, files: Files, *, as_json: bool, **asked: Any) -> None:
    """Link by a Splink model and print what came of it."""
    from staithe.linkage.model_link import link_by_model, read_model

    run = link_by_model(*files, model=read_model(model), **asked)
    if as_json:
        click.echo(json.dumps(run.report, ensure_ascii=False, indent=2))
        return
    console, report = Console(), run.report
    console.print(
        f"{report['links']:,} links of {report['pairs']:,} pairs, from a match weight of "
        f"{report['threshold']['match_weight']:.2f}."
    )
    for sentence in report["warnings"]:
        console.print(f"Note: {escape(sentence)}")


def read_crosswalks(given: Sequence[str]) -> list[Crosswalk]:
    """Read COLUMN=FILE, each; BadInput."""
    from staithe.linkage.crosswalk import Crosswalk

    found = []
    for each in given:
        column, _, place = each.partition("=")
        if not column or not place:
            raise BadInput(f"Write --crosswalk COLUMN=FILE, not {each[:80]!r}.")
        path = Path(place)
        if not path.exists():
            raise BadInput(f"There is no crosswalk {path}.")
        found.append(Crosswalk(column, path.stem, path))
    return found


def _add(
    to: Path,
    files: Files,
    *,
    ids: tuple[str, str],
    out: Path,
    crosswalks: Sequence[Crosswalk],
) -> LinkResult:
    """Add new records to an earlier result."""
    from staithe.linkage.increment import add_records

    sides = files[:1] if files[1] is None else files
    new = [None if str(each) == "-" else each for each in sides]
    return add_records(
        to, new, id_columns=ids[: len(new)], out=out, crosswalks=crosswalks
    )


def read_specification(path: Path) -> LinkSpecification:
    """Read a link specification from a YAML file, or raise BadInput."""
    return from_body(read_yaml_file(path))


def told(result: LinkResult, *, as_json: bool) -> None:
    """Print what came of a link, for a program or a person."""
    if as_json:
        click.echo(json.dumps(result.report, ensure_ascii=False, indent=2))
    else:
        show(result, Console())


def show(result: LinkResult, console: Console) -> None:
    """Print what came of a link for a person at a terminal."""
    report = result.report
    console.print(escape(report["caveat"]))
    table = Table("File", title="Linked", title_justify="left")
    for head in ("Records", "With a link"):
        table.add_column(head, justify="right")
    for name, count in result.linked_records.items():
        table.add_row(escape(name), f"{report['records'][name]:,}", f"{count:,}")
    console.print(table)
    fields = ", ".join(each.name for each in result.specification.fields)
    console.print(f"{result.link_count:,} links, by {escape(fields)}.")
    if "truth" in report:
        console.print(_truth(report["truth"]))
    for sentence in result.warnings[:FEW]:
        console.print(f"Note: {escape(sentence)}")
    if len(result.warnings) > FEW:
        console.print(f"{len(result.warnings) - FEW} more notes in the report.")
    console.print(f"Report: {escape(str(result.report_html))}")


def _truth(truth: dict[str, Any]) -> str:
    return (
        f"Against the truth: F1 {truth['f1']:.4f} (precision {truth['precision']:.4f}, "
        f"recall {truth['recall']:.4f}) over {truth['true_pairs']:,} true pairs."
    )
