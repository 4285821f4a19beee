"""Who may have pairs judged, who may judge them, who may see what came of it.

Identifiers are seen in the role of the trusted linker and in no other. Whoever analyses
data anywhere, or ever worked on the project, is refused: who sees names here must not
meet the attributes of the same people (SEPARATED in people.roles).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staithe.base.errors import NotAllowed, NotSignedIn
from staithe.people.models import Membership, Person
from staithe.people.permissions import Permission, can_somewhere, check
from staithe.people.roles import MEANINGS, SEPARATED, service_roles_with
from staithe.sharing.permissions import is_member


if TYPE_CHECKING:
    from collections.abc import Callable

    from staithe.linkage.models import Review
    from staithe.people.permissions import Someone
    from staithe.sharing.models import Project


def check_ask(person: Someone, project: Project) -> None:
    """Raise unless the person works on the project: its members ask for a review."""
    if not is_member(person, project):
        raise NotAllowed("Only members of the project can have its pairs judged.")


def can_ask(person: Someone, project: Project) -> bool:
    """Say whether the person may have the project's pairs judged."""
    return _passes(check_ask, person, project)


def check_link(person: Someone) -> None:
    """Raise unless the person is a trusted linker and analyses nothing anywhere."""
    check(person, Permission.JUDGE_PAIRS)
    for one, other in SEPARATED:
        if one is Permission.JUDGE_PAIRS and can_somewhere(person, other):
            raise NotAllowed(
                f"You may {MEANINGS[other].does} at one organisation, so you are not "
                f"allowed to {MEANINGS[one].does}: one person never has both."
            )


def can_link(person: Someone) -> bool:
    """Say whether the person is a trusted linker who analyses nothing."""
    return _passes(check_link, person)


def check_see_pairs(person: Someone, project: Project) -> None:
    """Raise unless the person is a trusted linker who never worked on the project."""
    check_link(person)
    assert isinstance(person, Person)
    if project.members.filter(person=person).exists():
        raise NotAllowed(
            "You work or worked on this project, so you are not allowed to see "
            "identifiers of its people."
        )


def can_see_pairs(person: Someone, project: Project) -> bool:
    """Say whether the person may see records of the project's people."""
    return _passes(check_see_pairs, person, project)


def check_see_review(person: Someone, review: Review) -> None:
    """Raise unless the person may see how far a review is and what came of it."""
    if can_see_pairs(person, review.project) or is_member(person, review.project):
        return
    raise NotAllowed("Only the project's members and trusted linkers can see this.")


def linkers() -> list[Person]:
    """Return the people who hold the role at the operator and analyse nothing."""
    held = Membership.objects.filter(
        ended_at=None,
        person__is_active=True,
        organisation__is_operator=True,
        role__in=service_roles_with(Permission.JUDGE_PAIRS),
    )
    people = Person.objects.filter(pk__in=held.values("person"))
    return [person for person in people if can_link(person)]


def _passes(check_it: Callable[..., None], *arguments: object) -> bool:
    try:
        check_it(*arguments)
    except (NotAllowed, NotSignedIn):
        return False
    return True
