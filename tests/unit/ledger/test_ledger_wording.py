from __future__ import annotations

from staithe.ledger.wording import event_words


def test_an_event_name_reads_as_words() -> None:
    """Hyphens and the room go; the first letter is a capital."""
    assert event_words("exchange:join:asked") == "Join asked"
    assert event_words("people:one-time-link:sent-out") == "One time link sent out"
