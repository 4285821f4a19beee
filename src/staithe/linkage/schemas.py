"""What the API of clerical review takes and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Schema


class ReviewerProgressOut(Schema):
    """How far one of the two reviewers is."""

    place: int
    name: str
    answered: int
    finished: bool


class PairReviewOut(Schema):
    """A review; its result once it is closed."""

    reference: str
    title: str
    project: str
    join: int
    run: int
    state: str
    asked_at: datetime
    closed_at: datetime | None
    problem: str
    pairs: int
    reviewers: list[ReviewerProgressOut]
    improves: bool
    result: dict[str, Any] | None


class MyAnswerOut(Schema):
    """One pair to judge and what you said of it, in your own order."""

    number: int
    answer: str | None


class ComparedOut(Schema):
    """A field of both records and whether it is the same, differs or is missing."""

    field: str
    left: str
    right: str
    compared: str


class HouseholdOut(Schema):
    """Others of the same address as one record of a pair."""

    place: str
    fields: list[str]
    records: list[list[str]]
    more: int


class JudgedPairOut(Schema):
    """The two records of a pair, without any score."""

    number: int
    fields: list[ComparedOut]
    households: list[HouseholdOut]


class AnswerIn(Schema):
    """What you say of a pair."""

    answer: Literal["match", "no match", "cannot tell"]


class BothAnswersOut(Schema):
    """What both said of a pair and what holds; shown when both have finished."""

    number: int
    first: str
    second: str
    holds: str
    settled: bool
    differs: bool


class CloseReviewIn(Schema):
    """Whether the next join of the two tables may learn from the answers."""

    improve: bool = False


class WeightStepOut(Schema):
    """One step of the waterfall of a match weight, in bits."""

    compared: str
    found: str
    weight: float
    rarity: float
    total: float


class ClusterRecordOut(Schema):
    """A record of a cluster."""

    name: str
    source: str
    values: list[str]
    of_pair: bool


class ClusterLinkOut(Schema):
    """A link of a cluster; a weak bridge alone holds two groups together."""

    left: str
    right: str
    weight: float
    bridge: bool


class ClusterOut(Schema):
    """The records that a pair's two are with, and the links between them."""

    fields: list[str]
    together: bool
    records: list[ClusterRecordOut]
    links: list[ClusterLinkOut]
    more: int
