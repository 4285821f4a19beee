"""The command that writes the state diagram, or checks that it is current."""

from __future__ import annotations

from pathlib import Path

import click

from staithe.base.errors import AnswerIsNo
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
