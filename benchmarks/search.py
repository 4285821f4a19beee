"""Catalogue search: does it find what is sought, and how fast with 20,000 assets.

Run: `./dev bench search [ASSETS]`. Known-item queries over the real records of the
shared data (mean reciprocal rank of the first ten): three words of a title; the same
with one edit in up to two words; singular and plural swapped; the four rarest words
of a description. Then the time of a search, through the same functions as the page.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


REPOSITORY = Path(__file__).resolve().parent.parent
DATA = Path(
    os.environ.get("STAITHE_SHARED_DATA", REPOSITORY.parent / "shared" / "data")
)
AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
# What the reference measured on 18,000 records with SQLite's own full-text index.
AIMS = {"title": 0.78, "typo": 0.77, "desc": 0.70}
QUERIES = 400
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def start_service(home: str) -> None:
    os.environ["STAITHE_HOME"] = home
    os.environ["DJANGO_SETTINGS_MODULE"] = "staithe.site.settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)


def records() -> list[dict[str, Any]]:
    paths = sorted((DATA / "catalogue").glob("*.jsonl"))
    if not paths:
        sys.exit("SHARED DATA ABSENT: set STAITHE_SHARED_DATA; nothing was measured")
    return [json.loads(line) for p in paths for line in p.read_text().splitlines()]


def words_of(value: Any) -> list[str]:
    return [str(word) for word in value] if isinstance(value, list) else []


def add(found: list[dict[str, Any]]) -> list[int]:
    """Put records into the catalogue as open assets; return their keys."""
    from django.db import transaction

    from staithe.catalogue.indexing import index_asset
    from staithe.catalogue.models import Asset
    from staithe.people.models import Organisation

    first = Asset.objects.count()
    with transaction.atomic():
        holders: dict[str, Organisation] = {}
        keys = []
        for number, record in enumerate(found, first):
            name = str(record.get("publisher") or "Unknown")[:200]
            if name not in holders:
                holders[name], _ = Organisation.objects.get_or_create(
                    name=name,
                    defaults={"slug": f"h{len(holders)}-{first}", "kind": "other"}
                    | {"created_at": AT},
                )
            text = str(record.get("description") or "")
            asset = Asset.objects.create(
                reference=f"AST-{number}",
                slug=f"a{number}",
                organisation=holders[name],
                title=str(record["title"])[:200] or "Untitled",
                summary=text[:250],
                description=text[250:],
                keywords=[
                    *words_of(record.get("keyword")),
                    *words_of(record.get("theme")),
                ],
                access_rights="OPEN",
                created_at=AT,
                modified_at=AT,
            )
            index_asset(asset)
            keys.append(asset.pk)
    return keys


def edited(word: str, rng: random.Random) -> str:
    """Return a word with one letter lost, added, changed or swapped."""
    at, letter = rng.randrange(len(word) - 1), rng.choice(LETTERS)
    return rng.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        ]
    )


def with_typos(words: list[str], rng: random.Random) -> list[str]:
    long = [i for i, w in enumerate(words) if len(w) > 3 and w.isalpha()]
    wrong = set(rng.sample(long, min(2, len(long))))
    return [edited(w, rng) if i in wrong else w for i, w in enumerate(words)]


def other_number(word: str) -> str:
    return word[:-1] if word.endswith("s") and len(word) > 4 else word + "s"


def questions(
    found: list[dict[str, Any]], rng: random.Random
) -> dict[str, list[tuple[int, str]]]:
    """Return, for each kind, (which record is sought, the query)."""
    from staithe.catalogue.words import telling_words

    texts = [telling_words(str(r.get("description") or "")) for r in found]
    titles = [telling_words(str(r["title"])) for r in found]
    held = Counter(w for t, d in zip(titles, texts, strict=True) for w in {*t, *d})
    made: dict[str, list[tuple[int, str]]] = {
        k: [] for k in ("title", "typo", "morph", "desc")
    }
    for at in rng.sample(range(len(found)), len(found)):
        title = list(dict.fromkeys(titles[at]))
        if len(title) >= 3 and len(made["title"]) < QUERIES:
            three = rng.sample(title, 3)
            made["title"].append((at, " ".join(three)))
            made["typo"].append((at, " ".join(with_typos(three, rng))))
            made["morph"].append((at, " ".join(map(other_number, three))))
        text = list(dict.fromkeys(texts[at]))
        if len(text) >= 8 and len(made["desc"]) < QUERIES:
            rare = sorted(text, key=lambda w: (held[w], w))[:4]
            made["desc"].append((at, " ".join(rare)))
    return made


def reciprocal_rank(query: str, key: int) -> float:
    from staithe.catalogue.search import search

    found = [asset.pk for asset in search(query)[:10]]
    return 1 / (found.index(key) + 1) if key in found else 0.0


def measure_finding() -> None:
    found, rng = records(), random.Random(20260105)
    keys = add(found)
    print(f"{len(keys):,} real records, {QUERIES} queries of each kind, MRR@10")
    for kind, asked in questions(found, rng).items():
        score = statistics.fmean(reciprocal_rank(q, keys[at]) for at, q in asked)
        aim = f"  aim {AIMS[kind]:.2f}" if kind in AIMS else ""
        print(f"  {kind:6} {score:.3f}{aim}")


def mixed(found: list[dict[str, Any]], rng: random.Random) -> Iterator[dict[str, Any]]:
    """Make up records: one's title with a word of another's, a third's description."""
    while True:
        one, two, three = (rng.choice(found) for _ in range(3))
        words = str(one["title"]).split()
        words.insert(
            rng.randrange(len(words) + 1), rng.choice(str(two["title"]).split() or [""])
        )
        yield {**three, "title": " ".join(words), "keyword": one.get("keyword")}


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[int(share * (len(times) - 1))] * 1000


def measure_speed(assets: int) -> None:
    from staithe.catalogue.models import Asset, SearchWord, Spelling
    from staithe.catalogue.search import search

    found, rng = records(), random.Random(7)
    fresh = mixed(found, rng)
    started = time.perf_counter()
    add([next(fresh) for _ in range(assets - Asset.objects.count())])
    took = time.perf_counter() - started
    print(
        f"{Asset.objects.count():,} assets, {SearchWord.objects.count():,} words of "
        f"theirs, {Spelling.objects.count():,} spellings, indexed in {took:.0f} s"
    )
    asked = questions(found, rng)
    everyday = [("data", 0), ("council", 0), ("school", 0), ("open data scotland", 0)]
    asked["common"] = [(at, word) for word, at in everyday * 50]
    asked["empty"] = [(0, "")] * 100

    def first_page(query: str) -> None:
        page = search(query)
        assert page[:25] is not None
        assert page.total >= 0

    everything = []
    for kind, queries in asked.items():
        times = [timed(lambda q=query: first_page(q)) for _, query in queries]
        everything += times
        print(
            f"  {kind:6} p50 {percentile(times, 0.5):5.1f} ms  p95 {percentile(times, 0.95):5.1f} ms"
        )
    print(
        f"  all    p50 {percentile(everything, 0.5):5.1f} ms  p95 {percentile(everything, 0.95):5.1f} ms"
    )


def timed(call: Callable[[], None]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        start_service(home)
        measure_finding()
        measure_speed(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)


if __name__ == "__main__":
    main()
