"""Links between registers: `prefix:reference`, as `government-organisation:D2`.

A reference may be empty (`country:` is the whole register). Keys with a slash are
written with %2F.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from staithe.base.errors import BadInput
from staithe.registers import keys


PLAIN = re.compile(
    r"((?=[^:]{1,80}:)[a-z][a-z0-9]*(?:-[a-z0-9]+)*):((?=.{0,255}$)(?:[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*)?)"
)


@dataclass(frozen=True, slots=True)
class Curie:
    """A link to a record of another register, or to all of it (`key` empty)."""

    register: str
    key: str

    def __str__(self) -> str:
        return f"{self.register}:{quote(self.key, safe='')}"

    @property
    def path(self) -> str:
        """Return where this service shows it."""
        place = f"/registers/{self.register}"
        return f"{place}/records/{quote(self.key, safe='')}" if self.key else place


def read_curie(text: str) -> Curie:
    """Read `prefix:reference` strictly; BadInput."""
    plain = PLAIN.fullmatch(text)
    if plain:
        return Curie(plain[1], plain[2])
    register, colon, reference = text.partition(":")
    key = unquote(reference)
    curie = Curie(register, key)
    if not colon or not keys.is_name(register) or (key and not keys.is_key(key)):
        raise BadInput(
            f"“{text[:80]}” is not a link: write register:key, for example country:GB."
        )
    if str(curie) != text and "/" not in reference:
        raise BadInput(f"“{text[:80]}” is not a link in its plain spelling.")
    return curie
