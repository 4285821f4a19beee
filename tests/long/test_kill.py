"""kill -9 of server and worker at random moments, while people and programs write.

What was answered with 2xx must be there after the restart, the ledger must verify
and begin with every checkpoint that was ever handed out, nothing may be there by
halves, and work that was running must be finished once. `STAITHE_KILLS` says how
many times to kill, `STAITHE_KILL_SEED` repeats a run's choices.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import secrets
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode

import pytest


KILLS = int(os.environ.get("STAITHE_KILLS", "100"))
SEED = int(os.environ.get("STAITHE_KILL_SEED") or secrets.randbits(32))
MOST_SECONDS = 8.0
PASSWORD = "landing-stage-2026"
ENDS_ON = (datetime.now(UTC) + timedelta(days=300)).date().isoformat()


class Gone(Exception):
    """The server went away before it answered."""


class Refused(Exception):
    """The server said no: another writer was first."""


@dataclass
class Script:
    """What the writers share: who they are, what was promised to them."""

    url: str
    world: dict[str, Any]
    facts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    checkpoints: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    projects: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    opener: urllib.request.OpenerDirector | None = None

    def promised(self, kind: str, **fact: Any) -> None:
        """Note a write that was acknowledged."""
        self.facts.append((kind, fact))

    def call(self, who: str, method: str, path: str, body: Any = None) -> Any:
        """Call the API as one of the cast; return the JSON of a 2xx answer."""
        data = json.dumps(body).encode() if body is not None else None
        headers = {
            "Authorization": f"Bearer {self.world['tokens'][who]}",
            "Content-Type": "application/json",
        }
        where = f"{self.url}/api/v1{path}"
        asked = urllib.request.Request(where, data, headers, method=method)
        text = self._open(asked, urllib.request.urlopen)
        return json.loads(text) if text else None

    def _open(self, asked: Any, opener: Callable[..., Any]) -> str:
        try:
            with opener(asked, timeout=60) as answer:
                self.statuses[str(answer.status)] += 1
                body: str = answer.read().decode()
                return body
        except urllib.error.HTTPError as error:
            self.statuses[str(error.code)] += 1
            if error.code >= 500:
                self.faults.append(f"{asked.method} {asked.full_url}: {error.code}")
            said = error.read().decode()
            self.refusals[f"{error.code} {problem_of(said)}"] += 1
            raise Refused(said) from error
        except (OSError, http.client.HTTPException) as error:
            self.statuses["gone"] += 1
            raise Gone from error

    def sign_in(self) -> None:
        """Open a session in the pages as the owner, as a browser does."""
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        self.opener = urllib.request.build_opener(jar)
        form = {"email": "owner@staithe.example", "password": PASSWORD}
        page = self._page(
            "/sign-in", {**form, "next": "/account"}, "x-www-form-urlencoded"
        )
        assert page.endswith("/account"), page

    def publish(self, table: str, title: str) -> str:
        """Publish a file on the page; return the address of the confirmation."""
        fields = {"organisation": "dws", "title": title, "access_rights": "INTERNAL"}
        return self._page("/catalogue/publish", fields, "multipart", table)

    def _page(
        self, path: str, fields: dict[str, str], kind: str, table: str = ""
    ) -> str:
        assert self.opener is not None
        page = self._open(urllib.request.Request(self.url + path), self.opener.open)
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert found, page[:300]
        fields = {**fields, "csrfmiddlewaretoken": found[1]}
        if kind == "multipart":
            body, kind = multipart(fields, table)
        else:
            body, kind = urlencode(fields).encode(), f"application/{kind}"
        asked = urllib.request.Request(self.url + path, body, {"Content-Type": kind})
        where = []

        def opener(request: Any, timeout: int) -> Any:
            answer = self.opener.open(request, timeout=timeout)  # type: ignore[union-attr]  # checked above
            where.append(answer.url)
            return answer

        self._open(asked, opener)
        return str(where[0])


def problem_of(said: str) -> str:
    """Return the sentence of an error, without references."""
    try:
        sentence = str(json.loads(said)["detail"])
    except (ValueError, KeyError):
        sentence = said[:80]
    return re.sub(r"[A-Z]{3}-\w+", "…", sentence)


def multipart(fields: dict[str, str], table: str) -> tuple[bytes, str]:
    """Return a form with one file, and its content type."""
    edge = secrets.token_hex(8)
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts.append(
        f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="t.csv"\r\n'
        f"Content-Type: text/csv\r\n\r\n{table}\r\n--{edge}--\r\n"
    )
    return "".join(parts).encode(), f"multipart/form-data; boundary={edge}"


# ---------------------------------------------------------------- what writers do


def publish(script: Script, dice: random.Random) -> None:
    """Publish a small file on the page."""
    rows = dice.randint(5, 60)
    lines = "\n".join(f"{n},R{n % 3},{n * 7 % 100}" for n in range(rows))
    title = f"Table {secrets.token_hex(6)}"
    where = script.publish(f"code,region,score\n{lines}", title)
    slug = where.split("/")[-2]
    assert slug.startswith("table-"), where
    script.promised("asset", slug=slug, rows=rows)


def agree(script: Script, dice: random.Random) -> None:
    """Start a project, ask one or two holders, decide, and accept the terms."""
    project = script.call(
        "requester",
        "POST",
        "/projects",
        {
            "title": f"Project {secrets.token_hex(4)}",
            "organisation": script.world["organisation"],
            "purpose_code": "research-public-good",
            "purpose": "Find out what a kill leaves behind.",
            "benefit": "Nothing is lost.",
        },
    )["reference"]
    script.promised("project", reference=project)
    asked = script.call("requester", "POST", "/requests", {"project": project})[
        "reference"
    ]
    script.promised("request", reference=asked)
    both = dice.random() < 0.25
    flows = [
        _ask_for(script, asked, asset, link=both)
        for asset in script.world["assets"][: 2 if both else 1]
    ]
    script.call("requester", "POST", f"/requests/{asked}/submit")
    script.promised("submission", reference=asked)
    script.requests.append(asked)
    agreements = [_decide_and_accept(script, flow) for flow in flows]
    script.projects.append({"project": project, "agreements": agreements})


def _ask_for(script: Script, asked: str, asset: str, *, link: bool) -> str:
    wanted = {"asset": asset, "columns": ["region", "band"]}
    if link:
        wanted["link_columns"] = ["surname", "dob"]
    wanted["justification"] = "The question needs it."
    flow: str = script.call("requester", "POST", f"/requests/{asked}/flows", wanted)[
        "reference"
    ]
    script.promised("flow", reference=flow)
    route = {"route_id": "dea-64-research", "reason": "Research for the public good."}
    script.call("requester", "PUT", f"/flows/{flow}/route", route)
    script.promised("route", reference=flow)
    return flow


def _decide_and_accept(script: Script, flow: str) -> str:
    script.call("owner", "POST", f"/flows/{flow}/review")
    answer = {"outcome": "agree", "reason": "It is needed.", "ends_on": ENDS_ON}
    decided = script.call("owner", "POST", f"/flows/{flow}/decision", answer)
    script.promised("decision", reference=flow)
    agreement: str = decided["agreement"]
    terms = script.call("requester", "GET", f"/agreements/{agreement}")
    seen = {"terms_sha256": terms["terms_sha256"]}
    script.call("requester", "POST", f"/agreements/{agreement}/accept", seen)
    script.promised("acceptance", reference=agreement)
    return agreement


def use(script: Script, dice: random.Random) -> None:
    """Join a project's data, ask a question of it, or take an agreement back."""
    if not script.projects:
        return
    chosen = dice.choice(script.projects[-12:])
    project = chosen["project"]
    grants = script.call("requester", "GET", f"/projects/{project}/grants")
    active = [grant for grant in grants if grant["state"] == "active"]
    ready = [grant for grant in active if grant["table_version"]]
    if dice.random() < 0.15:
        agreement = dice.choice(chosen["agreements"])
        why = {"reason": "No longer needed."}
        script.call("owner", "POST", f"/agreements/{agreement}/revoke", why)
        script.promised("revocation", reference=agreement)
    elif ready:
        question = {
            "title": "By region",
            "sql": f"SELECT person, region FROM {ready[0]['table']}",
            "table": {"rows": "region"},
        }
        made = script.call(
            "requester", "POST", f"/projects/{project}/queries", question
        )
        script.promised("query", reference=made["reference"])
    elif active:
        join = script.call("requester", "POST", f"/projects/{project}/joins", {})
        script.promised("join", project=project, number=join["number"])
    else:
        time.sleep(0.2)


def talk(script: Script, dice: random.Random) -> None:
    """Write a message, make or end a token, or take a checkpoint of the log."""
    choice = dice.random()
    if choice < 0.4 and script.requests:
        asked, text = dice.choice(script.requests), f"Hello {secrets.token_hex(8)}"
        script.call("owner", "POST", f"/requests/{asked}/messages", {"text": text})
        script.promised("message", text=text)
    elif choice < 0.8:
        made = script.call("officer", "POST", "/tokens", {"name": "short"})
        script.promised("token", reference=made["reference"])
        if choice < 0.75:
            script.call("officer", "DELETE", f"/tokens/{made['reference']}")
            script.promised("token-end", reference=made["reference"])
    else:
        signed = script.call("stranger", "GET", "/ledger/checkpoint")
        script.checkpoints.append(signed["text"])


Deed = Callable[[Script, random.Random], None]
# What each writer does over and over; publishing is the slowest by far.
WRITERS: list[list[Deed]] = [[publish, talk], [agree, use], [agree, use], [talk, use]]


def write_until_gone(script: Script, deeds: list[Deed], seed: str) -> None:
    """Do one thing after another until the server is no more."""
    dice = random.Random(seed)
    while True:
        try:
            dice.choice(deeds)(script, dice)
        except Refused:
            continue
        except Gone:
            return


def write_and_kill(script: Script, service: Any, dice: random.Random) -> None:
    """Let the writers write for a random while, then kill everything."""
    writers = [
        threading.Thread(
            target=write_until_gone, args=(script, deeds, str(dice.random()))
        )
        for deeds in WRITERS
    ]
    for writer in writers:
        writer.start()
    # By the number of writes, so that a slow machine is killed in the same places.
    enough = len(script.facts) + dice.choice((0, 2, 5, 10, 20, 40))
    until = time.monotonic() + MOST_SECONDS
    while len(script.facts) < enough and time.monotonic() < until:
        time.sleep(0.002)
    time.sleep(dice.uniform(0, 0.15))
    service.kill()
    for writer in writers:
        writer.join(timeout=90)
        assert not writer.is_alive()


def read_back(script: Script, dice: random.Random) -> list[str]:
    """Read some of what was promised over HTTP, from the restarted server."""
    paths = {"project": "/projects/", "request": "/requests/", "query": "/queries/"}
    paths["acceptance"] = "/agreements/"
    known = [(kind, fact) for kind, fact in script.facts if kind in paths]
    wrong = []
    for kind, fact in dice.sample(known, min(4, len(known))):
        try:
            script.call("requester", "GET", paths[kind] + fact["reference"])
        except Refused as error:
            wrong.append(f"{kind} {fact} cannot be read: {error}")
    return wrong


@pytest.mark.long
def test_no_kill_loses_an_acknowledged_write(service, witness, capsys):
    """Nothing acknowledged is lost, halved or done twice, however often it dies."""
    dice = random.Random(SEED)
    script = Script(service.url, witness.ask("make_world"))
    wrong: list[str] = []
    checked, rounds, starts = 0, [], []

    def look() -> None:
        nonlocal checked
        facts, kept = script.facts[checked:], script.checkpoints[-20:]
        seen = witness.ask("check", {"facts": facts, "checkpoints": kept})
        script.checkpoints.append(seen.pop("checkpoint"))
        checked += len(facts)
        wrong.extend(f"kill {len(rounds)}: {line}" for line in seen.pop("wrong"))
        rounds.append(seen)

    for number in range(KILLS):
        service.start()
        if dice.random() < 0.1:  # sometimes it does not even live to answer
            time.sleep(dice.uniform(0.5, 4))
            service.kill()
            service.start()
        starts.append(service.wait_until_ready())
        if script.opener is None:
            script.sign_in()
        if number % 2:  # the service was first to open what the kill left
            look()
        wrong += read_back(script, dice)
        write_and_kill(script, service, dice)
        if number % 2:  # the witness is first
            look()
        assert not wrong, f"seed {SEED}: {wrong[:20]}"
    _let_work_finish(service, witness)
    last = witness.ask(
        "check", {"facts": script.facts, "checkpoints": script.checkpoints[-50:]}
    )
    left = witness.ask("tidy_all")
    with capsys.disabled():
        _tell(script, rounds, starts, left, witness.ask("jobs"))
    assert last["wrong"] == []
    assert left["left"] == []
    assert script.faults == []
    assert len(script.facts) > KILLS


def _let_work_finish(service: Any, witness: Any) -> None:
    """Leave the service alone until all work that was killed has been done."""
    service.start()
    service.wait_until_ready()
    end = time.monotonic() + 400
    while unfinished := witness.ask("jobs")["unfinished"]:
        assert time.monotonic() < end, f"never finished: {unfinished}"
        time.sleep(2)
    service.process.terminate()
    service.process.wait(timeout=60)


def _tell(script: Script, rounds: Any, starts: Any, left: Any, jobs: Any) -> None:
    lines = [
        f"{KILLS} kills, seed {SEED}",
        f"restart: median {sorted(starts)[len(starts) // 2]:.1f} s",
        f"acknowledged: {dict(Counter(kind for kind, _ in script.facts))}",
        f"answers: {dict(script.statuses)}",
        f"refusals: {dict(script.refusals)}",
        f"events in the ledger: {rounds[-1]['events']}",
        f"kills that met a running job: {sum(1 for r in rounds if r['running'])}",
        f"jobs: {jobs}",
        f"files nobody named, removed: {left['removed']}",
    ]
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
