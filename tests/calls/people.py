"""Calls of the people room."""

from __future__ import annotations

from staithe.demo.story import Scene
from staithe.people import actions as people
from staithe.people.models import Invitation, Person
from staithe.sharing import actions as sharing


def call(told: Scene) -> None:
    """Invite, accept, revoke; change and end what people hold."""
    overseer, amara = told.cast["overseer"], told.cast["requester"]
    evidence = told.cast.organisations["evidence"]
    people.edit_organisation(
        organisation=evidence,
        description="Evidence for ministers.",
        contact_email="evidence@example.org",
        by=overseer,
        at=told.later(),
    )
    _, secret = people.invite(
        organisation=evidence,
        role="analyst",
        email="new@example.org",
        name="New Person",
        by=overseer,
        at=told.later(),
    )
    invitation, _ = people.invite(
        organisation=evidence,
        role="member",
        email="other@example.org",
        name="Other Person",
        by=overseer,
        at=told.later(),
    )
    assert secret
    people.revoke_invitation(invitation=invitation, by=overseer, at=told.later())
    people.accept_invitation(
        invitation=Invitation.objects.get(email="new@example.org"),
        name="New Person",
        password_hash=amara.password,
        at=told.later(),
    )
    new = Person.objects.get(email="new@example.org")
    sharing.add_project_member(
        project=told.project, person=new, by=amara, at=told.later()
    )
    sharing.end_project_member(
        project=told.project, person=new, by=amara, at=told.later()
    )
    sharing.add_project_member(
        project=told.project, person=new, by=amara, at=told.later()
    )
    people.end_membership(
        membership=new.memberships.get(), by=overseer, at=told.later()
    )
    people.change_password(
        person=amara, password_hash=amara.password, by=amara, at=told.later()
    )
    token, _ = people.create_token(person=amara, name="test", by=amara, at=told.later())
    people.revoke_token(token=token, by=amara, at=told.later())
    people.mark_notices_read(person=amara, at=told.later())
