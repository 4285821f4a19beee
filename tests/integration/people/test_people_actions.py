"""The acts of people: what each changes, records and refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from staithe.base.errors import BadInput, Conflict, NotAllowed, NotFound
from staithe.ledger.models import Event
from staithe.people import actions, queries
from staithe.people.models import Invitation, Membership, Organisation, Person
from staithe.people.passwords import hash_password
from staithe.people.tokens import get_open_invitation, hash_secret


AT = datetime(2026, 2, 1, 10, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def last_event() -> Event:
    return Event.objects.order_by("-number")[0]


def send_invitation(cast, *, email="new@example.com", role="data-owner", **changes):
    given = {
        "organisation": cast.department,
        "role": role,
        "email": email,
        "name": "New Person",
        "by": cast.admin,
        "at": AT,
    }
    return actions.invite(**(given | changes))


def new_hash(email="new@example.com"):
    return hash_password("a long enough phrase", email=email, name="New Person")


class TestOrganisations:
    def test_the_services_administrator_adds_one(self, cast):
        made = actions.create_organisation(
            name=" Harbour  Agency ", kind="executive-agency", by=cast.root, at=AT
        )
        assert (made.name, made.slug) == ("Harbour Agency", "harbour-agency")
        event = last_event()
        assert event.name == "people:organisation:created"
        assert event.actor == cast.root.ledger_id
        assert event.subject == "organisation:harbour-agency"

    def test_another_administrator_may_not(self, cast):
        with pytest.raises(NotAllowed):
            actions.create_organisation(name="X", kind="other", by=cast.admin, at=AT)

    @pytest.mark.parametrize("name", ["department of ROADS", "Department-of-Roads!"])
    def test_a_name_too_like_another_is_refused(self, cast, name):
        with pytest.raises(Conflict):
            actions.create_organisation(name=name, kind="other", by=None, at=AT)

    def test_nonsense_is_refused_in_a_sentence(self, cast):
        for wrong in ({"name": " "}, {"kind": "club"}, {"contact_email": "no"}):
            given = {"name": "Y", "kind": "other", "by": None, "at": AT} | wrong
            with pytest.raises(BadInput):
                actions.create_organisation(**given)
        assert Organisation.objects.count() == 2

    def test_there_is_one_operator_at_most_even_past_the_action(self, cast):
        with pytest.raises(Conflict):
            actions.create_organisation(
                name="Z", kind="other", is_operator=True, by=None, at=AT
            )
        with pytest.raises(IntegrityError), transaction.atomic():
            Organisation.objects.filter(pk=cast.department.pk).update(is_operator=True)

    def test_its_administrator_edits_what_it_says_of_itself(self, cast):
        actions.edit_organisation(
            organisation=cast.department,
            description="Roads.",
            contact_email="Roads@Example.com",
            by=cast.admin,
            at=AT,
        )
        cast.department.refresh_from_db()
        assert cast.department.contact_email == "roads@example.com"
        with pytest.raises(NotAllowed):
            actions.edit_organisation(
                organisation=cast.operator,
                description="",
                contact_email="",
                by=cast.admin,
                at=AT,
            )


class TestPeople:
    def test_email_addresses_are_the_same_in_any_case(self, cast):
        with pytest.raises(Conflict):
            actions.create_person(
                email="ADA@Example.com",
                name="A",
                password_hash=new_hash(),
                by=None,
                at=AT,
            )
        with pytest.raises(IntegrityError), transaction.atomic():
            Person.objects.create(email="ADA@example.com", name="A", created_at=AT)

    def test_a_password_that_was_not_hashed_is_never_stored(self, cast):
        with pytest.raises(ValueError, match="hash"):
            actions.create_person(
                email="p@example.com", name="P", password_hash="plain", by=None, at=AT
            )
        assert queries.find_person("p@example.com") is None

    def test_no_event_holds_a_name_or_an_address_of_a_person(self, cast):
        send_invitation(cast)
        text = " ".join(event.body + event.subject for event in Event.objects.all())
        assert "example.com" not in text
        assert all(name not in text for name in ("Ada", "Ben", "New Person"))

    def test_people_are_found_again_by_their_ledger_id(self, cast):
        assert queries.find_person_by_ledger_id(cast.admin.ledger_id) == cast.admin
        assert queries.find_person_by_ledger_id("service") is None
        assert queries.names_of({cast.admin.ledger_id, "service"}) == {
            cast.admin.ledger_id: "Ada"
        }


class TestMemberships:
    def test_a_role_is_given_once(self, cast):
        given = {
            "person": cast.stranger,
            "organisation": cast.department,
            "role": "reviewer",
            "by": cast.admin,
            "at": AT,
        }
        actions.add_member(**given)
        assert json.loads(last_event().body)["role"] == "reviewer"
        with pytest.raises(Conflict):
            actions.add_member(**given)
        with pytest.raises(IntegrityError), transaction.atomic():
            Membership.objects.create(
                person=cast.stranger,
                organisation=cast.department,
                role="reviewer",
                created_at=AT,
            )

    def test_an_unknown_role_is_refused_naming_those_there_are(self, cast):
        with pytest.raises(BadInput, match="data-sharing-officer"):
            actions.add_member(
                person=cast.stranger,
                organisation=cast.department,
                role="king",
                by=None,
                at=AT,
            )

    def test_only_an_administrator_gives_roles(self, cast):
        with pytest.raises(NotAllowed):
            actions.add_member(
                person=cast.stranger,
                organisation=cast.department,
                role="member",
                by=cast.analyst,
                at=AT,
            )

    def test_the_operator_cannot_join_another_organisation_by_itself(self, cast):
        with pytest.raises(NotAllowed, match="yourself"):
            actions.add_member(
                person=cast.root,
                organisation=cast.department,
                role="data-owner",
                by=cast.root,
                at=AT,
            )
        with pytest.raises(NotAllowed, match="yourself"):
            send_invitation(cast, email="Root@example.com", by=cast.root)
        actions.add_member(
            person=cast.stranger,
            organisation=cast.department,
            role="data-owner",
            by=cast.root,
            at=AT,
        )

    def test_a_role_ends_once(self, cast):
        membership = cast.membership(cast.analyst)
        actions.end_membership(membership=membership, by=cast.admin, at=AT)
        assert last_event().name == "people:membership:ended"
        with pytest.raises(Conflict):
            actions.end_membership(membership=membership, by=cast.admin, at=AT)

    def test_the_last_administrator_stays(self, cast):
        membership = cast.membership(cast.admin)
        with pytest.raises(Conflict, match="needs an administrator"):
            actions.end_membership(membership=membership, by=cast.root, at=AT)
        actions.add_member(
            person=cast.stranger,
            organisation=cast.department,
            role="administrator",
            by=cast.root,
            at=AT,
        )
        actions.end_membership(membership=membership, by=cast.root, at=AT)

    def test_silence_goes_to_the_sharing_officer_then_to_the_administrator(self, cast):
        assert queries.accountable_people(cast.department) == [cast.admin]
        actions.add_member(
            person=cast.stranger,
            organisation=cast.department,
            role="data-sharing-officer",
            by=None,
            at=AT,
        )
        assert queries.accountable_people(cast.department) == [
            cast.stranger,
            cast.admin,
        ]


class TestInvitations:
    def test_accepting_makes_the_account_and_the_role_together(self, cast):
        invitation, secret = send_invitation(cast)
        found = get_open_invitation(secret, at=AT)
        person = actions.accept_invitation(
            invitation=found, password_hash=new_hash(), at=AT
        )
        assert person.email == "new@example.com"
        assert person.memberships.get().role == "data-owner"
        names = list(Event.objects.order_by("-number").values_list("name", flat=True))
        assert sorted(names[:3]) == [
            "people:invitation:accepted",
            "people:membership:started",
            "people:person:created",
        ]
        invitation.refresh_from_db()
        assert (invitation.accepted_at, invitation.accepted_by) == (AT, person)

    def test_a_link_works_once(self, cast):
        invitation, secret = send_invitation(cast)
        actions.accept_invitation(
            invitation=invitation, password_hash=new_hash(), at=AT
        )
        with pytest.raises(NotFound):
            get_open_invitation(secret, at=AT)
        with pytest.raises(Conflict):
            actions.accept_invitation(
                invitation=invitation, password_hash=new_hash(), at=AT
            )

    def test_only_a_hash_of_the_link_is_kept(self, cast):
        invitation, secret = send_invitation(cast)
        assert invitation.token_hash == hash_secret(secret)
        stored = Invitation.objects.filter(pk=invitation.pk).values().get()
        assert secret not in str(stored)

    def test_a_link_ends_after_a_week(self, cast):
        invitation, secret = send_invitation(cast)
        week = AT + timedelta(days=7)
        assert get_open_invitation(secret, at=week - timedelta(seconds=1))
        with pytest.raises(NotFound):
            get_open_invitation(secret, at=week)
        with pytest.raises(Conflict):
            actions.accept_invitation(
                invitation=invitation, password_hash=new_hash(), at=week
            )

    def test_a_withdrawn_link_does_not_work(self, cast):
        invitation, secret = send_invitation(cast)
        with pytest.raises(NotAllowed):
            actions.revoke_invitation(invitation=invitation, by=cast.analyst, at=AT)
        actions.revoke_invitation(invitation=invitation, by=cast.admin, at=AT)
        with pytest.raises(NotFound):
            get_open_invitation(secret, at=AT)

    def test_inviting_again_replaces_the_link(self, cast):
        _, first = send_invitation(cast)
        _, second = send_invitation(cast)
        with pytest.raises(NotFound):
            get_open_invitation(first, at=AT)
        assert get_open_invitation(second, at=AT)

    def test_whoever_has_the_role_is_not_invited_to_it(self, cast):
        with pytest.raises(Conflict):
            send_invitation(cast, email="ben@example.com", role="analyst")

    def test_another_person_cannot_accept_it(self, cast):
        invitation, _ = send_invitation(cast, email="cy@example.com")
        with pytest.raises(NotAllowed):
            actions.accept_invitation(invitation=invitation, person=cast.analyst, at=AT)
        actions.accept_invitation(invitation=invitation, person=cast.stranger, at=AT)
        assert cast.stranger.memberships.get().role == "data-owner"

    def test_an_account_that_exists_is_not_taken_over(self, cast):
        invitation, _ = send_invitation(cast, email="cy@example.com")
        before = cast.stranger.password
        with pytest.raises(Conflict):
            actions.accept_invitation(
                invitation=invitation, password_hash=new_hash(), at=AT
            )
        cast.stranger.refresh_from_db()
        assert cast.stranger.password == before
        assert not cast.stranger.memberships.exists()

    def test_accepted_at_and_accepted_by_are_set_together(self, cast):
        invitation, _ = send_invitation(cast)
        for half in ({"accepted_at": AT}, {"accepted_by": cast.analyst}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Invitation.objects.filter(pk=invitation.pk).update(**half)


class TestPasswords:
    def test_only_the_owner_changes_it(self, cast):
        secret = new_hash()
        with pytest.raises(NotAllowed):
            actions.change_password(
                person=cast.analyst, password_hash=secret, by=cast.admin, at=AT
            )
        actions.change_password(
            person=cast.analyst, password_hash=secret, by=cast.analyst, at=AT
        )
        cast.analyst.refresh_from_db()
        assert cast.analyst.check_password("a long enough phrase")

    @pytest.mark.parametrize("weak", ["short", "password1234", "ben@example.com"])
    def test_a_weak_password_is_refused_saying_why(self, weak):
        with pytest.raises(BadInput) as refusal:
            hash_password(weak, email="ben@example.com", name="Ben")
        assert refusal.value.field == "password"
