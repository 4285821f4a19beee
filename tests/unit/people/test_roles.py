"""The table of roles: complete, and equal to what was agreed."""

from __future__ import annotations

import pytest

from staithe.people.roles import (
    ESCALATION,
    MEANINGS,
    ROLES,
    SEPARATED,
    Permission,
    Role,
    Scope,
    roles_with,
    service_roles_with,
)


# Written out a second time on purpose: a change of powers is made twice or fails.
AGREED = {
    "publish-asset": {"data-owner"},
    "edit-asset": {"data-owner", "data-sharing-officer"},
    "keep-register": {"data-owner", "data-sharing-officer"},
    "shape-register": {"data-owner"},
    "see-internal-metadata": {role.value for role in Role},
    "make-request": {"analyst"},
    "see-request": {role.value for role in Role} - {"member", "linker"},
    "advise-request": {"data-owner", "data-sharing-officer"},
    "decide-request": {"data-owner", "data-sharing-officer"},
    "answer-for-organisation": {"data-sharing-officer", "administrator"},
    "accept-agreement": {"analyst", "data-owner", "data-sharing-officer"},
    "revoke-agreement": {"data-owner", "data-sharing-officer"},
    "run-query": {"analyst"},
    "review-output": {"reviewer"},
    "release-output": {"reviewer"},
    "judge-pairs": set(),
    "see-ledger-bodies": {"overseer"},
    "see-progress": {role.value for role in Role},
    "manage-people": {"administrator"},
    "manage-organisations": set(),
}
AGREED_SERVICE_WIDE = {
    "see-request": {"overseer"},
    "see-ledger-bodies": {"overseer"},
    "judge-pairs": {"linker"},
    "manage-people": {"administrator"},
    "manage-organisations": {"administrator"},
}


@pytest.mark.parametrize("permission", Permission)
def test_each_permission_is_given_by_exactly_the_agreed_roles(permission):
    assert roles_with(permission) == AGREED[permission]
    assert service_roles_with(permission) == AGREED_SERVICE_WIDE.get(permission, set())


def test_the_agreed_table_names_every_permission_and_no_other():
    assert set(AGREED) == {permission.value for permission in Permission}


def test_every_permission_has_words_and_every_role_a_definition():
    assert set(MEANINGS) == set(Permission)
    assert set(ROLES) == set(Role)
    assert all(
        row.display_name and row.description.endswith(".") for row in ROLES.values()
    )


def test_every_permission_is_held_by_someone():
    for permission in Permission:
        assert roles_with(permission) or service_roles_with(permission)


def test_a_permission_of_the_service_is_never_given_at_an_organisation():
    service = {p for p, meaning in MEANINGS.items() if meaning.scope is Scope.SERVICE}
    assert all(not roles_with(permission) for permission in service)


def test_silence_goes_up_only_to_roles_that_answer_for_the_organisation():
    assert set(ESCALATION) == roles_with(Permission.ANSWER_FOR_ORGANISATION)


def test_the_overseer_changes_nothing():
    changing = {p for p in Permission if not p.value.startswith("see-")}
    overseer = ROLES[Role.OVERSEER]
    assert not (overseer.permissions | overseer.service_wide) & changing


def test_the_linker_judges_pairs_and_does_nothing_else():
    linker = ROLES[Role.LINKER]
    doing = {p for p in linker.permissions if not p.value.startswith("see-")}
    assert not doing
    assert linker.service_wide == {Permission.JUDGE_PAIRS}


def test_no_role_gives_both_of_what_is_kept_apart():
    assert SEPARATED == ((Permission.JUDGE_PAIRS, Permission.RUN_QUERY),)
    for one, other in SEPARATED:
        for row in ROLES.values():
            held = row.permissions | row.service_wide
            assert not {one, other} <= held


def test_running_the_service_is_no_licence_to_decide_for_others():
    everywhere = ROLES[Role.ADMINISTRATOR].service_wide
    assert everywhere == {Permission.MANAGE_PEOPLE, Permission.MANAGE_ORGANISATIONS}
