"""Composite tokens: each binds two or more fields, so hardly any repeats.

A token of a name alone is known by how often it occurs; a token of a name and a date
of birth occurs once. Which kinds of token are made follows from the specification
alone, so two bodies that never met make the same ones. How many bits a meaning is
worth is rough on purpose: it only says that a surname and a district name few people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from staithe.linkage.specification import LinkField, LinkSpecification
from staithe.tables.sql import quote_identifier as quote


ENOUGH = 22  # bits that one kind of token must bind: one in four million
MOST_KINDS = 60  # a set of kinds is held in the bits of one number
NEAR_COST = 3  # bits that a typing error takes from a value
LENGTH = 8  # tokens for the near values of a name, whatever its length
# In how many kinds a field may hold a typing error, by the tokens that each then takes.
NEAR_KINDS = {LENGTH: 3, 13: 2, 14: 1}

BITS = {
    "forename": 7, "surname": 9, "middle_name": 7, "date_of_birth": 14, "birth_year": 6,
    "date": 10, "postcode": 16, "identifier": 24, "email": 24, "phone": 24,
    "organisation": 14, "text": 14, "address": 14, "number": 10, "amount": 10,
    "house_number": 6, "place": 6, "birth_place": 6, "sex": 1,
}  # fmt: skip
WEAK = 3  # bits of what is not listed


@dataclass(frozen=True)
class Atom:
    """One degree of agreement on one field, as SQL over a record's canonical columns.

    `degree` is same, alike (the SQL gives a list, padded to `length` tokens so that
    its size tells nothing), part (the year, the district) or either (a name in any
    order, which is degree "swapped" of both parts).
    """

    field: str
    degree: str
    sql: str
    bits: int
    length: int = 0

    @property
    def name(self) -> str:
        """Return what the atom is called in the kinds of token that hold it."""
        words = {"same": "", "alike": " alike", "part": " in part", "either": ""}
        return f"{self.field}{words[self.degree]}"


@dataclass(frozen=True)
class TokenKind:
    """The atoms that one kind of composite token binds."""

    atoms: tuple[Atom, ...]

    @property
    def name(self) -> str:
        """Return the fields that it binds, as people read it."""
        return " + ".join(atom.name for atom in self.atoms)

    @property
    def bits(self) -> int:
        """Return roughly how much it tells two people apart."""
        return sum(atom.bits for atom in self.atoms)

    @property
    def fields(self) -> frozenset[str]:
        """Return the fields that it binds."""
        return frozenset(name for atom in self.atoms for name in fields_of(atom))

    @property
    def length(self) -> int:
        """Return how many tokens of this kind every record has that has any."""
        return max((atom.length for atom in self.atoms), default=0) or 1


NAMES_SORTED = "forename and surname"


def fields_of(atom: Atom) -> tuple[str, ...]:
    """Return the fields that an atom speaks of."""
    return ("forename", "surname") if atom.field == NAMES_SORTED else (atom.field,)


def atoms_for(specification: LinkSpecification) -> list[Atom]:
    """Return the atoms of every field, whole values before parts and near values."""
    kinds = {each.meaning for each in specification.fields}
    found = []
    if kinds & {"forename", "full_name"}:
        found += _name("forename")
    if kinds & {"surname", "full_name"}:
        found += _name("surname")
    if kinds & {"middle_name", "full_name", "forename"}:
        found.append(Atom("middle_name", "same", "middle_name", BITS["middle_name"]))
    for each in specification.fields:
        if each.what.kind != "name":
            found += _atoms(each)
    names = {atom.field for atom in found}
    if {"forename", "surname"} <= names:
        both = (
            "CASE WHEN forename <> surname THEN least(forename, surname) || ' ' ||"
            " greatest(forename, surname) END"
        )
        found.append(Atom(NAMES_SORTED, "either", both, 16))
    return found


def _name(part: str) -> list[Atom]:
    bits = BITS[part]
    near = f"near_some({part}, {LENGTH})"
    return [
        Atom(part, "same", part, bits),
        Atom(part, "alike", near, bits - NEAR_COST, LENGTH),
    ]


def _atoms(each: LinkField) -> list[Atom]:
    name = each.name
    value = quote(name)
    bits = BITS.get(each.meaning, WEAK)
    match each.what.kind:
        case "date":
            return [
                Atom(name, "same", value, bits),
                Atom(name, "alike", f"near_date({value})", bits - NEAR_COST, 14),
                Atom(name, "part", f"left({value}, 4)", BITS["birth_year"]),
            ]
        case "postcode":
            return [
                Atom(name, "same", value, bits),
                Atom(name, "part", f"st_district({value})", 9),
            ]
        case "identifier":
            near = f"near_some({value}, 13)"
            return [
                Atom(name, "same", value, bits),
                Atom(name, "alike", near, bits - NEAR_COST, 13),
            ]
        case "text":
            words = f"nullif(array_to_string(st_words({value}), ' '), '')"
            return [Atom(name, "same", words, bits)]
        case "address":
            street = f"array_to_string(st_words(st_street({value})), ' ')"
            numbers = f"array_to_string(st_numbers({value}), ' ')"
            house = f"nullif(trim(concat_ws(' ', {street}, {numbers})), '')"
            return [Atom(name, "same", house, bits)]
        case _:
            return [Atom(name, "same", f"{value}::VARCHAR", bits)]


def token_kinds(specification: LinkSpecification) -> tuple[TokenKind, ...]:
    """Return the kinds of composite token that a specification leads to."""
    atoms = atoms_for(specification)
    whole = [atom for atom in atoms if atom.degree in {"same", "either"}]
    of_places = _places(specification)
    main = [a for a in whole if a.field != "middle_name" and a.bits > WEAK]
    owned = [a for a in main if a.field not in of_places]
    pairs = [
        TokenKind(pair)
        for pair in combinations(main, 2)
        if _fit(pair) and _bits(pair) >= ENOUGH and set(pair) & set(owned)
    ]
    single = [atom for atom in owned if atom.degree == "same"]
    extra = [a for a in atoms if a.degree in {"same", "part"} and a not in single]
    found = [*pairs, *_triples(single, extra, pairs), *_near(atoms, main)]
    return tuple(found[:MOST_KINDS])


def _places(specification: LinkSpecification) -> set[str]:
    """Return the fields that name a place and not who is there, if any names that."""
    places = {
        each.name
        for each in specification.fields
        if each.what.kind in {"postcode", "address", "place", "category"}
    }
    others = {each.name for each in specification.fields} - places
    return places if others else set()


def _bits(atoms: Sequence[Atom]) -> int:
    return sum(atom.bits for atom in atoms)


def _fit(atoms: Sequence[Atom]) -> bool:
    """Say whether atoms speak of different fields."""
    fields = [name for atom in atoms for name in fields_of(atom)]
    return len(set(fields)) == len(fields)


def _triples(
    single: list[Atom], extra: list[Atom], pairs: list[TokenKind]
) -> list[TokenKind]:
    """Return kinds of three atoms, no two of which are enough."""
    enough = {kind.atoms for kind in pairs}
    found = [*combinations(single, 3)]
    found += [(a, b, more) for a, b in combinations(single, 2) for more in extra]
    return [
        TokenKind(atoms)
        for atoms in found
        if _fit(atoms)
        and _bits(atoms) >= ENOUGH
        and not any(pair in enough for pair in combinations(atoms, 2))
    ]


def _near(atoms: list[Atom], main: list[Atom]) -> list[TokenKind]:
    """Return kinds that forgive a typing error in one field, other fields whole."""
    found = []
    sure = [atom for atom in main if atom.degree == "same"]
    for atom in atoms:
        if atom.degree == "alike":
            certain = [(other,) for other in sure if other.bits >= ENOUGH]
            kinds = [
                TokenKind((atom, *others))
                for others in [*certain, *combinations(sure, 2)]
                if _fit((atom, *others)) and _bits((atom, *others)) >= ENOUGH
            ]
            found += kinds[: NEAR_KINDS[atom.length]]
    return found
