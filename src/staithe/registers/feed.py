"""A register's entries as an Atom feed (RFC 4287) with archives (RFC 5005).

The newest entries are in the feed; each archive holds a run of older ones and never
changes, so a reader that follows `prev-archive` misses none, however long it was away.
"""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from django.conf import settings

from staithe.base.errors import NotFound
from staithe.registers import reading
from staithe.registers.models import Register
from staithe.registers.reading import StoredEntry


AT_ONCE = 50  # entries in a feed and in an archive
# JSON has escaped every other character that XML does not know.
_NOT_IN_XML = frozenset("\ufffe\uffff")
KIND = "application/atom+xml; charset=utf-8"


def archives(size: int) -> range:
    """Return the numbers of the archives that a log of this size fills, from 1."""
    return range(1, size // AT_ONCE + 1)


def newest(register: Register) -> bytes:
    """Return the feed of the newest entries."""
    start = max(1, register.size - AT_ONCE + 1)
    full = archives(register.size)
    return _feed(register, start, register.size, name="feed.atom", older=len(full))


def archive(register: Register, number: int) -> bytes:
    """Return an archive: 50 entries that never change; NotFound."""
    if number not in archives(register.size):
        raise NotFound(f"{register.name} has no archive {number} of its feed.")
    end = number * AT_ONCE
    name = f"feed/{number}.atom"
    return _feed(register, end - AT_ONCE + 1, end, name=name, older=number - 1)


def _feed(register: Register, start: int, end: int, *, name: str, older: int) -> bytes:
    base = f"{settings.BASE_URL}/registers/{register.name}"
    found = reading.entries(register.pk, start, end)[::-1]
    updated = found[0].timestamp if found else "1970-01-01T00:00:00Z"
    links = {"self": name}
    mark = ""
    if older:
        links["prev-archive"] = f"feed/{older}.atom"
    if name != "feed.atom":
        links["current"] = "feed.atom"
        mark = "<fh:archive/>"
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<feed xmlns="http://www.w3.org/2005/Atom" '
        'xmlns:fh="http://purl.org/syndication/history/1.0">'
        f"<id>{escape(base)}</id><title>{escape(register.title)}</title>{mark}"
        f"<updated>{updated}</updated><author><name>{escape(register.name)}</name>"
        "</author>"
        + "".join(
            f"<link rel={quoteattr(relation)} href={quoteattr(f'{base}/{path}')}/>"
            for relation, path in links.items()
        )
        + "".join(_entry(base, each) for each in found)
        + "</feed>"
    ).encode()


def _entry(base: str, each: StoredEntry) -> str:
    text = each.data or ""
    if not _NOT_IN_XML.isdisjoint(text):
        text = ""  # XML has no way to write it; the entry's address has
    return (
        f"<entry><id>{escape(base)}/v1/entries/{each.number}</id>"
        f"<title>{escape(each.key)}: entry {each.number}</title>"
        f"<updated>{each.timestamp}</updated>"
        f"<link href={quoteattr(f'{base}/records/{each.key}')}/>"
        f'<content type="text">{escape(text)}</content></entry>'
    )
