"""The facts of one proposed share, read strictly: every refusal names its field.

What is not given stays unknown, except flags that nobody raised, whose default the
vocabulary states. Free text (names, descriptions) is read only to recognise bodies
and Schedules; no answer repeats it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import product
from typing import TYPE_CHECKING, Any

from staithe.base.errors import BadInput
from staithe.law.answered import with_answers, yes_or_no
from staithe.law.party import nations_of_parties, read_party
from staithe.law.possible import values_of
from staithe.law.values import (
    check_sizes,
    choice,
    choice_is_open,
    flag,
    loose_flag,
    nearest,
    plain_text,
    shown,
    within_one_body,
    words_of,
)


if TYPE_CHECKING:
    from staithe.law.lists import StatedSchedule
    from staithe.law.words import Words

SIDES = ("holder", "recipient", "processor")
DAYS = ("on", "date", "share_date")
# Facts whose name is not that of a value that tests read.
CONTAINERS = {"data_kinds", "answers", *DAYS}
DERIVED = {"kinds", "verdict", "within_one_body"}
OWN_ORIGIN = ("origin_holder", "origin_gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Facts as the tests read them: path -> value, None where unknown."""

    values: Mapping[str, Any]
    stated: Mapping[str, Any]
    schedules: Mapping[str, tuple[StatedSchedule, ...]]
    answers: Mapping[str, bool]
    items: tuple[str, ...]
    claims: Mapping[str, str]
    on: date
    words: Words = field(repr=False, compare=False)
    flow: str = "holder to recipient"
    ignored: tuple[str, ...] = ()
    # Items that came another way than the rest: (items, facts of their origin).
    origins: tuple[tuple[tuple[str, ...], Mapping[str, Any]], ...] = ()

    def is_given(self, path: str) -> bool:
        """Say whether anything is stated for a fact."""
        value = self.stated.get(path)
        return value not in (None, False, (), frozenset(), "", "none")

    def could_be(self, side: str, wanted: frozenset[str]) -> bool:
        """Say whether a party that nobody named could be one of these bodies."""
        if self.values.get(f"{side}.named") is not False:
            return False
        few = self.words.groups["one-of-a-few"]
        kinds = values_of(self.values.get(f"{side}.type"))
        return any(
            kind is None
            or (
                kind in few
                and any(self.words.bodies[body].type == kind for body in wanted)
            )
            for kind in kinds
        )

    def of_each_kind(self, side: str) -> list[Case]:
        """Return the case for each kind that a party may be; itself where it is known."""
        path = f"{side}.type"
        kinds = values_of(self.values.get(path))
        if len(kinds) == 1:
            return [self]
        return [replace(self, values={**self.values, path: kind}) for kind in kinds]

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
            flow=" to ".join(reversed(self.flow.split(" to "))),
        )

    def views(self) -> list[Case]:
        """Return the case for the items of each origin: all, where none has its own."""
        views = [self]
        for items, origin in self.origins:
            kinds = _classes(items, self.words)
            changes = {**origin, "kinds": kinds}
            views.append(
                replace(
                    self,
                    values={**self.values, **changes},
                    stated={**self.stated, **changes},
                    items=items,
                    origins=(),
                )
            )
        return views

    def with_verdict(self, verdict: str) -> Case:
        """Return the case with its verdict, for rows that depend on it."""
        return replace(self, values={**self.values, "verdict": verdict})


def read_cases(
    facts: object, *, words: Words, on: date | None, begins: date, checked_on: date
) -> list[Case]:
    """Read facts into one case for each pair of parties; BadInput names the field."""
    plain = _mapping(facts, words)
    check_sizes(plain)
    plain = with_answers(plain, words)
    day = on or _day(plain) or checked_on
    if day < begins:
        raise BadInput(
            f"on: {day.isoformat()} is before the library begins. Give a date from "
            f"{begins.isoformat()} on.",
            field="on",
        )
    pairs = product(_numbered(plain, "holder"), _numbered(plain, "recipient"))
    return [
        _read({**plain, "holder": one, "recipient": other}, words, day, f"{a} to {b}")
        for (a, one), (b, other) in pairs
    ]


def _numbered(facts: Mapping[str, Any], side: str) -> list[tuple[str, object]]:
    parties = facts.get(side)
    if isinstance(parties, list) and len(parties) > 1:
        return [(f"{side} {n}", each) for n, each in enumerate(parties, 1)]
    return [(side, parties[0] if isinstance(parties, list) and parties else parties)]


def _mapping(facts: object, words: Words) -> Mapping[str, Any]:
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
    if not _known(words) & {str(key) for key in facts}:
        raise BadInput(
            "facts: none of these is a fact that the rules read. Give holder, "
            "recipient, purpose and personal_data.",
            field="facts",
        )
    # YAML reads a bare `on` as a yes.
    return {"on" if k is True else str(k): value for k, value in facts.items()}


def _known(words: Words) -> set[str]:
    read = {path.partition(".")[0] for path in words.facts} - DERIVED
    return read | CONTAINERS


def _day(facts: Mapping[str, Any]) -> date | None:
    for name in DAYS:
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


def _read(facts: Mapping[str, Any], words: Words, on: date, flow: str) -> Case:
    stated: dict[str, Any] = {}
    parties = {side: read_party(side, facts.get(side), words) for side in SIDES}
    for party in parties.values():
        stated |= party.stated
    stated["within_one_body"] = within_one_body(stated)
    stated["processor"] = facts.get("processor") is not None
    if not stated["processor"]:
        stated["processor.type"] = "none"
    _purpose(facts.get("purpose"), stated, words)
    given = _simple(facts, stated, words)
    items, origins = _items(facts.get("data_kinds"), words)
    stated["kinds"] = None if items is None else _classes(items, words)
    _consent(facts.get("consent"), stated)
    stated["nation"] = _nations(facts.get("nation"), words) or nations_of_parties(
        stated, words
    )
    for name in ("origin_holder", "on_behalf_of"):
        stated[f"{name}.bodies"] = words.bodies_in(plain_text(facts.get(name)))
    if stated["onward"] is None and stated["onward_to"]:
        stated["onward"] = True
    return Case(
        values=_with_defaults(stated, words),
        stated=stated,
        schedules={side: party.schedules for side, party in parties.items()},
        answers=yes_or_no(facts.get("answers")),
        items=items or (),
        claims={name: plain_text(facts.get(name)) for name in given},
        on=on,
        words=words,
        flow=flow,
        ignored=tuple(sorted(set(facts) - _known(words))),
        origins=origins,
    )


def _simple(
    facts: Mapping[str, Any], stated: dict[str, Any], words: Words
) -> list[str]:
    """Read the facts that are one value each; return those that are only given."""
    given = []
    for fact in words.facts.values():
        name = fact.path
        if "." in name or name in stated or name in DERIVED or name == "consent":
            continue
        value = facts.get(name)
        if fact.kind == "flag":
            read = loose_flag if fact.loose else flag
            stated[name] = read(name, value)
        elif fact.kind == "choice":
            known = words.gateways if fact.values == "gateways" else fact.values
            stated[name] = choice(name, value, known)
        elif fact.kind == "words" and name != "nation":
            stated[name] = words_of(name, value)
        elif fact.kind == "given":
            stated[name] = value
            given.append(name)
    return given


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


Origins = tuple[tuple[tuple[str, ...], Mapping[str, Any]], ...]


def _items(value: object, words: Words) -> tuple[tuple[str, ...] | None, Origins]:
    """Read data items, None where unknown; one with its own origin is a mapping."""
    if choice_is_open(value):
        return None, ()
    listed = value if isinstance(value, list) else [value]
    plain = [each for each in listed if not isinstance(each, Mapping)]
    items = words_of("data_kinds", plain if isinstance(value, list) else value)
    found: dict[tuple[Any, ...], list[str]] = {}
    for number, each in enumerate(listed, 1):
        if isinstance(each, Mapping):
            name = f"data_kinds.{number}"
            holder = words.bodies_in(plain_text(each.get("origin_holder")))
            gateway = choice(
                f"{name}.origin_gateway", each.get("origin_gateway"), words.gateways
            )
            item = plain_text(each.get("name")).strip().lower()
            if not item:
                raise BadInput(f"{name}: needs a name.", field=name)
            found.setdefault((holder, gateway), []).append(item)
    origins = tuple(
        (tuple(sorted(names)), {"origin_holder.bodies": holder, "origin_gateway": way})
        for (holder, way), names in found.items()
    )
    own = {name for names, _ in origins for name in names}
    return tuple(sorted((items or frozenset()) | own)), origins


def _classes(items: tuple[str, ...], words: Words) -> frozenset[str]:
    return frozenset().union(*(words.classes_of(each) for each in items))


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


def _nations(value: object, words: Words) -> frozenset[str] | None:
    texts = value if isinstance(value, list) else [value]
    found: set[str] = set()
    for text in texts if value is not None else ():
        nations = words.nations_of(str(text))
        if nations is None:
            raise BadInput(
                f"nation: {shown(text)} is not in the vocabulary. Accepted: "
                f"{', '.join(sorted(words.nation_names))}.",
                field="nation",
            )
        found |= nations
    return frozenset(found) or None
