"""What the law library makes of a flow: the same advice for requester and holder.

The facts come from the request itself. What this service does not know (what kind of
department a body is, accreditation) is left unknown, so the advice asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from staithe.base.clock import now
from staithe.base.errors import UserError
from staithe.law.advise import advise
from staithe.law.routes import load_routes
from staithe.law.vocabulary import CONDITIONS, DOCUMENTS, KINDS, WORDS


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from staithe.law.advice import Advice, Question
    from staithe.people.models import Organisation
    from staithe.sharing.models import Flow


def facts_of_flow(flow: Flow) -> dict[str, Any]:
    """State a flow in the vocabulary of the law library.

    Recipients see a pseudonym for each project and never identifiers, so the data is
    pseudonymised at most.
    """
    project = flow.request.project
    facts: dict[str, Any] = {
        "holder": _party(flow.holder),
        "recipient": _party(project.organisation),
        "purpose": {"code": project.purpose_code},
        "personal_data": "pseudonymised",
        "data_kinds": [str(each)[:200] for each in flow.columns][:200],
    }
    if flow.route_id:
        facts["route_asked"] = flow.route_id
    if flow.legal_answers:
        facts["answers"] = dict(flow.legal_answers)
    return facts


def _party(organisation: Organisation) -> dict[str, str]:
    known = WORDS.bodies_in(organisation.name)
    kinds = {WORDS.bodies[each].type for each in known} - {""} or KINDS.get(
        organisation.kind, frozenset()
    )
    party = {"name": organisation.name}
    return party | ({"type": next(iter(kinds))} if len(kinds) == 1 else {})


def find_advice(flow: Flow, *, on: date) -> Advice | None:
    """Return the advice for a flow on a day, or None where its facts cannot be read."""
    try:
        return advise(facts_of_flow(flow), on=on)
    except UserError:
        return None


def questions_to_answer(advice: Advice | None) -> list[Question]:
    """Return the questions of an answer that a yes or a no settles."""
    return [q for q in advice.questions if "yes" in q.accepts] if advice else []


def changes_in_words(
    parts: Iterable[tuple[str, Any, Any]],
) -> list[tuple[str, str, str]]:
    """Say in words what the library said then of each part, and what it says now."""
    return [
        (part.replace("_", " ").capitalize(), _said(part, then), _said(part, today))
        for part, then, today in parts
    ]


def _said(part: str, value: Any) -> str:
    """Return ids as the words that people know them by."""
    values = value if isinstance(value, list) else [value]
    routes = load_routes()
    words: dict[str, Mapping[Any, str]] = {
        "verdict": {key: word.text for key, word in WORDS.verdicts.items()},
        "conditions": CONDITIONS,
        "documents": DOCUMENTS,
        "human_review": {True: "yes", False: "no"},
    }
    known = words.get(part, {route.id: route.title for route in routes.routes})
    texts = [str(known.get(each, each)).rstrip(".") for each in values if each != ""]
    return "; ".join(texts) if texts and value is not None else "none"


def advice_context(flow: Flow) -> dict[str, Any]:
    """Return what a page needs to show the advice of today beside a flow."""
    advice = find_advice(flow, on=now().date())
    verdict = WORDS.verdicts[advice.verdict].text if advice else ""
    return {"advice": advice, "advice_verdict": verdict}
