"""What can be wrong with a library whose files each read well.

References that lead nowhere, rows that overlap in time, citations of the wrong form,
missing sources: every fault is one sentence with its file.
"""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING, Any

from staithe.law.citations import parse_citation
from staithe.law.lists import paragraphs


if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from staithe.law.gateway import Gateway, Parties
    from staithe.law.library import Library
    from staithe.law.lists import SpecifiedList
    from staithe.law.rows import Bearing, Restriction

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# The one gateway that no enactment states.
UNWRITTEN = "common law (Ram doctrine)"


def library_faults(library: Library) -> list[str]:
    """Return every fault between the files of a library."""
    found: list[str] = []
    for name, versions in library.versions.items():
        path = f"gateways/{name}.yaml"
        faults = (fault for each in versions for fault in _gateway(each, library))
        found += [f"{path}: {fault}" for fault in dict.fromkeys(faults)]
    for each in library.lists.values():
        found += [f"lists/{each.id}.yaml: {fault}" for fault in _list(each, library)]
    found += _words(library)
    found += _rows(library)
    return found


def _gateway(gateway: Gateway, library: Library) -> Iterator[str]:
    words = library.words
    if not _ID.fullmatch(gateway.id):
        yield f"id: {gateway.id!r} is not lower-case words joined by hyphens"
    for field in ("title", "summary", "citation", "version_seen", "onward", "reviewer"):
        if not getattr(gateway, field).strip():
            yield f"{field}: must not be empty"
    yield from _reviewed(gateway, library)
    purposes = [p for p in gateway.purposes if p != "*" and not p.endswith("*")]
    yield from _strange("purposes", purposes, [p for p in purposes if words.purpose(p)])
    if not gateway.purposes:
        yield "purposes: must not be empty"
    yield from _strange("conditions", gateway.conditions, words.conditions)
    yield from _strange("documents", gateway.documents, words.documents)
    yield from _strange("nations", gateway.nations, words.nations)
    if not gateway.nations:
        yield "nations: must not be empty"
    for name in ("holders", "recipients"):
        yield from _side(name, getattr(gateway, name), library)
    cited = (*gateway.cites, *gateway.also_cited)
    if gateway.citation != UNWRITTEN:
        cited = (gateway.citation, *cited)
    yield from _cited("citation", cited, library)
    for need in gateway.needs:
        yield from _need(need, library)


def _need(need: Any, library: Library) -> Iterator[str]:
    place = f"needs.{need.id}"
    if (need.when is None) is (not need.same_objective):
        yield f"{place}: needs either when or same_objective"
    if need.same_objective and need.same_objective not in library.lists:
        yield f"{place}: there is no list {need.same_objective!r}"
    if need.fact and need.fact not in library.words.facts:
        yield f"{place}: there is no fact {need.fact!r}"
    yield from _strange(place, need.conditions, library.words.conditions)
    yield from _cited(place, need.cites, library)


def _side(name: str, parties: Parties, library: Library) -> Iterator[str]:
    for field in ("listed", "barred"):
        yield from _strange(
            f"{name}.{field}", getattr(parties, field), library.words.parties
        )
    for both in sorted(set(parties.listed) & set(parties.barred)):
        yield f"{name}: {both} is both listed and barred"
    if parties.list and parties.list not in library.lists:
        yield f"{name}.list: there is no list {parties.list!r}"


def _list(the_list: SpecifiedList, library: Library) -> Iterator[str]:
    words = library.words
    if not the_list.sources:
        yield "sources: a list must name its source"
    yield from _known_sources(the_list.sources, library)
    yield from _cited("citation", (the_list.citation,), library)
    yield from _strange("barred", the_list.barred, words.parties)
    yield from _strange("covered_by_parent", the_list.covered_by_parent, words.parties)
    for number, entry in enumerate(the_list.entries, 1):
        place = f"entries.{number}"
        yield from _paras(place, entry.paras)
        yield from (f"{place}: {x}" for x in _dates(entry))
        yield from _strange(f"{place}.bodies", entry.bodies, words.bodies)
        yield from _strange(f"{place}.types", entry.types, words.parties)
        yield from _strange(f"{place}.nations", entry.nations, words.nations)
    for objective in the_list.objectives:
        place = f"objectives.{objective.purpose}"
        yield from _paras(place, objective.paras)
        yield from (f"{place}: {x}" for x in _dates(objective))
        yield from _strange(f"{place}.bodies", objective.bodies, words.bodies)
        yield from _strange(f"{place}.ask", objective.ask, {*words.parties, "*"})
        yield from _cited(place, (objective.citation,), library)
        if not words.purpose(objective.purpose):
            yield f"{place}: there is no such purpose in the vocabulary"
    yield from _overlaps("objectives", the_list.objectives, lambda o: (o.purpose,))
    yield from _overlaps(
        "entries", the_list.entries, lambda e: (e.paras or e.who, e.bodies, e.types)
    )


def _paras(place: str, text: str) -> Iterator[str]:
    try:
        paragraphs(text)
    except ValueError:
        yield f"{place}.paras: {text!r} is not a list of paragraphs such as 1-5, 7"


def _overlaps(place: str, rows: Iterable[Any], key: Any) -> Iterator[str]:
    for one, other in combinations(rows, 2):
        if key(one) == key(other) and _overlap(one, other):
            yield f"{place}: {key(one)[0]!r} is valid twice at the same time"


def _overlap(one: Any, other: Any) -> bool:
    return not (
        (one.valid_to is not None and one.valid_to < other.valid_from)
        or (other.valid_to is not None and other.valid_to < one.valid_from)
    )


def _words(library: Library) -> Iterator[str]:
    words = library.words
    for body in words.bodies.values():
        place = f"words/bodies.yaml: {body.id}"
        if body.type:
            yield from _strange(f"{place}: type", [body.type], words.parties)
        yield from _strange(f"{place}: succeeds", body.succeeds, words.bodies)
        if body.parent and body.parent not in words.bodies:
            yield f"{place}: there is no parent {body.parent!r}"
    for purpose in words.purposes.values():
        if purpose.area not in words.areas:
            place = f"words/purposes.yaml: {purpose.id}: area"
            yield f"{place}: there is no {purpose.area!r} in the vocabulary"
    for each in words.circumstances.values():
        place = f"words/circumstances.yaml: {each.id}"
        known = {path.partition(".")[0] for path in words.facts} | {"data_kinds"}
        strange = sorted(set(each.facts) - known)
        yield from (f"{place}: there is no fact {name!r}" for name in strange)
    for name, members in words.groups.items():
        yield from _strange(
            f"words/parties.yaml: @{name}", sorted(members), words.parties
        )


def _rows(library: Library) -> Iterator[str]:
    words = library.words
    for kind in ("conditions", "documents"):
        for item in getattr(words, kind).values():
            yield from _row(f"words/{kind}.yaml: {item.id}", item, library)
    both: tuple[Restriction | Bearing, ...] = (*library.restrictions, *library.bearings)
    for row in both:
        kind = "bearings" if hasattr(row, "decides") else "restrictions"
        place = f"rows/{kind}.yaml: {row.id}"
        yield from _row(place, row, library)
        yield from _strange(f"{place}: conditions", row.conditions, words.conditions)
        yield from _strange(f"{place}: documents", row.documents, words.documents)
    for kind in ("restrictions", "bearings"):
        yield from _overlaps(
            f"rows/{kind}.yaml", getattr(library, kind), lambda row: (row.id,)
        )
    for bearing in library.bearings:
        named = tuple(sorted({*bearing.gateways, *bearing.asked}))
        place = f"rows/bearings.yaml: {bearing.id}"
        yield from _strange(place, named, words.gateways)
    for bar in library.restrictions:
        place = f"rows/restrictions.yaml: {bar.id}"
        yield from _strange(f"{place}: kinds", bar.kinds, words.classes)
    for each in library.no_gateway:
        place = f"rows/no-gateway.yaml: {each.id}"
        yield from (f"{place}: {x}" for x in _reviewed(each, library))
    for step, conditions in library.step_conditions.items():
        yield from _strange(f"rows/steps.yaml: {step}", conditions, words.conditions)
    yield from _people(library)


def _people(library: Library) -> Iterator[str]:
    """Faults of the rows about what people reach for and what they claim."""
    gateways = library.words.gateways
    for near in library.near:
        named = (*near.rule_out, *near.consider_ids)
        yield from _strange(f"rows/near.yaml: {near.id}", named, gateways)
    for claim in library.claims:
        place = f"rows/claims.yaml: {claim.id}"
        if claim.gateway and claim.gateway not in gateways:
            yield f"{place}: there is no {claim.gateway!r}"
        yield from _cited(place, claim.cites, library)
        yield from (f"{place}: {x}" for x in _known_sources(claim.sources, library))
    for basis in library.bases:
        place = f"rows/bases.yaml: {basis.id}"
        yield from (f"{place}: {x}" for x in _known_sources(basis.sources, library))
        yield from (f"{place}: {x}" for x in _found(basis))
        for row in basis.rows:
            yield from (f"{place}: {x}" for x in _dates(row))
            yield from _cited(place, row.cites, library)


def _row(place: str, row: Any, library: Library) -> Iterator[str]:
    yield from (f"{place}: {x}" for x in _reviewed(row, library))
    yield from _cited(place, row.cites, library)


def _reviewed(row: Any, library: Library) -> Iterator[str]:
    """Faults of what every row of law says of itself."""
    yield from _dates(row)
    yield from _found(row)
    yield from _known_sources(row.sources, library)


def _found(row: Any) -> Iterator[str]:
    if row.status == "found" and not row.sources:
        yield "sources: with status found, it must name its source"


def _known_sources(sources: Iterable[str], library: Library) -> Iterator[str]:
    for source in sources:
        if source not in library.sources:
            yield f"sources: {source!r} is not in rows/sources.yaml"


def _dates(row: Any) -> Iterator[str]:
    if row.valid_from and row.valid_to and row.valid_to < row.valid_from:
        yield "valid_to: is before valid_from"


def _cited(place: str, citations: Iterable[str], library: Library) -> Iterator[str]:
    for citation in citations:
        if parse_citation(citation, library.acts) is None:
            yield f"{place}: {citation!r} is not a citation of the short form"


def _strange(
    field: str, values: Iterable[str], known: Collection[str]
) -> Iterator[str]:
    listed = list(values)
    for value in sorted(set(listed)):
        if value not in known:
            yield f"{field}: there is no {value!r} in the vocabulary"
        if listed.count(value) > 1:
            yield f"{field}: {value} is written twice"
