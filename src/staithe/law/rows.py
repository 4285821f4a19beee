"""The other rows of law: what travels with data, what facts add, what people claim.

Each class is the schema of one file in data/rows; the engine only applies them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from staithe.law.predicate import Test
from staithe.law.words import STRICT, Dated, Reviewed, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction(Reviewed):
    """What binds information because of where it came from."""

    __pydantic_config__ = STRICT

    id: str
    title: str
    text: str
    when: Test
    bars_when: Test | None = None
    bars_if_no_route: Test | None = None
    asks_when: Test | None = None
    ask: str = ""
    fact: str = ""
    # Its question is which exception covers the use: open though no route fits.
    exceptions: bool = False
    covers_all: bool = False
    cites: tuple[str, ...] = ()
    route_cites: tuple[str, ...] | None = None
    conditions: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearing(Reviewed):
    """What some facts add to an answer: conditions, documents, questions, reasons."""

    __pydantic_config__ = STRICT

    id: str
    gateways: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    when: Test | None = None
    ask: str = ""
    decides: bool = False
    explain: str = ""
    review: str = ""
    with_route: bool = False
    without_route: bool = False
    conditions: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """Routes that people reach for on such facts, and other courses to consider."""

    __pydantic_config__ = STRICT

    id: str
    when: Test
    rule_out: tuple[str, ...] = ()
    rule_out_origin: bool = False
    consider: tuple[str, ...] = ()
    consider_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisRow(Dated):
    """One finding about a claimed basis, for the facts of its test."""

    __pydantic_config__ = STRICT

    when: Test
    finding: Literal[
        "claimed-basis-fits", "claimed-basis-weak", "claimed-basis-not-available"
    ]
    explain: str
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """A data-protection basis as people claim it."""

    __pydantic_config__ = STRICT

    id: str
    title: str
    names: tuple[str, ...]
    status: Status
    sources: tuple[str, ...] = ()
    checked_on: date
    reviewer: str
    rows: tuple[BasisRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Something claimed as a power, and what it really is."""

    __pydantic_config__ = STRICT

    id: str
    names: tuple[str, ...]
    explain: str
    gateway: str = ""
    cites: tuple[str, ...] = ()
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Facts that cannot both be so."""

    __pydantic_config__ = STRICT

    id: str
    when: Test
    field: str
    text: str
    # The same, without the names of facts.
    plain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActPart:
    """A run of sections that a chapter of an Act holds."""

    __pydantic_config__ = STRICT

    part: int
    chapter: int
    first: int
    last: int
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActSchedule:
    """The Schedule that lists persons for some sections of an Act."""

    __pydantic_config__ = STRICT

    number: int
    first: int
    last: int
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """An Act or instrument: how it is cited and how it is divided."""

    __pydantic_config__ = STRICT

    short: str
    name: str
    names: tuple[str, ...]
    unit: Literal["section", "article", "regulation"]
    sections: int = 0
    parts: tuple[ActPart, ...] = ()
    schedules: tuple[ActSchedule, ...] = ()
    # What is no longer law under a number, such as 19 or 68(5).
    gone: dict[str, str] = field(default_factory=dict)
    superseded: str = ""
    # Below this address the law is published: /section/1, /schedule/1, /article/1.
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoGateway(Reviewed):
    """Facts that need no gateway, unless a restriction covers the data."""

    __pydantic_config__ = STRICT

    id: str
    when: Test
    # Where a power fits and this test is met, the power is the answer.
    not_with_power_when: Test


@dataclass(frozen=True, slots=True, kw_only=True)
class StepConditions:
    """Which conditions a test that every gateway has evidences."""

    __pydantic_config__ = STRICT

    id: Literal["in-force", "nation", "listed", "holder", "recipient"]
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where something was read: the key that rows give, what it is, its address."""

    __pydantic_config__ = STRICT

    id: str
    title: str
    address: str = ""
