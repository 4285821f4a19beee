"""`staithe init`: an empty service, once, and nothing half made."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from staithe.base.errors import BadInput, Conflict
from staithe.ledger.models import Event
from staithe.people.cli import init
from staithe.people.models import Invitation, Organisation, Person


pytestmark = pytest.mark.django_db
WHO = ["--organisation", "Data Office", "--name", "Root", "--email", "Root@example.com"]


def run(*more, stdin=""):
    result = CliRunner().invoke(init, [*WHO, *more], input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_it_prints_a_link_that_makes_the_administrator(client):
    link = run().splitlines()[-1]
    assert link.startswith("http://127.0.0.1:8000/invitations/")
    client.get(link.removeprefix("http://127.0.0.1:8000"))
    client.post("/invitation", {"name": "Root", "password": "a good long phrase"})
    person = Person.objects.get()
    assert person.email == "root@example.com"
    membership = person.memberships.get()
    assert membership.role == "administrator"
    assert membership.organisation.is_operator


def test_with_a_password_the_account_is_ready(client):
    assert "can sign in now" in run("--password-stdin", stdin="a good long phrase\n")
    answer = {"email": "root@example.com", "password": "a good long phrase"}
    assert client.post("/sign-in", answer).status_code == 302


def test_it_answers_in_json():
    answer = json.loads(run("--json"))
    assert answer["organisation"] == "data-office"
    assert "/invitations/" in answer["link"]


def test_a_service_with_an_administrator_refuses():
    run("--password-stdin", stdin="a good long phrase\n")
    with pytest.raises(Conflict, match="administrator already"):
        run()
    assert Organisation.objects.count() == 1


def test_a_lost_link_is_replaced_until_someone_accepted(client):
    first, second = run().splitlines()[-1], run().splitlines()[-1]
    assert first != second
    path = "http://127.0.0.1:8000"
    assert client.get(first.removeprefix(path)).status_code == 404
    assert client.get(second.removeprefix(path)).status_code == 302


def test_another_name_does_not_make_a_second_operator():
    run()
    with pytest.raises(Conflict, match="started for Data Office"):
        CliRunner().invoke(
            init,
            ["--organisation", "Other", *WHO[2:]],
            catch_exceptions=False,
        )


@pytest.mark.parametrize(
    ("more", "stdin"),
    [
        (["--password-stdin"], "short\n"),
        (["--password-stdin"], ""),
        (["--email", "nonsense"], ""),
        (["--kind", "club"], ""),
    ],
)
def test_nonsense_leaves_nothing_behind(more, stdin):
    with pytest.raises(BadInput):
        run(*more, stdin=stdin)
    assert not Organisation.objects.exists()
    assert not Invitation.objects.exists()
    assert not Event.objects.exists()


def test_it_says_what_to_do_next():
    assert "Start the service: staithe serve" in run()
    assert "staithe serve" in run("--password-stdin", stdin="a good long phrase\n")


def test_a_kind_that_is_none_is_answered_with_those_that_are():
    with pytest.raises(BadInput, match=r"The kinds are: .*central-department.*other"):
        run("--kind", "nope")
