"""The plain questions of the public page, and the facts that their answers make.

Everything is in the address, so an answer can be linked to; names that a person
types are used to recognise bodies and are never shown to others by the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from staithe.law.answered import ITEMS
from staithe.law.vocabulary import WORDS


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The question at which each fact is given, where it is not that of the circumstances.
STEP_OF: Mapping[str, str] = {
    "purpose": "purpose",
    "holder": "holder",
    "recipient": "recipient",
    "personal_data": "data",
}
# What a link to each question says.
STEP_NAMES: Mapping[str, str] = {
    "area": "what it is for, in general",
    "purpose": "what it is for, in particular",
    "holder": "who holds it",
    "recipient": "who would receive it",
    "data": "whether people could be identified",
    "circumstances": "what else is true, and where",
}
STEPS = ("area", "purpose", "holder", "recipient", "data", "circumstances")
ANSWER_PREFIX = "a."
IDENTIFIABLE: Mapping[str, str] = {
    "identifiable": "Yes: names, addresses, numbers or other details single people out",
    "pseudonymised": "Partly: names are replaced by codes, one record for each person",
    "de-identified": "No: it is processed so that nobody is likely to be identified",
    "anonymous": "No: it is counts or averages",
    "non-personal": "It is not about people",
    "unknown": "I do not know",
}


@dataclass(frozen=True, slots=True)
class Given:
    """What a person has answered so far, as it stands in the address."""

    values: Mapping[str, Sequence[str]]

    def one(self, name: str) -> str:
        """Return a single answer, empty if there is none."""
        found = self.values.get(name, ())
        return found[0] if found else ""

    def next_step(self) -> str:
        """Return the first question that is not answered, empty if none."""
        for step in STEPS:
            if f"{step}-done" not in self.values and not self._answered(step):
                return step
        return ""

    def _answered(self, step: str) -> bool:
        # Who has said for what need not say first in which area that is.
        given = {"area": ("area", "purpose"), "purpose": ("purpose",)}
        given["data"] = ("personal_data",)
        names = given.get(step, (f"{step}_type",))
        return step != "circumstances" and any(self.one(name) for name in names)


def facts_of(given: Given) -> dict[str, Any]:
    """Turn answers into facts of the vocabulary; what is unknown is left out."""
    facts: dict[str, Any] = {
        "holder": _party("holder", given),
        "recipient": _party("recipient", given),
        "purpose": _purpose(given),
        "answers": {
            name.removeprefix(ANSWER_PREFIX): values[0]
            for name, values in given.values.items()
            if name.startswith(ANSWER_PREFIX) and values and values[0]
            if name != f"{ANSWER_PREFIX}{ITEMS}"
        },
    }
    if given.one("personal_data") not in {"", "unknown"}:
        facts["personal_data"] = given.one("personal_data")
    if given.values.get("nation"):
        facts["nation"] = list(given.values["nation"])
    for name in ("on", "route_asked"):
        if given.one(name):
            facts[name] = given.one(name)
    for name in given.values.get("flag", ()):
        _add(
            facts,
            WORDS.circumstances[name].facts if name in WORDS.circumstances else {},
        )
    items = given.values.get(f"{ANSWER_PREFIX}{ITEMS}", ())
    if items:
        _add(facts, {ITEMS: list(items)})
    return facts


def _add(facts: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        facts[key] = facts.get(key, []) + value if isinstance(value, list) else value


def _party(side: str, given: Given) -> dict[str, str]:
    found = {"name": given.one(f"{side}_name"), "licence": given.one(f"{side}_licence")}
    kind = given.one(f"{side}_type")
    if kind not in {"", "unknown"}:
        found["type"] = kind
    return {key: value for key, value in found.items() if value}


def _purpose(given: Given) -> dict[str, str]:
    code = given.one("purpose")
    if code.endswith("*"):
        code = code.removesuffix("*") + (given.one("service") or "other")
    found = {"named_scheme": given.one("scheme")}
    if code and code != "unknown":
        found["code"] = code.lower().replace(" ", "-")
    return {key: value for key, value in found.items() if value}
