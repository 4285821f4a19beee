"""An erased value is gone and the log still verifies; hooks and the API for writers."""

from __future__ import annotations

import hmac
import http.server
import json
import threading
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from staithe.base.errors import BadInput, Conflict
from staithe.jobs.models import Job
from staithe.jobs.run import run_pending
from staithe.ledger.checkpoint import open_checkpoint
from staithe.people.actions import (
    add_member,
    create_organisation,
    create_person,
    create_token,
)
from staithe.people.passwords import hash_password
from staithe.people.roles import Role
from staithe.registers import blob, export, hooks, reach, reading, rsf, signing
from staithe.registers.actions import append_entries, create_register
from staithe.registers.cli import register as command
from staithe.registers.erasure import erase_values, reveal
from staithe.registers.models import Hook, Item, Opening, Register
from staithe.registers.schema import Field
from staithe.registers.verify import verify_lines


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)


@pytest.fixture
def officers(db) -> Register:
    return create_register(
        name="officer", title="Officers", owner=None, by=None, at=AT,
        fields=[Field("post"), Field("holder", erasable=True)],
    )  # fmt: skip


def put(register: Register, **values: str) -> Register:
    changes = [("1", {"officer": "1", **values})]
    return append_entries(register=register, changes=changes, by=None, at=AT)


def held(register: Register) -> dict:
    return reading.data_of(register.pk, reading.find_record(register.pk, "1"))[0]


def test_an_erased_value_is_nowhere_and_every_proof_still_holds(officers, client):
    register = put(officers, post="Clerk", holder="Ann Example")
    register = put(register, post="Chief clerk", holder="Ann Example")
    assert Opening.objects.count() == 1  # the same value keeps its commitment
    assert reveal(register, held(register))["holder"] == "Ann Example"
    assert "Ann Example" in client.get("/registers/officer/records/1").text
    for text in Item.objects.values_list("data", flat=True):
        assert "Ann" not in text
    token = held(register)["holder"]
    address = f"/registers/officer/openings/{token.removeprefix(blob.REDACTED)}"
    opening = client.get(address)
    assert opening["Cache-Control"] == "no-store"
    salt = bytes.fromhex(opening.json()["salt"])
    assert blob.commit(opening.json()["value"], salt=salt) == token
    pieces = list(export.sealed(register))
    data, note = b"".join(p for p, _ in pieces), pieces[-1][1]
    erased = erase_values(
        register=register,
        key="1",
        field="holder",
        reason_code="request",
        by=None,
        at=AT,
    )
    assert (erased, Opening.objects.count()) == (1, 0)
    again = b"".join(p for p, _ in export.sealed(register))
    assert again == data
    verify_lines(rsf.lines_of([data]), note=note, keys=signing.verifier_keys("officer"))
    page = client.get("/registers/officer/records/1").text
    assert "erased" in page
    assert "Ann Example" not in page
    assert client.get(address).status_code == 404


def test_a_value_that_only_looks_committed_to_is_refused(officers):
    """Or it would pass for any datatype, and read as erased; one that is held stays."""
    forged = blob.commit("1", salt=blob.new_salt())
    for values in ({"post": forged}, {"holder": forged}):
        with pytest.raises(BadInput, match="write the value itself"):
            put(officers, **values)
    put(officers, post="Clerk", holder="Ann Example")
    token = held(officers)["holder"]
    put(officers, post="Chief clerk", holder=token)
    assert held(officers)["holder"] == token
    with pytest.raises(BadInput, match="write the value itself"):
        put(officers, post=token)
    moved = [("2", {"officer": "2", "holder": token})]
    append_entries(register=officers, changes=moved, by=None, at=AT)


def test_what_was_written_in_clear_cannot_be_erased_and_says_so(officers):
    register = put(officers, post="Clerk")
    with pytest.raises(Conflict, match="in clear"):
        erase_values(
            register=register, key="1", field="post", reason_code="x", by=None, at=AT
        )


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "https://127.0.0.1/", "https://localhost/x", "https://10.0.0.1/", "https://[::1]/", "https://u:p@example.org/", "ftp://example.org", "https://169.254.169.254/"],
)  # fmt: skip
def test_a_hook_reaches_nothing_inside(officers, url):
    with pytest.raises(BadInput):
        hooks.add_hook(register=officers, url=url, by=None, at=AT)
    assert not Hook.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_hook_is_told_with_a_signature_and_again_until_it_is_taken(
    officers, settings
):
    settings.DEBUG = True  # a receiver on this machine
    took: list[tuple[str, bytes]] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            took.append((self.headers[hooks.SIGNATURE], body))
            self.send_response(500 if len(took) == 1 else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        hook = hooks.add_hook(register=officers, url=url, by=None, at=AT)
        put(officers, post="Clerk")
        run_pending()
        hook.refresh_from_db()
        assert (len(took), hook.told_size) == (1, 0)  # it was refused, and waits
        job = Job.objects.get(kind="registers:tell")
        assert (job.attempts, job.state) == (1, "queued")
        Job.objects.filter(pk=job.pk).update(run_after=AT)
        run_pending()
        server.shutdown()
    hook.refresh_from_db()
    job.refresh_from_db()
    assert (len(took), hook.told_size, job.state) == (2, 1, "done")
    for signature, body in took:
        digest = hmac.new(hook.secret.encode(), body, "sha256").hexdigest()
        assert signature == f"sha256={digest}"
    body = json.loads(took[-1][1])
    head = open_checkpoint(body["checkpoint"], keys=signing.verifier_keys("officer"))
    assert head.size == body["size"] == 1


def test_an_address_that_cannot_be_found_now_is_tried_again(officers, settings):
    """Which is no mistake of the message: the job is not given up."""
    settings.DEBUG = True
    hook = hooks.add_hook(
        register=officers, url="https://none.invalid/", by=None, at=AT
    )
    settings.DEBUG = False
    put(officers, post="Clerk")
    run_pending()
    job = Job.objects.get(kind="registers:tell")
    assert (job.attempts, job.state) == (1, "queued")
    hooks.end_hook(hook=hook, by=None, at=AT)
    Job.objects.filter(pk=job.pk).update(run_after=AT)
    run_pending()
    job.refresh_from_db()
    assert job.state == "done", "nobody is left to tell"


def test_the_address_that_was_checked_is_the_one_that_is_reached(
    officers, settings, monkeypatch
):
    """A name that leads inside a moment after it was checked leads nowhere."""
    answers = [[(2, 1, 6, "", ("1.1.1.1", 443))], [(2, 1, 6, "", ("127.0.0.1", 443))]]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_a, **_k: answers[0])
    reached = []

    def connect(address, *_):
        reached.append(address)
        raise OSError("closed")

    monkeypatch.setattr("socket.create_connection", connect)
    hook = hooks.add_hook(register=officers, url="https://example.org/", by=None, at=AT)
    with pytest.raises(reach.Unreachable):
        hooks.tell(hook, b"{}")
    assert reached == [("1.1.1.1", 443)]
    answers.pop(0)
    with pytest.raises(BadInput, match="public internet"):
        hooks.tell(hook, b"{}")
    assert len(reached) == 1


def test_a_program_with_a_token_appends_and_others_do_not(officers, client):
    body = create_organisation(name="Body", kind="other", by=None, at=AT)
    officers.owner = body
    officers.save(update_fields=["owner"])
    tokens = {}
    for name, role in (("olwen", Role.DATA_OWNER), ("ana", Role.ANALYST)):
        email = f"{name}@example.gov.uk"
        person = create_person(
            email=email, name=name, by=None, at=AT,
            password_hash=hash_password("correct horse battery", email=email, name=name),
        )  # fmt: skip
        add_member(person=person, organisation=body, role=role, by=None, at=AT)
        now = datetime.now(UTC)
        tokens[name] = create_token(person=person, name="t", by=person, at=now)[1]

    def post(who: str | None, changes: list) -> int:
        headers = {"Authorization": f"Bearer {tokens[who]}"} if who else {}
        answer = client.post(
            "/api/v1/registers/officer/entries", {"changes": changes},
            content_type="application/json", headers=headers,
        )  # fmt: skip
        return answer.status_code

    good = [{"key": "1", "values": {"officer": "1", "post": "Clerk"}}]
    assert post(None, good) == 401
    assert post("ana", good) == 403
    assert post("olwen", [{"key": "1", "values": {"officer": "2"}}]) == 400
    assert post("olwen", []) == 422
    assert post("olwen", good) == 201
    assert held(officers) == {"officer": "1", "post": "Clerk"}
    assert client.get("/api/v1/registers").json()[0]["size"] == 1
    hooks_of_a_register(client, tokens)
    erasing_over_the_api(officers, client, tokens)


def erasing_over_the_api(officers, client, tokens):
    """The keeper erases; nobody else does; what cannot be erased is said."""
    put(officers, post="Clerk", holder="Ann Example")

    def erase(who: str, **body) -> tuple:
        answer = client.post(
            "/api/v1/registers/officer/erasures", body, content_type="application/json",
            headers={"Authorization": f"Bearer {tokens[who]}"},
        )  # fmt: skip
        return answer.status_code, answer.json()

    holder = {"key": "1", "field": "holder", "reason_code": "request"}
    assert erase("ana", **holder)[0] == 403
    assert erase("olwen", **holder | {"field": "post"})[0] == 409
    assert erase("olwen", **holder | {"key": "9"})[0] == 400
    assert Opening.objects.count() == 1
    assert erase("olwen", **holder) == (200, {"erased": 1})
    assert erase("olwen", **holder) == (200, {"erased": 0})
    assert not Opening.objects.exists()


def test_a_value_is_erased_from_the_command_line(officers):
    put(officers, holder="Ann Example")
    words = ["erase", "officer", "1", "holder", "--reason-code", "request"]
    done = CliRunner().invoke(command, words, catch_exceptions=False)
    assert done.output == "Erased 1 values of holder from 1.\n"
    assert reveal(officers, held(officers))["holder"] == "erased"
    with pytest.raises(BadInput, match="no register"):
        CliRunner().invoke(command, ["erase", "x", *words[2:]], catch_exceptions=False)


def hooks_of_a_register(client, tokens):
    """Its keeper names addresses, sees them and ends them; others do none of it."""
    place = "/api/v1/registers/officer/webhooks"

    def ask(method: str, path: str = "", who: str = "olwen", **body) -> tuple:
        sent = {"Authorization": f"Bearer {tokens[who]}"}
        answer = client.generic(
            method, place + path, json.dumps(body),
            content_type="application/json", headers=sent,
        )  # fmt: skip
        return answer.status_code, json.loads(answer.content or b"null")

    status, made = ask("POST", url="https://1.1.1.1/hook")
    assert (status, len(made["secret"])) == (201, 64)
    assert ask("GET", who="ana")[0] == 403
    listed = {"reference": made["reference"], "url": "https://1.1.1.1/hook"}
    assert ask("GET") == (200, [{**listed, "told_size": 1}])
    assert ask("DELETE", f"/{made['reference']}", who="ana")[0] == 403
    assert ask("DELETE", f"/{made['reference']}")[0] == 204
    assert ask("GET") == (200, [])
    assert ask("DELETE", f"/{made['reference']}")[0] == 404
