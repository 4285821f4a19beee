"""Pages of one's own account: invitation, password, tokens, inbox."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.test import Client

from staithe.base.clock import now
from staithe.ledger.models import Event
from staithe.people import actions, queries
from staithe.people.models import ApiToken, Invitation
from staithe.people.notices import notify


PASSWORD = "three words together here"
pytestmark = pytest.mark.django_db


@pytest.fixture
def ben(cast, client) -> Client:
    """Give a browser in which Ben is signed in."""
    client.force_login(cast.analyst)
    return client


def invite(cast, email="new@example.com") -> str:
    _, secret = actions.invite(
        organisation=cast.department,
        role="data-owner",
        email=email,
        name="Nell <b>Owner</b>",
        by=cast.admin,
        at=now(),
    )
    return secret


class TestInvitation:
    def test_the_secret_leaves_the_address_before_a_page_is_shown(self, cast, client):
        response = client.get(f"/invitations/{invite(cast)}")
        assert (response.status_code, response.headers["Location"]) == (
            302,
            "/invitation",
        )
        page = client.get("/invitation")
        assert b"Department of Roads" in page.content
        assert b"<b>Owner" not in page.content

    def test_opening_twice_uses_nothing_up(self, cast, client):
        secret = invite(cast)
        for browser in (Client(), client):
            assert browser.get(f"/invitations/{secret}").status_code == 302

    def test_accepting_signs_in_to_the_new_account(self, cast, client):
        client.get(f"/invitations/{invite(cast)}")
        answer = {"name": "Nell Owner", "password": "a good long phrase"}
        assert client.post("/invitation", answer).headers["Location"] == "/account"
        page = client.get("/account").content.decode()
        assert "You have joined Department of Roads." in page
        assert "Data owner" in page
        assert queries.find_person("new@example.com").name == "Nell Owner"
        assert client.get("/invitation").status_code == 404

    def test_a_weak_password_is_refused_at_its_field(self, cast, client):
        client.get(f"/invitations/{invite(cast)}")
        page = client.post("/invitation", {"name": "Nell", "password": "short"})
        assert page.status_code == 422
        assert b"<title>Error: " in page.content
        assert b'href="#id_password"' in page.content
        assert queries.find_person("new@example.com") is None

    def test_a_link_of_nonsense_is_a_clear_404(self, cast, client):
        response = client.get("/invitations/nonsense")
        assert response.status_code == 404
        assert "Ask the person who sent it" in response.content.decode()
        assert client.get("/invitation").status_code == 404

    def test_an_account_that_exists_signs_in_first(self, cast, client):
        client.get(f"/invitations/{invite(cast, 'cy@example.com')}")
        page = client.get("/invitation").content.decode()
        assert 'href="/sign-in?next=/invitation"' in page
        assert 'name="password"' not in page
        client.post("/invitation", {"name": "Evil", "password": "a good long phrase"})
        assert not cast.stranger.memberships.exists()

    def test_its_owner_accepts_with_one_button(self, cast, client):
        secret = invite(cast, "cy@example.com")
        client.force_login(cast.stranger)
        client.get(f"/invitations/{secret}")
        assert client.post("/invitation").status_code == 302
        assert cast.stranger.memberships.get().role == "data-owner"

    def test_someone_else_signed_in_cannot_accept_it(self, cast, ben):
        ben.get(f"/invitations/{invite(cast, 'cy@example.com')}")
        assert ben.post("/invitation").status_code == 200
        assert not cast.stranger.memberships.exists()
        assert Invitation.objects.get().accepted_at is None


class TestPassword:
    def change(self, browser, current=PASSWORD, new="another good phrase"):
        return browser.post("/account/password", {"current": current, "password": new})

    def test_it_changes_and_this_session_goes_on(self, cast, ben):
        assert self.change(ben).status_code == 302
        assert ben.get("/account").status_code == 200
        cast.analyst.refresh_from_db()
        assert cast.analyst.check_password("another good phrase")

    def test_every_other_session_ends(self, cast, ben):
        other = Client()
        other.force_login(cast.analyst)
        self.change(ben)
        assert other.get("/account").status_code == 302

    def test_tokens_end_with_it_unless_the_tick_is_taken_away(self, cast, ben):
        assert "API token" not in ben.get("/account/password").text
        ben.post("/account/tokens/new", {"name": "laptop", "days": "30"})
        page = ben.get("/account/password").text
        assert "You have 1 API token that a program can use" in page
        assert re.search(r'name="end_tokens"[^>]*checked', page)
        self.change(ben)
        assert cast.analyst.api_tokens.get().revoked_at is None
        form = {"current": "another good phrase", "password": "a third good phrase"}
        ben.post("/account/password", form | {"end_tokens": "on"})
        assert cast.analyst.api_tokens.get().revoked_at is not None
        event = Event.objects.filter(name="people:password:changed").last()
        assert json.loads(event.body)["tokens_ended"] == 1

    def test_the_current_password_must_be_right(self, cast, ben):
        page = self.change(ben, current="wrong")
        assert page.status_code == 422
        assert "current password is not right" in page.content.decode()
        cast.analyst.refresh_from_db()
        assert cast.analyst.check_password(PASSWORD)


class TestTokens:
    def test_the_secret_is_shown_once_and_never_again(self, cast, ben):
        page = ben.post("/account/tokens/new", {"name": "laptop", "days": "30"})
        secret = re.search(r"staithe_[\w-]{43}", page.content.decode()).group()
        assert page.headers["Cache-Control"].startswith("max-age=0") or (
            "no-store" in page.headers["Cache-Control"]
        )
        again = ben.get("/account").content.decode()
        assert secret not in again
        assert "laptop" in again

    def test_a_token_is_revoked_by_its_owner_alone(self, cast, ben):
        token, _ = actions.create_token(
            person=cast.admin, name="hers", by=cast.admin, at=now()
        )
        assert ben.post(f"/account/tokens/{token.reference}/revoke").status_code == 404
        own, _ = actions.create_token(
            person=cast.analyst, name="his", by=cast.analyst, at=now()
        )
        assert ben.post(f"/account/tokens/{own.reference}/revoke").status_code == 302
        assert list(ApiToken.objects.filter(revoked_at=None)) == [token]

    @pytest.mark.parametrize("days", ["0", "366", "x", ""])
    def test_nonsense_days_are_refused(self, ben, days):
        page = ben.post("/account/tokens/new", {"name": "n", "days": days})
        assert page.status_code == 422
        assert not ApiToken.objects.exists()


class TestInbox:
    @pytest.fixture
    def told(self, cast):
        """Tell Ben 30 things."""
        start = datetime(2026, 2, 1, tzinfo=UTC)
        with transaction.atomic():
            return [
                notify(
                    cast.analyst,
                    title=f"Thing {n}",
                    body="<i>Look</i>\n\nagain",
                    link=f"/things/{n}",
                    at=start + timedelta(minutes=n),
                )[0]
                for n in range(30)
            ]

    def test_newest_first_25_to_a_page_and_escaped(self, ben, told):
        first = ben.get("/inbox").content.decode()
        assert first.index("Thing 29") < first.index("Thing 28")
        assert "Thing 4<" not in first
        assert "&lt;i&gt;Look" in first
        assert "Thing 4<" in ben.get("/inbox?page=2").content.decode()

    def test_opening_marks_read_and_leads_to_the_thing(self, cast, ben, told):
        response = ben.post(f"/inbox/{told[3].reference}/open")
        assert response.headers["Location"] == "/things/3"
        assert queries.count_unread(cast.analyst) == 29
        again = ben.post(f"/inbox/{told[3].reference}/open")
        assert again.status_code == 302

    def test_all_are_marked_read_at_once(self, cast, ben, told):
        ben.post("/inbox/read-all")
        assert queries.count_unread(cast.analyst) == 0
        assert "Unread" not in ben.get("/inbox").content.decode()

    def test_somebody_elses_notice_does_not_exist(self, cast, told):
        browser = Client()
        browser.force_login(cast.stranger)
        assert browser.post(f"/inbox/{told[0].reference}/open").status_code == 404
        assert "Nothing yet" in browser.get("/inbox").content.decode()

    def test_the_header_counts_the_unread(self, ben, told, settings):
        settings.MIDDLEWARE = [
            *(m for m in settings.MIDDLEWARE if not m.endswith("UnreadNotices")),
            "staithe.people.middleware.UnreadNotices",
        ]
        assert "Inbox (30" in ben.get("/account").content.decode()
