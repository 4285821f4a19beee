"""Recognise a column by the words in it, where its name says nothing.

“Patient” in one file holds what the other calls names: most of its words are names
there too. Words are counted as often as they occur, so common ones decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence


# Meanings that are made of words and may be recognised by them.
OF_WORDS = ("place", "birth_place", "organisation", "address", "occupation", "region")
NAMES = ("full_name", "forename", "surname")
MOST = 0.5  # of the words of a column, as often as they occur
BOTH_WAYS = 0.6
FEW_WORDS = 20  # with fewer, agreement is that of any two lists of codes
WORD = re.compile(r"[^\W\d_]{2,}")
A_NAME = re.compile(r"[^\d@/]{3,60}")

Found = dict[str, list[str]]
Samples = Mapping[str, Sequence[str]]


def words_of(values: Iterable[str]) -> list[str]:
    """Return every word of some values, in lower case, as often as it occurs."""
    return [word for value in values for word in WORD.findall(value.lower())]


def known_share(words: Sequence[str], known: set[str]) -> float:
    """Return the share of words that are known; 0 where they are too few to tell."""
    if len(set(words)) < FEW_WORDS:
        return 0.0
    return sum(word in known for word in words) / len(words)


def recognise(found: Sequence[Found], samples: Sequence[Samples]) -> None:
    """Give columns of unknown meaning the meaning of a column of the other file.

    `found` maps meanings to columns, unknown ones as ?name; it is changed in place. A
    file that has a column of a meaning already is given no other.
    """
    for side in (0, 1):
        _recognise_names(found, samples, side)
        mine, other = found[side], found[1 - side]
        for meaning in OF_WORDS:
            if meaning in other and meaning not in mine:
                known = set(words_of(samples[1 - side][other[meaning][0]]))
                _take(mine, samples[side], meaning, known)
    _pair_unknown(found, samples)


def _recognise_names(
    found: Sequence[Found], samples: Sequence[Samples], side: int
) -> None:
    """Find the whole name in a file that has no column called a name."""
    mine, other = found[side], found[1 - side]
    columns = [column for each in NAMES for column in other.get(each, ())]
    if not columns or set(NAMES) & set(mine):
        return
    known = {w for column in columns for w in words_of(samples[1 - side][column])}
    _take(mine, samples[side], "full_name", known, like=A_NAME)


def _take(
    mine: Found,
    samples: Samples,
    meaning: str,
    known: set[str],
    like: re.Pattern[str] | None = None,
) -> None:
    """Move the unknown column with most known words, if with enough, to a meaning."""
    best, unknown = MOST, ""
    for key in [each for each in mine if each.startswith("?")]:
        values = samples[mine[key][0]]
        if like and sum(bool(like.fullmatch(v)) for v in values) < 0.8 * len(values):
            continue
        share = known_share(words_of(values), known)
        if share > best:
            best, unknown = share, key
    if unknown:
        columns = mine.pop(unknown)
        mine[meaning] = columns[:1]
        if columns[1:]:
            mine[unknown] = columns[1:]


def _pair_unknown(found: Sequence[Found], samples: Sequence[Samples]) -> None:
    """Give two unknown columns with the same words one name, the left one's."""
    left, right = found
    words = [
        {
            key: words_of(of[columns[0]])
            for key, columns in each.items()
            if key[0] == "?"
        }
        for each, of in zip(found, samples, strict=True)
    ]
    scored = sorted(
        (
            (min(known_share(a, set(b)), known_share(b, set(a))), mine, theirs)
            for mine, a in words[0].items()
            for theirs, b in words[1].items()
            if mine not in right and theirs not in left
        ),
        reverse=True,
    )
    for share, mine, theirs in scored:
        if share >= BOTH_WAYS and mine not in right and theirs in right:
            right[mine] = right.pop(theirs)
