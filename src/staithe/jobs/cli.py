"""`staithe worker`: runs background work."""

from __future__ import annotations

import click

from staithe.base.holding import hold


@click.command()
@click.option("--once", is_flag=True, help="Run what is ready now, then stop.")
def worker(*, once: bool) -> None:
    """Run background work until stopped; start as many as you have cores."""
    from django.conf import settings

    from staithe.jobs.worker import Worker

    hold(settings.HOME)
    runner = Worker()
    runner.stop_on_signals()
    runner.run(once=once)
