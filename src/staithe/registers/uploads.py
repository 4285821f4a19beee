"""An owner's own file turned into changes: mapped, compared, shown, then appended.

Nothing is appended that was not previewed: the changes are worked out once, kept, and
appended as they were shown, or not at all if the register has grown since.
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from staithe.base.errors import BadInput, Conflict, UserError
from staithe.ledger.actions import action, record
from staithe.people.models import Person
from staithe.registers import erasure, item, keys, links, reading
from staithe.registers.actions import append_entries, schema_of
from staithe.registers.item import Item
from staithe.registers.models import Mapping, Register, Upload
from staithe.registers.permissions import check_keep
from staithe.registers.schema import MANY, Schema
from staithe.tables.readers import read_table


MAX_ROWS = 200_000
MAX_WRONG = 100

Row = dict[str, str]


@dataclass(frozen=True)
class Wrong:
    """A row that cannot be appended, by its line in the file."""

    line: int
    key: str
    message: str


@dataclass(frozen=True)
class Comparison:
    """What a file would change."""

    added: list[str]
    changed: list[str]
    ended: list[str]
    same: int
    wrong: list[Wrong]
    changes: list[tuple[str, Item]]

    def counts(self) -> dict[str, int]:
        """Return how many of each."""
        return {
            "added": len(self.added),
            "changed": len(self.changed),
            "ended": len(self.ended),
            "same": self.same,
            "wrong": len(self.wrong),
        }


def read_rows(path: Path, *, name: str) -> tuple[list[str], list[Row]]:
    """Return the columns and rows of a CSV or Excel file as text; BadInput."""
    table = read_table(path, name=name)
    if table.rows > MAX_ROWS:
        raise BadInput(f"The file has more than {MAX_ROWS:,} rows: load it as RSF.")
    rows = [
        {column: _text(value) for column, value in row.items()}
        for batch in table.batches()
        for row in batch.to_pylist()
    ]
    return [column.name for column in table.columns], rows


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value).strip()


def columns_digest(columns: list[str]) -> str:
    """Return what a mapping is remembered under: the names of the columns."""
    return sha256("\0".join(columns).encode()).hexdigest()


def proposed_mapping(register: Register, columns: list[str]) -> dict[str, str]:
    """Return which field each column stands for: as last time, or by its name."""
    digest = columns_digest(columns)
    kept = Mapping.objects.filter(register=register, columns_digest=digest).first()
    if kept:
        return dict(kept.fields)
    schema = schema_of(register)
    fields = set(schema.fields) if schema else set()
    guesses = {column: _like_field(column) for column in columns}
    return {c: guess if guess in fields else "" for c, guess in guesses.items()}


def _like_field(column: str) -> str:
    return "-".join(column.strip().lower().replace("_", " ").split())


def remember_mapping(
    register: Register, columns: list[str], fields: Map[str, str], *, at: datetime
) -> None:
    """Keep a mapping for the next file with the same columns."""
    Mapping.objects.update_or_create(
        register=register,
        columns_digest=columns_digest(columns),
        defaults={"fields": dict(fields), "used_at": at},
    )


def compare(
    register: Register,
    rows: list[Row],
    *,
    fields: Map[str, str],
    whole: bool,
    today: date,
) -> Comparison:
    """Work out what rows would change; `whole` ends the records not among them.

    A field that no column stands for keeps its value.
    """
    schema = schema_of(register)
    if schema is None:
        raise Conflict(f"{register.title} has no schema yet: define its fields first.")
    if schema.register not in fields.values():
        raise BadInput(
            f"Say which column holds {schema.register}, the key of the record."
        )
    return _Comparing(register, schema, dict(fields), today).run(rows, whole=whole)


class _Comparing:
    def __init__(
        self, register: Register, schema: Schema, fields: dict[str, str], today: date
    ) -> None:
        self.register, self.schema, self.fields = register, schema, fields
        self.today = today
        self.found = Comparison([], [], [], 0, [], [])
        self.same = 0
        self.held = _current(register)
        self.new: dict[str, tuple[int, Item]] = {}

    def run(self, rows: list[Row], *, whole: bool) -> Comparison:
        for line, row in enumerate(rows, 2):
            self._take(line, row)
        self._check_links()
        if whole:
            self._end_missing()
        for key, (_, values) in self.new.items():
            self._sort(key, values)
        found = self.found
        return Comparison(
            found.added,
            found.changed,
            found.ended,
            self.same,
            found.wrong,
            found.changes,
        )

    def _take(self, line: int, row: Row) -> None:
        given = {f: row[c] for c, f in self.fields.items() if f}
        key = given.get(self.schema.register, "")
        try:
            keys.check_key(key)
            if key in self.new:
                raise BadInput(f"The record {key} stands in the file twice.")
            values = item.tidy({**self.held.get(key, {}), **self._typed(given)})
            self.schema.check_item(values, key=key)
        except UserError as error:
            self._note(line, key, error.message)
        else:
            self.new[key] = (line, values)

    def _typed(self, given: Row) -> Item:
        typed: Item = {}
        for name, text in given.items():
            field = self.schema.fields[name]
            many = field.cardinality == MANY
            typed[name] = [p.strip() for p in text.split(";")] if many else text
        return typed

    def _note(self, line: int, key: str, message: str) -> None:
        self.found.wrong.append(Wrong(line, key[:80], message))

    def _check_links(self) -> None:
        targets: dict[str, set[str]] = {}
        for _, values in self.new.values():
            for name, texts in links.links_of(self.schema, values).items():
                targets.setdefault(name, set()).update(texts)
        bad = {
            (b.field, b.value): b.reason
            for b in links.broken_links(self.schema, targets, new=self.new)
        }
        if not bad:
            return
        for key, (line, values) in list(self.new.items()):
            for name, texts in links.links_of(self.schema, values).items():
                wrong = [text for text in texts if (name, text) in bad]
                if wrong and key in self.new:
                    del self.new[key]
                    reason = bad[name, wrong[0]]
                    self._note(line, key, f"{name} is “{wrong[0][:80]}”: {reason}.")

    def _end_missing(self) -> None:
        if "end-date" not in self.schema.fields:
            raise BadInput(
                f"{self.register.title} has no field end-date: a record cannot end."
            )
        noted = {wrong.key for wrong in self.found.wrong}
        for key, values in self.held.items():
            if key not in self.new and key not in noted and "end-date" not in values:
                self.found.ended.append(key)
                ended = {**values, "end-date": self.today.isoformat()}
                self.found.changes.append((key, ended))

    def _sort(self, key: str, values: Item) -> None:
        held = self.held.get(key)
        if held == values:
            self.same += 1
            return
        (self.found.added if held is None else self.found.changed).append(key)
        self.found.changes.append((key, values))


def _current(register: Register) -> dict[str, Item]:
    found = {}
    for start in range(1, register.records + 1, 5000):
        for each in reading.records(register.pk, start, start + 4999):
            held = reading.data_of(register.pk, each)[0]
            found[each.key] = erasure.reveal(register, held)
    return found


@action("registers:upload:previewed")
def keep_preview(
    *, register: Register, name: str, found: Comparison, by: Any, at: datetime
) -> Upload:
    """Keep what a file would change, until somebody says yes."""
    check_keep(by, register)
    upload = Upload.objects.create(
        register=register,
        file_name=name[:255],
        changes=found.changes,
        counts=found.counts(),
        size_seen=register.size,
        made_by=_who(by),
        made_at=at,
    )
    _record(upload, by=by, at=at)
    return upload


@action("registers:upload:applied")
def apply_upload(*, upload: Upload, by: Any, at: datetime) -> Upload:
    """Append the changes of a preview; Conflict if the register grew since.

    Where the register asks for a second person, the first sends it on and another
    applies it.
    """
    upload = Upload.objects.select_related("register").get(pk=upload.pk)
    register = upload.register
    check_keep(by, register)
    if upload.state not in {Upload.State.PREVIEWED, Upload.State.WAITING}:
        raise Conflict("This upload was decided already.")
    if register.needs_second_person and upload.made_by == _who(by):
        if upload.state == Upload.State.WAITING:
            raise Conflict("A second person must apply this: you uploaded it.")
        upload.state = Upload.State.WAITING
    else:
        if register.size != upload.size_seen:
            raise Conflict(
                f"{register.title} has changed since the preview. Upload the file again."
            )
        changes = [(key, values) for key, values in upload.changes]
        append_entries(
            register=register, changes=changes, because=upload.reference, by=by, at=at
        )
        upload.state = Upload.State.APPLIED
        upload.decided_by, upload.decided_at = _who(by), at
    upload.save()
    _record(upload, by=by, at=at)
    return upload


def _who(by: Any) -> str:
    return by.ledger_id if isinstance(by, Person) else str(by or "service")


def _record(upload: Upload, *, by: Any, at: datetime) -> None:
    register = upload.register
    record(
        by=by,
        at=at,
        subject=register.ledger_id,
        organisation=register.owner.slug if register.owner else "",
        register=register.name,
        upload=upload.reference,
        state=str(upload.state),
        **upload.counts,
    )
