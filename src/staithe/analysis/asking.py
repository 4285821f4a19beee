"""Asking a question: checks, the sandbox, protection; then one action keeps the answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from staithe.analysis.actions import keep_answer
from staithe.analysis.datafile import data_name, ensure_data_file
from staithe.analysis.models import Query
from staithe.analysis.policies import check_asks
from staithe.analysis.rules import policy_for
from staithe.analysis.sandbox import answer
from staithe.analysis.spec import TableSpec
from staithe.base.errors import BadInput, Damaged, UserError
from staithe.disclosure.protect import ProtectedTable
from staithe.exchange.queries import project_tables
from staithe.people.models import Person
from staithe.sharing.models import Project


def ask(
    *,
    project: Project,
    title: str,
    sql: str,
    table: dict[str, Any],
    by: Person,
    at: datetime,
) -> Query:
    """Run a question and keep its protected answer, or the reason there is none.

    Slow work comes first, outside any transaction. A question that is refused or
    fails is kept and recorded too: what was tried is part of the account.
    """
    check_asks(project, person=by)
    if not title.strip():
        raise BadInput("Give the question a title.", field="title")
    spec = TableSpec.from_dict(table)
    tables = project_tables(project, person=by, at=at)
    path = ensure_data_file(project.reference, tables)
    policy = policy_for(tables)
    kept: dict[str, Any] = {
        "project": project,
        "title": title.strip()[:200],
        "sql": sql,
        "table": spec.to_dict(),
        "policy": policy.to_dict(),
        "dataset": data_name(tables),
        "by": by,
        "at": at,
    }
    try:
        found = answer(path, sql, spec, policy=policy)
    except UserError as error:
        broken = isinstance(error, Damaged)
        state = Query.State.FAILED if broken else Query.State.REFUSED
        return keep_answer(**kept, state=state, problem=error.message)
    return keep_answer(
        **kept,
        state=Query.State.DONE,
        result=_plain(found.protected),
        milliseconds=found.milliseconds,
        suppressed=found.protected.suppressed,
    )


def _plain(protected: ProtectedTable) -> dict[str, Any]:
    """Return what is stored: the released form, and what its reviewers need."""
    grid = protected.grid()
    return {
        "csv": protected.to_csv(),
        "grid": {"columns": grid.columns, "rows": grid.rows},
        "explanation": protected.explanation,
        "review": protected.to_dict(),
    }
