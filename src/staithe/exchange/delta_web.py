"""HTTP of the Delta Sharing door (delta-sharing PROTOCOL.md, REST APIs)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any

import structlog
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.views.decorators.csrf import csrf_exempt

from staithe.base import clock
from staithe.base.errors import (
    BadInput,
    Conflict,
    Damaged,
    NotAllowed,
    NotFound,
    UserError,
)
from staithe.base.plain_json import read_json
from staithe.exchange import delta_protocol as protocol
from staithe.exchange.actions.recipients import record_read
from staithe.exchange.byte_ranges import read_range
from staithe.exchange.models import Recipient
from staithe.exchange.sharing_server import (
    check_names,
    describe_table,
    get_recipient,
    names_of,
    open_file,
    read_bytes,
)
from staithe.exchange.signing import SIGNATURE, FileAddress


LONGEST_NUMBER = 18  # fits in 64 bits
UNAUTHENTICATED = 401
log = structlog.get_logger("staithe.exchange")
View = Callable[..., HttpResponseBase]
CODES = {400: "BAD_REQUEST", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED"}
CODES |= {404: "RESOURCE_DOES_NOT_EXIST", 405: "METHOD_NOT_ALLOWED"}


def _error(status: int, message: str) -> HttpResponse:
    code = CODES.get(status, "INVALID_STATE")
    response = JsonResponse({"errorCode": code, "message": message}, status=status)
    if status == UNAUTHENTICATED:
        response["WWW-Authenticate"] = "Bearer"
    return response


def door(*methods: str) -> Callable[[View], View]:
    """Answer errors in the protocol's shape; never cache; no cookies, so no CSRF.

    Never 429 or 5xx: clients try those again for minutes, so nothing that a person
    has to mend may look like that.
    """

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def run(request: HttpRequest, **names: Any) -> HttpResponseBase:
            if request.method not in methods:
                refused = _error(405, f"Use {' or '.join(methods)}.")
                refused["Allow"] = ", ".join(methods)
                return refused
            try:
                response = view(request, **names)
            except Damaged as error:
                log.exception("shared data is damaged", problem=error.message)
                return _error(404, error.message)
            except Conflict as error:
                return _error(404, error.message)
            except UserError as error:
                return _error(error.status, error.message)
            response["Cache-Control"] = "no-store"
            return _without_body(response) if request.method == "HEAD" else response

        return run

    return decorate


def _without_body(response: HttpResponseBase) -> HttpResponseBase:
    """Keep what HEAD asks for: the headers of the answer that GET would give."""
    if isinstance(response, HttpResponse) and "Content-Length" not in response:
        response["Content-Length"] = str(len(response.content))
        response.content = b""
    return response


def _caller(request: HttpRequest, *names: str) -> tuple[Recipient, datetime]:
    at = clock.now()
    recipient = get_recipient(request.headers.get("Authorization", ""), at=at)
    check_names(recipient.grant, *names)
    return recipient, at


def _list(request: HttpRequest, items: list[dict[str, Any]]) -> HttpResponse:
    body = protocol.page(
        items,
        max_results=request.GET.get("maxResults"),
        page_token=request.GET.get("pageToken"),
    )
    return JsonResponse(body, content_type=protocol.JSON)


@door("GET", "HEAD")
def shares(request: HttpRequest) -> HttpResponseBase:
    """List the one share of the token."""
    recipient, _ = _caller(request)
    own = names_of(recipient.grant)
    return _list(
        request, [{"name": own.share, "id": recipient.grant.project.reference}]
    )


@door("GET", "HEAD")
def share(request: HttpRequest, share: str) -> HttpResponseBase:
    """Describe a share."""
    recipient, _ = _caller(request, share)
    own = names_of(recipient.grant)
    body = {"share": {"name": own.share, "id": recipient.grant.project.reference}}
    return JsonResponse(body, content_type=protocol.JSON)


@door("GET", "HEAD")
def schemas(request: HttpRequest, share: str) -> HttpResponseBase:
    """List the one schema of a share."""
    recipient, _ = _caller(request, share)
    own = names_of(recipient.grant)
    return _list(request, [{"name": own.schema, "share": own.share}])


@door("GET", "HEAD")
def tables(
    request: HttpRequest, share: str, schema: str | None = None
) -> HttpResponseBase:
    """List the one table, by schema or over all schemas."""
    names = (share, schema) if schema is not None else (share,)
    recipient, _ = _caller(request, *names)
    own = names_of(recipient.grant)
    item = {"name": own.table, "schema": own.schema, "share": own.share}
    item |= {
        "shareId": recipient.grant.project.reference,
        "id": recipient.grant.reference,
    }
    return _list(request, [item])


@door("GET", "HEAD")
def version(
    request: HttpRequest, share: str, schema: str, table: str
) -> HttpResponseBase:
    """Answer the table's version in a header, with an empty body."""
    recipient, at = _caller(request, share, schema, table)
    found = describe_table(recipient, at=at)
    since = _timestamp_ms(request.GET.get("startingTimestamp"))
    if since is not None and since > found.created_ms:
        raise NotFound("There is no version as new as that.")
    response = HttpResponse(content_type=protocol.NDJSON)
    response["Delta-Table-Version"] = str(found.version)
    return response


def _timestamp_ms(value: object) -> int | None:
    if value is None or value == "":
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise BadInput(
            "The timestamp must be ISO 8601, as 2026-01-31T09:00:00Z."
        ) from error
    if moment.tzinfo is None:
        raise BadInput("The timestamp must say its zone, as 2026-01-31T09:00:00Z.")
    return int(moment.timestamp() * 1000)


@door("GET", "HEAD")
def metadata(
    request: HttpRequest, share: str, schema: str, table: str
) -> HttpResponseBase:
    """Answer the protocol line and the metadata line."""
    recipient, at = _caller(request, share, schema, table)
    found = describe_table(recipient, at=at)
    _check_version(found, request.GET)
    form = _form(request)
    return _lines(request, found, protocol.metadata_lines(found, form), form)


@door("POST")
def query(
    request: HttpRequest, share: str, schema: str, table: str
) -> HttpResponseBase:
    """Answer protocol, metadata and one line a file; record that it was read."""
    recipient, at = _caller(request, share, schema, table)
    body = _body(request)
    found = describe_table(recipient, at=at)
    if body.get("startingVersion") is not None:
        return _changes(request, recipient, found, body, at)
    _check_version(found, body)
    wanted = protocol.first_files(found, _whole(body.get("limitHint"), "limitHint"))
    form = _form(request)
    lines = protocol.metadata_lines(found, form) + protocol.file_lines(wanted, form)
    record_read(recipient=recipient, kind="delta-sharing", rows=wanted.rows, at=at)
    return _lines(request, found, lines, form)


@door("GET", "HEAD")
def changes(
    request: HttpRequest, share: str, schema: str, table: str
) -> HttpResponseBase:
    """Answer the current version's files as added, when the range includes it."""
    recipient, at = _caller(request, share, schema, table)
    found = describe_table(recipient, at=at)
    return _changes(request, recipient, found, request.GET, at)


def _changes(
    request: HttpRequest,
    recipient: Recipient,
    found: protocol.SharedTable,
    asked: Mapping[str, object],
    at: datetime,
) -> HttpResponse:
    lines = protocol.metadata_lines(found, "parquet")
    if _includes_now(asked, found):
        lines += protocol.change_lines(found)
        record_read(recipient=recipient, kind="delta-changes", rows=found.rows, at=at)
    return _lines(request, found, lines, "parquet")


def _includes_now(asked: Mapping[str, object], found: protocol.SharedTable) -> bool:
    """Tell whether a range of versions or of time takes in the one that is kept."""
    first, last = (
        _whole(asked.get(name), name) for name in ("startingVersion", "endingVersion")
    )
    since, until = (
        _timestamp_ms(asked.get(name))
        for name in ("startingTimestamp", "endingTimestamp")
    )
    if first is not None and first > found.version:
        raise BadInput(f"The newest version is {found.version}.")
    in_versions = last is None or last >= found.version
    in_time = since is None or since <= found.created_ms
    return in_versions and in_time and (until is None or until >= found.created_ms)


def _form(request: HttpRequest) -> str:
    return protocol.response_format(
        request.headers.get("delta-sharing-capabilities", "")
    )


def _body(request: HttpRequest) -> dict[str, Any]:
    body = read_json(request.body or b"{}")
    if not isinstance(body, dict):
        raise BadInput("The body must be a JSON object.")
    return body


def _whole(value: object, name: str) -> int | None:
    if value is None or value == "":
        return None
    text = str(value)
    if not (text.isascii() and text.isdigit()) or len(text) > LONGEST_NUMBER:
        raise BadInput(f"{name} must be a whole number.")
    return int(text)


def _check_version(found: protocol.SharedTable, asked: Mapping[str, object]) -> None:
    """Raise NotFound where an older version is asked for: only the newest is kept."""
    wanted = _whole(asked.get("version"), "version")
    moment = _timestamp_ms(asked.get("timestamp"))
    too_early = moment is not None and moment < found.created_ms
    if too_early or (wanted is not None and wanted != found.version):
        raise NotFound(f"Only version {found.version} is kept: ask for it.")


def _lines(
    request: HttpRequest,
    table: protocol.SharedTable,
    lines: list[dict[str, Any]],
    form: str,
) -> HttpResponse:
    capabilities = request.headers.get("delta-sharing-capabilities", "")
    if protocol.wants_end_of_stream(capabilities):
        lines = [*lines, {"endStreamAction": {}}]
    response = HttpResponse(protocol.to_ndjson(lines), content_type=protocol.NDJSON)
    response["Delta-Table-Version"] = str(table.version)
    response["delta-sharing-capabilities"] = f"responseformat={form}"
    return response


@door("GET", "HEAD", "POST")
def unknown(request: HttpRequest) -> HttpResponseBase:
    """Answer for every other address in the protocol's shape."""
    _caller(request)
    raise NotFound("This server has no such address.")


@door("GET", "HEAD")
def table_file(
    request: HttpRequest, grant: str, version: int, index: int
) -> HttpResponseBase:
    """Serve the bytes of one file, whole or a range, asking the grant again."""
    who, until = (_whole(request.GET.get(name), name) for name in ("r", "e"))
    if who is None or until is None:
        raise NotAllowed("This address is not signed.")
    address = FileAddress(grant, version, index, who, until)
    signature = request.GET.get(SIGNATURE, "")
    try:
        path = open_file(address, signature=signature, at=clock.now())
    except NotFound as error:
        raise NotAllowed(error.message) from error
    return _send(request, path.stat().st_size, lambda a, b: read_bytes(path, a, b))


def _send(
    request: HttpRequest, size: int, read: Callable[[int, int], Any]
) -> HttpResponseBase:
    try:
        wanted = read_range(request.headers.get("Range", ""), size)
    except ValueError:
        response = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{size}"
        return response
    start, end = wanted or (0, size - 1)
    answer: HttpResponseBase
    if request.method == "HEAD":
        answer = HttpResponse(status=206 if wanted else 200)
    else:
        answer = StreamingHttpResponse(read(start, end), status=206 if wanted else 200)
    answer["Content-Type"] = "application/octet-stream"
    answer["Content-Length"] = str(end - start + 1)
    answer["Accept-Ranges"] = "bytes"
    if wanted:
        answer["Content-Range"] = f"bytes {start}-{end}/{size}"
    return answer
