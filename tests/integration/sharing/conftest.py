"""A cast on both sides of a request, and the acts that bring it to each state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from staithe.catalogue.models import Asset, AssetVersion
from staithe.people.models import Membership, Organisation, Person
from staithe.sharing import actions


START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)


def make_column(name: str, type_name: str, *, identifies: bool) -> dict[str, Any]:
    """Return a column as publishing describes it."""
    return {
        "name": name,
        "type": type_name,
        "semantic_type": "name" if identifies else "category",
        "nulls": 0,
        "distinct": 10,
        "identifies": identifies,
        "description": "",
    }


COLUMNS = [
    make_column("surname", "VARCHAR", identifies=True),
    make_column("born", "DATE", identifies=True),
    make_column("sector", "VARCHAR", identifies=False),
    make_column("pay_band", "VARCHAR", identifies=False),
    make_column("year", "BIGINT", identifies=False),
]


def make_organisation(slug: str, kind: str = "central-department") -> Organisation:
    return Organisation.objects.create(
        slug=slug, name=slug.capitalize(), kind=kind, created_at=START
    )


def make_person(name: str, **roles: Organisation) -> Person:
    """Make a person; each keyword is a role with the organisation it is held at."""
    person = Person.objects.create(
        name=name, email=f"{name.lower()}@example.com", created_at=START
    )
    for role, organisation in roles.items():
        give_role(person, role, organisation)
    return person


def give_role(person: Person, role: str, organisation: Organisation) -> None:
    Membership.objects.create(
        person=person,
        organisation=organisation,
        role=role.replace("_", "-"),
        created_at=START,
    )


def make_asset(
    title: str, organisation: Organisation, access_rights: str = "INTERNAL"
) -> Asset:
    slug = title.lower()
    asset = Asset.objects.create(
        reference=f"AST-{slug.upper()}",
        slug=slug,
        title=title,
        organisation=organisation,
        access_rights=access_rights,
        created_at=START,
        modified_at=START,
    )
    AssetVersion.objects.create(
        asset=asset,
        number=1,
        snapshot_id=f"{slug}-1",
        manifest_sha256="0" * 64,
        rows=10,
        bytes=100,
        columns=COLUMNS,
        profile={"dimensions": {}, "findings": []},
        source_name=f"{slug}.csv",
        created_at=START,
    )
    return asset


@dataclass
class Cast:
    """Statistics asks; Revenue and Benefits hold. Zed belongs to neither."""

    statistics: Organisation
    revenue: Organisation
    benefits: Organisation
    ann: Person  # analyst at Statistics
    bob: Person  # another analyst at Statistics
    olive: Person  # data owner at Revenue
    sam: Person  # data sharing officer at Revenue
    ada: Person  # administrator at Revenue
    ben: Person  # data owner at Benefits
    vera: Person  # overseer at the operator
    zed: Person  # analyst of a body that has no part in this
    jobs: Asset
    claims: Asset


@pytest.fixture
def cast(db) -> Cast:
    statistics = make_organisation("statistics")
    revenue = make_organisation("revenue")
    benefits = make_organisation("benefits")
    other = make_organisation("elsewhere", "university")
    operator = Organisation.objects.create(
        slug="centre",
        name="Centre",
        kind="central-department",
        is_operator=True,
        created_at=START,
    )
    return Cast(
        statistics=statistics,
        revenue=revenue,
        benefits=benefits,
        ann=make_person("Ann", analyst=statistics),
        bob=make_person("Bob", analyst=statistics),
        olive=make_person("Olive", data_owner=revenue),
        sam=make_person("Sam", data_sharing_officer=revenue),
        ada=make_person("Ada", administrator=revenue),
        ben=make_person("Ben", data_owner=benefits),
        vera=make_person("Vera", overseer=operator),
        zed=make_person("Zed", analyst=other),
        jobs=make_asset("Jobs", revenue),
        claims=make_asset("Claims", benefits),
    )


class Story:
    """Brings a request to each of its states by the actions that a person takes."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast

    def project(self, **changes: Any):
        values = {
            "title": "Work after college",
            "organisation": self.cast.statistics,
            "purpose_code": "research-public-good",
            "purpose": "Find which courses lead to work.",
            "benefit": "Learners choose with better evidence.",
            "by": self.cast.ann,
            "at": START,
        }
        return actions.start_project(**(values | changes))

    def draft(self, **changes: Any):
        values = {
            "who_pays": "requester",
            "retention_until": date(2035, 1, 5),
            "by": self.cast.ann,
            "at": START,
        }
        if "project" not in changes:
            values["project"] = self.project()
        return actions.draft_request(**(values | changes))

    def flow(self, request=None, **changes: Any):
        values = {
            "request": request or self.draft(),
            "asset": self.cast.jobs,
            "columns": ["sector", "pay_band"],
            "link_columns": ["surname", "born"],
            "justification": "Sector and pay are what the question is about.",
            "by": self.cast.ann,
            "at": START,
        }
        return actions.add_flow(**(values | changes))

    def routed(self, flow=None, route_id: str = "dea-64-research"):
        return actions.choose_route(
            flow=flow or self.flow(),
            route_id=route_id,
            reason="Accredited research on de-identified data.",
            by=self.cast.ann,
            at=START,
        )

    def ready(self, *assets: Asset):
        """Return a draft that can be sent: a routed flow for each asset."""
        request = self.draft()
        for asset in assets or (self.cast.jobs,):
            self.routed(self.flow(request, asset=asset))
        return request

    def sent(self, *assets: Asset, at: datetime = START):
        request = self.ready(*assets)
        return actions.submit_request(request=request, by=self.cast.ann, at=at)

    def waiting(self):
        """Return a flow that waits for Revenue."""
        return self.sent().flows.get()

    def decide(self, flow, outcome: str = "agree", **changes: Any):
        values = {
            "flow": flow,
            "outcome": outcome,
            "reason": "It serves the public.",
            "by": self.cast.olive,
            "at": START + DAY,
        }
        if outcome == "refuse":
            values |= {"reason_code": "not-necessary", "review_on": date(2026, 7, 1)}
        if outcome == "agree-in-part":
            values["columns"] = ["sector"]
        return actions.decide_flow(**(values | changes))

    def agreed(self):
        flow = self.waiting()
        self.decide(flow)
        return flow

    def offered(self, flow=None, **changes: Any):
        values = {
            "flow": flow or self.agreed(),
            "ends_on": date(2026, 12, 31),
            "by": self.cast.olive,
            "at": START + DAY,
        }
        return actions.offer_agreement(**(values | changes))

    def in_force(self, **changes: Any):
        return actions.accept_agreement(
            agreement=self.offered(**changes), by=self.cast.ann, at=START + 2 * DAY
        )


@pytest.fixture
def story(cast: Cast) -> Story:
    return Story(cast)
