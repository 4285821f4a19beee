"""Keyed tokens in place of values, so that a linker compares what it cannot read.

A token is HMAC-SHA-256 (RFC 2104) of a domain and a value under the project's key, cut
to 64 bits. Besides each value its neighbours become tokens (the value with one or two
letters left out, parts of dates, districts of postcodes), so that near agreement is
an overlap of two lists. Equal values give equal tokens: frequencies can be seen. So
field tokens stay inside a trusted linker that does not hold the key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from staithe.linkage.pseudonyms import check_key
from staithe.linkage.specification import LinkSpecification
from staithe.tables.sql import quote_identifier as quote
from staithe.tables.sql import quote_literal


if TYPE_CHECKING:
    import duckdb


HASH_BLOCK = 64  # bytes of a block of SHA-256, to which HMAC pads its key
# Longer values are not searched for typing errors: lists would grow with the square.
LONGEST_TWO, LONGEST_ONE = 20, 60
GRIDS = 8
# Numbers this part of a step apart share a cell seven times in eight or always.
STEP = 1 - 1 / (2 * GRIDS)
NAMES = ("forename", "middle_name", "surname")

# In SQL, so that a million values never pass through Python. The key is a variable of
# the connection and no part of a statement, which an error message might repeat.
_MACROS = f"""
CREATE OR REPLACE TEMP MACRO tk(d, v) AS
  CASE WHEN v IS NOT NULL THEN ('0x' || left(sha256(getvariable('tk_outer') || unhex(
    sha256(getvariable('tk_inner') || encode(d || chr(31) || v)))), 16))::UBIGINT END;
CREATE OR REPLACE TEMP MACRO tk_list(d, vs) AS
  list_transform(vs, lambda v: tk(d, v));
CREATE OR REPLACE TEMP MACRO less_one(v) AS
  list_transform(range(1, length(v) + 1),
    lambda i: left(v, i - 1) || substr(v, i + 1));
CREATE OR REPLACE TEMP MACRO near_one(v) AS
  CASE WHEN length(v) <= {LONGEST_ONE} THEN list_distinct(list_append(less_one(v), v))
       WHEN v IS NOT NULL THEN [v] END;
CREATE OR REPLACE TEMP MACRO near_two(v) AS
  CASE WHEN length(v) <= {LONGEST_TWO} THEN list_distinct(flatten(list_transform(
    near_one(v), lambda w: near_one(w))))
       ELSE near_one(v) END;
CREATE OR REPLACE TEMP MACRO letters(v) AS
  array_to_string(list_sort(string_split(v, '')), '');
-- The value, and the value without one of its first letters: `n` at most.
CREATE OR REPLACE TEMP MACRO near_some(v, n) AS
  list_prepend(v, list_slice(less_one(v), 1, n - 1));
-- The letters in any order: as many may differ as Jaro-Winkler's .8 allows.
CREATE OR REPLACE TEMP MACRO near_letters(v) AS
  CASE WHEN length(v) < 4 THEN [letters(v)]
       WHEN length(v) < 7 THEN near_one(letters(v)) ELSE near_two(letters(v)) END;
-- A date with one digit unread, or two neighbours in either order.
CREATE OR REPLACE TEMP MACRO near_date(v) AS
  list_concat(list_transform([1, 2, 3, 4, 6, 7, 9, 10],
      lambda i: left(v, i - 1) || '?' || substr(v, i + 1)),
    list_append(list_transform([1, 2, 3, 6, 9],
      lambda i: left(v, i - 1) || '(' || least(v[i], v[i + 1])
        || greatest(v[i], v[i + 1]) || ')' || substr(v, i + 2)),
      left(v, 4) || least(v[6:7], v[9:10]) || greatest(v[6:7], v[9:10])));
CREATE OR REPLACE TEMP MACRO date_parts(v) AS
  [left(v, 7), substr(v, 5), left(v, 4) || right(v, 2)];
-- Grids that lie a part of a step from each other: near numbers share a cell of one.
CREATE OR REPLACE TEMP MACRO cells(x, step) AS
  CASE WHEN x IS NOT NULL THEN list_transform(range(0, {GRIDS}), lambda i:
    i || ' ' || floor(x / step + i / {GRIDS}.0)::HUGEINT) END;
"""


def hold_key(con: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Give a connection the key and the macros that make tokens with it."""
    check_key(key)
    padded = key.ljust(HASH_BLOCK, b"\0")
    for name, mark in (("tk_inner", 0x36), ("tk_outer", 0x5C)):
        con.execute(
            f"SET VARIABLE {name} = ?::BLOB", [bytes(byte ^ mark for byte in padded)]
        )
    con.execute(_MACROS)


def let_go_of_key(con: duckdb.DuckDBPyConnection) -> None:
    """Take the key from a connection again."""
    con.execute("RESET VARIABLE tk_inner; RESET VARIABLE tk_outer")


@dataclass(frozen=True)
class TokenColumn:
    """A column of the token table: its name, and its SQL over the value `v`."""

    name: str
    sql: str


def _token(name: str, domain: str, value: str = "v") -> TokenColumn:
    return TokenColumn(name, f"tk({quote_literal(domain)}, {value})")


def _tokens(name: str, domain: str, values: str) -> TokenColumn:
    return TokenColumn(name, f"tk_list({quote_literal(domain)}, {values})")


def name_tokens(name: str) -> list[TokenColumn]:
    """Return the tokens of a part of a name; all parts share a domain, for swaps."""
    return [
        _token(name, "name"),
        _tokens(f"{name}__near", "name less", "near_one(v)"),
        _tokens(f"{name}__nearer", "name letters", "near_letters(v)"),
        _token(f"{name}__initial", "name initial", "left(v, 1)"),
        _token(f"{name}__start3", "name start", "left(v, 3)"),
        _token(f"{name}__start4", "name start", "left(v, 4)"),
        TokenColumn(f"{name}__short", "length(v) = 1"),
    ]


def _date(name: str) -> list[TokenColumn]:
    days = "datediff('day', DATE '1970-01-01', try_cast(v AS DATE))"
    return [
        _token(name, name),
        _tokens(f"{name}__near", f"{name} near", "near_date(v)"),
        _tokens(f"{name}__parts", f"{name} part", "date_parts(v)"),
        _token(f"{name}__year", f"{name} year", "left(v, 4)"),
        *(
            _tokens(
                f"{name}__within{most}",
                f"{name} within {most}",
                f"cells({days}, {most / STEP})",
            )
            for most in (31, 366, 3653)
        ),
    ]


def _postcode(name: str) -> list[TokenColumn]:
    return [
        _token(name, name),
        _tokens(f"{name}__near", f"{name} less", "near_one(v)"),
        _token(f"{name}__sector", f"{name} sector", "st_sector(v)"),
        _token(f"{name}__district", f"{name} district", "st_district(v)"),
        _token(f"{name}__area", f"{name} area", "st_area(v)"),
    ]


def _email(name: str) -> list[TokenColumn]:
    user = "split_part(v, '@', 1)"
    letters = f"near_letters({user})"
    return [
        _token(name, name),
        _tokens(f"{name}__near", f"{name} letters", "near_letters(v)"),
        _token(f"{name}__user", f"{name} user", user),
        _tokens(f"{name}__user_near", f"{name} user letters", letters),
    ]


def _number(name: str) -> list[TokenColumn]:
    sign = "CASE WHEN v < 0 THEN '-' ELSE '' END"
    columns = [_token(name, name, "v::VARCHAR")]
    for most in (1, 10):
        cells = f"cells(ln(abs(v)), {most / 100 / STEP})"
        signed = f"list_transform({cells}, lambda c: {sign} || c)"
        listed = f"CASE WHEN v <> 0 THEN {signed} END"
        columns.append(
            _tokens(f"{name}__within{most}", f"{name} within {most}", listed)
        )
    return columns


def _code(name: str) -> list[TokenColumn]:
    return [
        _token(name, name),
        _tokens(f"{name}__near", f"{name} less", "near_one(v)"),
        _tokens(f"{name}__nearer", f"{name} letters", "near_letters(v)"),
    ]


def _text(name: str) -> list[TokenColumn]:
    in_order = "array_to_string(st_words(v), ' ')"
    return [
        _token(name, name),
        _tokens(f"{name}__near", f"{name} less", "near_one(v)"),
        _token(f"{name}__sorted", f"{name} sorted", in_order),
        _tokens(f"{name}__words", f"{name} word", "st_words(v)"),
    ]


def _address(name: str) -> list[TokenColumn]:
    street = "st_street(v)"
    in_order = f"nullif(array_to_string(st_words({street}), ' '), '')"
    numbers = "st_numbers(v)"
    return [
        _token(name, name),
        _token(f"{name}__street", f"{name} street", street),
        _tokens(f"{name}__near", f"{name} less", f"near_one({street})"),
        _token(f"{name}__sorted", f"{name} sorted", in_order),
        _tokens(f"{name}__words", f"{name} word", f"st_words({street})"),
        _tokens(f"{name}__number_list", f"{name} number", numbers),
        _token(
            f"{name}__numbers",
            f"{name} numbers",
            f"nullif(array_to_string({numbers}, ' '), '')",
        ),
    ]


def _category(name: str) -> list[TokenColumn]:
    return [_token(name, name)]


OF_KIND: dict[str, Callable[[str], list[TokenColumn]]] = {
    "date": _date,
    "postcode": _postcode,
    "email": _email,
    "number": _number,
    "identifier": _code,
    "phone": _code,
    "place": _code,
    "text": _text,
    "address": _address,
    "category": _category,
    "sex": _category,
}


def whole_name_tokens() -> list[TokenColumn]:
    """Return the tokens that need several parts of a name at once."""
    both = "r.forename || ' ' || r.surname"
    in_order = (
        "CASE WHEN r.forename IS NOT NULL AND r.surname IS NOT NULL THEN"
        " least(r.forename, r.surname) || ' ' || greatest(r.forename, r.surname) END"
    )
    return [
        _tokens("name_words", "name", "r.name_words"),
        _token("forename_surname", "names", both),
        _token("names_sorted", "names sorted", in_order),
    ]


def one_sided(specification: LinkSpecification, side: int) -> LinkSpecification:
    """Return what a specification says of one file, as if that file stood alone."""
    kept = tuple(
        replace(
            each,
            left=each.column(side),
            right=None,
            left_dates=each.right_dates if side else each.left_dates,
        )
        for each in specification.fields
        if each.column(side)
    )
    return replace(specification, kind="dedupe", fields=kept)


def token_columns(
    specification: LinkSpecification,
) -> tuple[dict[str, list[TokenColumn]], list[TokenColumn]]:
    """Return the tokens made from one canonical column each, and from several."""
    names = any(each.what.kind == "name" for each in specification.fields)
    single = {name: name_tokens(name) for name in NAMES} if names else {}
    single |= {
        each.name: OF_KIND[each.what.kind](each.name)
        for each in specification.fields
        if each.what.kind != "name"
    }
    return single, whole_name_tokens() if names else []


def tokenise(
    con: duckdb.DuckDBPyConnection,
    specification: LinkSpecification,
    *,
    records: str,
    table: str,
) -> list[str]:
    """Write the field tokens of standardised records to a table; return its columns.

    Keeps rid, source_number, source_dataset and id as they are.
    """
    single, several = token_columns(specification)
    joins, chosen = [], []
    for place, (column, tokens) in enumerate(single.items()):
        # Each value once: a name is held by thousands.
        listed = ", ".join(f"{each.sql} AS {quote(each.name)}" for each in tokens)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE tk_{place} AS SELECT v AS tk_v, {listed}"
            f" FROM (SELECT DISTINCT {quote(column)} AS v FROM {records}"
            f" WHERE {quote(column)} IS NOT NULL)"
        )
        joins.append(f"LEFT JOIN tk_{place} ON tk_{place}.tk_v = r.{quote(column)}")
        chosen += [f"tk_{place}.{quote(each.name)}" for each in tokens]
    chosen += [f"{each.sql} AS {quote(each.name)}" for each in several]
    con.execute(
        f"CREATE OR REPLACE TABLE {table} AS SELECT rid, source_number, source_dataset,"
        f" id, {', '.join(chosen)} FROM"
        f" (SELECT * FROM {records}) r {' '.join(joins)} ORDER BY rid"
    )
    for place in range(len(single)):
        con.execute(f"DROP TABLE tk_{place}")
    names = [each.name for tokens in single.values() for each in tokens]
    return [*names, *(each.name for each in several)]
