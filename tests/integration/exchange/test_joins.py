"""Joining a project's data: who is one person, and what nobody can see of it."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings

from factories import (
    CARE_LINK,
    CARE_SEEN,
    SPELLS_LINK,
    SPELLS_SEEN,
    World,
    grant_of,
    population,
    stored,
)
from staithe.base import clock
from staithe.base.errors import BadInput, Conflict, NotAllowed
from staithe.exchange import jobs
from staithe.exchange.actions import ask_join, fail_join, finish_join, stop_join
from staithe.exchange.cutting import ROW_KEY
from staithe.exchange.keys import key_path
from staithe.exchange.models import Grant, Join
from staithe.exchange.queries import project_tables
from staithe.exchange.reports import people_view, run_views
from staithe.exchange.storage import the_store
from staithe.jobs.actions import cancel
from staithe.jobs.queries import find_latest_job
from staithe.ledger.queries import events
from staithe.sharing import actions as sharing
from staithe.sharing.models import Project
from staithe.tables.snapshot import open_snapshot, snapshot_paths


pytestmark = pytest.mark.django_db


def read(snapshot: str) -> pa.Table:
    store = the_store()
    paths = snapshot_paths(open_snapshot(snapshot, store=store), store=store)
    return pa.concat_tables(pq.read_table(path) for path in paths)


def persons(join: Join) -> dict[str, dict[int, str]]:
    """Return grant → row → person, from the sealed link that no page reads."""
    found: dict[str, dict[int, str]] = {}
    for row in read(join.key_snapshot).to_pylist():
        found.setdefault(row["grant"], {})[row["row"]] = row["person"]
    return found


def same(a: dict[int, str], b: dict[int, str]) -> float:
    """Return the share of rows that have one person in both, for twin tables."""
    assert a.keys() == b.keys()
    return sum(a[row] == b[row] for row in a) / len(a)


# Two grants


def test_tables_hold_the_pseudonym_and_what_was_granted(two):
    _, project = two
    spells, care = project.grants.order_by("pk")
    assert read(spells.table_snapshot).column_names == ["person", *SPELLS_SEEN]
    assert read(care.table_snapshot).column_names == ["person", *CARE_SEEN]
    assert read(spells.table_snapshot).num_rows == spells.rows
    assert (spells.table_version, care.table_version) == (1, 1)


def test_pseudonyms_agree_between_the_tables_of_a_project(two):
    """Each pair of rows that linkage made one person has one pseudonym in both."""
    _, project = two
    join = project.joins.get()
    spells, care = (read(g.table_snapshot) for g in project.grants.order_by("pk"))
    shared = set(spells["person"].to_pylist()) & set(care["person"].to_pylist())
    assert len(shared) == join.report["people"]["in_tables"]["2"]
    assert len(shared) >= 0.9 * join.report["links"] > 100
    everyone = set(spells["person"].to_pylist()) | set(care["person"].to_pylist())
    assert len(everyone) == join.report["people"]["all"]


def test_each_row_keeps_its_own_attributes(two):
    """What the holder published stands beside the pseudonym of the same row."""
    _, project = two
    grant = project.grants.order_by("pk")[0]
    source = population()["spells"]
    by_person: dict[str, list[dict]] = {}
    for row, person in persons(project.joins.get())[grant.reference].items():
        published = source.slice(row - 1, 1).to_pylist()[0]
        by_person.setdefault(person, []).append({c: published[c] for c in SPELLS_SEEN})
    for row in read(grant.table_snapshot).to_pylist():
        person = row.pop("person")
        by_person[person].remove(row)
    assert not any(by_person.values())


def test_the_order_of_rows_tells_nothing(two):
    """Rows come in the order of pseudonyms, which are keyed: not of the source."""
    _, project = two
    for grant in project.grants.all():
        table = read(grant.table_snapshot)
        people = table["person"].to_pylist()
        assert people == sorted(people)
        rows = {p: r for r, p in persons(project.joins.get())[grant.reference].items()}
        order = [rows[person] for person in people]
        assert order != sorted(order)


def identifiers() -> set[str]:
    """Return values that name people in what was published."""
    spells, care = population()["spells"], population()["care"]
    found: set[str] = set()
    for table, names in ((spells, ("nino", "surname", "postcode", "claim_ref")),
                         (care, ("nhs_number", "FAMILY_NAME", "POSTCODE", "record_no"))):  # fmt: skip
        for name in names:
            values = table[name].to_pylist()
            found |= {str(v) for v in values if v is not None and len(str(v)) >= 6}
    assert len(found) > 500
    return found


def test_no_identifier_and_no_row_key_is_in_any_table(two, tmp_path):
    """Looked for in the bytes of the files, and in their pages uncompressed."""
    _, project = two
    for grant in project.grants.all():
        store = the_store()
        manifest = open_snapshot(grant.table_snapshot, store=store)
        paths = snapshot_paths(manifest, store=store)
        raw = b"".join(p.read_bytes() for p in paths[0].parent.iterdir())
        for path in paths:
            plain = tmp_path / path.name
            pq.write_table(pq.read_table(path), plain, compression="none")
            raw += plain.read_bytes()
        assert grant.table_name == "benefit_spells" or b"long_term_condition" in raw
        text = raw.decode("latin-1").lower()
        leaked = [value for value in identifiers() if value.lower() in text]
        assert not leaked
        assert ROW_KEY not in text


def test_neither_the_report_nor_the_ledger_holds_an_identifier(two):
    _, project = two
    told = repr(project.joins.get().report).lower()
    told += "".join(event.body for event in events()).lower()
    assert "links" in told
    # Shorter words may be names of fields; these can only be a person's.
    leaked = [
        v for v in identifiers() if any(c.isdigit() for c in v) and v.lower() in told
    ]
    assert not leaked  # fmt: skip


def test_linkage_reads_identifiers_and_no_attribute(two):
    _, project = two
    for grant in project.grants.all():
        seen = set(read(grant.identifiers_snapshot).column_names)
        assert not seen & {*SPELLS_SEEN, *CARE_SEEN}


def test_the_join_is_recorded_with_digests_and_counts(two):
    _, project = two
    (event,) = events(name="exchange:join:done")
    for grant in project.grants.all():
        assert grant.table_sha256 in event.body
    join = project.joins.get()
    assert f'"links":{join.report["links"]}' in event.body
    assert join.report["key"] in event.body


def test_the_report_names_tables_and_holders(two):
    _, project = two
    (run,) = run_views(project.joins.get())
    assert run.title == "Benefit spells (Work Office) and Hospital care (Health Office)"
    assert [row[0] for row in run.linked] == run.title.split(" and ")
    assert run.rules
    assert run.chart is not None
    people = people_view(project.joins.get())
    assert people is not None
    assert sum(k for _, k in people.in_tables) == people.all


def test_joining_again_keeps_pseudonyms_and_forgets_the_older_tables(two):
    world, project = two
    before = {g.pk: read(g.table_snapshot) for g in project.grants.all()}
    held = {g.table_snapshot for g in project.grants.all()}
    held |= {g.fetched_snapshot for g in project.grants.all()}
    held.add(project.joins.get().key_snapshot)
    again = world.join(project)
    assert (again.number, again.state) == (2, Join.State.DONE)
    for grant in project.grants.all():
        assert grant.table_version == 2
        assert read(grant.table_snapshot).equals(before[grant.pk])
    assert not held & stored()
    assert Join.objects.exclude(key_snapshot="").get() == again


def test_two_projects_cannot_be_joined_with_each_other(two):
    """The same rows have other pseudonyms: no person of one is found in the other."""
    world, project = two
    other = world.project("Another purpose")
    for grant in project.grants.order_by("pk"):
        columns = (SPELLS_SEEN, SPELLS_LINK)
        if grant.table_name != "benefit_spells":
            columns = (CARE_SEEN, CARE_LINK)
        world.agree(other, grant.agreement.flow.asset, *columns)
    join = world.join(other)
    first, second = (
        {p for rows in persons(j).values() for p in rows.values()}
        for j in (project.joins.get(), join)
    )
    assert len(first) == len(second)
    assert not first & second
    assert project.joins.get().report["key"] != join.report["key"]


# One grant, three grants, twins


def test_one_grant_alone_gives_each_row_a_pseudonym_of_its_own(one):
    _, grant = one
    table = read(grant.table_snapshot)
    assert len(set(table["person"].to_pylist())) == table.num_rows == grant.rows
    join = grant.project.joins.get()
    assert join.report["runs"] == []
    assert join.report["people"] == {"all": grant.rows, "in_tables": {"1": grant.rows}}


def twin(world: World, project: Project, title: str) -> Grant:
    """Agree on one more table of the same people."""
    asset = world.publish(population()["spells"], title=title, by=world.work)
    return grant_of(world.agree(project, asset, SPELLS_SEEN, SPELLS_LINK))


def test_three_grants_are_joined_as_one_and_a_row_keeps_its_pseudonym(home):
    """An analyst's notes about a person stay true after the next agreement."""
    world = World(home)
    project = world.project("Twins")
    first, second = twin(world, project, "First"), twin(world, project, "Second")
    with_two = persons(world.join(project))
    third = twin(world, project, "Third")
    join = world.join(project)
    assert join.state == Join.State.DONE, join.problem
    assert len(join.report["runs"]) == 3
    found = persons(join)
    a, b, c = (found[grant.reference] for grant in (first, second, third))
    assert min(same(a, b), same(b, c), same(a, c)) > 0.95
    people = people_view(join)
    assert people is not None
    assert people.in_tables[-1][0] == 3
    assert same(a, with_two[first.reference]) > 0.95


def test_when_a_table_goes_its_rows_name_nobody_any_more(home):
    world = World(home)
    project = world.project("Twins")
    first, second = twin(world, project, "First"), twin(world, project, "Second")
    with_two = persons(world.join(project))
    sharing.revoke_agreement(
        agreement=first.agreement, reason="No more.", by=world.olive, at=world.later()
    )
    alone = world.join(project)
    assert alone.grants == [second.reference]
    rows = persons(alone)[second.reference]
    assert len(set(rows.values())) == len(rows)
    assert not set(rows.values()) & set(with_two[first.reference].values())


def test_a_person_with_two_rows_in_a_table_keeps_both(home):
    """Both rows come out; linked to one record elsewhere they are one person."""
    world = World(home)
    project = world.project("Repeats")
    table = population()["spells"]
    doubled = pa.concat_tables([table, table.slice(0, 40)])
    for title, rows in (("Spells", doubled), ("Register", table)):
        asset = world.publish(rows, title=title, by=world.work)
        world.agree(project, asset, SPELLS_SEEN, SPELLS_LINK)
    join = world.join(project)
    first, second = project.grants.order_by("pk")
    found = persons(join)
    assert len(found[first.reference]) == len(doubled)
    twice = [
        found[first.reference][row + 1] == found[first.reference][len(table) + row + 1]
        for row in range(40)
    ]
    assert sum(twice) / 40 > 0.9
    assert read(first.table_snapshot).num_rows == len(doubled)
    assert read(second.table_snapshot).num_rows == len(table)


def test_a_grant_without_rows_is_joined_as_empty(home):
    world = World(home)
    project = world.project("Nobody")
    keep = {"column": "region", "operator": "=", "value": "Nowhere"}
    empty = grant_of(
        world.agree(project, world.spells(), SPELLS_SEEN, SPELLS_LINK, row_filter=keep)
    )
    world.agree(project, world.care(), CARE_SEEN, CARE_LINK)
    join = world.join(project)
    assert join.state == Join.State.DONE, join.problem
    empty.refresh_from_db()
    assert read(empty.table_snapshot).num_rows == 0


def test_what_linkage_cannot_use_is_told_with_the_tables_names(home):
    """Two tables with no kind of column in common."""
    world = World(home)
    project = world.project("Nothing in common")
    world.agree(project, world.spells(), SPELLS_SEEN, ["postcode"])
    world.agree(project, world.care(), CARE_SEEN, ["SEX"])
    join = world.join(project)
    assert join.state == Join.State.FAILED
    assert "t1" not in join.problem.split()


# Asking


@pytest.mark.parametrize("who", ["cat", "olive", "ruth", "vera", "sam"])
def test_only_members_join(unjoined, who):
    world, project = unjoined
    with pytest.raises(NotAllowed):
        ask_join(project=project, by=getattr(world, who), at=world.later())
    assert not project.joins.exists()


def test_any_member_joins(unjoined):
    world, project = unjoined
    ask_join(project=project, by=world.bob, at=world.later())


def test_with_nothing_prepared_there_is_nothing_to_join(home):
    world = World(home)
    project = world.project()
    with pytest.raises(Conflict, match="no data to join"):
        ask_join(project=project, by=world.ann, at=world.later())


def test_one_join_at_a_time(unjoined):
    world, project = unjoined
    ask_join(project=project, by=world.ann, at=world.later())
    with pytest.raises(Conflict, match="already being joined"):
        ask_join(project=project, by=world.bob, at=world.later())


def test_a_specification_that_cannot_be_read_is_refused_at_once(unjoined):
    world, project = unjoined
    with pytest.raises(BadInput):
        ask_join(
            project=project,
            specification={"yaml": "kind: [nonsense"},
            by=world.ann,
            at=world.later(),
        )
    assert not project.joins.exists()


def test_a_grant_with_nothing_to_link_by_is_named_at_once(unjoined):
    world, project = unjoined
    agreement = world.agree(project, world.spells(), SPELLS_SEEN)
    with pytest.raises(Conflict, match=agreement.reference):
        ask_join(project=project, by=world.ann, at=world.later())


# Failing


def close_while_joining(world, project, monkeypatch, grant):
    """Run a join during which a grant closes."""
    real = jobs.join_grants

    def join_then_revoke(*args, **options):
        made = real(*args, **options)
        with clock.set_to(world.later()):
            sharing.revoke_agreement(
                agreement=grant.agreement,
                reason="Stop.",
                by=world.olive,
                at=world.later(),
            )
        return made

    monkeypatch.setattr(jobs, "join_grants", join_then_revoke)
    join = world.join(project)
    monkeypatch.setattr(jobs, "join_grants", real)
    return join


def test_a_grant_that_closes_while_a_join_runs_gets_no_table(unjoined, monkeypatch):
    world, project = unjoined
    grant, other = project.grants.order_by("pk")
    join = close_while_joining(world, project, monkeypatch, grant)
    assert join.state == Join.State.FAILED
    assert grant.table_name in join.problem
    world.work_off()
    kept = {other.identifiers_snapshot, other.attributes_snapshot}
    assets = {g.agreement.flow.asset.versions.get().snapshot_id for g in (grant, other)}
    assert stored() == kept | assets
    assert project_tables(project, person=world.ann, at=world.at) == []
    # And the rest can be joined.
    assert world.join(project).state == Join.State.DONE
    assert len(project_tables(project, person=world.ann, at=world.at)) == 1


def test_a_damaged_snapshot_fails_the_join_with_a_sentence(unjoined):
    world, project = unjoined
    grant = project.grants.order_by("pk")[0]
    store = the_store()
    manifest = open_snapshot(grant.identifiers_snapshot, store=store)
    path = snapshot_paths(manifest, store=store)[0]
    good = path.read_bytes()
    before = stored()
    path.write_bytes(good[:-100])
    join = world.join(project)
    assert join.state == Join.State.FAILED
    assert path.name in join.problem
    assert str(settings.HOME) not in join.problem
    assert stored() == before
    path.write_bytes(good)
    assert world.join(project).state == Join.State.DONE


def test_a_snapshot_put_in_anothers_place_is_not_joined(unjoined):
    world, project = unjoined
    grant = project.grants.order_by("pk")[0]
    Grant.objects.filter(pk=grant.pk).update(
        identifiers_snapshot=grant.attributes_snapshot
    )
    join = world.join(project)
    assert join.state == Join.State.FAILED
    assert "digest" in join.problem


def test_after_work_was_stopped_one_can_ask_again(unjoined):
    """Otherwise a project would be joining for ever."""
    world, project = unjoined
    first = ask_join(project=project, by=world.ann, at=world.later())
    job = find_latest_job(project.ledger_id, kind="exchange:join")
    assert job is not None
    cancel(job, at=world.later())
    second = world.join(project)
    first.refresh_from_db()
    assert (first.state, first.problem) == (Join.State.FAILED, "The work was stopped.")
    assert second.state == Join.State.DONE


def test_a_member_stops_a_join_and_nothing_is_changed(unjoined):
    """Waiting work never starts; the join says who stopped it; one can join again."""
    world, project = unjoined
    before = stored()
    join = ask_join(project=project, by=world.ann, at=world.later())
    with pytest.raises(NotAllowed):
        stop_join(join=join, by=world.cat, at=world.later())
    stopped = stop_join(join=join, by=world.bob, at=world.later())
    assert (stopped.state, stopped.problem) == (
        Join.State.FAILED,
        "Bob stopped this join.",
    )
    world.work_off()
    assert stored() == before
    with pytest.raises(Conflict, match="already finished"):
        stop_join(join=join, by=world.bob, at=world.later())
    assert world.join(project).state == Join.State.DONE


def test_a_join_stopped_while_it_runs_leaves_no_table_behind(unjoined, monkeypatch):
    """It ends at its next mark, and what it made by then is deleted."""
    world, project = unjoined
    before = stored()
    real = jobs.join_grants

    def stop_and_go_on(*args, **options):
        made = real(*args, **options)
        stop_join(join=project.joins.get(), by=world.bob, at=world.later())
        return made

    monkeypatch.setattr(jobs, "join_grants", stop_and_go_on)
    join = world.join(project)
    monkeypatch.undo()
    assert (join.state, join.problem) == (Join.State.FAILED, "Bob stopped this join.")
    world.work_off()
    assert stored() == before
    assert project_tables(project, person=world.ann, at=world.at) == []
    assert world.join(project).state == Join.State.DONE


def test_a_join_that_has_finished_takes_no_further_step(two):
    world, project = two
    join = project.joins.get()
    with pytest.raises(Conflict):
        fail_join(join=join, problem="x", by=None, at=world.at)
    with pytest.raises(Conflict):
        finish_join(join=join, result=None, by=None, at=world.at)  # type: ignore[arg-type]


def test_the_key_stays_until_the_project_closes(two):
    """A later agreement of the project continues the same pseudonyms."""
    world, project = two
    path = key_path(settings.HOME / "keys", project.reference)
    for grant in project.grants.all():
        sharing.revoke_agreement(
            agreement=grant.agreement, reason="Stop.", by=world.olive, at=world.later()
        )
    world.work_off()
    assert path.stat().st_mode & 0o777 == 0o600
