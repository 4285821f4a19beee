"""Public registers are read without sessions and cookies, which cost more than the read.

It also keeps `Vary: Cookie` off answers that any cache may share.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from staithe.registers import api_v1, api_v2
from staithe.registers.resources import OF_PRIVATE, NobodyKnown


Next = Callable[[HttpRequest], HttpResponseBase]

_ADDRESS = re.compile(r"/registers/([a-z0-9-]+)/(v[12])/(.+)", re.DOTALL)
_ELSEWHERE = {"download-rsf.sig", "load-rsf"}
_VERSIONS = {"v1": api_v1.answer, "v2": api_v2.answer}


class PublicReads:
    """Answer for the open register API unless it matters who asks."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a read of a public register; hand anything else on."""
        answer = self._answer(request)
        if request.META.get(OF_PRIVATE):
            answer["Cache-Control"] = "private, no-store"
            del answer["Access-Control-Allow-Origin"]
        return answer

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        found = _ADDRESS.fullmatch(request.path_info)
        if found is None or request.method not in {"GET", "HEAD"}:
            return self.get_response(request)
        name, version, rest = found.groups()
        if rest in _ELSEWHERE:
            return self.get_response(request)
        try:
            return _VERSIONS[version](request, name, rest)
        except NobodyKnown:
            return self.get_response(request)
