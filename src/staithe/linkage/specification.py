"""A link specification in words an owner understands.

It says which columns mean what on each side and which settings hold; everything
technical (standardisation, comparisons, blocking, training) follows from it. It is
stored beside every result, so a link can be explained and run again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from typing import Any, Literal

import yaml

from staithe.base.errors import BadInput
from staithe.base.plain_yaml import read_yaml
from staithe.linkage.meanings import BY_WORD, Meaning
from staithe.quality.identifiers import SCHEMES, valid_sql


VERSION = 1

# Two underscores set off what is derived from a field, as in postcode__district.
FIELD_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

# Names of the columns that every standardised record has,
# and of what is worked out from them.
RESERVED = {
    "rid", "id", "source_dataset", "source_number", "row_key", "is_new",
    "name_words", "names_sorted", "forename_surname", "l", "r", "a", "b", "x", "v",
    "n", "left_id", "right_id", "match_weight", "match_probability", "first", "part",
    "name", "source", "cluster", "stratum", "link", "bridge", "levels", "rarities",
    "share", "value", "word", "words", "column_name",
}  # fmt: skip

# auto: as the values show, day first where they leave it open.
DateOrder = Literal["auto", "day-first", "month-first"]
DATE_ORDERS = ("auto", "day-first", "month-first")


@cache
def checked_schemes() -> tuple[str, ...]:
    """Return the identifiers whose validity can be a level of a comparison."""
    return tuple(name for name in SCHEMES if valid_sql(name, "x"))


@dataclass(frozen=True)
class LinkField:
    """One thing compared: what it means, and its column in each file.

    A side without a column may still supply the thing from another field: a full
    name holds the surname. `name` tells two fields of one meaning apart.
    """

    meaning: str
    left: str | None = None
    right: str | None = None
    name: str = ""
    left_dates: DateOrder = "auto"
    right_dates: DateOrder = "auto"
    scheme: str = ""

    def __post_init__(self) -> None:
        if self.meaning not in BY_WORD:
            raise BadInput(
                f"The specification names a meaning that is not known: "
                f"{self.meaning!r}. Use one of: {', '.join(BY_WORD)}."
            )
        if not self.left and not self.right:
            raise BadInput(
                f"The field {self.meaning!r} names no column on either side."
            )
        if self.scheme and self.scheme not in checked_schemes():
            raise BadInput(
                f"The specification names a scheme of identifiers that is not known: "
                f"{self.scheme!r}. Use one of: {', '.join(checked_schemes())}."
            )
        if not self.name:
            object.__setattr__(self, "name", self.meaning)
        of_names = {"forename", "middle_name", "surname"} - {self.meaning}
        if not FIELD_NAME.fullmatch(self.name) or self.name in RESERVED | of_names:
            raise BadInput(
                f"The field name {self.name!r} must be lower-case letters, digits and "
                f"single underscores, and none of {', '.join(sorted(RESERVED))}."
            )

    @property
    def what(self) -> Meaning:
        """The meaning, with its kind and title."""
        return BY_WORD[self.meaning]

    def column(self, side: int) -> str | None:
        """Return the column on the left (0) or right (1) side."""
        return self.right if side else self.left


@dataclass(frozen=True)
class LinkSettings:
    """How the link is decided; the defaults suit files never seen before.

    `threshold`: "advised" or the least probability of an accepted link.
    `one_to_one`: whether a record may have one partner at most; "auto" looks.
    `pairs_per_record`: how many candidate pairs each blocking rule may propose.
    """

    threshold: float | Literal["advised"] = "advised"
    one_to_one: bool | Literal["auto"] = "auto"
    pairs_per_record: float | Literal["auto"] = "auto"
    training_pairs: int = 500_000

    def __post_init__(self) -> None:
        if self.threshold != "advised" and not (
            isinstance(self.threshold, int | float) and 0 < self.threshold < 1
        ):
            raise BadInput(
                "The threshold must be the word advised, or a probability between 0 and 1."
            )
        if not (isinstance(self.one_to_one, bool) or self.one_to_one == "auto"):
            raise BadInput("one_to_one must be yes, no or auto.")
        if self.pairs_per_record != "auto" and not (
            isinstance(self.pairs_per_record, int | float) and self.pairs_per_record > 0
        ):
            raise BadInput("pairs_per_record must be auto or a number above 0.")
        if not isinstance(self.training_pairs, int) or self.training_pairs < 1:
            raise BadInput("training_pairs must be a whole number above 0.")


@dataclass(frozen=True)
class LinkSpecification:
    """What is linked with what, by which fields, decided how."""

    kind: Literal["link", "dedupe"]
    fields: tuple[LinkField, ...]
    settings: LinkSettings = field(default_factory=LinkSettings)
    version: int = VERSION
    title: str = ""
    crosswalks: Mapping[str, str] = field(default_factory=dict)  # column → crosswalk

    def __post_init__(self) -> None:
        if not isinstance(self.crosswalks, Mapping) or not all(
            isinstance(each, str) for pair in self.crosswalks.items() for each in pair
        ):
            raise BadInput("crosswalks must give for a column the name of a crosswalk.")
        if not isinstance(self.title, str):
            raise BadInput("The specification's title must be text.")
        if self.kind not in ("link", "dedupe"):
            raise BadInput("The specification's kind must be link or dedupe.")
        if self.version != VERSION:
            raise BadInput(
                f"This specification is of version {self.version}; "
                f"this program reads version {VERSION}."
            )
        names = [each.name for each in self.fields]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise BadInput(f"The specification repeats the field name {repeated[0]!r}.")

    @property
    def sides(self) -> int:
        """Two files to link, or one to deduplicate."""
        return 2 if self.kind == "link" else 1

    def columns(self, side: int) -> tuple[str, ...]:
        """Return the columns that the specification reads on one side."""
        found = (each.column(side) for each in self.fields)
        return tuple(dict.fromkeys(column for column in found if column))

    def sha256(self) -> str:
        """Return the SHA-256 of the specification's YAML."""
        return hashlib.sha256(to_yaml(self).encode()).hexdigest()


def _short(values: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value != defaults.get(key)}


def to_yaml(specification: LinkSpecification) -> str:
    """Write a specification as YAML, leaving out what has its default value."""
    plain = {"left": None, "right": None, "name": "", "scheme": ""}
    dates = {"left_dates": "auto", "right_dates": "auto"}
    body: dict[str, Any] = {"version": specification.version}
    if specification.title:
        body["title"] = specification.title
    body["kind"] = specification.kind
    body["fields"] = [
        _short(asdict(each), plain | dates | {"name": each.meaning})
        for each in specification.fields
    ]
    if specification.crosswalks:
        body["crosswalks"] = dict(specification.crosswalks)
    body["settings"] = asdict(specification.settings)
    return yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=88)


def _known(cls: type, values: Any, where: str) -> dict[str, Any]:
    """Return the mapping after refusing keys that the class does not have."""
    if not isinstance(values, dict):
        raise BadInput(f"In the specification, {where} must be a mapping of settings.")
    allowed = {each.name for each in fields(cls)}
    strange = sorted(str(key) for key in values if key not in allowed)
    if strange:
        raise BadInput(
            f"The specification has a setting that is not known in {where}: {strange[0]}."
        )
    return values


def from_yaml(text: str) -> LinkSpecification:
    """Read a specification, or raise BadInput with the one thing that is wrong."""
    return from_body(read_yaml(text, name="The specification"))


def from_body(body: Any) -> LinkSpecification:
    """Read a specification from its plain values, or raise BadInput."""
    body = dict(_known(LinkSpecification, body, "the specification"))
    items = body.pop("fields", None)
    if not isinstance(items, list) or not items:
        raise BadInput("The specification must list at least one field.")
    found = tuple(_field(item) for item in items)
    settings = LinkSettings(
        **_known(LinkSettings, body.pop("settings", {}), "settings")
    )
    if "kind" not in body:
        raise BadInput("The specification must say its kind: link or dedupe.")
    return LinkSpecification(fields=found, settings=settings, **body)


def _field(item: Any) -> LinkField:
    values = _known(LinkField, item, "a field")
    if "meaning" not in values:
        raise BadInput("Each field of the specification must say its meaning.")
    for key, value in values.items():
        if value is not None and not isinstance(value, str):
            raise BadInput(f"In a field of the specification, {key} must be text.")
    for key in ("left_dates", "right_dates"):
        if values.get(key, "auto") not in DATE_ORDERS:
            raise BadInput(f"{key} must be one of {', '.join(DATE_ORDERS)}.")
    return LinkField(**values)


def with_settings(
    specification: LinkSpecification, **settings: Any
) -> LinkSpecification:
    """Return the specification with some settings replaced."""
    return replace(specification, settings=replace(specification.settings, **settings))
