"""Run the service and look after it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import click

from staithe.base.config import env_str
from staithe.base.errors import AnswerIsNo
from staithe.demo.cli import claim_home, run_story


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--threads", default=8, show_default=True, help="Requests at once.")
@click.option("--no-worker", is_flag=True, help="Run the worker yourself.")
def serve(host: str, port: int, threads: int, *, no_worker: bool) -> None:
    """Serve the pages and the API, with a worker beside."""
    click.echo(f"Staithe is at http://{host}:{port}/  (stop with Ctrl+C)")
    run_service(host=host, port=port, threads=threads, with_worker=not no_worker)


def run_service(*, host: str, port: int, threads: int, with_worker: bool) -> None:
    """Run granian and, beside it, a worker that ends when the server ends."""
    from django.conf import settings

    environment = {**os.environ, "STAITHE_HOME": str(settings.HOME)}
    script = Path(sys.executable).parent / "granian"
    server = subprocess.Popen(  # noqa: S603  our own command, no user input
        [
            str(script),
            "--interface",
            "wsgi",
            "--host",
            host,
            "--port",
            str(port),
            "--blocking-threads",
            str(threads),
            "--no-ws",
            "--log-level",
            "warning",
            "staithe.site.wsgi:application",
        ],
        env=environment,
    )
    worker = None
    if with_worker:
        command = [sys.executable, "-m", "staithe", "worker"]
        worker = subprocess.Popen(command, env=environment)  # noqa: S603  our own command
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        server.wait()
    except KeyboardInterrupt:
        server.terminate()
        server.wait()
    finally:
        if worker:
            worker.terminate()
            worker.wait()


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def doctor(*, as_json: bool) -> None:
    """Check configuration, storage, keys and the ledger."""
    import json

    from staithe.site.checks import run_checks

    results = run_checks()
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
@click.option("--people", default=20_000, show_default=True, help="100 to 1,000,000.")
@click.option("--seed", default=1, show_default=True, help="Same seed, same world.")
@click.option("--no-serve", is_flag=True, help="Stop after the story.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
def demo(
    people: int, seed: int, host: str, port: int, *, no_serve: bool, as_json: bool
) -> None:
    """Build a demo world and run the main job through to a released table."""
    from staithe.site.cli import start_django

    home = Path(env_str("STAITHE_HOME", "./var")).resolve()
    claim_home(home)
    start_django()
    run_story(
        people=people,
        seed=seed,
        base_url=f"http://{host}:{port}",
        as_json=as_json,
    )
    if not no_serve and not as_json:
        click.echo(f"\nServing at http://{host}:{port}/  (stop with Ctrl+C)")
        run_service(host=host, port=port, threads=8, with_worker=True)
