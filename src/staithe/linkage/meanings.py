"""What a column can mean for linkage, and how its name gives that away.

Owners describe a link in these words. Everything that follows (how values are
standardised, compared and blocked on) hangs off the meaning, not off the name a
column happens to have in one file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """One thing a column can mean: its word, its kind, and names that say so.

    `kind` decides treatment: name, date, sex, postcode, email, phone, identifier,
    number, address, place, category, text.
    """

    word: str
    kind: str
    title: str
    names: str = ""


MEANINGS: tuple[Meaning, ...] = (
    Meaning(
        "forename",
        "name",
        "Forename",
        r"(first|fore|given|christian|preferred)_?names?|fname|firstname|forenames?|given"
        r"|first|known_as",
    ),
    Meaning(
        "middle_name",
        "name",
        "Middle names",
        r"(middle|second|other|mid)_?(names?|initials?|forenames?)|mname|middle",
    ),
    Meaning(
        "surname",
        "name",
        "Surname",
        r"(sur|last|family)_?names?|lname|lastname|family|last",
    ),
    Meaning(
        "full_name",
        "name",
        "Full name",
        r"(full_?|person_?|people_?|customer_?|client_?|patient_?|pupil_?|student_?"
        r"|tenant_?|employee_?|claimant_?|applicant_?|contact_?|display_?|member_?"
        r"|holder_?|resident_?|complete_?)?names?|name_full|name_of_\w+"
        r"|(first|fore|given)(_?names?)?_and_(sur|last)_?names?",
    ),
    Meaning(
        "date_of_birth",
        "date",
        "Date of birth",
        r"d_?o_?b(_dd_?mm_?yyyy)?|b_?date|birth|date_?of_?birth|birth_?date|birth_?day|born(_on)?|dt_?of_?birth"
        r"|birth_dt|dateofbirth",
    ),
    Meaning(
        "birth_year", "number", "Year of birth", r"yob|birth_?year|year_?of_?birth"
    ),
    Meaning("sex", "sex", "Sex", r"sex|gender|sex_code|gender_code|sex_at_birth"),
    Meaning(
        "postcode",
        "postcode",
        "Postcode",
        r"(home_|current_|postal_|address_)?(post_?(al_?)?code|zip(_?code)?|pcds?|pcode)"
        r"(_\w+)?",
    ),
    Meaning("email", "email", "Email address", r"e_?mail(_?addr(ess)?)?|email_\w+"),
    Meaning(
        "phone",
        "phone",
        "Telephone",
        r"(tele)?phone(_?(no|num|number))?|mobile(_?(no|num|number|phone))?|tel(_no)?"
        r"|(home|work|mobile|cell|contact)_(tele)?(phone|number|no)|msisdn",
    ),
    Meaning(
        "identifier",
        "identifier",
        "Identifier",
        r"(nhs|ni|nino|national_insurance|soc_?sec|social_security|ssn|sin|passport"
        r"|driving_licen[cs]e|driver_licen[cs]e|licen[cs]e|chi|hospital|tax|utr|vat"
        r"|upn|uln|ukprn|urn|uprn|usrn|eori|paye|company|charity|crn|companies_house"
        r"|registration|council_tax|account|iban|lei|isbn|doi|pnc|cro)"
        r"(_?(id|no|num|number|ref|reference|code))*",
    ),
    Meaning(
        "house_number",
        "category",
        "House number",
        r"(house|street|building|property|flat|unit|door)_?(no|num|number|name)|paon|saon",
    ),
    Meaning(
        "address",
        "address",
        "Address",
        r"(home_|postal_|residential_|street_|current_|full_|mailing_)?addr(ess)?"
        r"(_?(line|ln))?(_?\d+)?|street(_name)?|road|line_?\d",
    ),
    Meaning(
        "place",
        "place",
        "Town or place",
        r"city|town|suburb|locality|village|municipality|post_town|settlement"
        r"|place(_of_residence)?|city_town",
    ),
    Meaning(
        "birth_place",
        "place",
        "Place of birth",
        r"birth_?place|place_of_birth|town_of_birth|city_of_birth|birth_(town|city)"
        r"|birth_country|country_of_birth",
    ),
    Meaning(
        "region",
        "category",
        "Region or county",
        r"state|county|region|province|district|borough|parish|local_authority|la_?name",
    ),
    Meaning("country", "category", "Country", r"country(_name|_code)?|nationality"),
    Meaning(
        "occupation",
        "category",
        "Occupation",
        r"occupation|profession|job(_?title)?|trade|role|title_of_job",
    ),
    Meaning(
        "organisation",
        "text",
        "Organisation name",
        r"(company|organi[sz]ation|organi[sz]ational|business|trading|firm|employer"
        r"|vendor|supplier|payee|merchant|manufacturer|publisher|brand|school|charity)"
        r"(_?name)?",
    ),
    Meaning(
        "amount",
        "number",
        "Amount",
        r"amount|value|price|total|cost|payment|balance|net|gross|fee|paid"
        r"|(\w+_)?(amount|price|value)|amt",
    ),
    Meaning("date", "date", "Date", r"date|day|when|(\w+_)date|date_(\w+)|dt"),
    Meaning("text", "text", "Text"),
    Meaning("category", "category", "Category"),
    Meaning("number", "number", "Number"),
)

BY_WORD = {meaning.word: meaning for meaning in MEANINGS}

# Words in front of a meaning that make it somebody else's, or another time's.
ANOTHERS = {
    "mother", "mothers", "father", "fathers", "parent", "spouse", "partner", "kin",
    "child", "guardian", "carer", "gp", "doctor", "emergency", "next", "maiden",
    "previous", "former", "old", "alias", "birth", "school", "file", "user", "product",
}  # fmt: skip
# Words that mean too little alone to be read behind another word.
VAGUE = {"name", "names", "number", "no", "id", "date", "last", "day", "role", "value"}

# Columns that hold answers, bookkeeping or free remarks: never evidence.
NOT_EVIDENCE = re.compile(
    r"^(cluster(_?id)?|label|labels|truth|ground_truth|true_id|entity(_?id)?|match"
    r"(_id)?|is_match|gold(_\w+)?|person_id_true|index|idx|row(_?(id|no|num|number))?"
    r"|level_0|unnamed_\w+|record(_?(id|no|num|number))?|rec_id|unique_id|source"
    r"(_?(dataset|file|system|table))?|dataset|created(_\w+)?|updated(_\w+)?"
    r"|modified(_\w+)?|inserted(_\w+)?|timestamp|notes?|comments?|remarks?|load_\w+)$"
)


# Endings of a column name that say "identifier" and not which.
ENDINGS = re.compile(r"(_(id|no|num|number|ref|reference|code|name))+$")
SAME_SCHEME = {
    "ni": "nino",
    "national_insurance": "nino",
    "ssn": "social_security",
    "soc_sec": "social_security",
    "companies_house": "company",
    "crn": "company",
    "driving_licence": "licence",
    "driving_license": "licence",
    "driver_licence": "licence",
    "driver_license": "licence",
    "license": "licence",
}


def scheme_of(column: str) -> str:
    """Return which identifier a column name speaks of: nhs, nino, passport..."""
    bare = ENDINGS.sub("", plain_column(column))
    return SAME_SCHEME.get(bare, bare)


# What column names call an identifier whose form and check digit are known.
REGISTERED = {
    "nhs": "nhs_number",
    "chi": "chi_number",
    "nino": "nino",
    "utr": "utr",
    "upn": "upn",
    "uln": "uln",
    "ukprn": "ukprn",
    "uprn": "uprn",
    "usrn": "usrn",
    "company": "crn",
    "eori": "eori",
    "lei": "lei",
}


# Words that any amount or date may have in its name.
BARE = {"date", "dt", "amount", "amt", "value", "total", "when", "day", "price", "paid"}


def may_be_one(left: str, right: str) -> bool:
    """Say whether two names of one general meaning (start date) may be one thing."""
    words = [set(plain_column(name).split("_")) - BARE for name in (left, right)]
    return not words[0] or not words[1] or bool(words[0] & words[1])


def plain_column(name: str) -> str:
    """Write a column name as lower-case words joined by _ (camelCase split)."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def find_meaning(column: str) -> Meaning | None:
    """Return what a column's name says it means, or None."""
    plain = plain_column(column)
    for meaning in MEANINGS:
        if meaning.names and re.fullmatch(meaning.names, plain):
            return meaning
    # `customer_dob`, `home_postcode`, `ClaimantSurname`: a word in front of a meaning
    # that is unmistakable on its own.
    word, _, rest = plain.partition("_")
    if not rest or rest in VAGUE or word in ANOTHERS:
        return None
    return find_meaning(rest)


def is_evidence(column: str) -> bool:
    """Say whether a column of this name may serve as evidence at all."""
    return NOT_EVIDENCE.match(plain_column(column)) is None
