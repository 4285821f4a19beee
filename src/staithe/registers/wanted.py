"""What an update wants of a register, line by line, and how it differs from what is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from staithe.base.errors import BadInput, UserError
from staithe.registers import erasure, keys, links, reading
from staithe.registers.item import Item, Value, check_size, check_values, tidy
from staithe.registers.models import Line, Register
from staithe.registers.reading import StoredEntry
from staithe.registers.schema import Schema


END = "end-date"


@dataclass(frozen=True)
class Wanted:
    """One line: the whole of a record, field or detail as it shall be."""

    kind: str  # models.Line.Kind
    key: str
    values: Mapping[str, Value] = field(default_factory=dict)
    seen: int = 0
    row: int | None = None
    problem: str = ""


def held_of(register: Register, wanted: Iterable[str]) -> dict[str, tuple[int, Item]]:
    """Return the newest entry's number and values of each of these keys."""
    return {
        key: (each.number, values_of(register, each))
        for key, each in reading.records_of(register.pk, wanted).items()
    }


def values_of(register: Register, each: StoredEntry) -> Item:
    """Return what an entry says, such that it can be written again."""
    return erasure.reveal(register, reading.data_of(register.pk, each)[0], erased=None)


def line_for(
    key: str,
    values: Mapping[str, Value],
    *,
    held: tuple[int, Item] | None,
    row: int | None = None,
) -> Wanted | None:
    """Return the line that makes a record so; None where it is so already."""
    kept = tidy(dict(values))
    if held is None:
        return Wanted(Line.Kind.ADDED, key, kept, row=row)
    number, before = held
    if before == kept:
        return None
    ends = END in kept and END not in before
    kind = Line.Kind.ENDED if ends else Line.Kind.CHANGED
    return Wanted(kind, key, kept, seen=number, row=row)


def judged(schema: Schema, lines: Sequence[Wanted]) -> list[Wanted]:
    """Return lines with those that cannot be appended marked wrong, with a sentence.

    Links are looked up together; they may lead to records that the lines add.
    """
    found = [_judge(schema, line) for line in lines]
    good = [line for line in found if not line.problem]
    targets: dict[str, set[str]] = {}
    for line in good:
        for name, texts in links.links_of(schema, line.values).items():
            targets.setdefault(name, set()).update(texts)
    new = {line.key for line in good}
    bad = {
        (broken.field, broken.value): broken.reason
        for broken in links.broken_links(schema, targets, new=new)
    }
    return [_with_links(schema, line, bad) for line in found] if bad else found


def _judge(schema: Schema, line: Wanted) -> Wanted:
    if line.problem:
        return line
    try:
        keys.check_key(line.key)
        check_values(line.values)
        schema.check_item(line.values, key=line.key)
        check_size(line.values, key=line.key)
    except UserError as error:
        return _wrong(line, error.message)
    return line


def _with_links(
    schema: Schema, line: Wanted, bad: Mapping[tuple[str, str], str]
) -> Wanted:
    if line.problem:
        return line
    for name, texts in links.links_of(schema, line.values).items():
        for text in texts:
            if (name, text) in bad:
                reason = bad[name, text]
                return _wrong(line, f"{name} is “{text[:80]}”: {reason}.")
    return line


def _wrong(line: Wanted, message: str) -> Wanted:
    return Wanted(
        Line.Kind.WRONG,
        line.key[:80],
        line.values,
        seen=line.seen,
        row=line.row,
        problem=message,
    )


def check_all_right(lines: Sequence[Wanted]) -> None:
    """Refuse lines of which any is wrong: what one person typed is mended, not cut."""
    for line in lines:
        if line.problem:
            raise BadInput(line.problem)
    if not lines:
        raise BadInput("There is nothing to change.")
