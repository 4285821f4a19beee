"""Score pairs of records by the composite tokens that they share.

Which kinds of token two records share says how each field agrees: a shared kind that
binds it says that it does; a kind that is not shared, though all its other fields
agree, says that it does not; anything else leaves the field unknown. On these degrees
runs an ordinary Fellegi-Sunter model. How often values agree by chance (u) comes from
the holders, as one number for each degree; the rest is learnt from the shared tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from staithe.linkage.counting import Patterns
from staithe.linkage.private.kinds import Atom, TokenKind, fields_of
from staithe.linkage.scores import Floats, Ints
from staithe.linkage.training import FEWEST_PAIRS, estimate_m, first_m


UNKNOWN, DIFFERENT = -1, 0
# One field alone cannot tell matches that differ in it from strangers.
FEWEST_FIELDS = 2
# Best first; what a field does not have is left out.
DEGREES = ("same", "swapped", "alike", "part")


def degrees_of(kinds: Sequence[TokenKind]) -> dict[str, tuple[str, ...]]:
    """Return the degrees of agreement that each field can show, best first."""
    found: dict[str, set[str]] = {}
    for kind in kinds:
        for atom in kind.atoms:
            degree = "swapped" if atom.degree == "either" else atom.degree
            for name in fields_of(atom):
                # A swap is judged once, with the forename.
                if not (degree == "swapped" and name == "surname"):
                    found.setdefault(name, set()).add(degree)
    return {
        name: tuple(each for each in DEGREES if each in degrees)
        for name, degrees in found.items()
    }


@dataclass(frozen=True)
class Reader:
    """Reads degrees of agreement from the kinds that two records share and have."""

    kinds: tuple[TokenKind, ...]

    def read(self, shared: int, both: int) -> dict[str, str]:
        """Return for each field its degree, `different`, or nothing where unknown.

        `shared` and `both` hold one bit for each kind: the records share a token of
        it; both have tokens of it.
        """
        agreed: dict[str, set[str]] = {}
        for place, kind in enumerate(self.kinds):
            if shared >> place & 1:
                for atom in kind.atoms:
                    for name in fields_of(atom):
                        agreed.setdefault(name, set()).add(atom.degree)
        found = {name: _best(degrees) for name, degrees in agreed.items()}
        if found.get("forename") == "swapped":
            found.pop("surname", None)
        for name in self._denied(agreed, shared, both):
            found.setdefault(name, "different")
        if found.get("forename") == "swapped":
            found.pop("surname", None)
        return found

    def _denied(
        self, agreed: Mapping[str, set[str]], shared: int, both: int
    ) -> set[str]:
        """Return the fields that alone can have kept a kind from being shared."""
        denied = set()
        for place, kind in enumerate(self.kinds):
            if shared >> place & 1 or not both >> place & 1:
                continue
            missing = [atom for atom in kind.atoms if not _holds(atom, agreed)]
            if len(missing) == 1 and missing[0].degree in {"same", "alike"}:
                denied.add(missing[0].field)
        return denied


def _best(degrees: set[str]) -> str:
    names = {"swapped" if each == "either" else each for each in degrees}
    return next(each for each in DEGREES if each in names)


def _holds(atom: Atom, agreed: Mapping[str, set[str]]) -> bool:
    """Say whether what is known to agree implies this atom."""
    if atom.degree == "either":
        return all(
            agreed.get(name, set()) & {"same", "either"} for name in fields_of(atom)
        )
    return bool(agreed.get(atom.field, set()) & {"same", atom.degree})


@dataclass(frozen=True)
class Evidence:
    """Distinct sights of agreement and how many pairs show each.

    One column of `levels` for each field: the best degree is the highest number, 0
    different, -1 unknown.
    """

    fields: tuple[str, ...]
    levels: Ints
    counts: Floats


def evidence_of(
    kinds: Sequence[TokenKind], masks: Sequence[tuple[int, int]], counts: Floats
) -> Evidence:
    """Return what the distinct masks (shared, both) of all pairs say of each field."""
    degrees = degrees_of(kinds)
    reader = Reader(tuple(kinds))
    levels = np.full((len(masks), len(degrees)), UNKNOWN, np.int64)
    for row, (shared, both) in enumerate(masks):
        for name, degree in reader.read(shared, both).items():
            column = list(degrees).index(name)
            levels[row, column] = (
                DIFFERENT
                if degree == "different"
                else len(degrees[name]) - degrees[name].index(degree)
            )
    return Evidence(tuple(degrees), levels, counts)


def learn(
    evidence: Evidence,
    shared: Sequence[int],
    kinds: Sequence[TokenKind],
    u: Sequence[Floats],
) -> tuple[tuple[Floats, ...], tuple[str, ...]]:
    """Return m of each field, and what could not be learnt.

    Each kind of whole values is a block: the pairs that share it train the fields that
    it does not bind, if they are two or more. What the blocks find is averaged.
    """
    found: list[list[Floats]] = [[] for _ in u]
    masks = np.array(shared, dtype=np.uint64)
    for place, kind in enumerate(kinds):
        block = (masks >> np.uint64(place) & np.uint64(1)).astype(bool)
        whole = all(atom.degree in {"same", "either"} for atom in kind.atoms)
        if not whole or evidence.counts[block].sum() < FEWEST_PAIRS:
            continue
        free = [n for n, name in enumerate(evidence.fields) if name not in kind.fields]
        if len(free) >= FEWEST_FIELDS:
            patterns = Patterns(evidence.levels[block][:, free], evidence.counts[block])
            m, _settled = estimate_m(patterns, [u[n] for n in free])
            for n, each in zip(free, m, strict=True):
                found[n].append(each)
    warnings = tuple(
        f"{name} could not be trained and has default weights."
        for name, each in zip(evidence.fields, found, strict=True)
        if not each
    )
    learnt = tuple(
        np.mean(each, axis=0) if each else first_m(len(chance))
        for each, chance in zip(found, u, strict=True)
    )
    return learnt, warnings


def weights(
    evidence: Evidence, m: Sequence[Floats], u: Sequence[Floats], prior: float
) -> Floats:
    """Return the match weight (log2 odds) of each sight of agreement."""
    total: Floats = np.full(len(evidence.counts), np.log2(prior / (1 - prior)))
    for column, (mm, uu) in enumerate(zip(m, u, strict=True)):
        level = evidence.levels[:, column]
        total += np.where(level < 0, 0.0, np.log2(mm / uu)[level])
    return total
