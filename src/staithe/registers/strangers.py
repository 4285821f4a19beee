"""What people without an account may write, and how much of it.

No puzzle is set to people: a hidden field, a moment's thought and a few proposals an
hour keep programs out. Of a network address only a keyed hash is kept, new each day.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db.models import QuerySet

from staithe.base.errors import BadInput, TooMany
from staithe.registers.models import Correction, Register, Support


MAX_AN_HOUR = 5  # from one address
MAX_AN_HOUR_IN_ALL = 60  # to one register
MAX_OPEN = 500  # of one register
MAX_EVIDENCE = 2000
MAX_ADDRESSES = 3
LEAST_SECONDS = 2
MOST_HOURS = 24
_ADDRESS = re.compile(r"https?://|www\.", re.IGNORECASE)
_SALT = "registers.strangers"
HOUR = timedelta(hours=1)


def source_hash(address: str, *, at: datetime) -> str:
    """Return a keyed hash of a network address that holds for one day only."""
    message = f"{at:%Y-%m-%d}|{_household(address)}".encode()
    return hmac.digest(settings.SECRET_KEY.encode(), message, "sha256").hex()


def _household(address: str) -> str:
    """Return what one subscriber holds: of version 6 that is a whole network of 64 bits."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    mapped = found.ipv4_mapped
    return str(mapped or ipaddress.IPv6Network((found, 64), strict=False))


def check_rate(register: Register, *, source: str, at: datetime) -> None:
    """Refuse more proposals than people make; TooMany."""
    since = at - HOUR
    if source:
        mine = {"source_hash": source, "made_at__gt": since}
        said = Correction.objects.filter(**mine).count()
        if said + Support.objects.filter(**mine).count() >= MAX_AN_HOUR:
            raise TooMany(
                "You proposed several changes just now. Try again in an hour."
            )
    ours = Correction.objects.filter(register=register)
    if ours.filter(made_at__gt=since).count() >= MAX_AN_HOUR_IN_ALL:
        raise TooMany("Many changes were proposed just now. Try again in an hour.")
    if ours.filter(state=Correction.State.OPEN).count() >= MAX_OPEN:
        raise TooMany("Too many proposals wait already. Try again later.")


def is_first_for_a_while(made: Correction) -> bool:
    """Tell whether the keepers have not been told of another in the hour before."""
    earlier = Correction.objects.filter(
        register=made.register, made_at__gt=made.made_at - HOUR
    )
    return not earlier.exclude(pk=made.pk).exists()


def checked_evidence(text: str) -> str:
    """Return the evidence as it is kept; BadInput where there is none or it is spam."""
    told = text.strip()
    if not told:
        raise BadInput("Say how you know.", field="evidence")
    if len(told) > MAX_EVIDENCE:
        raise BadInput(
            f"The evidence is longer than {MAX_EVIDENCE:,} characters.",
            field="evidence",
        )
    if len(_ADDRESS.findall(told)) > MAX_ADDRESSES:
        raise BadInput(f"Name at most {MAX_ADDRESSES} addresses.", field="evidence")
    return told


def checked_email(text: str) -> str:
    """Return an email address, or nothing; BadInput where it is no address."""
    address = text.strip()
    if address:
        try:
            validate_email(address)
        except ValidationError as error:
            raise BadInput(
                "This is not an email address.", field="contact_email"
            ) from error
    return address


def start_token(*, at: datetime) -> str:
    """Return what a form carries to show when it was opened."""
    return signing.dumps(int(at.timestamp()), salt=_SALT, compress=False)


def check_started(token: str, *, at: datetime) -> None:
    """Refuse a form that was never opened, or was filled faster than people read."""
    try:
        opened = int(signing.loads(token, salt=_SALT))
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise BadInput("The form was not opened here. Send it again.") from error
    seconds = at.timestamp() - opened
    if seconds < LEAST_SECONDS:
        raise BadInput("That was very quick. Check what you wrote and send it again.")
    if seconds > MOST_HOURS * 3600:
        raise BadInput("The form was open for more than a day. Send it again.")


def follow_token(correction: Correction) -> str:
    """Return what lets whoever proposed it look at a proposal that is not public."""
    signer = signing.Signer(salt=_SALT)
    return signer.signature(correction.reference)


def may_follow(correction: Correction, token: str) -> bool:
    """Tell whether a token is of this proposal."""
    return hmac.compare_digest(follow_token(correction), token)


def answer(correction: Correction) -> int:
    """Email what was decided to all who left an address; then forget the address."""
    told = 0
    rows: list[tuple[QuerySet[Correction] | QuerySet[Support], str]] = [
        (Correction.objects.filter(pk=correction.pk), correction.contact_email)
    ]
    rows += [
        (Support.objects.filter(pk=each.pk), each.contact_email)
        for each in correction.supports.all()
    ]
    for row, address in rows:
        if address:
            send_mail(
                subject=f"{settings.SERVICE_NAME}: your change is decided",
                message=_text(correction),
                from_email=None,
                recipient_list=[address],
            )
            row.update(contact_email="")
            told += 1
    return told


def _text(correction: Correction) -> str:
    register = correction.register
    place = f"{settings.BASE_URL}/registers/{register.name}"
    return "\n".join(
        [
            f"You proposed a change to {register.title}: {correction.reference}.",
            "",
            f"{correction.get_state_display()}. {correction.reason}",
            "",
            f"See {place}/corrections/{correction.reference}",
            "",
            "We have now deleted your email address from the proposal.",
        ]
    )
