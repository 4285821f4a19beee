"""Model files go both ways: Splink's run here, ours run in Splink, at one weight."""

from __future__ import annotations

import json
import logging

import duckdb
import pytest
from click.testing import CliRunner
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink import comparison_library as cl

from staithe.base.errors import BadInput
from staithe.linkage.cli import link
from staithe.linkage.link import link_tables
from staithe.linkage.model_link import link_by_model, read_model


pytestmark = pytest.mark.data


@pytest.fixture
def fake(shared_data):
    return shared_data / "linkage" / "fake_1000.csv"


def splink(con, model):
    api = DuckDBAPI(connection=con)
    frame = api.register("people", dataset_display_name="people")
    return Linker([frame], model, log_level=logging.ERROR)


@pytest.fixture
def trained(fake, tmp_path):
    """A model that Splink trained and wrote, and its own prediction."""
    con = duckdb.connect()
    con.execute(f"CREATE TABLE people AS FROM read_csv('{fake}', all_varchar=true)")
    linker = splink(
        con,
        SettingsCreator(
            link_type="dedupe_only",
            comparisons=[
                cl.NameComparison("first_name").configure(term_frequency_adjustments=True),
                cl.NameComparison("surname"),
                cl.DateOfBirthComparison("dob", input_is_string=True),
                cl.EmailComparison("email"),
            ],
            blocking_rules_to_generate_predictions=[
                block_on("first_name"), block_on("surname"), block_on("dob"),
            ],
            retain_matching_columns=False,
        ),
    )  # fmt: skip
    linker.training.estimate_u_using_random_sampling(max_pairs=1e5, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("dob"))
    path = tmp_path / "model.json"
    linker.misc.save_model_to_json(str(path))
    name = linker.inference.predict(warning_mode="never").physical_name
    rows = con.execute(
        f"SELECT unique_id_l, unique_id_r, match_weight FROM {name}"
    ).fetchall()
    return path, {frozenset((a, b)): weight for a, b, weight in rows}


def pairs_of(run):
    rows = duckdb.sql(
        f"SELECT left_id, right_id, match_weight FROM '{run.folder}/pairs.parquet'"
    ).fetchall()
    return {frozenset((a, b)): weight for a, b, weight in rows}


def check_same(found, expected):
    """The same pairs, at weights that differ by a millionth at most."""
    assert len(found) == len(expected)
    apart = [abs(found[pair] - weight) for pair, weight in expected.items()]
    assert max(apart) <= 1e-6


def test_a_model_that_splink_trained_gives_splinks_pairs_and_weights(
    fake, trained, tmp_path
):
    path, expected = trained
    run = link_by_model(
        fake, model=read_model(path), id_column="unique_id", out=tmp_path / "out",
        all_pairs=True,
    )  # fmt: skip
    assert run.report["executor"] == "compiled"
    check_same(pairs_of(run), expected)
    assert len(expected) > 1000
    # dob is the block that the model was trained in, so nothing trained dob itself.
    assert run.report["warnings"][0].startswith("dob has levels that were not trained")


def test_a_condition_that_only_sql_knows_runs_in_splink_with_the_same_result(
    fake, trained, tmp_path
):
    path, expected = trained
    model = read_model(path)
    level = model["comparisons"][3]["comparison_levels"][2]
    assert "regexp_extract" in level["sql_condition"]
    level["sql_condition"] += " AND length(email_l || email_r) > 0"
    run = link_by_model(
        fake, model=model, id_column="unique_id", out=tmp_path / "out", all_pairs=True
    )
    assert run.report["executor"] == "splink"
    check_same(pairs_of(run), expected)


def test_our_model_file_runs_in_splink_on_the_records_that_were_kept(fake, tmp_path):
    result = link_tables(
        fake, id_column="unique_id", ignore=["cluster"], out=tmp_path / "out",
        all_pairs=True, keep_state=True,
    )  # fmt: skip
    con = duckdb.connect()
    con.execute(f"ATTACH '{result.folder}/state.duckdb' AS kept (READ_ONLY)")
    con.execute("CREATE TABLE people AS FROM kept.records")
    model = json.loads((result.folder / "model.json").read_text())
    name = splink(con, model).inference.predict(warning_mode="never").physical_name
    found = {
        frozenset(pair): weight
        for *pair, weight in con.execute(
            f"SELECT a.id, b.id, match_weight FROM {name} JOIN people a ON a.rid = rid_l"
            " JOIN people b ON b.rid = rid_r"
        ).fetchall()
    }
    check_same(pairs_of(result), found)


def test_the_command_line_runs_a_model_and_refuses_what_does_not_go_with_it(
    fake, trained, tmp_path
):
    arguments = [str(fake), "--id", "unique_id", "--model", str(trained[0])]
    run = CliRunner()
    done = run.invoke(link, [*arguments, "--out", str(tmp_path / "a"), "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.output)
    assert report["links"] > 500
    assert {each.name for each in (tmp_path / "a").iterdir()} == {
        "links.parquet", "clusters.parquet", "report.json",
    }  # fmt: skip
    told = run.invoke(
        link, [*arguments, "--out", str(tmp_path / "b"), "--threshold", "0.9"]
    )
    assert "from a match weight of 3.17" in told.output.replace("\n", " ")
    assert "Note: dob" in told.output
    refused = run.invoke(
        link, [*arguments, "--out", str(tmp_path / "c"), "--keep-state"]
    )
    assert isinstance(refused.exception, BadInput)


@pytest.mark.parametrize(
    ("text", "word"),
    [("{", "not valid JSON"), ("[]", "not a Splink model"), (None, "cannot be read")],
)
def test_a_file_that_is_no_model_is_refused(tmp_path, text, word):
    path = tmp_path / "model.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadInput, match=word):
        read_model(path)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"link_type": "link_only"}, "does not suit 1 file"),
        (
            {"blocking_rules_to_generate_predictions": ["l.colour = r.colour"]},
            "does not suit the files",
        ),
    ],
)
def test_a_model_that_does_not_suit_the_files_is_refused_and_leaves_nothing(
    fake, trained, tmp_path, change, word
):
    model = read_model(trained[0]) | change
    with pytest.raises(BadInput, match=word):
        link_by_model(fake, model=model, id_column="unique_id", out=tmp_path / "out")
    with pytest.raises(BadInput, match="between 0 and 1"):
        link_by_model(
            fake,
            model=model,
            id_column="unique_id",
            out=tmp_path / "out",
            threshold=1.0,
        )
    assert not (tmp_path / "out").exists()


def test_a_rarity_of_a_column_that_is_not_there_is_refused(fake, trained, tmp_path):
    model = read_model(trained[0])
    model["comparisons"][0]["comparison_levels"][1]["tf_adjustment_column"] = "colour"
    with pytest.raises(BadInput, match="'colour', which the left file"):
        link_by_model(fake, model=model, id_column="unique_id", out=tmp_path / "out")
