"""The API of people: what a token may do, and one shape of refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import path
from ninja import NinjaAPI

from staithe.base.clock import now
from staithe.base.errors import UserError
from staithe.people import actions
from staithe.people.api import router


if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def api():
    """Serve this room's routes alone, with the errors of the whole service."""
    from staithe.site.problems import problem_response

    made = NinjaAPI(urls_namespace="people-test")
    made.add_router("", router)

    @made.exception_handler(UserError)
    def refuse(request: HttpRequest, error: UserError) -> HttpResponse:
        return problem_response(error)

    return path("api/v1/", made.urls)


@pytest.fixture
def call(cast, api, settings):
    """Call the API as a person, by a token of theirs."""
    settings.ROOT_URLCONF = (api,)

    def send(person, method, where, body=None, **headers):
        if person:
            _, secret = actions.create_token(
                person=person, name="t", by=person, at=now()
            )
            headers["Authorization"] = f"Bearer {secret}"
        return Client().generic(
            method, f"/api/v1{where}", body or "", "application/json", headers=headers
        )

    return send


def test_me_says_who_i_am_and_what_i_may_do(cast, call):
    answer = call(cast.analyst, "GET", "/me").json()
    assert answer["reference"] == cast.analyst.public_id
    (role,) = answer["roles"]
    assert (role["organisation"], role["role"]) == ("department-of-roads", "analyst")
    assert "make-request" in role["permissions"]


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer nonsense"}])
def test_without_a_good_token_there_is_no_answer(cast, call, header):
    answer = call(None, "GET", "/me", **header)
    assert answer.status_code == 401


def test_organisations_are_public_and_say_nothing_of_people(cast, call):
    answer = call(None, "GET", "/organisations")
    assert [row["slug"] for row in answer.json()] == [
        "data-office",
        "department-of-roads",
    ]
    assert "@" not in answer.content.decode()


def test_only_the_operator_adds_an_organisation(cast, call):
    body = '{"name": "Harbour Agency", "kind": "executive-agency"}'
    assert call(cast.admin, "POST", "/organisations", body).status_code == 403
    made = call(cast.root, "POST", "/organisations", body)
    assert (made.status_code, made.json()["slug"]) == (201, "harbour-agency")
    again = call(cast.root, "POST", "/organisations", body)
    assert (again.status_code, again.json()["field"]) == (409, "name")


def test_an_administrator_invites(cast, call):
    body = '{"name": "Nell", "email": "nell@example.com", "role": "analyst"}'
    where = "/organisations/department-of-roads/invitations"
    assert call(cast.analyst, "POST", where, body).status_code == 403
    made = call(cast.admin, "POST", where, body)
    assert made.status_code == 201
    assert made.json()["path"].startswith("/invitations/")
    assert call(cast.admin, "GET", "/organisations/managed").json()[0]["slug"] == (
        "department-of-roads"
    )


def test_a_token_is_made_listed_and_revoked(cast, call):
    made = call(cast.analyst, "POST", "/tokens", '{"name": "robot"}').json()
    assert made["secret"].startswith("staithe_")
    listed = call(cast.analyst, "GET", "/tokens").json()
    assert "secret" not in listed[0]
    gone = call(cast.analyst, "DELETE", f"/tokens/{made['reference']}")
    assert gone.status_code == 204
    answer = call(None, "GET", "/me", Authorization=f"Bearer {made['secret']}")
    assert answer.status_code == 401
    other = call(cast.admin, "DELETE", f"/tokens/{made['reference']}")
    assert other.status_code == 404


def test_a_signed_in_page_may_read_but_writes_only_with_its_csrf_token(cast, call):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.analyst)
    assert browser.get("/api/v1/me").status_code == 200
    answer = browser.post("/api/v1/tokens", '{"name": "x"}', "application/json")
    assert answer.status_code in {401, 403}
