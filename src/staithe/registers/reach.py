"""Requests from this service to addresses that other people named.

Only https, only to the public internet, and to the very address that was checked: a
name that leads elsewhere a moment later, or a redirect, reaches nothing inside.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from staithe.base.errors import BadInput, TooLarge


TIMEOUT_SECONDS = 10
_HTTPS = 443
_SUCCESS = range(200, 300)
_OK = 200
_CHUNK = 1 << 16
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # ends in an address of version 4
MOST_SECONDS = 120  # that one answer may take


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
    if not all(map(is_outside, found)):
        raise BadInput("The address is not on the public internet.", field="url")
    return found[0]


def is_outside(address: str) -> bool:
    """Tell whether an address is one machine on the public internet.

    A version 6 address that carries one of version 4 leads where that leads.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return _is_public(found)
    last = ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
    if found in _NAT64 or found.ipv4_mapped:
        return _is_public(last)
    carried = [found.sixtofour, *(found.teredo or ())]
    return _is_public(found) and all(
        each is None or _is_public(each) for each in carried
    )


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Tell whether an address is public; compatible ones (::/96) are reserved."""
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def post(url: str, body: bytes, *, headers: Mapping[str, str]) -> None:
    """Send a body; Unreachable unless the other side takes it, BadInput."""
    connection, path = _opened(url)
    try:
        connection.request("POST", path, body, dict(headers))
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"{url}: {error}") from error
    finally:
        connection.close()
    if status not in _SUCCESS:
        raise Unreachable(f"{url} answers {status}.")


def fetch(url: str, path: Path, *, most: int) -> None:
    """Write what an address answers to a new file; BadInput, TooLarge, Unreachable.

    Redirects are not followed: the address that was named is the one that is read.
    """
    connection, place = _opened(url)
    try:
        connection.request("GET", place, headers={"User-Agent": "Staithe"})
        answer = connection.getresponse()
        if answer.status != _OK:
            raise BadInput(f"{url} answers {answer.status} {answer.reason}.")
        _keep(answer, path, most=most, url=url)
    except (OSError, http.client.HTTPException) as error:
        raise BadInput(f"{url} cannot be read: {error}.") from error
    finally:
        connection.close()


def _keep(answer: http.client.HTTPResponse, path: Path, *, most: int, url: str) -> None:
    until, size = time.monotonic() + MOST_SECONDS, 0
    with path.open("xb") as out:
        while chunk := answer.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise TooLarge(f"{url} is larger than {most >> 20} MB.")
            if time.monotonic() > until:
                raise BadInput(f"{url} took more than {MOST_SECONDS} seconds.")
            out.write(chunk)


def _opened(url: str) -> tuple[http.client.HTTPConnection, str]:
    """Return a connection to the address that was judged, and the path to ask for."""
    address = check_address(url)
    parts = urlsplit(url)
    path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    host = parts.hostname or ""
    return _connection(parts.scheme, host, parts.port, address), path


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
