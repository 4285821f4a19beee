"""The three organisations' files: different columns, conventions and formats.

They share no identifier. What each knows of a person comes from `records`; the truth
of who is who is written apart, by `truth`, and never into these files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from staithe.demo.circumstances import (
    ADULT,
    BENEFITS,
    CONDITIONS,
    PENSION_AGE,
    PENSIONERS_ONLY,
    SECTORS,
)
from staithe.demo.columns import digits, flags, spelled, whole
from staithe.demo.dates import date_texts
from staithe.demo.draws import Ints, chance, choice, stream
from staithe.demo.identifiers import (
    draw_nhs_numbers,
    draw_ninos,
    draw_utrs,
    nino_texts,
)
from staithe.demo.mistakes import RATES, lose, miskey_digit, misread_nino, slip
from staithe.demo.names import FEMALE
from staithe.demo.places import load_councils
from staithe.demo.population import (
    DAYS_IN_FOUR_YEARS,
    EPOCH,
    EXTRACT_DATES,
    World,
)
from staithe.demo.records import (
    Records,
    Roster,
    draw_records,
    draw_roster,
    plain_letters,
)


if TYPE_CHECKING:
    from pathlib import Path

TAX_YEAR = "2024-25"
ROWS_AT_ONCE = 100_000
TITLES = ("Mr", "Mrs", "Ms", "Miss", "Dr", "Rev", "Prof", "Mx")
_TITLE_CHOICE = choice(
    [
        (range(len(TITLES)), (955, 0, 0, 0, 22, 6, 6, 2)),
        (range(len(TITLES)), (0, 440, 250, 280, 20, 3, 3, 2)),
    ]
)
PSEUDO_POSTCODE = "ZZ993VZ"  # how the NHS records no fixed abode
NO_FIXED_ABODE = 0.002


@dataclass(frozen=True)
class Extract:
    """One file as written, with what a publisher needs to know of it."""

    source: str
    organisation: str
    title: str
    path: Path
    id_column: str
    columns: tuple[str, ...]
    rows: int


def write_extracts(world: World, folder: Path) -> list[Extract]:
    """Write the three organisations' files into `folder` and describe them."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _write_benefits(world, folder / "benefit_spells.csv"),
        _write_care(world, folder / "hospital_care.parquet"),
        _write_earnings(world, folder / "earnings.csv"),
    ]


def benefit_spells(world: World) -> pa.Table:
    """Return the Department for Work and Skills' rows, one for each person."""
    roster, records = _draw(world, "dws")
    now, person = world.circumstances, roster.person
    council = load_councils()
    return pa.table(
        {
            "claim_ref": roster.row_id,
            "nino": _ninos(world, len(person)),
            "first_name": records.forename,
            "middle_name": records.middle,
            "surname": records.surname,
            "dob": date_texts(records.born, notation="iso"),
            "sex": _sexes(records, ("M", "F"), missing=None),
            "postcode": records.postcode,
            "benefit_type": spelled(BENEFITS, now.benefit[person]),
            "weekly_amount": _pounds(now.weekly_pence[person]),
            "start_date": _claim_dates(world, person),
            "local_authority_code": spelled([c.code for c in council], records.council),
            "region": spelled([c.region for c in council], records.council),
        }
    )


def hospital_care(world: World) -> pa.Table:
    """Return the Northmoor Health Survey's rows; a few people are registered twice."""
    roster, records = _draw(world, "nhb")
    now, person = world.circumstances, roster.person
    rng = stream(world.seed, "nhb", 2)
    none = now.admissions[person] == 0
    last = _dates_before("nhb", now.days_since_care, since=world.birth_day, of=person)
    postcode = pc.replace_substring(records.postcode, " ", "")
    homeless = flags(chance(rng, NO_FIXED_ABODE, len(person)))
    return pa.table(
        {
            "record_no": roster.row_id,
            "nhs_number": _nhs_numbers(world, len(person)),
            "GIVEN_NAME": _capitals(records.forename),
            "FAMILY_NAME": _capitals(records.surname),
            "BIRTH_DATE": date_texts(records.born, notation="british"),
            "SEX": _sexes(records, ("1", "2"), missing="9"),
            "POSTCODE": pc.if_else(homeless, PSEUDO_POSTCODE, postcode),
            "long_term_condition": spelled(
                ("N", "Y"), (now.condition[person] > 0).astype(np.int32)
            ),
            "main_condition": spelled((None, *CONDITIONS[1:]), now.condition[person]),
            "admissions": whole(now.admissions[person].astype(np.int16)),
            "last_admission": pc.if_else(flags(none), pa.scalar(None, last.type), last),
        }
    )


def earnings(world: World) -> pa.Table:
    """Return the Revenue Service's rows: the name in one field, as it is printed."""
    roster, records = _draw(world, "rs")
    now, person = world.circumstances, roster.person
    return pa.table(
        {
            "record_id": roster.row_id,
            "utr": _utrs(world, len(person)),
            "full_name": _full_names(world, records),
            "date_of_birth": date_texts(records.born, notation="name"),
            "address": records.address,
            "post_code": records.postcode,
            "annual_pay": digits(now.pay[person]),
            "employer_sector": spelled(SECTORS, now.sector[person]),
            "tax_year": spelled((TAX_YEAR,), np.zeros(len(person), dtype=np.int32)),
        }
    )


def _write_benefits(world: World, path: Path) -> Extract:
    table = benefit_spells(world)
    write_lines(table, path, separator=",", newline="\n", start=b"")
    return _described(
        table, path, "dws", "Department for Work and Skills", "Benefit spells"
    )


def _write_care(world: World, path: Path) -> Extract:
    table = hospital_care(world)
    pq.write_table(table, path, compression="zstd", write_page_checksum=True)
    return _described(table, path, "nhb", "Northmoor Health Survey", "Hospital care")


def _write_earnings(world: World, path: Path) -> Extract:
    table = earnings(world)
    write_lines(table, path, separator=";", newline="\r\n", start=b"\xef\xbb\xbf")
    return _described(table, path, "rs", "Revenue Service", "Earnings")


def write_lines(
    table: pa.Table, path: Path, *, separator: str, newline: str, start: bytes
) -> None:
    """Write a table of texts that need no quotes as separated lines (RFC 4180).

    Our own words hold no quote, separator or line end; a test reads every field back.
    """
    with path.open("wb") as out:
        out.write(start + (separator.join(table.column_names) + newline).encode())
        for batch in table.to_batches(max_chunksize=ROWS_AT_ONCE):
            filled = [pc.fill_null(column, "") for column in batch.columns]
            lines = pc.binary_join_element_wise(*filled, separator)
            ended = pc.binary_join_element_wise(lines, newline, "")
            # The texts of an Arrow array lie end to end: that is the file.
            out.write(ended.buffers()[2])


def _described(
    table: pa.Table, path: Path, source: str, organisation: str, title: str
) -> Extract:
    return Extract(
        source=source,
        organisation=organisation,
        title=title,
        path=path,
        id_column=table.column_names[0],
        columns=tuple(table.column_names),
        rows=table.num_rows,
    )


def _draw(world: World, source: str) -> tuple[Roster, Records]:
    roster = draw_roster(world, source)
    at = EXTRACT_DATES[source]
    return roster, draw_records(world, source, roster.person, at=at)


def _ninos(world: World, rows: int) -> pa.Array:
    rng = stream(world.seed, "identifiers", 0)
    texts = nino_texts(draw_ninos(rng, rows))
    texts = slip(rng, texts, RATES["dws"].identifier_miskeyed, misread_nino)
    return lose(rng, texts, RATES["dws"].no_identifier)


def _nhs_numbers(world: World, rows: int) -> pa.Array:
    rng = stream(world.seed, "identifiers", 1)
    texts = digits(draw_nhs_numbers(rng, rows))
    texts = slip(rng, texts, RATES["nhb"].identifier_miskeyed, miskey_digit)
    return lose(rng, texts, RATES["nhb"].no_identifier)


def _utrs(world: World, rows: int) -> pa.Array:
    rng = stream(world.seed, "identifiers", 2)
    texts = digits(draw_utrs(rng, rows), width=10)
    texts = slip(rng, texts, RATES["rs"].identifier_miskeyed, miskey_digit)
    return lose(rng, texts, RATES["rs"].no_identifier)


def _full_names(world: World, records: Records) -> pa.Array:
    """Write title, forename, middle initial and SURNAME in one field."""
    rng = stream(world.seed, "rs", 2)
    title = spelled(TITLES, _TITLE_CHOICE.draw(rng, records.sex))
    initial = pc.utf8_slice_codeunits(records.middle, 0, 1)
    parts = (
        title,
        plain_letters(records.forename),
        initial,
        _capitals(records.surname),
    )
    return pc.binary_join_element_wise(*parts, " ", null_handling="skip")


def _capitals(names: pa.Array) -> pa.Array:
    """Write names in capitals without accents or apostrophes."""
    return pc.utf8_upper(pc.replace_substring(plain_letters(names), "'", ""))


def _sexes(
    records: Records, codes: tuple[str, str], *, missing: str | None
) -> pa.Array:
    """Write the sexes by two codes, men's first."""
    code = np.where(records.sex == FEMALE, 1, 0)
    return spelled((*codes, missing), np.where(records.sex_missing, 2, code))


def _pounds(pence: Ints) -> pa.Array:
    pounds, rest = np.divmod(pence, 100)
    return pc.binary_join_element_wise(digits(pounds), digits(rest, width=2), ".")


def _claim_dates(world: World, person: Ints) -> pa.Array:
    """Return the first day of each claim, not before the age that it asks for."""
    now = world.circumstances
    years = np.array([PENSION_AGE if b in PENSIONERS_ONLY else ADULT for b in BENEFITS])
    entitled = world.birth_day + years[now.benefit] * DAYS_IN_FOUR_YEARS // 4
    dates = _dates_before("dws", now.claim_days, since=entitled, of=person)
    return dates.cast(pa.string())


def _dates_before(source: str, days: Ints, *, since: Ints, of: Ints) -> pa.Array:
    """Return the dates so many days before the extract of a source, none too early."""
    extract_day = (EXTRACT_DATES[source] - EPOCH).days
    day = np.minimum(np.maximum(extract_day - days, since), extract_day)
    return whole(day[of].astype(np.int32)).cast(pa.date32())
