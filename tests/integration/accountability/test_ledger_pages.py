"""The ledger for people: strangers see that, parties see what, anyone can verify."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from staithe.accountability.permissions import check_see_body, visible_events
from staithe.analysis.actions import review_output
from staithe.analysis.models import Output, Query
from staithe.base.errors import NotAllowed, NotSignedIn
from staithe.ledger.actions import erase_event
from staithe.ledger.models import Event
from staithe.people.models import Membership, Person


START = datetime.fromisoformat("2026-01-05T09:00:00Z")
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(world):
    """A request of Statistics that Revenue agreed to."""
    flow = world.flow()
    agreement = world.agree(flow)
    return flow, agreement


@pytest.fixture
def reviewers(world):
    """Return two people of Statistics who check results."""
    people = []
    for name in ("Rae", "Rob"):
        person = Person.objects.create(
            name=name, email=f"{name.lower()}@example.com", created_at=START
        )
        Membership.objects.create(
            person=person,
            organisation=world.statistics,
            role="reviewer",
            created_at=START,
        )
        people.append(person)
    return people


def decision() -> Event:
    return Event.objects.get(name="sharing:decision:recorded")


def test_strangers_see_number_time_and_commitment_and_nothing_else(world, story, visit):
    event = decision()
    for person in (None, world.zed):
        who = visit(person)
        words = who.words("/ledger")
        for secret in ("decision", "FLW-", "Revenue", "revenue", "Olive", "agree:"):
            assert secret not in words.replace("agreements", ""), secret
        words = who.words(f"/ledger/events/{event.number}")
        assert bytes(event.commitment).hex() in words
        assert "6 January 2026 at 9am" in words
        for secret in ("Decision", "FLW-", "Revenue", "outcome", "Olive"):
            assert secret not in words, secret
    assert bytes(event.commitment).hex() in visit().words("/ledger")


def test_csv_of_strangers_leaves_the_content_empty(world, story, visit):
    rows = visit(world.zed).csv("/ledger?format=csv")
    assert rows[0] == ["event", "at", "commitment", "name", "subject", "body", "by"]
    assert len(rows) == Event.objects.count() + 1
    assert {tuple(row[3:]) for row in rows[1:]} == {("", "", "", "")}
    assert all(row[2] for row in rows[1:])


def test_bodies_on_both_sides_and_the_overseer_read_what_a_decision_says(
    world, story, visit
):
    path = f"/ledger/events/{decision().number}"
    for person in (world.olive, world.sam, world.ann, world.vera):
        words = visit(person).words(path)
        assert "Decision recorded" in words
        assert '"outcome": "agree"' in words
        assert "Olive Personal" in words
    for person in (world.ben, world.zed, None):
        assert "outcome" not in visit(person).words(path)


def test_holder_does_not_see_drafts_of_the_asking_body(world, story):
    seen = set(visible_events(world.olive).values_list("name", flat=True))
    assert "sharing:decision:recorded" in seen
    assert not seen & {
        "sharing:request:drafted",
        "sharing:flow:added",
        "sharing:route:chosen",
        "sharing:project:started",
    }


def test_leaving_a_body_ends_what_is_seen_but_for_own_acts(world, story):
    Membership.objects.filter(person=world.sam).update(ended_at=START + 9 * DAY)
    Membership.objects.filter(person=world.olive).update(ended_at=START + 9 * DAY)
    assert not visible_events(world.sam).exists()
    own = set(visible_events(world.olive).values_list("actor", flat=True))
    assert own == {world.olive.ledger_id}


def test_person_who_is_switched_off_sees_nothing(world, story):
    world.vera.is_active = False
    assert not visible_events(world.vera).exists()


def test_filters_find_by_what_by_reference_and_by_body(world, story, visit):
    flow, agreement = story
    vera = visit(world.vera)
    words = vera.words("/ledger?name=sharing:agreement:offered")
    assert "Showing 1 to 1 of 1 event" in words
    words = vera.words(f"/ledger?subject={flow.reference.lower()}")
    assert f"Decision recorded flow:{flow.reference}" in words
    assert f"agreement:{agreement.reference}" not in words
    words = vera.words(f"/ledger?subject=agreement:{agreement.reference}")
    assert "Showing 1 to 2 of 2 events" in words
    rows = vera.csv("/ledger?organisation=revenue&format=csv")
    assert {row[5] for row in rows[1:]} == {"revenue"}


def test_filter_never_tells_a_reader_what_they_may_not_see(world, story, visit):
    flow, _ = story
    for query in (f"subject={flow.reference}", "subject=%25", "subject=_"):
        words = visit(world.zed).words(f"/ledger?{query}")
        assert "No event fits these filters" in words
        assert "of 1 event" not in words
    assert visit().csv(f"/ledger?subject={flow.reference}&format=csv")[1:] == []
    words = visit(world.zed).words("/ledger?name=sharing:decision:recorded", expect=422)
    assert "Select a valid choice" in words


def test_choices_of_the_filter_name_only_what_the_reader_may_see(world, story, visit):
    markup = visit(world.zed).markup("/ledger")
    assert "sharing:decision:recorded" not in markup
    assert "Revenue Board" not in markup
    assert "sharing:decision:recorded" in visit(world.sam).markup("/ledger")


@pytest.fixture
def output(world, story):
    """An answer of the project that waits for two reviewers."""
    flow, _ = story
    query = Query.objects.create(
        reference="QRY-1",
        project=flow.request.project,
        by=world.ann,
        at=START,
        title="t",
        sql="s",
        table={},
        policy={},
        state="done",
        result={},
    )
    return Output.objects.create(
        reference="OUT-1",
        query=query,
        title="t",
        description="d",
        by=world.ann,
        submitted_at=START,
    )


def test_first_vote_on_an_output_is_blind_until_the_second(
    world, output, reviewers, visit
):
    one, two = reviewers
    review_output(output=output, vote="approve", comment="Fine.", by=one, at=START)
    path = f"/ledger/events/{newest().number}"
    for person in (two, world.ann, world.vera):
        words = visit(person).words(path)
        assert '"reviews": 1' in words
        assert '"approve"' not in words
    review_output(output=output, vote="reject", comment="No.", by=two, at=START)
    words = visit(world.ann).words(f"/ledger/events/{newest().number}")
    assert '"approve"' in words
    assert '"reject"' in words


def newest() -> Event:
    return Event.objects.get(pk=Event.objects.count() - 1)


# --- verify it yourself ------------------------------------------------------------


def offline(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command where no socket can be opened and no service is configured."""
    guard = folder / "sitecustomize.py"
    guard.write_text(
        "import socket\n"
        "def refuse(*a, **k): raise OSError('the network is off')\n"
        "socket.socket.connect = refuse\nsocket.getaddrinfo = refuse\n"
    )
    paths = [str(folder), *(p for p in sys.path if p)]
    environment = {
        "PYTHONPATH": os.pathsep.join(paths),
        "PATH": os.environ["PATH"],
        "STAITHE_HOME": str(folder / "nowhere"),
    }
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def as_staithe(line: str) -> list[str]:
    """Turn the line that a page shows into arguments, run by this Python."""
    words = shlex.split(line)
    assert words[0] == "staithe"
    return [sys.executable, "-m", *words]


def test_the_guard_of_these_tests_does_refuse_the_network(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        program = f"import socket; socket.create_connection(('127.0.0.1', {port}))"
        found = offline([sys.executable, "-c", program], tmp_path)
    assert "the network is off" in found.stderr


def test_receipt_verifies_offline_by_the_line_on_the_page(
    world, story, visit, tmp_path
):
    number = decision().number
    olive = visit(world.olive)
    answer = olive.client.get(f"/ledger/events/{number}/receipt.json")
    assert (
        answer["Content-Disposition"] == f'attachment; filename="event-{number}.json"'
    )
    (tmp_path / f"event-{number}.json").write_bytes(answer.content)
    line = olive.pre(f"/ledger/events/{number}", "verify-receipt")
    found = offline(as_staithe(line), tmp_path)
    assert found.returncode == 0, found.stderr
    assert f"event {number}" in found.stdout

    spoilt = answer.content.replace(b'"outcome":"agree"', b'"outcome":"refuse"')
    assert spoilt != answer.content
    (tmp_path / f"event-{number}.json").write_bytes(spoilt)
    assert offline(as_staithe(line), tmp_path).returncode == 1


def test_proof_is_for_everyone_and_checks_offline_by_the_code_on_the_page(
    world, story, visit, tmp_path
):
    number = decision().number
    answer = visit().client.get(f"/ledger/events/{number}/proof.tlog-proof")
    assert answer.status_code == 200
    assert answer.content.startswith(b"c2sp.org/tlog-proof@v1\n")
    (tmp_path / f"event-{number}.tlog-proof").write_bytes(answer.content)
    code = visit().pre(f"/ledger/events/{number}", "verify-proof")
    found = offline([sys.executable, "-c", code], tmp_path)
    assert found.returncode == 0, found.stderr
    wrong = code.replace(bytes(decision().commitment).hex(), "0" * 64)
    assert "BadProof" in offline([sys.executable, "-c", wrong], tmp_path).stderr


def test_whole_log_is_one_file_without_content_that_verifies_offline(
    world, story, visit, tmp_path
):
    who = visit()
    answer = who.client.get("/ledger/log.jsonl")
    content = b"".join(answer.streaming_content)
    assert b"FLW-" not in content
    assert b"outcome" not in content
    (tmp_path / "ledger.jsonl").write_bytes(content)
    found = offline(as_staithe(who.pre("/ledger", "verify-log")), tmp_path)
    assert found.returncode == 0, found.stderr
    assert f"{Event.objects.count()} entries" in found.stdout


def test_receipt_is_refused_to_who_may_not_read_the_event(world, story, visit):
    number = decision().number
    path = f"/ledger/events/{number}/receipt.json"
    words = visit(world.zed).words(path, expect=403)
    assert "Its proof is for everyone" in words
    assert visit().client.get(path).status_code == 302  # sign in
    with pytest.raises(NotAllowed):
        check_see_body(world.zed, decision())
    with pytest.raises(NotSignedIn):
        check_see_body(None, decision())


def test_erased_event_keeps_its_proof_and_has_no_receipt(world, story, visit):
    event = decision()
    erase_event(event=event, reason_code="order", by=world.vera, at=START + 9 * DAY)
    words = visit(world.olive).words(f"/ledger/events/{event.number}")
    assert "was erased" in words
    assert "Download the receipt" not in words
    path = f"/ledger/events/{event.number}"
    visit(world.olive).words(f"{path}/receipt.json", expect=409)
    assert visit().client.get(f"{path}/proof.tlog-proof").status_code == 200


@pytest.mark.parametrize("number", [10**6, 2**63, 10**30])
def test_event_that_is_not_there_is_a_404(world, visit, number):
    for tail in ("", "/receipt.json", "/proof.tlog-proof"):
        visit(world.vera).words(f"/ledger/events/{number}{tail}", expect=404)


def test_receipt_says_what_the_page_says(world, story, visit):
    number = decision().number
    olive = visit(world.olive)
    receipt = olive.client.get(f"/ledger/events/{number}/receipt.json").json()
    shown = json.loads(olive.pre(f"/ledger/events/{number}", "body"))
    assert receipt["event"]["body"] == shown


def test_empty_ledger_has_a_page(db, visit):
    assert "Nothing has been recorded yet" in visit().words("/ledger")


def test_long_ledger_is_paged_in_a_bounded_number_of_queries(
    world, visit, django_assert_max_num_queries
):
    project = world.project()
    for _ in range(10):
        world.sent(world.jobs, world.claims, project=project)
    vera = visit(world.vera)
    vera.words("/ledger")
    with django_assert_max_num_queries(16):
        words = vera.words("/ledger?page=2")
    assert "Showing 26 to 50" in words
