"""JSON as every door reads it: what no database of ours could keep is refused here."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from staithe.base.errors import BadInput


# The range of whole numbers that every database keeps and every reader of JSON knows.
MOST = 2**63 - 1
DEEPEST = 64
SHOWN = 60


def read_json(body: bytes) -> Any:
    """Read JSON; BadInput for a name twice, deep nesting, or what cannot be kept."""
    try:
        value = json.loads(
            body.decode(),
            parse_constant=_refuse_constant,
            object_pairs_hook=_once_each,
        )
    except UnicodeDecodeError as error:
        raise BadInput("The body is not UTF-8.") from error
    except RecursionError as error:
        raise BadInput("The body is nested too deep.") from error
    except ValueError as error:
        raise BadInput("The body is not JSON.") from error
    _check(value, depth=0)
    return value


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            told = ascii(name if len(name) <= SHOWN else f"{name[:SHOWN]}…")
            raise BadInput(f"The body gives {told} twice: only one can be meant.")
        found[name] = value
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise BadInput(f"{name} is not a number in JSON.")


def _check(value: Any, *, depth: int) -> None:
    if depth > DEEPEST:
        raise BadInput("The body is nested too deep.")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, int) and not -MOST <= value <= MOST:
        raise BadInput("A number in the body is larger than 64 bits can hold.")
    elif isinstance(value, list):
        for item in value:
            _check(item, depth=depth + 1)
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_text(name)
            _check(item, depth=depth + 1)


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise BadInput("Text in the body must not hold the character U+0000.")
    if not text.isascii() and any("\ud800" <= mark <= "\udfff" for mark in text):
        raise BadInput("Text in the body holds half a character (a lone surrogate).")
