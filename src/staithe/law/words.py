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

_BESIDE_NAMES = re.compile(r"\band\b|\bthe\b|[\W_]+")
STRICT = ConfigDict(extra="forbid")
Status = Literal["found", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A row of law that holds from one day, and until another if it has ended."""

    __pydantic_config__ = STRICT

    valid_from: date
    valid_to: date | None = None

    def in_force(self, on: date) -> bool:
        """Say whether the row holds on a day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed(Dated):
    """A dated row that says how sure it is, where it was read, who looked and when."""

    __pydantic_config__ = STRICT

    status: Status
    sources: tuple[str, ...] = ()
    checked_on: date
    reviewer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A kind of party, with its meaning, and what it is called by name.

    `called` are patterns, in small letters, that a whole name must match.
    """

    __pydantic_config__ = STRICT

    id: str
    text: str
    more: str = ""
    # The heading of the group of kinds that begins here.
    begins: str = ""
    called: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement(Reviewed):
    """A condition to be evidenced or a document that must exist, and since when."""

    __pydantic_config__ = STRICT

    id: str
    text: str
    # Said only where this test of the facts is met.
    when: Any = None
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeWord:
    """A kind of purpose; one that ends in * is a family."""

    __pydantic_config__ = STRICT

    id: str
    text: str
    more: str
    offered: bool = False
    area: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A fact that tests may read, and what is assumed when nobody states it."""

    __pydantic_config__ = STRICT

    path: str
    kind: Literal["choice", "flag", "text", "words", "given", "body"]
    values: str | tuple[str, ...] = ()
    default: Any = None
    ask: str = ""
    # A description may stand where yes or no is meant: it is then asked.
    loose: bool = False
    # Asked for whatever the route.
    basic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InformationClass:
    """A class of information, known by words in the names of data items."""

    __pydantic_config__ = STRICT

    id: str
    text: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body that lists name. A successor raises a question; it is never mapped.

    One without a type is a programme: its name counts in a party of any kind.
    """

    __pydantic_config__ = STRICT

    id: str
    name: str
    type: str = ""
    names: tuple[str, ...]
    parent: str = ""
    nation: str = ""
    succeeds: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None

    def exists(self, on: date) -> bool:
        """Say whether the body exists on a day, as far as its dates tell."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstance:
    """Something that may be true of a share, in plain words, and what follows."""

    __pydantic_config__ = STRICT

    id: str
    text: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyWords:
    """The file of kinds of party: with groups of them, and groups that are alike."""

    __pydantic_config__ = STRICT

    kinds: list[Any]
    groups: dict[str, list[str]]
    families: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nation:
    """A nation, or a name that means several of them."""

    __pydantic_config__ = STRICT

    id: str
    nations: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Words:
    """Every word of the library."""

    conditions: Mapping[str, Requirement]
    documents: Mapping[str, Requirement]
    parties: Mapping[str, Word]
    groups: Mapping[str, frozenset[str]]
    families: tuple[frozenset[str], ...]
    nation_names: Mapping[str, Nation]
    purposes: Mapping[str, PurposeWord]
    facts: Mapping[str, Fact]
    classes: Mapping[str, InformationClass]
    bodies: Mapping[str, Body]
    areas: Mapping[str, PurposeWord]
    verdicts: Mapping[str, PurposeWord]
    circumstances: Mapping[str, Circumstance]
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

    @cached_property
    def basics(self) -> tuple[str, ...]:
        """Return the facts that every route needs."""
        return tuple(each.path for each in self.facts.values() if each.basic)

    @cached_property
    def nations(self) -> frozenset[str]:
        """Return the nations themselves."""
        return frozenset().union(*(n.nations for n in self.nation_names.values()))

    @cached_property
    def nation_pattern(self) -> tuple[re.Pattern[str], Mapping[str, frozenset[str]]]:
        """Return a pattern that finds any name of a nation, and name -> nations."""
        known = {
            name: frozenset(each.nations)
            for each in self.nation_names.values()
            for name in each.names
        }
        names = "|".join(
            re.escape(name) for name in sorted(known, key=len, reverse=True)
        )
        return re.compile(rf"(?<![\w-])(?:{names})(?![\w-])"), known

    def nations_of(self, name: str) -> frozenset[str] | None:
        """Return the nations that a name means, or None if it means none."""
        return self.nation_pattern[1].get(name.strip().lower())

    def nations_in(self, text: str) -> frozenset[str]:
        """Return the nations that a text names, beside the names of bodies."""
        pattern, known = self.nation_pattern
        plain = self.body_pattern[0].sub(" ", text.lower())
        return frozenset().union(*(known[m] for m in pattern.findall(plain)))

    def bodies_in(
        self, text: str, kinds: frozenset[str] = frozenset()
    ) -> frozenset[str]:
        """Return the bodies whose names a text contains.

        A firm that works for a department is not the department: where the kind of
        party is known, a name of another family of kinds does not count.
        """
        pattern, ids = self.body_pattern
        found = {ids[m] for m in pattern.findall(text.lower())}
        return frozenset(each for each in found if self.may_be(each, kinds))

    def may_be(self, body: str, kinds: frozenset[str] = frozenset()) -> bool:
        """Say whether a body may be described as one of some kinds of party."""
        known = self.bodies[body].type
        return (
            not known
            or not kinds
            or known in kinds
            or any(
                {known, kind} <= family for family in self.families for kind in kinds
            )
        )

    def kinds_called(self, name: str) -> frozenset[str]:
        """Return the kinds of body that a whole name tells, none where it tells none.

        A name with anything else in it may be that of a contractor: it tells nothing.
        """
        plain = " ".join(name.lower().split())
        pattern, ids = self.body_pattern
        kinds = {self.bodies[ids[m]].type for m in pattern.findall(plain)}
        if kinds and not _BESIDE_NAMES.sub("", pattern.sub("", plain)):
            return frozenset(kinds - {""})
        return frozenset(
            word.id
            for word in self.parties.values()
            if any(
                re.fullmatch(each, plain.removeprefix("the ")) for each in word.called
            )
        )

    def body_called(self, text: str) -> Body | None:
        """Return the body whose whole name a text is, or None."""
        plain, ids = text.strip().lower(), self.body_pattern[1]
        body = ids.get(plain) or ids.get(plain.removeprefix("the "))
        return self.bodies[body] if body else None

    def classes_of(self, item: str) -> frozenset[str]:
        """Return the classes of information that the name of a data item shows."""
        pattern, classes = self.class_pattern
        plain = re.sub(r"[\s_]+", "-", item.strip().lower())
        found: set[str] = {plain} & set(self.classes)
        for word in pattern.findall(plain):
            found |= classes[word]
        found |= classes.get(f"={plain}", frozenset())  # a word for the whole name
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
    """Return items by their id, or by their path where they have no id."""
    return {item.id if hasattr(item, "id") else item.path: item for item in items}
