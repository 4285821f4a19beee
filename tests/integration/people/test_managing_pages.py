"""Pages for managing people: what they do and whom they refuse."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client

from staithe.base.clock import now
from staithe.people import actions, queries
from staithe.people.models import Invitation, Organisation


pytestmark = pytest.mark.django_db
GOOD = {"name": "Nell", "email": "nell@example.com", "role": "analyst"}


def browser_of(person) -> Client:
    browser = Client()
    browser.force_login(person)
    return browser


@pytest.fixture
def ada(cast) -> Client:
    """Give a browser in which the department's administrator is signed in."""
    return browser_of(cast.admin)


def test_an_administrator_sees_their_organisation_and_the_operator_all(cast, ada):
    assert "Data Office" not in ada.get("/people").content.decode().split("<main")[1]
    page = browser_of(cast.root).get("/people").content.decode()
    assert "Data Office" in page
    assert "Department of Roads" in page


def test_the_list_is_also_a_csv(cast):
    answer = browser_of(cast.root).get("/people?format=csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert b"Department of Roads" in answer.content


@pytest.mark.parametrize(
    "path",
    [
        "/people",
        "/people/new-organisation",
        "/people/at/department-of-roads",
        "/people/at/department-of-roads/invite",
    ],
)
def test_an_analyst_manages_nobody(cast, path):
    assert browser_of(cast.analyst).get(path).status_code == 403


def test_a_departments_administrator_does_not_manage_another(cast, ada):
    assert ada.get("/people/at/data-office").status_code == 403
    assert ada.post("/people/at/data-office/invite", GOOD).status_code == 403
    assert ada.get("/people/new-organisation").status_code == 403
    assert not Invitation.objects.exists()


def test_an_organisation_that_is_not_there_is_a_404(cast):
    assert browser_of(cast.root).get("/people/at/nowhere").status_code == 404


def test_the_operator_adds_an_organisation(cast):
    root = browser_of(cast.root)
    given = {"name": "Harbour Agency", "kind": "executive-agency"}
    assert root.post("/people/new-organisation", given).status_code == 302
    assert Organisation.objects.filter(slug="harbour-agency").exists()
    again = root.post("/people/new-organisation", given)
    assert again.status_code == 422
    assert 'href="#id_name"' in again.content.decode()


def test_people_are_listed_with_their_roles(cast, ada):
    page = ada.get("/people/at/department-of-roads").content.decode()
    assert "ben@example.com" in page
    assert "End<span" in page


def test_the_link_is_shown_once_and_works(cast, ada, client):
    page = ada.post("/people/at/department-of-roads/invite", GOOD).content.decode()
    assert "Invite someone else" in page
    link = re.search(r"http://[^<]+/invitations/([\w-]{43})", page)
    listed = ada.get("/people/at/department-of-roads").content.decode()
    assert "nell@example.com" in listed
    assert link.group(1) not in listed
    assert client.get(f"/invitations/{link.group(1)}").status_code == 302
    assert mail.outbox == []


def test_where_a_mail_server_is_set_the_link_is_emailed(cast, ada, settings):
    settings.EMAIL_HOST = "mail.example"
    page = ada.post("/people/at/department-of-roads/invite", GOOD).content.decode()
    assert "was emailed to nell@example.com" in page
    assert "/invitations/" in mail.outbox[0].body
    assert mail.outbox[0].to == ["nell@example.com"]


def test_a_mail_server_that_is_away_does_not_lose_the_link(cast, ada, settings):
    settings.EMAIL_HOST = "mail.example"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens
    page = ada.post("/people/at/department-of-roads/invite", GOOD).content.decode()
    assert "/invitations/" in page
    assert "was emailed" not in page


@pytest.mark.parametrize("wrong", [{"email": "x"}, {"role": "king"}, {"name": ""}])
def test_a_bad_invitation_is_refused_and_nothing_is_stored(cast, ada, wrong):
    page = ada.post("/people/at/department-of-roads/invite", GOOD | wrong)
    assert page.status_code == 422
    assert not Invitation.objects.exists()


def test_an_invitation_is_withdrawn(cast, ada):
    made, _ = actions.invite(
        organisation=cast.department, by=cast.admin, at=now(), **GOOD
    )
    path = f"/people/invitations/{made.reference}/revoke"
    assert browser_of(cast.analyst).post(path).status_code == 403
    assert ada.post(path).status_code == 302
    assert not queries.open_invitations(cast.department, at=now()).exists()
    assert ada.post("/people/invitations/INV-NONE/revoke").status_code == 404


def test_a_role_ends_after_a_question(cast, ada):
    path = f"/people/at/department-of-roads/{cast.analyst.public_id}/analyst/end"
    assert "Ben" in ada.get(path).content.decode()
    assert cast.analyst.memberships.get().ended_at is None
    assert browser_of(cast.analyst).post(path).status_code == 403
    assert ada.post(path).status_code == 302
    assert cast.analyst.memberships.get().ended_at is not None
    assert ada.get(path).status_code == 404


def test_the_last_administrator_gets_the_reason(cast, ada):
    path = f"/people/at/department-of-roads/{cast.admin.public_id}/administrator/end"
    answer = ada.post(path)
    assert answer.status_code == 409
    assert "needs an administrator" in answer.content.decode()
