"""The parts of the service that every page links to, as one table.

Paths, not view names: they are part of the published contract, and `ui` stands
above the rooms that serve them.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest


PARTS = (
    ("Registers", "/registers"),
    ("Catalogue", "/catalogue"),
    ("Law", "/law"),
    ("Requests", "/requests"),
    ("Projects", "/projects"),
    ("Outputs", "/outputs"),
    ("Reviews", "/reviews"),
    ("Progress", "/progress"),
    ("Ledger", "/ledger"),
)
FOOTER = (
    ("Accessibility statement", "/accessibility"),
    ("Privacy", "/privacy"),
    ("Cookies", "/cookies"),
    ("API", "/api/v1/docs"),
    ("About", "/about"),
)
SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"
INBOX = "/inbox"
ACCOUNT = "/account"


@dataclass(frozen=True)
class Account:
    """Who is signed in, as the header shows it; no name means nobody."""

    name: str = ""
    unread: int = 0


def navigation_of(path: str) -> list[dict[str, object]]:
    """Return the navigation with the part that `path` lies in marked."""
    return [
        {
            "text": text,
            "href": href,
            "current": path == href,
            "active": path.startswith(href + "/"),
        }
        for text, href in PARTS
    ]


def account_of(request: HttpRequest) -> Account:
    """Return who is signed in; `request.unread_notices` is set where people is used."""
    person = getattr(request, "user", None)
    if person is None or not person.is_authenticated:
        return Account()
    unread = int(getattr(request, "unread_notices", 0))
    return Account(str(getattr(person, "name", "") or person), unread)
