"""What is wrong with one column: stand-ins for nothing, bad formats, odd spellings.

Each rule counts rows exactly and gives one finding in the dimension that it hurts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from staithe.quality.identifiers import SCHEMES
from staithe.quality.masking import example
from staithe.quality.measure import (
    SPELLING_LIMIT,
    Basics,
    ColumnMeasure,
    Hit,
    sentinel_dates,
    sentinels,
)
from staithe.quality.scorecard import Finding


TESTABLE = 0.5  # below this share the column is not of that scheme at all
CODE_NINES = (99, 999, 9999, 99999, -1, -9, -99, -999)
FAR = 1.5  # a coded 99 stands well beyond the next value

# Date formats told apart in text; a column that mixes them cannot be sorted or joined.
DATE_FORMATS = {
    "YYYY-MM-DD": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "YYYY-MM-DD hh:mm": r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9].*",
    "DD/MM/YYYY": r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}",
    "DD/MM/YY": r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{2}",
    "DD-MM-YYYY": r"[0-9]{1,2}[-.][0-9]{1,2}[-.][0-9]{4}",
    "YYYYMMDD": r"[0-9]{8}",
    "year before 1": r"-[0-9]{4,}-[0-9]{2}-[0-9]{2}.*",
}
EMAIL = r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+"
NAMES = frozenset(["forename", "middle_name", "surname", "full_name"])
LABEL_LENGTH = 100  # longer values are prose, and prose has no one spelling
ISO_FORMATS = frozenset({"YYYY-MM-DD", "YYYY-MM-DD hh:mm"})
DATE_WORDS = frozenset({"date", "date_of_birth"})
MAY_BE_LATER = (
    "end",
    "expir",
    "due",
    "until",
    "review",
    "valid",
    "renew",
    "next",
    "plan",
)


@dataclass
class ColumnFacts:
    """All that the rules of one column need, and what they add up to."""

    measure: ColumnMeasure
    basics: Basics
    name: str
    type: str
    semantic: str
    personal: bool
    people: bool
    today: dt.date
    sentinels: int = 0
    tested: int = 0
    invalid: int = 0
    inconsistent: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def filled(self) -> int:
        """Rows that hold a value."""
        return self.basics.rows - self.basics.nulls

    def finding(self, severity: str, dimension: str, message: str, hit: Hit) -> Finding:
        """Make a finding about this column, its examples masked where personal."""
        masked = self.personal or self.people
        shown = [example(text, personal=masked) for text in hit.examples]
        return Finding(
            severity,
            dimension,
            self.name,
            message,
            hit.count,
            tuple(dict.fromkeys(shown)),
        )


def column_findings(facts: ColumnFacts) -> Iterator[Finding]:
    """Run every rule that applies to the column; counts are added to `facts`."""
    rules: tuple[Callable[[ColumnFacts], Iterator[Finding]], ...] = (
        _missing,
        _empty_text,
        _sentinels,
        _sentinel_dates,
        _coded_nines,
        _not_a_number,
        _spaces,
        _spellings,
        _identifiers,
        _pseudo_postcodes,
        _emails,
        _date_formats,
        _impossible_dates,
        _future_dates,
        _repeated_identifiers,
    )
    for rule in rules:
        yield from rule(facts)


def _missing(facts: ColumnFacts) -> Iterator[Finding]:
    nulls, rows = facts.basics.nulls, facts.basics.rows
    if not nulls:
        return
    if nulls == rows:
        message, severity = "No row has a value.", "warning"
    else:
        message, severity = f"{nulls / rows:.1%} of rows have no value.", "info"
    yield facts.finding(severity, "completeness", message, Hit(nulls, ()))


def _empty_text(facts: ColumnFacts) -> Iterator[Finding]:
    if facts.type != "text":
        return
    hit = facts.measure.where("trim(t) = ''")
    if hit.count:
        facts.sentinels += hit.count
        message = "Empty text is stored where there is no value."
        yield facts.finding("warning", "completeness", message, Hit(hit.count, ()))


def _sentinels(facts: ColumnFacts) -> Iterator[Finding]:
    if facts.type != "text":
        return
    hit = facts.measure.where(sentinels(is_name=facts.semantic in NAMES))
    if hit.count:
        facts.sentinels += hit.count
        message = "Words that mean “not known” are stored as if they were data."
        yield _unmasked(facts.finding("warning", "completeness", message, hit), hit)


def _sentinel_dates(facts: ColumnFacts) -> Iterator[Finding]:
    if facts.semantic not in DATE_WORDS and facts.type not in {"date", "timestamp"}:
        return
    hit = facts.measure.where(sentinel_dates(facts.basics))
    if hit.count:
        facts.sentinels += hit.count
        message = (
            "A date that computers use for “not known” is stored as if it were real."
        )
        yield _unmasked(facts.finding("warning", "completeness", message, hit), hit)


def _unmasked(finding: Finding, hit: Hit) -> Finding:
    """Show a stand-in as it is: it says nothing about anyone."""
    shown = tuple(example(text, personal=False) for text in hit.examples)
    return replace(finding, examples=shown)


def _coded_nines(facts: ColumnFacts) -> Iterator[Finding]:
    """Find 99, 999, -1 far beyond every other value: a code for missing, not a number."""
    if facts.type != "integer" or facts.semantic in {"identifier", "person_id"}:
        return
    extremes = {text for text in (facts.basics.min, facts.basics.max) if text}
    for code in CODE_NINES:
        if str(code) not in extremes or facts.basics.distinct < 3:  # noqa: PLR2004  two values are a code list
            continue
        hit = facts.measure.where(f"value = {code}")
        inner = facts.measure.where(
            f"abs(value) * {FAR} > {abs(code)} AND value <> {code}"
        )
        negative = (
            code < 0
            and facts.measure.where(f"value < 0 AND value <> {code}").count == 0
        )
        if hit.count > 1 and (negative or (code > 0 and inner.count == 0)):
            facts.sentinels += hit.count
            message = f"{code} stands far from every other value: probably “not known”."
            yield facts.finding("info", "completeness", message, hit)


def _not_a_number(facts: ColumnFacts) -> Iterator[Finding]:
    """Find NaN and infinity, which a computation leaves where it had no answer."""
    if facts.type != "number":
        return
    hit = facts.measure.where("NOT isfinite(value)")
    if hit.count:
        facts.sentinels += hit.count
        message = "Not a number (NaN or infinity): a computation had no answer."
        yield _unmasked(facts.finding("warning", "completeness", message, hit), hit)


def _spaces(facts: ColumnFacts) -> Iterator[Finding]:
    if facts.type != "text":
        return
    hit = facts.measure.where("t <> trim(t) AND trim(t) <> ''")
    if hit.count:
        facts.inconsistent += hit.count
        message = "Values begin or end with spaces, so equal values do not match."
        yield facts.finding("warning", "consistency", message, hit)


def _spellings(facts: ColumnFacts) -> Iterator[Finding]:
    if facts.type != "text" or facts.basics.distinct > SPELLING_LIMIT:
        return
    if (facts.basics.max_length or 0) > LABEL_LENGTH or facts.semantic in {
        "url",
        "email",
    }:
        return
    hit = facts.measure.spellings()
    if hit.count:
        facts.inconsistent += hit.count
        message = "The same value is written in several ways (capitals or spaces)."
        yield facts.finding("warning", "consistency", message, hit)


def _identifiers(facts: ColumnFacts) -> Iterator[Finding]:
    scheme = SCHEMES.get(facts.semantic)
    if scheme is None or not facts.filled:
        return
    hit = facts.measure.invalid(scheme.name)
    if hit.count > facts.filled * (1 - TESTABLE):
        message = (
            f"Named like a {scheme.title}, but most values are not one: not tested."
        )
        yield facts.finding("info", "validity", message, hit)
        return
    facts.tested += facts.filled
    facts.invalid += hit.count
    if hit.count:
        test = "format" if scheme.check is None else "format or check digit"
        message = f"Not a valid {scheme.title}: the {test} is wrong."
        yield facts.finding("error", "validity", message, hit)


def _pseudo_postcodes(facts: ColumnFacts) -> Iterator[Finding]:
    if facts.semantic != "postcode":
        return
    hit = facts.measure.where("upper(trim(t)) LIKE 'ZZ99%'")
    if hit.count:
        facts.sentinels += hit.count
        message = "Pseudo-postcodes (ZZ99) stand for no fixed address or unknown."
        yield facts.finding("warning", "completeness", message, hit)


def _emails(facts: ColumnFacts) -> Iterator[Finding]:
    if facts.semantic != "email":
        return
    hit = facts.measure.where(f"NOT regexp_full_match(trim(t), '{EMAIL}')")
    facts.tested += facts.filled
    facts.invalid += hit.count
    if hit.count:
        message = "Not an email address: nothing, or a space, beside the @."
        yield facts.finding("error", "validity", message, hit)


def _date_formats(facts: ColumnFacts) -> Iterator[Finding]:
    """Count the values in each date format; the commonest is taken as meant."""
    if facts.semantic not in DATE_WORDS or facts.type not in {"text", "integer"}:
        return
    matched = {
        word: facts.measure.where(f"regexp_full_match(trim(t), '{pattern}')")
        for word, pattern in DATE_FORMATS.items()
    }
    found = {word: hit for word, hit in matched.items() if hit.count}
    if not found:
        return
    usual = max(found, key=lambda word: found[word].count)
    for word, hit in found.items():
        if word != usual:
            facts.inconsistent += hit.count
            message = f"Dates are written as {word} while most are {usual}."
            yield facts.finding("warning", "consistency", message, hit)
    if usual not in ISO_FORMATS:
        message = (
            f"Dates are written as {usual}; the standard is YYYY-MM-DD (ISO 8601)."
        )
        yield facts.finding("info", "consistency", message, found[usual])
    any_format = " OR ".join(
        f"regexp_full_match(trim(t), '{pattern}')" for pattern in DATE_FORMATS.values()
    )
    other = facts.measure.where(f"NOT ({any_format}) AND trim(t) <> ''")
    facts.tested += facts.filled
    facts.invalid += other.count
    if other.count:
        message = "Not a date in any usual format."
        yield facts.finding("error", "validity", message, other)


def _as_date(facts: ColumnFacts) -> str | None:
    """Return SQL that reads the column's usual date formats, or None."""
    if facts.type in {"date", "timestamp"}:
        return "value::DATE"
    if facts.semantic not in DATE_WORDS or facts.type not in {"text", "integer"}:
        return None
    return (
        "coalesce(try_cast(CASE WHEN regexp_matches(trim(t), '^[0-9]{4}-[0-9]{2}-[0-9]{2}') "
        "THEN left(trim(t), 10) END AS DATE), "
        "CAST(try_strptime(trim(t), ['%Y%m%d', '%d/%m/%Y', '%d-%m-%Y']) AS DATE))"
    )


def _impossible_dates(facts: ColumnFacts) -> Iterator[Finding]:
    """Find text with the form of a date that no calendar has, such as 2024-02-30."""
    date = _as_date(facts)
    if date is None or facts.type not in {"text", "integer"}:
        return
    form = "^([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4})$"
    hit = facts.measure.where(f"regexp_matches(trim(t), '{form}') AND {date} IS NULL")
    if hit.count:
        facts.invalid += hit.count
        message = "Has the form of a date, but the calendar has no such day."
        yield facts.finding("error", "validity", message, hit)


def _future_dates(facts: ColumnFacts) -> Iterator[Finding]:
    date = _as_date(facts)
    if date is None:
        return
    is_birth = facts.semantic == "date_of_birth"
    if not is_birth and any(word in facts.name.lower() for word in MAY_BE_LATER):
        return
    # 9999-12-31 was counted as a stand-in for nothing.
    hit = facts.measure.where(f"{date} > DATE '{facts.today}' AND year({date}) < 9999")
    if facts.type in {"date", "timestamp"}:
        facts.tested += facts.filled
    if hit.count:
        facts.invalid += hit.count
        message = f"Later than today ({facts.today})."
        yield facts.finding(
            "error" if is_birth else "warning", "validity", message, hit
        )


def _repeated_identifiers(facts: ColumnFacts) -> Iterator[Finding]:
    """Find a nearly unique identifier with repeats: one row too many, or one number."""
    filled, distinct = facts.filled, facts.basics.distinct
    nearly = filled * 0.95 <= distinct < filled
    if facts.semantic not in {"identifier", "person_id", *SCHEMES} or not nearly:
        return
    if facts.semantic in {"postcode", "gss_code"}:
        return
    hit = facts.measure.where("n > 1")
    message = "An identifier that is nearly always unique repeats in these rows."
    yield facts.finding("warning", "uniqueness", message, hit)
