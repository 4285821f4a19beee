"""Turn the raw columns of both files into one table of comparable records.

Raw values stay in the files they came from. The table holds canonical values, what
is derived from them once for each record instead of once for each pair, and
whether a written date, postcode or code was valid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from staithe.linkage.specification import LinkField, LinkSpecification
from staithe.quality.identifiers import canonical_sql, valid_sql
from staithe.tables.sql import quote_identifier as quote
from staithe.tables.sql import quote_literal as quote_text


if TYPE_CHECKING:
    import duckdb

    from staithe.linkage.inputs import OpenInput


@dataclass(frozen=True)
class Standardised:
    """The table of standardised records, and what can be compared in it.

    `present` maps each canonical column to its share of filled cells on each side.
    """

    table: str
    rows: tuple[int, ...]
    present: dict[str, tuple[float, ...]]
    valid: dict[str, tuple[float, ...]]

    def has(self, *columns: str) -> bool:
        """Say whether every one of these columns has values on every side."""
        return all(min(self.present.get(column, (0.0,))) > 0 for column in columns)


def column_sql(column: str) -> str:
    """Return a raw column as trimmed text."""
    return f"trim({quote(column)}::VARCHAR)"


# Layers of SQL, each reading only raw columns and the layers before it. Layers and
# not nested calls: a value used six times is then worked out once.
Layers = list[dict[str, str]]

DEPTH = 6
# Kinds whose numbers are names: 12.0 is the code 12.
WHOLE = {"identifier", "phone", "sex", "postcode", "category", "date"}


def canonical_layers(specification: LinkSpecification, side: int) -> Layers:
    """Return the steps from raw columns to canonical ones on one side."""
    layers: Layers = [{} for _ in range(DEPTH)]
    for each in specification.fields:
        raw = each.column(side)
        if raw:
            text = column_sql(raw)
            if each.what.kind in WHOLE:
                text = f"st_whole({text})"
            layers[0][f"r__{each.name}"] = f"st_present({text})"
    _add_names(layers, specification.fields, side)
    for each in specification.fields:
        if each.what.kind != "name" and each.column(side):
            _add_field(layers, each, side)
    return layers


def canonical_columns(specification: LinkSpecification) -> tuple[str, ...]:
    """Return the canonical columns of a specification, in order."""
    names = [each.name for each in specification.fields if each.what.kind != "name"]
    if len(names) < len(specification.fields):
        names = ["forename", "middle_name", "surname", "name_words", *names]
    return tuple(names)


def _add_names(layers: Layers, fields: Sequence[LinkField], side: int) -> None:
    """Add forename, middle name, surname and the set of words of the whole name."""
    raw = {
        each.meaning: f"r__{each.name}"
        for each in fields
        if each.what.kind == "name" and each.column(side)
    }
    if not raw:
        return
    full = raw.get("full_name")
    if full:
        _add_full_name(layers, full)
    for part in ("forename", "surname", "middle_name"):
        if part in raw:
            layers[1][f"t__{part}"] = f"st_untitled(st_text({raw[part]}))"
    given = "t__forename" if "forename" in raw else "n__given" if full else "NULL"
    family = "t__surname" if "surname" in raw else "n__last" if full else "NULL"
    middle = "t__middle_name, " if "middle_name" in raw else ""
    words = ", ".join(raw.values())
    layers[1]["t__name"] = f"st_text(concat_ws(' ', {words}))"
    layers[2]["name_words"] = "st_words(st_untitled(t__name))"
    layers[5] |= {
        "forename": f"st_first({given})",
        "surname": family,
        "middle_name": f"coalesce({middle}st_rest({given}))",
    }


def _add_full_name(layers: Layers, raw: str) -> None:
    """Split a name written as one into given names and family name."""
    layers[1] |= {
        "n__before": f"st_text(split_part({raw}, ',', 1))",
        "n__after": f"st_text(substr({raw}, strpos({raw}, ',') + 1))",
        "n__text": f"st_untitled(st_text({raw}))",
    }
    layers[2] |= {
        "n__reversed": f"st_is_reversed({raw}, n__before, n__after)",
        "n__capital": f"st_is_capital_first({raw})",
    }
    layers[3]["n__last"] = (
        "CASE WHEN n__reversed THEN st_untitled(n__before)"
        " WHEN n__capital THEN st_first(n__text) ELSE st_last(n__text) END"
    )
    layers[4]["n__given"] = (
        "CASE WHEN n__reversed THEN st_untitled(n__after)"
        " WHEN n__capital THEN st_rest(n__text)"
        " ELSE nullif(trim(left(n__text, length(n__text) - length(n__last))), '') END"
    )


# What is made of a raw value first, and the macro that makes the canonical one of that.
IN_TWO_STEPS = {
    "postcode": ("st_code(st_written_postcode({raw}))", "st_postcode"),
    "sex": ("st_text({raw})", "st_sex"),
    "phone": ("st_digits({raw})", "st_phone"),
    "address": ("st_text({raw})", "st_address"),
}
IN_ONE_STEP = {
    "email": "st_email",
    "number": "st_number",
    # A number that went through a spreadsheet has lost its noughts.
    "identifier": "st_bare_code",
}


def _add_field(layers: Layers, each: LinkField, side: int) -> None:
    """Add the canonical column of a field that is not a name."""
    name, kind, raw = each.name, each.what.kind, f"r__{each.name}"
    first = f"c__{name}"
    if kind in IN_TWO_STEPS:
        before, macro = IN_TWO_STEPS[kind]
        layers[1][first] = before.format(raw=raw)
        layers[2][name] = f"{macro}({first})"
    elif kind == "date":
        order = each.right_dates if side else each.left_dates
        month_first = "true" if order == "month-first" else "false"
        layers[1][name] = f"st_written_date({raw}, {month_first})"
    elif kind == "identifier" and each.scheme:
        layers[1][first] = f"st_code({raw})"
        layers[2][name] = canonical_sql(each.scheme, first)
    elif each.meaning == "organisation":
        layers[1][first] = f"st_text(replace({raw}, '&', ' and '))"
        layers[2][name] = f"st_organisation({first})"
    else:
        layers[1][name] = f"{IN_ONE_STEP.get(kind, 'st_text')}({raw})"


def derived_sql(specification: LinkSpecification) -> dict[str, str]:
    """Return column → SQL over canonical columns, computed once for each record."""
    derived: dict[str, str] = {}
    if any(each.what.kind == "name" for each in specification.fields):
        derived |= {
            "forename_surname": "forename || ' ' || surname",
            # One key for a name and for the same name with its parts swapped.
            "names_sorted": (
                "CASE WHEN forename IS NOT NULL AND surname IS NOT NULL THEN"
                " least(forename, surname) || ' ' || greatest(forename, surname) END"
            ),
        }
    for each in specification.fields:
        name, value = each.name, quote(each.name)  # a name may be a word of SQL
        match each.what.kind:
            case "date":
                derived |= {
                    f"{name}__valid": f"st_possible({value})",
                    f"{name}__day": f"datediff('day', DATE '1970-01-01', try_cast({value} AS DATE))",
                    f"{name}__year": f"left({value}, 4)",
                }
            case "postcode":
                derived |= {
                    f"{name}__valid": f"st_is_postcode({value})",
                    f"{name}__sector": f"st_sector({value})",
                    f"{name}__district": f"st_district({value})",
                    f"{name}__area": f"st_area({value})",
                }
            case "identifier" if each.scheme:
                test = valid_sql(each.scheme, value)
                derived[f"{name}__valid"] = f"coalesce({test}, false)"
                derived[f"{name}__sure"] = f"CASE WHEN {name}__valid THEN {value} END"
            case "email":
                user = derived[f"{name}__user"] = f"split_part({value}, '@', 1)"
                if "forename_surname" in derived:
                    derived[f"{name}__rest"] = f"st_beside({user}, forename, surname)"
            case "text":
                derived[f"{name}__words"] = f"st_words({value})"
                derived[f"{name}__sorted"] = f"array_to_string(st_words({value}), ' ')"
            case "address":
                numbers = f"st_numbers({value})"
                words = derived[f"{name}__words"] = f"st_words(st_street({value}))"
                derived |= {
                    f"{name}__street": f"st_street({value})",
                    f"{name}__sorted": f"nullif(array_to_string({words}, ' '), '')",
                    f"{name}__number_list": numbers,
                    f"{name}__numbers": f"nullif(array_to_string({numbers}, ' '), '')",
                }
            case _:
                pass
    return derived


def standardise(
    con: duckdb.DuckDBPyConnection,
    inputs: Sequence[OpenInput],
    specification: LinkSpecification,
    *,
    id_columns: Sequence[str],
    table: str = "records",
) -> Standardised:
    """Write every record of every input to `table`, in the order of the inputs.

    Columns: rid (row number over all inputs), source_dataset, id, canonical and
    derived columns. `rid` is what the rest of the room joins on.
    """
    names = canonical_columns(specification)
    derived = derived_sql(specification)
    parts = [
        _side_sql(opened, specification, side, id_columns[side], names)
        for side, opened in enumerate(inputs)
    ]
    con.execute(
        f"CREATE OR REPLACE TABLE {table} AS WITH canonical AS"
        f" ({' UNION ALL BY NAME '.join(parts)})"
        " SELECT row_number() OVER (ORDER BY source_number, id) AS rid, *"
        + "".join(f", {sql} AS {quote(name)}" for name, sql in derived.items())
        + " FROM canonical ORDER BY source_number, id"
    )
    return measure(con, table, [*names, *derived], len(inputs))


def _side_sql(
    opened: OpenInput,
    specification: LinkSpecification,
    side: int,
    id_column: str,
    names: Sequence[str],
) -> str:
    """Return the query of one file's canonical records."""
    sql, have = opened.view, set[str]()
    for depth, layer in enumerate(canonical_layers(specification, side)):
        if layer:
            # The first layer renames, so a raw column cannot hide a canonical one.
            kept = "*" if depth else f"{column_sql(id_column)} AS id"
            steps = ", ".join(
                f"{step} AS {quote(name)}" for name, step in layer.items()
            )
            sql = f"(SELECT {kept}, {steps} FROM {sql})"
            have |= set(layer)
    canonical = ", ".join(
        f"{quote(name) if name in have else 'NULL'} AS {quote(name)}" for name in names
    )
    return (
        f"SELECT {side}::TINYINT AS source_number,"
        f" {quote_text(opened.name)} AS source_dataset,"
        f" id, {canonical} FROM {sql}"
    )


def measure(
    con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], sides: int
) -> Standardised:
    """Return how full, and where it says so how valid, each column is on each side."""
    filled = ", ".join(f"count({quote(column)})" for column in columns)
    checks = [column for column in columns if column.endswith("__valid")]
    good = "".join(f", count(*) FILTER ({quote(column)})" for column in checks)
    rows = con.execute(
        f"SELECT source_number, count(*), {filled}{good} FROM {table}"
        " GROUP BY 1 ORDER BY 1"
    ).fetchall()
    found = {row[0]: row[1:] for row in rows}
    counts = [
        found.get(side, (0,) * (1 + len(columns) + len(checks)))
        for side in range(sides)
    ]
    present = {
        column: tuple(row[1 + place] / max(row[0], 1) for row in counts)
        for place, column in enumerate(columns)
    }
    valid = {
        column.removesuffix("__valid"): tuple(
            row[1 + len(columns) + place] / max(row[1 + columns.index(column)], 1)
            for row in counts
        )
        for place, column in enumerate(checks)
    }
    return Standardised(table, tuple(row[0] for row in counts), present, valid)
