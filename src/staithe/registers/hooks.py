"""Addresses that are told when a register grows: signed, retried, never trusted.

The message says only how far the log has come; the receiver pulls and proves the
rest. Nothing inside the network of this service can be named as an address.
"""

from __future__ import annotations

import hmac
import json
import secrets
from datetime import datetime
from typing import Any

from django.conf import settings

from staithe.base.errors import BadInput, Conflict, NotFound
from staithe.ledger.actions import action, record
from staithe.people.models import Person
from staithe.registers import heads, reach
from staithe.registers.models import Hook, Register
from staithe.registers.permissions import check_keep
from staithe.registers.reach import Unreachable


SIGNATURE = "X-Staithe-Signature"
MAX_HOOKS = 50


def check_address(url: str) -> str:
    """Return a network address of a URL on the public internet; BadInput."""
    try:
        return reach.check_address(url)
    except Unreachable as error:
        raise BadInput("The address cannot be found.", field="url") from error


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
    """Send a message; Unreachable unless the receiver takes it."""
    headers = {
        "Content-Type": "application/json",
        SIGNATURE: signature_of(body, secret=hook.secret),
    }
    reach.post(hook.url, body, headers=headers)


def live_hooks(register: Register, *, by: Any) -> list[Hook]:
    """Return the addresses that are told when a register grows."""
    check_keep(by, register)
    found = Hook.objects.filter(register=register, ended_at=None)
    return list(found.select_related("register").order_by("pk"))


def get_hook(register: Register, reference: str, *, by: Any) -> Hook:
    """Return one of them by its reference; NotFound."""
    for hook in live_hooks(register, by=by):
        if hook.reference == reference:
            return hook
    raise NotFound(f"{register.title} tells no {reference[:20]}.")
