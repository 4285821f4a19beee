"""Commands of this room: the state diagram, and the facts of live agreements."""

from __future__ import annotations

from pathlib import Path

import click
import yaml

from staithe.base.errors import AnswerIsNo, BadInput
from staithe.sharing.diagram import to_markdown


DOCUMENT = Path("docs/states.md")


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if it would change.")
@click.option(
    "--path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DOCUMENT,
    show_default=True,
    help="Where the document is.",
)
def states(check: bool, path: Path) -> None:  # noqa: FBT001  click passes flags by name
    """Write docs/states.md from the state tables."""
    text = to_markdown()
    if check:
        if not path.is_file() or path.read_text("utf-8") != text:
            raise AnswerIsNo(f"{path} is not current. Run: staithe states")
        click.echo(f"{path} is current.")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    click.echo(f"Wrote {path}.")


@click.command(name="live-facts")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="File to write: cases for `staithe law preview`.",
)
def live_facts(*, out: Path) -> None:
    """Write the facts of live agreements, to preview what an edit of the law changes."""
    from staithe.sharing.queries_law import live_facts as find_live_facts

    cases = [
        {"id": reference, "facts": facts} for reference, facts in find_live_facts()
    ]
    text = yaml.safe_dump(
        {"schema": "legal-cases/1", "set": "live agreements", "cases": cases},
        allow_unicode=True,
        sort_keys=False,
    )
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise BadInput(f"{out} cannot be written: {error.strerror}.") from error
    click.echo(f"Wrote the facts of {len(cases)} live agreements to {out}.")
