"""Asking: what is kept of a question, what never is, and who may ask."""

from __future__ import annotations

import json

import pytest

from factories import BY_BENEFIT, COUNTED, World, population, question
from staithe.analysis import asking
from staithe.analysis.datafile import DataChanged, data_folder
from staithe.analysis.models import Query
from staithe.base.errors import BadInput, Conflict, NotAllowed
from staithe.exchange.queries import project_tables
from staithe.ledger.queries import events
from staithe.sharing import actions as sharing


pytestmark = pytest.mark.django_db


def counts() -> dict[tuple[str, str], int]:
    """Count people by benefit and region in what the holder published."""
    spells = population()["spells"].to_pylist()
    found: dict[tuple[str, str], int] = {}
    for row in spells:
        key = (row["benefit_type"], row["region"])
        found[key] = found.get(key, 0) + 1
    return found


def test_an_answer_is_the_protected_table_and_is_recorded_by_digest(one):
    world, project = one
    query = question(world, project)
    assert query.state == Query.State.DONE
    assert query.result is not None
    assert query.result["csv"].startswith("benefit_type,region,count,status")
    (event,) = events(name="analysis:query:answered")
    body = json.loads(event.body)
    assert body["state"] == "done"
    assert body["grants"] == query.grants == [project.grants.get().reference]
    assert "SELECT" not in event.body, "no SQL in the ledger"
    assert "Northmoor" not in event.body, "no value in the ledger"


def test_the_answer_agrees_with_the_data_where_it_is_shown(one):
    """Each count shown is the true one rounded to five, and none is of few people."""
    world, project = one
    query = question(world, project)
    assert query.result is not None
    true = counts()
    shown = 0
    for cell in query.result["review"]["cells"]:
        key = tuple(cell["key"])
        if cell["value"] is None or None in key or "(other)" in key:
            continue
        shown += 1
        assert cell["value"] % 5 == 0
        assert abs(cell["value"] - true.get(key, 0)) < 5
        assert true.get(key, 0) == 0 or true[key] >= query.policy["threshold"]
    assert shown


def test_hidden_numbers_are_nowhere_in_what_is_kept(one):
    """The row holds no true count of a hidden cell, and not one amount of a person."""
    world, project = one
    grant = project.grants.get()
    assert grant.compiled["output"]["threshold"] == 10
    query = question(
        world,
        project,
        sql="SELECT person, benefit_type, region, weekly_amount FROM benefit_spells",
        table=COUNTED | {"measure": "sum:weekly_amount"},
    )
    assert query.state == Query.State.DONE, query.problem
    hidden = [c for c in query.result["review"]["cells"] if c["value"] is None]
    assert hidden
    sums: dict[tuple[str, str], float] = {}
    for row in population()["spells"].to_pylist():
        key = (row["benefit_type"], row["region"])
        sums[key] = sums.get(key, 0) + row["weekly_amount"]
    kept = json.dumps(query.result)
    numbers = {
        f"{sums[tuple(c['key'])]:.2f}" for c in hidden if tuple(c["key"]) in sums
    }
    largest = {f"{row['weekly_amount']:.2f}" for row in population()["spells"].to_pylist()
               if row["weekly_amount"] > 1000}  # fmt: skip
    assert numbers
    assert largest
    assert not [n for n in numbers | largest if n in kept]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT person, nonsense FROM benefit_spells", "nonsense"),
        ("SELECT * FROM read_csv('/etc/passwd')", "read_csv"),
        ("SELECT person, region FROM", ""),
        ("DROP TABLE benefit_spells", "SELECT"),
        ("SELECT person, benefit_type FROM benefit_spells", "region"),
        ("SELECT person, benefit_type, region FROM hospital_care", "hospital_care"),
    ],
)
def test_a_question_that_is_refused_is_kept_with_its_sentence(one, sql, words):
    """The sentence helps, and holds no path of this machine and no person's value."""
    world, project = one
    query = question(world, project, sql=sql)
    assert query.state == Query.State.REFUSED
    assert words in query.problem
    assert query.result is None
    assert "/" not in query.problem.replace("and/or", "")
    told = query.problem
    values = {str(v) for row in population()["spells"].to_pylist()
              for v in (row["region"], row["weekly_amount"], row["nino"])}  # fmt: skip
    assert not [value for value in values if value and value in told]
    (event,) = events(name="analysis:query:answered")
    assert json.loads(event.body)["state"] == "refused"


def test_a_table_that_cannot_be_published_safely_is_refused(one):
    world, project = one
    query = question(
        world,
        project,
        sql="SELECT person, benefit_type, region FROM benefit_spells "
        "WHERE weekly_amount > 15000",
    )
    assert query.state == Query.State.REFUSED
    assert query.result is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"sql": ""}, "sql"),
        ({"sql": "SELECT 1 --" + "x" * 20_000}, "sql"),
        ({"sql": "SELECT '\0'"}, "sql"),
        ({"table": {"rows": ""}}, "rows"),
        ({"table": {"rows": "a", "measure": "mean:x"}}, "measure"),
        ({"table": {"rows": "a", "columns": 5}}, "columns"),
        ({"table": {"rows": "a", "other": 1}}, None),
    ],
)
def test_what_is_no_question_is_refused_and_not_kept(one, changes, field):
    world, project = one
    with pytest.raises(BadInput) as refusal:
        question(world, project, **changes)
    assert refusal.value.field == field
    assert not Query.objects.exists()


@pytest.mark.parametrize("who", ["cat", "olive", "ruth", "raj", "rose", "vera", "sam"])
def test_only_analysts_on_the_project_ask(one, who):
    world, project = one
    with pytest.raises(NotAllowed):
        question(world, project, by=getattr(world, who))
    assert not Query.objects.exists()


def test_who_is_not_in_the_terms_has_no_data_to_ask(one):
    """Cat joins the project after the agreement: its terms do not name her."""
    world, project = one
    sharing.add_project_member(
        project=project, person=world.cat, by=world.ann, at=world.later()
    )
    with pytest.raises(Conflict, match="no data to ask"):
        question(world, project, by=world.cat)


def test_before_the_join_there_is_no_data_to_ask(home):
    world = World(home)
    with pytest.raises(Conflict, match="no data to ask"):
        question(world, world.project())


def test_the_strictest_of_the_agreements_rules(home):
    """Thresholds of 15 and 20: the answer rests on 20."""
    world = World(home)
    project = world.project("Two rules")
    for threshold, title in ((15, "First"), (20, "Second")):
        asset = world.publish(population()["spells"], title=title, by=world.work)
        world.agree(
            project,
            asset,
            ("benefit_type", "region"),
            ("surname", "first_name", "dob", "postcode"),
            output={"threshold": threshold},
        )
    world.join(project)
    query = question(world, project, sql=BY_BENEFIT.replace("benefit_spells", "first"))
    assert query.policy["threshold"] == 20


# Data that changes meanwhile


def revoke(world, project):
    sharing.revoke_agreement(
        agreement=project.agreements.first(),
        reason="Stop.",
        by=world.olive,
        at=world.later(),
    )


def test_an_answer_from_data_revoked_meanwhile_is_not_kept(one, monkeypatch):
    world, project = one
    real = asking.run_query

    def answer_then_revoke(*args, **options):
        found = real(*args, **options)
        revoke(world, project)
        return found

    monkeypatch.setattr(asking, "run_query", answer_then_revoke)
    query = question(world, project)
    assert query.state == Query.State.REFUSED
    assert query.result is None
    assert "changed while the question ran" in query.problem


def test_a_file_taken_away_before_it_is_opened_asks_to_try_again(one, monkeypatch):
    world, project = one
    real = asking.run_query

    def revoke_then_answer(path, *args, **options):
        path.unlink()
        return real(path, *args, **options)

    monkeypatch.setattr(asking, "run_query", revoke_then_answer)
    with pytest.raises(DataChanged):
        question(world, project)
    assert not Query.objects.exists()


def test_after_revocation_the_next_question_finds_nothing(one):
    world, project = one
    question(world, project)
    revoke(world, project)
    with pytest.raises(Conflict, match="no data to ask"):
        question(world, project)


def test_a_data_file_that_is_damaged_is_our_fault_and_said_so(one):
    world, project = one
    question(world, project)
    (file,) = data_folder(project.reference).iterdir()
    file.chmod(0o600)
    file.write_bytes(b"not a database" * 1000)
    query = question(world, project)
    assert query.state == Query.State.FAILED
    assert str(file) not in query.problem


def test_the_tables_to_ask_are_described_without_a_value(two):
    world, project = two
    spells, care = project_tables(project, person=world.ann, at=world.at)
    assert (spells.name, spells.title, spells.holder) == (
        "benefit_spells",
        "Benefit spells",
        "Work Office",
    )
    assert [c.name for c in care.described] == ["person", *care.columns[1:]]
    region = next(c for c in spells.described if c.name == "region")
    values = {row["region"] for row in population()["spells"].to_pylist()}
    assert (region.type, region.distinct) == ("text", len(values - {None}))
    assert 0 < spells.people <= spells.rows
