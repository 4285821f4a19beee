"""Words as search sees them: lower case, no accents, stemmed; and their repair.

Ranking is by words that all match first, then by words that some match, with the
spelling mended against the catalogue's own vocabulary (measured on 18,000 public
records, that is worth far more than trigrams). The same on every database.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from functools import cache

import snowballstemmer
from rapidfuzz import process
from rapidfuzz.distance import OSA


# Words too common in any English title to tell two assets apart.
STOP = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "for",
        "from",
        "has",
        "have",
        "in",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "that",
        "the",
        "their",
        "this",
        "to",
        "was",
        "were",
        "which",
        "who",
        "with",
    ]
)
LONGEST = 40
# A word of the title says more than one of the keywords, and so on. Tuned on 2,327
# public records (benchmarks/search.py).
FIELD_WEIGHTS = {
    "title": 10.0,
    "keywords": 4.0,
    "summary": 3.0,
    "columns": 2.0,
    "rest": 1.0,
}
# As in BM25F: a word of a short field says more, and saying it in one more field
# says ever less more. Both are mild: titles and summaries are of one kind of length.
LENGTH_POWER = 0.3
SATURATION = 8.0
MOST_WORDS = 12
# Below four letters every word is one edit from some other.
MENDABLE = 4
ONE_EDIT_UP_TO = 6
_WORD = re.compile(r"[^\W_]+")


@cache
def _stemmer() -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer("english")


def plain_words(text: str) -> list[str]:
    """Split text into lower-case words without accents; not yet stemmed."""
    # Twice: folding may leave a form to take apart, and taking apart a capital.
    parts = unicodedata.normalize("NFKD", text).casefold()
    parts = unicodedata.normalize("NFKD", parts)
    folded = "".join(mark for mark in parts if not unicodedata.combining(mark))
    return [word[:LONGEST] for word in _WORD.findall(folded)]


def stem(words: Collection[str]) -> list[str]:
    """Stem each word (Snowball English)."""
    return list(_stemmer().stemWords(list(words)))


def index_words(fields: Mapping[str, str]) -> dict[str, float]:
    """Return each stemmed word of an entry with its weight, by FIELD_WEIGHTS.

    Repetition within a field counts, but less each time (1 + log of the count).
    """
    sums: dict[str, float] = {}
    for name, text in fields.items():
        words = telling_words(text)
        for word, count in Counter(stem(words)).items():
            gain = FIELD_WEIGHTS[name] * (1 + math.log(count))
            sums[word] = sums.get(word, 0.0) + gain / len(words) ** LENGTH_POWER
    return {
        word: weight * (SATURATION + 1) / (weight + SATURATION)
        for word, weight in sums.items()
    }


def telling_words(text: str) -> list[str]:
    """Return the plain words of a text that can tell two assets apart."""
    return [word for word in plain_words(text) if word not in STOP]


def query_words(text: str) -> dict[str, str]:
    """Return the words of a query, each once and in order, with their stems.

    At most MOST_WORDS; of two words with one stem the first is kept.
    """
    words = list(dict.fromkeys(telling_words(text)))
    by_stem: dict[str, str] = {}
    for word, root in zip(words, stem(words), strict=True):
        by_stem.setdefault(root, word)
    kept = list(by_stem.items())[:MOST_WORDS]
    return {word: root for root, word in kept}


def allowed_edits(word: str) -> int:
    """Return how far a word may be from what was meant: 0, 1 or 2 edits.

    None below four letters and none for a word with a digit: a year or a code is
    never mended into another.
    """
    if len(word) < MENDABLE or any(mark.isdigit() for mark in word):
        return 0
    return 1 if len(word) <= ONE_EDIT_UP_TO else 2


def edits_between(word: str, other: str) -> int:
    """Count the insertions, deletions, changes and swaps between two words."""
    return int(OSA.distance(word, other))


def nearest(word: str, spellings: Collection[str], *, most: int = 8) -> list[str]:
    """Return the spellings within `allowed_edits` of a word, nearest first.

    An edit is an insertion, a deletion, a change or a swap of neighbours.
    """
    found = process.extract(
        word,
        spellings,
        scorer=OSA.distance,
        score_cutoff=allowed_edits(word),
        limit=most,
    )
    return [str(each[0]) for each in found]
