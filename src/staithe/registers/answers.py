"""What the open API answers, asked for from inside: whole lists, and short answers.

A list as one file is the pages of the API put together, so the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponseBase,
    QueryDict,
    StreamingHttpResponse,
)

from staithe.base.errors import BadInput
from staithe.registers import api_v1, api_v2, formats
from staithe.registers.models import Register


Answer = Callable[[HttpRequest, str, str], HttpResponseBase]
_VERSIONS: dict[str, Answer] = {"v1": api_v1.answer, "v2": api_v2.answer}
# path -> the count of what it lists; each is written as JSON and as CSV.
_LISTS = {
    "v1/records": "records",
    "v1/entries": "size",
    "v1/items": "blobs",
    "v2/records": "records",
    "v2/entries": "size",
    "v2/blobs": "blobs",
}


def versions(register: Register) -> list[str]:
    """Return which versions of the API can show a register."""
    return ["v1", "v2"] if register.has_derived else ["v1"]


def ask(register: Register, path: str, query: str = "") -> bytes:
    """Return what the API of a public register answers, in bytes; BadInput."""
    version, _, rest = path.partition("/")
    request = HttpRequest()
    request.method = "GET"
    request.META = {"HTTP_HOST": urlsplit(settings.BASE_URL).netloc}
    request.path = f"/registers/{register.name}/{path}"
    request.GET = QueryDict(query)
    answer = _VERSIONS[version](request, register.name, rest)
    if answer.status_code != 200:  # noqa: PLR2004  anything else is no file
        raise BadInput(f"{path} of {register.name} cannot be published.")
    if isinstance(answer, StreamingHttpResponse):
        return b"".join(bytes(piece) for piece in answer)
    return bytes(answer.content)  # type: ignore[attr-defined]  # the other kind has it


def small(register: Register) -> list[str]:
    """Return the paths of short answers about the whole register."""
    found = ["v1/register", "v1/proof/register/merkle:sha-256"]
    if register.has_derived:
        found += ["v2/context", "v2/proofs/register"]
    return found


def whole(register: Register) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the path of each list, JSON and CSV, with its pieces."""
    for path, counted in _LISTS.items():
        if path[:2] in versions(register):
            total = getattr(register, counted)
            yield f"{path}.json", _json(register, path, total)
            yield f"{path}.csv", _csv(register, path, total)


def _pages(register: Register, path: str, total: int) -> Iterator[bytes]:
    most = formats.MAX_PAGE
    for start in range(1, max(total, 1) + 1, most):
        paged = f"page-index={start // most + 1}&page-size={most}"
        runs = f"start={start}&limit={most}"
        query = runs if "/entries" in path else paged
        yield ask(register, path, query)


def _json(register: Register, path: str, total: int) -> Iterator[bytes]:
    """Yield one list or object made of those of every page."""
    last = b""
    for page in _pages(register, f"{path}.json", total):
        yield b"," + page[1:-1] if last else page[:-1]
        last = page[-1:]
    yield last


def _csv(register: Register, path: str, total: int) -> Iterator[bytes]:
    for number, page in enumerate(_pages(register, f"{path}.csv", total)):
        yield page.partition(b"\r\n")[2] if number else page
