"""A copy keeps itself up to date and takes nothing that is not proved."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from staithe.base.errors import BadInput, Conflict, Damaged, UserError
from staithe.ledger.checkpoint import new_signing_key
from staithe.registers import copying, reading, signing
from staithe.registers.actions import append_entries, change_schema
from staithe.registers.cli import register as command
from staithe.registers.copying import open_copy, pull, verify_copy
from staithe.registers.models import Register
from staithe.registers.schema import Field
from staithe.registers.sources import Source


pytestmark = [pytest.mark.django_db(transaction=True)]

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)


def add(register: Register, *keys: str, **values: str) -> None:
    changes = [(key, {"town": key, **values}) for key in keys]
    append_entries(register=register, changes=changes, by=None, at=AT)


@pytest.fixture
def address(town, live_server) -> str:
    add(town, "1", "2", "3", name="A")
    return f"{live_server.url}/registers/town"


def test_a_copy_takes_what_is_new_and_nothing_else(address, town, tmp_path):
    done = pull(address, tmp_path, keys=signing.verifier_keys("town"))
    assert (done.before, done.size, done.pinned, done.name) == (0, 3, True, "town")
    assert not pull(address, tmp_path).changed
    add(town, "4", "1", name="B")
    change_schema(register=town, fields=[Field("mayor")], by=None, at=AT)
    add(town, "5", mayor="None yet")
    done = pull(address, tmp_path)
    assert (done.before, done.size, done.metadata_before, done.metadata_size) == (
        3,
        6,
        9,
        11,
    )
    copy = open_copy(tmp_path)
    assert copy.root() == reading.root(town.pk, 6)
    assert copy.record("1") == {"name": "B", "town": "1"}
    assert copy.record("1", size=3) == {"name": "A", "town": "1"}
    records = json.loads((tmp_path / "current/records.json").read_text("utf-8"))
    assert records["5"] == {"mayor": "None yet", "town": "5"}
    assert (
        (tmp_path / "current/records.csv").read_text("utf-8").startswith("town,name,")
    )
    assert verify_copy(tmp_path).size == 6


def test_a_copy_is_whole_or_what_it_was(address, town, tmp_path, monkeypatch):
    pull(address, tmp_path)
    before = (tmp_path / "current").resolve()
    add(town, "4")
    monkeypatch.setattr(copying, "_record_files", _full_disk)
    with pytest.raises(BadInput, match="Cannot write"):
        pull(address, tmp_path)
    assert (tmp_path / "current").resolve() == before
    assert open_copy(tmp_path).size == 3
    monkeypatch.undo()
    assert pull(address, tmp_path).size == 4


def _full_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")


def refused(address, folder) -> str:
    held = (folder / "current").resolve()
    with pytest.raises(UserError) as caught:
        pull(address, folder)
    assert (folder / "current").resolve() == held
    return caught.value.message


@pytest.fixture
def tamper(monkeypatch):
    """Return what makes a server answer otherwise at a path."""

    def change(path: str, change):
        stream = Source.stream
        text = Source.text

        def other_text(self, where):
            found = text(self, where)
            return change(found) if where.partition("?")[0].startswith(path) else found

        def other_stream(self, where):
            data = b"".join(stream(self, where))
            if where.startswith(path):
                data = change(data.decode()).encode()
            yield data

        monkeypatch.setattr(Source, "text", other_text)
        monkeypatch.setattr(Source, "stream", other_stream)

    return change


def test_a_rollback_is_refused(address, town, tmp_path, tamper):
    pull(address, tmp_path)
    old = (tmp_path / "current/checkpoint").read_text("utf-8")
    add(town, "4")
    pull(address, tmp_path)
    tamper("checkpoint", lambda _: old)
    assert "rolled back" in refused(address, tmp_path)


def test_a_fork_is_refused(address, town, tmp_path, tamper):
    """The register's own key signs another history of the same register."""
    from staithe.ledger import checkpoint
    from staithe.ledger.checkpoint import TreeHead

    pull(address, tmp_path)
    key = signing.signing_key("town")

    def signed(size: int) -> str:
        return checkpoint.sign(TreeHead(key.name, size, b"x" * 32), key=key)

    tamper("checkpoint", lambda _: signed(3))
    assert "forked" in refused(address, tmp_path)
    add(town, "4")
    tamper("checkpoint", lambda _: signed(4))
    assert "forked" in refused(address, tmp_path)


def test_another_key_is_refused(address, town, tmp_path, tamper):
    from staithe.ledger import checkpoint

    pull(address, tmp_path)
    add(town, "4")
    stranger = new_signing_key(signing.origin_of("town"))

    def resigned(note: str) -> str:
        return checkpoint.sign(checkpoint.read_unverified(note), key=stranger)

    tamper("checkpoint", resigned)
    assert "No known key" in refused(address, tmp_path)


def test_another_register_is_refused(address, town, tmp_path, live_server):
    from staithe.registers.actions import create_register

    pull(address, tmp_path)
    create_register(
        name="city", title="C", owner=None, by=None, at=AT, fields=[Field("name")]
    )
    assert "No known key" in refused(f"{live_server.url}/registers/city", tmp_path)


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.long)])
def test_no_change_to_what_is_sent_passes(address, town, tmp_path, monkeypatch, count):
    pull(address, tmp_path)
    add(town, "4", "1", name="B")
    change_schema(register=town, fields=[Field("mayor")], by=None, at=AT)
    chance = random.Random(3)
    text, stream = Source.text, Source.stream
    sent: dict[str, bytes] = {}

    def plain_text(self, where):
        if where not in sent:
            sent[where] = text(self, where).encode()
        return sent[where].decode()

    def plain_stream(self, where):
        if where not in sent:
            sent[where] = b"".join(stream(self, where))
        yield sent[where]

    monkeypatch.setattr(Source, "text", plain_text)
    monkeypatch.setattr(Source, "stream", plain_stream)
    folder = tmp_path / "probe"
    folder.mkdir()
    pull(address, folder)  # everything that a whole copy takes is now in `sent`
    good = dict(sent)
    for _ in range(count):
        where = chance.choice(sorted(path for path in good if "key" not in path))
        data = good[where]
        at = chance.randrange(len(data))
        kind = chance.randrange(3)
        flip = bytes([data[at] ^ (1 << chance.randrange(8))])
        changed = [
            data[:at] + flip + data[at + 1 :],
            data[:at] + data[at + 1 :],
            data[:at] + flip + data[at:],
        ][kind]
        if changed.replace(b"\r\n", b"\n").rstrip(b"\n") == data.rstrip(b"\n"):
            continue
        sent.clear()
        sent.update(good)
        sent[where] = changed
        other = tmp_path / "other"
        try:
            pull(address, other, keys=signing.verifier_keys("town"))
        except (UserError, UnicodeDecodeError):
            assert not (other / "current").exists()
            continue
        pytest.fail(f"{where} let through: {changed[max(0, at - 40) : at + 40]!r}")


def test_a_copy_that_was_changed_on_disk_is_named(address, town, tmp_path):
    pull(address, tmp_path)
    path = tmp_path / "current" / "register.rsf"
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"name":"A"', b'"name":"Z"'))
    for act in (lambda: open_copy(tmp_path), lambda: pull(address, tmp_path)):
        with pytest.raises(UserError, match=r"was changed: Line \d+"):
            act()
    path.write_bytes(data)
    assert open_copy(tmp_path).size == 3


def test_a_copys_table_holds_nothing_that_a_spreadsheet_runs(address, town, tmp_path):
    add(town, "4", name="=1+2")
    pull(address, tmp_path)
    table = (tmp_path / "current" / "records.csv").read_text("utf-8")
    assert "'=1+2" in table
    exact = json.loads((tmp_path / "current" / "records.json").read_text("utf-8"))
    assert exact["4"]["name"] == "=1+2"


@pytest.mark.parametrize("name", ["records.json", "records.csv"])
def test_a_changed_list_of_records_is_named_and_written_anew(
    address, town, tmp_path, name
):
    """Those are the files that people use: no change in them passes."""
    pull(address, tmp_path)
    path = tmp_path / "current" / name
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(Damaged, match=name):
            verify_copy(tmp_path)
    path.unlink()
    with pytest.raises(Damaged, match=name):
        verify_copy(tmp_path)
    pull(address, tmp_path)
    assert (tmp_path / "current" / name).read_bytes() == whole
    assert verify_copy(tmp_path).size == 3


def test_one_pull_at_a_time(address, tmp_path):
    tmp_path.mkdir(exist_ok=True)
    with copying._locked(tmp_path), pytest.raises(Conflict, match="under way"):
        pull(address, tmp_path)


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(command, list(words))
    if isinstance(done.exception, UserError):
        return done.exception.exit_code, done.exception.message
    assert done.exception is None, done.exception
    return 0, done.output


@pytest.mark.data
def test_the_commands_load_export_verify_and_pull(shared_data, live_server, tmp_path):
    source = shared_data / "registers/territory.rsf"
    code, said = run("load", "territory", str(source), "--json")
    answer = json.loads(said)
    assert (code, answer["entries"], answer["records"]) == (0, 80, 79)
    out = tmp_path / "territory.rsf"
    code, said = run("export", "territory", "--out", str(out), "--json")
    key = json.loads(said)["key"]
    assert run("verify", str(out), "--key", key)[0] == 0
    out.write_bytes(out.read_bytes().replace(b"Gibraltar", b"Gibraltat"))
    assert run("verify", str(out))[0] == 1
    url = f"{live_server.url}/registers/territory"
    assert "80 new entries" in run("pull", url, str(tmp_path / "copy"))[1]
    assert "nothing new" in run("pull", url, str(tmp_path / "copy"))[1]
    assert run("verify", str(tmp_path / "copy"))[0] == 0
    assert run("verify", url, "--key", key)[0] == 0
    assert run("load", "territory", str(source))[0] == 2
    assert Register.objects.get().size == 80


@pytest.mark.data
def test_a_bad_file_makes_no_register(shared_data, tmp_path):
    bad = tmp_path / "country.rsf"
    bad.write_bytes((shared_data / "registers/country.rsf").read_bytes() + b"x\n")
    code, said = run("load", "country", str(bad))
    assert code == 2
    assert said.startswith("Line 453: ")
    assert not Register.objects.exists()
