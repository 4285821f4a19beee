"""Three-valued answers: yes, no and not known (None), combined as Kleene did.

Unknown is a value: it is asked about, and never taken for yes or for no.
"""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable

Truth = bool | None


def both(answers: Iterable[Truth]) -> Truth:
    """Return no if any is no, else unknown if any is unknown, else yes."""
    found: Truth = True
    for answer in answers:
        if answer is False:
            return False
        if answer is None:
            found = None
    return found


def either(answers: Iterable[Truth]) -> Truth:
    """Return yes if any is yes, else unknown if any is unknown, else no."""
    found: Truth = False
    for answer in answers:
        if answer is True:
            return True
        if answer is None:
            found = None
    return found


def opposite(answer: Truth) -> Truth:
    """Return the other answer; what is unknown stays unknown."""
    return None if answer is None else not answer


def in_words(answer: Truth) -> str:
    """Return an answer as people say it."""
    return {True: "yes", False: "no", None: "not known"}[answer]
