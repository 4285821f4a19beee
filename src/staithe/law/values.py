"""Checks of single values among facts: each refusal is one sentence with the field."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from staithe.base.errors import BadInput, TooLarge


if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_TEXT = 10_000
MOST_ITEMS = 500
MOST_DEPTH = 6
MOST_SHOWN = 60


class FactsApart(BadInput):
    """Facts that cannot both be so; `plain` says it to who answers plain questions."""

    code = "facts-apart"

    def __init__(self, message: str, *, field: str, plain: str) -> None:
        super().__init__(message, field=field)
        self.plain = plain


def check_sizes(value: object, place: str = "", depth: int = 0) -> None:
    """Refuse text, lists or nesting too large to be facts; TooLarge names the field."""
    name = place or "facts"
    if depth > MOST_DEPTH:
        raise BadInput(f"{name}: is nested too deep. Write plain facts.", field=name)
    if isinstance(value, str) and len(value) > MOST_TEXT:
        raise TooLarge(
            f"{name}: has {len(value):,} characters. At most {MOST_TEXT:,} are "
            "accepted; shorten it.",
            field=name,
        )
    if isinstance(value, Mapping | list) and len(value) > MOST_ITEMS:
        raise TooLarge(
            f"{name}: has {len(value):,} entries. At most {MOST_ITEMS} are accepted.",
            field=name,
        )
    if isinstance(value, Mapping):
        for key, item in value.items():
            check_sizes(str(key), f"a name in {name}", depth + 1)
            check_sizes(item, f"{place}.{key}" if place else str(key), depth + 1)
    elif isinstance(value, list):
        for item in value:
            check_sizes(item, place, depth + 1)


def choice(name: str, value: object, accepted: Iterable[str]) -> str | None:
    """Return a word of the vocabulary, None where unknown; BadInput lists them."""
    if choice_is_open(value):
        return None
    known = sorted(accepted)
    if not isinstance(value, str) or value not in known:
        raise BadInput(
            f"{name}: {shown(value)} is not in the vocabulary."
            f"{nearest(value, known)} Accepted: {', '.join(known)}.",
            field=name,
        )
    return value


def within_one_body(stated: Mapping[str, object]) -> bool:
    """Say whether one body that the facts name both holds and receives."""
    holder, recipient = stated.get("holder.bodies"), stated.get("recipient.bodies")
    return isinstance(holder, frozenset) and len(holder) == 1 and holder == recipient


def choice_is_open(value: object) -> bool:
    """Say whether a value says of itself that it is not known."""
    return value is None or value in ("unknown", "not known", ["unknown"])


def shown(value: object) -> str:
    """Return a value as it may be quoted in a refusal."""
    text = str(value)
    return repr(text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…")


def nearest(value: object, known: Iterable[str]) -> str:
    """Return a suggestion for a word that is nearly right, or nothing."""
    close = get_close_matches(str(value)[:MOST_SHOWN], list(known), n=1, cutoff=0.7)
    return f" Do you mean {close[0]}?" if close else ""


def flag(name: str, value: object) -> bool | None:
    """Return yes, no or None where unknown; BadInput names the field."""
    if value is None or isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in {"yes", "true"}:
        return True
    if text in {"no", "false"}:
        return False
    if text in {"unknown", "not known"}:
        return None
    raise BadInput(
        f"{name}: {shown(value)} is neither yes nor no. Accepted: true, false, "
        "unknown.",
        field=name,
    )


def loose_flag(name: str, value: object) -> bool | None:
    """Return yes or no; a description is neither, so it stays to be asked."""
    try:
        return flag(name, value)
    except BadInput:
        return None


def words_of(name: str, value: object) -> frozenset[str] | None:
    """Return a list of words, None where unknown; BadInput names the field."""
    if value is None:
        return None
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        raise BadInput(f"{name}: must be a list of words.", field=name)
    found = frozenset(str(each).strip().lower() for each in value if each)
    return found - {"none"}


def plain_text(value: object) -> str:
    """Return any stated value as one text."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, Mapping):
        return plain_text(value.get("name"))
    if isinstance(value, list):
        return "; ".join(plain_text(each) for each in value)
    return str(value)
