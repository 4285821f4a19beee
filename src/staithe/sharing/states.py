"""What may happen to a request, a flow and an agreement, as literal tables.

state -> {act: next state}. A state without acts is an end. Policies refuse whatever
is not in a table; the diagram in docs/states.md is drawn from the same tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from staithe.base.errors import Conflict


Table = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Machine:
    """One table with the word for the thing it governs and where it starts."""

    noun: str
    initial: str
    table: Table

    def next_state(self, state: str, act: str) -> str:
        """Return the state after an act; Conflict if the table has no such act."""
        following = find_next(self, state, act)
        if following is None:
            raise Conflict(_refusal(self, state, act))
        return following


def find_next(machine: Machine, state: str, act: str) -> str | None:
    """Return the state after an act, or None where the table has no such act."""
    return machine.table[state].get(act)


REQUEST = Machine(
    noun="request",
    initial="draft",
    table=MappingProxyType(
        {
            "draft": {"edit": "draft", "submit": "submitted", "withdraw": "withdrawn"},
            "submitted": {"close": "decided", "withdraw": "withdrawn"},
            "decided": {},
            "withdrawn": {},
        }
    ),
)

FLOW = Machine(
    noun="flow",
    initial="draft",
    table=MappingProxyType(
        {
            "draft": {"edit": "draft", "submit": "submitted", "withdraw": "withdrawn"},
            # A holder may answer at once: review is courtesy, not a gate.
            "submitted": {
                "review": "in-review",
                "escalate": "submitted",
                "agree": "agreed",
                "agree-in-part": "agreed",
                "refuse": "refused",
                "withdraw": "withdrawn",
            },
            "in-review": {
                "escalate": "in-review",
                "agree": "agreed",
                "agree-in-part": "agreed",
                "refuse": "refused",
                "withdraw": "withdrawn",
            },
            "agreed": {"offer": "agreed"},
            "refused": {},
            "withdrawn": {},
        }
    ),
)

STEP = Machine(
    noun="escalation",
    initial="none",
    table=MappingProxyType(
        {
            "none": {"escalate": "facilitate"},
            "facilitate": {"escalate": "encourage"},
            "encourage": {"escalate": "enforce"},
            "enforce": {},
        }
    ),
)

AGREEMENT = Machine(
    noun="agreement",
    initial="offered",
    table=MappingProxyType(
        {
            "offered": {"accept": "in-force", "revoke": "revoked", "end": "ended"},
            "in-force": {"revoke": "revoked", "end": "ended"},
            "ended": {},
            "revoked": {},
        }
    ),
)

MACHINES: tuple[Machine, ...] = (REQUEST, FLOW, STEP, AGREEMENT)

_PAST: Mapping[str, str] = MappingProxyType(
    {
        "edit": "changed",
        "submit": "sent",
        "withdraw": "withdrawn",
        "close": "closed",
        "review": "taken into review",
        "escalate": "escalated",
        "agree": "agreed",
        "agree-in-part": "agreed in part",
        "refuse": "refused",
        "offer": "offered terms",
        "accept": "accepted",
        "revoke": "revoked",
        "end": "ended",
    }
)


def open_states(machine: Machine) -> frozenset[str]:
    """Return the states from which something may still happen."""
    return frozenset(state for state, acts in machine.table.items() if acts)


def _refusal(machine: Machine, state: str, act: str) -> str:
    word = state.replace("-", " ")
    return (
        f"This {machine.noun} is {word}, so it cannot be {_PAST[act]}. "
        "Reload the page to see what has happened to it."
    )
