"""What to call a record, and how well words name it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from staithe.registers.item import Value
from staithe.registers.terms import is_naming, words


NAMES = ("name", "official-name", "register-name", "title", "text", "field")


def name_of(values: Mapping[str, Value]) -> str:
    """Return what to call a record; empty where nothing in it is a name."""
    for name in NAMES:
        value = values.get(name)
        if isinstance(value, str) and value:
            return value[:200]
    return ""


def names_in(values: Mapping[str, Value]) -> list[str]:
    """Return every name that a record has: other languages, synonyms, formal ones."""
    found = []
    for name, value in values.items():
        if is_naming(name):
            found += [value] if isinstance(value, str) else value
    return found


def rank(text: str, *, key: str, names: Iterable[str]) -> int:
    """Return how well a text names a record: 0 is just so, 1 begins so, 2 otherwise."""
    wanted = words(text)
    said = [words(key), *map(words, names)]
    if wanted in said:
        return 0
    begun = wanted[:-1], wanted[-1] if wanted else ""
    for each in said:
        head, last = each[: len(begun[0])], each[len(begun[0]) : len(wanted)]
        if head == begun[0] and last and last[0].startswith(begun[1]):
            return 1
    return 2
