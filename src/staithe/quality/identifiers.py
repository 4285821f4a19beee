"""The registry of identifiers: what each looks like, how it is checked, what it names.

Raw value, canonical form and validity are kept apart; an invalid identifier is
reported and never dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from staithe.quality import check_digits as digits
from staithe.tables.sql import quote_list, quote_literal


@dataclass(frozen=True)
class Scheme:
    """One kind of identifier; `pattern` and `check` apply to the canonical form.

    `weights` states the check as a weighted sum modulo 11 that must be nought, and
    `refused` as beginnings, so that an engine can test millions of values in SQL.
    """

    name: str
    title: str
    identifies: str
    issuer: str
    pattern: str
    check: Callable[[str], bool] | None = None
    in_range: Callable[[str], bool] | None = None
    pad_to: int = 0
    strip: str = " -"
    weights: tuple[int, ...] = ()
    refused: frozenset[str] = frozenset()  # first two characters never issued


@dataclass(frozen=True)
class Validity:
    """Three separate answers; None means that the scheme has no such test."""

    format: bool
    check: bool | None = None
    range: bool | None = None

    @property
    def ok(self) -> bool:
        """Say whether format and check both hold (a range may be a test range)."""
        return self.format and self.check is not False


COMPANY_PREFIXES = (
    "AC CE CS FC FE GE GN GS IC IP LP NA NC NF NI NL NO NP NR NV NZ OC OE PC RC RS SA "
    "SC SE SF SG SI SL SO SP SR SZ ZC"
).replace(" ", "|")
POSTCODE = r"(?:[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][ABD-HJLNP-UW-Z]{2}|GIR0AA|BFPO[0-9]{1,4})"
NINO_FIRST, NINO_SECOND = "[A-CEGHJ-PR-TW-Z]", "[A-CEGHJ-NPR-TW-Z]"
NOT_NINO = frozenset(["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"])
ADMINISTRATIVE_NINO = frozenset(["OO", "CR", "FY", "MW", "NC", "PP", "PY", "PZ"])


def _nino_prefix_is_used(number: str) -> bool:
    return number[:2] not in NOT_NINO


def _nino_is_personal(number: str) -> bool:
    return number[:2] not in ADMINISTRATIVE_NINO


def _nhs_is_issued(number: str) -> bool:
    return number[0] == "3" or 400 <= int(number[:3]) <= 499 or number[0] in "67"  # noqa: PLR2004  the issued blocks


_REGISTRY = (
    Scheme(
        "nhs_number", "NHS number", "person", "NHS England", r"[0-9]{10}",
        digits.is_nhs, _nhs_is_issued, weights=(10, 9, 8, 7, 6, 5, 4, 3, 2, 1),
    ),
    Scheme("chi_number", "CHI number", "person", "NHS Scotland", r"[0-9]{10}", digits.is_chi, pad_to=10),
    Scheme("hc_number", "Health and Care number", "person", "HSC Northern Ireland", r"3[0-9]{9}", digits.is_health_and_care),
    Scheme(
        "nino", "National Insurance number", "person", "HMRC and DWP",
        NINO_FIRST + NINO_SECOND + r"[0-9]{6}[A-D]?",
        _nino_prefix_is_used, _nino_is_personal, refused=NOT_NINO,
    ),
    Scheme("utr", "Unique Taxpayer Reference", "taxpayer", "HMRC", r"[0-9]{10}", digits.is_utr, pad_to=10),
    Scheme("vat_number", "VAT registration number", "business", "HMRC", r"(GB|XI)?([0-9]{9}|[0-9]{12}|(GD|HA)[0-9]{3})", digits.is_vat),
    Scheme("eori", "EORI number", "business", "HMRC", r"(GB|XI)[0-9]{12}"),
    Scheme("paye_reference", "PAYE reference", "employer", "HMRC", r"[0-9]{3}/[A-Z0-9]{1,10}"),
    Scheme("accounts_office_reference", "Accounts Office reference", "employer", "HMRC", r"[0-9]{3}P[A-Z][0-9]{7}[0-9X]"),
    Scheme("crn", "company number", "company", "Companies House", rf"(?:[0-9]{{8}}|(?:{COMPANY_PREFIXES})[0-9]{{6}}|R0[0-9]{{6}})", pad_to=8),
    Scheme("charity_number", "charity number", "charity", "charity regulators", r"(?:[0-9]{6,7}(?:-[0-9]{1,3})?|SC0[0-9]{5}|NIC10[0-9]{4})", strip=" "),
    Scheme("upn", "Unique Pupil Number", "pupil", "DfE", r"[A-HJ-NP-RT-Z][0-9]{11}[0-9A-HJ-NP-RT-Z]", digits.is_upn),
    Scheme("uln", "Unique Learner Number", "learner", "Learning Records Service", r"[1-9][0-9]{9}", digits.is_uln),
    Scheme("ukprn", "UK Provider Reference Number", "education provider", "UKRLP", r"1[0-9]{7}"),
    Scheme("school_urn", "school URN", "school", "DfE", r"[0-9]{6}"),
    Scheme("husid", "HUSID", "student", "HESA", r"[0-9]{13}"),
    Scheme("uprn", "Unique Property Reference Number", "property", "GeoPlace", r"[0-9]{12}", pad_to=12),
    Scheme("usrn", "Unique Street Reference Number", "street", "GeoPlace", r"[0-9]{8}"),
    Scheme("driving_licence", "driving licence number", "person", "DVLA", r"[A-Z][A-Z9]{4}[0-9][0156][0-9][0-3][0-9][0-9][A-Z][A-Z9][0-9A-Z][A-Z]{2}", digits.is_driving_licence),
    Scheme("passport_mrz", "passport number with check digit", "person", "ICAO 9303", r"[A-Z0-9<]{9}[0-9]", digits.is_mrz_passport),
    Scheme("pnc_id", "PNC identifier", "person", "police", r"(?:[0-9]{2}|[0-9]{4})/[0-9]{1,7}[A-HJ-NP-RT-Z]", digits.is_pnc),
    Scheme("cro_number", "CRO number", "person", "police", r"[0-9]{1,6}/[0-9]{2}[A-Z]"),
    Scheme("prison_number", "prison number", "person", "HMPPS", r"[A-Z][0-9]{4}[A-Z]{2}"),
    Scheme("lei", "Legal Entity Identifier", "legal entity", "GLEIF", r"[A-Z0-9]{18}[0-9]{2}", digits.is_lei),
    Scheme("gss_code", "GSS code", "area", "ONS", r"[EWSNKJ][0-9]{8}"),
    Scheme("postcode", "postcode", "place", "Royal Mail", POSTCODE),
)  # fmt: skip

SCHEMES: dict[str, Scheme] = {scheme.name: scheme for scheme in _REGISTRY}
_COMPILED = {name: re.compile(scheme.pattern) for name, scheme in SCHEMES.items()}


def valid_sql(scheme: str, column: str) -> str | None:
    """Return `is_valid` of a column of texts as SQL, or None where SQL cannot say it."""
    rule = SCHEMES[scheme]
    if rule.check is not None and not rule.weights and not rule.refused:
        return None
    text = canonical_sql(scheme, column)
    test = f"regexp_full_match({text}, {quote_literal(rule.pattern)})"
    if rule.refused:
        test += f" AND left({text}, 2) NOT IN {quote_list(sorted(rule.refused))}"
    if rule.weights:
        terms = " + ".join(
            f"{weight} * try_cast(substr({text}, {at}, 1) AS INTEGER)"
            for at, weight in enumerate(rule.weights, 1)
        )
        test += f" AND coalesce(({terms}) % 11 = 0, false)"
    return f"({test})"


def canonical_sql(scheme: str, column: str) -> str:
    """Return `canonicalise` of a column of texts as SQL."""
    rule = SCHEMES[scheme]
    marks = quote_literal("[" + rule.strip.replace("-", "\\-") + "]")
    text = f"upper(regexp_replace(trim({column}), {marks}, '', 'g'))"
    if not rule.pad_to:
        return text
    return (
        f"CASE WHEN length({text}) < {rule.pad_to} AND regexp_full_match({text}, "
        f"'[0-9]+') THEN lpad({text}, {rule.pad_to}, '0') ELSE {text} END"
    )


def canonicalise(value: str, *, scheme: str) -> str:
    """Return the value in capitals, without spaces and hyphens, padded where usual."""
    rule = SCHEMES[scheme]
    text = value.strip().upper().translate({ord(mark): None for mark in rule.strip})
    return text.zfill(rule.pad_to) if rule.pad_to and text.isdecimal() else text


def validity(value: str, *, scheme: str) -> Validity:
    """Test format, check digit and issued range, each on its own."""
    rule = SCHEMES[scheme]
    text = canonicalise(value, scheme=scheme)
    if not text.isascii() or not _COMPILED[scheme].fullmatch(text):
        return Validity(format=False)
    return Validity(
        format=True,
        check=None if rule.check is None else rule.check(text),
        range=None if rule.in_range is None else rule.in_range(text),
    )


def is_valid(value: str, *, scheme: str) -> bool:
    """Say whether format and check digit hold (the issued range is not asked)."""
    return validity(value, scheme=scheme).ok


def share_valid(values: Sequence[str], *, scheme: str) -> float:
    """Return the share of values that are valid; nought where there are none."""
    return sum(is_valid(v, scheme=scheme) for v in values) / max(1, len(values))
