"""One gateway: who may use it, for what, on which tests and conditions.

The strongest thing a gateway says is that it may apply if its conditions are
evidenced. Everything here is data; the file says what is law and what is to be checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from staithe.law.predicate import Test
from staithe.law.words import STRICT, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Who may stand on one side of a gateway.

    `listed` and `barred` are kinds of party; `when` is the test of the advice engine;
    `list` names a list of specified persons that decides instead.
    """

    __pydantic_config__ = STRICT

    who: str
    listed: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()
    when: Test | None = None
    list: str = ""
    ask: str = ""
    because: str = ""
    fact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One test of a gateway: why it fails, what to ask, what it evidences.

    An `express` bar is cited even where the route is only one that people reach for.
    """

    __pydantic_config__ = STRICT

    id: str
    because: str
    when: Test | None = None
    same_objective: str = ""
    ask: str = ""
    fact: str = ""
    question: str = ""
    express: bool = False
    conditions: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """One gateway, as one file in data/gateways states it.

    `status` says whether its substance was found in a public source or is general
    knowledge still to be verified; `dates_status` says the same of its dates.
    """

    __pydantic_config__ = STRICT

    id: str
    title: str
    summary: str
    kind: Literal["permits", "requires"]
    citation: str
    cites: tuple[str, ...] = ()
    also_cited: tuple[str, ...] = ()
    status: Status
    version_seen: str
    checked_on: date
    reviewer: str
    nations: tuple[str, ...]
    valid_from: date | None = None
    valid_to: date | None = None
    dates_status: Status
    purposes: tuple[str, ...]
    holders: Parties
    recipients: Parties
    needs: tuple[Need, ...] = ()
    conditions: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    onward: str
    restrictions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    human_review: bool = False
    # No power to share: how what is about nobody is released.
    is_power: bool = True

    def in_force(self, on: date) -> bool:
        """Say whether the gateway is in force on a day, as far as its dates tell."""
        return self.begun(on) and (self.valid_to is None or on <= self.valid_to)

    def begun(self, on: date) -> bool:
        """Say whether the gateway has begun by a day; an earlier answer knows it not."""
        return self.valid_from is None or self.valid_from <= on

    def serves(self, purpose: str) -> bool:
        """Say whether a purpose code is one of its purposes."""
        return any(
            purpose == each or (each.endswith("*") and purpose.startswith(each[:-1]))
            for each in self.purposes
        )

    @property
    def condition_texts(self) -> dict[str, str]:
        """The conditions in plain English, by id."""
        from staithe.law.vocabulary import CONDITIONS

        return {each: CONDITIONS.get(each, each) for each in self.conditions}

    @property
    def document_texts(self) -> dict[str, str]:
        """The documents that must exist, by id."""
        from staithe.law.vocabulary import DOCUMENTS

        return {each: DOCUMENTS.get(each, each) for each in self.documents}

    @property
    def purpose_texts(self) -> dict[str, str]:
        """The kinds of purpose that the gateway serves, by code."""
        from staithe.law.vocabulary import WORDS

        return {each: WORDS.purpose_text(each) for each in self.purposes}
