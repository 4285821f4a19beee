"""What the engine answers: verdict, routes, conditions, questions, reasons.

Five separate answers are kept apart: power, restrictions, data-protection basis,
process, and whether a person must look. Nothing here says that a share is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from staithe.law.truth import Truth, in_words


if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask: a fact of the vocabulary, or a yes or no under its id."""

    id: str
    text: str
    fact: str
    accepts: tuple[str, ...]
    decides: bool
    hangs_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One test of one route, and how it came out."""

    id: str
    label: str
    answer: Truth
    sentence: str
    question: Question | None = None
    conditions: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()
    express: bool = False
    # Its citations belong to the answer however it came out.
    cited: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """How one route came out in one direction: a branch of the reasoning."""

    id: str
    direction: str
    answer: Truth
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A route that fits, or would if the questions are answered so."""

    id: str
    title: str
    citation: str
    status: str
    fits: Truth
    directions: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class RuledOut:
    """A route that does not fit, and why."""

    id: str
    title: str
    citation: str
    why: str


@dataclass(frozen=True, slots=True)
class Item:
    """A condition or document, in words."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Travels:
    """A restriction that travels with fields because of where they came from."""

    id: str
    title: str
    text: str
    fields: tuple[str, ...]
    citations: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Everything that the library says about some facts on a day."""

    verdict: str
    on: date
    gateways: tuple[Candidate, ...]
    ruled_out: tuple[RuledOut, ...]
    conditions: tuple[Item, ...]
    documents: tuple[Item, ...]
    citations: tuple[str, ...]
    questions: tuple[Question, ...]
    explain: tuple[str, ...]
    restrictions: tuple[Travels, ...]
    also_consider: tuple[str, ...]
    lawful_basis_finding: str | None
    citation_findings: tuple[str, ...]
    review_reasons: tuple[str, ...]
    lists_as_of: Mapping[str, str]
    unverified: tuple[str, ...]
    ignored: tuple[str, ...]
    reasoning: tuple[Branch, ...]

    @property
    def human_review(self) -> bool:
        """Whether a person must look before anything is decided."""
        return bool(self.review_reasons)

    @property
    def ask_for(self) -> tuple[str, ...]:
        """The questions in words, those that decide the verdict first."""
        return tuple(each.text for each in self.questions)

    def to_plain(self, *, reasoning: bool = False) -> dict[str, Any]:
        """Return plain values for JSON, with the reasoning as a tree if asked."""
        plain: dict[str, Any] = {
            "verdict": self.verdict,
            "on": self.on.isoformat(),
            "gateways": [_candidate(each) for each in self.gateways],
            "ruled_out": [_plain(each) for each in self.ruled_out],
            "conditions": [_plain(each) for each in self.conditions],
            "documents": [_plain(each) for each in self.documents],
            "citations": list(self.citations),
            "ask_for": list(self.ask_for),
            "questions": [_question(each) for each in self.questions],
            "explain": list(self.explain),
            "restrictions": [_plain(each) for each in self.restrictions],
            "also_consider": list(self.also_consider),
            "lawful_basis_finding": self.lawful_basis_finding,
            "citation_findings": list(self.citation_findings),
            "human_review": self.human_review,
            "human_review_reasons": list(self.review_reasons),
            "lists_as_of": dict(self.lists_as_of),
            "unverified": list(self.unverified),
            "ignored_facts": list(self.ignored),
        }
        if reasoning:
            plain["reasoning"] = [_branch(each) for each in self.reasoning]
        return plain


def _plain(row: Any) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in row.__slots__}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in found.items()}


def _candidate(row: Candidate) -> dict[str, Any]:
    return _plain(row) | {"fits": "as stated" if row.fits else "to be asked"}


def _question(row: Question) -> dict[str, Any]:
    return _plain(row)


def _branch(row: Branch) -> dict[str, Any]:
    return {
        "id": row.id,
        "direction": row.direction,
        "answer": in_words(row.answer),
        "steps": [
            {"label": s.label, "answer": in_words(s.answer), "sentence": s.sentence}
            for s in row.steps
        ],
    }
