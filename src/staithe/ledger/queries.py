"""Every read of the log that a page, the API or the command line needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from staithe.base import clock
from staithe.base.errors import Conflict, NotFound
from staithe.ledger import checkpoint, export, keys, log, tiles
from staithe.ledger.entry import Entry
from staithe.ledger.export import Header, Line
from staithe.ledger.heads import find_published, latest_checkpoint
from staithe.ledger.models import Checkpoint, Event
from staithe.ledger.proof import Proof
from staithe.ledger.receipt import Receipt
from staithe.ledger.tiles import ENTRIES, Tile


if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.db.models import QuerySet

    from staithe.ledger.checkpoint import VerifierKey

__all__ = [
    "entry_of",
    "events",
    "export_lines",
    "find_published",
    "get_checkpoint",
    "get_event",
    "latest_checkpoint",
    "proof_of",
    "published_size",
    "receipt_for",
    "tile_bytes",
]


def events(
    *,
    name: str = "",
    room: str = "",
    actor: str = "",
    organisation: str = "",
    subject: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Event]:
    """Return the events that fit every filter given, oldest first.

    `room` is the first part of the name; `since` is inclusive, `until` is not.
    """
    wanted = {
        "name": name,
        "name__startswith": f"{room}:" if room else "",
        "actor": actor,
        "organisation": organisation,
        "subject": subject,
        "at__gte": since,
        "at__lt": until,
    }
    return Event.objects.filter(
        **{key: value for key, value in wanted.items() if value}
    )


def get_event(number: int) -> Event:
    """Return an event by its number; NotFound."""
    event = Event.objects.filter(number=number).first()
    if event is None:
        raise NotFound(f"There is no event {number} in the log.")
    return event


def entry_of(event: Event) -> Entry | None:
    """Return what the event's commitment was made over, or None once erased."""
    if event.body is None:
        return None
    return Entry(
        number=event.number,
        at=clock.to_text(event.at),
        name=event.name,
        actor=event.actor,
        organisation=event.organisation,
        subject=event.subject,
        body=json.loads(event.body),
    )


def published_size() -> int:
    """Return how many entries the newest checkpoint covers."""
    last = find_published()
    return last.size if last else 0


def get_checkpoint(size: int) -> Checkpoint:
    """Return the checkpoint signed at a size; NotFound."""
    found = Checkpoint.objects.filter(size=size).first()
    if found is None:
        raise NotFound(f"No checkpoint was signed at {size} entries.")
    return found


def proof_of(number: int, *, signed: Checkpoint) -> Proof:
    """Return the proof that an event is in the log that a checkpoint signs."""
    if number >= signed.size:
        raise NotFound(f"Entry {number} is not in a log of {signed.size} entries.")
    path = log.inclusion(number, size=signed.size)
    return Proof(index=number, path=tuple(path), checkpoint=signed.text)


def receipt_for(event: Event, *, at: datetime) -> Receipt:
    """Return the event's receipt; Conflict once its body is erased.

    A new checkpoint is signed if none covers the event yet.
    """
    entry = entry_of(event)
    if entry is None or event.salt is None:
        raise Conflict("The content of this event was erased, so it has no receipt.")
    signed = latest_checkpoint(at=at)
    return Receipt(
        entry=entry,
        salt=bytes(event.salt),
        proof=proof_of(event.number, signed=signed),
        key=_signer(signed, known=keys.verifier_keys()),
    )


def tile_bytes(tile: Tile) -> bytes:
    """Return a tile or entry bundle of the published log; NotFound beyond it."""
    if not tiles.is_within(tile, published_size()):
        raise NotFound("There is no such tile yet.")
    if tile.level != ENTRIES:
        return b"".join(log.tile_hashes(tile))
    rows = Event.objects.filter(number__gte=tile.start, number__lt=tile.end)
    data = rows.order_by("number").values_list("commitment", flat=True)
    return tiles.encode_bundle([bytes(value) for value in data])


def export_lines(*, signed: Checkpoint, with_bodies: bool) -> Iterator[str]:
    """Yield the lines of an export of the log up to a checkpoint."""
    past = list(Checkpoint.objects.filter(size__lte=signed.size))
    known = keys.verifier_keys()
    signers = tuple(dict.fromkeys(_signer(item, known=known) for item in past))
    origin = checkpoint.read_unverified(signed.text).origin
    yield export.header_to_json(Header(origin, signers, signed.size))
    texts = {item.size: item.text for item in past}
    if 0 in texts:
        yield export.signed_to_json(texts[0])
    rows = Event.objects.filter(number__lt=signed.size).order_by("number")
    for event in rows.iterator(chunk_size=2000):
        yield export.line_to_json(_line(event, with_body=with_bodies))
        if event.number + 1 in texts:
            yield export.signed_to_json(texts[event.number + 1])


def _line(event: Event, *, with_body: bool) -> Line:
    data = bytes(event.commitment)
    if not with_body or event.salt is None:
        return Line(event.number, data)
    return Line(event.number, data, entry_of(event), bytes(event.salt))


def _signer(signed: Checkpoint, *, known: list[VerifierKey]) -> VerifierKey:
    return checkpoint.open_note(signed.text, keys=known)[1]
