"""The demo's organisations and its cast of six, made by the actions anyone uses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from staithe.people.actions import add_member, create_organisation, create_person
from staithe.people.models import Organisation, Person
from staithe.people.passwords import hash_password
from staithe.people.roles import Role


# The demo's people are invented and its service listens on this machine only, so
# one password that can be printed serves all six.
PASSWORD = "landing-stage-2026"  # noqa: S105  printed by the demo itself

ORGANISATIONS = {
    "operator": ("Office for Data Sharing", "other"),
    "evidence": ("Office for Public Evidence", "central-department"),
    "dws": ("Department for Work and Skills", "central-department"),
    "nhb": ("Northmoor Health Survey", "arms-length-body"),
    "rs": ("Revenue Service", "central-department"),
}
HOLDERS = ("dws", "nhb", "rs")

# Each with a name and roles at organisations.
CAST: dict[str, tuple[str, list[tuple[str, Role]]]] = {
    "requester": ("Amara Quist", [("evidence", Role.ANALYST)]),
    "owner": ("Bryn Howell", [(holder, Role.DATA_OWNER) for holder in HOLDERS]),
    "officer": (
        "Catriona Sloan",
        [(holder, Role.DATA_SHARING_OFFICER) for holder in HOLDERS]
        + [("dws", Role.REVIEWER)],
    ),
    # Pairs are judged by two at the operator, who have nothing to do with the project.
    "reviewer": (
        "Devinder Marsh",
        [("operator", Role.REVIEWER), ("operator", Role.LINKER)],
    ),
    "overseer": (
        "Eleri Finch",
        [
            ("operator", Role.OVERSEER),
            ("operator", Role.ADMINISTRATOR),
            ("operator", Role.LINKER),
        ],
    ),
    "stranger": ("Femi Clarke", []),
}


@dataclass(frozen=True)
class Cast:
    """Who takes part, by the word the story uses for them."""

    organisations: dict[str, Organisation]
    people: dict[str, Person]

    def __getitem__(self, name: str) -> Person:
        """Return one of the six."""
        return self.people[name]


def assemble_cast(*, at: datetime) -> Cast:
    """Make the organisations and the six people, each with their roles."""
    organisations = {
        key: create_organisation(
            name=name,
            kind=kind,
            slug=key if key in HOLDERS else "",
            contact_email=f"data@{key}.example",
            is_operator=key == "operator",
            by=None,
            at=at,
        )
        for key, (name, kind) in ORGANISATIONS.items()
    }
    password = hash_password(PASSWORD, email="", name="")
    people = {}
    for word, (name, roles) in CAST.items():
        people[word] = create_person(
            email=f"{word}@staithe.example",
            name=name,
            password_hash=password,
            by=None,
            at=at,
        )
        for key, role in roles:
            add_member(
                person=people[word],
                organisation=organisations[key],
                role=role,
                by=None,
                at=at,
            )
    return Cast(organisations, people)
