"""Who sees what of the catalogue.

Anyone sees that an asset exists: its title, summary, holder, who can use it. The
rest of an open asset is open; of any other it is for people who work for a body
that uses the service. A withdrawn asset leaves a notice with its reason; what it
held stays visible to its holder and to those who oversee the service.
"""

from __future__ import annotations

from staithe.base.errors import NotAllowed, NotFound
from staithe.catalogue.models import Asset
from staithe.people.permissions import Permission, Someone, can, can_somewhere


def may_see_inside(asset: Asset, *, person: Someone) -> bool:
    """Say whether a person sees an asset's description, columns and quality."""
    if asset.status == Asset.Status.WITHDRAWN:
        return can(person, Permission.SEE_REQUEST, asset.organisation)
    if asset.access_rights == Asset.AccessRights.OPEN:
        return True
    return may_see_internal(person)


def may_see_internal(person: Someone) -> bool:
    """Say whether a person sees descriptions that are not public."""
    return can_somewhere(person, Permission.SEE_INTERNAL_METADATA)


def check_open(asset: Asset) -> None:
    """Raise unless an asset's rows and metadata are open to anyone, now."""
    if asset.status == Asset.Status.WITHDRAWN:
        raise NotFound(f"{asset.title} was withdrawn, so it can no longer be read.")
    if asset.access_rights != Asset.AccessRights.OPEN:
        raise NotAllowed(f"{asset.title} is not open data. Ask for it on its page.")
