"""Registers over the service's own API: written to by programs that keep them.

Reading is the open register API (api_v1, api_v2); updates and corrections are in
api_keeping, on the same router, because two that know one address hide each other.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema, Status

from staithe.base.clock import now
from staithe.people.tokens import API_AUTH, asker, signed_in_person
from staithe.registers import erasure, hooks, queries
from staithe.registers.actions import append_entries
from staithe.registers.api_keeping import ChangeIn, router
from staithe.registers.models import Register


__all__ = ["router"]


class RegisterOut(Schema):
    """A register in a list."""

    name: str
    title: str
    owner: str
    size: int
    records: int
    address: str


class EntriesIn(Schema):
    """Changes that are appended together or not at all."""

    changes: list[ChangeIn] = Field(min_length=1, max_length=10_000)


class GrownOut(Schema):
    """How far the log has come."""

    size: int
    records: int


class HookIn(Schema):
    """An address to tell."""

    url: str = Field(max_length=500)


class HookOut(Schema):
    """A webhook; the secret is shown this once."""

    reference: str
    secret: str


def _out(register: Register) -> dict[str, Any]:
    return {
        "name": register.name,
        "title": register.title,
        "owner": register.owner.slug if register.owner else "",
        "size": register.size,
        "records": register.records,
        "address": queries.address_of(register),
    }


@router.get("/registers", response=list[RegisterOut])
def list_registers(request: HttpRequest) -> list[dict[str, Any]]:
    """List the registers."""
    found = queries.visible_registers(asker(request)).select_related("owner")
    return [_out(register) for register in found]


@router.post("/registers/{name}/entries", auth=API_AUTH, response={201: GrownOut})
def append(request: HttpRequest, name: str, given: EntriesIn) -> Status[Any]:
    """Append entries to a register that you keep, all or none."""
    person = signed_in_person(request)
    register = queries.get_register(name, person=person)
    changes = [(change.key, dict(change.values)) for change in given.changes]
    grown = append_entries(register=register, changes=changes, by=person, at=now())
    return Status(201, {"size": grown.size, "records": grown.records})


@router.post("/registers/{name}/webhooks", auth=API_AUTH, response={201: HookOut})
def add_hook(request: HttpRequest, name: str, given: HookIn) -> Status[Any]:
    """Have an address told, signed, whenever a register that you keep grows."""
    person = signed_in_person(request)
    register = queries.get_register(name, person=person)
    hook = hooks.add_hook(register=register, url=given.url, by=person, at=now())
    return Status(201, {"reference": hook.reference, "secret": hook.secret})


class HookListed(Schema):
    """A webhook in a list; its secret is not shown again."""

    reference: str
    url: str
    told_size: int


@router.get("/registers/{name}/webhooks", auth=API_AUTH, response=list[HookListed])
def list_hooks(request: HttpRequest, name: str) -> list[Any]:
    """List the addresses that are told when a register that you keep grows."""
    person = signed_in_person(request)
    register = queries.get_register(name, person=person)
    return hooks.live_hooks(register, by=person)


@router.delete(
    "/registers/{name}/webhooks/{reference}", auth=API_AUTH, response={204: None}
)
def end_hook(request: HttpRequest, name: str, reference: str) -> Status[Any]:
    """Tell an address no more."""
    person = signed_in_person(request)
    register = queries.get_register(name, person=person)
    hook = hooks.get_hook(register, reference, by=person)
    hooks.end_hook(hook=hook, by=person, at=now())
    return Status(204, None)


class EraseIn(Schema):
    """A field of a record whose every value, past ones too, shall be erased."""

    key: str = Field(max_length=255)
    field: str = Field(max_length=80)
    reason_code: str = Field(max_length=80)


class ErasedOut(Schema):
    """How many values there were."""

    erased: int


@router.post("/registers/{name}/erasures", auth=API_AUTH, response=ErasedOut)
def erase(request: HttpRequest, name: str, given: EraseIn) -> dict[str, int]:
    """Erase every value that a record ever held in an erasable field, for good."""
    person = signed_in_person(request)
    register = queries.get_register(name, person=person)
    count = erasure.erase_values(
        register=register, **given.model_dump(), by=person, at=now()
    )
    return {"erased": count}
