"""The executor gives the answers of Splink 5 on DuckDB: same pairs, rules, weights."""

from __future__ import annotations

import json
import logging
import random

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink import comparison_level_library as cll
from splink import comparison_library as cl

from staithe.base.errors import BadInput
from staithe.linkage.executor import kernel
from staithe.linkage.executor.conditions import Program
from staithe.linkage.executor.executor import Executor
from staithe.linkage.executor.splink_model import open_model
from staithe.linkage.executor.trees import NotKnown


logging.getLogger("splink").setLevel(logging.ERROR)

LETTERS = st.sampled_from("abcdé日ñ -'")
WORDS = st.text(LETTERS, min_size=1, max_size=90) | st.text(min_size=1, max_size=20)


@st.composite
def near(draw):
    """Two strings, often a few edits apart."""
    first = draw(WORDS)
    if draw(st.booleans()):
        return first, draw(WORDS)
    second = list(first)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(second)))
        match draw(st.sampled_from(["add", "drop", "swap", "change"])):
            case "add":
                second.insert(at, draw(LETTERS))
            case "drop" if at < len(second):
                del second[at]
            case "swap" if at + 1 < len(second):
                second[at], second[at + 1] = second[at + 1], second[at]
            case "change" if at < len(second):
                second[at] = draw(LETTERS)
    return first, "".join(second)


CON = duckdb.connect()


def duckdb_says(a, b):
    functions = "jaro_similarity jaro_winkler_similarity levenshtein damerau_levenshtein jaccard"
    parts = ", ".join(f"{name}(a, b)" for name in functions.split())
    sql = f"SELECT {parts} FROM (SELECT ? AS a, ? AS b)"
    return CON.execute(sql, [a, b]).fetchall()[0]


@settings(deadline=None, max_examples=400)
@given(near())
def test_strings_are_compared_as_duckdb_does_to_the_last_bit(pair):
    a, b = (each.replace("\0", "") for each in pair)
    if not a or not b:
        return
    jaro, winkler, levenshtein, damerau, jaccard = duckdb_says(a, b)
    library = kernel.load_kernel()
    fused = Program(CON, "(SELECT 1)").fused
    x, y = a.encode(), b.encode()
    sides = (x, len(x), y, len(y))
    assert library.st_jaro(*sides) == jaro
    assert library.st_jaro_winkler(*sides, fused) == winkler
    assert library.st_jaccard(*sides) == jaccard
    for most in (0, 1, 2, 5, kernel.MOST_EDITS):
        assert library.st_edits(*sides, most, 0) == min(levenshtein, most + 1)
        assert library.st_edits(*sides, most, 1) == min(damerau, most + 1)


NAMES = [
    "anna", "ann", "hannah", "Ána", "josé", "jose", "smith", "smyth", "schmidt",
    "o'neil", "oneill", "李小龍", "李小", "x" * 70, "x" * 69 + "y", "ab" * 50,
]  # fmt: skip
SCHEMA = pa.schema(
    [
        ("unique_id", pa.int64()), ("first_name", pa.string()), ("surname", pa.string()),
        ("dob", pa.string()), ("postcode", pa.string()), ("amount", pa.float64()),
        ("n", pa.int64()), ("words", pa.list_(pa.string())), ("email", pa.string()),
    ]
)  # fmt: skip


def some_name(rng):
    word = rng.choice(NAMES)
    if rng.random() < 0.3:
        at = rng.randrange(len(word))
        word = word[:at] + rng.choice("abcé") + word[at + 1 :]
    return None if rng.random() < 0.1 else word


def some_row(rng, number):
    day = f"{rng.randint(1980, 1983)}-{rng.randint(1, 13):02d}-{rng.randint(1, 30):02d}"
    return {
        "unique_id": number,
        "first_name": some_name(rng),
        "surname": some_name(rng),
        "dob": None if rng.random() < 0.1 else day,
        "postcode": rng.choice(["AB1 2CD", "AB1 2CE", "AB12CD", "M1 1AA", None]),
        "amount": rng.choice([None, 1.0, 1.01, 2.5, -3.0, 0.0, -0.0, float("nan")]),
        "n": rng.choice([None, 1, 2, 5, 9]),
        "words": None
        if rng.random() < 0.1
        else [rng.choice("abcd") for _ in range(rng.randint(0, 4))],
        "email": rng.choice([None, "a.b@x.com", "ab@x.com", "a.b@y.org", "z@x.com"]),
    }


def with_rarity(comparison):
    return comparison.configure(term_frequency_adjustments=True)


COMPARISONS = [
    with_rarity(cl.ForenameSurnameComparison("first_name", "surname")),
    cl.DateOfBirthComparison("dob", input_is_string=True, invalid_dates_as_null=True),
    cl.PostcodeComparison("postcode"),
    cl.EmailComparison("email"),
    with_rarity(cl.JaroWinklerAtThresholds("surname", [0.92, 0.7])),
    cl.JaroAtThresholds("first_name", [0.9, 0.7]),
    cl.JaccardAtThresholds("first_name", [0.9, 0.5]),
    cl.LevenshteinAtThresholds("surname", [1, 3]),
    cl.DamerauLevenshteinAtThresholds("first_name", [1, 2]),
    cl.ArrayIntersectAtSizes("words", [2, 1]),
    with_rarity(cl.NameComparison("first_name")),
    cl.CustomComparison(
        [
            cll.NullLevel("amount"),
            cll.CustomLevel("amount_l = amount_r"),
            cll.PercentageDifferenceLevel("amount", 0.02),
            cll.AbsoluteDifferenceLevel("amount", 1.5),
            cll.CustomLevel("abs(amount_l - amount_r) > 0.5 * least(amount_l, amount_r)"),
            cll.ElseLevel(),
        ]
    ),
    cl.CustomComparison(
        [
            cll.NullLevel("n"),
            cll.ExactMatchLevel("n"),
            cll.AbsoluteDifferenceLevel("n", 3),
            cll.CustomLevel("NOT (postcode_l = postcode_r)"),
            cll.ColumnsReversedLevel("first_name", "surname"),
            cll.ElseLevel(),
        ]
    ),
    cl.CustomComparison(
        [
            cll.CustomLevel("first_name_l IS NULL AND first_name_r IS NOT NULL"),
            cll.CustomLevel("first_name_l = 'anna' OR n_r IN (1, 2)"),
            cll.CustomLevel(
                "NOT (n_l = 5 OR dob_r > '1981') AND first_name_l <> surname_r"
            ),
            cll.CustomLevel("NOT jaro_winkler_similarity(surname_l, surname_r) < 0.8"),
            cll.CustomLevel("2 < levenshtein(surname_l, surname_r)"),
            cll.CustomLevel("list_contains(words_l, 'a') OR list_has_any(words_l, words_r)"),
            cll.CustomLevel("list_contains(words_r, email_l)"),
            cll.ElseLevel(),
        ]
    ),
]  # fmt: skip
RULES = [
    block_on("first_name"),
    "l.first_name = r.surname and l.surname = r.first_name",
    block_on("substr(dob,1,7)", "postcode"),
    "l.postcode = r.postcode and levenshtein(l.surname, r.surname) <= 2",
    block_on("n", "email"),
]


def splink_model(tables, link_type, comparisons=COMPARISONS, rules=RULES):
    """Return Splink's prediction over tables, and the model it wrote to JSON."""
    con = duckdb.connect()
    for name, rows in tables.items():
        con.register("incoming", pa.Table.from_pylist(rows, schema=SCHEMA))
        con.execute(f"CREATE TABLE {name} AS FROM incoming")
    api = DuckDBAPI(connection=con)
    written = [each.create_comparison_dict("duckdb") for each in comparisons]
    for place, each in enumerate(written):
        each["output_column_name"] = f"c{place}"
    linker = Linker(
        [api.register(name, dataset_display_name=name) for name in tables],
        SettingsCreator(
            link_type=link_type,
            comparisons=written,
            blocking_rules_to_generate_predictions=rules,
            probability_two_random_records_match=0.01,
            retain_matching_columns=False,
        ),
        log_level=logging.ERROR,
    )
    model = json.loads(json.dumps(linker.misc.save_model_to_json()))
    name = linker.inference.predict(warning_mode="never").physical_name
    found = con.execute(
        f"SELECT unique_id_l, unique_id_r, match_weight, match_key FROM {name}"
    ).fetchall()
    return con, model, {(a, b): (w, int(key)) for a, b, w, key in found}


def ours(con, model, names, threads=2):
    executor, view = open_model(con, model, [(n, n) for n in names], threads=threads)
    ids = [row[0] for row in con.execute(f"SELECT unique_id FROM {view}").fetchall()]
    found = {}
    for batch in executor.predict():
        for a, b, weight in zip(batch.left, batch.right, batch.weight, strict=True):
            assert (ids[a], ids[b]) not in found
            found[ids[a], ids[b]] = (float(weight), batch.rule)
    return found


@pytest.mark.parametrize("link_type", ["dedupe_only", "link_only", "link_and_dedupe"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_level_of_splinks_library_gets_splinks_weight(link_type, seed, capsys):
    rng = random.Random(seed)
    rows = [some_row(rng, number) for number in range(160)]
    tables = (
        {"a": rows} if link_type == "dedupe_only" else {"b": rows[:80], "a": rows[80:]}
    )
    con, model, expected = splink_model(tables, link_type)
    found = ours(con, model, tables)
    assert len(expected) > 300
    assert found.keys() == expected.keys()
    for pair, (weight, rule) in expected.items():
        assert found[pair][0] == pytest.approx(weight, abs=1e-9)
        assert found[pair][1] == rule


def test_trained_and_untrained_levels_weigh_what_splink_says():
    rng = random.Random(4)
    rows = [some_row(rng, number) for number in range(120)]
    con, model, _ = splink_model({"a": rows}, "dedupe_only")
    levels = model["comparisons"][0]["comparison_levels"]
    levels[1] |= {"m_probability": 0.7, "u_probability": 0.0004}
    levels[3].pop("m_probability", None)
    levels[4] |= {"tf_adjustment_column": "surname", "tf_adjustment_weight": 0.4,
        "tf_minimum_u_value": 0.2, "disable_tf_exact_match_detection": True,
        "u_probability": 0.01}  # fmt: skip
    name = (
        Linker(
            [DuckDBAPI(connection=con).register("a", dataset_display_name="a")],
            model,
            log_level=logging.ERROR,
        )
        .inference.predict(warning_mode="never")
        .physical_name
    )
    found = ours(con, model, ["a"])
    for a, b, weight in con.execute(
        f"SELECT unique_id_l, unique_id_r, match_weight FROM {name}"
    ).fetchall():
        assert found[a, b][0] == pytest.approx(weight, abs=1e-9)


@pytest.mark.parametrize(
    "condition",
    [
        "soundex(first_name_l || surname_r) = 'A500'",
        "first_name_l = n_r",
        "words_l = words_r",
        "levenshtein(first_name_l, surname_r) <= 40",
        "cos(amount_l - amount_r) > 0.5",
        "first_name_l > first_name_r",
        "unknown_name = 1",
        "(SELECT max(n) FROM a) = n_l + n_r",
        "list_transform(words_l, x -> x || email_r) = words_l",
        "this is not SQL",
    ],
)
def test_what_is_not_known_is_said_so_and_left_to_sql(condition):
    con = duckdb.connect()
    con.register("incoming", pa.Table.from_pylist([], schema=SCHEMA))
    con.execute("CREATE TABLE a AS FROM incoming")
    with pytest.raises((NotKnown, duckdb.Error)):
        Program(con, "a").comparison([condition, "ELSE"])


def a_simple_model():
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "unique_id",
        "probability_two_random_records_match": 0.01,
        "comparisons": [
            {
                "comparison_levels": [
                    {"sql_condition": '"surname_l" = "surname_r"'},
                    {"sql_condition": "ELSE"},
                ]
            }
        ],
        "blocking_rules_to_generate_predictions": ["l.postcode = r.postcode"],
    }


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"comparisons": None}, "not a Splink model"),
        ({"link_type": "other"}, "link_type"),
        ({"probability_two_random_records_match": 2}, "above 0"),
        ({"comparisons": [{"comparison_levels": [{}]}]}, "sql_condition"),
        ({"blocking_rules_to_generate_predictions": []}, "no blocking rules"),
    ],
)
def test_a_file_that_is_no_model_is_refused_in_a_sentence(change, word):
    with pytest.raises(BadInput, match=word):
        open_model(duckdb.connect(), a_simple_model() | change, [("a", "a")])


def test_a_rule_that_would_cross_millions_with_millions_is_refused(monkeypatch):
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE a AS SELECT i AS unique_id, 'M1' AS postcode, 's' AS surname"
        " FROM range(200000) t(i)"
    )
    executor, _ = open_model(con, a_simple_model(), [("a", "a")])
    with pytest.raises(BadInput, match="would compare 40,000,000,000 pairs"):
        list(executor.predict())


def test_only_pairs_of_enough_weight_are_kept_and_threads_change_nothing():
    rng = random.Random(9)
    rows = [some_row(rng, number) for number in range(300)]
    con, model, expected = splink_model({"a": rows}, "dedupe_only")
    assert ours(con, model, ["a"], threads=1) == ours(con, model, ["a"], threads=3)
    executor, _ = open_model(con, model, [("a", "a")])
    weights = np.concatenate([each.weight for each in executor.predict(least=2.0)])
    assert len(weights) == sum(weight >= 2.0 for weight, _ in expected.values())
    assert weights.min() >= 2.0


def test_given_pairs_must_be_of_records_that_there_are():
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE a AS SELECT 1 AS unique_id, 'M1' AS postcode, 's' AS surname"
    )
    executor, _ = open_model(con, a_simple_model(), [("a", "a")])
    weights, levels = executor.score_pairs(np.array([0]), np.array([0]))
    assert levels.tolist() == [[0]]
    assert len(weights) == 1
    with pytest.raises(IndexError):
        executor.score_pairs(np.array([0]), np.array([1]))


def test_patterns_beyond_the_first_table_are_counted_too():
    """Every pair of 60,000 records is a pattern of its own but for a few."""
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE a AS SELECT i AS unique_id, "
        + ", ".join(f"(hash(i, {n}) % 3)::INTEGER AS x{n}" for n in range(18))
        + " FROM range(60000) t(i)"
    )
    levels = [
        [
            {"sql_condition": f"x{n}_l = 0 AND x{n}_r = 0"},
            {"sql_condition": f"x{n}_l = x{n}_r"},
            {"sql_condition": "ELSE"},
        ]
        for n in range(18)
    ]
    executor = Executor(con, "a", (60000,), comparisons=levels, rules=[])
    left = np.arange(30000)
    tally = executor.tally_pairs(left, left + 30000, list(range(18)))
    assert tally.counts.sum() == 30000
    assert len(tally.counts) > 12000
    assert len(np.unique(tally.levels, axis=0)) == len(tally.counts)
    _, vectors = executor.score_pairs(left, left + 30000)
    expected, counts = np.unique(vectors, axis=0, return_counts=True)
    assert np.array_equal(tally.levels, expected)
    assert np.array_equal(tally.counts, counts)
