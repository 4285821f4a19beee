"""What an asset's details must be before they are kept."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from staithe.base.errors import BadInput
from staithe.catalogue.models import Asset


# Field and the longest text it takes; the rest have a rule of their own below.
LENGTHS = {
    "title": 200,
    "summary": 250,
    "description": 10_000,
    "theme": 80,
    "licence": 200,
    "contact_email": 254,
}
# Dublin Core frequency terms, as the UK metadata exchange model lists them.
FREQUENCIES = [
    "triennial",
    "biennial",
    "annual",
    "semiannual",
    "threeTimesAYear",
    "quarterly",
    "bimonthly",
    "monthly",
    "semimonthly",
    "biweekly",
    "threeTimesAMonth",
    "weekly",
    "semiweekly",
    "threeTimesAWeek",
    "daily",
    "continuous",
    "irregular",
]
DETAILS = {*LENGTHS, "keywords", "access_rights", "update_frequency"}


def check_details(fields: dict[str, Any], *, partial: bool = False) -> dict[str, Any]:
    """Return an asset's details, trimmed; raise BadInput naming the field at fault."""
    strange = set(fields) - DETAILS
    if strange:
        raise BadInput(f"An asset has no field {min(strange)}.")
    clean = {name: _clean(name, value) for name, value in fields.items()}
    if not clean.get("title", "" if not partial else "kept"):
        raise BadInput("Give the asset a title.", field="title")
    if email := clean.get("contact_email"):
        _check_email(email)
    _check_choices(clean)
    return clean


def _clean(name: str, value: Any) -> Any:
    if name == "keywords":
        return sorted({str(word).strip()[:60] for word in value if str(word).strip()})
    text = str(value).strip()
    if "\0" in text:
        raise BadInput(
            f"The {name.replace('_', ' ')} holds a NUL character.", field=name
        )
    if name in LENGTHS and len(text) > LENGTHS[name]:
        words = name.replace("_", " ")
        raise BadInput(
            f"The {words} must be {LENGTHS[name]} characters or fewer.", field=name
        )
    return text


def _check_email(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError as error:
        raise BadInput(
            "The contact email must be an address, as name@example.gov.uk.",
            field="contact_email",
        ) from error


def _check_choices(clean: dict[str, Any]) -> None:
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
