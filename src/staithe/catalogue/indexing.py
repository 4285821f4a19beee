"""Keeping the search index beside each asset, in the transaction of its change."""

from __future__ import annotations

from collections.abc import Iterable

from staithe.catalogue.models import Asset, AssetVersion, SearchWord, Spelling
from staithe.catalogue.words import index_words, stem, telling_words


def forget_asset(asset: Asset) -> None:
    """Take an asset out of the index: no search finds it any more."""
    asset.words.all().delete()


def index_asset(asset: Asset) -> None:
    """Write the words of an asset's entry afresh."""
    fields = _fields(asset, asset.versions.order_by("-number").first())
    public = fields if asset.access_rights == Asset.AccessRights.OPEN else _seen(asset)
    public_weights = index_words(public)
    forget_asset(asset)
    SearchWord.objects.bulk_create(
        SearchWord(
            asset=asset,
            word=word,
            weight=weight,
            public_weight=public_weights.get(word, 0.0),
        )
        for word, weight in index_words(fields).items()
    )
    _learn_spellings(fields.values())


def _fields(asset: Asset, newest: AssetVersion | None) -> dict[str, str]:
    """Return every text of an entry, by how much it says about the asset."""
    columns = newest.columns if newest else []
    names = [f"{c['name']} {c.get('semantic_type', '')}" for c in columns]
    meanings = [c.get("description", "") for c in columns]
    return {
        "title": asset.title,
        "keywords": " ".join([*asset.keywords, asset.theme]),
        "summary": asset.summary,
        "columns": " ".join(names),
        "rest": " ".join([asset.description, asset.organisation.name, *meanings]),
    }


def _seen(asset: Asset) -> dict[str, str]:
    """Return what anyone may read of an asset that is not open."""
    return {
        "title": asset.title,
        "summary": asset.summary,
        "rest": asset.organisation.name,
    }


def _learn_spellings(texts: Iterable[str]) -> None:
    """Remember how words are written; what no entry holds any more is passed over."""
    words = sorted({word for text in texts for word in telling_words(text)})
    Spelling.objects.bulk_create(
        (
            Spelling(word=word, stem=root, initial=word[0], length=len(word))
            for word, root in zip(words, stem(words), strict=True)
        ),
        ignore_conflicts=True,
    )
