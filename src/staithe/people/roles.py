"""Who may do what, as one literal table that a reviewer reads top to bottom.

Nothing about permissions lives in the database except which person holds which
role where. A change to this file is a change of who may do what: it is reviewed,
dated and signed like any other change to the code (decision 0004).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """How far a permission reaches, and so what must be said when asking."""

    PUBLIC = "public"  # anyone, signed in or not
    MEMBER = "member"  # anyone who holds it at any organisation
    ORGANISATION = "organisation"  # only for the organisation where it is held
    SERVICE = "service"  # only where held at the organisation that runs the service


class Permission(StrEnum):
    """Everything that a person can be allowed to do."""

    PUBLISH_ASSET = "publish-asset"
    EDIT_ASSET = "edit-asset"
    KEEP_REGISTER = "keep-register"
    SHAPE_REGISTER = "shape-register"
    SEE_INTERNAL_METADATA = "see-internal-metadata"
    MAKE_REQUEST = "make-request"
    SEE_REQUEST = "see-request"
    ADVISE_REQUEST = "advise-request"
    DECIDE_REQUEST = "decide-request"
    ANSWER_FOR_ORGANISATION = "answer-for-organisation"
    ACCEPT_AGREEMENT = "accept-agreement"
    REVOKE_AGREEMENT = "revoke-agreement"
    RUN_QUERY = "run-query"
    REVIEW_OUTPUT = "review-output"
    RELEASE_OUTPUT = "release-output"
    JUDGE_PAIRS = "judge-pairs"
    SEE_LEDGER_BODIES = "see-ledger-bodies"
    SEE_PROGRESS = "see-progress"
    MANAGE_PEOPLE = "manage-people"
    MANAGE_ORGANISATIONS = "manage-organisations"


@dataclass(frozen=True)
class Meaning:
    """A permission in words: finishes the sentence “You are not allowed to …”."""

    does: str
    scope: Scope


P = Permission
MEANINGS: dict[Permission, Meaning] = {
    P.PUBLISH_ASSET: Meaning("publish data", Scope.ORGANISATION),
    P.EDIT_ASSET: Meaning("change a catalogue entry", Scope.ORGANISATION),
    P.KEEP_REGISTER: Meaning("change the records of a register", Scope.ORGANISATION),
    P.SHAPE_REGISTER: Meaning(
        "make a register or change what it is", Scope.ORGANISATION
    ),
    P.SEE_INTERNAL_METADATA: Meaning(
        "see descriptions that are not public", Scope.MEMBER
    ),
    P.MAKE_REQUEST: Meaning("ask for data", Scope.ORGANISATION),
    P.SEE_REQUEST: Meaning("see this request", Scope.ORGANISATION),
    P.ADVISE_REQUEST: Meaning("advise on this request", Scope.ORGANISATION),
    P.DECIDE_REQUEST: Meaning("decide this request", Scope.ORGANISATION),
    P.ANSWER_FOR_ORGANISATION: Meaning(
        "answer for this organisation", Scope.ORGANISATION
    ),
    P.ACCEPT_AGREEMENT: Meaning("accept this agreement", Scope.ORGANISATION),
    P.REVOKE_AGREEMENT: Meaning("revoke this agreement", Scope.ORGANISATION),
    P.RUN_QUERY: Meaning("run queries", Scope.ORGANISATION),
    P.REVIEW_OUTPUT: Meaning("review results", Scope.ORGANISATION),
    P.RELEASE_OUTPUT: Meaning("release results", Scope.ORGANISATION),
    P.JUDGE_PAIRS: Meaning("see identifiers and judge pairs", Scope.SERVICE),
    P.SEE_LEDGER_BODIES: Meaning("see what ledger events say", Scope.ORGANISATION),
    P.SEE_PROGRESS: Meaning("see the progress page", Scope.PUBLIC),
    P.MANAGE_PEOPLE: Meaning("manage people", Scope.ORGANISATION),
    P.MANAGE_ORGANISATIONS: Meaning("manage organisations", Scope.SERVICE),
}


class Role(StrEnum):
    """A part that a person plays at an organisation; a person may hold several."""

    MEMBER = "member"
    ANALYST = "analyst"
    DATA_OWNER = "data-owner"
    DATA_SHARING_OFFICER = "data-sharing-officer"
    REVIEWER = "reviewer"
    LINKER = "linker"
    OVERSEER = "overseer"
    ADMINISTRATOR = "administrator"

    @property
    def definition(self) -> RoleDefinition:
        """Return the row of the table for this role."""
        return ROLES[self]


@dataclass(frozen=True)
class RoleDefinition:
    """What a role is called and allows.

    `permissions` hold at the organisation of the membership. `service_wide` hold
    for every organisation, where the membership is at the operator of the service.
    """

    display_name: str
    description: str
    permissions: frozenset[Permission]
    service_wide: frozenset[Permission] = frozenset()


_EVERYONE = frozenset({P.SEE_INTERNAL_METADATA, P.SEE_PROGRESS})

ROLES: dict[Role, RoleDefinition] = {
    Role.MEMBER: RoleDefinition(
        "Member",
        "Works at the organisation and sees descriptions that are not public.",
        _EVERYONE,
    ),
    Role.ANALYST: RoleDefinition(
        "Analyst",
        "Finds data, asks for it, and runs queries on what was granted.",
        _EVERYONE
        | {
            P.MAKE_REQUEST,
            P.SEE_REQUEST,
            P.ACCEPT_AGREEMENT,
            P.RUN_QUERY,
        },
    ),
    Role.DATA_OWNER: RoleDefinition(
        "Data owner",
        "Publishes the organisation's data and decides who may use it.",
        _EVERYONE
        | {
            P.PUBLISH_ASSET,
            P.EDIT_ASSET,
            P.KEEP_REGISTER,
            P.SHAPE_REGISTER,
            P.SEE_REQUEST,
            P.ADVISE_REQUEST,
            P.DECIDE_REQUEST,
            P.ACCEPT_AGREEMENT,
            P.REVOKE_AGREEMENT,
        },
    ),
    Role.DATA_SHARING_OFFICER: RoleDefinition(
        "Data sharing officer",
        "Keeps the queue of requests moving; silence comes to this person first.",
        _EVERYONE
        | {
            P.EDIT_ASSET,
            P.KEEP_REGISTER,
            P.SEE_REQUEST,
            P.ADVISE_REQUEST,
            P.DECIDE_REQUEST,
            P.ANSWER_FOR_ORGANISATION,
            P.ACCEPT_AGREEMENT,
            P.REVOKE_AGREEMENT,
        },
    ),
    Role.REVIEWER: RoleDefinition(
        "Reviewer",
        "Checks results before anyone outside the analysis sees them.",
        _EVERYONE | {P.SEE_REQUEST, P.REVIEW_OUTPUT, P.RELEASE_OUTPUT},
    ),
    Role.LINKER: RoleDefinition(
        "Trusted linker",
        "At the service's operator: sees identifiers to judge pairs, never a result.",
        _EVERYONE,
        # Linkage runs at the operator, so nobody elsewhere sees two bodies' identifiers.
        service_wide=frozenset({P.JUDGE_PAIRS}),
    ),
    Role.OVERSEER: RoleDefinition(
        "Overseer",
        "Sees what was asked, decided and done, and changes nothing.",
        _EVERYONE | {P.SEE_REQUEST, P.SEE_LEDGER_BODIES},
        service_wide=frozenset({P.SEE_REQUEST, P.SEE_LEDGER_BODIES}),
    ),
    Role.ADMINISTRATOR: RoleDefinition(
        "Administrator",
        "Invites people, gives roles, and answers for the organisation last.",
        _EVERYONE
        | {
            P.SEE_REQUEST,
            P.ANSWER_FOR_ORGANISATION,
            P.MANAGE_PEOPLE,
        },
        # Running the service is not a licence to decide for other organisations.
        service_wide=frozenset({P.MANAGE_PEOPLE, P.MANAGE_ORGANISATIONS}),
    ),
}

# Whoever may do the first may at no time do the second, at any organisation: the
# separation of functions (identifiers on one side, attributes on the other).
SEPARATED: tuple[tuple[Permission, Permission], ...] = ((P.JUDGE_PAIRS, P.RUN_QUERY),)

# To whom silence goes, in this order.
ESCALATION: tuple[Role, ...] = (Role.DATA_SHARING_OFFICER, Role.ADMINISTRATOR)


def roles_with(permission: Permission) -> frozenset[Role]:
    """Return the roles that give a permission at their own organisation."""
    return frozenset(r for r, d in ROLES.items() if permission in d.permissions)


def service_roles_with(permission: Permission) -> frozenset[Role]:
    """Return the roles that give a permission everywhere when at the operator."""
    return frozenset(r for r, d in ROLES.items() if permission in d.service_wide)
