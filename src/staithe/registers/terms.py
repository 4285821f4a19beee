"""Words and values by which records are found: current names and every earlier one.

Old names stay findable on purpose: people type the name that they know.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from staithe.registers.item import Value
from staithe.registers.schema import Schema


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


def terms_of(
    schema: Schema | None, *, key: str, values: Mapping[str, Value]
) -> Iterator[tuple[str, str]]:
    """Yield (field, text) of everything by which a record is found."""
    for word in words(key):
        yield WORDS, word
    for name, value in values.items():
        texts = [value] if isinstance(value, str) else value
        if is_naming(name):
            for text in texts:
                for word in words(text):
                    yield WORDS, word
        if schema and name in schema.link_fields:
            for text in texts:
                yield name, text[:MAX_TERM]
