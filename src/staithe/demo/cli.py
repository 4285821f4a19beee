"""`staithe demo`: a world to look around in, and the main job run through it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from staithe.base.errors import BadInput


def run_story(
    *, people: int, seed: int, base_url: str, home: Path, as_json: bool
) -> None:
    """Build the world in a fresh home and print what happened.

    `home` is where the world will be when it is whole.
    """
    from django.conf import settings

    from staithe.demo.cast import CAST, PASSWORD
    from staithe.demo.story import tell
    from staithe.demo.telling import Telling
    from staithe.people.queries import has_administrator

    if has_administrator():
        raise BadInput(
            "This database already holds a service. Use another for the demo."
        )
    # What would be mailed is kept beside the world, out of the story's way.
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = settings.HOME / "mail"
    telling = Telling(base_url, quiet=as_json, moves=(settings.HOME, home))
    tell(people=people, seed=seed, telling=telling)
    summary = telling.summary()
    if as_json:
        click.echo(json.dumps(summary, indent=2))
        return
    telling.console.print(
        f"\nDone in {summary['seconds']:.0f} s. Sign in as any of the cast:"
    )
    for word, (name, _) in CAST.items():
        telling.console.print(f"    {word}@staithe.example  {name}", markup=False)
    telling.console.print(f"    password: {PASSWORD}", markup=False)
