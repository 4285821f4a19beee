"""Finding assets by words: all of them first, then as many as there are.

Ranked in the database, over one covering index, so a search costs the same few
milliseconds whatever an entry holds. Misspelt words are mended against the
catalogue's own words, and only words that the reader may see count.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Case, Count, F, FloatField, QuerySet, Sum, Value, When

from staithe.catalogue.models import Asset, SearchWord, Spelling
from staithe.catalogue.permissions import may_see_internal
from staithe.catalogue.words import (
    MENDABLE,
    allowed_edits,
    edits_between,
    nearest,
    query_words,
)
from staithe.people.permissions import Someone


@dataclass(frozen=True)
class SearchPage:
    """The assets found, best first; `mended` says what was searched for instead.

    A sequence that reads only the part of itself that is asked for.
    """

    keys: QuerySet[Any, int]
    mended: dict[str, str] = field(default_factory=dict)

    @cached_property
    def total(self) -> int:
        """Return how many assets were found."""
        return self.keys.count()

    @property
    def items(self) -> list[Asset]:
        """Return every asset found."""
        return _in_order(list(self.keys))

    def count(self) -> int:
        """Return how many assets were found."""
        return self.total

    def __len__(self) -> int:
        return self.total

    def __iter__(self) -> Iterator[Asset]:
        return iter(self.items)

    def __getitem__(self, part: slice) -> list[Asset]:
        return _in_order(list(self.keys[part]))


def visible_assets() -> QuerySet[Asset]:
    """Return every asset that the catalogue lists."""
    return Asset.objects.filter(status=Asset.Status.PUBLISHED).select_related(
        "organisation"
    )


def search(
    text: str,
    *,
    person: Someone = None,
    organisation: str = "",
    access_rights: str = "",
    kind: str = "",
) -> SearchPage:
    """Find assets by words that the person may read; without words, the newest first."""
    filters = {
        "organisation__slug": organisation,
        "access_rights": access_rights,
        "kind": kind,
    }
    chosen = {name: value for name, value in filters.items() if value}
    words = query_words(text)
    if not words:
        assets = visible_assets().filter(**chosen)
        newest = assets.order_by("-modified_at", "title", "pk")
        # Words of which none can be looked for find nothing, not everything.
        return SearchPage(_keys(newest.none() if text.strip() else newest, "pk"))
    weight = "weight" if may_see_internal(person) else "public_weight"
    stems, mended = _mend(words, weight)
    return SearchPage(_ranked(stems, weight, chosen), mended)


def _keys(rows: QuerySet[Any], name: str) -> QuerySet[Any, int]:
    return rows.values_list(name, flat=True)


def _in_order(keys: list[int]) -> list[Asset]:
    found = Asset.objects.select_related("organisation").in_bulk(keys)
    return [found[key] for key in keys if key in found]


def _ranked(
    stems: list[str], weight: str, chosen: dict[str, str]
) -> QuerySet[Any, int]:
    """Return the keys of assets, by words found and then by what those words tell.

    A rare word weighs more: log(1 + assets / assets with the word), as in BM25.
    """
    total = Asset.objects.count()
    tells = Case(
        *(
            When(word=word, then=Value(math.log(1 + total / assets)))
            for word, assets in _assets_with(set(stems), weight).items()
        ),
        default=Value(0.0),
        output_field=FloatField(),
    )
    hits = SearchWord.objects.filter(
        word__in=stems,
        asset__status=Asset.Status.PUBLISHED,
        **{f"{weight}__gt": 0},
        **{f"asset__{name}": value for name, value in chosen.items()},
    )
    ranked = hits.values("asset").annotate(
        found=Count("pk"), score=Sum(F(weight) * tells)
    )
    return _keys(ranked.order_by("-found", "-score", "asset"), "asset")


def _mend(words: dict[str, str], weight: str) -> tuple[list[str], dict[str, str]]:
    """Replace words that no entry holds by the nearest that one does.

    Returns the stems to look for, and each mended word with what it became.
    """
    known = _assets_with(set(words.values()), weight)
    unknown = [word for word, root in words.items() if root not in known]
    fixes = _fixes([word for word in unknown if allowed_edits(word)], weight)
    stems = [fixes[word][1] if word in fixes else root for word, root in words.items()]
    return list(dict.fromkeys(stems)), {word: fix[0] for word, fix in fixes.items()}


def _assets_with(stems: set[str], weight: str) -> dict[str, int]:
    """Return how many assets hold each stem where the reader may see it."""
    held = SearchWord.objects.filter(word__in=stems, **{f"{weight}__gt": 0})
    return dict(held.values_list("word").annotate(assets=Count("pk")))


def _fixes(unknown: list[str], weight: str) -> dict[str, tuple[str, str]]:
    """Return (spelling, stem) for each unknown word that has a likely one.

    Of equally near spellings the one that most entries hold is taken.
    """
    if not unknown:
        return {}
    shortest = max(MENDABLE, min(len(word) - allowed_edits(word) for word in unknown))
    roots = dict(
        Spelling.objects.filter(length__gte=shortest).values_list("word", "stem")
    )
    likely = {word: nearest(word, list(roots)) for word in unknown}
    stems = {roots[one] for found in likely.values() for one in found}
    held = _assets_with(stems, weight)
    fixes = {}
    for word, found in likely.items():
        visible = [one for one in found if roots[one] in held]
        if visible:
            best = min(
                visible, key=lambda one: (edits_between(word, one), -held[roots[one]])
            )
            fixes[word] = (best, roots[best])
    return fixes
