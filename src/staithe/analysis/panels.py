"""What analysis adds to a project's page: its questions and where they went."""

from __future__ import annotations

from typing import Any

from staithe.analysis.policies import can_see_queries
from staithe.analysis.queries import queries_of
from staithe.base.clock import now
from staithe.exchange.queries import project_tables
from staithe.people.models import Person
from staithe.people.permissions import Permission, can
from staithe.sharing.models import Project
from staithe.ui.panels import PanelBlock


SHOWN = 10


def project_questions(project: Project, person: Any) -> PanelBlock | None:
    """Show members the newest questions and the way to ask another."""
    if not isinstance(person, Person) or not can_see_queries(project, person=person):
        return None
    found = queries_of(project)
    return PanelBlock(
        "Questions",
        "analysis/project_panel.html",
        {
            "queries": list(found[:SHOWN]),
            "total": found.count(),
            "ready": bool(project_tables(project, person=person, at=now())),
            "may_ask": can(person, Permission.RUN_QUERY, project.organisation),
        },
        order=30,
    )
