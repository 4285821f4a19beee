"""A cast around one holder, files to publish, and a way to see that nothing stayed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from staithe.catalogue.actions import publish_asset
from staithe.catalogue.models import AssetVersion
from staithe.ledger.models import Event
from staithe.people.models import Membership, Organisation, Person
from staithe.tables.store import LocalStore


START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

ROADS = "road_id,length_m,surface\n1,120,tarmac\n2,80,gravel\n3,200,tarmac\n"
PEOPLE = (
    "forename,surname,date_of_birth,postcode,benefit\n"
    "Amir,Begum,1980-02-03,LS1 4AP,housing\n"
    "Cara,Doyle,1975-11-30,LS2 8NG,pension\n"
    "Ewan,Frost,1990-06-17,LS6 1AN,housing\n"
)


@pytest.fixture(autouse=True)
def home(settings, tmp_path: Path) -> Path:
    """Give each test a home folder of its own."""
    settings.HOME = tmp_path / "home"
    settings.HOME.mkdir()
    settings.STORAGE_URL = str(settings.HOME / "snapshots")
    settings.BASE_URL = "https://data.example"
    return settings.HOME


def make_person(name: str, **roles: Organisation) -> Person:
    """Make a person; each keyword is a role with the organisation it is held at."""
    person = Person.objects.create(
        name=name, email=f"{name.lower()}@example.com", created_at=START
    )
    for role, organisation in roles.items():
        Membership.objects.create(
            person=person,
            organisation=organisation,
            role=role.replace("_", "-"),
            created_at=START,
        )
    return person


def make_organisation(name: str, **fields: Any) -> Organisation:
    return Organisation.objects.create(
        slug=name.lower(),
        name=name,
        kind="central-department",
        contact_email=f"data@{name.lower()}.example",
        created_at=START,
        **fields,
    )


@dataclass
class Cast:
    """Roads holds data; Health is another body; Centre runs the service."""

    roads: Organisation
    health: Organisation
    centre: Organisation
    olive: Person  # data owner at Roads
    sam: Person  # data sharing officer at Roads
    ann: Person  # analyst at Health
    hal: Person  # data owner at Health
    vera: Person  # overseer at Centre
    root: Person  # administrator at Centre
    zed: Person  # has an account and no role


@pytest.fixture
def cast(db) -> Cast:
    roads, health = make_organisation("Roads"), make_organisation("Health")
    centre = make_organisation("Centre", is_operator=True)
    return Cast(
        roads=roads,
        health=health,
        centre=centre,
        olive=make_person("Olive", data_owner=roads),
        sam=make_person("Sam", data_sharing_officer=roads),
        ann=make_person("Ann", analyst=health),
        hal=make_person("Hal", data_owner=health),
        vera=make_person("Vera", overseer=centre),
        root=make_person("Root", administrator=centre),
        zed=make_person("Zed"),
    )


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a file and gives its path."""

    def write(text: str | bytes = ROADS, name: str = "roads.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


@pytest.fixture
def publish(cast: Cast, write) -> Callable[..., AssetVersion]:
    """Return a function that publishes a small file for Roads."""

    def publish(text: str = ROADS, **changes: Any) -> AssetVersion:
        values: dict[str, Any] = {
            "path": write(text),
            "source_name": "roads.csv",
            "organisation": cast.roads,
            "title": "Roads of the county",
            "by": cast.olive,
            "at": START,
        }
        return publish_asset(**(values | changes))

    return publish


@pytest.fixture
def at() -> datetime:
    """Return the morning on which every story begins."""
    return START


@pytest.fixture
def last_event() -> Callable[[str], dict[str, Any]]:
    """Return a function: the body of the newest event, which must have this name."""

    def last_event(name: str) -> dict[str, Any]:
        event = Event.objects.order_by("-number").first()
        assert event is not None
        assert event.name == name
        body: dict[str, Any] = json.loads(event.body)
        return body | {"actor": event.actor, "subject": event.subject}

    return last_event


def everything(home: Path) -> dict[str, Any]:
    """Count the rows of every table and list every file of the home folder."""
    rows = {
        model._meta.label: model._default_manager.count()
        for model in apps.get_models()
        if model._meta.app_label
        in {"catalogue", "ledger", "jobs", "people", "django_tasks_database"}
    }
    files = sorted(str(path.relative_to(home)) for path in home.rglob("*"))
    return rows | {"files": files}


@pytest.fixture
def nothing_stays(home: Path) -> Callable[[], Any]:
    """Return a context manager: what is done inside leaves no row and no file."""

    @contextmanager
    def watch() -> Iterator[None]:
        LocalStore(home / "snapshots")  # the root itself is no trace
        (home / "uploads").mkdir(exist_ok=True)
        before = everything(home)
        yield
        assert everything(home) == before

    return watch


@pytest.fixture
def browse() -> Callable[..., Client]:
    """Return a function that gives a browser signed in as a person, or nobody."""

    def browse(person: Person | None = None) -> Client:
        client = Client()
        if person is not None:
            client.force_login(person)
        return client

    return browse


@dataclass
class Said:
    """What the command line answered."""

    code: int
    out: str
    err: str


@pytest.fixture
def staithe(monkeypatch, capsys) -> Callable[..., Said]:
    """Return a function that runs the command line as a person does, in this process."""
    from staithe.site import cli

    monkeypatch.setattr(cli, "start_django", lambda **_: None)  # it has started

    def staithe(*words: str) -> Said:
        monkeypatch.setattr("sys.argv", ["staithe", *words])
        code = 0
        try:
            cli.main()
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return staithe


@dataclass
class Program:
    """A program that calls the API, with a person's token or without one."""

    secret: str = ""

    def __call__(
        self, method: str, path: str, body: Any = None, **files: Any
    ) -> tuple[int, Any]:
        """Send JSON, or a form where there are files; return status and JSON."""
        headers = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        client = Client()
        if files:
            data = {**(body or {}), **files}
            answer = client.generic(
                method,
                f"/api/v1{path}",
                encode_multipart(BOUNDARY, data),
                MULTIPART_CONTENT,
                headers=headers,
            )
        else:
            text = "" if body is None else json.dumps(body)
            answer = client.generic(
                method, f"/api/v1{path}", text, "application/json", headers=headers
            )
        return answer.status_code, json.loads(answer.content)


@pytest.fixture
def call(at) -> Callable[[Person | None], Program]:
    """Return a function that gives a program with a person's token, or with none."""
    from staithe.base.clock import now
    from staithe.people.actions import create_token

    def call(person: Person | None = None) -> Program:
        if person is None:
            return Program()
        _, secret = create_token(person=person, name="test", by=person, at=now())
        return Program(secret)

    return call
