"""The `staithe` command: one group; each room brings its own commands.

Exit codes: 0 done, 1 the answer is no or a check failed, 2 bad input.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

import click

from staithe.base.config import BadSetting
from staithe.base.errors import UserError
from staithe.base.outage import as_outage
from staithe.site.starting import start_django


# name: (what to import, what it needs, what it does). Imported only when asked for, so
# that `staithe profile` starts without the web frame. It needs nothing, django, or the
# database brought up to date.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("staithe.site.commands:demo", "nothing", "Make a demo world and run it."),
    "init": ("staithe.people.cli:init", "database", "Start an empty service."),
    "serve": ("staithe.site.commands:serve", "database", "Serve pages and API."),
    "worker": ("staithe.jobs.cli:worker", "database", "Run background work."),
    "doctor": (
        "staithe.site.commands:doctor",
        "nothing",
        "Check the service's health.",
    ),
    "publish": ("staithe.catalogue.cli:publish", "database", "Publish a file."),
    "profile": ("staithe.quality.cli:profile", "nothing", "Say how good a file is."),
    "advise": ("staithe.law.cli:advise", "nothing", "Find legal routes for facts."),
    "law": ("staithe.law.cli:law", "nothing", "Check and preview edits of the law."),
    "live-facts": (
        "staithe.sharing.cli:live_facts",
        "database",
        "Write the facts of live agreements.",
    ),
    "link": ("staithe.linkage.cli:link", "nothing", "Link records of two files."),
    "review": ("staithe.linkage.review_cli:review", "nothing", "Judge links."),
    "private": ("staithe.linkage.private.cli:private", "nothing", "Link by tokens."),
    "protect": ("staithe.disclosure.cli:protect", "nothing", "Protect a table."),
    "register": ("staithe.registers.cli:register", "nothing", "Load, verify, export."),
    "ledger": ("staithe.ledger.cli:ledger", "nothing", "Export or verify the ledger."),
    "states": ("staithe.sharing.cli:states", "nothing", "Write the state diagrams."),
    "reference": ("staithe.site.reference:reference", "django", "Write the reference."),
}


class Rooms(click.Group):
    """A group that imports a command only when it is called for."""

    # ruff: noqa: ARG002  click decides what these methods are given

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List every command in the order of the journey."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the command's room."""
        if name not in COMMANDS:
            return None
        target, needs, _ = COMMANDS[name]
        asks_help = any(word in sys.argv for word in ("--help", "-h"))
        if needs != "nothing" and not asks_help and not ctx.resilient_parsing:
            start_django(migrate=needs == "database")
        module, attribute = target.split(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(
        self,
        ctx: click.Context,
        formatter: click.HelpFormatter,
    ) -> None:
        """List names without importing every room."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, words) for name, (*_, words) in COMMANDS.items()]
            )


@click.group(cls=Rooms, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="staithe")
def staithe() -> None:
    """Share public data: hold, find, ask, agree, join, use, account."""


def run() -> None:
    """Run a command as a process of its own, and end the process with its exit code.

    The engines' threads may still be letting go of what they read, and one that meets
    an interpreter on its way down aborts the process (apache/arrow#34314): the answer
    was right and the exit code 134. So nothing is taken down under them.
    """
    # Told to stop, a command takes its unfinished files with it: they hold identifiers.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup sets it
            signal.signal(number, _stopped)
    try:
        main()
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else int(done.code is not None)
    else:
        code = 0
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()  # noqa: SLF001  what Python itself would call here
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody reads any more
            stream.flush()
    os._exit(code)


stops: list[int] = []  # the signals that told this process to stop


def _stopped(number: int, _frame: object) -> NoReturn:
    stops.append(number)
    raise SystemExit(128 + number)


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
    except BrokenPipeError:  # `| head`: whoever read has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if stops:  # an engine puts an error of its own in the place of our SystemExit
            sys.exit(128 + stops[0])
        outage = as_outage(error)
        if outage is None:
            raise
        click.echo(f"Error: {outage.message} ({_first_line(error)})", err=True)
        sys.exit(outage.exit_code)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
