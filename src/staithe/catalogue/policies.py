"""What an asset's details must be before they are kept, and what may be open."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from staithe.base.errors import BadInput
from staithe.catalogue.models import Asset, AssetVersion
from staithe.quality.row_keys import why_row_key


# Field and the longest text it takes; the rest have a rule of their own below.
LENGTHS = {
    "title": 200,
    "summary": 250,
    "description": 10_000,
    "theme": 80,
    "licence": 200,
    "contact_email": 254,
}
# The one field whose line breaks are kept.
PARAGRAPHS = frozenset(["description"])
MOST_KEYWORDS = 50
LONGEST_KEYWORD = 60
LONGEST_REASON = 500
LONGEST_MEANING = 500
LONGEST_FILE_NAME = 255
# Dublin Core frequency terms, as the UK metadata exchange model lists them, and how
# many days may pass before data are overdue. Continuous and irregular promise none.
FREQUENCY_DAYS: dict[str, int | None] = {
    "triennial": 3 * 366,
    "biennial": 2 * 366,
    "annual": 366,
    "semiannual": 184,
    "threeTimesAYear": 123,
    "quarterly": 92,
    "bimonthly": 62,
    "monthly": 31,
    "semimonthly": 16,
    "biweekly": 14,
    "threeTimesAMonth": 11,
    "weekly": 7,
    "semiweekly": 4,
    "threeTimesAWeek": 3,
    "daily": 1,
    "continuous": None,
    "irregular": None,
}
FREQUENCIES = list(FREQUENCY_DAYS)
DETAILS = {*LENGTHS, "keywords", "access_rights", "update_frequency"}
# The default for open data of public bodies (UK Government Licensing Framework).
OPEN_LICENCE = (
    "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
)


def check_details(
    fields: Mapping[str, Any], *, partial: bool = False
) -> dict[str, Any]:
    """Return an asset's details, trimmed; raise BadInput naming the field at fault.

    `partial` means that what is not among them stays as it is.
    """
    strange = set(fields) - DETAILS
    if strange:
        raise BadInput(f"An asset has no field {min(strange)!r}.")
    clean = {name: _clean(name, value) for name, value in fields.items()}
    if not clean.get("title", "kept" if partial else ""):
        raise BadInput("Enter the title.", field="title")
    if email := clean.get("contact_email"):
        _check_email(email)
    _check_choices(clean)
    return clean


def matching_only(version: AssetVersion) -> dict[str, str]:
    """Return each column that serves matching only, with why as a sentence's end.

    What the holder marked, and what names a row whatever the holder says: shown
    beside a pseudonym of the same people it would tell whose row it is.
    """
    found = {
        column["name"]: "can identify a person"
        if column.get("identifies")
        else why_row_key(column, rows=version.rows)
        for column in version.columns
    }
    return {name: why for name, why in found.items() if why}


def check_may_be_open(columns: Iterable[Mapping[str, Any]]) -> None:
    """Raise BadInput where open rows would hold what identifies people."""
    named = [column["name"] for column in columns if column["identifies"]]
    if named:
        some = ", ".join(named[:5]) + (" and more" if len(named) > 5 else "")  # noqa: PLR2004  enough to find them
        raise BadInput(
            f"This cannot be open data while columns identify people: {some}. Publish "
            "it without them, or on request first and then say on its page that they "
            "identify nobody.",
            field="access_rights",
        )


def clean_text(value: Any, *, name: str, longest: int, paragraphs: bool = False) -> str:
    """Return a text trimmed and without control characters that no page can show.

    Raises BadInput, naming the field, for what is not text and for what is too long.
    """
    words = name.replace("_", " ")
    if not isinstance(value, str):
        raise BadInput(f"The {words} must be text.", field=name)
    text = value.replace("\r\n", "\n").strip()
    if not paragraphs:
        text = " ".join(text.split())
    if any(_is_unshowable(mark) for mark in text):
        raise BadInput(
            f"The {words} holds a character that cannot be shown. Type it again.",
            field=name,
        )
    if len(text) > longest:
        raise BadInput(
            f"The {words} must be {longest:,} characters or fewer.", field=name
        )
    return text


def clean_file_name(name: str) -> str:
    """Return what a file was called, fit to be kept and shown; its ending survives."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join("�" if _is_unshowable(mark) else mark for mark in last)
    shown = " ".join(shown.split()) or "file"
    if len(shown) <= LONGEST_FILE_NAME:
        return shown
    stem, dot, ending = shown.rpartition(".")
    if not dot or len(ending) > 10:  # noqa: PLR2004  no ending that a reader knows
        return shown[:LONGEST_FILE_NAME]
    return stem[: LONGEST_FILE_NAME - len(ending) - 2] + "…." + ending


def _is_unshowable(mark: str) -> bool:
    """Say whether a character is a control (but for line breaks) or half of one."""
    return unicodedata.category(mark) in {"Cc", "Cs"} and mark not in "\n\t"


def _clean(name: str, value: Any) -> Any:
    if name == "keywords":
        return _clean_keywords(value)
    longest = LENGTHS.get(name, 80)
    return clean_text(value, name=name, longest=longest, paragraphs=name in PARAGRAPHS)


def _clean_keywords(value: Any) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise BadInput("The keywords must be a list of words.", field="keywords")
    words = [
        clean_text(word, name="keywords", longest=LONGEST_KEYWORD) for word in value
    ]
    kept = sorted({word for word in words if word})
    if len(kept) > MOST_KEYWORDS:
        raise BadInput(
            f"There must be {MOST_KEYWORDS} keywords or fewer.", field="keywords"
        )
    return kept


def _check_email(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError as error:
        raise BadInput(
            "The contact email must be an address, like name@example.gov.uk.",
            field="contact_email",
        ) from error


def _check_choices(clean: Mapping[str, Any]) -> None:
    rights = clean.get("access_rights")
    if rights is not None and rights not in Asset.AccessRights.values:
        raise BadInput(
            f"Access rights must be one of {', '.join(Asset.AccessRights.values)}.",
            field="access_rights",
        )
    frequency = clean.get("update_frequency")
    if frequency is not None and frequency not in FREQUENCIES:
        raise BadInput(
            f"Update frequency must be one of {', '.join(FREQUENCIES)}.",
            field="update_frequency",
        )
