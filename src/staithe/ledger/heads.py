"""Signed heads of the log: made when it has grown, never one that contradicts another.

A checkpoint states something about the log; it is not itself an act, so it is no
event (or the log would grow by being looked at).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from staithe.base.errors import Damaged
from staithe.ledger import checkpoint, keys, log, tree
from staithe.ledger.checkpoint import TreeHead
from staithe.ledger.models import Checkpoint
from staithe.ledger.recording import is_acting, lock_head


if TYPE_CHECKING:
    from datetime import datetime


def find_published() -> Checkpoint | None:
    """Return the newest checkpoint that was signed."""
    return Checkpoint.objects.order_by("-size").first()


def latest_checkpoint(*, at: datetime) -> Checkpoint:
    """Return a checkpoint over the whole log, signing and storing one if it grew.

    Damaged when the log no longer begins with what was signed before. Never inside
    an action: what is not committed yet must not be signed.
    """
    if is_acting():
        raise RuntimeError("a checkpoint cannot be signed inside an action")
    last = find_published()
    if last and last.size == log.size():
        return last
    return publish_checkpoint(at=at)


def publish_checkpoint(*, at: datetime) -> Checkpoint:
    """Sign and store a checkpoint over the whole log; for a scheduled tick."""
    if is_acting():
        raise RuntimeError("a checkpoint cannot be signed inside an action")
    with transaction.atomic():
        size = lock_head().size
        last = find_published()
        if last and last.size == size:
            return last
        root = log.root_at(size)
        _check_continues(last, size=size, root=root)
        key = keys.signing_key()
        return Checkpoint.objects.create(
            size=size,
            root=root,
            text=checkpoint.sign(TreeHead(key.name, size, root), key=key),
            at=at,
        )


def _check_continues(last: Checkpoint | None, *, size: int, root: bytes) -> None:
    old = last.size if last else 0
    if old > size:
        raise Damaged(f"The log has {size} entries but {old} were signed for.")
    log.check_leaves(old, size)
    try:
        tree.check_consistency(
            old=old,
            new=size,
            proof=log.consistency(old, size),
            old_root=bytes(last.root) if last else tree.EMPTY_ROOT,
            new_root=root,
        )
    except tree.BadProof as error:
        raise Damaged(f"No checkpoint is signed: {error.message}") from error
