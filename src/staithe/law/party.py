"""Who holds and who receives: a party among facts, and the nations it points to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from staithe.base.errors import BadInput
from staithe.law.lists import schedules_stated
from staithe.law.values import choice, plain_text


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
    kind = choice(f"{side}.type", party.get("type"), words.parties)
    _check_kind(side, name, kind, words)
    bodies = words.bodies_in(name, kind)
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
        "home": words.nations_in(name) if kind in words.groups["public-authority"] else frozenset(),
    }  # fmt: skip
    for key, item in party.items():
        if "regist" in str(key) and isinstance(item, bool):
            stated["registered"] = item
        if str(key) in SMALL and isinstance(item, bool):
            stated["small"] = item
    return Party(
        {f"{side}.{key}": item for key, item in stated.items()},
        schedules_stated([*map(str, texts), _text(party, "specified_under")]),
    )


def _text(party: Mapping[str, Any], key: str) -> str:
    return plain_text(party.get(key)).strip()


def _generic(name: str) -> bool:
    return not name or name.lower().startswith(GENERIC)


def _check_kind(side: str, name: str, kind: str | None, words: Words) -> None:
    """Refuse a department that is said to be another kind of party altogether."""
    body = words.body_called(name)
    if body is None or body.type not in words.groups["department"]:
        return
    if not words.may_be(body.id, kind):
        raise BadInput(
            f"{side}.type: {body.name} is a {_lower(body.type, words)}, and the facts say "
            f"{_lower(str(kind), words)}. Change {side}.type or {side}.name.",
            field=f"{side}.type",
        )


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
