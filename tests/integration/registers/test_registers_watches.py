"""A folder or an address is looked at by the clock; what is doubtful waits."""

from __future__ import annotations

import http.server
import os
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from staithe.base import clock
from staithe.base.errors import BadInput, Conflict, NotAllowed, TooLarge
from staithe.jobs.run import run_pending
from staithe.people.models import Notice
from staithe.registers import reach, updates, watches
from staithe.registers.models import Register, Update, Watch


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
FIELDS = {"town": "town", "name": "name"}
LIST = "town,name\n1,Ayr\n2,Bala\n3,Aberaeron\n"


def put(register, text: str, name: str = "towns.csv") -> None:
    """Write a file into the register's folder, long enough ago to be whole."""
    folder = watches.inbox(register)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    os.utime(folder / name, (time.time() - 60,) * 2)


@pytest.fixture
def watch(towns, owner):
    return watches.add_watch(
        register=towns, place="", fields=FIELDS, is_whole=False, every_minutes=60,
        most_percent=50, by=owner, at=AT,
    )  # fmt: skip


def look(watch, hours: int = 0) -> Watch:
    found = Watch.objects.select_related("register__owner").get(pk=watch.pk)
    return watches.look(found, at=AT + timedelta(hours=hours))


def test_a_clean_file_with_few_changes_is_taken_in_by_itself(towns, watch, held):
    put(towns, LIST.replace("Ayr", "Inverayr"))
    assert look(watch).outcome.startswith("Made: UPD-")
    assert held(towns, "1")["name"] == "Inverayr"
    assert look(watch, 1).outcome == "Nothing new."
    put(towns, LIST.replace("Ayr", "Inverayr") + "\n")
    assert look(watch, 2).outcome == "The file changes nothing."
    update = Update.objects.get()
    assert (update.made_by, update.origin) == (f"watch:{watch.reference}", "watch")


def test_a_wrong_row_or_too_many_changes_wait_for_a_person(
    *, towns, watch, owner, client, held, monkeypatch
):
    put(towns, LIST.replace("Ayr", "Inverayr") + "a b,Wrong\n")
    assert look(watch).outcome.startswith("A row is wrong. Waits for a second person")
    assert held(towns, "1")["name"] == "Ayr"
    (first,) = Update.objects.all()
    assert Notice.objects.get(person=owner).link.endswith(first.reference)
    monkeypatch.setattr(watches, "FEWEST", 1)
    put(towns, LIST.replace("A", "B"))
    assert look(watch, 1).outcome.startswith("It changes 2 records, more than 50%.")
    first.refresh_from_db()
    assert first.state == "withdrawn"  # the newer file stands in its place
    update = Update.objects.exclude(pk=first.pk).get()
    client.force_login(owner)
    place = f"/registers/town/updates/{update.reference}"
    assert "Agree and make" in client.get(place).text
    assert client.post(place, {"act": "agree"}).status_code == 302
    assert held(towns, "1")["name"] == "Byr"


def test_a_watch_alone_never_writes_where_two_people_are_asked_for(towns, watch, held):
    Register.objects.filter(pk=towns.pk).update(needs_second_person=True)
    put(towns, LIST.replace("Ayr", "Inverayr"))
    assert look(watch).outcome.startswith("Waits for a second person")
    assert held(towns, "1")["name"] == "Ayr"


def test_what_cannot_be_used_is_noted_and_the_third_time_told(towns, watch, owner):
    assert "There is no file in register-inbox/town yet" in look(watch).outcome
    put(towns, "code,name\n1,Ayr\n")
    assert look(watch, 1).outcome == "The file has no column town, which holds town."
    assert not Notice.objects.filter(person=owner).exists()
    put(towns, "")
    failed = look(watch, 2)
    assert failed.failures == 3
    assert failed.outcome in Notice.objects.get(person=owner).body
    put(towns, "town,name\nx y,Ayr\n")
    assert "Every row that changed is wrong" in look(watch, 3).outcome
    put(towns, LIST)
    assert look(watch, 4).failures == 0


def test_a_file_being_written_a_link_out_and_a_huge_file_are_left(
    towns, watch, tmp_path, monkeypatch
):
    folder = watches.inbox(towns)
    put(towns, LIST)
    os.utime(folder / "towns.csv")
    assert "still being written" in look(watch).outcome
    (folder / "towns.csv").unlink()
    (tmp_path / "secret.csv").write_text(LIST)
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    assert "There is no file" in look(watch, 1).outcome
    monkeypatch.setattr(watches, "MOST_BYTES", 10)
    put(towns, LIST)
    assert "larger than" in look(watch, 2).outcome


def test_the_worker_looks_when_it_is_time(towns, watch, held):
    from staithe.jobs.actions import enqueue

    put(towns, LIST.replace("Ayr", "Inverayr"))
    later = max(clock.now(), AT + timedelta(days=1))
    with clock.set_to(later):
        enqueue("registers:watch", arguments={}, by=None, at=later)
        run_pending()
    assert held(towns, "1")["name"] == "Inverayr"
    watch.refresh_from_db()
    assert watch.due_at == watch.looked_at + timedelta(minutes=60)
    assert watches.due_watches(at=watch.looked_at) == []


# ---------------------------------------------------------------- an address


@pytest.fixture
def served():
    """Serve bytes at an address of this machine; what is served may be changed."""
    state = {"body": LIST.encode(), "status": 200}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(state["status"])
            if state["status"] == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(state["body"])

        def log_message(self, *_):
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state["url"] = f"http://127.0.0.1:{server.server_port}/towns.csv?v=1"
    yield state
    server.shutdown()
    server.server_close()


def test_an_address_is_fetched_and_its_refusals_are_sentences(
    served, settings, tmp_path
):
    settings.DEBUG = True  # lets an address of this machine in
    reach.fetch(served["url"], tmp_path / "a", most=100)
    assert (tmp_path / "a").read_text() == LIST
    with pytest.raises(TooLarge, match="larger than 0 MB"):
        reach.fetch(served["url"], tmp_path / "b", most=10)
    for status in (404, 302, 500):
        served["status"] = status
        with pytest.raises(BadInput, match=f"answers {status}"):
            reach.fetch(served["url"], tmp_path / "c", most=100)
    with pytest.raises(BadInput, match="cannot be read"):
        reach.fetch("http://127.0.0.1:1/x", tmp_path / "d", most=100)
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["a", "b"]


@pytest.mark.parametrize(
    "place",
    ["http://example.org/x", "https://127.0.0.1/x", "https://localhost/x",
     "https://user:pw@example.org/x", "file:///etc/passwd", "https://[::1]/x"],
)  # fmt: skip
def test_no_address_inside_the_network_is_watched(towns, owner, client, place):
    with pytest.raises(BadInput):
        watches.check_place(place)
    client.force_login(owner)
    asked = {"kind": "address", "place": place}
    assert client.post("/registers/town/watches", asked).status_code == 422
    columns = client.get("/registers/town/watches/columns", {"place": place})
    assert columns.status_code == 400


def test_an_address_is_connected_to_as_it_was_judged(monkeypatch):
    """The name is not looked up a second time, when it may say something else."""
    asked = []

    def connect(address, _timeout):
        asked.append(address)
        raise OSError("not in a test")

    monkeypatch.setattr(reach, "check_address", lambda url: "192.0.2.7")
    monkeypatch.setattr("socket.create_connection", connect)
    with pytest.raises(BadInput, match="not in a test"):
        reach.fetch("https://lists.example/x.csv", "unused", most=1)
    assert asked == [("192.0.2.7", 443)]


def test_a_place_is_watched_from_the_pages_and_no_more(
    *, towns, owner, second, client, served, settings
):
    settings.DEBUG = True
    client.force_login(owner)
    page = client.get("/registers/town/watches").text
    assert "Put the file in register-inbox/town" in page
    empty = client.post("/registers/town/watches", {"kind": "address", "place": ""})
    assert "Enter the address" in empty.text
    asked = {"kind": "address", "place": served["url"]}
    place = client.post("/registers/town/watches", asked).headers["Location"]
    page = client.get(place).text
    assert "For example: Ayr" in page
    answers = {
        "c0": "town",
        "c1": "name",
        "every_minutes": "1440",
        "most_percent": "20",
    }
    assert client.post(place, answers | {"c0": ""}).status_code == 422
    assert client.post(place, answers).status_code == 302
    watch = Watch.objects.get()
    assert (watch.place, watch.fields) == (served["url"], FIELDS)
    assert served["url"] in client.get("/registers/town/watches").text
    client.force_login(second)  # keeps records, and does not shape the register
    assert client.get(place).status_code == 403
    end = f"/registers/town/watches/{watch.reference}/end"
    assert client.post(end).status_code == 403
    client.force_login(owner)
    assert client.post(end).status_code == 302
    assert client.post(end).status_code == 409
    assert watches.due_watches(at=clock.now() + timedelta(days=9)) == []


def test_a_watch_that_makes_no_sense_is_refused(towns, owner, second):
    good = {
        "register": towns, "place": "", "fields": FIELDS, "is_whole": False,
        "every_minutes": 60, "by": owner, "at": AT,
    }  # fmt: skip
    for changed, says in (
        ({"every_minutes": 1}, "every 5 to"),
        ({"most_percent": 0}, "from 1 to 100"),
        ({"fields": {"name": "name"}}, "which column holds town"),
        ({"place": "https://a.b/" + "x" * 500}, "longer than 500"),
    ):
        with pytest.raises(BadInput, match=says):
            watches.add_watch(**good | changed)
    with pytest.raises(NotAllowed):
        watches.add_watch(**good | {"by": second})
    for _ in range(watches.MAX_WATCHES):
        watches.add_watch(**good)
    with pytest.raises(Conflict, match="watched places already"):
        watches.add_watch(**good)
    assert not updates.due_updates(at=AT)
