"""Calls of the analysis room."""

from __future__ import annotations

from staithe.analysis.actions import look_at_refusals, submit_output, withdraw_output
from staithe.analysis.asking import ask
from staithe.demo.story import Scene


def call(told: Scene) -> None:
    """Ask again, send the answer to review, take it back; look at what was refused."""
    amara = told.cast["requester"]
    query = ask(
        project=told.project,
        title="Again",
        sql=told.query.sql,
        table=told.query.table,
        by=amara,
        at=told.later(),
    )
    output = submit_output(
        query=query, title="Again", description="Safe.", by=amara, at=told.later()
    )
    withdraw_output(output=output, by=amara, at=told.later())
    look_at_refusals(
        project=told.project,
        comment="Nothing refused.",
        by=told.cast["reviewer"],
        at=told.later(),
    )
