"""How the open register API answers: which format, which bytes, which links.

Suffix beats Accept, JSON is the fallback, and the content types are exact to the
letter because clients compare them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse

from staithe.base.errors import BadInput, NotFound, UserError


JSON = "json"
CSV = "csv"
RSF = "rsf"
ZIP = "zip"
JSON_TYPE = "application/json"
CSV_TYPE = "text/csv;charset=UTF-8"
SHORT = "public, max-age=10"
FOR_EVER = "public, max-age=31536000, immutable"

_TYPES = {
    JSON: JSON_TYPE,
    CSV: "text/csv",
    RSF: "application/uk-gov-rsf",
    ZIP: "application/zip",
}
_GONE = frozenset({"tsv", "ttl", "xlsx", "yaml"})
MAX_PAGE = 5000
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class NotAcceptable(UserError):
    """The format asked for is not one that this has."""

    status = 406
    code = "not-acceptable"


class Gone(UserError):
    """A format that registers once had."""

    status = 410
    code = "gone"


class MethodNotAllowed(UserError):
    """Another method is allowed here."""

    status = 405
    code = "method-not-allowed"

    def __init__(self, message: str, *, allow: str = "GET, HEAD") -> None:
        super().__init__(message)
        self.allow = allow


def split_suffix(path: str) -> tuple[str, str]:
    """Return a path without its suffix, and the suffix ("" where there is none)."""
    stem, dot, suffix = path.rpartition(".")
    if dot and suffix in {JSON, CSV}:
        return stem, suffix
    if dot and suffix in _GONE:
        raise Gone(f"Registers no longer come as {suffix}: use .json or .csv.")
    return path, ""


def choose(request: HttpRequest, suffix: str, *, offered: Sequence[str]) -> str:
    """Return the format to answer in; NotAcceptable."""
    found = suffix or _accepted(request.headers.get("Accept", ""), offered)
    if found not in offered:
        raise NotAcceptable(f"This is offered as {' or '.join(offered)}.")
    return found


def _accepted(header: str, offered: Sequence[str]) -> str:
    if header in {"", "*/*", _TYPES[offered[0]]}:
        return offered[0]
    wanted = dict(_weight(part) for part in header.split(","))
    weights = {name: _weight_of(_TYPES[name], wanted) for name in offered}
    best = max(weights.values(), default=0.0)
    # Of equals, the first offered: JSON.
    return next((n for n in offered if weights[n] == best and best > 0), "none")


def _weight(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip() for piece in part.lower().split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return kind, float(parameter[2:])
            except ValueError:
                return kind, 0.0
    return kind, 1.0


def _weight_of(kind: str, wanted: Mapping[str, float]) -> float:
    family = kind.partition("/")[0]
    for name in (kind, f"{family}/*", "*/*"):
        if name in wanted:
            return wanted[name]
    return 0.0


def json_answer(value: Any) -> HttpResponse:
    """Answer with JSON; the content type has no charset."""
    return _answer(_encode(value).encode(), JSON_TYPE)


def csv_answer(header: Sequence[str], rows: Iterable[Sequence[str]]) -> HttpResponse:
    """Answer with CSV to the letter: CRLF after every row, the last one too."""
    return _answer(to_csv(header, rows), CSV_TYPE)


def to_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Write CSV (RFC 4180); cells are given as text."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def cell(value: object) -> str:
    """Write a value in a cell: a list is joined with semicolons."""
    if value is None:
        return ""
    return ";".join(map(str, value)) if isinstance(value, list) else str(value)


def _answer(data: bytes, kind: str) -> HttpResponse:
    answer = HttpResponse(data, content_type=kind)
    answer["Content-Length"] = str(len(data))
    answer["Cache-Control"] = SHORT
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


def problem(error: UserError) -> HttpResponse:
    """Answer with problem+json (RFC 9457)."""
    body = {
        "type": f"urn:staithe:error:{error.code}",
        "title": error.code.replace("-", " ").capitalize(),
        "status": error.status,
        "detail": error.message,
        "code": error.code,
    }
    answer = HttpResponse(
        _encode(body).encode(),
        content_type="application/problem+json",
        status=error.status,
    )
    answer["Access-Control-Allow-Origin"] = "*"
    if isinstance(error, MethodNotAllowed):
        answer["Allow"] = error.allow
    return answer


def number(text: str, *, name: str, least: int = 0) -> int:
    """Read a whole number of a path or query; BadInput."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:  # noqa: PLR2004  more than any log holds
        raise BadInput(f"{name} must be a whole number, not “{text[:40]}”.", field=name)
    found = int(text)
    if found < least:
        raise BadInput(f"{name} is {least} or more.", field=name)
    return found


class Window:
    """A page of a list by `page-index` and `page-size`, places `start` to `end`."""

    def __init__(self, request: HttpRequest, total: int | None = None) -> None:
        get = request.GET.get
        self.index = number(get("page-index", "1"), name="page-index", least=1)
        self.size = number(get("page-size", "100"), name="page-size", least=1)
        if self.size > MAX_PAGE:
            raise BadInput(f"page-size is at most {MAX_PAGE}.", field="page-size")
        self.start = (self.index - 1) * self.size + 1
        self.end = self.start + self.size - 1
        self._more = False
        if total is not None:
            self.end_with(total - self.start + 1)

    def end_with(self, found: int) -> None:
        """Take in how many there are from `start` on; NotFound past the end.

        One more than fits the page says as much as all of them.
        """
        if found < 1 and self.index > 1:
            raise NotFound(f"There is no page {self.index}.")
        self._more = found > self.size
        self.end = self.start + min(found, self.size) - 1

    def link(self, request: HttpRequest) -> str:
        """Return the Link header: the pages beside this one."""
        links = []
        if self._more:
            links.append(self._link(request, self.index + 1, "next"))
        if self.index > 1:
            links.append(self._link(request, self.index - 1, "previous"))
        return ",".join(links)

    def _link(self, request: HttpRequest, index: int, relation: str) -> str:
        query = request.GET.copy()
        query["page-index"] = str(index)
        query["page-size"] = str(self.size)
        return f'<?{query.urlencode()}>; rel="{relation}"'


class Run:
    """Entries by `start` and `limit`."""

    def __init__(self, request: HttpRequest, total: int) -> None:
        get = request.GET.get
        self.start = number(get("start", "1"), name="start", least=1)
        self.limit = number(get("limit", "100"), name="limit", least=1)
        if self.limit > MAX_PAGE:
            raise BadInput(f"limit is at most {MAX_PAGE}.", field="limit")
        self.end = min(self.start + self.limit - 1, total)
        self._more = self.end < total

    def link(self) -> str:
        """Return the Link header: the entries before and after."""
        links = []
        if self._more:
            query = f"start={self.start + self.limit}&limit={self.limit}"
            links.append(f'<?{query}>; rel="next"')
        if self.start > 1:
            before = max(1, self.start - self.limit)
            limit = self.start - before
            links.append(f'<?start={before}&limit={limit}>; rel="previous"')
        return ",".join(links)
