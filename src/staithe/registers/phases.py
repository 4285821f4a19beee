"""What may happen to an update, as one literal table: state -> {act: next state}.

Nothing is made that was not prepared and shown; where the register asks for two
people, one sends it and another makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from staithe.base.errors import Conflict


PHASES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "prepared": {
            "make": "applied",
            "schedule": "scheduled",
            "ask": "waiting",
            "withdraw": "withdrawn",
        },
        "waiting": {
            "make": "applied",
            "schedule": "scheduled",
            "refuse": "refused",
            "withdraw": "withdrawn",
        },
        "scheduled": {
            "make": "applied",
            "stop": "stopped",
            "refuse": "refused",
            "withdraw": "withdrawn",
        },
        "applied": {},
        "refused": {},
        "withdrawn": {},
        "stopped": {},
    }
)

OVER: Mapping[str, str] = MappingProxyType(
    {
        "applied": "These changes are made already.",
        "refused": "These changes were refused.",
        "withdrawn": "These changes were withdrawn.",
        "stopped": "These changes were stopped. Prepare them again.",
    }
)

NOT_WAITING = "These changes do not wait for a second person."


def next_phase(state: str, act: str) -> str:
    """Return the state after an act; Conflict where the table has no such act."""
    following = PHASES[state].get(act)
    if following is None:
        raise Conflict(OVER.get(state, NOT_WAITING))
    return following
