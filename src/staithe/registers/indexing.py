"""The index of words and values, brought up to the end of the log.

It follows the log and is never ahead of it: what it does not cover yet is found a
little later, and nothing that it says is shown without looking at the record.
"""

from __future__ import annotations

from django.db import connection, transaction

from staithe.registers import reading, storage, terms
from staithe.registers.models import Register
from staithe.registers.reading import StoredEntry
from staithe.registers.schema import Schema, read_schema


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
        schema = read_schema(reading.metadata(register.pk), name=register.name)
        _write_terms(register, schema, found)
        register.indexed_size = found[-1].number
        register.save(update_fields=["indexed_size"])
    return register.indexed_size < register.size


def _write_terms(
    register: Register, schema: Schema | None, found: list[StoredEntry]
) -> None:
    """Add the words of every entry and the values of its record's newest one.

    Words stay for good, so that old names are found; values only while they hold.
    """
    newest = {each.place: each for each in found}
    words: set[tuple[str, str, int]] = set()
    values: set[tuple[str, str, int]] = set()
    for each in found:
        for held in reading.data_of(register.pk, each):
            words.update(
                (terms.WORDS, word, each.place)
                for word in terms.words_of(each.key, held)
            )
    for place, each in newest.items():
        values.update((*term, place) for term in _values(register, schema, each))
    gone = _outdated(register, schema, found) - values
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM registers_term WHERE register_id = %s AND field = %s "
            "AND text = %s AND place = %s",
            [(register.pk, *term) for term in gone],
        )
        storage.insert_new(
            cursor,
            "registers_term",
            ("register_id", "field", "text", "place"),
            [(register.pk, *term) for term in sorted(words | values)],
        )


def _values(
    register: Register, schema: Schema | None, each: StoredEntry
) -> set[tuple[str, str]]:
    own = schema.register if schema else ""
    return {
        term
        for held in reading.data_of(register.pk, each)
        for term in terms.values_of(held, leave_out=own)
    }


def _outdated(
    register: Register, schema: Schema | None, found: list[StoredEntry]
) -> set[tuple[str, str, int]]:
    """Return the values of the entries that these entries follow."""
    before = [each.previous for each in found if each.previous]
    return {
        (*term, each.place)
        for each in reading.entries_at(register.pk, before)
        for term in _values(register, schema, each)
    }


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


def is_whole(value: str) -> bool:
    """Tell whether the index holds a value whole, so that equal means equal."""
    return len(value) < terms.MAX_TERM


def places_with(
    register: Register,
    *,
    field: str,
    value: str,
    start: int = 1,
    limit: int | None = None,
) -> list[int]:
    """Return places of the records that now have a value, or one that begins as it.

    The second only where the value is too long for the index (`is_whole`).
    """
    sql = (
        "SELECT place FROM registers_term WHERE register_id = %s AND field = %s "
        "AND text = %s ORDER BY place"
    )
    values = [register.pk, field, value[: terms.MAX_TERM]]
    if limit is not None:
        sql += " LIMIT %s OFFSET %s"
        values += [limit, start - 1]
    return [row[0] for row in reading.rows(sql, values)]
