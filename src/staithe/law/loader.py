"""Reads the data files of the law and refuses a library with any fault.

Every fault of every file is named at once: schema, words, references, overlapping
validity, citations of the wrong form, missing sources.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from staithe.base.errors import BadInput
from staithe.base.plain_yaml import BadYaml, read_yaml
from staithe.law.faults import library_faults
from staithe.law.gateway import Gateway
from staithe.law.library import Library
from staithe.law.lists import SpecifiedList
from staithe.law.predicate import Predicate, compile_predicate
from staithe.law.reading import shipped_texts
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
    Circumstance,
    Fact,
    InformationClass,
    Nation,
    PartyWords,
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
        raise BadLibrary(reader.told())
    return words


def read_library(texts: Mapping[str, str]) -> Library:
    """Read data files (path below data -> YAML text); BadLibrary with every fault."""
    reader = _Reader(texts)
    library = reader.library()
    if not reader.blind:
        reader.faults += library_faults(library)
    if reader.faults:
        raise BadLibrary(reader.told())
    return library


class _Reader:
    """Collects what the files say and what is wrong with them."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self.faults: list[str] = []
        self.context: dict[str, Any] = {}
        # Names of rows that did not read well: they exist, so no reference to one of
        # them is a fault of its own.
        self.lost: set[str] = set()
        # Whether a whole file of words is lost, so that no reference can be judged.
        self.blind = False

    def told(self) -> list[str]:
        """Return the faults once each, without those that follow from others."""
        lost = [f"there is no {name!r}" for name in self.lost]
        lost += [f"there is no {what} {n!r}" for n in self.lost for what in _KINDS]
        told = [f for f in self.faults if not any(each in f for each in lost)]
        if self.blind:
            told = [f for f in told if "there is no " not in f]
        return list(dict.fromkeys(told))

    def plain(self, path: str) -> Any:
        try:
            value = read_yaml(self.texts[path], name=path)
        except KeyError:
            self.faults.append(f"{path}: the file is missing")
        except BadYaml as error:
            self.faults.append(f"{path}: not YAML: {error.place}")
        else:
            if value is None:
                self.faults.append(
                    f"{path}: is empty; write [] where there are no rows"
                )
            return value
        return None

    def one(self, path: str, kind: type[Row], value: Any, at: str = "") -> Row | None:
        try:
            row: Row = _adapter(cast("Any", kind)).validate_python(
                value, context=self.context
            )
        except ValidationError as error:
            self.faults += [f"{path}: {at}{line}" for line in _sentences(error)]
            self.lost |= {_name(value), _stem(path)} - {""}
            return None
        return row

    def rows(self, path: str, kind: type[Row], value: Any = None) -> list[Row]:
        items = self.items(path) if value is None else value
        if not isinstance(items, list):
            if items is not None:
                self.faults.append(f"{path}: must be a list of rows")
            self.blind |= path.startswith("words/")
            return []
        found = [
            self.one(path, kind, item, _place(item, n)) for n, item in enumerate(items)
        ]
        good = [each for each in found if each is not None]
        self.faults += [f"{path}: {name} is written twice" for name in _twice(good)]
        nameless = sum(getattr(each, "id", "x") == "" for each in good)
        self.faults += [f"{path}: id: must not be empty"] * bool(nameless)
        return good

    def items(self, path: str) -> Any:
        """Read a file of rows; `each` says what holds of every row that is silent."""
        value = self.plain(path)
        if not isinstance(value, dict):
            return value
        rows, each = value.get("rows"), value.get("each")
        strange = sorted(set(map(str, value)) - {"rows", "each"})
        if strange or not isinstance(rows, list) or not isinstance(each, dict):
            self.faults.append(
                f"{path}: must be a list of rows, or `each` and `rows`"
                + (f", not {', '.join(strange)}" if strange else "")
            )
            return None
        return [each | row if isinstance(row, dict) else row for row in rows]

    def words(self) -> Words:
        parties = self.parties()
        groups = {key: frozenset(value) for key, value in parties.groups.items()}
        words = Words(
            conditions=by_id(self.rows("words/conditions.yaml", Requirement)),
            documents=by_id(self.rows("words/documents.yaml", Requirement)),
            parties=by_id(self.rows("words/parties.yaml", Word, parties.kinds)),
            groups=groups,
            families=tuple(groups.get(f, frozenset()) for f in parties.families),
            nation_names=by_id(self.rows("words/nations.yaml", Nation)),
            purposes=by_id(self.rows("words/purposes.yaml", PurposeWord)),
            areas=by_id(self.rows("words/areas.yaml", PurposeWord)),
            facts=by_id(self.rows("words/facts.yaml", Fact)),
            classes=by_id(self.rows("words/kinds.yaml", InformationClass)),
            bodies=by_id(self.rows("words/bodies.yaml", Body)),
            verdicts=by_id(self.rows("words/verdicts.yaml", PurposeWord)),
            circumstances=by_id(self.rows("words/circumstances.yaml", Circumstance)),
            gateways=frozenset(_stem(path) for path in self._in("gateways")),
        )
        self.context["words"] = words
        return words

    def parties(self) -> PartyWords:
        """Read kinds of party, with their groups and families, or find them lost."""
        path = "words/parties.yaml"
        try:
            parties: PartyWords = _adapter(PartyWords).validate_python(
                self.plain(path) or {}
            )
        except ValidationError as error:
            self.faults += [f"{path}: {line}" for line in _sentences(error)]
            self.blind = True
            return PartyWords(kinds=[], groups={}, families=[])
        self.faults += [
            f"{path}: families: there is no group {name!r}"
            for name in parties.families
            if name not in parties.groups
        ]
        return parties

    def library(self) -> Library:
        words = self.words()
        gateways = self._gateways()
        lists = self._files("lists", SpecifiedList)
        begins, checked_on = self.days()
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
        return Library(
            versions=gateways,
            lists={each.id: each for each in lists},
            words=words,
            condition_tests=self.condition_tests(words),
            begins=begins,
            checked_on=checked_on,
            **rows,  # type: ignore[arg-type]  # each is a tuple of its own kind
        )

    def days(self) -> tuple[date, date]:
        """Read the first day the library answers for, and the day it was checked."""
        about = self.plain("library.yaml")
        about = about if isinstance(about, dict) else {}
        begins, checked_on = about.get("begins"), about.get("checked_on")
        if type(begins) is date and type(checked_on) is date:
            return begins, checked_on
        self.faults.append("library.yaml: needs begins and checked_on, as dates")
        return date.min, date.min

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
            if type(begins) is not date or "id" in change:
                self.faults.append(f"{path}: {place}needs valid_from, and no id")
                continue
            since = before.get("valid_from")
            if begins <= (since if type(since) is date else date.min):
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


_KINDS = ("fact", "list", "group", "parent")


def _name(row: Any) -> str:
    if not isinstance(row, dict):
        return ""
    return str(row.get("id") or row.get("path") or row.get("short") or "")


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".yaml")


def _place(item: Any, number: int) -> str:
    return f"{_name(item) or f'row {number + 1}'}: "


def _twice(rows: list[Any]) -> list[str]:
    """Return names written twice; a dated row may follow an earlier one of its id."""
    names = [
        next((str(getattr(r, k)) for k in ("id", "path", "short") if hasattr(r, k)), "")
        for r in rows
        if not isinstance(r, Restriction | Bearing)
    ]
    return sorted({name for name in names if names.count(name) > 1})


def _sentences(error: ValidationError) -> Iterator[str]:
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"]) or "the file"
        yield f"{place}: {fault['msg']}"
