"""What became of each citation in a text: wrong, nothing found against it, or unread.

The linter names faults only. A person who pastes a text must also see which citations
were looked at, and which could not be read at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from staithe.law.citations import CitationFinding, lint, mentions


if TYPE_CHECKING:
    from collections.abc import Sequence

    from staithe.law.rows import Act

# What looks like a pointer into an enactment, whether or not one is named.
_POINTER = re.compile(
    r"(?<!\w)(?:sections?|ss?\.|s(?=\d)|articles?|art\.|regulations?|reg\.|schedules?|"
    r"sch\.?|paragraphs?|para\.?)\s*\d+\w*(?:\(\w+\))*|(?<!\w)S\.?I\.?\s*\d{4}/\d+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """The citations of a text, each in one of four lists."""

    wrong: tuple[CitationFinding, ...]
    # Read, and nothing was found against them; the law may still be the wrong one.
    read: tuple[str, ...]
    # An Act or instrument is named, and no place in it.
    placeless: tuple[str, ...]
    # They look like citations, and no Act that the library knows stands with them.
    unread: tuple[str, ...]

    @property
    def nothing(self) -> bool:
        """Whether the text has nothing that looks like a citation."""
        return not (self.wrong or self.read or self.placeless or self.unread)


def read_citations(text: str, acts: Sequence[Act]) -> Reading:
    """Read every citation in a text; TooLarge where it is too long."""
    wrong = lint(text, acts)
    faulty = {finding.found for finding in wrong}
    read, placeless, spans = [], [], []
    plain = text.replace("’", "'").replace("–", "-").replace("—", "-")
    for mention in mentions(plain, acts):
        spans.append(mention.span)
        if mention.shown in faulty:
            continue
        if _POINTER.search(mention.pointer) or mention.act.unit == "regulation":
            read.append(mention.shown)
        else:
            placeless.append(mention.shown)
    unread = [
        " ".join(match.group().split())
        for match in _POINTER.finditer(plain)
        if not any(start <= match.start() < end for start, end in spans)
    ]
    return Reading(
        tuple(wrong),
        tuple(dict.fromkeys(read)),
        tuple(dict.fromkeys(placeless)),
        tuple(dict.fromkeys(unread)),
    )
