"""Two bodies and a linker: no party sees what it must not, and the links are right."""

from __future__ import annotations

import csv
import json
import random
import secrets

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from names import FORENAMES, SURNAMES
from staithe.base.errors import BadInput
from staithe.linkage.link import link_tables
from staithe.linkage.private.attack import attack
from staithe.linkage.private.cli import private
from staithe.linkage.private.crossing import check_may_cross, read_crossing
from staithe.linkage.private.holder import collect, prepare
from staithe.linkage.private.linker import link_tokens
from staithe.linkage.private.rehearsal import rehearse


PEOPLE = 400


def people(seed=5):
    """Return two lists of records of mostly the same people, in other words."""
    rng = random.Random(seed)
    left, right = [], []
    for number in range(PEOPLE):
        forename = rng.choice(FORENAMES) + rng.choice(["", "ette", "ie", "a", "lyn"])
        surname = rng.choice(SURNAMES) + rng.choice(["", "son", "er", "field", "worth"])
        year, month, day = (
            rng.randint(1930, 2015),
            rng.randint(1, 12),
            rng.randint(1, 28),
        )
        post = f"LS{rng.randint(1, 28)} {rng.randint(1, 9)}{rng.choice('ABDE')}{rng.choice('FGHJ')}"
        left.append(
            [f"a{number}", forename, surname, f"{day:02}/{month:02}/{year}", post]
        )
        if number % 4:
            if number % 7 == 0:
                surname = surname[:2] + surname[3:]
            if number % 9 == 0:
                post = f"M{rng.randint(1, 20)} 1AA"
            right.append(
                [
                    f"b{number}",
                    surname.upper(),
                    forename.title(),
                    f"{year}-{month:02}-{day:02}",
                    post,
                ]
            )
    rng.shuffle(right)
    return left, right


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bodies")
    left, right = people()
    for name, head, rows in (
        ("a", ["pupil", "first_name", "last_name", "dob", "postcode"], left),
        (
            "b",
            ["patient", "family_name", "given_name", "birth_date", "post_code"],
            right,
        ),
    ):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([head, *rows])
    return folder / "a.csv", folder / "b.csv"


def make(files, folder, key=None, mode="composite", **more):
    key = key or secrets.token_bytes(32)
    return [
        prepare(
            path, id_column=column, key=key, out=folder / path.stem, mode=mode, **more
        )
        for path, column in zip(files, ("pupil", "patient"), strict=False)
    ]


@pytest.fixture(scope="module")
def two(files, tmp_path_factory):
    return make(files, tmp_path_factory.mktemp("two"))


def matched(prepared, result):
    """Return the linked pairs of ids, by way of what each holder kept."""
    one, other = (
        {
            f"{k:016x}": i
            for k, i in zip(*pq.read_table(p.kept).to_pydict().values(), strict=True)
        }
        for p in prepared
    )
    links = pq.read_table(result.links).to_pydict()
    return {
        (one[a], other[b])
        for a, b in zip(links["left_id"], links["right_id"], strict=True)
    }


def right_share(pairs):
    true = {(f"a{n}", f"b{n}") for n in range(PEOPLE) if n % 4}
    return 2 * len(pairs & true) / (len(pairs) + len(true))


@pytest.mark.parametrize("mode", ["composite", "fields"])
def test_two_bodies_are_linked_by_tokens_alone(files, tmp_path, mode):
    prepared = make(files, tmp_path, mode=mode)
    crossings = [read_crossing(p.folder / "crossing") for p in prepared]
    result = link_tokens(*crossings, out=tmp_path / "out", inside=mode == "fields")
    assert right_share(matched(prepared, result)) > 0.98
    assert result.report["records"] == {"left": 400, "right": 300}
    assert json.loads(result.report_json.read_text())["links"] == result.link_count


def test_each_body_gets_back_its_own_rows_and_the_same_names_for_the_same_people(
    two, tmp_path
):
    result = link_tokens(*(p.crossing for p in two), out=tmp_path / "out")
    names = []
    for prepared, name in zip(two, ("left", "right"), strict=True):
        out = tmp_path / f"{name}.parquet"
        collect(prepared.kept, result.folder / f"for_{name}.parquet", out=out)
        table = pq.read_table(out).to_pydict()
        names.append(dict(zip(table["id"], table["pseudonym"], strict=True)))
    assert len(names[0]) == 400
    assert len(names[1]) == 300
    for a, b in matched(two, result):
        assert names[0][a] == names[1][b]
    common = set(names[0].values()) & set(names[1].values())
    assert len(common) == result.link_count
    with pytest.raises(BadInput, match="does not fit"):
        collect(two[0].kept, result.folder / "for_right.parquet", out=tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_nothing_that_crosses_or_comes_of_it_holds_an_identifier(files, two, tmp_path):
    result = link_tokens(
        *(p.crossing for p in two), out=tmp_path / "out", all_pairs=True
    )
    seen = [*result.folder.iterdir()]
    for prepared in two:
        seen += prepared.crossing.folder.iterdir()
    words = {
        cell
        for path in files
        for row in csv.reader(path.read_text().splitlines())
        for cell in row[:4]
    }
    words -= {"pupil", "patient", "first_name", "last_name", "dob", "given_name"}
    words = {w.lower() for w in words if len(w) > 4} - {"family_name", "birth_date"}
    con = duckdb.connect()
    for path in seen:
        if path.suffix == ".parquet":
            table = con.execute(f"SELECT * FROM '{path}'").fetchall()
            text = " ".join(str(cell) for row in table for cell in row).lower()
        else:
            text = path.read_text("utf-8").lower()
        assert not {word for word in words if f" {word} " in f" {text} "}, path.name


def test_the_same_file_under_two_keys_has_no_token_in_common(files, tmp_path):
    first, second = (make(files[:1], tmp_path / n)[0] for n in ("one", "two"))
    tokens = [
        set(pq.read_table(p.crossing.tokens)["token"].to_pylist())
        for p in (first, second)
    ]
    assert tokens[0]
    assert not tokens[0] & tokens[1]
    with pytest.raises(BadInput, match="different keys"):
        link_tokens(first.crossing, second.crossing, out=tmp_path / "out")


def test_the_same_file_made_twice_shares_tokens_and_no_row_key_nor_padding(
    files, tmp_path
):
    key = bytes(range(32))
    first, second = (make(files[:1], tmp_path / n, key=key)[0] for n in ("one", "two"))
    tables = [pq.read_table(p.crossing.tokens).to_pydict() for p in (first, second)]
    assert not set(tables[0]["row_key"]) & set(tables[1]["row_key"])
    shared = set(tables[0]["token"]) & set(tables[1]["token"])
    assert 0 < len(shared) < len(set(tables[0]["token"]))


def test_no_token_is_shared_where_everyone_is_held_once(two):
    for prepared in two:
        table = pq.read_table(prepared.crossing.tokens)
        counts = table.group_by(["kind", "token"]).aggregate([("row_key", "count")])
        assert max(counts["row_key_count"].to_pylist()) == 1
        check_may_cross(prepared.crossing, bound=1)


def test_the_door_refuses_tokens_of_single_fields(files, tmp_path):
    prepared = make(files, tmp_path, mode="fields")
    for each in prepared:
        with pytest.raises(BadInput, match="single fields"):
            check_may_cross(each.crossing)
    with pytest.raises(BadInput, match="trusted linker"):
        link_tokens(*(p.crossing for p in prepared), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def rewritten(prepared, folder, change):
    """Return a copy of a crossing whose table of tokens was changed."""
    folder.mkdir()
    for path in prepared.crossing.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    table = pq.read_table(folder / "tokens.parquet").to_pydict()
    change(table)
    kinds = pa.array(table["kind"], pa.uint8())
    columns = {k: pa.array(table[k], pa.uint64()) for k in ("row_key", "token")}
    pq.write_table(pa.table(columns | {"kind": kinds}), folder / "tokens.parquet")
    return read_crossing(folder)


def give_all_one_token(table):
    table["token"] = [
        7 if kind == 0 else t
        for t, kind in zip(table["token"], table["kind"], strict=True)
    ]


def name_a_strange_kind(table):
    table["kind"][0] = 200


def drop_one_near_token(table):
    kind = max(set(table["kind"]), key=table["kind"].count)
    place = table["kind"].index(kind)
    for column in table.values():
        del column[place]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (give_all_one_token, "how often it occurs"),
        (name_a_strange_kind, "do not lead to"),
        (drop_one_near_token, "how long a value is"),
    ],
)
def test_the_door_reads_the_tokens_and_believes_no_manifest(
    two, tmp_path, change, sentence
):
    crossing = rewritten(two[0], tmp_path / "changed", change)
    with pytest.raises(BadInput, match=sentence):
        check_may_cross(crossing)
    with pytest.raises(BadInput, match=sentence):
        link_tokens(crossing, two[1].crossing, out=tmp_path / "out")


@pytest.mark.parametrize("bound", [0, 6])
def test_no_bound_beyond_five_is_taken(two, files, tmp_path, bound):
    with pytest.raises(BadInput, match="1 to 5 rows"):
        check_may_cross(two[0].crossing, bound=bound)
    with pytest.raises(BadInput, match="1 to 5 rows"):
        prepare(
            files[0], id_column="pupil", key=bytes(32), out=tmp_path / "x", bound=bound
        )


def test_a_folder_that_is_not_whole_is_refused(two, tmp_path):
    with pytest.raises(BadInput, match="no folder of tokens"):
        read_crossing(tmp_path)
    for name, text in (
        ("manifest.json", "{"),
        ("manifest.json", '{"format": 2}'),
        ("manifest.json", "[]"),
        ("manifest.json", '{"format": 1, "mode": "clear", "kinds": [], "fields": []}'),
        ("tokens.parquet", "x"),
        ("rows.parquet", "x"),
    ):
        folder = tmp_path / secrets.token_hex(4)
        folder.mkdir()
        for path in two[0].crossing.folder.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        (folder / name).write_text(text)
        with pytest.raises(BadInput):
            read_crossing(folder)


def test_rows_that_are_missing_are_noticed(two, tmp_path):
    crossing = rewritten(two[0], tmp_path / "changed", lambda table: None)
    rows = pq.read_table(crossing.rows)
    pq.write_table(rows.slice(1), crossing.rows)
    with pytest.raises(BadInput, match="not whole"):
        link_tokens(crossing, two[1].crossing, out=tmp_path / "out")


def test_folders_that_do_not_fit_are_not_linked(files, two, tmp_path):
    fields = make(files[:1], tmp_path, mode="fields")[0]
    with pytest.raises(BadInput, match="composite ones"):
        link_tokens(fields.crossing, two[1].crossing, out=tmp_path / "out")
    with pytest.raises(BadInput, match="link two files"):
        link_tokens(two[0].crossing, out=tmp_path / "out")


def test_a_file_without_two_fields_makes_no_composite_tokens(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("id,first_name\n1,anna\n2,omar\n")
    with pytest.raises(BadInput, match="No two fields"):
        prepare(path, id_column="id", key=bytes(32), out=tmp_path / "out")
    path.write_text("id,first_name,dob\n1,,\n2,,\n")
    with pytest.raises(BadInput, match=r"link|empty"):
        prepare(path, id_column="id", key=bytes(32), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_two_columns_that_hold_the_same_make_no_composite_tokens(tmp_path):
    path = tmp_path / "x.csv"
    rows = [f"{n},{n % 977:06}A,{n % 977:06}A,1{n % 89:02}0-01-01" for n in range(900)]
    path.write_text("id,hospital_no,chi_no,dob\n" + "\n".join(rows) + "\n")
    with pytest.raises(BadInput, match="hold the same"):
        prepare(path, id_column="id", key=bytes(32), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    made = prepare(
        path, id_column="id", key=bytes(32), out=tmp_path / "out", ignore=["chi_no"]
    )
    assert made.crossing.manifest.kinds


def test_a_file_without_names_is_attacked_by_its_other_fields(tmp_path):
    path = tmp_path / "x.csv"
    rows = [
        f"{n},LS{n % 7} {n % 9}AA,19{n % 80 + 10}-01-0{n % 9 + 1}" for n in range(400)
    ]
    path.write_text("id,postcode,dob\n" + "\n".join(rows) + "\n")
    words = ["attack", str(path), "--id", "id", "--mode", "fields", "--json"]
    ran = CliRunner().invoke(private, words)
    found = json.loads(ran.output)
    assert {each["field"] for each in found} == {"postcode", "date_of_birth"}
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "version: 1\nkind: dedupe\nfields:\n- {meaning: postcode, left: postcode}\n"
    )
    ran = CliRunner().invoke(private, [*words, "--spec", str(spec)])
    assert {each["field"] for each in json.loads(ran.output)} == {"postcode"}


def test_the_attack_recovers_names_from_fields_and_none_from_composites(
    files, tmp_path
):
    single, bound = (
        make(files[:1], tmp_path / "f", mode="fields"),
        make(files[:1], tmp_path / "c"),
    )
    loud = attack(single[0], files[0], id_column="pupil")
    assert {each.field: each.gain > 0.1 for each in loud} == {
        "forename": True,
        "surname": True,
    }
    quiet = attack(bound[0], files[0], id_column="pupil")
    assert {each.attack for each in quiet} == {
        "frequency",
        "pattern, the whole file known",
    }
    assert max(each.gain for each in quiet if each.attack == "frequency") < 0.001


def test_the_pattern_attack_finds_whoever_alone_shares_tokens_in_their_way(tmp_path):
    """Three of one name and birthday among pairs: only they have three sharers."""
    path = tmp_path / "x.csv"
    rows = [f"{n},anna,smith,1990-01-01,LS{n} 1AA" for n in range(1, 4)]
    rows += [f"{n},omar,khan{n // 2},1980-01-01,M{n} 1AA" for n in range(4, 60)]
    rows += ["90,lucy,brown,,"]
    path.write_text("id,first_name,surname,dob,postcode\n" + "\n".join(rows) + "\n")
    made = prepare(path, id_column="id", key=bytes(32), out=tmp_path / "t", bound=5)
    found = attack(made, path, id_column="id")
    pattern = [each for each in found if each.attack.startswith("pattern")]
    assert {each.field for each in pattern} == {"forename", "surname"}
    assert all(0 <= each.right < 0.2 for each in pattern)


def test_a_rehearsal_scores_what_privacy_costs(files, tmp_path):
    for path, side in zip(files, "ab", strict=True):
        rows = list(csv.reader(path.read_text().splitlines()))
        out = tmp_path / f"{side}.csv"
        with out.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "person", *rows[0][1:]])
            writer.writerows([r[0], r[0][1:], *r[1:]] for r in rows[1:])
    paths = tmp_path / "a.csv", tmp_path / "b.csv"
    clear = link_tables(
        *paths, id_column="id", truth_column="person", out=tmp_path / "clear"
    )
    for mode in ("fields", "composite"):
        result = rehearse(
            *paths,
            mode=mode,
            id_column="id",
            truth_column="person",
            out=tmp_path / mode,
        )
        truth = result.report["truth"]
        assert truth["f1"] > clear.report["truth"]["f1"] - 0.01
        links = pq.read_table(result.links).to_pydict()
        right = sum(
            a[1:] == b[1:]
            for a, b in zip(links["left_id"], links["right_id"], strict=True)
        )
        assert truth["precision"] == pytest.approx(right / len(links["left_id"]))
        assert "person" not in result.specification.columns(0)
        assert "Over all 300 true pairs" in result.report_html.read_text()


@pytest.mark.data
@pytest.mark.long
def test_tokens_cost_no_accuracy_on_people(shared_data, tmp_path):
    folder = shared_data / "linkage"
    paths = folder / "uk20k_a.parquet", folder / "uk20k_b.parquet"
    given = {"id_column": "unique_id", "truth_column": "cluster"}
    clear = link_tables(*paths, out=tmp_path / "clear", **given).report["truth"]["f1"]
    for mode, cost in (("fields", 0.002), ("composite", 0.005)):
        result = rehearse(*paths, mode=mode, out=tmp_path / mode, **given)
        assert result.report["truth"]["f1"] >= clear - cost


@pytest.mark.data
@pytest.mark.long
def test_under_one_name_in_a_thousand_is_recovered_from_what_crosses(
    shared_data, tmp_path
):
    path = shared_data / "linkage" / "uk20k_a.parquet"
    made = prepare(
        path,
        id_column="unique_id",
        key=bytes(32),
        out=tmp_path / "t",
        ignore=["cluster"],
    )
    for known in (path, path.with_name("uk20k_b.parquet")):
        found = attack(made, path, id_column="unique_id", population=known)
        assert max(each.gain for each in found) < 0.001


def test_two_nodes_link_on_the_command_line(files, tmp_path):
    """Health and schools hold the key; the linker is given two folders and no key."""

    def run(*words, code=0):
        done = CliRunner().invoke(private, [str(w) for w in words])
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    ring = tmp_path / "ring"
    for name in ("schools", "health"):
        run("keys", "holder", tmp_path / f"{name}.key")
    publics = [("--for", tmp_path / f"{n}.pub") for n in ("schools", "health")]
    run("keys", "new", "housing", "--ring", ring, *publics[0], *publics[1])
    for name, path, column in zip(
        ("schools", "health"), files, ("pupil", "patient"), strict=True
    ):
        sealed = next(
            p
            for p in sorted(ring.rglob("*.sealed"))
            if opens(p, tmp_path / f"{name}.key")
        )
        run(
            "prepare", path, "--id", column, "--holder", tmp_path / f"{name}.key",
            "--key", sealed, "--out", tmp_path / name,
        )  # fmt: skip
        run("check", tmp_path / name / "crossing")
    out = tmp_path / "linked"
    crossings = [tmp_path / n / "crossing" for n in ("schools", "health")]
    report = json.loads(run("link", *crossings, "--out", out, "--json"))
    assert report["links"] > 280
    told = run("link", *crossings, "--out", out)
    assert "for_left.parquet" in told
    run(
        "collect", tmp_path / "schools" / "kept" / "rows.parquet",
        out / "for_left.parquet", "--out", tmp_path / "mine.parquet",
    )  # fmt: skip
    assert pq.read_table(tmp_path / "mine.parquet").num_rows == 400
    assert "Gain" in run("attack", files[0], "--id", "pupil")
    body = run(
        "attack", files[0], "--id", "pupil", "--mode", "fields", "--json", code=1
    )
    assert json.loads(body)[0]["gain"] > 0.1
    assert "Sealed" in run("keys", "rotate", "housing", "--ring", ring, *publics[0])
    assert "Destroyed 1" in run("keys", "destroy", "housing", "--ring", ring)


def opens(path, holder):
    from staithe.linkage.private.custody import open_sealed, read_private, read_sealed

    try:
        open_sealed(read_sealed(path), read_private(holder))
    except BadInput:
        return False
    return True
