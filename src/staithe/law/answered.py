"""Answers to the questions of the library: yes or no, or the fact that was asked for.

An answer under the name of a fact states that fact; any other is a yes or a no under
the id of its question.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from staithe.base.errors import BadInput
from staithe.law.values import choice_is_open, flag


if TYPE_CHECKING:
    from staithe.law.words import Words

# What the data is about is stated as data items, and tested as their classes.
ITEMS = "data_kinds"


def states_fact(question: str, words: Words) -> bool:
    """Say whether an answer to a question is a fact, and not a yes or a no."""
    known = words.facts.get(question)
    return question == ITEMS or (known is not None and known.kind == "choice")


def with_answers(facts: Mapping[str, Any], words: Words) -> Mapping[str, Any]:
    """Return the facts with what the answers state of them, and the other answers."""
    answers = facts.get("answers")
    if answers is None:
        return facts
    if not isinstance(answers, Mapping):
        raise BadInput(
            "answers: must be a mapping of question id to its answer.", field="answers"
        )
    found = dict(facts)
    left = {}
    for question, answer in answers.items():
        name = str(question)
        if not states_fact(name, words):
            left[name] = answer
        elif not choice_is_open(answer):
            _state(found, name, answer)
    return {**found, "answers": left}


def _state(facts: dict[str, Any], path: str, value: object) -> None:
    """State one fact, where the facts do not state it otherwise."""
    head, _, part = path.partition(".")
    if not part:
        if facts.get(head) not in (None, value) and not choice_is_open(facts[head]):
            raise BadInput(
                f"answers.{path}: the facts state {head} already. Change one of them.",
                field=f"answers.{path}",
            )
        facts[head] = value
        return
    whole = facts.get(head)
    if isinstance(whole, list):
        if len(whole) > 1:
            raise BadInput(
                f"answers.{path}: there are several. State {part} with each {head}.",
                field=f"answers.{path}",
            )
        whole = whole[0] if whole else None
    known = dict(whole) if isinstance(whole, Mapping) else {}
    if not known and whole is not None:
        known = {"code" if part == "code" else "name": whole}
    before = known.get(part)
    if isinstance(before, list) and value in before:
        before = None
    if before not in (None, value) and not choice_is_open(before):
        raise BadInput(
            f"answers.{path}: the facts state {path} already. Change one of them.",
            field=f"answers.{path}",
        )
    facts[head] = {**known, part: value}


def yes_or_no(value: object) -> dict[str, bool]:
    """Read the answers that are a yes or a no; those not known are left out."""
    if not isinstance(value, Mapping):
        return {}
    found = {str(k): flag(f"answers.{k}", v) for k, v in value.items()}
    return {key: answer for key, answer in found.items() if answer is not None}
