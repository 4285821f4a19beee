"""`staithe publish FILE --owner ORG --title T`: a file into the catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from staithe.base.clock import now
from staithe.base.errors import BadInput, NotFound


if TYPE_CHECKING:
    from staithe.catalogue.models import AssetVersion
    from staithe.catalogue.storing import Progress as Told
    from staithe.people.models import Organisation, Person

FEW = 5


@click.command(name="publish")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--owner", required=True, help="The body that holds it: slug or name.")
@click.option("--title", required=True, help="What a colleague would search for.")
@click.option("--summary", default="", help="What each row is and what it covers.")
@click.option(
    "--access",
    type=click.Choice(["internal", "open", "commercial"], case_sensitive=False),
    default="internal",
    show_default=True,
    help="Who can use it: internal is on request.",
)
@click.option("--as", "email", help="Email of the person who publishes.")
@click.option(
    "--identifies-nobody",
    is_flag=True,
    help="No column identifies a person; otherwise each is judged.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def publish(
    file: Path,
    *,
    owner: str,
    title: str,
    summary: str,
    access: str,
    email: str | None,
    identifies_nobody: bool,
    as_json: bool,
) -> None:
    """Put a file in the catalogue: stored, verified, profiled, described."""
    from staithe.catalogue.actions import publish_asset

    holder = find_holder(owner)
    person = find_publisher(holder, email)
    with _progress() as told:
        version = publish_asset(
            path=file,
            source_name=file.name,
            organisation=holder,
            title=title,
            summary=summary,
            access_rights=access.upper(),
            identifies=set() if identifies_nobody else None,
            progress=told,
            by=person,
            at=now(),
        )
    facts = describe(version)
    click.echo(json.dumps(facts, ensure_ascii=False) if as_json else in_words(facts))


def find_holder(owner: str) -> Organisation:
    """Return the organisation of a slug or a name; NotFound says which there are."""
    from staithe.people.queries import all_organisations

    known = all_organisations()
    for each in known:
        if owner.casefold() in {each.slug, each.name.casefold()}:
            return each
    if not known:
        raise NotFound("There is no organisation yet. Start with: staithe init")
    names = ", ".join(each.slug for each in known[:10])
    raise NotFound(f"There is no organisation {owner!r}. There are: {names}.")


def find_publisher(holder: Organisation, email: str | None) -> Person:
    """Return who publishes: the person named, or the one data owner there is."""
    from staithe.people.queries import find_person, people_with_role
    from staithe.people.roles import Role

    if email:
        person = find_person(email)
        if person is None:
            raise NotFound(f"Nobody here has the email address {email!r}.")
        return person
    owners = people_with_role(Role.DATA_OWNER, holder)
    if len(owners) == 1:
        return owners[0]
    if not owners:
        raise BadInput(f"{holder.name} has no data owner. Name a person: --as EMAIL")
    emails = ", ".join(person.email for person in owners)
    raise BadInput(
        f"{holder.name} has {len(owners)} data owners. Say who publishes: --as EMAIL "
        f"({emails})."
    )


def describe(version: AssetVersion) -> dict[str, Any]:
    """Return what is worth knowing about a publication, as JSON."""
    from django.conf import settings

    from staithe.catalogue.policies import matching_only
    from staithe.catalogue.queries import card_of

    asset = version.asset
    return {
        "reference": asset.reference,
        "slug": asset.slug,
        "title": asset.title,
        "owner": asset.organisation.slug,
        "version": version.number,
        "rows": version.rows,
        "columns": len(version.columns),
        "identifies": [c["name"] for c in version.columns if c["identifies"]],
        "matching_only": list(matching_only(version)),
        "manifest_sha256": version.manifest_sha256,
        "findings": list(card_of(version, at=now()).findings),
        "url": f"{settings.BASE_URL}/catalogue/{asset.slug}",
    }


def in_words(facts: dict[str, Any]) -> str:
    """Write the same for a person at a terminal."""
    lines = [
        f"Published {facts['title']} as {facts['reference']}",
        f"{facts['rows']:,} rows, {facts['columns']:,} columns",
    ]
    if facts["matching_only"]:
        lines.append("For matching only: " + ", ".join(facts["matching_only"]))
    for found in facts["findings"][:FEW]:
        where = f"{found['column']}: " if found["column"] else ""
        lines.append(f"- {where}{found['message']}")
    if len(facts["findings"]) > FEW:
        lines.append(f"- and {len(facts['findings']) - FEW} more findings (--json)")
    return "\n".join([*map(_printable, lines), facts["url"]])


def _printable(line: str) -> str:
    """Take away what could steer a terminal: names in a file are anybody's."""
    return "".join(mark if mark.isprintable() else "�" for mark in line)


@contextmanager
def _progress() -> Iterator[Told]:
    """Show a bar on stderr; what was answered stays alone on stdout."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    # Away from a terminal even an empty bar would leave a line on stderr.
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("Reading", total=1.0)
        yield lambda done, note: bar.update(task, completed=done, description=note)
