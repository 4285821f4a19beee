"""From a link to judged pairs to a report that says how right it is."""

from __future__ import annotations

import csv
import json
import random

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from staithe.base.errors import BadInput
from staithe.linkage.cli import link
from staithe.linkage.judgements import (
    Judgement,
    judge_result,
    read_judgements,
    read_report,
    read_sample,
)
from staithe.linkage.link import link_tables
from staithe.linkage.review_cli import review


PEOPLE = 500


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two files; people of the north have bad data, so they are linked less."""
    folder = tmp_path_factory.mktemp("files")
    rng = random.Random(7)
    rows = [[], []]
    for n in range(PEOPLE):
        north = n % 3 == 0
        row = [
            f"{n}",
            rng.choice(["ann", "bob", "cyd", "dee", "eve", "fay", "gus", "hal"])
            + rng.choice(["", "a", "ie", "lyn"]),
            rng.choice(["ash", "beck", "cole", "dale", "east"])
            + rng.choice(["", "ley", "ton", "worth", "er"]),
            f"{rng.randint(1940, 2005)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
            "F" if n % 2 else "M",
            "north" if north else "south",
        ]
        rows[0].append(row)
        if n % 5 == 0:
            continue
        other = list(row)
        if north and rng.random() < 0.6:
            other[1], other[3] = "x", f"{rng.randint(1940, 2005)}-01-01"
        rows[1].append(other)
    for name, part in zip("ab", rows, strict=True):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            head = ["id", "forename", "surname", "dob", "sex", "region"]
            csv.writer(file).writerows([head, *part])
    return folder / "a.csv", folder / "b.csv"


@pytest.fixture(scope="module")
def result(files, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "result"
    return link_tables(*files, id_column="id", out=out, groups=["region"]).folder


def test_a_group_that_is_linked_less_stands_out(result):
    report = read_report(result)
    groups = {(g["source"], g["field"], g["group"]): g for g in report["groups"]}
    north, south = (groups["left", "region", name] for name in ("north", "south"))
    assert north["records"] + south["records"] == PEOPLE
    assert north["share"] < south["share"] - 0.1
    assert north["apart"] < -3
    assert {key[1] for key in groups} == {"sex", "decade of birth", "region"}
    con = duckdb.connect()
    linked = con.execute(
        f"SELECT count(DISTINCT left_id) FROM '{result}/links.parquet'"
    ).fetchall()[0][0]
    assert north["linked"] + south["linked"] == linked
    page = (result / "report.html").read_text()
    assert "north: " in page
    assert "fewer than chance explains" in page


def test_a_group_is_never_compared(result):
    assert "region" not in (result / "specification.yaml").read_text()


def test_weights_add_up_to_the_records(result):
    table = pq.read_table(result / "weights.parquet").to_pydict()
    left = [
        w for s, w in zip(table["source"], table["weight"], strict=True) if s == "left"
    ]
    assert sum(left) == pytest.approx(PEOPLE, rel=0.03)
    assert all(weight >= 1 for weight in left)


def test_the_sample_shows_no_score_and_holds_links_and_others(result):
    table = pq.read_table(result / "sample.parquet")
    assert table.column_names == ["left_id", "right_id", "stratum"]
    strata = read_report(result)["sample"]
    drawn = [0] * len(strata)
    for number in table["stratum"].to_pylist():
        drawn[number] += 1
    assert drawn == [each["drawn"] for each in strata]
    assert {each["links"] for each in strata} == {True, False}


def test_people_judge_sheets_and_the_report_says_how_right_the_links_are(
    files, result, tmp_path
):
    run = CliRunner()
    sheets = []
    for seed in (1, 2):
        sheet = tmp_path / f"{seed}.csv"
        words = ["sheet", result, *files, "--id", "id", "--out", sheet, "--seed", seed]
        done = run.invoke(review, [str(w) for w in words])
        assert done.exit_code == 0, done.exception
        rows = list(csv.DictReader(sheet.read_text().splitlines()))
        assert "match_weight" not in rows[0]
        assert rows[0]["left: forename"]
        for row in rows:
            row["answer"] = "match" if row["left_id"] == row["right_id"] else "no match"
        if seed == 2:
            rows[0]["answer"] = "cannot tell"
        with sheet.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        sheets.append(sheet)
    orders = [
        [row["left_id"] for row in csv.DictReader(s.read_text().splitlines())]
        for s in sheets
    ]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])
    words = ["estimate", result, *sheets, "--json"]
    done = run.invoke(review, [str(w) for w in words])
    assert done.exit_code == 0, done.exception
    found = json.loads(done.output)
    links = pq.read_table(result / "links.parquet").to_pydict()
    right = sum(
        a == b for a, b in zip(links["left_id"], links["right_id"], strict=True)
    )
    assert found["precision"]["low"] <= right / len(links["left_id"])
    assert right / len(links["left_id"]) <= found["precision"]["high"]
    assert found["reviewers"] == 2
    assert found["cannot_tell"] == 1
    assert found["agreement"]["agreed"] > 0.99
    report = read_report(result)
    assert report["estimate"] == found
    assert "people judged" in (result / "report.html").read_text()
    assert (result / "caveat.txt").read_text().strip() == report["caveat"]
    assert "95% interval" in report["caveat"]


def test_a_pair_that_was_not_drawn_is_not_taken(result):
    with pytest.raises(BadInput, match="not drawn"):
        judge_result(result, [Judgement("no", "such", "match")])


def test_a_stratum_that_nobody_judged_is_named(result):
    pair = next(iter(read_sample(result)))
    with pytest.raises(BadInput, match="judge some of each"):
        judge_result(result, [Judgement(*pair, "match")])


def test_what_is_no_result_is_refused(tmp_path):
    for ask in (read_report, read_sample):
        with pytest.raises(BadInput, match="no result"):
            ask(tmp_path)


def test_a_sheet_reads_files_of_other_encodings_and_shows_no_endless_cell(
    tmp_path,
):
    head = "id,forename,surname,dob,address"
    rows = [
        f"{n},José{n % 9},Müller{n % 13},19{n % 90 + 10}-01-1{n % 9},"
        + ("street " * (40_000 if n == 1 else 1)).strip()
        for n in range(120)
    ]
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path in files:
        path.write_text("\n".join([head, *rows]) + "\n", "cp1252")
    same = ["--encoding", "cp1252", "--right-encoding", "cp1252"]
    words = [*files, "--id", "id", "--out", tmp_path / "out", *same]
    assert CliRunner().invoke(link, [str(w) for w in words]).exit_code == 0
    sheet = tmp_path / "sheet.csv"
    words = ["sheet", tmp_path / "out", *files, "--id", "id", "--out", sheet, *same]
    done = CliRunner().invoke(review, [str(w) for w in words])
    assert done.exit_code == 0, done.exception
    text = sheet.read_text("utf-8")
    assert "José" in text
    assert max(map(len, text.splitlines())) < 4000
    assert read_judgements(sheet) == []


def test_other_files_than_those_linked_are_noticed(files, result, tmp_path):
    short = tmp_path / "short.csv"
    short.write_text("\n".join(files[0].read_text().splitlines()[:9]))
    words = [
        "sheet",
        result,
        short,
        files[1],
        "--id",
        "id",
        "--out",
        tmp_path / "x.csv",
    ]
    done = CliRunner().invoke(review, [str(w) for w in words])
    assert isinstance(done.exception, BadInput)
    assert not (tmp_path / "x.csv").exists()


def test_an_unknown_group_is_refused(files, tmp_path):
    words = [*files, "--id", "id", "--out", tmp_path / "x", "--group", "tribe"]
    done = CliRunner().invoke(link, [str(w) for w in words])
    assert isinstance(done.exception, BadInput)
    assert "tribe" in done.exception.message


@pytest.mark.data
@pytest.mark.long
def test_intervals_of_a_real_link_hold_the_truth(shared_data, tmp_path):
    """100 samples of 1,200 pairs, each drawn and judged anew by the truth."""
    import numpy as np

    from staithe.linkage.intervals import Judged, estimate
    from staithe.linkage.sampling import draw_sample
    from staithe.linkage.scores import Scores

    folder = shared_data / "linkage"
    files = folder / "uk20k_a.parquet", folder / "uk20k_b.parquet"
    made = link_tables(
        *files, id_column="unique_id", truth_column="cluster", all_pairs=True,
        out=tmp_path / "out",
    )  # fmt: skip
    found = duckdb.execute(
        "SELECT p.match_weight AS w, a.cluster = b.cluster AS ok, l.left_id IS NOT NULL"
        f" AS linked FROM '{made.folder}/pairs.parquet' p LEFT JOIN"
        f" '{made.folder}/links.parquet' l USING (left_id, right_id)"
        f" JOIN '{files[0]}' a ON a.unique_id = p.left_id"
        f" JOIN '{files[1]}' b ON b.unique_id = p.right_id"
    ).fetchnumpy()
    ok, linked = found["ok"].astype(bool), found["linked"].astype(bool)
    nothing = np.zeros(len(ok), np.int64)
    scores = Scores(nothing, nothing, found["w"].astype(float))
    truth = made.report["truth"]
    lost = made.report["lost"]
    held = np.zeros(2)
    width = np.zeros(2)
    for seed in range(100):
        strata = draw_sample(
            scores, linked, np.ones(len(ok), bool), size=1200, seed=seed
        )
        judged = [
            Judged(each, int(ok[each.places].sum()), len(each.places))
            for each in strata
        ]
        got = estimate(judged, lost=(lost["estimate"], lost["error"]), seed=seed)
        for n, (interval, of) in enumerate(
            ((got.precision, "precision"), (got.recall, "recall"))
        ):
            held[n] += interval.low <= truth[of] <= interval.high
            width[n] += (interval.high - interval.low) / 100
    assert (held >= 90).all(), held
    assert (width <= 0.04).all(), width
