"""What the law library makes of a flow: the same advice for requester and holder.

The facts come from the request itself. What this service does not know (what kind of
department a body is, accreditation, what the columns are about) is left unknown, so the
advice asks for it. A column name is a hint beside the question, never a fact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from staithe.base.clock import now
from staithe.base.errors import BadInput, UserError
from staithe.law.advise import advise
from staithe.law.answered import ITEMS
from staithe.law.questions import question_texts, said
from staithe.law.routes import load_routes
from staithe.law.trying import Tried, try_routes
from staithe.law.vocabulary import CONDITIONS, DOCUMENTS, KINDS, WORDS


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from staithe.law.advice import Advice, Question
    from staithe.people.models import Organisation
    from staithe.sharing.models import Flow

# Verdicts that leave no question of law open on the facts as stated.
SETTLED = ("may-apply", "duty", "gateway-not-needed")
# Yes or no, a word of the vocabulary, or several.
Answer = bool | str | list[str]


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
    }
    if flow.route_id:
        facts["route_asked"] = flow.route_id
    if flow.legal_answers:
        facts["answers"] = dict(flow.legal_answers)
    return facts


def _party(organisation: Organisation) -> dict[str, Any]:
    """State a body, and every kind that it may be: the advice asks where it matters."""
    known = WORDS.kinds_called(organisation.name)
    kinds = sorted(known or KINDS.get(organisation.kind, frozenset()))
    party: dict[str, Any] = {"name": organisation.name}
    return party | ({"type": kinds[0] if len(kinds) == 1 else kinds} if kinds else {})


def hints_of_columns(flow: Flow) -> dict[str, list[str]]:
    """Return what the names of columns suggest: class of information -> columns."""
    found: dict[str, list[str]] = {}
    for column in dict.fromkeys((*flow.columns, *flow.link_columns)):
        for each in sorted(WORDS.classes_of(str(column)[:200])):
            found.setdefault(each, []).append(str(column))
    return found


def find_advice(flow: Flow, *, on: date) -> Advice | None:
    """Return the advice for a flow on a day, or None where its facts cannot be read."""
    try:
        return advise(facts_of_flow(flow), on=on)
    except UserError:
        return None


def open_verdict(flow: Flow, *, on: date) -> str:
    """Return what the library said in words where it leaves something to explain."""
    advice = find_advice(flow, on=on)
    if advice is None or advice.verdict in SETTLED:
        return ""
    return WORDS.verdicts[advice.verdict].text


def questions_to_answer(advice: Advice | None) -> list[Question]:
    """Return the questions of an answer that a page can put: yes, no, or a choice."""
    return [q for q in advice.questions if "text" not in q.accepts] if advice else []


def check_answer(question: Question, answer: Answer) -> None:
    """Raise BadInput unless an answer is one that its question accepts."""
    if "yes" in question.accepts:
        fits = isinstance(answer, bool)
    elif question.id == ITEMS:
        fits = isinstance(answer, list) and _are_items(answer, question)
    else:
        fits = isinstance(answer, str) and answer in question.accepts
    if not fits:
        accepted = ", ".join(question.accepts)
        raise BadInput(
            f"“{question.text}” does not accept this answer. Accepted: {accepted}.",
            field="answers",
        )


def _are_items(answer: list[str], question: Question) -> bool:
    known = bool(answer) and set(answer) <= set(question.accepts)
    return known and ("none" not in answer or len(answer) == 1)


def answers_in_words(flow: Flow) -> list[tuple[str, str]]:
    """Return what the requester answered: question and answer, in words."""
    texts = question_texts()
    return [(texts.get(q, q), said(q, a)) for q, a in flow.legal_answers.items()]


def routes_tried(flow: Flow, route_ids: Iterable[str], *, on: date) -> dict[str, Tried]:
    """Try routes on the facts of a flow; none where its facts cannot be read."""
    facts = facts_of_flow(flow)
    facts.pop("route_asked", None)
    try:
        return try_routes(facts, route_ids, on=on)
    except UserError:
        return {}


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
    return {
        "advice": advice,
        "advice_verdict": verdict,
        "advice_answers": answers_in_words(flow),
    }
