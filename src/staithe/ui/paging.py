"""Pages, sorting and the query string: what a list needs to work with GET alone.

Pure: built from the pairs of a query string, gives back links that keep the rest
of it, so a filter survives a sort and a sort survives the next page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast
from urllib.parse import urlencode


Item = TypeVar("Item")
PAGE_SIZE = 25
NEAR = 1


@dataclass(frozen=True)
class Query:
    """The pairs of a query string, in order."""

    pairs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_lists(cls, lists: Iterable[tuple[str, Iterable[Any]]]) -> Query:
        """Build from name and values pairs, the shape of `request.GET.lists()`."""
        return cls(tuple((name, str(v)) for name, values in lists for v in values))

    def get(self, name: str, default: str = "") -> str:
        """Return the last value of a name."""
        return next((v for n, v in reversed(self.pairs) if n == name), default)

    def url(self, **changes: object) -> str:
        """Return `?…` with names replaced; None takes a name away."""
        kept = [(n, v) for n, v in self.pairs if n not in changes and v != ""]
        added = [(n, str(v)) for n, v in changes.items() if v is not None]
        return "?" + urlencode(kept + added)

    def without(self, name: str, value: str) -> str:
        """Return `?…` with one chosen value of a name taken away, and page 1."""
        kept = [
            (n, v)
            for n, v in self.pairs
            if (n, v) != (name, value) and n != "page" and v != ""
        ]
        return "?" + urlencode(kept)


class Countable(Protocol):
    """What paginate needs of a list or a database query."""

    def __getitem__(self, index: slice, /) -> Any:
        """Return some of the items."""


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page of a list, and the links to the others."""

    items: Sequence[Item]
    number: int
    size: int
    total: int
    query: Query

    @property
    def pages(self) -> int:
        """Number of pages; an empty list has one."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """Position of the first item shown, from 1; 0 where there is none."""
        return (self.number - 1) * self.size + 1 if self.total else 0

    @property
    def last(self) -> int:
        """Position of the last item shown."""
        return min(self.total, self.number * self.size)

    def url(self, number: int) -> str:
        """Return the link to a page."""
        return self.query.url(page=None if number == 1 else number)

    @property
    def shown(self) -> list[int | None]:
        """Page numbers to offer: ends, neighbours, None where some are left out."""
        near = range(self.number - NEAR, self.number + NEAR + 1)
        wanted = sorted({1, self.pages, *(n for n in near if 1 <= n <= self.pages)})
        shown: list[int | None] = []
        for number in wanted:
            if shown and number - cast("int", shown[-1]) > 1:
                shown.append(None)
            shown.append(number)
        return shown


def paginate(items: Countable, *, query: Query, size: int = PAGE_SIZE) -> Page[Any]:
    """Cut the page that the query string asks for; nonsense means the nearest page."""
    total = count_of(items)
    asked = query.get("page", "1")
    number = int(asked) if asked.isascii() and asked.isdigit() else 1
    number = min(max(1, number), max(1, -(-total // size)))
    start = (number - 1) * size
    return Page(list(items[start : start + size]), number, size, total, query)


def count_of(items: Any) -> int:
    """Count a list by its length and a database query in the database."""
    if isinstance(items, Sequence):
        return len(items)
    return int(items.count())


@dataclass(frozen=True)
class Sort:
    """The column a list is sorted by, and the links that change it."""

    key: str
    descending: bool
    query: Query
    keys: frozenset[str]

    @property
    def order(self) -> str:
        """The sort as Django's order_by reads it: `-due`."""
        return ("-" if self.descending else "") + self.key

    def aria(self, key: str) -> str:
        """Return the aria-sort value of a column."""
        if key != self.key:
            return "none"
        return "descending" if self.descending else "ascending"

    def url(self, key: str) -> str:
        """Return the link that sorts by a column, or turns its order round."""
        turn = key == self.key and not self.descending
        return self.query.url(sort=("-" if turn else "") + key, page=None)


def read_sort(query: Query, *, keys: Collection[str], default: str) -> Sort:
    """Read `?sort=-due`; a key that is not offered means `default`."""
    asked = query.get("sort", default)
    if asked.removeprefix("-") not in keys:
        asked = default
    return Sort(asked.removeprefix("-"), asked.startswith("-"), query, frozenset(keys))
