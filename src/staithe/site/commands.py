"""Run the service and look after it."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from staithe.base.config import env_secret, env_str
from staithe.base.errors import AnswerIsNo
from staithe.demo.cli import run_story
from staithe.demo.home import built_aside, check_home
from staithe.site.serving import (
    address_of,
    check_port_free,
    keep_address,
    run_service,
)


MOST_SEED = 2**63 - 1  # its digits fit the key of the demo's project
HOST, PORT = "127.0.0.1", 8000
THREADS = 4  # of one process: more only wait for each other


@click.command()
@click.option("--host", default=HOST, show_default=True)
@click.option("--port", default=PORT, show_default=True)
@click.option("--threads", default=THREADS, show_default=True, help="Requests at once.")
@click.option("--no-worker", is_flag=True, help="Run the worker yourself.")
def serve(host: str, port: int, threads: int, *, no_worker: bool) -> None:
    """Serve the pages and the API, with a worker beside."""
    from django.conf import settings

    check_port_free(host, port)
    keep_address(settings.HOME, address_of(host, port))
    click.echo(f"Staithe starts at {address_of(host, port)}/ ...")
    run_service(
        host=host,
        port=port,
        threads=threads,
        with_worker=not no_worker,
        ready=lambda: click.echo("It answers now. Stop it with Ctrl+C."),
    )


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@click.option("--deep", is_flag=True, help="Digest every stored file again.")
def doctor(*, as_json: bool, deep: bool) -> None:
    """Check configuration, storage, keys and the ledger."""
    import json

    from staithe.site.starting import start_django

    check_service_there()
    start_django(migrate=False)

    from staithe.site.checks import run_checks

    results = run_checks(deep=deep)
    if as_json:
        click.echo(json.dumps(results, indent=2))
    else:
        for result in results:
            click.echo(
                f"{'ok  ' if result['ok'] else 'FAIL'}  {result['name']}: {result['detail']}"
            )
    if not all(result["ok"] for result in results):
        raise AnswerIsNo("Something needs attention: see the lines marked FAIL.")


def check_service_there() -> None:
    """Raise AnswerIsNo where no service has been: a check must not make one."""
    home = Path(env_str("STAITHE_HOME", "./var")).resolve()
    key = home / "keys" / "django.key"
    if home.is_dir() and (env_secret("STAITHE_SECRET_KEY") or key.is_file()):
        return
    raise AnswerIsNo(
        f"There is no service in {home}. Set STAITHE_HOME to the folder of yours; "
        "`staithe init` starts a new one."
    )


@click.command()
@click.option(
    "--people",
    type=click.IntRange(100, 1_000_000),
    default=20_000,
    show_default=True,
    help="100 to 1,000,000.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, MOST_SEED),
    default=1,
    show_default=True,
    help="Same seed, same world.",
)
@click.option("--no-serve", is_flag=True, help="Stop after the story.")
@click.option("--replace", is_flag=True, help="Delete work done in an earlier demo.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@click.option("--host", default=HOST, show_default=True)
@click.option("--port", default=PORT, show_default=True)
def demo(
    people: int,
    seed: int,
    host: str,
    port: int,
    *,
    no_serve: bool,
    replace: bool,
    as_json: bool,
) -> None:
    """Build a demo world and run the main job through to a released table."""
    from staithe.site.starting import start_django

    home = Path(env_str("STAITHE_HOME", "./var")).resolve()
    check_home(home, replace=replace)
    serving = not no_serve and not as_json
    if serving:
        check_port_free(host, port)
    address = address_of(host, port)
    with built_aside(home) as aside:
        keep_address(aside, address)
        start_django()
        run_story(
            people=people, seed=seed, base_url=address, home=home, as_json=as_json
        )
    if serving:
        click.echo(f"\nStarting at {address}/ ...")
        run_service(
            host=host,
            port=port,
            threads=THREADS,
            with_worker=True,
            ready=lambda: click.echo("It answers now. Stop it with Ctrl+C."),
        )
    elif not as_json:
        at = [f"--host {host}"] * (host != HOST) + [f"--port {port}"] * (port != PORT)
        words = [f"STAITHE_HOME={shlex.quote(str(home))}", "staithe serve", *at]
        click.echo("\nNothing serves these pages yet. To open them, run:")
        click.echo("  " + " ".join(words))
