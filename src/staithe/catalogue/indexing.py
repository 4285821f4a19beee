"""Keeping the search index beside each asset, in the transaction of its change."""

from __future__ import annotations

from staithe.catalogue.models import Asset, SearchWord
from staithe.catalogue.words import index_words


def index_asset(asset: Asset) -> None:
    """Write the words of an asset's entry afresh."""
    newest = asset.versions.order_by("-number").first()
    names = [column["name"] for column in newest.columns] if newest else []
    meanings = [column["semantic_type"] for column in newest.columns] if newest else []
    weights = index_words(
        {
            "title": asset.title,
            "keywords": " ".join([*asset.keywords, asset.theme]),
            "summary": asset.summary,
            "columns": " ".join([*names, *meanings]),
            "rest": f"{asset.description} {asset.organisation.name}",
        }
    )
    asset.words.all().delete()
    SearchWord.objects.bulk_create(
        SearchWord(asset=asset, word=word, weight=weight)
        for word, weight in weights.items()
    )
