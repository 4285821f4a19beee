"""Asking a question: checks, the sandbox, protection; then one action keeps the answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from staithe.analysis.actions import ShownMeanwhile, keep_answer
from staithe.analysis.budget import check_not_spent
from staithe.analysis.datafile import DataChanged, ensure_data_file
from staithe.analysis.earlier import (
    Earlier,
    closed_tables,
    earlier_answers,
    forget_counted,
    grants_read,
    keep_counted,
    sentence,
)
from staithe.analysis.models import Query
from staithe.analysis.policies import check_asks, check_text
from staithe.analysis.rules import policy_for
from staithe.analysis.sandbox import BadQuestion, NotConfined, QueryResult, run_query
from staithe.analysis.spec import TableSpec
from staithe.analysis.turns import turn
from staithe.base.errors import Conflict, Damaged, NotFound, UserError
from staithe.disclosure.beside import Beside, protect_beside
from staithe.disclosure.policy import OutputPolicy
from staithe.exchange.queries import project_tables
from staithe.people.models import Person
from staithe.sharing.models import Project
from staithe.tables.manifest import Manifest


LONGEST_SQL = 20_000
LONGEST_NAME = 255
TRIES = 5  # when others of the project are answered in between

# One sentence for all of them: which it was would tell what is in the data.
WITHHELD = (
    "There is no answer to this that can be shown. It may count nobody or too few "
    "people, count somebody in two cells, have too many cells, need a value that "
    "cannot be computed, give other rows each time, take too long or too much memory, "
    "or tell too much beside earlier answers. Which of these it is could tell "
    "something about a person. Try larger categories, one row for each person, the "
    "measure records, or the same conditions as before."
)


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
    fails is kept and recorded too: what was tried is part of the account. TooMany
    where too many run already, AnswerIsNo where a reviewer must look at what was
    refused before: then nothing was tried.
    """
    check_asks(project, person=by)
    title = check_text(title, field="title", ask="Enter the title.", most=200)
    sql = check_text(sql, field="sql", ask="Enter the SQL.", most=LONGEST_SQL)
    spec = TableSpec.from_dict(table)
    for name in spec.needed:
        check_text(name, field="rows", ask="Name a column.", most=LONGEST_NAME)
    with turn(by):
        check_not_spent(project)
        return _ask(project=project, title=title, sql=sql, spec=spec, by=by, at=at)


def _ask(
    *, project: Project, title: str, sql: str, spec: TableSpec, by: Person, at: datetime
) -> Query:
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
        closed = closed_tables(project, tables)
        found = run_query(path, sql, spec, policy=policy, closed=closed)
        kept["read_grants"] = grants_read(found.tables, tables)
        return _keep_protected(kept, found, policy)
    except NotFound as error:  # a grant closed since the line that found the file
        raise DataChanged from error
    except Conflict:
        raise
    except Damaged as error:
        return keep_answer(**kept, state=Query.State.FAILED, problem=error.message)
    except (BadQuestion, NotConfined) as error:
        return keep_answer(**kept, state=Query.State.REFUSED, problem=error.message)
    except UserError:
        kept.pop("read_grants", None)
        return keep_answer(
            **kept, state=Query.State.REFUSED, problem=WITHHELD, withheld=True
        )


def _keep_protected(
    kept: dict[str, Any], found: QueryResult, policy: OutputPolicy
) -> Query:
    """Write down who was counted, then keep the answer; nothing is left if it is not."""
    counted = keep_counted(found.counted, at=kept["at"])
    try:
        return _keep_beside(kept, found, policy, counted)
    except BaseException:
        forget_counted([counted.id])
        raise


def _keep_beside(
    kept: dict[str, Any],
    found: QueryResult,
    policy: OutputPolicy,
    counted: Manifest,
    *,
    tries: int = TRIES,
) -> Query:
    """Protect a table beside what the project was shown before, and keep it.

    Where another answer comes in between, the comparison is made again.
    """
    earlier = earlier_answers(kept["project"])
    beside = protect_beside(found.table, policy, found.counted, earlier.seen)
    try:
        return keep_answer(
            **kept,
            state=Query.State.DONE,
            result=to_stored(beside, earlier, policy),
            milliseconds=found.milliseconds,
            suppressed=beside.protected.suppressed,
            counted=counted,
            shown_before=earlier.references,
        )
    except ShownMeanwhile:
        if tries == 1:
            raise
    return _keep_beside(kept, found, policy, counted, tries=tries - 1)


def left_out(threshold: int) -> str:
    """Say what is always done with rare categories, also where there are none."""
    return (
        f"Categories of fewer than {threshold} people are put together as (other). "
        f"Where that is fewer than {threshold} people too, they are left out of the "
        "table and its totals."
    )


def to_stored(beside: Beside, earlier: Earlier, policy: OutputPolicy) -> dict[str, Any]:
    """Return what is stored: the released form, and what its reviewers need."""
    protected = beside.protected
    grid = protected.grid()
    compared = [each.name for each in earlier.seen]
    return {
        "csv": protected.to_csv(),
        "grid": {"columns": grid.columns, "rows": grid.rows},
        "explanation": [*protected.explanation, left_out(policy.threshold)],
        "review": protected.to_dict(),
        "beside": {
            "compared": compared,
            "gone": list(earlier.gone),
            "hidden": len(beside.telling),
            "because_of": list(beside.named),
            "sentence": sentence(compared, earlier.gone, policy.threshold),
        },
    }
