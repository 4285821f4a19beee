"""Asking a question: checks, the sandbox, protection; then one action keeps the answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from staithe.analysis.actions import keep_answer
from staithe.analysis.datafile import DataChanged, ensure_data_file
from staithe.analysis.models import Query
from staithe.analysis.policies import check_asks, check_text
from staithe.analysis.rules import policy_for
from staithe.analysis.sandbox import answer
from staithe.analysis.spec import TableSpec
from staithe.base.errors import Damaged, NotFound, UserError
from staithe.disclosure.protect import ProtectedTable
from staithe.exchange.queries import project_tables
from staithe.people.models import Person
from staithe.sharing.models import Project


LONGEST_SQL = 20_000
LONGEST_NAME = 255


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
    title = check_text(title, field="title", ask="Enter the title.", most=200)
    sql = check_text(sql, field="sql", ask="Enter the SQL.", most=LONGEST_SQL)
    spec = TableSpec.from_dict(table)
    for name in spec.needed:
        check_text(name, field="rows", ask="Name a column.", most=LONGEST_NAME)
    tables = project_tables(project, person=by, at=at)
    path = ensure_data_file(project.reference, tables)
    policy = policy_for(tables)
    kept: dict[str, Any] = {
        "project": project,
        "title": title,
        "sql": sql,
        "table": spec.to_dict(),
        "policy": policy.to_dict(),
        "tables": tables,
        "by": by,
        "at": at,
    }
    try:
        found = answer(path, sql, spec, policy=policy)
    except NotFound as error:  # a grant closed since the line that found the file
        raise DataChanged from error
    except UserError as error:
        broken = isinstance(error, Damaged)
        state = Query.State.FAILED if broken else Query.State.REFUSED
        return keep_answer(**kept, state=state, problem=error.message)
    return keep_answer(
        **kept,
        state=Query.State.DONE,
        result=to_stored(found.protected),
        milliseconds=found.milliseconds,
        suppressed=found.protected.suppressed,
    )


def to_stored(protected: ProtectedTable) -> dict[str, Any]:
    """Return what is stored: the released form, and what its reviewers need."""
    grid = protected.grid()
    return {
        "csv": protected.to_csv(),
        "grid": {"columns": grid.columns, "rows": grid.rows},
        "explanation": protected.explanation,
        "review": protected.to_dict(),
    }
