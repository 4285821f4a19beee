"""Who may do what where: every role, every permission, every kind of place."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import AnonymousUser

from staithe.base.errors import NotAllowed, NotSignedIn
from staithe.people import actions
from staithe.people.models import Organisation, Person
from staithe.people.permissions import (
    MEANINGS,
    ROLES,
    Permission,
    Role,
    Scope,
    can,
    can_somewhere,
    check,
    check_somewhere,
    organisations_where,
    people_who_can,
)


AT = datetime(2026, 2, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def organisation(name: str, *, is_operator: bool = False) -> Organisation:
    return actions.create_organisation(
        name=name, kind="other", is_operator=is_operator, by=None, at=AT
    )


def person_with(role: Role, at_organisation: Organisation) -> Person:
    person = Person.objects.create(email="x@example.com", name="X", created_at=AT)
    actions.add_member(
        person=person, organisation=at_organisation, role=role, by=None, at=AT
    )
    return person


def expected(permission: Permission, role: Role, where: str) -> bool:
    """Say what the table promises for a role held at `own`, asked about `where`."""
    scope = MEANINGS[permission].scope
    held = permission in ROLES[role].permissions
    if scope is Scope.PUBLIC:
        return True
    if scope is Scope.MEMBER:
        return held
    return scope is Scope.ORGANISATION and held and where == "own"


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", Role)
def test_a_role_counts_where_it_is_held_and_nowhere_else(role, permission):
    own, other = organisation("Own"), organisation("Other")
    person = person_with(role, own)
    places = {"own": own, "other": other, "unnamed": None}
    for where, place in places.items():
        allowed = expected(permission, role, where)
        assert can(person, permission, place) is allowed, where
        if allowed:
            check(person, permission, place)
        else:
            with pytest.raises(NotAllowed, match="You are not allowed to"):
                check(person, permission, place)


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", Role)
def test_at_the_operator_only_the_service_wide_part_reaches_further(role, permission):
    operator, other = organisation("Operator", is_operator=True), organisation("Other")
    person = person_with(role, operator)
    everywhere = permission in ROLES[role].service_wide
    reaches = everywhere or expected(permission, role, "other")
    assert can(person, permission, other) is reaches
    assert can(person, permission) is reaches


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("nobody", [None, AnonymousUser()])
def test_someone_not_signed_in_may_do_only_what_is_public(nobody, permission):
    public = MEANINGS[permission].scope is Scope.PUBLIC
    assert can(nobody, permission) is public
    assert can_somewhere(nobody, permission) is public
    if not public:
        with pytest.raises(NotSignedIn, match="Sign in to"):
            check(nobody, permission)


def test_a_person_without_a_role_sees_no_internal_metadata(cast):
    assert not can(cast.stranger, Permission.SEE_INTERNAL_METADATA)
    assert can(cast.analyst, Permission.SEE_INTERNAL_METADATA)


def test_an_ended_role_gives_nothing(cast):
    membership = cast.analyst.memberships.get()
    actions.end_membership(membership=membership, by=cast.admin, at=AT)
    assert not can_somewhere(cast.analyst, Permission.MAKE_REQUEST)


def test_a_closed_account_may_do_nothing(cast):
    cast.root.is_active = False
    cast.root.save()
    assert not can(cast.root, Permission.MANAGE_ORGANISATIONS)
    assert not can(cast.root, Permission.MANAGE_PEOPLE, cast.department)
    assert cast.root not in people_who_can(Permission.MANAGE_PEOPLE, cast.operator)


def test_somewhere_is_for_menus_and_names_the_places(cast):
    assert can_somewhere(cast.analyst, Permission.MAKE_REQUEST)
    assert not can(cast.analyst, Permission.MAKE_REQUEST)
    own = organisations_where(cast.analyst, Permission.MAKE_REQUEST)
    assert list(own) == [cast.department]
    assert not organisations_where(cast.analyst, Permission.MANAGE_ORGANISATIONS)
    with pytest.raises(NotAllowed):
        check_somewhere(cast.analyst, Permission.REVIEW_OUTPUT)


def test_the_operators_administrator_manages_people_of_all_organisations(cast):
    everywhere = organisations_where(cast.root, Permission.MANAGE_PEOPLE)
    assert set(everywhere) == {cast.operator, cast.department}
    local = organisations_where(cast.admin, Permission.MANAGE_PEOPLE)
    assert list(local) == [cast.department]


def test_a_refusal_names_the_place_and_the_role_to_ask_for(cast):
    with pytest.raises(NotAllowed) as refusal:
        check(cast.analyst, Permission.PUBLISH_ASSET, cast.department)
    assert refusal.value.message == (
        "You are not allowed to publish data for Department of Roads. Ask an "
        "administrator of Department of Roads for the role “Data owner”."
    )
