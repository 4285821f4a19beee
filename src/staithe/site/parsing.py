"""The parser of the API: bodies are read as `base.plain_json` reads them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from staithe.base.plain_json import read_json


class StrictParser(Parser):
    """Reads a JSON body, or raises BadInput with one sentence."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Return the body; lists and plain values are for the schema to refuse."""
        return read_json(request.body)  # type: ignore[no-any-return]  # checked by the schema
