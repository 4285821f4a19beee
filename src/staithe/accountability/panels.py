"""What this room adds to the pages of projects, bodies and assets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from staithe.accountability.charts import days_words
from staithe.accountability.policies import can_record
from staithe.accountability.queries import outcomes_credited_to, outcomes_of, report
from staithe.base.clock import now
from staithe.ui.panels import PanelBlock


if TYPE_CHECKING:
    from staithe.accountability.queries import Report
    from staithe.catalogue.models import Asset
    from staithe.people.models import Organisation
    from staithe.sharing.models import Project


MOST_CREDITS = 10


def project_outcomes(project: Project, person: Any) -> PanelBlock | None:
    """Show what came of a project; members may add to it."""
    return PanelBlock(
        "Results",
        "accountability/project_panel.html",
        {
            "outcomes": outcomes_of(project),
            "may_record": can_record(person, project)
            and project.agreements.filter(accepted_at__isnull=False).exists(),
        },
        order=60,
    )


def organisation_credits(organisation: Organisation, person: Any) -> PanelBlock | None:
    """Show the results that rest on a body's data, to anyone."""
    found = outcomes_credited_to(organisation)
    outcomes = list(found[:MOST_CREDITS])
    if not outcomes:
        return None
    more = found.count() - len(outcomes)
    return PanelBlock(
        "Results that rest on its data",
        "accountability/credits_panel.html",
        {"outcomes": outcomes, "more": more},
        order=40,
    )


def organisation_decisions(
    organisation: Organisation, person: Any
) -> PanelBlock | None:
    """Show how a body answers requests, to anyone."""
    found = report(at=now(), holder=organisation.slug)
    return _decisions("Decisions", found, more=f"/progress?body={organisation.slug}")


def asset_decisions(asset: Asset, person: Any) -> PanelBlock | None:
    """Show how requests for one asset were answered, to anyone."""
    found = report(at=now(), asset=asset.reference)
    return _decisions("Decisions on this data", found, more="")


def _decisions(title: str, found: Report, *, more: str) -> PanelBlock | None:
    if not found.progress.counts.asked:
        return None
    return PanelBlock(
        title,
        "accountability/decisions_panel.html",
        {
            "progress": found.progress,
            "rows": [(each.label, each.count) for each in found.progress.reasons],
            "days_words": days_words,
            "more": more,
        },
        order=50,
    )
