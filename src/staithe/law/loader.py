"""Reads the data files of the law and refuses a library with any fault.

Every fault of every file is named at once: schema, words, references, overlapping
validity, citations of the wrong form, missing sources.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import yaml
from pydantic import TypeAdapter, ValidationError

from staithe.base.errors import BadInput
from staithe.law.faults import library_faults
from staithe.law.gateway import Gateway
from staithe.law.library import Library
from staithe.law.lists import SpecifiedList
from staithe.law.predicate import Predicate, compile_predicate
from staithe.law.reading import load_yaml, shipped_texts
from staithe.law.rows import (
    Act,
    Basis,
    Bearing,
    Claim,
    Contradiction,
    Near,
    NoGateway,
    Restriction,
    Source,
    StepConditions,
)
from staithe.law.words import (
    Body,
    Fact,
    InformationClass,
    Nation,
    PurposeWord,
    Requirement,
    Word,
    Words,
    by_id,
)


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Row = TypeVar("Row")


class BadLibrary(BadInput):
    """The data files cannot be used; `faults` names each fault with its file."""

    code = "bad-route-library"

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@cache
def load_shipped() -> Library:
    """Read the files that ship with the program, once."""
    return read_library(shipped_texts())


@cache
def shipped_words() -> Words:
    """Read only the words that ship with the program, once."""
    reader = _Reader(shipped_texts())
    words = reader.words()
    if reader.faults:
        raise BadLibrary(reader.faults)
    return words


def read_library(texts: Mapping[str, str]) -> Library:
    """Read data files (path below data -> YAML text); BadLibrary with every fault."""
    reader = _Reader(texts)
    library = reader.library()
    if library is not None:
        reader.faults += library_faults(library)
    if library is None or reader.faults:
        raise BadLibrary(reader.faults)
    return library


class _Reader:
    """Collects what the files say and what is wrong with them."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self.faults: list[str] = []
        self.context: dict[str, Any] = {}

    def plain(self, path: str) -> Any:
        try:
            return load_yaml(self.texts[path])
        except KeyError:
            self.faults.append(f"{path}: the file is missing")
        except yaml.YAMLError as error:
            self.faults.append(f"{path}: not YAML: {' '.join(str(error).split())}")
        return None

    def one(self, path: str, kind: type[Row], value: Any, at: str = "") -> Row | None:
        try:
            row: Row = _adapter(cast("Any", kind)).validate_python(
                value, context=self.context
            )
        except ValidationError as error:
            self.faults += [f"{path}: {at}{line}" for line in _sentences(error)]
            return None
        return row

    def rows(self, path: str, kind: type[Row], value: Any = None) -> list[Row]:
        items = self.items(path) if value is None else value
        if not isinstance(items, list):
            self.faults.append(f"{path}: must be a list of rows")
            return []
        found = [
            self.one(path, kind, item, _place(item, n)) for n, item in enumerate(items)
        ]
        good = [each for each in found if each is not None]
        self.faults += [f"{path}: {name} is written twice" for name in _twice(good)]
        return good

    def items(self, path: str) -> Any:
        """Read a file of rows; `each` says what holds of every row that is silent."""
        value = self.plain(path)
        if value is None:
            return []
        if not isinstance(value, dict):
            return value
        rows, each = value.get("rows"), value.get("each")
        strange = sorted(set(map(str, value)) - {"rows", "each"})
        if strange or not isinstance(rows, list) or not isinstance(each, dict):
            self.faults.append(
                f"{path}: must be a list of rows, or `each` and `rows`"
                + (f", not {', '.join(strange)}" if strange else "")
            )
            return []
        return [each | row if isinstance(row, dict) else row for row in rows]

    def words(self) -> Words:
        parties = self.plain("words/parties.yaml")
        parties = parties if isinstance(parties, dict) else {}
        groups = {k: frozenset(v) for k, v in parties.get("groups", {}).items()}
        families = parties.get("families", [])
        words = Words(
            conditions=by_id(self.rows("words/conditions.yaml", Requirement)),
            documents=by_id(self.rows("words/documents.yaml", Requirement)),
            parties=by_id(
                self.rows("words/parties.yaml", Word, parties.get("kinds", []))
            ),
            groups=groups,
            families=tuple(groups[each] for each in families if each in groups),
            nation_names=by_id(self.rows("words/nations.yaml", Nation)),
            purposes=by_id(self.rows("words/purposes.yaml", PurposeWord)),
            facts=by_id(self.rows("words/facts.yaml", Fact)),
            classes=by_id(self.rows("words/kinds.yaml", InformationClass)),
            bodies=by_id(self.rows("words/bodies.yaml", Body)),
            verdicts=by_id(self.rows("words/verdicts.yaml", PurposeWord)),
            gateways=frozenset(_stem(path) for path in self._in("gateways")),
        )
        self.context["words"] = words
        return words

    def library(self) -> Library | None:
        words = self.words()
        gateways = self._gateways()
        lists = self._files("lists", SpecifiedList)
        about = self.plain("library.yaml") or {}
        rows = {
            "restrictions": tuple(self.rows("rows/restrictions.yaml", Restriction)),
            "bearings": tuple(self.rows("rows/bearings.yaml", Bearing)),
            "near": tuple(self.rows("rows/near.yaml", Near)),
            "bases": tuple(self.rows("rows/bases.yaml", Basis)),
            "claims": tuple(self.rows("rows/claims.yaml", Claim)),
            "contradictions": tuple(
                self.rows("rows/contradictions.yaml", Contradiction)
            ),
            "no_gateway": tuple(self.rows("rows/no-gateway.yaml", NoGateway)),
            "acts": tuple(self.rows("rows/acts.yaml", Act)),
            "sources": by_id(self.rows("rows/sources.yaml", Source)),
            "step_conditions": {
                each.id: each.conditions
                for each in self.rows("rows/steps.yaml", StepConditions)
            },
        }
        if not {"begins", "checked_on"} <= set(about):
            self.faults.append("library.yaml: needs begins and checked_on")
            return None
        return Library(
            versions=gateways,
            lists={each.id: each for each in lists},
            words=words,
            condition_tests=self.condition_tests(words),
            begins=about["begins"],
            checked_on=about["checked_on"],
            **rows,  # type: ignore[arg-type]  # each is a tuple of its own kind
        )

    def condition_tests(self, words: Words) -> dict[str, Predicate]:
        found = {}
        for word in words.conditions.values():
            if word.when is not None:
                try:
                    found[word.id] = compile_predicate(word.when, words)
                except ValueError as error:
                    self.faults.append(
                        f"words/conditions.yaml: {word.id}: when: {error}"
                    )
        return found

    def _file(self, path: str, kind: type[Row]) -> Row | None:
        value = self.plain(path)
        if value is None:
            return None
        row = self.one(path, kind, value)
        if row is not None and getattr(row, "id", "") != _stem(path):
            self.faults.append(
                f"{path}: id: {getattr(row, 'id', '')!r} must be the name of the file"
            )
        return row

    def _gateways(self) -> dict[str, tuple[Gateway, ...]]:
        """Read each gateway with its amendments, as versions in order of date."""
        found = {}
        for path in self._in("gateways"):
            written = self.plain(path)
            versions = self._versions(path, written) if written is not None else []
            if versions and versions[0].id != _stem(path):
                self.faults.append(
                    f"{path}: id: {versions[0].id!r} must be the name of the file"
                )
            if versions:
                found[_stem(path)] = tuple(versions)
        return found

    def _versions(self, path: str, written: Any) -> list[Gateway]:
        plain = dict(written) if isinstance(written, dict) else {}
        amendments = plain.pop("amendments", [])
        if not isinstance(amendments, list):
            self.faults.append(f"{path}: amendments: must be a list")
            amendments = []
        texts = [(plain or written, "")]
        for number, change in enumerate(amendments, 1):
            place = f"amendments.{number}: "
            begins = change.get("valid_from") if isinstance(change, dict) else None
            before = texts[-1][0]
            if not isinstance(begins, date) or "id" in change:
                self.faults.append(f"{path}: {place}needs valid_from, and no id")
                continue
            if begins <= (before.get("valid_from") or date.min):
                self.faults.append(f"{path}: {place}must begin after what it amends")
                continue
            texts[-1] = (before | {"valid_to": begins - timedelta(1)}, texts[-1][1])
            rest = {k: v for k, v in before.items() if k != "valid_to"}
            texts.append((rest | change, place))
        found = [self.one(path, Gateway, text, at) for text, at in texts]
        return [each for each in found if each is not None]

    def _files(self, folder: str, kind: type[Row]) -> list[Row]:
        found = [self._file(path, kind) for path in self._in(folder)]
        return [each for each in found if each is not None]

    def _in(self, folder: str) -> Iterator[str]:
        return (path for path in sorted(self.texts) if path.startswith(f"{folder}/"))


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".yaml")


def _place(item: Any, number: int) -> str:
    name = item.get("id") or item.get("path") if isinstance(item, dict) else None
    return f"{name or f'row {number + 1}'}: "


def _twice(rows: list[Any]) -> list[str]:
    """Return names written twice; a dated row may follow an earlier one of its id."""
    names = [
        getattr(r, "id", None) or getattr(r, "path", None) or r.short
        for r in rows
        if not isinstance(r, Restriction | Bearing)
    ]
    return sorted({name for name in names if names.count(name) > 1})


def _sentences(error: ValidationError) -> Iterator[str]:
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"]) or "the file"
        yield f"{place}: {fault['msg']}"
