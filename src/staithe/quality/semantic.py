"""Say what a column means, by its name and by the share of values that fit.

A name alone can lie and values alone can coincide (one random number in eleven passes
the NHS check), so a strong claim needs both, or an unmistakable pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from staithe.quality.identifiers import SCHEMES, share_valid


SAMPLE = 1000
MOST, NEARLY_ALL = 0.5, 0.9
ENOUGH_DIGIT_CHECKS = 20  # values, before a check digit alone is believed

# First match wins; matched against the name in lower case with underscores.
NAME_RULES: tuple[tuple[str, str], ...] = (
    (r"nhs(_?(no|num|number|id))?$|^nhs_", "nhs_number"),
    (r"\bchi(_(no|num|number))?\b", "chi_number"),
    (r"(health_and_care|h_c|hcn|hc)_(no|num|number)", "hc_number"),
    (r"\bnino\b|(ni|nat_?ins|national_insurance)_(no|num|number)|^ni$", "nino"),
    (r"\butr\b|unique_taxpayer|tax_?payer_ref", "utr"),
    (r"\bvat(_(no|num|number|reg).*)?$", "vat_number"),
    (r"\beori\b", "eori"),
    (r"\bpaye\b|employer_ref", "paye_reference"),
    (r"\bcrn\b|compan(y|ies_house)_(no|num|number|reg|id)", "crn"),
    (r"charity_(no|num|number|reg|id)", "charity_number"),
    (r"\bupn\b|pupil_(no|num|number|ref)", "upn"),
    (r"\buln\b|learner_(no|num|number|ref)", "uln"),
    (r"\bukprn\b", "ukprn"),
    (r"(school|gias|edubase)_urn|^urn$", "school_urn"),
    (r"\bhusid\b", "husid"),
    (r"\buprn\b", "uprn"),
    (r"\busrn\b", "usrn"),
    (r"driv(ing|er|ers)_?licen[cs]e", "driving_licence"),
    (r"\bpnc(_?id)?\b", "pnc_id"),
    (r"\bcro(_(no|num|number))?\b", "cro_number"),
    (r"prison(er)?_(no|num|number|id)|\bnomis\b", "prison_number"),
    (r"\blei\b", "lei"),
    (r"gss|ons_code|\b(lad|lsoa|msoa|oa|ward|rgn|ctry|lpa|pcon|utla|ltla)\d{0,2}_?(cd|code)\b", "gss_code"),
    (r"soc(ial)?_?sec|\bssn\b|national_id|passport|person_(id|ref|no|number)|(citizen|patient|client|customer|case)_(no|num|number|ref|id)|hospital_(no|num|number)", "person_id"),
    (r"post_?code|\bpcds?\b|zip(_?code)?$|post_?al_code", "postcode"),
    (r"e_?mail", "email"),
    (r"\b(tele)?phone|mobile|\btel\b|contact_(no|num|number)", "phone"),
    (r"date_?of_?birth|birth_?date|\bdob\b|\bd_o_b\b|birth_dt|\bborn\b", "date_of_birth"),
    (r"year_?of_?birth|birth_?year|\byob\b", "year_of_birth"),
    (r"\b(sex|gender)\b", "sex"),
    (r"middle_?names?|second_?name|other_?names?|\bmid_name\b|middle_initial", "middle_name"),
    (r"first_and_(surname|last)|full_?name|forename_surname|(person|patient|client|customer|claimant|pupil|applicant)_name|^name_of_person$", "full_name"),
    (r"given_?names?|first_?names?|fore_?names?|christian_name|\bfname\b|known_as", "forename"),
    (r"sur_?name|last_?name|family_?name|maiden|\blname\b", "surname"),
    (r"(business|company|organi[sz]ation|employer|trading|charity|provider|department|school|council|publisher|supplier)(_name)?$|\borg(_name)?$|local_authority(_name)?$", "organisation"),
    (r"country|nationality|nation$", "country"),
    (r"\b(city|town|suburb|locality|village|birth_place|place_of_birth|post_town)\b", "city"),
    (r"\b(lat|latitude)\b", "latitude"),
    (r"\b(lon|lng|long|longitude)\b", "longitude"),
    (r"easting|northing", "grid_reference"),
    (r"address|\baddr|street|house_?(no|num|number|name)|\bflat\b|building|\bpaon\b|\bsaon\b", "address"),
    (r"\b(url|link|web_?site|web_?page|landing_page|homepage)\b", "url"),
    (r"amount|\b(cost|price|salary|income|payment|spend|value_gbp|gbp|fee|balance|total_paid|pay|wage|rent|debt|arrears|turnover|award)\b", "amount"),
    (r"\b(date|dt|day|issued|modified|created|updated|timestamp)\b|_(at|on)$|\b(start|end)_date", "date"),
    (r"^(id|rec_?id|unique_?id|row_?id|record_?id|uid|uuid|guid|cluster|pk|key|ref|reference)(_[a-z])?$|_(id|ref|uid|uuid|reference|key)(_[lr])?$|^id_", "identifier"),
    (r"\b(code|status|type|category|class|group|band|grade|flag|state|region|stage|kind|occupation|theme|source|section|licence|language)\b", "category"),
    (r"description|comment|notes?$|free_?text|narrative|details|remarks", "text"),
)  # fmt: skip
_NAMES = tuple((re.compile(pattern), word) for pattern, word in NAME_RULES)

EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
PHONE = re.compile(r"(?:\+44|0044|0)[1-9](?:[ ()-]*[0-9]){8,9}")
DATE = re.compile(
    r"-?[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?|[0-9]{1,2}[/.-][0-9]{1,2}[/.-]([0-9]{4}|[0-9]{2})"
    r"|[0-9]{8}|[0-9]{1,2}[ -][A-Za-z]{3,9}[ -][0-9]{2,4}|[0-9]{4}/[0-9]{2}/[0-9]{2}"
)
ISO_DATE = re.compile(r"-?[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+(Z|[+-][0-9:]+)?)?")
WORDS = re.compile(r"[^\W\d_][^\d_@]*")
NUMBER = re.compile(r"[-+]?[£$€]?[0-9][0-9,]*(\.[0-9]+)?([eE][-+]?[0-9]+)?")
URL = re.compile(r"https?://\S+")
SEX = frozenset(
    [
        "m",
        "f",
        "male",
        "female",
        "man",
        "woman",
        "u",
        "unknown",
        "x",
        "i",
        "n",
        "0",
        "1",
        "2",
        "9",
        "other",
    ]
)
PLACE_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{1,9}")

_TESTS: dict[str, Callable[[str], object]] = {
    "email": EMAIL.fullmatch,
    "phone": re.compile(r"\+?[0-9][0-9 ()-]{5,18}").fullmatch,
    "date_of_birth": DATE.fullmatch,
    "date": DATE.fullmatch,
    "year_of_birth": re.compile(r"[0-9]{4}").fullmatch,
    "sex": lambda value: value.lower() in SEX,
    "postcode": PLACE_CODE.fullmatch,
    "forename": WORDS.match,
    "middle_name": WORDS.match,
    "surname": WORDS.match,
    "full_name": WORDS.match,
    "city": WORDS.match,
    "organisation": re.compile(r".*[^\W\d_]").match,
    "amount": NUMBER.fullmatch,
    "latitude": NUMBER.fullmatch,
    "longitude": NUMBER.fullmatch,
    "grid_reference": NUMBER.fullmatch,
    "url": URL.fullmatch,
}
PERSON_SCHEMES = frozenset(
    name
    for name, scheme in SCHEMES.items()
    if scheme.identifies in {"person", "pupil", "learner", "student", "taxpayer"}
)
PERSONAL = PERSON_SCHEMES | frozenset(
    [
        "forename",
        "middle_name",
        "surname",
        "full_name",
        "date_of_birth",
        "year_of_birth",
        "sex",
        "postcode",
        "address",
        "city",
        "email",
        "phone",
        "person_id",
        "uprn",
    ]
)
# Columns that tell that a row is about a person, rather than about a place or a body.
_TELLING = PERSON_SCHEMES | frozenset(
    ["forename", "middle_name", "surname", "full_name", "date_of_birth", "person_id"]
)
SEMANTIC_TYPES = (
    frozenset(word for _, word in NAME_RULES) | frozenset(SCHEMES) | {"number", "empty"}
)


def looks_personal(types: Iterable[str]) -> bool:
    """Say whether rows with such columns are about people."""
    return not _TELLING.isdisjoint(types)


def plain_name(name: str) -> str:
    """Write `DateOfBirth`, `date of birth` and `DATE-OF-BIRTH` as `date_of_birth`."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", split.lower()).strip("_")


def detect_semantic_type(name: str, values: Iterable[Any]) -> str:
    """Return what a column means, from its name and a sample of its values."""
    texts = [text for text in (str(v).strip() for v in values if v is not None) if text]
    texts = texts[:SAMPLE]
    named = name_suggests(name)
    if not texts:
        return named or "empty"
    if named and _fits(named, texts):
        return named
    return _by_values(texts, named=named)


def name_suggests(name: str) -> str:
    """Return the meaning that a name alone claims, or nothing."""
    # \b does not see an underscore as an edge, so words are parted by spaces too.
    plain = plain_name(name)
    spaced = plain.replace("_", " ")
    return next(
        (w for rule, w in _NAMES if rule.search(plain) or rule.search(spaced)), ""
    )


def _share(test: Callable[[str], object], texts: Sequence[str]) -> float:
    return sum(1 for text in texts if test(text)) / len(texts)


def _fits(word: str, texts: Sequence[str]) -> bool:
    """Say whether most values can be what the name says."""
    test = _TESTS.get(word)
    if test is not None:
        return _share(test, texts) >= MOST
    if word in SCHEMES:
        return share_valid(texts, scheme=word) >= MOST
    return True


def _by_values(texts: Sequence[str], *, named: str) -> str:
    """Judge by values alone: only what cannot easily be something else."""
    for word, test in (("email", EMAIL), ("url", URL), ("date", ISO_DATE)):
        if _share(test.fullmatch, texts) >= NEARLY_ALL:
            return word
    for scheme in ("postcode", "gss_code", "nino", "lei", "upn"):
        if share_valid(texts, scheme=scheme) >= NEARLY_ALL and _has_letters(texts):
            return scheme
    if len(texts) >= ENOUGH_DIGIT_CHECKS:
        for scheme in ("nhs_number", "utr", "uln"):
            if share_valid(texts, scheme=scheme) >= NEARLY_ALL:
                return scheme
    if _share(PHONE.fullmatch, texts) >= NEARLY_ALL:
        return "phone"
    return _by_shape(texts, named=named)


def _has_letters(texts: Sequence[str]) -> bool:
    return any(mark.isalpha() for mark in texts[0])


def _by_shape(texts: Sequence[str], *, named: str) -> str:
    if named in PERSON_SCHEMES:  # values fail its check: still a number of a person
        return "person_id"
    distinct = len(set(texts))
    if _share(NUMBER.fullmatch, texts) >= NEARLY_ALL:
        return "number"
    longest = max(map(len, texts))
    few = distinct <= max(12, len(texts) // 20)
    return "category" if few and longest <= 60 else "text"  # noqa: PLR2004  a label is short


def detect_columns(table: pa.Table | Mapping[str, Sequence[Any]]) -> dict[str, str]:
    """Return what each column means, from an even sample of up to 1,000 of its values."""
    if isinstance(table, pa.Table):
        return {
            name: detect_semantic_type(name, _sample(table.column(name)))
            for name in table.column_names
        }
    return {name: detect_semantic_type(name, values) for name, values in table.items()}


def _sample(column: pa.ChunkedArray) -> list[Any]:
    filled = column.drop_null()
    step = max(1, len(filled) // SAMPLE)
    return list(
        filled.take(pa.array(range(0, len(filled), step), pa.int64())).to_pylist()
    )
