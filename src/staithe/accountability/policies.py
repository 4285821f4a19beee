"""Whether a result may be recorded now, and what it must say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from staithe.base.errors import BadInput, Conflict, NotAllowed
from staithe.sharing.permissions import is_member


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from staithe.people.models import Organisation
    from staithe.people.permissions import Someone
    from staithe.sharing.models import Project


# The widths of the columns, and what a reader takes in.
LONGEST_TITLE = 200
LONGEST_DESCRIPTION = 4000
LONGEST_MEASURE = 200
LONGEST_VALUE = 60
LONGEST_LINK = 500
MOST_POUNDS = 2_147_483_647

_LIMITS: Mapping[str, tuple[str, int]] = {
    "title": ("title", LONGEST_TITLE),
    "description": ("description", LONGEST_DESCRIPTION),
    "measure": ("measure", LONGEST_MEASURE),
    "value": ("figure", LONGEST_VALUE),
    "evidence_link": ("address of the evidence", LONGEST_LINK),
}

# A path here or an https address; no spaces, quotes, backslashes or control
# characters, which browsers read in more than one way.
_PLAIN = r"[^\s\\\"'<>\x00-\x20\x7f]"
_LINK = re.compile(rf"https://(?!/){_PLAIN}+|/(?!/){_PLAIN}*")


def check_member(person: Someone, project: Project) -> None:
    """Raise unless the person works on the project now."""
    if not is_member(person, project):
        raise NotAllowed("Only members of the project can record its results.")


def can_record(person: Someone, project: Project) -> bool:
    """Say whether check_member passes: for buttons."""
    return is_member(person, project)


def check_holders(holders: Sequence[Organisation], project: Project) -> None:
    """Raise unless somebody's data could have led to a result."""
    if not holders:
        raise Conflict(
            f"No agreement of {project.title} has been in force, so no shared data "
            "can have led to a result. Record it when one has."
        )


def check_outcome(texts: Mapping[str, str], *, cost: int | None) -> dict[str, str]:
    """Return the texts of a result, trimmed; BadInput naming the field at fault."""
    trimmed = {name: text.strip() for name, text in texts.items()}
    if not trimmed["title"]:
        raise BadInput("Give the result a title.", field="title")
    if not trimmed["description"]:
        raise BadInput(
            "Say what changed because the data was shared.", field="description"
        )
    for name, (words, limit) in _LIMITS.items():
        if "\x00" in trimmed[name]:  # PostgreSQL cannot hold it
            raise BadInput(f"The {words} holds a character of no meaning.", field=name)
        if len(trimmed[name]) > limit:
            raise BadInput(
                f"The {words} must have {limit:,} characters or fewer.", field=name
            )
    _check_link(trimmed["evidence_link"])
    _check_cost(cost)
    return trimmed


def _check_link(link: str) -> None:
    if link and not _LINK.fullmatch(link):
        raise BadInput(
            "The evidence must be a path here or an address that starts with https://.",
            field="evidence_link",
        )


def _check_cost(cost: int | None) -> None:
    if cost is not None and not 0 <= cost <= MOST_POUNDS:
        raise BadInput(
            "The cost must be a whole number of pounds, 0 or more.",
            field="preparation_cost",
        )
