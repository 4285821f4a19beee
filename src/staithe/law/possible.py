"""A fact that is one of a few values, and it is not known which.

A department is ministerial or not; a name may stand for bodies of two kinds. A test
answers such a fact only where every value it may have gives the same answer, so that
the question is asked only where it matters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from staithe.law.truth import Truth


if TYPE_CHECKING:
    from collections.abc import Iterable


class OneOf(frozenset[str]):
    """The values that a fact may have: two or more."""

    __slots__ = ()


def one_of(values: Iterable[str]) -> str | OneOf | None:
    """Return the only value, several as one of them, or None where there is none."""
    found = OneOf(values)
    return next(iter(found)) if len(found) == 1 else found or None


def values_of(value: Any) -> list[Any]:
    """Return every value that a fact may have: itself, where it is known or unknown."""
    return sorted(value) if isinstance(value, OneOf) else [value]


def same_for_all(value: Any, test: Callable[[Any], Truth]) -> Truth:
    """Return the answer that every value gives, or unknown where they differ."""
    answers = {test(each) for each in values_of(value)}
    return answers.pop() if len(answers) == 1 else None
