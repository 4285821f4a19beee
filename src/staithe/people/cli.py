"""`staithe init`: an empty service with its first organisation and administrator."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from staithe.base.clock import now
from staithe.base.errors import BadInput, Conflict
from staithe.base.ids import to_slug


if TYPE_CHECKING:
    from staithe.people.models import Organisation


@click.command()
@click.option("--organisation", required=True, help="Name of the body that runs it.")
@click.option("--kind", default="other", show_default=True, help="Kind of body.")
@click.option("--name", required=True, help="Name of the first administrator.")
@click.option("--email", required=True, help="Their email address.")
@click.option(
    "--password-stdin", is_flag=True, help="Read their password from standard input."
)
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def init(
    organisation: str,
    kind: str,
    name: str,
    email: str,
    *,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Start an empty service: one organisation, one administrator."""
    import json

    password = _read_password() if password_stdin else None
    link = start_service(
        organisation=organisation, kind=kind, name=name, email=email, password=password
    )
    if as_json:
        click.echo(json.dumps({"organisation": to_slug(organisation), "link": link}))
    elif link:
        click.echo("Start the service: staithe serve")
        click.echo("Then open this link within 7 days to set your password, once:")
        click.echo(link)
    else:
        click.echo(f"{email} can sign in now. Start the service: staithe serve")


def start_service(
    *, organisation: str, kind: str, name: str, email: str, password: str | None
) -> str:
    """Make the operator and its administrator; return the link that sets a password.

    With a password the account is made at once and the link is empty. Run again
    before anyone accepted, it makes a new link and the old one stops working.
    """
    from django.conf import settings
    from django.db import transaction
    from django.urls import reverse

    from staithe.people import actions, passwords, queries
    from staithe.people.roles import Role
    from staithe.people.tokens import get_open_invitation

    if queries.has_administrator():
        raise Conflict("This service has an administrator already: sign in instead.")
    hashed = password and passwords.hash_password(password, email=email, name=name)
    at = now()
    with transaction.atomic():  # all of it or nothing
        operator = _operator(organisation, kind)
        _, secret = actions.invite(
            organisation=operator,
            role=Role.ADMINISTRATOR,
            email=email,
            name=name,
            by=None,
            at=at,
        )
        if hashed:
            invitation = get_open_invitation(secret, at=at)
            actions.accept_invitation(
                invitation=invitation, password_hash=hashed, at=at
            )
            return ""
    return settings.BASE_URL + reverse("people-invitation-open", args=[secret])


def _operator(name: str, kind: str) -> Organisation:
    """Return the operator that an earlier run made, or make it."""
    from staithe.people import actions, queries

    found = queries.find_operator()
    if found is None:
        return actions.create_organisation(
            name=name, kind=kind, is_operator=True, by=None, at=now()
        )
    if found.name != name:
        raise Conflict(
            f"This service was started for {found.name}: use that name, "
            "or an empty STAITHE_HOME."
        )
    return found


def _read_password() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise BadInput("Write the password as one line on standard input.")
    return password
