"""Who holds and who receives: a party among facts, and the nations it points to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from staithe.base.errors import BadInput
from staithe.law.lists import schedules_stated
from staithe.law.possible import one_of
from staithe.law.values import FactsApart, choice, plain_text


if TYPE_CHECKING:
    from staithe.law.lists import StatedSchedule
    from staithe.law.words import Words

GENERIC = (
    "a ", "an ", "any ", "another ", "some ", "the department", "the body", "one ",
    "the secretary of state",
)  # fmt: skip
SMALL = frozenset({"small", "micro", "small_or_micro"})


@dataclass(frozen=True, slots=True)
class Party:
    """One side as stated: its facts, and the Schedules it says it is in."""

    stated: Mapping[str, Any]
    schedules: tuple[StatedSchedule, ...]


def read_party(side: str, value: object, words: Words) -> Party:
    """Read one side of a share; BadInput names the field at fault."""
    party = {"name": value} if isinstance(value, str) else value
    if party is None:
        party = {}
    if not isinstance(party, Mapping):
        raise BadInput(f"{side}: must be a mapping with a name and a type.", field=side)
    name = plain_text(party.get("name"))
    kinds = _kinds(side, party.get("type"), name, words)
    kind = one_of(kinds)
    bodies = words.bodies_in(name, kinds)
    texts = party.get("schedules") or []
    texts = [texts] if isinstance(texts, str) else list(texts)
    stated: dict[str, Any] = {
        "type": kind,
        "bodies": bodies,
        "named": bool(bodies) or not _generic(name),
        "licence": _text(party, "licence").lower().replace(" ", "-") or None,
        "country": _country(_text(party, "country"), words),
        "specified_under": _text(party, "specified_under") or None,
        "processor_for": _text(party, "processor_for") or None,
        "home": _home(name, kinds, words),
    }
    for key, item in party.items():
        if "regist" in str(key) and isinstance(item, bool):
            stated["registered"] = item
        if str(key) in SMALL and isinstance(item, bool):
            stated["small"] = item
    return Party(
        {f"{side}.{key}": item for key, item in stated.items()},
        schedules_stated([*map(str, texts), _text(party, "specified_under")]),
    )


def _kinds(side: str, stated: object, name: str, words: Words) -> frozenset[str]:
    """Return the kinds that a party may be: as stated, or else as its name tells.

    Several stated kinds mean one of them; a name that is known narrows them down.
    """
    listed = stated if isinstance(stated, list) else [stated]
    kinds = frozenset(
        kind
        for each in listed
        if (kind := choice(f"{side}.type", each, words.parties)) is not None
    )
    known = words.kinds_called(name)
    if not kinds:
        return known
    mismatch = mismatch_of(name, kinds, words)
    if mismatch:
        raise FactsApart(
            f"{side}.type: {mismatch} Change {side}.type or {side}.name.",
            field=f"{side}.type",
            plain=f"{mismatch.replace('the facts say', 'you said')} "
            "Change the kind of body, or the name.",
        )
    return kinds & known if len(kinds) > 1 and kinds & known else kinds


def _home(name: str, kinds: frozenset[str], words: Words) -> frozenset[str]:
    public = kinds and kinds <= words.groups["public-authority"]
    return words.nations_in(name) if public else frozenset()


def _text(party: Mapping[str, Any], key: str) -> str:
    return plain_text(party.get(key)).strip()


def _generic(name: str) -> bool:
    return not name or name.lower().startswith(GENERIC)


def mismatch_of(name: str, kinds: frozenset[str], words: Words) -> str:
    """Say in a sentence that a department is none of the kinds stated, or nothing."""
    body = words.body_called(name)
    if body is None or not kinds or body.type not in words.groups["department"]:
        return ""
    if words.may_be(body.id, kinds):
        return ""
    stated = " or ".join(_lower(each, words) for each in sorted(kinds))
    return f"{body.name} is a {_lower(body.type, words)}, and the facts say {stated}."


def _lower(kind: str, words: Words) -> str:
    return words.parties[kind].text.lower()


def _country(text: str, words: Words) -> str | None:
    if not text:
        return None
    nations = words.nations_of(text)
    if nations is None:
        return "foreign"
    return next(iter(nations)) if len(nations) == 1 else "United Kingdom"


def nations_of_parties(
    stated: Mapping[str, Any], words: Words
) -> frozenset[str] | None:
    """Return the nations that the parties point to where the facts name none."""
    found: set[str] = set()
    for side in ("holder", "recipient"):
        country = stated.get(f"{side}.country")
        if country in words.nations:
            found.add(country)
        found |= {words.bodies[b].nation for b in stated[f"{side}.bodies"]} - {""}
        found |= stated[f"{side}.home"]
    return frozenset(found) or None
