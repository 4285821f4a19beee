"""Run the service and look after it."""

from __future__ import annotations

from pathlib import Path

import click

from staithe.base.config import env_str
from staithe.base.errors import AnswerIsNo
from staithe.demo.cli import run_story
from staithe.demo.home import built_aside, check_home
from staithe.site.serving import check_port_free, run_service


MOST_SEED = 2**63 - 1  # its digits fit the key of the demo's project
THREADS = 4  # of one process: more only wait for each other


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--threads", default=THREADS, show_default=True, help="Requests at once.")
@click.option("--no-worker", is_flag=True, help="Run the worker yourself.")
def serve(host: str, port: int, threads: int, *, no_worker: bool) -> None:
    """Serve the pages and the API, with a worker beside."""
    check_port_free(host, port)
    click.echo(f"Staithe is at http://{host}:{port}/  (stop with Ctrl+C)")
    run_service(host=host, port=port, threads=threads, with_worker=not no_worker)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@click.option("--deep", is_flag=True, help="Digest every stored file again.")
def doctor(*, as_json: bool, deep: bool) -> None:
    """Check configuration, storage, keys and the ledger."""
    import json

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
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
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
    if not no_serve and not as_json:
        check_port_free(host, port)
    with built_aside(home):
        start_django()
        run_story(
            people=people,
            seed=seed,
            base_url=f"http://{host}:{port}",
            home=home,
            as_json=as_json,
        )
    if not no_serve and not as_json:
        click.echo(f"\nServing at http://{host}:{port}/  (stop with Ctrl+C)")
        run_service(host=host, port=port, threads=THREADS, with_worker=True)
