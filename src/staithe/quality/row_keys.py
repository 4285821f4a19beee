"""Which columns name a row: shown beside a pseudonym, they would undo it.

A person's number, the holder's own row number or any value that nearly every row has
to itself leads back to the row it came from, whatever the publisher says of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from staithe.quality.semantic import PERSON_SCHEMES


NAMING = PERSON_SCHEMES | {"person_id"}
# Measured, not given out: two rows with one income are chance, not one person.
_MEASURES = frozenset({"amount", "date", "latitude", "longitude", "grid_reference"})
# Staithe's words for numbers that have decimals.
_FRACTIONS = ("number", "decimal")
# Fewer values than this can all differ by chance, as five regions in five rows do.
ENOUGH_ROWS = 20
NEARLY_UNIQUE = 0.95
# An identifier that many rows share names a group: the code of a hospital.
ROWS_OF_A_GROUP = 20


def why_row_key(column: Mapping[str, Any], *, rows: int) -> str:
    """Return why a column names a row, as the end of a sentence; or nothing.

    `column` is one of a catalogue version: type, semantic_type, nulls, distinct.
    """
    meaning = str(column.get("semantic_type", ""))
    distinct = int(column.get("distinct") or 0)
    filled = max(0, rows - int(column.get("nulls") or 0))
    if meaning in NAMING:
        return "is a number of a person"
    if meaning == "identifier" and distinct * ROWS_OF_A_GROUP > filled:
        return "is an identifier"
    if filled < ENOUGH_ROWS or _is_measure(meaning, str(column.get("type", ""))):
        return ""
    if distinct >= NEARLY_UNIQUE * filled:
        return "differs in nearly every row"
    return ""


def is_row_key(column: Mapping[str, Any], *, rows: int) -> bool:
    """Say whether a column names a row, so that it serves matching only."""
    return bool(why_row_key(column, rows=rows))


def _is_measure(meaning: str, kind: str) -> bool:
    return meaning in _MEASURES or kind.startswith(_FRACTIONS)
