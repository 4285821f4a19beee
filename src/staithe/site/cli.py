"""The `staithe` command: one group; each room brings its own commands.

Exit codes: 0 done, 1 the answer is no or a check failed, 2 bad input.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from staithe.base.config import BadSetting
from staithe.base.errors import UserError


# name: (module, needs the database). Imported only when asked for, so that
# `staithe profile` starts without the web frame.
COMMANDS: dict[str, tuple[str, bool]] = {
    "demo": ("staithe.site.commands:demo", False),
    "init": ("staithe.people.cli:init", True),
    "serve": ("staithe.site.commands:serve", True),
    "worker": ("staithe.jobs.cli:worker", True),
    "doctor": ("staithe.site.commands:doctor", True),
    "publish": ("staithe.catalogue.cli:publish", True),
    "profile": ("staithe.quality.cli:profile", False),
    "link": ("staithe.linkage.cli:link", False),
    "protect": ("staithe.disclosure.cli:protect", False),
    "ledger": ("staithe.ledger.cli:ledger", False),
    "states": ("staithe.sharing.cli:states", False),
}


def start_django() -> None:
    """Load the settings and bring the database to the current schema."""
    import django
    from django.core.management import call_command

    from staithe.site.logs import configure_logs

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staithe.site.settings")
    configure_logs()
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)


class Rooms(click.Group):
    """A group that imports a command only when it is called for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click calls it
        """List every command in the order of the journey."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the command's room."""
        if name not in COMMANDS:
            return None
        target, needs_database = COMMANDS[name]
        asks_help = any(word in sys.argv for word in ("--help", "-h"))
        if needs_database and not asks_help and not ctx.resilient_parsing:
            start_django()
        module, attribute = target.split(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter  # noqa: ARG002  click calls it
    ) -> None:
        """List names without importing every room."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, "") for name in COMMANDS])


@click.group(cls=Rooms, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="staithe")
def staithe() -> None:
    """Share public data: hold, find, ask, agree, join, use, account."""


def main() -> None:
    """Run a command; show an error meant for people as one sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staithe.site.settings")
    try:
        staithe(standalone_mode=False)
    except UserError as error:
        click.echo(f"Error: {error.message}", err=True)
        sys.exit(error.exit_code)
    except BadSetting as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
