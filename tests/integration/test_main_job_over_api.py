"""The main job done by programs: HTTP and bearer tokens, from a file to a proof.

A live server, the real Delta Sharing client, no action called by the test but the
jobs that a worker would run. Before each thing that somebody does, a stranger with a
token of their own and a caller with none try the same: each is refused as
problem+json (RFC 9457) and nothing comes of it.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import delta_sharing
import pytest
import requests

from main_job import movable_clock, small_extracts
from staithe.base import clock
from staithe.demo.cast import assemble_cast
from staithe.demo.extracts import Extract
from staithe.jobs.run import run_pending
from staithe.jobs.schedule import tick
from staithe.people.actions import create_token
from staithe.site.problems import PROBLEM, PROBLEM_SCHEMA


pytestmark = pytest.mark.django_db(transaction=True)
IDENTIFIERS = {"nino", "first_name", "surname", "dob", "postcode", "sex"}


@dataclass
class Api:
    """The service as programs reach it, one token for each person."""

    url: str
    tokens: dict[str, str]
    extracts: dict[str, Extract]
    pass_days: Callable[[int], None]
    refused: int = 0
    made: dict[str, Any] = field(default_factory=dict)

    def send(self, who: str, method: str, path: str, **sent: Any) -> requests.Response:
        """Make one call; `who` may be "nobody"."""
        headers = {}
        if who in self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens[who]}"
        url = f"{self.url}/api/v1{path}"
        return requests.request(method, url, headers=headers, timeout=60, **sent)

    def get(self, who: str, path: str, **sent: Any) -> Any:
        """Read something that is there to be read."""
        answer = self.send(who, "GET", path, **sent)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def do(self, who: str, method: str, path: str, **body: Any) -> Any:
        """Let the stranger and nobody try; then let `who` do it."""
        return self.call(who, method, path, json=body)

    def call(self, who: str, method: str, path: str, **sent: Any) -> Any:
        """Do as `do` with any content."""
        for other, statuses in (("stranger", {403, 404}), ("nobody", {401})):
            answer = self.send(other, method, path, **fresh(sent))
            assert answer.status_code in statuses, (other, path, answer.text)
            check_problem(answer)
            self.refused += 1
        answer = self.send(who, method, path, **fresh(sent))
        assert answer.status_code < 300, (who, path, answer.text)
        return answer.json()

    def work(self) -> None:
        """Do what a worker does: the jobs that are due."""
        tick(at=clock.now())
        run_pending()

    def today(self, days: int = 0) -> str:
        """Return a day so many days from now, as programs write it."""
        return (clock.now().date() + timedelta(days=days)).isoformat()


def fresh(sent: dict[str, Any]) -> dict[str, Any]:
    """Open a file to upload anew for each call."""
    if "upload" not in sent:
        return sent
    path: Path = sent["upload"]
    rest = {key: value for key, value in sent.items() if key != "upload"}
    return rest | {"files": {"file": (path.name, path.read_bytes())}}


def check_problem(answer: requests.Response) -> None:
    """Hold a refusal to RFC 9457: its type, its members, one sentence for a person."""
    assert answer.headers["Content-Type"] == PROBLEM
    problem = answer.json()
    assert set(PROBLEM_SCHEMA["required"]) <= set(problem)
    assert problem["status"] == answer.status_code
    assert problem["detail"].endswith((".", "?", ")", ">")), problem
    assert "Traceback" not in answer.text


@pytest.fixture
def api(
    home: Path,
    live_server: Any,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Api:
    """Assemble the cast and give each of them a token."""
    settings.BASE_URL = live_server.url
    cast = assemble_cast(at=clock.now())
    tokens = {
        word: create_token(person=person, name="test", by=person, at=clock.now())[1]
        for word, person in cast.people.items()
    }
    extracts = small_extracts(tmp_path / "extracts")
    return Api(live_server.url, tokens, extracts, movable_clock(monkeypatch))


def test_the_main_job_is_done_by_programs_alone(api: Api, tmp_path: Path) -> None:
    """Publish, find, ask, decide, agree, join, read, ask, release, account, revoke."""
    publish(api)
    ask(api)
    decide(api)
    agree(api)
    join(api)
    share = read_with_the_real_client(api, tmp_path)
    question(api)
    release(api)
    account(api)
    verify(api, tmp_path)
    revoke(api, share)
    assert api.refused > 50


ABOUT = {
    "dws": ("Benefit payments", "benefit_type"),
    "nhb": ("Hospital care and long-term conditions", "long_term_condition"),
    "rs": ("Earnings by employer sector", "employer_sector"),
}


def publish(api: Api) -> None:
    """Hold: three files by multipart, each column described."""
    for holder, (title, column) in ABOUT.items():
        about = {"organisation": holder, "title": title, "access_rights": "INTERNAL"}
        path = api.extracts[holder].path
        asset = api.call("owner", "POST", "/assets", data=about, upload=path)
        assert asset["version"]["rows"] == api.extracts[holder].rows
        columns = [
            {"name": each["name"], "identifies": each["identifies"]}
            for each in asset["version"]["columns"]
        ]
        next(c for c in columns if c["name"] == column)["description"] = "As ruled"
        where = f"/assets/{asset['slug']}"
        told = api.do("owner", "PUT", f"{where}/columns", columns=columns)
        said = {c["name"]: c["description"] for c in told["version"]["columns"]}
        assert said[column] == "As ruled"
        api.do("owner", "PATCH", where, keywords=["people", "northmoor"])
        api.made[holder] = asset["slug"]


WANTED: dict[str, dict[str, Any]] = {
    "dws": {
        "columns": ["benefit_type", "weekly_amount", "region"],
        "link_columns": ["first_name", "middle_name", "surname", "dob", "postcode"],
    },
    "nhb": {
        "columns": ["long_term_condition", "admissions", "last_admission"],
        "link_columns": ["GIVEN_NAME", "FAMILY_NAME", "BIRTH_DATE", "POSTCODE"],
    },
    "rs": {
        "columns": ["annual_pay", "employer_sector"],
        "link_columns": ["full_name", "date_of_birth", "post_code"],
    },
}


def ask(api: Api) -> None:
    """Find, with a slip of the keys; then one request to three holders."""
    found = api.get("requester", "/assets", params={"q": "long term condtion"})
    assert found["items"][0]["slug"] == api.made["nhb"]
    assert "condtion" in found["mended"]
    project = api.do(
        "requester",
        "POST",
        "/projects",
        title="Work, benefits and long-term conditions",
        organisation="office-for-public-evidence",
        purpose_code="research-public-good",
        purpose="Find where people with long-term conditions rely on benefits.",
        benefit="Support reaches the regions where it is most needed.",
    )
    api.made["project"] = f"/projects/{project['reference']}"
    asked = api.do("requester", "POST", "/requests", project=project["reference"])
    where = api.made["request"] = f"/requests/{asked['reference']}"
    api.do(
        "requester",
        "PATCH",
        where,
        who_pays="requester",
        preparation_cost=4200,
        needed_by=api.today(60),
        retention_until=api.today(1095),
    )
    for holder, wanted in WANTED.items():
        flow = api.do(
            "requester",
            "POST",
            f"{where}/flows",
            asset=api.made[holder],
            justification="Only what the question needs.",
            **wanted,
        )
        api.made[f"{holder}-flow"] = path = f"/flows/{flow['reference']}"
        citation = "s64"
        route = find_route(api, citation)
        told = api.do(
            "requester", "PUT", f"{path}/route", route_id=route, reason="Research."
        )
        assert told["route_citation"].endswith(citation)
    sent = api.do("requester", "POST", f"{where}/submit")
    assert sent["state"] == "submitted"


def find_route(api: Api, citation: str) -> str:
    """Find a legal route in the public library."""
    wanted = {"purpose": "research-public-good", "on": api.today()}
    routes = api.get("nobody", "/law/routes", params=wanted)
    return str(next(r["id"] for r in routes if r["citation"].endswith(citation)))


def decide(api: Api) -> None:
    """Agree: yes; yes to part; silence that the clock passes up, then no."""
    waiting = api.get("owner", "/flows")
    assert {flow["holder"] for flow in waiting["items"]} == {"dws", "nhb", "rs"}
    api.do("owner", "POST", f"{api.made['dws-flow']}/review")
    api.do(
        "owner",
        "POST",
        f"{api.made['dws-flow']}/decision",
        outcome="agree",
        reason="The purpose is ours too.",
        ends_on=api.today(400),
        rows_may_leave=True,
    )
    api.do(
        "officer",
        "POST",
        f"{api.made['nhb-flow']}/decision",
        outcome="agree-in-part",
        columns=["long_term_condition", "admissions"],
        reason="The date of the last stay is not needed.",
        ends_on=api.today(400),
    )
    for _ in range(6):
        api.pass_days(5)
        api.work()
    late = api.get("officer", api.made["rs-flow"])
    assert late["step"] == "enforce"
    assert late["decider"] == api.get("officer", "/me")["reference"]
    told = api.do(
        "officer",
        "POST",
        f"{api.made['rs-flow']}/decision",
        outcome="refuse",
        reason_code="quality-too-poor",
        reason="The sector codes are being rebuilt.",
        review_on=api.today(120),
    )
    assert told["decision"]["review_on"] == api.today(120)
    assert told["state"] == "refused"


def agree(api: Api) -> None:
    """Agree: what is accepted is the very text that was read, by its SHA-256."""
    notices = api.get("requester", "/notices", params={"unread": True})
    offers = [n["link"] for n in notices if n["link"].startswith("/agreements/")]
    assert len(offers) == 2
    for where in offers:
        offer = api.get("requester", where)
        stale = api.send(
            "requester", "POST", f"{where}/accept", json={"terms_sha256": "0" * 64}
        )
        assert stale.status_code == 409
        check_problem(stale)
        accepted = api.do(
            "requester", "POST", f"{where}/accept", terms_sha256=offer["terms_sha256"]
        )
        assert accepted["state"] == "in-force"
        api.made[f"{offer['holder']}-agreement"] = where
    api.work()
    for where in offers:
        grant = api.call("requester", "GET", f"{where}/grant")
        assert (grant["state"], grant["problem"]) == ("active", "")
    assert api.send("requester", "POST", "/notices/read").status_code == 204


def join(api: Api) -> None:
    """Join: asked for, then polled until it is done."""
    where = f"{api.made['project']}/joins"
    asked = api.do("requester", "POST", where)
    assert asked["state"] == "queued"
    for _ in range(5):
        told = api.call("requester", "GET", f"{where}/{asked['number']}")
        if told["state"] != "queued":
            break
        api.work()
    assert told["state"] == "done", told["problem"]
    assert told["report"]["links"] > 100
    assert [j["number"] for j in api.get("requester", where)] == [asked["number"]]


@dataclass
class Share:
    """What a client has in its hands once it may read."""

    address: str
    table_url: str
    token: str
    file_url: str

    def query(self) -> requests.Response:
        """Ask for the table's files, as any client of the protocol does."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.post(
            f"{self.table_url}/query", json={}, headers=headers, timeout=60
        )


def read_with_the_real_client(api: Api, folder: Path) -> Share:
    """Use: the table comes as pandas, with pseudonyms and no identifiers."""
    where = f"{api.made['dws-agreement']}/tokens"
    given = api.do("requester", "POST", where)
    kept = api.send("requester", "POST", f"{api.made['nhb-agreement']}/tokens")
    assert kept.status_code == 403, "this holder's rows stay"
    check_problem(kept)
    profile = json.loads(given["profile"])
    file = folder / "staithe.share"
    file.write_text(given["profile"], "utf-8")
    address = f"{file}#{given['table']}"
    frame = delta_sharing.load_as_pandas(address)
    assert len(frame) == api.extracts["dws"].rows
    assert set(frame.columns) == {"person", *WANTED["dws"]["columns"]}
    assert not IDENTIFIERS & set(frame.columns)
    share, schema, table = given["table"].split(".")
    url = f"{profile['endpoint']}shares/{share}/schemas/{schema}/tables/{table}"
    reader = Share(address, url, profile["bearerToken"], "")
    lines = [json.loads(line) for line in reader.query().text.splitlines()]
    reader.file_url = next(line["file"]["url"] for line in lines if "file" in line)
    assert requests.get(reader.file_url, timeout=60).content[:4] == b"PAR1"
    (mine,) = api.call("requester", "GET", where)
    assert given["profile"].count(mine["prefix"]) == 1
    return reader


QUESTION = """SELECT person, region, benefit_type FROM {dws} JOIN {nhb} USING (person)
WHERE long_term_condition = 'Y'"""
TITLE = "People with a long-term condition, by benefit and region"


def question(api: Api) -> None:
    """Use: SQL in, a protected table out; what is not granted cannot be asked."""
    tables = api.call("requester", "GET", f"{api.made['project']}/tables")
    names = {table["name"]: set(table["columns"]) for table in tables}
    dws = next(name for name, columns in names.items() if "region" in columns)
    nhb = next(name for name in names if name != dws)
    assert names[nhb] == {"person", "long_term_condition", "admissions"}
    where = f"{api.made['project']}/queries"
    table = {"rows": "benefit_type", "columns": "region", "measure": "count"}
    for column in ("surname", "last_admission"):
        sql = f"SELECT person, {column} AS region, benefit_type FROM {dws}"
        answer = api.do("requester", "POST", where, title="X", sql=sql, table=table)
        assert answer["state"] != "done"
        assert not answer["csv"]
    sql = QUESTION.format(dws=dws, nhb=nhb)
    answer = api.do("requester", "POST", where, title=TITLE, sql=sql, table=table)
    assert answer["state"] == "done", answer["problem"]
    cells = list(csv.DictReader(io.StringIO(answer["csv"])))
    counts = [int(cell["count"]) for cell in cells if cell["count"] != "[c]"]
    assert len(counts) < len(cells), "nothing was hidden in so small a table"
    assert min(count for count in counts if count) >= 10
    api.made["query"] = f"/queries/{answer['reference']}"
    assert api.call("requester", "GET", api.made["query"])["csv"] == answer["csv"]
    assert len(api.get("requester", where)) == 3


def release(api: Api) -> None:
    """Use: two reviewers, blind to each other; then anyone downloads it."""
    output = api.do(
        "requester",
        "POST",
        f"{api.made['query']}/output",
        title=TITLE,
        description="Counts only.",
    )
    where = f"/outputs/{output['reference']}"
    early = api.send("reviewer", "POST", f"{where}/release")
    assert early.status_code == 409
    check_problem(early)
    vote = {"vote": "approve", "comment": "Counts only; no cell can be worked out."}
    first = api.do("reviewer", "POST", f"{where}/reviews", **vote)
    assert (first["state"], len(first["votes"])) == ("in-review", 1)
    assert api.call("officer", "GET", where)["votes"] == []
    own = api.send("requester", "POST", f"{where}/reviews", json=vote)
    assert own.status_code == 403
    check_problem(own)
    second = api.do("officer", "POST", f"{where}/reviews", **vote)
    assert (second["state"], len(second["votes"])) == ("approved", 2)
    released = api.do("reviewer", "POST", f"{where}/release")
    slug = api.made["released"] = released["released_as"]
    asset = api.get("nobody", f"/assets/{slug}")
    assert (asset["access_rights"], asset["kind"]) == ("OPEN", "release")
    table = requests.get(f"{api.url}/catalogue/{slug}.csv", timeout=60)
    assert table.content.decode("utf-8-sig").startswith('"benefit_type","region"')


def account(api: Api) -> None:
    """Account: a result, credited; progress and transparency without a token."""
    outcome = api.do(
        "requester",
        "POST",
        f"{api.made['project']}/outcomes",
        title="Support places moved to where need is greatest",
        description="140 places moved.",
        measure="Places",
        value="140",
        evidence_link=f"/catalogue/{api.made['released']}",
        preparation_cost=3900,
    )
    assert outcome["holders"] == ["dws", "nhb"]
    counts = api.get("nobody", "/progress")["counts"]
    assert (counts["asked"], counts["decided"]) == (3, 3)
    assert (counts["agreed"], counts["agreed_in_part"], counts["refused"]) == (1, 1, 1)
    assert counts["escalated"] == 1
    shares = api.get("nobody", "/transparency")["items"]
    assert {share["holder_slug"] for share in shares} == {"dws", "nhb"}
    one = api.get("nobody", f"/transparency/{shares[0]['reference']}")
    assert one["released"] == [api.made["released"]]
    assert one["columns"] == []


def verify(api: Api, folder: Path) -> None:
    """Account: the log and a receipt verify with the service out of reach."""
    decided = {"name": "sharing:decision:recorded", "body": "rs"}
    (event,) = api.get("officer", "/ledger/events", params=decided)["items"]
    assert event["says"]["reason_code"] == "quality-too-poor"
    where = f"/ledger/events/{event['number']}"
    assert api.get("stranger", where)["says"] is None
    assert api.get("nobody", where)["commitment"] == event["commitment"]
    api.work()
    receipt = folder / "receipt.json"
    api.call("officer", "GET", f"{where}/receipt")
    receipt.write_bytes(api.send("officer", "GET", f"{where}/receipt").content)
    log = folder / "ledger.jsonl"
    log.write_bytes(requests.get(f"{api.url}/ledger/log.jsonl", timeout=60).content)
    key = api.get("nobody", "/ledger/checkpoint")["key"]
    for path in (receipt, log):
        told = ledger_verify(path, key)
        assert told.returncode == 0, told.stderr
    forged = folder / "forged.json"
    forged.write_text(receipt.read_text().replace("quality-too-poor", "ethics"))
    assert ledger_verify(forged, key).returncode == 1


def ledger_verify(path: Path, key: str) -> subprocess.CompletedProcess[str]:
    """Run the offline verifier as an auditor does."""
    command = [sys.executable, "-m", "staithe", "ledger", "verify", str(path)]
    return subprocess.run(
        [*command, "--key", key], capture_output=True, text=True, check=False
    )


def revoke(api: Api, share: Share) -> None:
    """Every door closes at the next request: client, file addresses, SQL."""
    assert share.query().status_code == 200
    told = api.do(
        "owner",
        "POST",
        f"{api.made['dws-agreement']}/revoke",
        reason="The purpose has ended.",
    )
    assert told["state"] == "revoked"
    with pytest.raises(requests.HTTPError) as refusal:
        delta_sharing.load_as_pandas(share.address)
    assert refusal.value.response.status_code == 403
    assert "revoked" in refusal.value.response.json()["message"]
    file = requests.get(share.file_url, timeout=60)
    assert file.status_code in {403, 404}
    assert b"PAR1" not in file.content
    tables = api.get("requester", f"{api.made['project']}/tables")
    assert all("benefit" not in table["name"] for table in tables)
    again = api.send("requester", "POST", f"{api.made['dws-agreement']}/tokens")
    assert again.status_code == 403
    check_problem(again)
    (mine,) = api.get("nobody", "/transparency", params={"state": "revoked"})["items"]
    assert mine["ended_on"] == date.fromisoformat(api.today()).isoformat()
