"""Which rows of the library stand behind a citation, with their dates and sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from staithe.law.citations import is_met, parse_citation


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from staithe.law.library import Library


@dataclass(frozen=True, slots=True)
class Rule:
    """A row that cites an enactment: what it says, since when, how sure we are."""

    kind: str
    id: str
    title: str
    text: str
    valid_from: date | None
    valid_to: date | None
    status: str
    sources: tuple[str, ...]
    checked_on: date | None


def rules_citing(citation: str, library: Library) -> list[Rule]:
    """Return every row that cites this or a deeper or shallower pointer."""
    wanted = parse_citation(citation, library.acts)
    if wanted is None:
        return []

    def cited(by: Iterable[str]) -> bool:
        pointers = (parse_citation(each, library.acts) for each in by)
        return any(p and (is_met(wanted, p) or is_met(p, wanted)) for p in pointers)

    return [rule for cites, rule in _rules(library) if cited(cites)]


def _rules(library: Library) -> Iterator[tuple[tuple[str, ...], Rule]]:
    for g in (each for versions in library.versions.values() for each in versions):
        needs = tuple(cite for need in g.needs for cite in need.cites)
        yield (
            (g.citation, *g.cites, *g.also_cited, *needs),
            Rule(
                "Route", g.id, g.title, g.summary, g.valid_from, g.valid_to, g.status,
                g.sources, g.checked_on,
            ),
        )  # fmt: skip
    for each in library.lists.values():
        cites = (each.citation, *(o.citation for o in each.objectives))
        yield (
            cites,
            Rule(
                "List", each.id, each.title, each.note, each.as_of, None, each.status,
                each.sources, each.checked_on,
            ),
        )  # fmt: skip
    for row in library.restrictions:
        yield (
            row.cites,
            Rule(
                "Restriction", row.id, row.title, row.text, row.valid_from,
                row.valid_to, row.status, row.sources, row.checked_on,
            ),
        )  # fmt: skip
    for bearing in library.bearings:
        text = bearing.explain or bearing.ask or "It is cited on facts of this kind."
        yield (
            bearing.cites,
            Rule(
                "Rule", bearing.id, bearing.id.replace("-", " ").capitalize(), text,
                bearing.valid_from, bearing.valid_to, bearing.status, bearing.sources,
                bearing.checked_on,
            ),
        )  # fmt: skip
    for basis in library.bases:
        for found in basis.rows:
            yield (
                found.cites,
                Rule(
                    "Basis", basis.id, basis.title, found.explain, found.valid_from,
                    found.valid_to, basis.status, basis.sources, basis.checked_on,
                ),
            )  # fmt: skip
    for kind, items in (
        ("Condition", library.words.conditions),
        ("Document", library.words.documents),
    ):
        for item in items.values():
            yield (
                item.cites,
                Rule(
                    kind, item.id, item.text, item.text, item.valid_from, item.valid_to,
                    item.status, item.sources, item.checked_on,
                ),
            )  # fmt: skip
