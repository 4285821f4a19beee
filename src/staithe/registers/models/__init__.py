"""Registers as stored: the log, how it is found, how it is kept, how it is mended."""

from staithe.registers.models.finding import Term
from staithe.registers.models.keeping import Line, Mapping, Update, Watch
from staithe.registers.models.log import (
    Checkpoint,
    Entry,
    Hook,
    Item,
    Opening,
    Record,
    Register,
    Row,
    new_hook_reference,
)
from staithe.registers.models.mending import (
    Correction,
    Support,
    new_correction_reference,
)


__all__ = [
    "Checkpoint",
    "Correction",
    "Entry",
    "Hook",
    "Item",
    "Line",
    "Mapping",
    "Opening",
    "Record",
    "Register",
    "Row",
    "Support",
    "Term",
    "Update",
    "Watch",
    "new_correction_reference",
    "new_hook_reference",
]
