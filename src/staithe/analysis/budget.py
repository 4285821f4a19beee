"""How often a project may be refused for what is in the data.

Whether there is an answer can itself tell of one person: a condition that holds for
somebody or for nobody. No rule closes that, so such refusals are few, and each is
recorded; past the limit a reviewer looks before the project asks on.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet

from staithe.analysis.models import Query
from staithe.analysis.policies import is_independent_reviewer, is_member
from staithe.base.errors import AnswerIsNo, NotAllowed
from staithe.people.models import Person
from staithe.sharing.models import Project


REFUSALS = 20
WITHIN = timedelta(days=1)


def refusals(project: Project) -> QuerySet[Query]:
    """Return what was refused for the data since a reviewer looked, newest first."""
    found = project.queries.filter(withheld=True)
    look = project.looks.last()
    if look is not None:
        found = found.filter(at__gt=look.at)
    return found.order_by("-at", "-pk")


def spent(project: Project) -> bool:
    """Tell whether a project was refused as often as it may be within a day.

    It stays so until a reviewer looks: nothing is refused in between, so the newest
    refusals stay the newest.
    """
    newest = list(refusals(project).values_list("at", flat=True)[:REFUSALS])
    return len(newest) == REFUSALS and newest[0] - newest[-1] < WITHIN


def check_not_spent(project: Project) -> None:
    """Raise AnswerIsNo where a reviewer must look before more is asked."""
    if spent(project):
        raise AnswerIsNo(
            f"{REFUSALS} questions of this project were refused within a day for what "
            "is in the data. A reviewer has been asked to look at them; until then "
            "nothing more can be asked.",
            code="refusals-spent",
        )


def check_looks(project: Project, *, person: Person) -> None:
    """Raise NotAllowed unless the person is an independent reviewer of the project."""
    if not is_independent_reviewer(project, person=person):
        raise NotAllowed(
            "Only a reviewer who does not work on the project can let it ask on."
        )


def check_sees_refusals(project: Project, *, person: Person) -> None:
    """Raise NotAllowed unless the person works on the project or reviews it."""
    if not is_member(project, person=person):
        check_looks(project, person=person)
