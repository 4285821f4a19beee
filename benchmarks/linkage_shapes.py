"""Files of other shapes than the labelled sets, linked with no specification.

Payments, companies, contacts, patients with few and dirty columns: invented here, with
the mistakes that such files have, so that defaults are not fitted to four sets of
people. Prints F1 over all true pairs at the advised threshold, the best of any
threshold, and recall of blocking. `./dev bench linkage_shapes [SHAPE ...] [--rows N]`.
"""

from __future__ import annotations

import argparse
import json
import random
import string
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv


sys.path.insert(0, str(Path(__file__).parent))
from linkage import measure, read_pairs, true_pairs

from staithe.demo.population import generate_world
from staithe.demo.records import draw_records
from staithe.linkage.link import link_tables


Row = dict[str, Any]
# Each shape: the rows of the left file and of the right one (None: find repeats).
Shape = tuple[list[Row], list[Row] | None]

KNOWN = date(2026, 3, 31)
STREETS = ("High Street", "Station Road", "Church Lane", "Mill Road", "Park Avenue",
           "Victoria Road", "Green Lane", "Manor Road", "Kings Road", "The Crescent",
           "Queens Drive", "Grange Road", "York Street", "Albert Road", "Chapel Close")  # fmt: skip
TOWNS = ("Leeds", "Bradford", "Hull", "York", "Derby", "Preston", "Oldham", "Luton",
         "Swindon", "Gloucester", "Exeter", "Norwich", "Ipswich", "Reading", "Slough")  # fmt: skip
TRADES = ("Plumbing", "Roofing", "Consulting", "Foods", "Logistics", "Care", "Homes",
          "Engineering", "Motors", "Cleaning", "Design", "Electrical", "Bakery",
          "Recruitment", "Scaffolding", "Software", "Trading", "Holdings")  # fmt: skip
FORMS = (" Limited", " Ltd", " LTD.", "", " PLC", " LLP")
REASONS = ("INVOICE {n}", "RENT", "RENT {m}", "GIFT", "SALARY {m}", "REF {n}",
           "DONATION", "SUBS", "DEPOSIT", "LOAN REPAYMENT", "ORDER {n}", "FEES {m}")  # fmt: skip
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV",
          "DEC")  # fmt: skip


def people(rows: int, seed: int) -> list[Row]:
    """Return people by name, sex and date of birth, as they would write themselves."""
    world = generate_world(people=max(1000, rows), seed=seed)
    some = np.random.default_rng(seed).permutation(max(1000, rows))[:rows]
    records = draw_records(world, "nhb", some, at=KNOWN)
    born = records.born
    return [
        {
            "forename": f or "Alex", "surname": s or "Smith", "postcode": p or "LS1 4AP",
            "sex": "F" if x else "M",
            "dob": date(max(1900, min(int(y), 2026)), int(m) % 12 + 1, int(d) % 28 + 1),
        }
        for f, s, p, x, y, m, d in zip(
            records.forename.to_pylist(), records.surname.to_pylist(),
            records.postcode.to_pylist(), records.sex, born.year, born.month, born.day,
            strict=True,
        )
    ]  # fmt: skip


def damaged(dice: random.Random, text: str) -> str:
    """Return a text with one typing error."""
    if len(text) < 3:
        return text
    place = dice.randrange(len(text) - 1)
    kind = dice.randrange(4)
    if kind == 0:
        return text[:place] + text[place + 1 :]
    if kind == 1:
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    letter = dice.choice(string.ascii_lowercase)
    return text[:place] + letter + text[place + (kind == 2) :]


def maybe(dice: random.Random, share: float, text: str) -> str:
    """Return a text, damaged in a share of cases."""
    return damaged(dice, text) if dice.random() < share else text


def kept(dice: random.Random, share: float, text: str) -> str:
    """Return a text, or nothing in a share of cases."""
    return "" if dice.random() < share else text


def payments(rows: int, seed: int) -> Shape:
    """Money that leaves one bank and comes to another: later, less a fee, cut short."""
    dice = random.Random(seed)
    payers = people(rows // 8, seed)
    left, right = [], []
    for number in range(rows):
        who = dice.choice(payers)
        reason = dice.choice(REASONS).format(
            n=dice.randrange(1000, 99999), m=dice.choice(MONTHS)
        )
        name = dice.choice(("{i} {s}", "{f} {s}", "{s} {i}")).format(
            i=who["forename"][0], f=who["forename"], s=who["surname"]
        )
        paid = date(2026, 1, 1) + timedelta(days=dice.randrange(120))
        amount = (
            float(dice.choice((5, 10, 20, 25, 50, 100, 200, 500, 750)))
            if dice.random() < 0.3
            else round(dice.lognormvariate(4.5, 1.2), 2)
        )
        left.append(
            {"unique_id": f"o{number}", "ground_truth": number, "memo": f"{name} {reason}",
             "transaction_date": paid.isoformat(), "amount": amount}
        )  # fmt: skip
        late = dice.choice((0, 0, 0, 1, 1, 1, 2, 2, 3, 4, 7))
        got = amount
        if dice.random() < 0.12:
            got = round(amount * dice.uniform(0.96, 1.04), 2)  # another currency
        elif dice.random() < 0.1:
            got = max(0.5, round(amount - dice.choice((0.5, 1, 2.5)), 2))  # a fee
        memo = f"{name} {reason}".upper()
        memo = memo[: dice.choice((12, 18, 30, 30))] if dice.random() < 0.4 else memo
        memo = maybe(dice, 0.15, memo)
        memo = dice.choice(("{}", "{}", "{} BGC", "FPI {}", "{} CR")).format(memo)
        right.append(
            {"unique_id": f"d{number}", "ground_truth": number, "memo": memo,
             "transaction_date": (paid + timedelta(days=late)).isoformat(),
             "amount": got}
        )  # fmt: skip
    dice.shuffle(right)
    return left, right


def companies(rows: int, seed: int) -> Shape:
    """A list of companies and the suppliers of a council: names as people write them."""
    dice = random.Random(seed)
    owners = people(rows, seed)
    left, right = [], []
    for number, who in enumerate(owners):
        name = dice.choice(
            (f"{who['surname']} {dice.choice(TRADES)}",
             f"{who['forename'][0]} {who['surname']} & Sons {dice.choice(TRADES)}",
             f"{dice.choice(TOWNS)} {dice.choice(TRADES)} {dice.choice(TRADES)}",
             f"{who['surname']} and {dice.choice(owners)['surname']} {dice.choice(TRADES)}")
        )  # fmt: skip
        street = f"{dice.randrange(1, 200)} {dice.choice(STREETS)}"
        town = dice.choice(TOWNS)
        crn = f"{number + 1_000_000:08d}"
        left.append(
            {"id": f"c{number}", "entity": number, "company_name": name + " Limited",
             "company_number": crn, "address_line_1": street, "post_town": town,
             "postcode": who["postcode"]}
        )  # fmt: skip
        if dice.random() < 0.6:
            for _ in range(1 + (dice.random() < 0.15)):
                written = maybe(
                    dice, 0.15, name.replace(" and ", dice.choice((" & ", " and ")))
                )
                moved = dice.random() < 0.15
                right.append(
                    {"id": f"s{len(right)}", "entity": number,
                     "Supplier": (written + dice.choice(FORMS)).upper(),
                     "CRN": kept(dice, 0.7, crn.lstrip("0")),
                     "Address": "" if moved else f"{street}, {town}",
                     "Post Code": dice.choice(owners)["postcode"] if moved
                     else kept(dice, 0.1, who["postcode"].replace(" ", ""))}
                )  # fmt: skip
    dice.shuffle(right)
    return left, right


def contacts(rows: int, seed: int) -> Shape:
    """One list with repeats: name, e-mail, telephone and employer, often missing."""
    dice = random.Random(seed)
    found: list[Row] = []
    for number, who in enumerate(people(rows, seed)):
        mail = f"{who['forename']}.{who['surname']}{dice.randrange(99)}@".lower()
        mail = mail.replace(" ", "").replace("'", "") + dice.choice(
            ("gmail.com", "outlook.com", "yahoo.co.uk", "nhs.net")
        )
        phone = f"07{dice.randrange(10**9):09d}"
        works = f"{dice.choice(TOWNS)} {dice.choice(TRADES)}"
        for _ in range(dice.choice((1, 1, 1, 2, 2, 3))):
            first = who["forename"][0] if dice.random() < 0.15 else who["forename"]
            found.append(
                {"contact_ref": f"k{len(found)}", "entity": number,
                 "Name": maybe(dice, 0.2, f"{first} {who['surname']}"),
                 "Email": kept(dice, 0.35, maybe(dice, 0.08, mail)),
                 "Mobile": kept(dice, 0.4, maybe(dice, 0.05, phone)),
                 "Employer": kept(dice, 0.3, works)}
            )  # fmt: skip
    dice.shuffle(found)
    return found, None


def patients(rows: int, seed: int) -> Shape:
    """Two registers with other columns for the same people, one of them much dirtier."""
    dice = random.Random(seed)
    left, right = [], []
    for number, who in enumerate(people(rows, seed)):
        town, house = (
            dice.choice(TOWNS),
            f"{dice.randrange(1, 120)} {dice.choice(STREETS)}",
        )
        if dice.random() < 0.75:
            left.append(
                {"ref": f"p{number}", "entity": number, "GivenName": who["forename"],
                 "FamilyName": who["surname"], "Gender": who["sex"],
                 "BirthDate": who["dob"].strftime("%d/%m/%Y"),
                 "Address1": house, "Town": town, "Postcode": kept(dice, 0.1, who["postcode"])}
            )  # fmt: skip
        if dice.random() < 0.75:
            title = {"F": dice.choice(("Mrs ", "Miss ", "Ms ")), "M": "Mr "}[who["sex"]]
            born = who["dob"]
            if dice.random() < 0.08:
                born = date(1900, 1, 1) if dice.random() < 0.3 else born.replace(day=1)
            elif dice.random() < 0.08 and born.day <= 12:
                born = born.replace(day=born.month, month=born.day)
            name = f"{maybe(dice, 0.15, who['forename'])} {maybe(dice, 0.15, who['surname'])}"
            right.append(
                {"case": f"q{number}", "entity": number,
                 "client name": (title if dice.random() < 0.5 else "") + name.upper(),
                 "d.o.b.": kept(dice, 0.15, f"{born:%Y-%m-%d}"),
                 "sex": kept(dice, 0.2, {"F": "Female", "M": "Male"}[who["sex"]]),
                 "address": kept(dice, 0.3, maybe(dice, 0.2, f"{house}, {town}"))}
            )  # fmt: skip
    dice.shuffle(right)
    return left, right


def few_columns(rows: int, seed: int) -> Shape:
    """Name, year of birth and place only: as much as old lists have."""
    dice = random.Random(seed)
    left, right = [], []
    for number, who in enumerate(people(rows, seed)):
        town = dice.choice(TOWNS)
        written = {"entity": number, "forename": who["forename"], "surname": who["surname"],
                   "year_of_birth": who["dob"].year, "parish": town}  # fmt: skip
        left.append({"id": f"a{number}"} | written)
        if dice.random() < 0.7:
            right.append(
                {"id": f"b{number}"} | written
                | {"forename": maybe(dice, 0.1, who["forename"]),
                   "surname": maybe(dice, 0.12, who["surname"]),
                   "year_of_birth": who["dob"].year + dice.choice((0,) * 8 + (1, -1)),
                   "parish": kept(dice, 0.1, town)}
            )  # fmt: skip
    dice.shuffle(right)
    return left, right


def households(rows: int, seed: int) -> Shape:
    """Addresses alone: one list writes them in one line, the other in columns, short.

    Flats share a number, neighbours a street, and the right list has others beside.
    """
    dice = random.Random(seed)
    short = {"Street": "St", "Road": "Rd", "Lane": "La", "Avenue": "Ave", "Close": "Cl",
             "Crescent": "Cres", "Drive": "Dr"}  # fmt: skip
    districts = [
        f"{dice.choice('BDLMNS')}{dice.choice('ABEHLS')}{n}" for n in range(40)
    ]
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    left, right = [], []
    number = 0
    while number < rows:
        who = dice.choice(("", "", *TOWNS))
        street = f"{who} {dice.choice(STREETS)}".strip()
        town, district = dice.choice(TOWNS), dice.choice(districts)
        code = f"{district} {dice.randrange(10)}{dice.choice(letters)}{dice.choice(letters)}"
        first = dice.randrange(1, 60)
        for house in range(first, first + dice.randrange(4, 30), 2):
            for flat in range(dice.choice((1,) * 9 + (4,))):
                number += 1
                at = f"{house} {street}"
                if flat:
                    at = dice.choice((f"Flat {flat}, {at}", f"Flat {flat} {at}"))
                left.append(
                    {"ref": f"h{number}", "entity": number,
                     "Property Address": f"{at}, {town}, {code}"}
                )  # fmt: skip
                if dice.random() < 0.3:
                    continue
                words = [
                    short.get(w, w) if dice.random() < 0.6 else w
                    for w in street.split()
                ]
                at = maybe(dice, 0.1, f"{house} {' '.join(words)}")
                if flat:
                    at = dice.choice(
                        (f"{flat}/{at}", f"Flat {flat} {at}", f"Apt {flat}, {at}")
                    )
                right.append(
                    {"id": f"r{number}", "entity": number, "addr_line_1": at.upper(),
                     "town": kept(dice, 0.2, town.upper()),
                     "postcode": kept(dice, 0.1, maybe(dice, 0.04, code))}
                )  # fmt: skip
    dice.shuffle(right)
    return left, right


SHAPES: dict[str, Callable[[int, int], Shape]] = {
    "payments": payments,
    "companies": companies,
    "contacts": contacts,
    "patients": patients,
    "few_columns": few_columns,
    "households": households,
}


def write(folder: Path, name: str, rows: list[Row]) -> Path:
    """Write rows as CSV."""
    path = folder / f"{name}.csv"
    csv.write_csv(pa.Table.from_pylist(rows), path)
    return path


def run(name: str, rows: int, seed: int) -> Row:
    """Link one shape and score the result."""
    sides = [side for side in SHAPES[name](rows, seed) if side is not None]
    truth = "ground_truth" if name == "payments" else "entity"
    ids = [next(iter(side[0])) for side in sides]
    truths = [
        {str(row[id_]): str(row[truth]) for row in side}
        for side, id_ in zip(sides, ids, strict=True)
    ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = [write(folder, f"side_{n}", side) for n, side in enumerate(sides)]
        since = time.perf_counter()
        result = link_tables(
            *files, id_column=(ids[0], ids[-1]), out=folder / "out", ignore=[truth],
            all_pairs=True, seed=1,
        )  # fmt: skip
        took = time.perf_counter() - since
        pairs = read_pairs(result.folder / "pairs.parquet")
        links = read_pairs(result.links)
    total = true_pairs(truths)
    proposed = sum(truths[0][str(a)] == truths[-1][str(b)] for a, b, _ in pairs)
    right = sum(truths[0][str(a)] == truths[-1][str(b)] for a, b, _ in links)
    _, best = measure(pairs, truths, 0.0)
    report = result.report
    return {
        "shape": name,
        "true pairs": total,
        "F1": round(2 * right / (len(links) + total), 4),
        "best": round(best, 4),
        "precision": round(right / max(len(links), 1), 4),
        "recall": round(right / total, 4),
        "blocking recall": round(proposed / total, 4),
        "pairs": len(pairs),
        "seconds": round(took, 1),
        "fields": [
            f"{f.meaning}:{f.left}~{f.right}" for f in result.specification.fields
        ],
        "warnings": report.get("warnings", []),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help=", ".join(SHAPES))
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=3)
    given = parser.parse_args()
    for name in given.shapes or SHAPES:
        print(
            json.dumps(run(name, given.rows, given.seed), ensure_ascii=False),
            flush=True,
        )


if __name__ == "__main__":
    main()
