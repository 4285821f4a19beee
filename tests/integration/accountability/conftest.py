"""Two bodies that hold, one that asks, and the acts that fill the ledger with them."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from staithe.catalogue.models import Asset, AssetVersion
from staithe.people.models import Membership, Organisation, Person
from staithe.sharing import actions
from staithe.sharing.models import Agreement, Flow, Project, Request


START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)


def make_person(name: str, role: str, organisation: Organisation) -> Person:
    person = Person.objects.create(
        name=f"{name} Personal", email=f"{name.lower()}@example.com", created_at=START
    )
    Membership.objects.create(
        person=person, organisation=organisation, role=role, created_at=START
    )
    return person


def make_asset(title: str, organisation: Organisation) -> Asset:
    slug = title.lower()
    asset = Asset.objects.create(
        reference=f"AST-{slug.upper()}",
        slug=slug,
        title=title,
        summary=f"What {organisation.name} knows of {slug}.",
        organisation=organisation,
        created_at=START,
        modified_at=START,
    )
    columns = [
        {"name": "surname", "type": "VARCHAR", "identifies": True},
        {"name": "pay_band", "type": "VARCHAR", "identifies": False},
        {"name": "secret_sector", "type": "VARCHAR", "identifies": False},
    ]
    AssetVersion.objects.create(
        asset=asset,
        number=1,
        snapshot_id=f"{slug}-1",
        manifest_sha256="0" * 64,
        rows=10,
        bytes=100,
        columns=[
            c | {"semantic_type": "text", "nulls": 0, "distinct": 1, "description": ""}
            for c in columns
        ],
        profile={"dimensions": {}, "findings": []},
        source_name=f"{slug}.csv",
        created_at=START,
    )
    return asset


@dataclass
class World:
    """Statistics asks; Revenue and Benefits hold; the Centre runs the service."""

    statistics: Organisation
    revenue: Organisation
    benefits: Organisation
    elsewhere: Organisation
    ann: Person  # analyst at Statistics
    olive: Person  # data owner at Revenue
    sam: Person  # data sharing officer at Revenue
    ben: Person  # data owner at Benefits
    vera: Person  # overseer at the Centre
    zed: Person  # analyst at Elsewhere, which has no part in this
    jobs: Asset
    claims: Asset

    def project(self, title: str = "Work after college") -> Project:
        return actions.start_project(
            title=title,
            organisation=self.statistics,
            purpose_code="research-public-good",
            purpose="Find which courses lead to work.",
            benefit="Learners choose with better evidence.",
            by=self.ann,
            at=START,
        )

    def sent(
        self, *assets: Asset, at: datetime = START, project: Project | None = None
    ) -> Request:
        request = actions.draft_request(
            project=project or self.project(),
            who_pays="requester",
            retention_until=(at + timedelta(days=1000)).date(),
            by=self.ann,
            at=at,
        )
        for asset in assets or (self.jobs,):
            flow = actions.add_flow(
                request=request,
                asset=asset,
                columns=["pay_band", "secret_sector"],
                link_columns=["surname"],
                justification="It is what the question is about.",
                by=self.ann,
                at=at,
            )
            actions.choose_route(
                flow=flow,
                route_id="dea-64-research",
                reason="Accredited research on de-identified data.",
                by=self.ann,
                at=at,
            )
        return actions.submit_request(request=request, by=self.ann, at=at)

    def flow(self, *, at: datetime = START, asset: Asset | None = None) -> Flow:
        return self.sent(asset or self.jobs, at=at).flows.get()

    def refuse(self, flow: Flow, *, by: Person, at: datetime, **more: Any) -> None:
        values = {
            "reason": "Not now.",
            "reason_code": "not-held",
            "review_on": date(2026, 3, 2),
        }
        actions.decide_flow(
            flow=flow, outcome="refuse", by=by, at=at, **(values | more)
        )

    def agree(
        self, flow: Flow, *, by: Person | None = None, at: datetime = START + DAY
    ) -> Agreement:
        """Agree, offer terms and accept them, a day apart."""
        by = by or self.olive
        actions.decide_flow(flow=flow, outcome="agree", reason="Yes.", by=by, at=at)
        agreement = actions.offer_agreement(
            flow=flow, ends_on=date(2027, 12, 31), by=by, at=at + DAY
        )
        return actions.accept_agreement(
            agreement=agreement, by=self.ann, at=at + 2 * DAY
        )


@pytest.fixture
def world(db) -> World:
    return build_world()


def build_world() -> World:
    def body(slug: str, *, is_operator: bool = False) -> Organisation:
        return Organisation.objects.create(
            slug=slug,
            name=f"{slug.capitalize()} Board",
            kind="central-department",
            is_operator=is_operator,
            created_at=START,
        )

    statistics, revenue, benefits = map(body, ("statistics", "revenue", "benefits"))
    elsewhere = body("elsewhere")
    return World(
        statistics=statistics,
        revenue=revenue,
        benefits=benefits,
        elsewhere=elsewhere,
        ann=make_person("Ann", "analyst", statistics),
        olive=make_person("Olive", "data-owner", revenue),
        sam=make_person("Sam", "data-sharing-officer", revenue),
        ben=make_person("Ben", "data-owner", benefits),
        vera=make_person("Vera", "overseer", body("centre", is_operator=True)),
        zed=make_person("Zed", "analyst", elsewhere),
        jobs=make_asset("Jobs", revenue),
        claims=make_asset("Claims", benefits),
    )


class Visit:
    """A browser of one person: gets pages as words, as CSV, as they are."""

    def __init__(self, person: Person | None = None) -> None:
        self.client = Client()
        if person is not None:
            self.client.force_login(person)

    def words(self, path: str, *, expect: int = 200) -> str:
        response = self.client.get(path)
        text = re.sub(r"<[^>]+>", " ", response.content.decode())
        words = html.unescape(" ".join(text.split()))
        assert response.status_code == expect, words[:600]
        return words

    def markup(self, path: str) -> str:
        return self.client.get(path).content.decode()

    def pre(self, path: str, name: str) -> str:
        """Return the text of the <pre> with an id, as somebody would copy it."""
        found = re.search(
            rf'<pre[^>]* id="{name}">(.*?)</pre>', self.markup(path), re.DOTALL
        )
        assert found, f"no {name} on {path}"
        return html.unescape(found[1])

    def csv(self, path: str) -> list[list[str]]:
        import csv

        response = self.client.get(path)
        assert response.status_code == 200
        assert response["Content-Type"].startswith("text/csv")
        return list(csv.reader(response.content.decode().splitlines()))


@pytest.fixture
def visit():
    return Visit
