"""Linking files end to end: what comes out, what is refused, what is never left."""

from __future__ import annotations

import csv
import json
import random
import re
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from names import FORENAMES, SURNAMES
from staithe.base.errors import BadInput
from staithe.linkage.cli import link
from staithe.linkage.increment import add_records
from staithe.linkage.link import link_tables
from staithe.linkage.outputs import whole_folder
from staithe.linkage.pseudonyms import assign_pseudonyms
from staithe.linkage.specification import LinkField, LinkSpecification, to_yaml


def person(rng):
    return {
        "forename": rng.choice(FORENAMES) + rng.choice(["", "e", "ie", "a"]),
        "surname": rng.choice(SURNAMES) + rng.choice(["", "s", "son", "er"]),
        "born": (rng.randint(1930, 2010), rng.randint(1, 12), rng.randint(1, 28)),
        "postcode": f"{rng.choice(['LS', 'M', 'B'])}{rng.randint(1, 30)} "
        f"{rng.randint(1, 9)}{rng.choice('ABDEFGH')}{rng.choice('ABDEFGHJL')}",
    }


def mistyped(rng, text):
    if rng.random() < 0.15:
        place = rng.randrange(len(text) - 1)
        swapped = text[place + 1] + text[place]
        return text[:place] + swapped + text[place + 2 :]
    return text


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two bodies' files of 900 people, 600 in each, with other columns each."""
    folder = tmp_path_factory.mktemp("bodies")
    rng = random.Random(11)
    people = [person(rng) for _ in range(900)]
    health = [
        {
            "ref": f"h{n}",
            "Name": f"{each['forename'].title()} {each['surname'].upper()}",
            "DateOfBirth": "{2:02}/{1:02}/{0}".format(*each["born"]),
            "HomePostcode": each["postcode"].lower().replace(" ", ""),
            "who": n,
        }
        for n, each in enumerate(people[:600])
    ]
    school = [
        {
            "ref": f"s{n}",
            "first_name": mistyped(rng, each["forename"]),
            "last_name": mistyped(rng, each["surname"]),
            "dob": "{}{:02}{:02}".format(*each["born"]),
            "postcode": each["postcode"] if rng.random() < 0.9 else "",
            "who": n,
        }
        for n, each in enumerate(people)
        if n >= 300
    ]
    rng.shuffle(school)
    return write(folder / "health.csv", health), write(folder / "school.csv", school)


@pytest.fixture(scope="module")
def linked(files, tmp_path_factory):
    out = tmp_path_factory.mktemp("linked") / "out"
    return link_tables(*files, id_column="ref", truth_column="who", out=out)


def rows(path, columns="*"):
    return duckdb.sql(f"SELECT {columns} FROM '{path}'").fetchall()


def test_two_conventions_of_name_and_date_are_linked(linked):
    assert linked.report["truth"]["f1"] > 0.98
    assert linked.link_count == len(rows(linked.links))
    assert linked.report["one_partner"] == [True, True]


def test_the_truth_is_not_among_the_evidence(linked):
    used = {f.left for f in linked.specification.fields}
    used |= {f.right for f in linked.specification.fields}
    assert not {"who", "ref"} & used


def test_links_have_the_promised_columns_and_every_record_a_cluster(linked, files):
    described = duckdb.sql(f"DESCRIBE SELECT * FROM '{linked.links}'").fetchall()
    assert [(row[0], row[1]) for row in described] == [
        ("left_id", "VARCHAR"),
        ("right_id", "VARCHAR"),
        ("match_weight", "DOUBLE"),
        ("match_probability", "DOUBLE"),
    ]
    clusters = rows(linked.clusters, "source, id, cluster")
    assert len(clusters) == 1200
    assert {source for source, _, _ in clusters} == {"left", "right"}
    of = {(source, row): cluster for source, row, cluster in clusters}
    for left, right in rows(linked.links, "left_id, right_id"):
        assert of["left", left] == of["right", right]
    assert len(set(of.values())) == 1200 - linked.link_count == linked.cluster_count


def test_a_town_that_a_postcode_fixes_is_counted_once_and_the_report_says_so(
    files, tmp_path
):
    paths = []
    for path in files:
        with path.open(encoding="utf-8") as handle:
            found = list(csv.DictReader(handle))
        for each in found:
            street = int(each["who"]) % 80
            column = "HomePostcode" if "HomePostcode" in each else "postcode"
            each |= {column: f"AB{street + 1} 1AA", "town": f"Town {street // 10}"}
        paths.append(write(tmp_path / path.name, found))
    result = link_tables(*paths, id_column="ref", ignore=["who"], out=tmp_path / "out")
    (note,) = result.report["model"]["judged_once"]
    assert note.startswith("town follows from ")
    assert note in (result.folder / "report.html").read_text("utf-8")
    levels = {
        each["output_column_name"]: each["comparison_levels"][0]["sql_condition"]
        for each in json.loads((result.folder / "model.json").read_text())[
            "comparisons"
        ]
    }
    assert 'postcode_l" = ' in levels["town"]


def test_the_same_seed_gives_the_same_links_and_scores(files, linked, tmp_path):
    again = link_tables(
        *files, id_column="ref", truth_column="who", out=tmp_path / "again", threads=1
    )
    assert rows(again.links) == rows(linked.links)
    assert rows(again.clusters) == rows(linked.clusters)
    assert again.report == linked.report


def test_linked_rows_share_a_pseudonym_across_bodies(linked, tmp_path):
    path = assign_pseudonyms(linked.clusters, key=b"p" * 32, out=tmp_path / "p.parquet")
    found = {(s, r): p for s, r, p in rows(path)}
    assert len(found) == 1200
    for left, right in rows(linked.links, "left_id, right_id"):
        assert found["left", left] == found["right", right]
    other = assign_pseudonyms(
        linked.clusters, key=b"q" * 32, out=tmp_path / "q.parquet"
    )
    assert not {p for _, _, p in rows(path)} & {p for _, _, p in rows(other)}


def test_the_model_is_one_that_splink_loads(linked):
    from splink import SettingsCreator

    model = linked.folder / "model.json"
    settings = SettingsCreator.from_path_or_dict(model).get_settings("duckdb")
    assert settings._probability_two_random_records_match == pytest.approx(
        linked.report["model"]["prior"]
    )


def test_the_specification_gives_the_same_links_again(files, linked, tmp_path):
    spec = tmp_path / "spec.yaml"
    spec.write_text((linked.folder / "specification.yaml").read_text())
    answer = CliRunner().invoke(
        link, [*map(str, files), "--id", "ref", "--out", str(tmp_path / "o"), "--json",
               "--spec", str(spec), "--all-pairs"],
    )  # fmt: skip
    assert answer.exit_code == 0, answer.output
    report = json.loads(answer.stdout)
    assert report["links"] == linked.link_count
    assert "truth" not in report
    assert rows(tmp_path / "o" / "links.parquet") == rows(linked.links)
    scored = rows(tmp_path / "o" / "pairs.parquet")
    assert len(scored) == report["blocking"]["scored_pairs"] > report["links"]


def test_a_threshold_asked_for_is_kept(files, tmp_path):
    result = link_tables(*files, id_column="ref", threshold=0.9999, out=tmp_path / "o")
    assert min(p for (p,) in rows(result.links, "match_probability")) >= 0.9999


def test_a_dedupe_puts_copies_together(files, tmp_path):
    with files[1].open(encoding="utf-8") as handle:
        once = list(csv.DictReader(handle))[:300]
    rng = random.Random(3)
    copies = [
        {**row, "ref": f"copy{n}", "last_name": mistyped(rng, row["last_name"])}
        for n, row in enumerate(once[:120])
    ]
    path = write(tmp_path / "both.csv", [*once, *copies])
    result = link_tables(path, id_column="ref", truth_column="who", out=tmp_path / "o")
    assert result.report["truth"]["f1"] > 0.97
    # Every pair of a cluster is a link, so links and clusters tell one story.
    sizes = result.report["clusters"]["sizes"]
    pairs = sum(k * int(n) * (int(n) - 1) // 2 for n, k in sizes.items())
    assert result.link_count == pairs


def test_the_report_escapes_what_came_from_the_file(tmp_path):
    nasty = "<script>alert(1)</script>"
    rng = random.Random(2)
    people = [person(rng) for _ in range(60)]
    table = [
        {"ref": n, "surname": p["surname"], "postcode": p["postcode"], nasty: "a b c d"}
        for n, p in enumerate([*people, *people[:20]])
    ]
    path = write(tmp_path / "a.csv", table)
    result = link_tables(path, id_column="ref", ignore=[nasty], out=tmp_path / "o")
    page = result.report_html.read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"(src|href)=|https?://", page)
    assert "<svg" in page


def leftovers(folder: Path) -> list[str]:
    """Name what is in a folder besides the input and the service's own home."""
    mine = (each for each in folder.iterdir() if each.name != "home")
    return sorted(each.name for each in mine if each.suffix != ".csv")


BAD = [
    ({"id_column": "nope"}, "has no column 'nope'"),
    ({"ignore": ["nope"]}, "has no column 'nope'"),
    ({"truth_column": "nope"}, "has no column 'nope'"),
    ({"threshold": 1.5}, "between 0 and 1"),
    ({"names": ("one", "one")}, "different names"),
    ({"specification": LinkSpecification("dedupe", (LinkField("sex", "x"),))}, "one"),
    (
        {"specification": LinkSpecification("link", (LinkField("sex", "x", "y"),))},
        "has no column 'x'",
    ),
]


@pytest.mark.parametrize(("arguments", "says"), BAD)
def test_bad_input_is_one_sentence_and_leaves_nothing(files, tmp_path, arguments, says):
    with pytest.raises(BadInput, match=says) as refusal:
        link_tables(*files, **{"id_column": "ref", "out": tmp_path / "o"} | arguments)
    assert refusal.value.message.count("\n") == 0
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (
            [{"ref": n // 2, "surname": f"x{n}"} for n in range(9)],
            "repeats 4 ids.* 0, 1",
        ),
        (
            [{"ref": "", "surname": "x"}, {"ref": "1", "surname": "y"}],
            "empty in 1 rows",
        ),
        ([{"ref": n, "surname": ""} for n in range(9)], "no column that could link"),
        ([{"ref": n, "cluster": n} for n in range(9)], "no column that could link"),
    ],
)
def test_files_that_cannot_be_linked_are_refused(tmp_path, table, says):
    path = write(tmp_path / "a.csv", table)
    with pytest.raises(BadInput, match=says):
        link_tables(path, id_column="ref", out=tmp_path / "o")
    assert leftovers(tmp_path) == []


def test_a_result_that_fails_half_way_leaves_the_earlier_one_whole(tmp_path):
    out = tmp_path / "o"
    out.mkdir()
    (out / "report.json").write_text("earlier")

    def write_half():
        with whole_folder(out) as folder:
            (folder / "links.parquet").write_text("half")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_half()
    assert leftovers(tmp_path) == ["o"]
    assert leftovers(out) == ["report.json"]


def test_a_folder_with_other_things_in_it_is_not_touched(files, tmp_path):
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "thesis.docx").write_text("ten years of work")
    with pytest.raises(BadInput, match=r"thesis\.docx"):
        link_tables(*files, id_column="ref", out=tmp_path / "o")
    assert (tmp_path / "o" / "thesis.docx").read_text() == "ten years of work"


def test_an_earlier_result_makes_way(files, tmp_path):
    first = link_tables(*files, id_column="ref", all_pairs=True, out=tmp_path / "o")
    assert (first.folder / "pairs.parquet").exists()
    link_tables(*files, id_column="ref", out=tmp_path / "o")
    assert not (first.folder / "pairs.parquet").exists()
    assert leftovers(tmp_path) == ["o"]


def test_one_value_in_every_row_is_bounded_and_said(tmp_path):
    """Nine million pairs of one surname are never made."""
    table = [{"ref": n, "surname": "smith"} for n in range(3000)]
    one = write(tmp_path / "a.csv", table)
    two = write(tmp_path / "b.csv", table)
    result = link_tables(one, two, id_column="ref", out=tmp_path / "o")
    assert result.link_count == 0
    assert result.report["blocking"]["scored_pairs"] == 0
    assert any("9,000,000 pairs" in each for each in result.warnings)


def test_a_default_birthday_on_a_third_of_the_rows_does_not_spoil_the_rest(
    files, tmp_path
):
    rng = random.Random(9)
    spoilt = []
    for path, column, default in zip(
        files, ("DateOfBirth", "dob"), ("01/01/1900", "19000101"), strict=True
    ):
        with path.open(encoding="utf-8") as handle:
            table = list(csv.DictReader(handle))
        for row in table:
            if rng.random() < 0.3:
                row[column] = default
        spoilt.append(write(tmp_path / path.name, table))
    result = link_tables(
        *spoilt, id_column="ref", truth_column="who", out=tmp_path / "o"
    )
    assert result.report["truth"]["f1"] > 0.9
    assert result.report["blocking"]["scored_pairs"] < 60_000


def test_nothing_in_common_but_the_columns_gives_no_links(tmp_path):
    one = write(tmp_path / "a.csv", [{"ref": 1, "surname": "a", "dob": "1990-01-01"}])
    two = write(tmp_path / "b.csv", [{"ref": 1, "surname": "b", "dob": "1980-05-05"}])
    result = link_tables(one, two, id_column="ref", out=tmp_path / "o")
    assert result.link_count == 0
    assert result.cluster_count == 2


def test_spark_without_pyspark_is_refused_with_what_to_install(files, tmp_path):
    pytest.importorskip("splink")
    try:
        import pyspark  # noqa: F401  only whether it is there
    except ModuleNotFoundError:
        with pytest.raises(BadInput, match=r"staithe\[spark\]"):
            link_tables(*files, id_column="ref", engine="spark", out=tmp_path / "o")
    else:
        pytest.skip("PySpark is installed here")


def test_the_command_prints_what_came_of_it(files, tmp_path):
    answer = CliRunner().invoke(
        link, [*map(str, files), "--id", "ref", "--out", str(tmp_path / "o"),
               "--truth", "who"],
    )  # fmt: skip
    assert answer.exit_code == 0, answer.output
    assert "Against the truth: F1" in answer.stdout
    assert "links, by" in answer.stdout


def test_a_specification_that_cannot_be_read_is_refused(files, tmp_path):
    spec = tmp_path / "spec.yaml"
    field = LinkField("surname", "Name", "last_name")
    spec.write_text(to_yaml(LinkSpecification("link", (field,))) + "colour: red\n")
    answer = CliRunner().invoke(
        link,
        [
            *map(str, files),
            "--id",
            "ref",
            "--out",
            str(tmp_path / "o"),
            "--spec",
            str(spec),
        ],
    )
    assert isinstance(answer.exception, BadInput)
    assert "colour" in answer.exception.message
    assert not (tmp_path / "o").exists()


@pytest.mark.long
def test_spark_links_as_duckdb_does(files, linked, tmp_path):
    """The same model on Splink's Spark backend; a few weights differ by a level."""
    pytest.importorskip("pyspark", reason="PySpark is an extra; install staithe[spark]")
    other = link_tables(*files, id_column="ref", engine="spark", out=tmp_path / "o")
    assert other.report["engine"] == "spark"
    pairs = set(rows(linked.links, "left_id, right_id"))
    found = set(rows(other.links, "left_id, right_id"))
    assert len(pairs & found) >= 0.99 * len(pairs | found)
    with files[1].open(encoding="utf-8") as handle:
        once = list(csv.DictReader(handle))[:50]
    both = [*once, *({**row, "ref": f"copy-{row['ref']}"} for row in once)]
    path = write(tmp_path / "both.csv", both)
    result = link_tables(
        path, id_column="ref", truth_column="who", engine="spark", out=tmp_path / "d"
    )
    assert result.report["truth"]["f1"] > 0.9


# --- files as people send them: refused clearly, or linked within bounds ---


def people_of(rng, count, prefix, *, born=None, memo=lambda n: f"note {n % 30}"):
    names = ["anna", "ben", "carys", "dev", "ewan", "fatima", "gwen", "hari", "isla"]
    found = []
    for n in range(count):
        day = f"{1940 + n % 60}-{1 + n % 12:02}-{1 + n % 28:02}"
        found.append(
            {
                "ref": f"{prefix}{n}",
                "first_name": rng.choice(names),
                "surname": f"ash{n % 97}",
                "dob": born if born and rng.random() < 0.3 else day,
                "postcode": f"AB{n % 50 + 1} 1AA",
                "memo": memo(n),
            }
        )
    return found


def linked_people(tmp_path, **changes):
    rng = random.Random(5)
    sides = [
        write(tmp_path / f"{prefix}.csv", people_of(rng, 1500, prefix, **changes))
        for prefix in ("a", "b")
    ]
    return link_tables(*sides, id_column="ref", out=tmp_path / "out")


def test_the_estimate_of_what_blocking_lost_is_near_the_truth(tmp_path):
    """Many pairs that lose to a better partner look likely: they are no matches."""
    rng = random.Random(8)
    left = people_of(rng, 4000, "a")
    right = [each | {"ref": f"b{n}"} for n, each in enumerate(left)]
    for each in right:
        if rng.random() < 0.3:
            each["dob"] = f"19{rng.randrange(40, 99)}-01-01"
        if rng.random() < 0.3:
            each["postcode"] = f"AB{rng.randrange(1, 51)} 1AA"
    sides = [write(tmp_path / f"{n}.csv", side) for n, side in enumerate((left, right))]
    result = link_tables(*sides, id_column="ref", all_pairs=True, out=tmp_path / "out")
    met = set(rows(result.folder / "pairs.parquet", "left_id, right_id"))
    recall = sum((f"a{n}", f"b{n}") in met for n in range(4000)) / 4000
    assert result.report["blocking"]["estimated_recall"] == pytest.approx(
        recall, abs=0.03
    )


def test_a_default_date_on_a_third_of_rows_makes_no_cross_join(tmp_path):
    result = linked_people(tmp_path, born="1900-01-01")
    pairs = result.report["blocking"]["scored_pairs"]
    assert pairs < 100 * 3000
    assert any("leaves them out" in each for each in result.report["warnings"])


def test_cells_of_a_megabyte_are_linked_by_the_rest(tmp_path):
    long = "x" * 1_000_000
    result = linked_people(tmp_path, memo=lambda n: long if n % 100 == 0 else "short")
    assert result.link_count > 1000


def test_a_text_that_all_share_is_told_and_links_nothing(tmp_path):
    sides = [
        write(tmp_path / f"{p}.csv", [{"ref": f"{p}{n}", "memo": "all the same"} for n in range(3000)])
        for p in ("a", "b")
    ]  # fmt: skip
    result = link_tables(*sides, id_column="ref", out=tmp_path / "out")
    assert result.link_count == 0
    assert any(
        "would have made 9,000,000" in each for each in result.report["warnings"]
    )


def test_another_encoding_is_refused_with_its_line_until_it_is_declared(tmp_path):
    rng = random.Random(5)
    left, right = people_of(rng, 300, "a"), people_of(rng, 300, "b")
    for each in (left[7], right[7]):
        each["first_name"] = "Zoë"
    plain = write(tmp_path / "right.csv", right)
    text = write(tmp_path / "left.csv", left).read_text("utf-8")
    (tmp_path / "left.csv").write_bytes(text.encode("cp1252"))
    words = [tmp_path / "left.csv", plain, "--id", "ref", "--out", tmp_path / "out"]
    run = CliRunner().invoke(link, list(map(str, words)))
    assert isinstance(run.exception, BadInput)
    assert "Line 9 of left.csv is not UTF-8" in str(run.exception)
    assert not (tmp_path / "out").exists()
    words += ["--encoding", "cp1252"]
    run = CliRunner().invoke(link, list(map(str, words)), catch_exceptions=False)
    assert run.exit_code == 0
    found = rows(tmp_path / "out" / "links.parquet", "left_id, right_id")
    assert ("a7", "b7") in found


WORDS = (
    ("where", "order", "select", "left", "end", "primary"),
    ("l", "r", "a", "b", "first", "stratum", "match_weight"),
    ("source_number", "name_words", "names_sorted", "is_new", "имя", "№"),
)


@pytest.mark.parametrize("words", WORDS)
def test_a_column_may_have_any_name(tmp_path, words):
    """Words of SQL, names of our own columns, and letters of other alphabets."""
    rng = random.Random(2)
    sides = [people_of(rng, 120, prefix) for prefix in ("a", "b")]
    for side in sides:
        for n, each in enumerate(side):
            del each["memo"], each["postcode"]
            for place, word in enumerate(words):
                code, text = f"AB{n % 60 + 1} {n % 9}AA", f"plot {n % 70} mill {n % 9}"
                each[word] = code if place % 2 else text
    paths = [write(tmp_path / f"{n}.csv", side) for n, side in enumerate(sides)]
    result = link_tables(
        *paths, id_column="ref", keep_state=True, explain=True, out=tmp_path / "out"
    )
    assert len(result.specification.fields) >= len(words)
    assert result.link_count > 60
    late = [each | {"ref": f"z{n}"} for n, each in enumerate(sides[1][:5])]
    added = add_records(
        result.folder, [None, write(tmp_path / "late.csv", late)],
        id_columns=["ref", "ref"], out=tmp_path / "next",
    )  # fmt: skip
    assert added.report["added"] == {"left": 0, "right": 5}


def test_nothing_linked_says_what_that_means(tmp_path):
    rng = random.Random(3)
    rows_ = people_of(rng, 400, "a", memo=lambda n: "")
    path = write(tmp_path / "once.csv", rows_)
    result = link_tables(path, id_column="ref", keep_state=True, out=tmp_path / "base")
    assert result.link_count == 0
    assert any("weights are guesses" in each for each in result.report["warnings"])


def test_to_differ_is_never_evidence_for_a_match(tmp_path):
    """Even where no two records differed when the model was trained."""
    rng = random.Random(6)
    sides = [people_of(rng, 300, prefix) for prefix in ("a", "b")]
    for side in sides:
        for each in side:
            each["postcode"] = "CF10 1AA"
    paths = [write(tmp_path / f"{n}.csv", side) for n, side in enumerate(sides)]
    result = link_tables(*paths, id_column="ref", out=tmp_path / "out")
    model = json.loads((result.folder / "model.json").read_text("utf-8"))
    for comparison in model["comparisons"]:
        last = comparison["comparison_levels"][-1]
        assert last["m_probability"] <= last["u_probability"], comparison


def test_the_order_of_dates_is_found_for_a_specification_by_hand(tmp_path):
    rng = random.Random(7)
    left = people_of(rng, 300, "a")
    right = [
        each | {"ref": f"b{n}", "dob": "{1}/{2}/{0}".format(*each["dob"].split("-"))}
        for n, each in enumerate(left)
    ]
    paths = [write(tmp_path / f"{n}.csv", side) for n, side in enumerate((left, right))]
    fields = [
        ("surname", "surname"),
        ("forename", "first_name"),
        ("date_of_birth", "dob"),
    ]
    spec = LinkSpecification("link", tuple(LinkField(m, c, c) for m, c in fields))
    result = link_tables(
        *paths, id_column="ref", specification=spec, out=tmp_path / "out"
    )
    (born,) = [f for f in result.specification.fields if f.meaning == "date_of_birth"]
    assert (born.left_dates, born.right_dates) == ("day-first", "month-first")
    assert result.link_count == 300


def test_codes_kept_as_numbers_with_a_point_are_codes(tmp_path):
    numbers = [4010232100 + 7 * n for n in range(200)]
    left = [{"ref": f"a{n}", "account_ref": str(n_)} for n, n_ in enumerate(numbers)]
    right = [{"ref": f"b{n}", "account_ref": f"{n_}.0"} for n, n_ in enumerate(numbers)]
    paths = [write(tmp_path / f"{n}.csv", side) for n, side in enumerate((left, right))]
    result = link_tables(*paths, id_column="ref", out=tmp_path / "out")
    assert result.link_count == 200


def test_a_folder_that_cannot_be_made_is_refused(files):
    with pytest.raises(BadInput, match="Nothing can be written"):
        link_tables(*files, id_column="ref", out=Path("/proc/none/out"))


def test_repeated_ids_are_named_where_another_column_is_called_id(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("ref,id,surname\nr1,1,Ash\nr1,2,Ash\nr2,3,Cole\n")
    with pytest.raises(BadInput, match="repeats 1 ids, for example r1"):
        link_tables(path, id_column="ref", out=tmp_path / "out")


def test_a_household_is_not_taken_for_one_person(tmp_path):
    """Three of each household share surname, address and postcode; a tenth repeat."""
    rng = random.Random(3)
    rows = []
    for house in range(700):
        surname = rng.choice(SURNAMES) + rng.choice(["", "s", "son", "er"])
        home = {
            "address": f"{rng.randint(1, 900)} {rng.choice(SURNAMES)} Road",
            "postcode": f"EX{rng.randint(1, 20)} {rng.randint(1, 9)}{rng.choice('ABDEFG')}"
            f"{rng.choice('ABDEFG')}",
        }
        for place in range(3):
            born = f"{rng.randint(1940, 2009)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
            forename = rng.choice(FORENAMES) + rng.choice(["", "e", "ie", "a", "lyn"])
            one = {"forename": forename, "surname": surname, "dob": born}
            for _ in range(1 + (rng.random() < 0.1)):
                who = f"{house}-{place}"
                rows.append({"ref": len(rows), "who": who} | one | home)
    path = write(tmp_path / "a.csv", rows)
    result = link_tables(path, id_column="ref", truth_column="who", out=tmp_path / "o")
    assert result.report["truth"]["f1"] > 0.85
