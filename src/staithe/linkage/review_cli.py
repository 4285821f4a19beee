"""`staithe review`: give out pairs to judge, and turn judgements into an estimate."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click


FILE = click.Path(path_type=Path)


@click.group()
def review() -> None:
    """Have people judge pairs of a link, and learn how right it is."""


@review.command()
@click.argument("result", type=FILE)
@click.argument("left", type=FILE)
@click.argument("right", type=FILE, required=False)
@click.option("--id", "id_column", required=True, help="Column with each row's id.")
@click.option("--right-id", help="Its name in RIGHT, where that is another.")
@click.option(
    "--encoding", metavar="NAME", help="Of LEFT where it is not UTF-8: cp1252, say."
)
@click.option("--right-encoding", metavar="NAME", help="Of RIGHT likewise.")
@click.option("--out", type=FILE, required=True, help="CSV file to write.")
@click.option("--seed", type=int, default=1, help="Another order for each person.")
def sheet(
    *,
    result: Path,
    left: Path,
    right: Path | None,
    id_column: str,
    right_id: str | None,
    encoding: str | None,
    right_encoding: str | None,
    out: Path,
    seed: int,
) -> None:
    """Write the pairs drawn from RESULT with both records, without scores."""
    from staithe.base.errors import BadInput
    from staithe.linkage.cli import read_file
    from staithe.linkage.judgements import read_sample, write_sheet
    from staithe.linkage.sheets import read_records

    if out.exists():
        raise BadInput(f"{out} exists already; name a new file.")
    sample = read_sample(result)
    records = read_records(
        result,
        [read_file(left, encoding)]
        + ([read_file(right, right_encoding)] if right else []),
        ids=(id_column, right_id or id_column),
        pairs=list(sample),
    )
    write_sheet(out, sample, records, seed=seed)
    click.echo(f"Wrote {len(sample):,} pairs to {out}. Answer each: match, no match or")
    click.echo("cannot tell. Two people should not see each other's answers.")


@review.command("estimate")
@click.argument("result", type=FILE)
@click.argument("judgements", type=FILE, nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def estimate(*, result: Path, judgements: tuple[Path, ...], as_json: bool) -> None:
    """Estimate precision and recall of RESULT and write them into its report.

    A file of judgements each for as many people as judged.
    """
    from staithe.linkage.judgements import (
        add_estimate,
        judge_result,
        read_judgements,
    )

    given = [
        replace(each, reviewer=each.reviewer or path.name)
        for path in judgements
        for each in read_judgements(path)
    ]
    found = judge_result(result, given)
    report = add_estimate(result, found)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(report["caveat"])
    agreed = found["agreement"]
    if agreed["pairs"]:
        click.echo(
            f"{agreed['pairs']:,} pairs judged twice: {agreed['agreed']:.1%} agree "
            f"(kappa {agreed['kappa']:.2f})."
        )
