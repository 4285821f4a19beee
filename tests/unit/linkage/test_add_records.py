"""A month's new records join a result: same clusters as a full run, names kept."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import duckdb
import pytest
from click.testing import CliRunner

from names import FORENAMES, SURNAMES
from staithe.base.errors import BadInput
from staithe.linkage.cli import link
from staithe.linkage.increment import add_records
from staithe.linkage.link import link_tables


pytestmark = pytest.mark.data


def parted(source, folder, column, share):
    """Write most of a file and the rest of it as two files."""
    name = source.stem
    old, new = folder / f"{name}_old.parquet", folder / f"{name}_new.parquet"
    relation = (
        f"read_csv('{source}', all_varchar=true)"
        if source.suffix == ".csv"
        else f"'{source}'"
    )
    for path, sign in ((old, "<>"), (new, "=")):
        duckdb.sql(
            f"COPY (FROM {relation} WHERE hash({column}) % {share} {sign} 0) TO '{path}'"
        )
    return old, new


def groups(result):
    """Return the set of members of each record's cluster."""
    rows = duckdb.sql(
        f"SELECT source || id, cluster FROM '{result.clusters}'"
    ).fetchall()
    members = {}
    for record, cluster in rows:
        members.setdefault(cluster, set()).add(record)
    return {record: frozenset(members[cluster]) for record, cluster in rows}


def clusters(result):
    return dict(
        duckdb.sql(f"SELECT source || id, cluster FROM '{result.clusters}'").fetchall()
    )


@pytest.fixture
def repeats(shared_data, tmp_path):
    source = shared_data / "linkage" / "fake_1000.csv"
    old, new = parted(source, tmp_path, "unique_id", 20)
    options = {"id_column": "unique_id", "ignore": ["cluster"]}
    base = link_tables(old, out=tmp_path / "base", keep_state=True, **options)
    return source, new, base, options


def test_records_added_to_a_dedupe_give_the_clusters_of_a_full_run(repeats, tmp_path):
    source, new, base, options = repeats
    full = groups(link_tables(source, out=tmp_path / "full", **options))
    added = add_records(
        base.folder, [new], id_columns=["unique_id"], out=tmp_path / "next"
    )
    found = groups(added)
    assert found.keys() == full.keys()
    assert sum(found[each] == full[each] for each in full) >= 0.99 * len(full)
    before, after = clusters(base), clusters(added)
    same = sum(after[each] == name for each, name in before.items())
    assert same >= 0.98 * len(before)
    report = json.loads(added.report_json.read_text())
    assert report["added"] == {"left": len(full) - len(before)}
    assert report["clusters"]["count"] == len(set(after.values()))
    assert report["records"]["left"] == len(full)
    links = duckdb.sql(f"SELECT left_id, right_id FROM '{added.links}'").fetchall()
    assert len(set(links)) == len(links) == report["links"]
    assert all(after[f"left{a}"] == after[f"left{b}"] for a, b in links)
    pairs = sum(len(each) * (len(each) - 1) // 2 for each in set(found.values()))
    assert len(links) == pairs


def test_adding_twice_works_and_adding_again_what_is_there_is_refused(
    repeats, tmp_path
):
    _, new, base, _ = repeats
    halves = []
    for place in (0, 1):
        half = tmp_path / f"half_{place}.parquet"
        duckdb.sql(
            f"COPY (SELECT * EXCLUDE n FROM (SELECT *, row_number() OVER () AS n FROM '{new}')"
            f" WHERE n % 2 = {place}) TO '{half}'"
        )
        halves.append(half)
    first = add_records(
        base.folder, [halves[0]], id_columns=["unique_id"], out=tmp_path / "v2"
    )
    with pytest.raises(BadInput, match="are there already"):
        add_records(
            first.folder, [halves[0]], id_columns=["unique_id"], out=tmp_path / "v3"
        )
    assert not (tmp_path / "v3").exists()
    second = add_records(
        first.folder, [halves[1]], id_columns=["unique_id"], out=tmp_path / "v3"
    )
    once = add_records(
        base.folder, [new], id_columns=["unique_id"], out=tmp_path / "once"
    )
    mine, theirs = groups(second), groups(once)
    assert mine.keys() == theirs.keys()
    assert sum(mine[each] == theirs[each] for each in mine) >= 0.99 * len(mine)


def test_records_added_to_either_file_of_a_link(shared_data, tmp_path):
    sources = [shared_data / "linkage" / f"uk20k_{side}.parquet" for side in "ab"]
    olds, news = zip(
        *(parted(each, tmp_path, "unique_id", 50) for each in sources), strict=True
    )
    options = {"id_column": "unique_id", "ignore": ["cluster"]}
    base = link_tables(*olds, out=tmp_path / "base", keep_state=True, **options)
    ids = ["unique_id", "unique_id"]
    right = add_records(
        base.folder, [None, news[1]], id_columns=ids, out=tmp_path / "r"
    )
    both = add_records(
        right.folder, [news[0], None], id_columns=ids, out=tmp_path / "b"
    )
    full = groups(link_tables(*sources, out=tmp_path / "full", **options))
    found = groups(both)
    assert found.keys() == full.keys()
    assert sum(found[each] == full[each] for each in full) >= 0.999 * len(full)
    assert not both.report["added"]["right"]
    bad = duckdb.sql(
        f"SELECT count(*) FROM '{both.links}' l WHERE left_id NOT IN"
        f" (SELECT unique_id FROM '{sources[0]}') OR right_id NOT IN"
        f" (SELECT unique_id FROM '{sources[1]}')"
    ).fetchall()
    assert bad == [(0,)]


@pytest.mark.parametrize(
    ("change", "word"),
    [("state", "keeps no state"), ("file", "no new records"), ("sides", "of 1 files"),
     ("column", "has no column"), ("version", "another version")],
)  # fmt: skip
def test_what_cannot_be_added_to_is_refused_and_leaves_nothing(
    repeats, tmp_path, change, word
):
    _, new, base, _ = repeats
    files, folder = [new], base.folder
    if change == "state":
        (folder / "state.duckdb").unlink()
    if change == "file":
        files = [None]
    if change == "sides":
        files = [new, new]
    if change == "column":
        files = [tmp_path / "other.csv"]
        files[0].write_text("unique_id,colour\n1,red\n")
    if change == "version":
        con = duckdb.connect(str(folder / "state.duckdb"))
        con.execute(
            "UPDATE facts SET body = replace(body, '\"format\": 2', '\"format\": 0')"
        )
        con.close()
    with pytest.raises(BadInput, match=word):
        add_records(
            folder, files, id_columns=["unique_id"] * len(files), out=tmp_path / "next"
        )
    assert not (tmp_path / "next").exists()
    assert not list(tmp_path.glob(".*"))


def test_a_later_full_run_keeps_names_and_says_what_changed(repeats, tmp_path):
    source, _, base, options = repeats
    later = link_tables(source, out=tmp_path / "later", previous=base.folder, **options)
    before, after = clusters(base), clusters(later)
    assert sum(after[each] == name for each, name in before.items()) >= 0.98 * len(
        before
    )
    assert later.report["changes"]["grown"] > 0
    assert (later.folder / "changes.parquet").is_file()
    with pytest.raises(BadInput, match="no earlier result"):
        link_tables(source, out=tmp_path / "x", previous=tmp_path / "none", **options)


def test_the_command_line_keeps_state_and_adds_to_it(repeats, tmp_path):
    _, new, base, _ = repeats
    arguments = [str(new), "--id", "unique_id", "--add-to", str(base.folder), "--json"]
    ran = CliRunner().invoke(link, [*arguments, "--out", str(tmp_path / "next")])
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.output)["added"]["left"] > 0


def test_every_link_says_which_rule_proposed_it(repeats):
    _, _, base, _ = repeats
    rows = duckdb.sql(
        f"SELECT rule, count(*) FROM '{base.links}' JOIN"
        f" '{base.folder}/provenance.parquet' USING (left_id, right_id) GROUP BY rule"
    ).fetchall()
    assert sum(count for _, count in rows) == base.link_count
    rules = {each["rule"] for each in base.report["blocking"]["rules"]}
    assert {rule for rule, _ in rows} <= rules | {"through other records"}
    assert len(rows) > 2


def test_a_word_that_comes_back_brings_its_records_together(tmp_path):
    """A rare word of one record is nothing to go by until another record has it too."""
    rows = [
        (f"{chr(97 + n % 26)}{n:03}", f"{word} {trade} Limited", f"AB{n % 40 + 1} 1AA")
        for n, (word, trade) in enumerate(
            (word, trade)
            for word in ("Alder", "Birch", "Cedar", "Doune", "Elder", "Firth", "Gorse")
            for trade in ("Bakery", "Motors", "Roofing", "Homes", "Foods", "Care")
        )
    ]
    registered = [*rows, ("new1", "Quillon Haberdashery Bakery Limited", "ZE1 0AA")]
    suppliers = [
        (f"s{n}", f"{name.upper()[:-8]} LTD", code)
        for n, (_, name, code) in enumerate(rows)
    ]
    late = [("s99", "HABERDASHERY QUILLON AND DAUGHTERS", "TR1 1XX")]
    paths = {}
    for name, those in (
        ("left", registered), ("right", suppliers), ("late", late),
        ("all", [*suppliers, *late]),
    ):  # fmt: skip
        paths[name] = tmp_path / f"{name}.csv"
        lines = [",".join(row) for row in [("ref", "company_name", "postcode"), *those]]
        paths[name].write_text("\n".join(lines) + "\n")
    options = {"id_column": "ref"}
    base = link_tables(
        paths["left"], paths["right"], out=tmp_path / "base", keep_state=True, **options
    )
    added = add_records(
        base.folder, [None, paths["late"]], id_columns=["ref", "ref"],
        out=tmp_path / "next",
    )  # fmt: skip
    with duckdb.connect(str(added.folder / "state.duckdb")) as con:
        pair = con.execute(
            "SELECT count(*) FROM pairs JOIN records a ON a.rid = l JOIN records b ON"
            " b.rid = r WHERE a.id = 'new1' AND b.id = 's99'"
        ).fetchall()
        rarest = con.execute(
            "SELECT DISTINCT company_name__rarest FROM records WHERE id IN ('new1', 's99')"
        ).fetchall()
        known = con.execute(
            "SELECT sum(n) FROM rarity WHERE column_name = 'company_name__rarest'"
            " AND value = 'haberdashery'"
        ).fetchall()
    assert pair == [(1,)]
    assert rarest == [("haberdashery",)]
    assert known == [(2,)]


def test_a_value_that_all_new_records_share_makes_no_crowd_of_pairs(tmp_path):
    """A month's file comes with one date of birth in every row."""
    rows = [
        f"{n},{FORENAMES[n % len(FORENAMES)]},{SURNAMES[n * 7 % len(SURNAMES)]}x{n % 61},"
        f"19{n % 90 + 10}-0{n % 9 + 1}-1{n % 10},LS{n % 28 + 1} {n % 9}AA"
        for n in range(3000)
    ]
    head = "ref,forename,surname,dob,postcode"
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("\n".join([head, *rows, *(f"x{r}" for r in rows[:300])]) + "\n")
    base = link_tables(old, id_column="ref", out=tmp_path / "base", keep_state=True)
    late = [f"y{row}".replace(row.split(",")[3], "1900-01-01") for row in rows[:1500]]
    new.write_text("\n".join([head, *late]) + "\n")
    added = add_records(base.folder, [new], id_columns=["ref"], out=tmp_path / "next")
    said = [w for w in added.report["warnings"] if "in the new records" in w]
    assert said
    assert "date_of_birth" in said[0]
    with duckdb.connect(str(added.folder / "state.duckdb"), read_only=True) as con:
        (pairs,) = con.execute("SELECT count(*) FROM pairs").fetchone()
    assert pairs < 400_000  # 1,500 records of one date alone would make a million


def test_told_to_stop_a_link_leaves_nothing_behind(shared_data, tmp_path):
    source = shared_data / "linkage" / "historical_50k.parquet"
    command = [
        sys.executable, "-c", "from staithe.site.cli import run; run()", "link",
        str(source), "--id", "unique_id", "--out", str(tmp_path / "out"), "--keep-state",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert list(tmp_path.iterdir())
        time.sleep(0.5)
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []
