"""The index of words and values, brought up to the end of the log.

It follows the log and is never ahead of it: what it does not cover yet is found a
little later, and nothing that it says is shown without looking at the record.
"""

from __future__ import annotations

from django.db import connection, transaction

from staithe.registers import reading, storage, terms
from staithe.registers.actions import schema_of
from staithe.registers.models import Register


PAGE = 2000
AT_ONCE = 5000  # entries that are indexed with the write; more are left to a job


def index_some(register: Register) -> bool:
    """Index the next entries of a register; return whether any are left."""
    with transaction.atomic():
        register = Register.objects.select_for_update().get(pk=register.pk)
        first = register.indexed_size + 1
        found = reading.entries(register.pk, first, first + PAGE - 1)
        if not found:
            return False
        schema = schema_of(register)
        rows = {
            (register.pk, field, text, each.place)
            for each in found
            for values in reading.data_of(register.pk, each)
            for field, text in terms.terms_of(schema, key=each.key, values=values)
        }
        with connection.cursor() as cursor:
            storage.insert_new(
                cursor,
                "registers_term",
                ("register_id", "field", "text", "place"),
                rows,
            )
        register.indexed_size = found[-1].number
        register.save(update_fields=["indexed_size"])
    return register.indexed_size < register.size


def search(register: Register, text: str, *, limit: int) -> list[int]:
    """Return the places of the records that have every word (the start of one)."""
    wanted = terms.words(text)[:8]
    if not wanted:
        return []
    sets = [_places(register, word) for word in sorted(wanted, key=len, reverse=True)]
    both = set.intersection(*sets)
    return sorted(both)[:limit]


MOST = 20_000  # places that one word may bring


def _places(register: Register, word: str) -> set[int]:
    found = reading.rows(
        "SELECT place FROM registers_term WHERE register_id = %s AND field = %s "
        "AND text >= %s AND text < %s LIMIT %s",
        [register.pk, terms.WORDS, word, word + "\U0010ffff", MOST],
    )
    return {row[0] for row in found}


def places_with(register: Register, *, field: str, value: str) -> list[int] | None:
    """Return the places that ever had a value in a link field; None if not indexed."""
    schema = schema_of(register)
    if schema is None or field not in schema.link_fields:
        return None
    if register.indexed_size < register.size or len(value) > terms.MAX_TERM:
        return None
    found = reading.rows(
        "SELECT place FROM registers_term WHERE register_id = %s AND field = %s "
        "AND text = %s ORDER BY place",
        [register.pk, field, value],
    )
    return [row[0] for row in found]
