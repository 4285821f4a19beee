"""Signed heads of a register's two logs: made when one has grown, never contradicting.

A checkpoint states something about a log; it is no act, so it is no event.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from staithe.base.errors import Damaged, NotFound
from staithe.ledger import checkpoint, tree
from staithe.ledger.checkpoint import TreeHead
from staithe.ledger.proof import Proof
from staithe.ledger.recording import is_acting, lock_head
from staithe.registers import reading, receipt, signing
from staithe.registers.loading import TREES
from staithe.registers.models import Checkpoint, Register
from staithe.registers.reading import DATA


def find_published(register: Register, *, scope: int = DATA) -> Checkpoint | None:
    """Return the newest checkpoint that was signed over a log."""
    rows = Checkpoint.objects.filter(register=register, scope=scope)
    return rows.order_by("-size").first()


def latest_checkpoint(
    register: Register, *, at: datetime, scope: int = DATA
) -> Checkpoint:
    """Return a checkpoint over the whole log, signing and storing one if it grew.

    Damaged when the log no longer begins with what was signed before. Never inside
    an action: what is not committed yet must not be signed.
    """
    if is_acting():
        raise RuntimeError("a checkpoint cannot be signed inside an action")
    last = find_published(register, scope=scope)
    if last and last.size == _size(register, scope):
        return last
    with transaction.atomic():
        lock_head()
        register = Register.objects.get(pk=register.pk)
        return _sign(register, scope, at=at)


def _size(register: Register, scope: int) -> int:
    return register.size if scope == DATA else register.metadata_size


def _sign(register: Register, scope: int, *, at: datetime) -> Checkpoint:
    size = _size(register, scope)
    last = find_published(register, scope=scope)
    if last and last.size == size:
        return last
    which = TREES.user if scope == DATA else TREES.system
    read = reading.reader(register.pk, which)
    root = tree.root(size, read)
    old = last.size if last else 0
    if old > size:
        raise Damaged(f"{register.name} has {size} entries but {old} were signed for.")
    try:
        tree.check_consistency(
            old=old,
            new=size,
            proof=tree.consistency(old, size, read),
            old_root=bytes(last.root) if last else tree.EMPTY_ROOT,
            new_root=root,
        )
    except tree.BadProof as error:
        raise Damaged(f"{register.name} is not signed: {error.message}") from error
    key = signing.signing_key(register.name, scope=scope)
    return Checkpoint.objects.create(
        register=register,
        scope=scope,
        size=size,
        root=root,
        text=checkpoint.sign(TreeHead(key.name, size, root), key=key),
        at=at,
    )


def proof_of(register: Register, number: int, *, at: datetime) -> Proof:
    """Return the proof, with its entry, that entry `number` is in the signed log.

    NotFound where there is no such entry.
    """
    signed = latest_checkpoint(register, at=at)
    each = reading.find_entry(register.pk, number)
    if each is None or number > signed.size:
        raise NotFound(f"{register.name} has no entry {number}.")
    path = tree.inclusion(number - 1, signed.size, reading.reader(register.pk))
    found = reading.items_of(register.pk, each.hashes)
    return receipt.with_entry(
        Proof(index=number - 1, path=tuple(path), checkpoint=signed.text),
        leaf=reading.leaf_of(each),
        items=[found[digest].data.encode() for digest in each.hashes],
    )
