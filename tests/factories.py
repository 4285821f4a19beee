"""A small world for tests of the rooms below sharing: agreed grants in a few steps.

Everything is made by the actions that people use, on data of the demo's own small
population, so identifiers are there to be looked for where they must not be.
"""

from __future__ import annotations

import atexit
import pickle
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.apps import apps
from django.conf import settings
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Model

from staithe.analysis.actions import review_output
from staithe.analysis.asking import ask
from staithe.analysis.models import Output, Query
from staithe.base import clock
from staithe.base.ids import new_token
from staithe.catalogue.actions import publish_asset
from staithe.catalogue.models import Asset
from staithe.exchange.actions import ask_join
from staithe.exchange.judging import have_judged
from staithe.exchange.models import Grant, Join
from staithe.jobs.run import run_pending
from staithe.linkage.actions import answer_pair, finish_judging, join_review
from staithe.linkage.models import Review
from staithe.people.models import Membership, Organisation, Person
from staithe.sharing import actions as sharing
from staithe.sharing.models import Agreement, Project


# Days ago, so that what is made through HTTP, at the real time, comes after it.
START = clock.now() - timedelta(days=6)
DAY = timedelta(days=1)

SPELLS_SEEN = ("benefit_type", "region", "weekly_amount")
SPELLS_LINK = ("first_name", "surname", "dob", "sex", "postcode")
CARE_SEEN = ("long_term_condition", "admissions")
CARE_LINK = ("GIVEN_NAME", "FAMILY_NAME", "BIRTH_DATE", "SEX", "POSTCODE")


BY_BENEFIT = "SELECT person, benefit_type, region FROM benefit_spells"
COUNTED = {"rows": "benefit_type", "columns": "region", "measure": "count"}


def make_organisation(
    slug: str, kind: str = "central-department", *, operator: bool = False
) -> Organisation:
    return Organisation.objects.create(
        slug=slug,
        name=f"{slug.capitalize()} Office",
        kind=kind,
        is_operator=operator,
        contact_email=f"data@{slug}.example",
        created_at=START,
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


@cache
def population(people: int = 300) -> dict[str, pa.Table]:
    """Return the demo's benefit spells and hospital care of a few hundred people."""
    from staithe.demo.extracts import benefit_spells, hospital_care
    from staithe.demo.population import generate_world

    world = generate_world(people=people, seed=4)
    spells = benefit_spells(world)
    place = spells.column_names.index("weekly_amount")
    amount = spells.column(place).cast(pa.float64())  # text, as in the CSV
    spells = spells.set_column(place, "weekly_amount", amount)
    return {"spells": spells, "care": hospital_care(world)}


@dataclass
class World:
    """Evidence asks; Work and Health hold; Centre runs the service.

    Ann leads the project, Bob works on it too, Cat is an analyst who does not.
    """

    home: Path
    at: datetime = START
    evidence: Organisation = field(init=False)
    work: Organisation = field(init=False)
    health: Organisation = field(init=False)
    centre: Organisation = field(init=False)
    elsewhere: Organisation = field(init=False)

    def __post_init__(self) -> None:
        self.evidence = make_organisation("evidence")
        self.work = make_organisation("work")
        self.health = make_organisation("health", "health-body")
        self.centre = make_organisation("centre", "other", operator=True)
        self.elsewhere = make_organisation("elsewhere", "university")
        self.ann = make_person("Ann", analyst=self.evidence)
        self.bob = make_person("Bob", analyst=self.evidence)
        self.cat = make_person("Cat", analyst=self.evidence)
        self.olive = make_person("Olive", data_owner=self.work)
        give_role(self.olive, "data-owner", self.health)
        self.ruth = make_person("Ruth", reviewer=self.work)  # at a holder
        self.raj = make_person("Raj", reviewer=self.centre)  # at the operator
        self.rose = make_person("Rose", reviewer=self.evidence)  # at the asker
        self.rex = make_person("Rex", reviewer=self.elsewhere)
        self.vera = make_person("Vera", overseer=self.centre)
        self.sam = make_person("Sam")  # no role anywhere

    def later(self, *, days: int = 0, hours: int = 1) -> datetime:
        """Let time pass and return the new moment."""
        self.at += timedelta(days=days, hours=hours)
        return self.at

    def publish(
        self,
        table: pa.Table,
        *,
        title: str,
        by: Organisation,
        identifies: set[str] | None = None,
    ) -> Asset:
        """Publish a table as Parquet, typed as it is."""
        path = self.home / f"{new_token()[:8]}.parquet"
        pq.write_table(table, path)
        version = publish_asset(
            path=path,
            source_name="data.parquet",
            organisation=by,
            title=title,
            identifies=identifies,
            by=self.olive,
            at=self.later(),
        )
        path.unlink()
        return version.asset

    def project(self, title: str = "Work and health", *others: Person) -> Project:
        """Start a project that Ann leads; others work on it too."""
        project = sharing.start_project(
            title=title,
            organisation=self.evidence,
            purpose_code="research-public-good",
            purpose="Find who needs which support.",
            benefit="Support goes where it is needed.",
            by=self.ann,
            at=self.later(),
        )
        for person in others:
            sharing.add_project_member(
                project=project, person=person, by=self.ann, at=self.later()
            )
        return project

    def agree(
        self,
        project: Project,
        asset: Asset,
        columns: Sequence[str],
        link_columns: Sequence[str] = (),
        *,
        row_filter: Mapping[str, Any] | None = None,
        ends_on: date | None = None,
        output: Mapping[str, Any] | None = None,
        onward: str = "checked-results",
        prepare: bool = True,
    ) -> Agreement:
        """Ask, decide, offer and accept; `prepare` also cuts the data."""
        request = sharing.draft_request(
            project=project, who_pays="none", by=self.ann, at=self.later()
        )
        flow = sharing.add_flow(
            request=request,
            asset=asset,
            columns=list(columns),
            link_columns=list(link_columns),
            row_filter=dict(row_filter) if row_filter else None,
            by=self.ann,
            at=self.later(),
        )
        health = asset.organisation == self.health
        sharing.choose_route(
            flow=flow,
            route_id="hsca12-261" if health else "dea-64-research",
            reason="Research for the public good.",
            by=self.ann,
            at=self.later(),
        )
        sharing.submit_request(request=request, by=self.ann, at=self.later())
        flow.refresh_from_db()
        sharing.decide_flow(
            flow=flow, outcome="agree", reason="Yes.", by=self.olive, at=self.later()
        )
        offered = sharing.offer_agreement(
            flow=flow,
            ends_on=ends_on or (self.at + 365 * DAY).date(),
            output_policy=dict(output) if output else None,
            onward=onward,
            by=self.olive,
            at=self.later(),
        )
        agreement = sharing.accept_agreement(
            agreement=offered, by=self.ann, at=self.later()
        )
        if prepare:
            self.work_off()
        return agreement

    def work_off(self) -> None:
        """Run what waits, at the time it is in this world."""
        with clock.set_to(self.later()):
            run_pending()

    def join(self, project: Project, **options: Any) -> Join:
        """Join a project's data and return the join as it ended."""
        join = ask_join(project=project, by=self.ann, at=self.later(), **options)
        self.work_off()
        join.refresh_from_db()
        return join

    def spells(self) -> Asset:
        """Publish benefit spells at Work."""
        table = population()["spells"]
        return self.publish(table, title="Benefit spells", by=self.work)

    def care(self) -> Asset:
        """Publish hospital care at Health."""
        table = population()["care"]
        return self.publish(table, title="Hospital care", by=self.health)

    def one_grant(self, *others: Person, **options: Any) -> Grant:
        """Return an active grant on benefit spells, joined and ready to read."""
        project = self.project("Benefits", *others)
        agreement = self.agree(project, self.spells(), SPELLS_SEEN, **options)
        self.join(project)
        return Grant.objects.get(agreement=agreement)

    def two_grants(self, *others: Person) -> Project:
        """Return a project with benefit spells and hospital care, joined."""
        project = self.project("Work and health", *others)
        self.agree(project, self.spells(), SPELLS_SEEN, SPELLS_LINK)
        self.agree(project, self.care(), CARE_SEEN, CARE_LINK)
        self.join(project)
        return project


def review_of(world: World, *, size: int = 40) -> Review:
    """Return a review of a project's join of two tables, that three linkers may judge.

    They are `world.linkers`, at the operator; nobody has started.
    """
    world.linkers = [  # type: ignore[attr-defined]  # of this world only
        make_person(name, linker=world.centre) for name in ("Lin", "Leo", "Lea")
    ]
    join = world.two_grants(world.bob).joins.get()
    return have_judged(join=join, run=0, size=size, by=world.ann, at=world.later())


def judge_pairs(world: World, review: Review, person: Person, **others: str) -> None:
    """Have a person join, answer every pair as the linkage has it, and finish.

    `others` are answers to single pairs: p7="no match".
    """
    join_review(review=review, by=person, at=world.later())
    for pair in review.pairs.exclude(stratum=None):
        usual = "match" if pair.link else "no match"
        answer = others.get(f"p{pair.number}", usual)
        answer_pair(
            review=review, number=pair.number, answer=answer, by=person, at=world.at
        )
    finish_judging(review=review, by=person, at=world.later())


def question(world: World, project: Project, **changes: Any) -> Query:
    """Ask what most tests ask."""
    values: dict[str, Any] = {
        "project": project,
        "title": "Benefits by region",
        "sql": BY_BENEFIT,
        "table": COUNTED,
        "by": world.ann,
        "at": world.later(),
    }
    return ask(**(values | changes))


def vote(world: World, output: Output, by: Person, vote: str = "approve") -> Output:
    """Record a vote and return the output as it is then."""
    review_output(
        output=output, vote=vote, comment=f"{by.name} says so.", by=by, at=world.later()
    )
    output.refresh_from_db()
    return output


@dataclass
class Frozen:
    """A world as it was once built: its rows, its files, and what the test names."""

    rows: list[tuple[type[Model], list[Model]]]
    home: Path
    made: bytes


_FROZEN: dict[str, Frozen] = {}


def build(name: str, make: Callable[[World], Any], *, home: Path) -> Any:
    """Return (world, what `make` returned), built once in a run and then put back.

    Publishing and linking take seconds; putting rows and files back does not.
    """
    if name not in _FROZEN:
        world = World(home)
        made = (world, make(world))
        folder = Path(mkdtemp(prefix="staithe-test-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        shutil.copytree(home, folder / "home")
        _FROZEN[name] = Frozen(_all_rows(), folder / "home", pickle.dumps(made))
        return made
    frozen = _FROZEN[name]
    shutil.copytree(frozen.home, home, dirs_exist_ok=True)
    with transaction.atomic():
        for model, rows in frozen.rows:
            _put_back(model, rows)
    _reset_sequences([model for model, _ in frozen.rows])
    world, thing = pickle.loads(frozen.made)
    world.home = home
    return world, thing


def _all_rows() -> list[tuple[type[Model], list[Model]]]:
    models = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label not in {"contenttypes", "auth"}
    ]
    found = [(model, list(model._base_manager.all())) for model in models]
    return [(model, rows) for model, rows in found if rows]


def _put_back(model: type[Model], rows: list[Model]) -> None:
    rows = pickle.loads(pickle.dumps(rows))
    others = [f.name for f in model._meta.concrete_fields if not f.primary_key]
    there = model._base_manager.filter(pk__in=[row.pk for row in rows]).exists()
    options: dict[str, Any] = {}
    if there:  # made by a migration, and changed since
        options = {"update_conflicts": True, "unique_fields": ["pk"]}
        options["update_fields"] = others
    model._base_manager.bulk_create(rows, **options)


def _reset_sequences(models: list[type[Model]]) -> None:
    statements = connection.ops.sequence_reset_sql(no_style(), models)
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def grant_of(agreement: Agreement) -> Grant:
    return Grant.objects.select_related("project").get(agreement=agreement)


def stored() -> set[str]:
    """Return the names of all snapshots in the store, hidden leftovers included."""
    root = Path(settings.STORAGE_URL)
    return {path.name for path in root.iterdir()} if root.exists() else set()
