"""Requests from this service to addresses that other people named.

Only https, only to the public internet, and to the very address that was checked: a
name that leads elsewhere a moment later, or a redirect, reaches nothing inside.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.conf import settings

from staithe.base.errors import BadInput


TIMEOUT_SECONDS = 10
_HTTPS = 443
_SUCCESS = range(200, 300)


class Unreachable(Exception):
    """The other side cannot be found, or did not take what was sent: try later."""


def check_address(url: str) -> str:
    """Return the network address of a URL on the public internet; BadInput, Unreachable.

    A service in debugging may reach itself.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _HTTPS
    except ValueError as error:
        raise BadInput("This is not an address.", field="url") from error
    if settings.DEBUG:
        return host
    if parts.scheme != "https" or not host or parts.username:
        raise BadInput("The address starts with https://.", field="url")
    try:
        found = [str(each[4][0]) for each in socket.getaddrinfo(host, port)]
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host} cannot be found.") from error
    if not all(ipaddress.ip_address(each).is_global for each in found):
        raise BadInput("The address is not on the public internet.", field="url")
    return found[0]


def post(url: str, body: bytes, *, headers: Mapping[str, str]) -> None:
    """Send a body; Unreachable unless the other side takes it, BadInput."""
    address = check_address(url)
    parts = urlsplit(url)
    path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    connection = _connection(parts.scheme, parts.hostname or "", parts.port, address)
    try:
        connection.request("POST", path, body, dict(headers))
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"{url}: {error}") from error
    finally:
        connection.close()
    if status not in _SUCCESS:
        raise Unreachable(f"{url} answers {status}.")


def _connection(
    scheme: str, host: str, port: int | None, address: str
) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(address, port, timeout=TIMEOUT_SECONDS)
    return _Pinned(host, port or _HTTPS, address)


class _Pinned(http.client.HTTPSConnection):
    """A connection to one address, whose certificate is of the host's name."""

    def __init__(self, host: str, port: int, address: str) -> None:
        self._secure = ssl.create_default_context()
        super().__init__(host, port, timeout=TIMEOUT_SECONDS, context=self._secure)
        self._address = address

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._secure.wrap_socket(plain, server_hostname=self.host)
