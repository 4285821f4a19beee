"""What stands behind a commitment in the log, for as long as it is not erased.

The open API, downloads and copies carry commitments alone, so that a value erased here
is not held by everyone who took a copy. Who needs the value asks for it here, and can
check that it is the one that was committed to.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from staithe.base.errors import NotFound
from staithe.registers import blob, resources
from staithe.registers.models import Opening


@require_safe
def show_opening(request: HttpRequest, slug: str, digest: str) -> HttpResponseBase:
    """Answer with the value and salt of a commitment; not found once it is erased."""
    register = resources.get_register(request, slug)
    commitment = blob.REDACTED + digest
    found = Opening.objects.filter(register=register, commitment=commitment).first()
    if found is None:
        raise NotFound("This value was erased, or was never held here.")
    answer = JsonResponse(
        {
            "commitment": commitment,
            "salt": bytes(found.salt).hex(),
            "value": found.value,
        }
    )
    answer["Cache-Control"] = "no-store"  # or a cache would outlive an erasure
    answer["Access-Control-Allow-Origin"] = "*"
    return answer
