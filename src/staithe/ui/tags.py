"""The words and colour of every state that a page shows as a tag.

One table, so the same state looks the same on every page. The words carry the
meaning; the colour only repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass


COLOURS = frozenset(
    ["grey", "green", "teal", "blue", "purple", "magenta", "red", "orange", "yellow"],
)


@dataclass(frozen=True)
class Tag:
    """A short label for a state."""

    text: str
    colour: str

    def __post_init__(self) -> None:
        if self.colour not in COLOURS:
            raise ValueError(f"no tag colour {self.colour!r}")


# status value: (words, colour). Grey is not started or over, blue is under way,
# yellow waits for somebody, green went well, red went badly or was refused.
_TABLE = {
    "draft": ("Draft", "grey"),
    "new": ("New", "blue"),
    "open": ("Open", "blue"),
    "settling": ("To settle", "yellow"),
    "sent": ("Sent", "blue"),
    "submitted": ("Sent", "blue"),
    "waiting": ("Waiting", "yellow"),
    "pending": ("Waiting", "yellow"),
    "queued": ("Queued", "grey"),
    "running": ("Running", "blue"),
    "in_progress": ("In progress", "blue"),
    "under_review": ("Under review", "blue"),
    "escalated": ("Escalated", "orange"),
    "overdue": ("Overdue", "red"),
    "agreed": ("Agreed", "green"),
    "agreed_in_part": ("Agreed in part", "teal"),
    "partly_agreed": ("Agreed in part", "teal"),
    "approved": ("Approved", "green"),
    "accepted": ("Accepted", "green"),
    "active": ("Active", "green"),
    "in_force": ("In force", "green"),
    "published": ("Published", "green"),
    "released": ("Released", "green"),
    "passed": ("Passed", "green"),
    "done": ("Done", "green"),
    "complete": ("Complete", "green"),
    "completed": ("Complete", "green"),
    "succeeded": ("Done", "green"),
    "refused": ("Refused", "red"),
    "rejected": ("Rejected", "red"),
    "failed": ("Failed", "red"),
    "revoked": ("Revoked", "red"),
    "withdrawn": ("Withdrawn", "grey"),
    "cancelled": ("Cancelled", "grey"),
    "expired": ("Expired", "grey"),
    "closed": ("Closed", "grey"),
    "prepared": ("Not sent yet", "grey"),
    "scheduled": ("Scheduled", "blue"),
    "applied": ("Made", "green"),
    "stopped": ("Stopped", "red"),
    "edited": ("Accepted with changes", "teal"),
    "declined": ("Declined", "red"),
    "spam": ("Removed as spam", "grey"),
    "ended": ("Ended", "grey"),
    "private": ("Not public", "grey"),
    "unknown": ("Not known", "grey"),
    "not_measured": ("Not measured", "grey"),
}
TAGS = {status: Tag(*look) for status, look in _TABLE.items()}


def tag_of(status: str, *, text: str = "", colour: str = "") -> Tag:
    """Return the tag of a state; one not in the table reads as its own words, grey."""
    key = str(status).lower().replace("-", "_").replace(" ", "_")
    known = TAGS.get(key)
    words = key.replace("_", " ").capitalize()
    return Tag(
        text or (known.text if known else words),
        colour or (known.colour if known else "grey"),
    )
