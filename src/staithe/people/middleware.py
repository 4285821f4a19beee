"""Tells the header of every page how many notices wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from staithe.people.models import Person
from staithe.people.queries import count_unread


if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


class Unread:
    """Counted only when a page that shows it is drawn."""

    def __init__(self, person: Person) -> None:
        self._person = person

    def __int__(self) -> int:
        """Return the number of unread notices."""
        return count_unread(self._person)


class UnreadNotices:
    """Sets `request.unread_notices` for signed-in people."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Attach the count, to be made on demand."""
        person = request.user
        if isinstance(person, Person):
            request.unread_notices = Unread(person)  # type: ignore[attr-defined]  # ours, read by ui
        return self.get_response(request)
