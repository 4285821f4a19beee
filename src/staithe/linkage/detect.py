"""Work out a link specification from column names and a sample of values.

Names come first, because they are what the owner meant; the shape of values
corrects them and speaks for columns whose names say nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from staithe.base.errors import BadInput
from staithe.linkage.familiar import recognise
from staithe.linkage.meanings import (
    BY_WORD,
    REGISTERED,
    Meaning,
    find_meaning,
    is_evidence,
    may_be_one,
    plain_column,
    scheme_of,
)
from staithe.linkage.specification import (
    RESERVED,
    DateOrder,
    LinkField,
    LinkSettings,
    LinkSpecification,
    checked_schemes,
)
from staithe.quality.identifiers import share_valid


# Column → sampled values as text, empty ones left out.
Samples = Mapping[str, Sequence[str]]

UK_POSTCODE = re.compile(r"[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2}")
UK_POSTCODE_AT_END = re.compile(rf"\b{UK_POSTCODE.pattern}\W*$")
DIGIT = re.compile(r".*\d.*")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
NUMBER = re.compile(r"[-+£$€]?\s?[0-9][0-9,]*(\.[0-9]+)?%?")
DATE = re.compile(
    r"-?\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/. ](\d{1,2}|[A-Za-z]{3,9})[-/. ]"
    r"\d{2,4}|(1[6-9]|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
)
PARTS = re.compile(r"\s*(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{2,4})\b")

MOST = 0.8  # a shape is believed when this share of the sample has it
FEW = 0.3  # distinct values for each value, below which a column is a category


@dataclass(frozen=True)
class Detection:
    """A specification, and the columns left out of it with the reason."""

    specification: LinkSpecification
    left_out: tuple[tuple[str, str], ...]


def detect_specification(
    left_columns: Sequence[str],
    right_columns: Sequence[str] | None,
    samples: Sequence[Samples],
    *,
    ignore: Sequence[str] = (),
    settings: LinkSettings | None = None,
) -> Detection:
    """Return the specification that fits two files, or one to deduplicate.

    `samples` holds one mapping for each file. Raises BadInput where the two files
    have nothing in common.
    """
    ignored = set(ignore)
    left_out: list[tuple[str, str]] = []
    sides = [left_columns] if right_columns is None else [left_columns, right_columns]
    found = [
        _meanings(columns, samples[side], ignored, left_out)
        for side, columns in enumerate(sides)
    ]
    if right_columns is not None:
        recognise(found, samples)
    _read_postcodes(found, samples)
    pairs = _paired(found, left_out) if right_columns is not None else _alone(found[0])
    fields = _distinct([_field(pair, samples) for pair in _named(pairs, samples)])
    if not fields:
        raise BadInput(
            "The two files have no field in common that could link them; "
            "name the columns in a specification with --spec."
            if right_columns is not None
            else "The file has no column that could link its records."
        )
    specification = LinkSpecification(
        "dedupe" if right_columns is None else "link",
        fields,
        settings or LinkSettings(),
    )
    return Detection(
        with_date_orders(specification, samples), tuple(dict.fromkeys(left_out))
    )


Found = dict[str, list[str]]  # meaning (or ?column) → columns
Pair = tuple[str, str | None, str | None]  # meaning, left column, right column


def _meanings(
    columns: Sequence[str],
    samples: Samples,
    ignored: set[str],
    left_out: list[tuple[str, str]],
) -> Found:
    """Group the usable columns of one file by meaning."""
    found: Found = defaultdict(list)
    for column in columns:
        values = samples.get(column, ())
        if column in ignored:
            left_out.append((column, "ignored as asked"))
        elif not is_evidence(column):
            left_out.append((column, "its name says bookkeeping or an answer"))
        elif not values:
            left_out.append((column, "empty"))
        else:
            found[meaning_of(column, values)].append(column)
    return found


def _read_postcodes(found: Sequence[Found], samples: Sequence[Samples]) -> None:
    """Let an address give the postcode too, where every file has one somewhere."""
    inside = [
        next((c for c in each.get("address", ()) if _holds_postcodes(of[c])), None)
        for each, of in zip(found, samples, strict=True)
    ]
    if all(
        "postcode" in each or column for each, column in zip(found, inside, strict=True)
    ):
        for each, column in zip(found, inside, strict=True):
            if column and "postcode" not in each:
                each["postcode"] = [column]


def _holds_postcodes(values: Sequence[str]) -> bool:
    with_one = sum(UK_POSTCODE_AT_END.search(value) is not None for value in values)
    return with_one >= FEW * len(values)


def meaning_of(column: str, values: Sequence[str]) -> str:
    """Return the meaning of a column, or ?name where only its shape is known.

    Identifiers come with their scheme: identifier:nhs.
    """
    by_name = find_meaning(column)
    if share(EMAIL, values) >= MOST:
        return "email"
    unknown = f"?{scheme_of(column)}"
    if by_name is None:
        return "postcode" if share(UK_POSTCODE, values) >= MOST else unknown
    if not _fits(by_name, values):
        return unknown
    if by_name.word == "identifier":
        return f"identifier:{scheme_of(column)}"
    return by_name.word


def _fits(meaning: Meaning, values: Sequence[str]) -> bool:
    """Say whether values can be what a column's name says."""
    # A thing has a name as well: with digits in many, they are nobody's.
    if meaning.word == "full_name":
        return share(DIGIT, values) <= FEW
    if meaning.kind == "date":
        return _holds_dates(values)
    return meaning.kind != "number" or share(NUMBER, values) >= 1 - MOST


def share(pattern: re.Pattern[str], values: Sequence[str]) -> float:
    """Return the share of values that a pattern matches in full."""
    return sum(pattern.fullmatch(value.strip()) is not None for value in values) / max(
        len(values), 1
    )


def _holds_dates(values: Sequence[str]) -> bool:
    # Scanned dates are often damaged, so a column called a date of birth needs
    # digits in most values rather than perfect dates.
    return sum(sum(c.isdigit() for c in v) >= 4 for v in values) >= len(values) / 2  # noqa: PLR2004  a year


def _paired(found: Sequence[Found], left_out: list[tuple[str, str]]) -> list[Pair]:
    """Pair the columns of two files meaning by meaning."""
    left, right = found
    pairs: list[Pair] = []
    for meaning in [*left, *(each for each in right if each not in left)]:
        ours, theirs = list(left.get(meaning, [])), list(right.get(meaning, []))
        for column in list(ours):
            same = [c for c in theirs if plain_column(c) == plain_column(column)]
            if same:
                pairs.append((meaning, column, same[0]))
                ours.remove(column)
                theirs.remove(same[0])
        while ours and theirs and _fit(meaning, ours[0], theirs[0]):
            pairs.append((meaning, ours.pop(0), theirs.pop(0)))
        pairs += _one_sided(meaning, ours, theirs, found, left_out)
    return pairs


def _fit(meaning: str, left: str, right: str) -> bool:
    """Say whether two columns of one meaning but other names are one thing."""
    return meaning not in {"date", "amount"} or may_be_one(left, right)


NAME_PARTS = {"forename", "middle_name", "surname"}


def _one_sided(
    meaning: str,
    ours: Sequence[str],
    theirs: Sequence[str],
    found: Sequence[Found],
    left_out: list[tuple[str, str]],
) -> list[Pair]:
    """Keep a column that one file alone has where it can still be compared."""
    pairs: list[Pair] = []
    for side, columns in enumerate((ours, theirs)):
        other = found[1 - side]
        fits = (
            (meaning in NAME_PARTS and "full_name" in other and meaning not in other)
            or (meaning == "full_name" and NAME_PARTS & set(other))
            or (meaning == "birth_year" and "date_of_birth" in other)
            or (meaning == "date_of_birth" and "birth_year" in other)
        )
        kept = 1 if columns and fits and meaning not in other else 0
        pairs += [
            (meaning, None, column) if side else (meaning, column, None)
            for column in columns[:kept]
        ]
        left_out += [(c, "the other file has no such field") for c in columns[kept:]]
    return pairs


def _alone(found: Found) -> list[Pair]:
    return [(meaning, c, None) for meaning, columns in found.items() for c in columns]


def _named(pairs: Sequence[Pair], samples: Sequence[Samples]) -> list[Pair]:
    """Keep one column of each name part: the fullest, since copies are not evidence."""
    best: dict[str, Pair] = {}
    kept: list[Pair] = []
    single = NAME_PARTS | {"full_name", "date_of_birth", "sex"}
    for pair in pairs:
        if pair[0] not in single:
            kept.append(pair)
        elif pair[0] not in best or _size(pair, samples) > _size(
            best[pair[0]], samples
        ):
            best[pair[0]] = pair
    return [*best.values(), *kept]


def _size(pair: Pair, samples: Sequence[Samples]) -> int:
    """Return how much text a pair of columns holds in the samples."""
    columns = zip(pair[1:], samples, strict=False)
    return sum(len(v) for column, sample in columns if column for v in sample[column])


def _field(pair: Pair, samples: Sequence[Samples]) -> LinkField:
    meaning, left, right = pair
    meaning = meaning.partition(":")[0]
    columns = [c for c in (left, right) if c]
    values = [
        v for c, s in zip((left, right), samples, strict=False) if c for v in s[c]
    ]
    name = meaning
    if meaning.startswith("?"):
        name = plain_column(columns[0])
        meaning = meaning_of_shape(values)
    elif meaning not in {
        *NAME_PARTS,
        "full_name",
        "date_of_birth",
        "sex",
        "birth_year",
    }:
        name = plain_column(columns[0]) or meaning
        if meaning == "postcode" and find_meaning(columns[0]) == BY_WORD["address"]:
            name = meaning
    taken = name in RESERVED or (name in NAME_PARTS and meaning != name)
    if taken or not name[:1].isalpha():
        name = f"field_{name}".rstrip("_")
    scheme = ""
    if meaning == "identifier":
        scheme = _checked_scheme(pair[0].partition(":")[2], values)
    return LinkField(meaning, left, right, name, scheme=scheme)


def with_date_orders(
    specification: LinkSpecification, samples: Sequence[Samples]
) -> LinkSpecification:
    """Return the specification with the order of dates found where it is left open."""
    fields = []
    for each in specification.fields:
        found = {
            key: date_order(samples[side].get(column, ()))
            for side, (key, order) in enumerate(
                (("left_dates", each.left_dates), ("right_dates", each.right_dates))
            )
            if order == "auto"
            and each.what.kind == "date"
            and side < len(samples)
            and (column := each.column(side))
        }
        fields.append(replace(each, **found))
    return replace(specification, fields=tuple(fields))


def _checked_scheme(word: str, values: Sequence[str]) -> str:
    """Return the scheme that a word names, if its check holds for most values."""
    scheme = REGISTERED.get(word, "")
    if scheme not in checked_schemes() or share_valid(values, scheme=scheme) < MOST:
        return ""
    return scheme


def _distinct(fields: Sequence[LinkField]) -> tuple[LinkField, ...]:
    """Give each field a name of its own, leaving first comers theirs."""
    taken: set[str] = set()
    named = []
    for each in fields:
        name, count = each.name, 1
        while name in taken:
            count += 1
            name = f"{each.name}_{count}"
        taken.add(name)
        named.append(replace(each, name=name))
    return tuple(named)


def meaning_of_shape(values: Sequence[str]) -> str:
    """Return date, number, category or text, by what the values look like."""
    if share(DATE, values) >= MOST:
        return "date"
    if share(NUMBER, values) >= MOST:
        return "number"
    return "category" if len(set(values)) < FEW * len(values) else "text"


def date_order(values: Sequence[str]) -> DateOrder:
    """Say whether dates written with slashes put the day or the month first."""
    parts = [match for match in map(PARTS.match, values) if match]
    first = any(int(match[1]) > 12 for match in parts)  # noqa: PLR2004  months
    second = any(int(match[2]) > 12 for match in parts)  # noqa: PLR2004  months
    return "month-first" if second and not first else "day-first"
