"""docs/reference.md: every name that an operator or a program may rely on.

Drawn from the program itself, so that it cannot fall behind; a test compares it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

import click
from django.utils.module_loading import autodiscover_modules

from staithe.base.errors import AnswerIsNo
from staithe.jobs.registry import all_kinds
from staithe.ledger.actions import ACTIONS
from staithe.people.roles import MEANINGS, SEPARATED, Role


DOCUMENT = Path("docs/reference.md")

# Each setting: what it is unless set, and what it says. * may come from NAME_FILE.
SETTINGS: dict[str, tuple[str, str]] = {
    "STAITHE_HOME": ("./var", "Folder that holds all state; made on first use."),
    "STAITHE_DATABASE_URL*": (
        "SQLite in STAITHE_HOME",
        "postgresql://user:password@host:5432/name, with libpq options after ?.",
    ),
    "STAITHE_STORAGE_URL*": (
        "STAITHE_HOME/snapshots",
        "Where data lies: a folder, or s3://bucket/prefix?endpoint_override=host:port.",
    ),
    "STAITHE_SECRET_KEY*": (
        "made once, kept in STAITHE_HOME/keys",
        "Signs sessions and file addresses; 32 characters or more.",
    ),
    "STAITHE_BASE_URL": (
        "http://127.0.0.1:8000",
        "Address by which people and programs reach the service.",
    ),
    "STAITHE_ALLOWED_HOSTS": ("", "Further host names it answers to, with commas."),
    "STAITHE_BEHIND_PROXY": (
        "0",
        "1 where a proxy of yours ends TLS and sets X-Forwarded-Proto and -For.",
    ),
    "STAITHE_SERVICE_NAME": ("Staithe", "Name in the header of every page."),
    "STAITHE_TIME_ZONE": ("Europe/London", "Zone in which pages show times."),
    "STAITHE_LOG_LEVEL": ("INFO", "DEBUG, INFO, WARNING or ERROR."),
    "STAITHE_DEBUG": ("0", "1 shows faults with their trace: never in service."),
    "STAITHE_METRICS_TOKEN*": ("", "Opens /metrics; unset, there is no such page."),
    "STAITHE_MAX_UPLOAD_MB": ("2048", "Largest file that is accepted."),
    "STAITHE_PUBLISH_INLINE_MB": (
        "32",
        "A larger file is read by a job instead of at once.",
    ),
    "STAITHE_ENGINE_MEMORY_MB": ("1024", "Memory of one run of the data engine."),
    "STAITHE_ENGINE_THREADS": ("2", "Threads of one run of the data engine."),
    "STAITHE_QUERIES_AT_ONCE": ("4", "Questions of analysts at once on a machine."),
    "STAITHE_QUERIES_EACH": ("2", "How many of them may be one person's."),
    "STAITHE_LINKAGE_SEED": ("1", "The same data and seed give the same links."),
    "STAITHE_SMTP_HOST": ("", "Mail server; unset, mail is written to the log."),
    "STAITHE_SMTP_PORT": ("25", "Its port."),
    "STAITHE_SMTP_USER": ("", "Account there."),
    "STAITHE_SMTP_PASSWORD*": ("", "Its password."),
    "STAITHE_SMTP_TLS": ("0", "1 to start TLS with it."),
    "STAITHE_MAIL_FROM": ("staithe@localhost", "Sender of the mail."),
}


SECRETS = (
    "Read from the environment. A setting marked * may also be read from a file: "
    "put the file's path in the name with `_FILE` after it."
)


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if it would change.")
@click.option(
    "--path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DOCUMENT,
    show_default=True,
    help="Where the document is.",
)
def reference(*, check: bool, path: Path) -> None:
    """Write docs/reference.md from the program."""
    text = to_markdown()
    if check:
        if not path.is_file() or path.read_text("utf-8") != text:
            raise AnswerIsNo(f"{path} is not current. Run: staithe reference")
        click.echo(f"{path} is current.")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    click.echo(f"Wrote {path}.")


def to_markdown() -> str:
    """Return the whole document."""
    autodiscover_modules("actions", "jobs")
    parts = [
        "# Reference",
        "Written by `staithe reference`; do not edit it.",
        "## Settings",
        SECRETS,
        _table(("Setting", "Unless set", "Meaning"), _settings()),
        "## Commands",
        "Exit codes: 0 done, 1 the answer is no or a check failed, 2 bad input.",
        *_commands(),
        "## Roles",
        _table(("Role", "Permissions", "At the operator, for everyone"), _roles()),
        *(
            f"Nobody who may {MEANINGS[other].does} anywhere may {MEANINGS[one].does}."
            for one, other in SEPARATED
        ),
        "## Permissions",
        _table(("Permission", "Lets a person", "Reaches"), _permissions()),
        "## Events of the ledger",
        _table(("Event", "Means"), _events()),
        "## Background work",
        _table(("Kind", "Does", "Recurs"), _kinds()),
        "## Calls of the API",
        "What each takes and answers is on the service's own page, `/api/v1/docs`.",
        _table(("Call", "Does"), _calls()),
    ]
    return "\n\n".join(parts) + "\n"


def _settings() -> Iterable[tuple[str, ...]]:
    for name, (default, words) in SETTINGS.items():
        plain = name.removesuffix("*")
        star = " *" if name != plain else ""
        yield f"`{plain}`{star}", f"`{default}`" if default else "", words


def _commands() -> Iterable[str]:
    from staithe.site.cli import staithe

    with click.Context(staithe, info_name="staithe", resilient_parsing=True) as context:
        for name in staithe.list_commands(context):
            command = staithe.get_command(context, name)
            assert command is not None
            yield from _command(command, f"staithe {name}")


def _command(command: click.Command, name: str) -> Iterable[str]:
    usage = " ".join(
        parameter.make_metavar(click.Context(command))
        for parameter in command.params
        if isinstance(parameter, click.Argument)
    )
    yield f"### `{f'{name} {usage}'.strip()}`\n\n{inspect.cleandoc(command.help or '')}"
    options = [each for each in command.params if isinstance(each, click.Option)]
    if options:
        rows = [(f"`{' '.join(each.opts)}`", each.help or "") for each in options]
        yield _table(("Option", "Meaning"), rows)
    if isinstance(command, click.Group):
        for inner, each in command.commands.items():
            yield from _command(each, f"{name} {inner}")


def _roles() -> Iterable[tuple[str, ...]]:
    for role in Role:
        yield (
            f"`{role.value}`",
            _listed(role.definition.permissions),
            _listed(role.definition.service_wide),
        )


def _listed(permissions: Iterable[str]) -> str:
    return ", ".join(f"`{permission}`" for permission in sorted(permissions))


def _permissions() -> Iterable[tuple[str, ...]]:
    for permission, meaning in MEANINGS.items():
        yield f"`{permission.value}`", meaning.does, meaning.scope.value


def _events() -> Iterable[tuple[str, ...]]:
    # Actions are known once imported: all that an address can reach must be.
    import_module("staithe.site.urls")
    for name, action in sorted(ACTIONS.items()):
        yield f"`{name}`", _first_line(inspect.getdoc(action.function))


def _kinds() -> Iterable[tuple[str, ...]]:
    for kind in all_kinds():
        often = f"every {kind.every_seconds:,} s" if kind.every_seconds else ""
        yield f"`{kind.name}`", kind.label, often


def _calls() -> Iterable[tuple[str, ...]]:
    from staithe.site.api import api
    from staithe.site.api_page import read_calls

    for _, calls in read_calls(api.get_openapi_schema(), base_url=""):
        for call in calls:
            yield f"`{call.method.upper()} {call.path}`", _first_line(call.words)


def _first_line(text: str | None) -> str:
    return next(iter((text or "").strip().splitlines()), "")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(_cell(c) for c in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
