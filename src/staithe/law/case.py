"""The facts of one proposed share, read strictly: every refusal names its field.

What is not given stays unknown, except flags that nobody raised, whose default the
vocabulary states. Free text (names, descriptions) is read only to recognise bodies
and Schedules; no answer repeats it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from staithe.base.errors import BadInput
from staithe.law.lists import schedules_stated
from staithe.law.values import (
    check_sizes,
    choice,
    flag,
    nearest,
    plain_text,
    shown,
)
from staithe.law.words import NATIONS


if TYPE_CHECKING:
    from staithe.law.words import Words

UK = {"united kingdom": NATIONS, "uk": NATIONS}
GB = NATIONS - {"Northern Ireland"}
NATION_NAMES: Mapping[str, frozenset[str]] = {
    **{name.lower(): frozenset({name}) for name in NATIONS},
    **UK,
    "great britain": GB,
    "gb": GB,
    "england and wales": frozenset({"England", "Wales"}),
    "ni": frozenset({"Northern Ireland"}),
}
GENERIC = ("a ", "an ", "any ", "another ", "some ", "the department", "one ")
SIDES = ("holder", "recipient", "processor")
FLAGS = (
    "about_legal_entities", "confidential_patient_information", "criminal_offence",
    "children", "reciprocal", "bulk", "onward", "safe_setting", "accredited_project",
    "accredited_researcher", "notice_served", "requested_by_individual",
    "hmrc_consent", "disclosure_control",
)  # fmt: skip
GIVENS = (
    "onward_to", "on_behalf_of", "matching", "power_claimed", "lawful_basis_claimed",
    "citation_claimed", "variation_requested",
)  # fmt: skip
KNOWN = {
    *SIDES, *FLAGS, *GIVENS, "nation", "purpose", "data_kinds", "personal_data",
    "special_categories", "regime", "consent", "origin_gateway", "origin_holder",
    "route_asked", "answers", "on", "date", "share_date",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Facts as the tests read them: path -> value, None where unknown."""

    values: Mapping[str, Any]
    stated: Mapping[str, Any]
    schedules: Mapping[str, Mapping[int, frozenset[int]]]
    answers: Mapping[str, bool]
    items: tuple[str, ...]
    claims: Mapping[str, str]
    on: date
    words: Words = field(repr=False, compare=False)
    ignored: tuple[str, ...] = ()

    def is_given(self, path: str) -> bool:
        """Say whether anything is stated for a fact."""
        value = self.stated.get(path)
        return value not in (None, False, (), frozenset(), "", "none")

    def could_be(self, side: str, wanted: frozenset[str]) -> bool:
        """Say whether a party that nobody named could be one of these bodies."""
        if self.values.get(f"{side}.named") is not False:
            return False
        kind = self.values.get(f"{side}.type")
        return kind is None or (
            kind.endswith("-department")
            and any(self.words.bodies[body].type == kind for body in wanted)
        )

    def reversed(self) -> Case:
        """Return the same facts with holder and recipient exchanged."""
        swap = {"holder": "recipient", "recipient": "holder"}

        def turned(path: str) -> str:
            head, dot, tail = path.partition(".")
            return f"{swap.get(head, head)}{dot}{tail}"

        return replace(
            self,
            values={turned(path): value for path, value in self.values.items()},
            stated={turned(path): value for path, value in self.stated.items()},
            schedules={turned(path): v for path, v in self.schedules.items()},
        )

    def with_verdict(self, verdict: str) -> Case:
        """Return the case with its verdict, for rows that depend on it."""
        return replace(self, values={**self.values, "verdict": verdict})


def read_cases(
    facts: object, *, words: Words, on: date | None, begins: date, checked_on: date
) -> list[Case]:
    """Read facts into one case for each holder; BadInput names the field at fault."""
    plain = _mapping(facts)
    check_sizes(plain)
    day = on or _day(plain) or checked_on
    if day < begins:
        raise BadInput(
            f"on: {day.isoformat()} is before the library begins. Give a date from "
            f"{begins.isoformat()} on.",
            field="on",
        )
    holders = plain.get("holder")
    several = holders if isinstance(holders, list) and holders else [holders]
    return [_read({**plain, "holder": each}, words, day) for each in several]


def _mapping(facts: object) -> Mapping[str, Any]:
    if isinstance(facts, Mapping) and isinstance(facts.get("facts"), Mapping):
        facts = facts["facts"]
    if not isinstance(facts, Mapping):
        raise BadInput(
            "facts: must be a mapping of fact to value, such as holder, recipient, "
            "purpose and personal_data.",
            field="facts",
        )
    if isinstance(facts.get("cases"), list):
        raise BadInput(
            "cases: the file holds several cases. Give one case, or its facts.",
            field="cases",
        )
    if not any(key in KNOWN for key in facts):
        raise BadInput(
            "facts: none of these is a fact that the rules read. Give holder, "
            "recipient, purpose and personal_data.",
            field="facts",
        )
    return {str(key): value for key, value in facts.items()}


def _day(facts: Mapping[str, Any]) -> date | None:
    for name in ("on", "date", "share_date"):
        value = facts.get(name)
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        if value is not None:
            try:
                return date.fromisoformat(str(value))
            except ValueError:
                raise BadInput(
                    f"{name}: is not a date. Write it as 2026-07-01.", field=name
                ) from None
    return None


def _read(facts: Mapping[str, Any], words: Words, on: date) -> Case:
    stated: dict[str, Any] = {}
    schedules: dict[str, dict[int, frozenset[int]]] = {}
    for side in SIDES:
        _party(side, facts.get(side), stated, schedules, words)
    stated["processor"] = facts.get("processor") is not None
    if not stated["processor"]:
        stated["processor.type"] = "none"
    _purpose(facts.get("purpose"), stated, words)
    for name in FLAGS:
        stated[name] = flag(name, facts.get(name))
    for name in GIVENS:
        stated[name] = facts.get(name)
    for name in ("personal_data", "regime"):
        stated[name] = choice(name, facts.get(name), words.facts[name].values)
    for name in ("route_asked", "origin_gateway"):
        stated[name] = choice(name, facts.get(name), words.gateways)
    stated["special_categories"] = _words("special_categories", facts)
    items = _words("data_kinds", facts) or frozenset()
    stated["kinds"] = frozenset().union(*(words.classes_of(each) for each in items))
    _consent(facts.get("consent"), stated)
    stated["nation"] = _nations(facts.get("nation"), stated, words)
    stated["origin_holder.bodies"] = _bodies(facts.get("origin_holder"), words)
    stated["on_behalf_of.bodies"] = _bodies(facts.get("on_behalf_of"), words)
    return Case(
        values=_with_defaults(stated, words),
        stated=stated,
        schedules=schedules,
        answers=_answers(facts.get("answers")),
        items=tuple(sorted(items)),
        claims={name: plain_text(facts.get(name)) for name in GIVENS},
        on=on,
        words=words,
        ignored=tuple(sorted(set(facts) - KNOWN)),
    )


def _with_defaults(stated: Mapping[str, Any], words: Words) -> dict[str, Any]:
    values = dict(stated)
    for fact in words.facts.values():
        value = values.get(fact.path)
        if value is None and fact.default is not None:
            value = frozenset() if fact.default == [] else fact.default
        if value is None and fact.kind == "body":
            value = frozenset()
        values[fact.path] = value
    return values


def _party(
    side: str,
    value: object,
    stated: dict[str, Any],
    schedules: dict[str, dict[int, frozenset[int]]],
    words: Words,
) -> None:
    party = {"name": value} if isinstance(value, str) else value
    if party is None:
        party = {}
    if not isinstance(party, Mapping):
        raise BadInput(f"{side}: must be a mapping with a name and a type.", field=side)
    name = plain_text(party.get("name"))
    stated[f"{side}.type"] = choice(f"{side}.type", party.get("type"), words.parties)
    stated[f"{side}.bodies"] = words.bodies_in(name)
    stated[f"{side}.named"] = bool(stated[f"{side}.bodies"]) or not (
        not name or name.lower().startswith(GENERIC)
    )
    licence = plain_text(party.get("licence")).lower().replace(" ", "-")
    stated[f"{side}.licence"] = licence or None
    stated[f"{side}.country"] = _country(plain_text(party.get("country")))
    stated[f"{side}.specified_under"] = plain_text(party.get("specified_under")) or None
    stated[f"{side}.processor_for"] = plain_text(party.get("processor_for")) or None
    for key, item in party.items():
        if "regist" in str(key) and isinstance(item, bool):
            stated[f"{side}.registered"] = item
        if str(key) in {"small", "micro", "small_or_micro"} and isinstance(item, bool):
            stated[f"{side}.small"] = item
    texts = party.get("schedules") or []
    texts = [texts] if isinstance(texts, str) else texts
    schedules[side] = schedules_stated(str(each) for each in texts)


def _country(text: str) -> str | None:
    if not text:
        return None
    nations = NATION_NAMES.get(text.lower())
    if nations is None:
        return "foreign"
    return next(iter(nations)) if len(nations) == 1 else "United Kingdom"


def _purpose(value: object, stated: dict[str, Any], words: Words) -> None:
    purpose = {"code": value} if isinstance(value, str) else value
    if purpose is None:
        purpose = {}
    if not isinstance(purpose, Mapping):
        raise BadInput("purpose: must be a mapping with a code.", field="purpose")
    code = purpose.get("code")
    if code is not None and (not isinstance(code, str) or not words.purpose(code)):
        raise BadInput(
            f"purpose.code: {shown(code)} is not in the vocabulary."
            f"{nearest(code, words.purposes)} Accepted: "
            f"{', '.join(sorted(words.purposes))}.",
            field="purpose.code",
        )
    stated["purpose.code"] = code
    stated["purpose.named_scheme"] = plain_text(purpose.get("named_scheme")) or None


def _words(name: str, facts: Mapping[str, Any]) -> frozenset[str] | None:
    value = facts.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        raise BadInput(f"{name}: must be a list of words.", field=name)
    return frozenset(str(each).strip().lower() for each in value if each)


def _consent(value: object, stated: dict[str, Any]) -> None:
    if isinstance(value, bool | str):
        value = {"given_by": "stated"} if value and value != "none" else {}
    if value is not None and not isinstance(value, Mapping):
        raise BadInput(
            "consent: must be a mapping, such as given_by and all_persons_concerned.",
            field="consent",
        )
    consent = value or {}
    stated["consent"] = bool(consent) and consent.get("given") is not False
    stated["consent.given_by"] = plain_text(consent.get("given_by")).lower() or None
    for name in ("all_persons_concerned", "written", "revocable"):
        stated[f"consent.{name}"] = flag(f"consent.{name}", consent.get(name))
    objection = consent.get("objection", consent.get("objected"))
    stated["consent.objection"] = flag("consent.objection", objection)


def _nations(
    value: object, stated: Mapping[str, Any], words: Words
) -> frozenset[str] | None:
    if value is None:
        return _nations_of_parties(stated, words)
    texts = value if isinstance(value, list) else [value]
    found: set[str] = set()
    for text in texts:
        nations = NATION_NAMES.get(str(text).strip().lower())
        if nations is None:
            raise BadInput(
                f"nation: {shown(text)} is not in the vocabulary. Accepted: "
                f"{', '.join(sorted(NATIONS))}.",
                field="nation",
            )
        found |= nations
    return frozenset(found) or None


def _nations_of_parties(
    stated: Mapping[str, Any], words: Words
) -> frozenset[str] | None:
    found: set[str] = set()
    for side in ("holder", "recipient"):
        country = stated.get(f"{side}.country")
        if country in NATIONS:
            found.add(country)
        found |= {words.bodies[b].nation for b in stated[f"{side}.bodies"]} - {""}
    return frozenset(found) or None


def _bodies(value: object, words: Words) -> frozenset[str]:
    return words.bodies_in(plain_text(value))


def _answers(value: object) -> dict[str, bool]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadInput(
            "answers: must be a mapping of question id to yes or no.", field="answers"
        )
    found = {str(k): flag(f"answers.{k}", v) for k, v in value.items()}
    return {key: answer for key, answer in found.items() if answer is not None}
