"""The words that data files may use, read from data/words.

Conditions, documents, kinds of party, purposes, facts, classes of information and
bodies: a gateway or a row that uses any other word does not load. Texts are ours:
pointers, not the text of the law, and not legal advice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NATIONS = frozenset({"England", "Wales", "Scotland", "Northern Ireland"})
STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A condition, a document or a kind of party, with its meaning."""

    __pydantic_config__ = STRICT

    id: str
    text: str
    when: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeWord:
    """A kind of purpose; one that ends in * is a family."""

    __pydantic_config__ = STRICT

    id: str
    text: str
    more: str
    offered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A fact that tests may read, and what is assumed when nobody states it."""

    __pydantic_config__ = STRICT

    path: str
    kind: Literal["choice", "flag", "text", "words", "given", "body"]
    values: str | tuple[str, ...] = ()
    default: Any = None
    ask: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InformationClass:
    """A class of information, known by words in the names of data items."""

    __pydantic_config__ = STRICT

    id: str
    text: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body that lists name. A successor raises a question; it is never mapped."""

    __pydantic_config__ = STRICT

    id: str
    name: str
    type: str
    names: tuple[str, ...]
    parent: str = ""
    nation: str = ""
    succeeds: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, kw_only=True)
class Words:
    """Every word of the library."""

    conditions: Mapping[str, Word]
    documents: Mapping[str, Word]
    parties: Mapping[str, Word]
    groups: Mapping[str, frozenset[str]]
    purposes: Mapping[str, PurposeWord]
    facts: Mapping[str, Fact]
    classes: Mapping[str, InformationClass]
    bodies: Mapping[str, Body]
    verdicts: Mapping[str, PurposeWord]
    gateways: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def body_pattern(self) -> tuple[re.Pattern[str], Mapping[str, str]]:
        """Return a pattern that finds any name of a body, and name -> id."""
        ids = {name.lower(): b.id for b in self.bodies.values() for name in b.names}
        longest = sorted(ids, key=len, reverse=True)
        names = "|".join(re.escape(name) for name in longest)
        return re.compile(rf"(?<![\w-])(?:{names})(?![\w-])"), ids

    @cached_property
    def class_pattern(self) -> tuple[re.Pattern[str], Mapping[str, frozenset[str]]]:
        """Return a pattern that finds any word of a class, and word -> classes."""
        found: dict[str, set[str]] = {}
        for each in self.classes.values():
            for word in each.words:
                found.setdefault(word, set()).add(each.id)
        words = "|".join(
            re.escape(w) for w in sorted(found, key=lambda w: (-len(w), w))
        )
        return (
            re.compile(rf"(?:^|(?<=-))(?=({words})(?:-|$))"),
            {word: frozenset(ids) for word, ids in found.items()},
        )

    def bodies_in(self, text: str) -> frozenset[str]:
        """Return the bodies whose names a text contains."""
        pattern, ids = self.body_pattern
        return frozenset(ids[m] for m in pattern.findall(text.lower()))

    def classes_of(self, item: str) -> frozenset[str]:
        """Return the classes of information that the name of a data item shows."""
        pattern, classes = self.class_pattern
        plain = re.sub(r"[\s_]+", "-", item.strip().lower())
        found: set[str] = set()
        for word in pattern.findall(plain):
            found |= classes[word]
        return frozenset(found)

    def purpose(self, code: str) -> PurposeWord | None:
        """Return the purpose of a code, by itself or by its family."""
        if code in self.purposes and not code.endswith("*"):
            return self.purposes[code]
        for each in self.purposes.values():
            stem = each.id.removesuffix("*")
            if stem != each.id and code.startswith(stem) and len(code) > len(stem):
                return each
        return None

    def purpose_text(self, code: str) -> str:
        """Return a purpose code or pattern in words."""
        found = self.purposes.get(code) or self.purpose(code)
        return "any purpose" if code == "*" else found.text if found else code


def by_id(items: Iterable[Any]) -> dict[str, Any]:
    """Return items by their id (or path)."""
    return {getattr(item, "id", None) or item.path: item for item in items}
