"""Checkpoints and proofs for programs; public, like the log's tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from staithe.base import clock
from staithe.ledger import checkpoint, keys, log, proof, queries, tree


if TYPE_CHECKING:
    from staithe.ledger.models import Checkpoint


router = Router(tags=["ledger"])

HEX = "Lower-case hexadecimal of 32 bytes."
# Bounds what a number in a URL may be to what the database can hold.
MAX = 2**53 - 1


class CheckpointOut(Schema):
    """A signed head of the log."""

    origin: str = Field(description="The log's name: its address without a scheme.")
    size: int
    root: str = Field(description=HEX)
    text: str = Field(description="The checkpoint itself: C2SP tlog-checkpoint.")
    key: str = Field(description="The verifier key in use. Pin it.")


class EventProofOut(Schema):
    """That an event is in the log."""

    number: int
    size: int
    commitment: str = Field(description=f"The leaf's data. {HEX}")
    leaf: str = Field(description=f"SHA-256(0x00 || commitment). {HEX}")
    path: list[str] = Field(description=f"The audit path, leaf to root. {HEX}")
    root: str = Field(description=HEX)
    proof: str = Field(description="The same as a file: C2SP tlog-proof v1.")


class ConsistencyOut(Schema):
    """That the log at one size begins the log at another."""

    old: int
    new: int
    old_root: str = Field(description=HEX)
    new_root: str = Field(description=HEX)
    path: list[str] = Field(description=f"RFC 6962 section 2.1.2. {HEX}")


@router.get("/ledger/checkpoint", response=CheckpointOut, auth=None)
def show_checkpoint(
    request: HttpRequest,
) -> CheckpointOut:
    """Return a signed checkpoint over the whole log."""
    signed = queries.latest_checkpoint(at=clock.now())
    head = checkpoint.read_unverified(signed.text)
    return CheckpointOut(
        origin=head.origin,
        size=head.size,
        root=head.root.hex(),
        text=signed.text,
        key=str(keys.verifier_keys()[0]),
    )


@router.get("/ledger/events/{int:number}/proof", response=EventProofOut, auth=None)
def show_event_proof(
    request: HttpRequest,
    number: int,
    size: int | None = None,
) -> EventProofOut:
    """Return the inclusion proof of an event, at a signed size if one is given."""
    event = queries.get_event(min(number, MAX))
    signed = _signed_at(size)
    found = queries.proof_of(event.number, signed=signed)
    data = bytes(event.commitment)
    return EventProofOut(
        number=event.number,
        size=signed.size,
        commitment=data.hex(),
        leaf=tree.leaf_hash(data).hex(),
        path=[value.hex() for value in found.path],
        root=bytes(signed.root).hex(),
        proof=proof.to_text(found),
    )


@router.get("/ledger/consistency", response=ConsistencyOut, auth=None)
def show_consistency(
    request: HttpRequest,
    old: int,
    new: int | None = None,
) -> ConsistencyOut:
    """Return the proof that the log of `old` entries begins the log of `new`."""
    signed = _signed_at(new)
    path = log.consistency(old, signed.size)
    return ConsistencyOut(
        old=old,
        new=signed.size,
        old_root=log.root_at(old).hex(),
        new_root=bytes(signed.root).hex(),
        path=[value.hex() for value in path],
    )


def _signed_at(size: int | None) -> Checkpoint:
    if size is None:
        return queries.latest_checkpoint(at=clock.now())
    return queries.get_checkpoint(max(-1, min(size, MAX)))
