"""What the exchange adds to the pages of projects, agreements and assets."""

from __future__ import annotations

from typing import Any

from staithe.base.clock import now
from staithe.catalogue.models import Asset
from staithe.exchange.models import Grant
from staithe.exchange.policies import can_read, has_stalled, is_under_way, may_mend
from staithe.exchange.queries import find_grant, grants_of, latest_join, reads_of
from staithe.people.models import Person
from staithe.sharing.grant import grant_from_plain
from staithe.sharing.models import Agreement, Project
from staithe.ui.panels import PanelBlock


def project_data(project: Project, person: Any) -> PanelBlock | None:
    """Show members a project's tables, and the button that joins them."""
    if not _is_member(project, person):
        return None
    grants = grants_of(project)
    active = [grant for grant in grants if grant.state == Grant.State.ACTIVE]
    join = latest_join(project)
    joining = join is not None and is_under_way(join)
    return PanelBlock(
        "Tables",
        "exchange/project_panel.html",
        {
            "grants": grants,
            "join": join,
            "joining": joining,
            "may_join": bool(active) and not joining,
            "alone": len(active) == 1,
            "stale": any(not grant.table_snapshot for grant in active),
            "preparing": any(g.state == Grant.State.PREPARING for g in grants),
        },
        order=20,
    )


def agreement_access(agreement: Agreement, person: Any) -> PanelBlock | None:
    """Show what an agreement opened, to whom it is open now, and its use."""
    grant = find_grant(agreement.reference)
    if grant is None or not isinstance(person, Person):
        return None
    return PanelBlock(
        "Access",
        "exchange/agreement_panel.html",
        {
            "grant": grant,
            "readable": can_read(grant, person=person, at=now()),
            "rows_may_leave": grant_from_plain(grant.compiled).rows_may_leave,
            "ready": bool(grant.table_snapshot),
            "may_prepare": grant.closed_at is None
            and has_stalled(grant)
            and may_mend(grant, person=person),
            "stalled": grant.closed_at is None and has_stalled(grant),
            "reads": reads_of(grant),
        },
        order=20,
    )


def asset_use(asset: Asset, person: Any) -> PanelBlock | None:
    """Show publicly which projects use an asset."""
    grants = Grant.objects.filter(agreement__flow__asset=asset, closed_at=None)
    rows = list(grants.select_related("project__organisation", "agreement"))
    if not rows:
        return None
    return PanelBlock("Who uses it", "exchange/asset_panel.html", {"grants": rows})


def _is_member(project: Project, person: Any) -> bool:
    if not isinstance(person, Person):
        return False
    return bool(project.members.filter(person=person, ended_at=None).exists())
