"""`staithe private`: make tokens, look at them, link them, give back pseudonyms; keys."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from staithe.base import clock


if TYPE_CHECKING:
    from staithe.linkage.private.attack import Recovered
    from staithe.linkage.private.crossing import Mode


FILE = click.Path(path_type=Path)
JSON = click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
HOLDER = click.option(
    "--holder", "holder", type=FILE, required=True, help="Your private key file."
)
KEY = click.option(
    "--key", "sealed", type=FILE, required=True, help="The sealed project key for you."
)
MODE = click.option(
    "--mode", type=click.Choice(["composite", "fields"]), default="composite",
    show_default=True, help="Composite tokens may leave; field tokens may not.",
)  # fmt: skip


@click.group()
def private() -> None:
    """Link across bodies without showing identifiers."""


@private.command()
@click.argument("file", type=FILE)
@click.option("--id", "id_column", required=True, help="Column with each row's id.")
@HOLDER
@KEY
@click.option("--out", type=FILE, required=True, help="New folder for the tokens.")
@MODE
@click.option("--spec", type=FILE, help="Link specification; detected unless given.")
@click.option(
    "--side", type=click.Choice(["left", "right"]), default="left", show_default=True,
    help="Which side of the specification this file is.",
)  # fmt: skip
@click.option("--ignore", multiple=True, help="A column not to use (repeat).")
@click.option("--bound", type=int, help="Rows that may share a token: 1 to 5.")
@JSON
def prepare(
    *,
    file: Path,
    id_column: str,
    holder: Path,
    sealed: Path,
    out: Path,
    mode: Mode,
    spec: Path | None,
    side: str,
    ignore: tuple[str, ...],
    bound: int | None,
    as_json: bool,
) -> None:
    """Make tokens of FILE: OUT/crossing for the linker, OUT/kept for you alone."""
    from staithe.linkage.cli import read_specification
    from staithe.linkage.private.custody import open_sealed, read_private, read_sealed
    from staithe.linkage.private.holder import prepare as make

    key = open_sealed(read_sealed(sealed), read_private(holder))
    made = make(
        file,
        id_column=id_column,
        key=key.key,
        out=out,
        mode=mode,
        specification=read_specification(spec) if spec else None,
        side=int(side == "right"),
        ignore=ignore,
        bound=bound,
    )
    manifest = made.crossing.manifest
    if as_json:
        click.echo(json.dumps(asdict(manifest), indent=2))
        return
    back = sum(each.held_back for each in manifest.kinds)
    fields = ", ".join(name for name, _ in manifest.fields)
    click.echo(f"Made {manifest.mode} tokens of {manifest.rows:,} rows, from {fields}.")
    if manifest.mode == "composite":
        click.echo(f"Held back: {back:,} tokens that too many rows share.")
    click.echo(f"For the linker: {made.crossing.folder}")
    click.echo(f"Keep: {made.kept}")


@private.command()
@click.argument("folder", type=FILE)
@click.option("--bound", type=int, default=5, show_default=True)
def check(*, folder: Path, bound: int) -> None:
    """Say whether the tokens in FOLDER may leave the body that made them."""
    from staithe.linkage.private.crossing import check_may_cross, read_crossing

    crossing = read_crossing(folder)
    check_may_cross(crossing, bound=bound)
    kinds = len(crossing.manifest.token_kinds())
    click.echo(f"These tokens may leave: {kinds} kinds, each of two fields or more.")


@private.command()
@click.argument("left", type=FILE)
@click.argument("right", type=FILE, required=False)
@click.option("--out", type=FILE, required=True, help="Folder for the result.")
@click.option(
    "--inside", is_flag=True, help="This linker is trusted with field tokens."
)
@click.option("--all-pairs", is_flag=True, help="Write every scored pair as well.")
@JSON
def link(
    *,
    left: Path,
    right: Path | None,
    out: Path,
    inside: bool,
    all_pairs: bool,
    as_json: bool,
) -> None:
    """Link two folders of tokens without any key."""
    from staithe.linkage.private.crossing import read_crossing
    from staithe.linkage.private.linker import link_tokens

    result = link_tokens(
        read_crossing(left),
        read_crossing(right) if right else None,
        out=out,
        inside=inside,
        all_pairs=all_pairs,
    )
    if as_json:
        click.echo(json.dumps(result.report, ensure_ascii=False, indent=2))
        return
    click.echo(result.report["caveat"])
    for path in sorted(out.glob("for_*.parquet")):
        click.echo(f"Give back: {path}")


@private.command()
@click.argument("kept", type=FILE)
@click.argument("returned", type=FILE)
@click.option("--out", type=FILE, required=True, help="Parquet file to write.")
def collect(*, kept: Path, returned: Path, out: Path) -> None:
    """Give each id in KEPT the pseudonym that RETURNED from the linker."""
    from staithe.linkage.private.holder import collect as turn_back

    rows = turn_back(kept, returned, out=out)
    click.echo(f"Wrote {rows:,} ids with their pseudonyms to {out}.")


@private.command()
@click.argument("file", type=FILE)
@click.option("--id", "id_column", required=True, help="Column with each row's id.")
@click.option("--known", type=FILE, help="What the attacker knows; FILE unless given.")
@MODE
@click.option("--spec", type=FILE, help="Link specification; detected unless given.")
@click.option(
    "--side", type=click.Choice(["left", "right"]), default="left", show_default=True,
    help="Which side of the specification this file is.",
)  # fmt: skip
@click.option("--ignore", multiple=True, help="A column not to use (repeat).")
@click.option("--bound", type=int, help="Rows that may share a token: 1 to 5.")
@click.option("--most", type=float, default=0.001, show_default=True)
@JSON
def attack(
    *,
    file: Path,
    id_column: str,
    known: Path | None,
    mode: Mode,
    spec: Path | None,
    side: str,
    ignore: tuple[str, ...],
    bound: int | None,
    most: float,
    as_json: bool,
) -> None:
    """Attack the tokens of FILE and print what is recovered, from each party's view.

    Exit code 1 where more than MOST of any field is recovered.
    """
    import secrets
    import tempfile

    from staithe.linkage.cli import read_specification
    from staithe.linkage.private.attack import attack as run
    from staithe.linkage.private.holder import prepare as make

    with tempfile.TemporaryDirectory(prefix="staithe-attack-") as scratch:
        made = make(
            file,
            id_column=id_column,
            key=secrets.token_bytes(32),
            out=Path(scratch) / "tokens",
            mode=mode,
            specification=read_specification(spec) if spec else None,
            side=int(side == "right"),
            ignore=ignore,
            bound=bound,
        )
        found = run(made, file, id_column=id_column, population=known)
    if as_json:
        body = [asdict(each) | {"gain": each.gain} for each in found]
        click.echo(json.dumps(body, indent=2))
    else:
        _show(found)
    if any(each.gain > most for each in found):
        raise SystemExit(1)


def _show(found: list[Recovered]) -> None:
    table = Table(title="What an attacker recovers", title_justify="left")
    for head in ("Seen by", "Attack", "Tokens", "Field"):
        table.add_column(head)
    for head in ("Right", "Chance", "Gain"):
        table.add_column(head, justify="right")
    for each in found:
        table.add_row(
            *map(escape, (each.seen_by, each.attack, each.tokens, each.field)),
            *(f"{share:.3%}" for share in (each.right, each.chance, each.gain)),
        )
    Console().print(table)


@private.group()
def keys() -> None:
    """Make, seal, rotate and destroy the key of a project."""


RING = click.option(
    "--ring", type=FILE, required=True, help="Folder with the sealed keys of projects."
)
FOR = click.option(
    "--for", "holders", type=FILE, multiple=True, help="A holder's public key (repeat)."
)


@keys.command("holder")
@click.argument("path", type=FILE)
def make_holder(*, path: Path) -> None:
    """Make a key pair: PATH is private, PATH with .pub is for others."""
    from staithe.linkage.private import custody

    name = custody.make_holder(path)
    click.echo(f"Made the holder {name}. Give out {path.with_suffix('.pub')} only.")


@keys.command("new")
@click.argument("project")
@RING
@FOR
def new(*, project: str, ring: Path, holders: tuple[Path, ...]) -> None:
    """Make the key of PROJECT, sealed for each holder."""
    _tell(_ring(ring, project).make(_public(holders)))


@keys.command("rotate")
@click.argument("project")
@RING
@FOR
def rotate(*, project: str, ring: Path, holders: tuple[Path, ...]) -> None:
    """Put a new key in place of PROJECT's old ones, which are destroyed."""
    _tell(_ring(ring, project).rotate(_public(holders)))


@keys.command("destroy")
@click.argument("project")
@RING
def destroy(*, project: str, ring: Path) -> None:
    """Destroy every key of PROJECT for good."""
    count = _ring(ring, project).destroy(at=clock.now())
    click.echo(f"Destroyed {count} sealed keys of {project}.")


def _ring(folder: Path, project: str) -> Any:
    from staithe.linkage.private.custody import Ring

    return Ring(folder, project)


def _public(paths: tuple[Path, ...]) -> list[Any]:
    from staithe.linkage.private.custody import read_public

    return [read_public(path) for path in paths]


def _tell(paths: list[Path]) -> None:
    for path in paths:
        click.echo(f"Sealed: {path}")
