"""A link between registers, followed: `/curie/country:GB` leads to what it names."""

from __future__ import annotations

from urllib.parse import quote

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.views.decorators.http import require_safe

from staithe.base.errors import BadInput, NotFound
from staithe.registers import reading, resources
from staithe.registers.curie import read_curie


@require_safe
def follow(request: HttpRequest, text: str) -> HttpResponseBase:
    """Lead to the record, or to the whole register: a page, or JSON if that is asked."""
    try:
        curie = read_curie(text)
    except BadInput as error:
        raise NotFound(error.message) from error
    register = resources.get_register(request, curie.register)
    if curie.key and reading.find_record(register.pk, curie.key) is None:
        raise NotFound(f"{register.name} has no record {curie.key}.")
    place = curie.path
    if not request.accepts("text/html"):
        place = f"/registers/{register.name}/v1/records"
        place += f"/{quote(curie.key, safe='')}" if curie.key else ""
    answer = HttpResponseRedirect(place)
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Vary"] = "Accept"
    return answer
