"""Words and values by which records are found.

Old names stay findable on purpose: people type the name that they know.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from staithe.registers.item import Value
from staithe.registers.keys import MAX_NAME


MAX_TERM = 100
WORDS = ""  # the field under which words of any naming field stand
_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """Return the words of a text: small letters, no accents, in order."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    return [word[:MAX_TERM] for word in _WORD.findall(bare)]


def is_naming(field: str) -> bool:
    """Tell whether a field holds names, by how registers call such fields."""
    parts = field.split("-")
    return bool({"name", "names", "title", "synonyms", "text"} & set(parts))


def words_of(key: str, values: Mapping[str, Value]) -> set[str]:
    """Return the words by which a record is found: of its key and its names."""
    texts = [key]
    for name, value in values.items():
        if is_naming(name):
            texts += [value] if isinstance(value, str) else value
    return {word for text in texts for word in words(text)}


def values_of(
    values: Mapping[str, Value], *, leave_out: str
) -> Iterator[tuple[str, str]]:
    """Yield (field, value) of all that a record holds, as far as the index keeps it.

    Its key is left out: the record is found by that anyway.
    """
    for name, value in values.items():
        if name != leave_out and len(name) <= MAX_NAME:
            for text in [value] if isinstance(value, str) else value:
                if text:
                    yield name, text[:MAX_TERM]
