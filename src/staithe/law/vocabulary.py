"""The words of the shipped library, by name: see data/words.

Kinds of organisation of this service are mapped to kinds of party here, because the
mapping is about this program and not about the law.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from staithe.law.loader import shipped_words


if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONDITIONS", "DOCUMENTS", "KINDS", "NATIONS", "PARTIES", "WORDS"]

WORDS = shipped_words()


def _texts(words: Mapping[str, object]) -> Mapping[str, str]:
    return MappingProxyType({key: getattr(w, "text", "") for key, w in words.items()})


CONDITIONS = _texts(WORDS.conditions)
DOCUMENTS = _texts(WORDS.documents)
PARTIES = _texts(WORDS.parties)
NATIONS = tuple(sorted(WORDS.nations))

# Which kinds of party an organisation of this service may be. Several, or none,
# means that the software cannot tell and asks.
KINDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "central-department": frozenset(
            {"ministerial-department", "non-ministerial-department"}
        ),
        "executive-agency": frozenset({"executive-agency"}),
        "arms-length-body": frozenset({"arms-length-body"}),
        "local-authority": frozenset({"local-authority"}),
        "health-body": frozenset({"nhs-body"}),
        "police": frozenset({"police"}),
        "university": frozenset({"university"}),
        "other": frozenset(),
    }
)
