"""A private register: read by its keepers, in a browser or by a program, by nobody else."""

from __future__ import annotations

import pytest
from django.test import Client

from staithe.base.clock import now
from staithe.base.errors import BadInput
from staithe.people.actions import create_organisation, create_token
from staithe.people.roles import Role
from staithe.registers.actions import append_entries, create_register
from staithe.registers.models import Register
from staithe.registers.schema import Field


pytestmark = pytest.mark.django_db
READS = [
    "v1/records",
    "v1/records/S1",
    "v2/context",
    "v1/download-rsf",
    "checkpoint",
    "tile/0/000.p/1",
    "feed.atom",
]


def made(name, owner, *, public):
    register = create_register(
        name=name, title=name, owner=owner, by=None, at=now(),
        fields=[Field("parent", datatype="curie")],
    )  # fmt: skip
    Register.objects.filter(pk=register.pk).update(is_public=public)
    register.refresh_from_db()
    first = name[0].upper() + "1"
    changes = [(first, {name: first})]
    append_entries(register=register, changes=changes, by=None, at=now())
    return register


@pytest.fixture
def secret(body):
    return made("secret", body, public=False)


@pytest.fixture
def keeper(join):
    return join("Kay", Role.DATA_OWNER)


def as_program(person):
    _, token = create_token(person=person, name="t", by=person, at=now())
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", READS)
def test_a_keepers_program_reads_it_and_no_cache_keeps_the_answer(
    secret, keeper, client, path
):
    address = f"/registers/secret/{path}"
    client.get("/registers/secret/checkpoint", headers=as_program(keeper))
    assert client.get(address).status_code == 404
    answer = client.get(address, headers=as_program(keeper))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers
    browser = Client()
    browser.force_login(keeper)
    assert browser.get(address).headers["Cache-Control"] == "private, no-store"


def test_the_list_over_the_api_has_it_for_a_keeper_alone(secret, keeper, client):
    listed = client.get("/api/v1/registers", headers=as_program(keeper)).json()
    assert "secret" in [each["name"] for each in listed]
    listed = client.get("/api/v1/registers").json()
    assert "secret" not in [each["name"] for each in listed]


def propose(client, key, parent):
    given = {"key": key, "changes": {"parent": parent}, "evidence": "I know it"}
    return client.post(
        "/api/v1/registers/open/corrections", given, content_type="application/json"
    )


def test_nobody_learns_of_it_by_proposing_links(secret, body, client):
    """A record that is there, one that is not, and no register: one answer."""
    made("open", body, public=True)
    answers = [
        propose(client, "O1", parent) for parent in ("secret:S1", "secret:S9", "nix:1")
    ]
    assert {answer.status_code for answer in answers} == {400}
    told = {
        answer.json()["detail"].replace(parent, "X").replace(name, "X")
        for answer, (parent, name) in zip(
            answers,
            [("secret:S1", "secret"), ("secret:S9", "secret"), ("nix:1", "nix")],
            strict=True,
        )
    }
    assert len(told) == 1


def test_another_body_learns_nothing_and_its_keepers_may_point_there(secret, body):
    other = create_organisation(name="Other Body", kind="other", by=None, at=now())
    for owner, public, fits in [
        (other, False, False),
        (body, True, False),
        (body, False, True),
    ]:
        register = made(f"r{owner.pk}{public}".lower(), owner, public=public)
        changes = [("Z", {register.name: "Z", "parent": "secret:S1"})]
        if fits:
            append_entries(register=register, changes=changes, by=None, at=now())
            continue
        with pytest.raises(BadInput, match="no register secret is here"):
            append_entries(register=register, changes=changes, by=None, at=now())
