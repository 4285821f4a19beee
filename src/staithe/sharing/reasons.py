"""The only reasons for which a holder may refuse, each with what to do next.

The default is yes. A refusal names one of these codes and a date on which the
holder looks again, so that refusals can be counted, compared and challenged.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from staithe.base.errors import BadInput


if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Reason:
    """A ground for refusal: its label, when it applies, and the way forward."""

    code: str
    label: str
    applies_when: str
    way_forward: str


_ALL = (
    Reason(
        "no-legal-route",
        "The law gives no route",
        "No power lets this holder give these facts to this requester for this "
        "purpose, or a restriction forbids it.",
        "Name the section that forbids it. The requester can choose another route "
        "or narrow what is asked.",
    ),
    Reason(
        "not-necessary",
        "The data is not needed for the purpose",
        "The purpose can be met without these columns or these people.",
        "Say which columns are not needed. The requester can ask for fewer.",
    ),
    Reason(
        "disproportionate",
        "The intrusion outweighs the benefit",
        "The effect on the people in the data is greater than the stated benefit.",
        "Say what would tip the balance: fewer people, fewer columns, less time.",
    ),
    Reason(
        "not-held",
        "The holder does not have the data",
        "The columns asked for do not exist, or are kept by another body.",
        "Name the body that has the data, if it is known.",
    ),
    Reason(
        "already-available",
        "The data is already available",
        "The same facts are published, or shared under another agreement.",
        "Say where the data can be found.",
    ),
    Reason(
        "quality-too-poor",
        "The quality is too poor for the purpose",
        "Using the data for this purpose would mislead.",
        "Say what is wrong and when it will be put right.",
    ),
    Reason(
        "cost-too-high",
        "Nobody can pay for preparation",
        "Preparing the data costs more than either side can pay.",
        "State the cost. The requester can offer to pay or ask for less.",
    ),
    Reason(
        "security-not-shown",
        "Security has not been shown",
        "The requester has not shown that the data would be kept safe.",
        "Say what evidence is missing.",
    ),
    Reason(
        "ethics",
        "It would be lawful but not right",
        "An ethics review advises against it.",
        "Attach the advice to the conversation and say what would change it.",
    ),
    Reason(
        "other-duty",
        "Another duty stands in the way",
        "A court order, an investigation or a promise to the people concerned "
        "forbids it for now.",
        "Say when the duty ends.",
    ),
)

REFUSAL_REASONS: Mapping[str, Reason] = MappingProxyType(
    {reason.code: reason for reason in _ALL}
)


def get_reason(code: str) -> Reason:
    """Return a ground for refusal by its code; BadInput if there is none."""
    if code not in REFUSAL_REASONS:
        raise BadInput(
            "Choose a reason for refusing from the list.",
            code="refusal-reason-unknown",
            field="reason_code",
        )
    return REFUSAL_REASONS[code]
