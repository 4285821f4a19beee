"""The name of an event in words, for timelines and lists that know no better."""

from __future__ import annotations


def event_words(name: str) -> str:
    """Turn `room:noun:verbed` into words: `exchange:join:asked` is “Join asked”."""
    _, noun, verb = name.split(":")
    return f"{noun} {verb}".replace("-", " ").capitalize()
