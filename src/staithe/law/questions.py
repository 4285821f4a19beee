"""The questions of the library by id, in words: for answers shown after they are given."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from staithe.law.answered import ITEMS
from staithe.law.library import load_library


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from staithe.law.gateway import Gateway
    from staithe.law.library import Library
    from staithe.law.rows import Bearing, Restriction


@cache
def question_texts() -> Mapping[str, str]:
    """Return what each question of the shipped library asks: id -> words."""
    library = load_library()
    return dict(_texts(library))


def said(question: str, answer: object) -> str:
    """Return an answer in words: yes, no, or the words of the vocabulary."""
    words = load_library().words
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    known = words.facts.get(question)
    values = [str(each) for each in (answer if isinstance(answer, list) else [answer])]
    if question == ITEMS:
        texts = {key: each.text for key, each in words.classes.items()}
    elif known is not None and known.values == "parties":
        texts = {key: each.text for key, each in words.parties.items()}
    else:
        texts = {}
    return ", ".join(
        texts.get(each, "none of them" if each == "none" else each) for each in values
    )


def _texts(library: Library) -> Iterator[tuple[str, str]]:
    for fact in library.words.facts.values():
        if fact.ask:
            yield (ITEMS if fact.path == "kinds" else fact.path), fact.ask
    for gateway in library.routes:
        yield from _of_gateway(gateway)
    for the_list in library.lists.values():
        for side in ("holder", "recipient"):
            yield (
                f"{side}-in-{the_list.id}",
                f"Is the {side} named in {the_list.citation}?",
            )
    rows: tuple[Restriction | Bearing, ...] = (
        *library.restrictions,
        *library.bearings,
    )
    yield from ((row.id, row.ask) for row in rows if row.ask)


def _of_gateway(gateway: Gateway) -> Iterator[tuple[str, str]]:
    here = ", ".join(gateway.nations)
    text = f"Is what lies outside {here} left out or covered by another power?"
    yield f"{gateway.id}.nation", text
    for side, parties in (
        ("holder", gateway.holders),
        ("recipient", gateway.recipients),
    ):
        who = parties.who.rstrip(".")
        ask = parties.ask or f"Is the {side} such a body: {who[:1].lower()}{who[1:]}?"
        yield parties.fact or f"{gateway.id}.{side}", ask
    for need in gateway.needs:
        yield (
            need.question or f"{gateway.id}.{need.id}",
            need.ask or f"Is it not so that {need.because}?",
        )
