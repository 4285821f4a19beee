"""Finding assets by words: all of them first, then as many as there are.

Ranked in the database, over one covering index, so a search costs the same few
milliseconds whatever an entry holds. Misspelt words are mended against the
catalogue's own words, and only words that the reader may see count.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import Case, Count, F, FloatField, QuerySet, Sum, Value, When

from staithe.catalogue.models import Asset, SearchWord, Spelling
from staithe.catalogue.permissions import may_see_internal
from staithe.catalogue.words import (
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

    keys: Sequence[int]
    mended: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Return how many assets were found."""
        return len(self.keys)

    @property
    def items(self) -> list[Asset]:
        """Return every asset found."""
        return self[:]

    def count(self) -> int:
        """Return how many assets were found."""
        return len(self.keys)

    def __iter__(self) -> Iterator[Asset]:
        return iter(self.items)

    def __getitem__(self, part: slice) -> list[Asset]:
        keys = self.keys[part]
        found = Asset.objects.select_related("organisation").in_bulk(keys)
        return [found[key] for key in keys if key in found]


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
        # Words of which none can be looked for find nothing, not everything.
        return SearchPage([] if text.strip() else _newest(chosen))
    weight = "weight" if may_see_internal(person) else "public_weight"
    held, mended = _mend(words, weight)
    return SearchPage(_ranked(held, weight, chosen), mended)


def _newest(chosen: dict[str, str]) -> list[int]:
    listed = Asset.objects.filter(status=Asset.Status.PUBLISHED, **chosen)
    newest = listed.order_by("-modified_at", "-pk")
    return list(newest.values_list("pk", flat=True))


def _ranked(held: dict[str, int], weight: str, chosen: dict[str, str]) -> list[int]:
    """Return the keys of assets, by words found and then by what those words tell.

    `held` maps each stem to how many assets hold it. A rare one weighs more:
    log(1 + assets / assets with the stem), as in BM25.
    """
    if not held:
        return []
    total = Asset.objects.count()
    tells = Case(
        *(
            When(word=word, then=Value(math.log(1 + total / assets)))
            for word, assets in held.items()
        ),
        output_field=FloatField(),
    )
    # Withdrawn assets have no words, so the index alone answers without a filter.
    hits = SearchWord.objects.filter(
        word__in=held,
        **{f"{weight}__gt": 0},
        **{f"asset__{name}": value for name, value in chosen.items()},
    )
    ranked = hits.values("asset").annotate(
        found=Count("*"), score=Sum(F(weight) * tells)
    )
    ordered = ranked.order_by("-found", "-score", "asset")
    return list(ordered.values_list("asset", flat=True))


def _assets_with(stems: Collection[str], weight: str) -> dict[str, int]:
    """Return how many assets hold each stem where the reader may see it."""
    held = SearchWord.objects.filter(word__in=stems, **{f"{weight}__gt": 0})
    return dict(held.values_list("word").annotate(assets=Count("*")))


def _mend(words: dict[str, str], weight: str) -> tuple[dict[str, int], dict[str, str]]:
    """Replace words that no entry holds by the nearest that one does.

    Returns how many assets hold each stem to look for, and what each mended word
    became. Of equally near spellings the one that most entries hold is taken.
    """
    held = _assets_with(words.values(), weight)
    mended = {}
    for word, root in words.items():
        meant = (
            None if root in held or not allowed_edits(word) else _meant(word, weight)
        )
        if meant:
            mended[word], root_meant, assets = meant
            held[root_meant] = assets
    return held, mended


def _meant(word: str, weight: str) -> tuple[str, str, int] | None:
    """Return the spelling most likely meant, its stem, and how many assets hold it.

    Looked for first among words of the same first letter, which people seldom
    mistake, then among words that this one begins, then among all.
    """
    for look in (_near, _begun, _near_anywhere):
        spellings = look(word)
        assets = _assets_with(set(spellings.values()), weight)
        visible = [one for one, root in spellings.items() if root in assets]
        if visible:
            best = min(
                visible,
                key=lambda one: (
                    edits_between(word, one),
                    -assets[spellings[one]],
                    one,
                ),
            )
            return best, spellings[best], assets[spellings[best]]
    return None


def _near(word: str) -> dict[str, str]:
    """Return near spellings with the same first letter, and their stems."""
    return _nearest(word, Spelling.objects.filter(initial=word[0]))


def _near_anywhere(word: str) -> dict[str, str]:
    """Return near spellings, and their stems."""
    return _nearest(word, Spelling.objects.all())


def _nearest(word: str, among: QuerySet[Spelling]) -> dict[str, str]:
    edits = allowed_edits(word)
    about = among.filter(length__range=(len(word) - edits, len(word) + edits))
    stems = dict(about.values_list("word", "stem"))
    return {one: stems[one] for one in nearest(word, list(stems))}


def _begun(word: str) -> dict[str, str]:
    """Return the shortest spellings that a word is the beginning of, with their stems."""
    longer = Spelling.objects.filter(
        initial=word[0], length__gt=len(word), word__startswith=word
    )
    return dict(longer.order_by("length", "word").values_list("word", "stem")[:8])
