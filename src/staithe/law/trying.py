"""How each route of a choice comes out on some facts: what a page of routes shows.

It is the same trial that the advice rests on, so a page that offers routes and the
advice beside it cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from staithe.law.advise import read_facts
from staithe.law.library import load_library
from staithe.law.trial import Trial, try_gateway
from staithe.law.truth import Truth, either


if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from staithe.law.library import Library


_SIDES: dict[Truth, str] = {
    True: "a body that this route is for, as far as the facts tell",
    False: "not a body that this route is for",
    None: "not certain, the library asks",
}


@dataclass(frozen=True, slots=True)
class Tried:
    """Whether a route fits some facts, why not, and how each side came out."""

    route_id: str
    answer: Truth
    why: str
    holder: Truth
    recipient: Truth

    @property
    def open(self) -> bool:
        """Whether nothing in the facts rules the route out."""
        return self.answer is not False

    def sides_in_words(self) -> tuple[str, str]:
        """Say of holder and recipient whether each may use the route."""
        return _SIDES[self.holder], _SIDES[self.recipient]


def try_routes(
    facts: object,
    route_ids: Iterable[str],
    *,
    on: date,
    library: Library | None = None,
) -> dict[str, Tried]:
    """Try routes on some facts on a day; BadInput names a field at fault."""
    the_library = library or load_library()
    cases = read_facts(facts, on=on, library=the_library)
    found = {}
    for route_id in route_ids:
        gateway = the_library.find(route_id, on=on)
        if gateway is not None:
            trials = [try_gateway(gateway, c, the_library, in_full=True) for c in cases]
            found[route_id] = _tried(route_id, trials)
    return found


def _tried(route_id: str, trials: list[Trial]) -> Tried:
    reasons = dict.fromkeys(s.sentence for trial in trials for s in trial.failed())
    why = "; ".join(list(reasons)[:3])
    return Tried(
        route_id,
        either(trial.answer for trial in trials),
        f"{why[:1].upper()}{why[1:]}." if why else "",
        either(trial.step("holder").answer for trial in trials),
        either(trial.step("recipient").answer for trial in trials),
    )
