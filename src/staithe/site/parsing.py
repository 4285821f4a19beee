"""JSON as the API reads it: what no database of ours could keep is refused here."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from ninja.parser import Parser

from staithe.base.errors import BadInput


# The range of whole numbers that every database keeps and every reader of JSON knows.
MOST = 2**63 - 1
DEEPEST = 64


class StrictParser(Parser):
    """Reads a JSON body, or raises BadInput with one sentence."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Return the body; lists and plain values are for the schema to refuse."""
        return read_json(request.body)  # type: ignore[no-any-return]  # checked by the schema


def read_json(body: bytes) -> Any:
    """Read JSON; BadInput for text or numbers that cannot be kept, or deep nesting."""
    try:
        value = json.loads(body.decode(), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise BadInput("The body is not UTF-8.") from error
    except RecursionError as error:
        raise BadInput("The body is nested too deep.") from error
    except ValueError as error:
        raise BadInput("The body is not JSON.") from error
    _check(value, depth=0)
    return value


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
