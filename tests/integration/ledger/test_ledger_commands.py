"""`staithe ledger` exports and verifies, answers in JSON, and exits as promised."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from staithe.base.errors import AnswerIsNo, BadInput
from staithe.ledger import checkpoint, keys, queries, receipt
from staithe.ledger.cli import ledger
from staithe.ledger.models import Checkpoint


@pytest.fixture
def run():
    """Return what runs a command and raises what it raises."""

    def invoke(*arguments: object):
        words = [str(argument) for argument in arguments]
        return CliRunner().invoke(ledger, words, catch_exceptions=False)

    return invoke


@pytest.fixture
def exported(act, run, tmp_path, db):
    """Return an export with bodies, with checkpoints at 2 and 5."""
    for number in range(5):
        act(rows=number, word="hush")
        if number == 1:
            run("export", "--out", tmp_path / "first")
    path = tmp_path / "log.jsonl"
    run("export", "--out", path, "--with-bodies")
    return path


def test_an_export_without_bodies_says_nothing_of_the_events(act, run, tmp_path, db):
    act(by="person:P-7", word="hush")
    out = tmp_path / "log.jsonl"
    answer = json.loads(run("export", "--out", out, "--json").output)
    assert answer["entries"] == 1
    assert checkpoint.read_verifier_key(answer["key"]) == keys.signing_key().verifier
    text = out.read_text("utf-8")
    for word in ("hush", "P-7", "thing", "salt"):
        assert word not in text
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["log.jsonl"]


def test_an_export_verifies_with_the_key_that_was_printed(exported, run):
    printed = run("export", "--out", exported, "--with-bodies").output
    key = printed.split("--key '")[1].split("'")[0]
    result = run("verify", exported, "--key", key)
    assert result.exit_code == 0
    assert "Verified: 5 entries of the log" in result.stdout
    assert "It holds what each entry says, and every commitment holds." in result.stdout
    assert "2 signed checkpoints" in result.stdout
    assert "Warning" not in result.output


def test_a_key_may_come_from_a_file_and_without_one_there_is_a_warning(
    exported, run, tmp_path
):
    file = tmp_path / "ledger.vkey"
    file.write_text(f"{keys.signing_key().verifier}\n", "utf-8")
    assert "Warning" not in run("verify", exported, "--key", file).output
    unpinned = run("verify", exported)
    assert unpinned.exit_code == 0
    assert "Warning: The key came with the copy itself" in unpinned.stderr


def test_the_answer_in_json(exported, run):
    answer = json.loads(run("verify", exported, "--json").stdout)
    assert answer["verified"] is True
    assert (answer["size"], answer["bodies"], answer["checkpoints"]) == (5, 5, 2)
    assert answer["root"] == bytes(Checkpoint.objects.get(size=5).root).hex()


def test_a_changed_export_fails_and_says_where(exported, run):
    exported.write_text(exported.read_text("utf-8").replace('"rows":3', '"rows":4'))
    with pytest.raises(AnswerIsNo, match="Entry 3 was changed") as caught:
        run("verify", exported)
    assert caught.value.exit_code == 1
    result = CliRunner().invoke(ledger, ["verify", str(exported), "--json"])
    assert json.loads(result.stdout)["verified"] is False
    assert "Entry 3" in json.loads(result.stdout)["problem"]


def test_a_kept_checkpoint_is_compared(exported, run, tmp_path):
    kept = tmp_path / "kept"
    kept.write_text(Checkpoint.objects.get(size=2).text, "utf-8")
    assert run("verify", exported, "--checkpoint", kept).exit_code == 0
    other = checkpoint.TreeHead(keys.signing_key().name, 2, bytes(32))
    kept.write_text(checkpoint.sign(other, key=keys.signing_key()), "utf-8")
    with pytest.raises(AnswerIsNo, match="forked"):
        run("verify", exported, "--checkpoint", kept)


@pytest.mark.parametrize("arguments", [["--key", "mistyped"], ["--key", "a+b+c"]])
def test_a_mistyped_key_is_bad_input(exported, run, arguments):
    with pytest.raises(BadInput) as caught:
        run("verify", exported, *arguments)
    assert caught.value.exit_code == 2


def test_an_export_that_cannot_be_written_leaves_nothing(act, run, tmp_path, db):
    act()
    (tmp_path / "file").write_text("kept")
    for out in (tmp_path / "absent" / "x", tmp_path / "file" / "x"):
        with pytest.raises(BadInput, match="Cannot write"):
            run("export", "--out", out)
    assert (tmp_path / "file").read_text() == "kept"
    assert {path.name for path in tmp_path.iterdir()} <= {"file", "home"}


def test_verification_needs_no_django_and_no_home(exported, tmp_path):
    """An auditor's laptop has the package and the file, and nothing else."""
    script = (
        "import sys\n"
        "from staithe.ledger.verify import verify\n"
        "print(verify(sys.argv[1]).size)\n"
        "assert not [name for name in sys.modules if name.startswith('django')]\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, str(exported)],
        env={"PATH": "/usr/bin:/bin"},
        cwd=tmp_path / "home",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.stdout, result.stderr) == ("5\n", "")


def test_a_log_that_was_signed_empty_is_exported_from_its_start(act, run, tmp_path, db):
    run("export", "--out", tmp_path / "x")
    assert "It has no entries yet." in run("verify", tmp_path / "x").stdout
    act()
    run("export", "--out", tmp_path / "x")
    told = run("verify", tmp_path / "x").stdout
    assert "Verified: 1 entry of the log" in told
    assert "It holds commitments only: nothing was left out or changed" in told
    assert "2 signed checkpoints met" in told
    assert Checkpoint.objects.count() == 2


def test_a_receipt_is_verified_by_the_same_command(act, run, tmp_path, db):
    for _ in range(3):
        event = act()
    path = tmp_path / "receipt.json"
    path.write_text(receipt.to_json(queries.receipt_for(event, at=event.at)), "utf-8")
    result = run("verify", path, "--key", keys.signing_key().verifier)
    assert "event 2 is entry 2 of 3" in result.stdout


def test_a_key_file_that_is_no_text_is_bad_input(exported, run, tmp_path):
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="cannot be read as text"):
        run("verify", exported, "--key", tmp_path / "key")


def staithe(home, *words):
    """Run the command as a person does; return exit code, stdout and stderr."""
    result = subprocess.run(
        [sys.executable, "-m", "staithe", *map(str, words)],
        env={"PATH": "/usr/bin:/bin", "STAITHE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout, result.stderr


def test_exit_codes_and_one_sentence(exported, tmp_path):
    code, out, err = staithe(tmp_path / "new", "ledger", "verify", exported)
    assert (code, err.count("Warning")) == (0, 1)
    code, out, err = staithe(
        tmp_path / "new", "ledger", "export", "--out", tmp_path / "y"
    )
    assert (code, out) == (2, "")
    assert err == "Error: There is no ledger here yet: start with `staithe init`.\n"
    exported.write_bytes(exported.read_bytes()[:-1])
    code, out, err = staithe(tmp_path / "new", "ledger", "verify", exported)
    assert (code, out, err.count("\n")) == (1, "", 1)
    code, out, err = staithe(tmp_path / "new", "ledger", "verify", tmp_path / "absent")
    assert (code, out, err.count("\n")) == (2, "", 1)
