"""The guide to the facts names every fact and every word, and its example is answered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from staithe.law.advise import advise
from staithe.law.cli import advise as advise_command
from staithe.law.library import load_library


REPOSITORY = Path(__file__).resolve().parents[3]
NAME = "docs/guides/asking-the-law.md"
GUIDE = (REPOSITORY / NAME).read_text("utf-8")
WORDS = load_library().words
NAMED = set(re.findall(r"`([^`\n]+)`", GUIDE))
# What the engine works out itself, and nobody states.
DERIVED = {"kinds", "verdict"}
PARTS = {"bodies", "named"}


def stated():
    """Every fact that may be stated, as the file writes it."""
    for path in WORDS.facts:
        head, _, part = path.partition(".")
        if head not in DERIVED and part not in PARTS:
            yield part or head


def example():
    (block,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    return block


@pytest.mark.parametrize("name", sorted({*stated(), "data_kinds", "answers", "on"}))
def test_every_fact_is_named(name):
    """A fact added to the vocabulary is added to the guide."""
    assert name in NAMED


def test_every_accepted_word_is_named_with_what_it_means():
    """Kinds of body, purposes, classes, routes, and the choices of the other facts."""
    for word in (*WORDS.parties.values(), *WORDS.purposes.values()):
        assert f"| `{word.id}` | {word.text}. {word.more} |" in GUIDE, word.id
    for each in WORDS.classes.values():
        assert f"| `{each.id}` | {', '.join(each.words)} |" in GUIDE, each.id
    assert WORDS.gateways <= NAMED
    choices = [f.values for f in WORDS.facts.values() if isinstance(f.values, tuple)]
    wanted = {word for values in choices for word in values} - set(WORDS.verdicts)
    assert wanted <= NAMED
    assert WORDS.nations <= NAMED


def test_every_word_that_looks_like_one_of_the_vocabulary_is_one():
    """No word stays in the guide that the library has dropped."""
    rows = re.findall(r"^\| `([a-z0-9*-]+)` \|", GUIDE, re.MULTILINE)
    known = {*WORDS.parties, *WORDS.purposes, *WORDS.classes}
    known |= {*stated(), "purpose", "name", "schedules", "data_kinds", "answers", "on"}
    assert set(rows) <= known


def test_the_example_is_answered_and_every_fact_in_it_is_read(tmp_path):
    """What people copy works, and nothing in it is ignored."""
    file = tmp_path / "facts.yaml"
    file.write_text(example(), "utf-8")
    done = CliRunner().invoke(advise_command, [str(file), "--json"])
    assert done.exit_code == 0, done.exception
    answer = yaml.safe_load(done.output)
    assert answer["ignored_facts"] == []
    assert "dea-35-psd" in {g["id"] for g in answer["gateways"]}
    assert advise(yaml.safe_load(example())).on.isoformat() == answer["on"]


def test_the_command_says_where_the_format_is_described():
    """Who reads the help finds the format."""
    said = CliRunner().invoke(advise_command, ["--help"]).output
    assert NAME in said
