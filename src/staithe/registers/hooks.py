"""Addresses that are told when a register grows: signed, retried, never trusted.

The message says only how far the log has come; the receiver pulls and proves the
rest. Nothing inside the network of this service can be named as an address.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import secrets
import socket
import urllib.error
import urllib.request
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from staithe.base.errors import BadInput, Conflict
from staithe.ledger.actions import action, record
from staithe.people.models import Person
from staithe.registers import heads
from staithe.registers.models import Hook, Register
from staithe.registers.permissions import check_keep


SIGNATURE = "X-Staithe-Signature"
TIMEOUT_SECONDS = 10
MAX_HOOKS = 50


class NotDelivered(Exception):
    """The receiver did not answer with success."""


def check_address(url: str) -> None:
    """Refuse an address that is not on the public internet over https; BadInput."""
    parts = urlsplit(url)
    if settings.DEBUG:
        return
    if parts.scheme != "https" or not parts.hostname or parts.username:
        raise BadInput("The address starts with https://.", field="url")
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443)
    except OSError as error:
        raise BadInput("The address cannot be found.", field="url") from error
    if not all(ipaddress.ip_address(each[4][0]).is_global for each in found):
        raise BadInput("The address is not on the public internet.", field="url")


@action("registers:hook:added")
def add_hook(*, register: Register, url: str, by: Any, at: datetime) -> Hook:
    """Let an address be told; its secret signs every message."""
    check_keep(by, register)
    check_address(url)
    if Hook.objects.filter(register=register, ended_at=None).count() >= MAX_HOOKS:
        raise Conflict(f"{register.title} tells {MAX_HOOKS} addresses already.")
    hook = Hook.objects.create(
        register=register,
        url=url,
        secret=secrets.token_hex(32),
        made_by=by.ledger_id if isinstance(by, Person) else "service",
        made_at=at,
        told_size=register.size,
    )
    _record(hook, by=by, at=at)
    return hook


@action("registers:hook:ended")
def end_hook(*, hook: Hook, by: Any, at: datetime) -> Hook:
    """Tell an address no more."""
    check_keep(by, hook.register)
    hook.ended_at = at
    hook.save(update_fields=["ended_at"])
    _record(hook, by=by, at=at)
    return hook


@action("registers:hook:told")
def note_told(*, hook: Hook, size: int, by: Any, at: datetime) -> Hook:
    """Note up to where an address was told."""
    hook.told_size = max(hook.told_size, size)
    hook.save(update_fields=["told_size"])
    _record(hook, by=by, at=at)
    return hook


def _record(hook: Hook, *, by: Any, at: datetime) -> None:
    register = hook.register
    record(
        by=by,
        at=at,
        subject=register.ledger_id,
        organisation=register.owner.slug if register.owner else "",
        register=register.name,
        hook=hook.reference,
        told_size=hook.told_size,
    )


def message_for(register: Register, *, at: datetime) -> bytes:
    """Return what is sent: how far the log has come, as its checkpoint says."""
    signed = heads.latest_checkpoint(register, at=at)
    body = {
        "register": register.name,
        "address": f"{settings.BASE_URL}/registers/{register.name}",
        "size": signed.size,
        "checkpoint": signed.text,
    }
    return json.dumps(body).encode()


def signature_of(body: bytes, *, secret: str) -> str:
    """Return what stands in the signature header: HMAC-SHA-256 of the body."""
    return "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()


def tell(hook: Hook, body: bytes) -> None:
    """Send a message; NotDelivered unless the receiver takes it."""
    check_address(hook.url)
    headers = {
        "Content-Type": "application/json",
        SIGNATURE: signature_of(body, secret=hook.secret),
    }
    request = urllib.request.Request(hook.url, data=body, headers=headers)  # noqa: S310  check_address lets only https in
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        opener.open(request, timeout=TIMEOUT_SECONDS).close()
    except (urllib.error.URLError, OSError) as error:
        raise NotDelivered(f"{hook.reference}: {error}") from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing: the address was checked, another was not."""
