"""The main job as people walk it: each step reads a page and acts on what it shows.

No action of the program is called here. What the test does beside the people is in
`Stage`: it runs the jobs that a worker would run and lets time pass.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from staithe.base import clock
from staithe.demo.cast import PASSWORD
from staithe.demo.extracts import Extract
from staithe.jobs.run import run_pending
from staithe.jobs.schedule import tick


ADDRESSES = {
    "owner": "owner@staithe.example",
    "officer": "officer@staithe.example",
    "requester": "requester@staithe.example",
    "reviewer": "reviewer@staithe.example",
}


@dataclass
class Stage:
    """Who takes part, and what the journey has brought about so far."""

    people: dict[str, Any]
    extracts: dict[str, Extract]
    pass_days: Callable[[int], None]
    folder: Path
    faults: list[str] = field(default_factory=list)

    def work(self) -> None:
        """Do what a worker does: the jobs that are due."""
        tick(at=clock.now())
        run_pending()

    def today(self) -> date:
        return clock.now().date()


def walk(stage: Stage) -> None:
    """Walk the whole journey."""
    publish(stage)
    find_and_ask(stage)
    decide(stage)
    accept(stage)
    join(stage)
    ask_question(stage)
    release(stage)
    record_result(stage)
    read_in_public(stage)
    verify(stage)


def sign_in(hand: Any, who: str) -> None:
    hand.open("/")
    hand.follow("Sign in")
    hand.write("Email address", ADDRESSES[who])
    hand.write("Password", PASSWORD)
    hand.press("Sign in")


ABOUT = {
    "dws": (
        "Department for Work and Skills",
        "Benefit payments",
        "Who receives which benefit, how much a week, and where they live.",
        "benefit_type",
    ),
    "nhb": (
        "Northmoor Health Survey",
        "Hospital care and long-term conditions",
        "What people told the survey: their main condition and hospital stays.",
        "long_term_condition",
    ),
    "rs": (
        "Revenue Service",
        "Earnings by employer sector",
        "Annual pay of each person with a tax record, by sector of the employer.",
        "employer_sector",
    ),
}


def publish(stage: Stage) -> None:
    """Hold: a data owner uploads three files and describes their columns."""
    owner = stage.people["owner"]
    sign_in(owner, "owner")
    for source, (body, title, summary, column) in ABOUT.items():
        owner.follow("Publish data")
        owner.give("File", stage.extracts[source].path)
        owner.write("Title", title)
        owner.write("Summary", summary)
        owner.select("Held by", body)
        owner.press("Publish")
        assert heading(owner) == "Published"
        owner.press("Check and describe the columns")
        owner.write("What it means", "As the body's own rules define it", group=column)
        owner.press("Save")
        assert heading(owner) == title
        assert "As the body's own rules define it" in text(owner)
        owner.follow("Catalogue")


def find_and_ask(stage: Stage) -> None:
    """Find and ask: a slip of the keys, then one request to three holders."""
    amara = stage.people["requester"]
    sign_in(amara, "requester")
    amara.press("Search the catalogue")
    amara.write("Search the catalogue", "long term condtion")
    amara.press("Search")
    assert "These results are for" in text(amara)
    amara.follow(ABOUT["nhb"][1])
    amara.press("Ask for this data")
    _start_project(amara)
    _choose_columns(amara, "nhb")
    for source in ("dws", "rs"):
        amara.follow("Choose more data")
        amara.follow(f"Choose {ABOUT[source][1]}")
        _choose_columns(amara, source)
    _state_costs(amara, stage.today())
    amara.follow("Check your answers and send")
    amara.press("Send the request")
    assert heading(amara) == "Request sent"


PROJECT = "Work, benefits and long-term conditions"


def _start_project(amara: Any) -> None:
    amara.press("Start now")
    amara.write("Title of the project", PROJECT)
    amara.choose("Office for Public Evidence")
    amara.choose("Research for the public good")
    amara.press("Continue")
    amara.write(
        "What will the project find out or do?",
        "Find where people with long-term conditions rely on which benefits.",
    )
    amara.press("Continue")
    amara.write(
        "Who will be better off, and how?",
        "Employment support reaches the regions where it is most needed.",
    )
    amara.write("How will you measure it?", "Share of places in three regions.")
    amara.press("Continue")


WANTED = {
    "dws": (("benefit_type", "weekly_amount", "region"), "s64"),
    "nhb": (("long_term_condition", "admissions", "last_admission"), "s64"),
    "rs": (("annual_pay", "employer_sector"), "s64"),
}
SEE = "Columns that you need to analyse"


def _choose_columns(amara: Any, source: str) -> None:
    columns, citation = WANTED[source]
    for column in columns:
        amara.choose(column, group=SEE)
    amara.write("Why do you need these columns?", "Only what the question needs.")
    amara.press("Continue")
    route = next(r for r in choices(amara, "Legal route") if citation in r)
    amara.choose(route)
    amara.write("Why does this route fit?", "Research in the public interest.")
    amara.press("Continue")


def _state_costs(amara: Any, today: date) -> None:
    amara.follow("Who pays, and by when")
    amara.choose("The requester pays for preparation")
    amara.write("Expected cost of preparation, in pounds", "4200")
    amara.write(
        "What happens to the project without this data?",
        "Support stays spread evenly, away from need.",
    )
    needed, destroyed = today + timedelta(days=60), today + timedelta(days=1095)
    write_date(amara, "Date by which you need the data", needed)
    write_date(amara, "Date by which you destroy the data", destroyed)
    amara.press("Continue")


def decide(stage: Stage) -> None:
    """Agree: yes; yes to part; and silence, until the clock finds who answers."""
    owner, officer = stage.people["owner"], stage.people["officer"]
    ends = stage.today() + timedelta(days=400)
    _open_decision(owner, ABOUT["dws"][1])
    owner.press("Tell the requester that you have it")
    owner.choose("Agree")
    owner.press("Continue")
    owner.write("Why do you agree?", "The accreditations are with the application.")
    write_date(owner, "Last day of the agreement", ends)
    owner.press("Continue")
    owner.press("Record the decision")
    assert heading(owner) == "Decision recorded"

    sign_in(officer, "officer")
    _open_decision(officer, ABOUT["nhb"][1])
    officer.choose("Agree to part")
    officer.press("Continue")
    officer.choose("last_admission", group="Columns that you share")
    officer.write("Why do you share fewer columns?", "The date is not needed.")
    write_date(officer, "Last day of the agreement", ends)
    officer.press("Continue")
    officer.press("Record the decision")
    assert heading(officer) == "Decision recorded"

    for _ in range(6):
        stage.pass_days(5)
        stage.work()
    _open_decision(officer, ABOUT["rs"][1])
    assert "This decision was late and has passed to you" in text(officer)
    officer.choose("Refuse")
    officer.press("Continue")
    officer.choose(
        next(c for c in choices(officer, "Why do you refuse?") if "quality" in c)
    )
    officer.write("Explain your reason", "The sector codes are being rebuilt.")
    review = stage.today() + timedelta(days=120)
    write_date(officer, "Date on which you look at this again", review)
    officer.press("Continue")
    officer.press("Record the decision")
    assert heading(officer) == "Decision recorded"


def _open_decision(holder: Any, title: str) -> None:
    holder.follow("Requests")
    waiting = next(w for w in links(holder) if w.startswith("Decisions waiting"))
    holder.follow(waiting)
    holder.follow(title)


def accept(stage: Stage) -> None:
    """Agree: the requester reads both offers in her inbox and accepts them."""
    amara = stage.people["requester"]
    for holder in ("dws", "nhb"):
        amara.open("/inbox")
        body, title = ABOUT[holder][:2]
        amara.press(f"Open {body} offers terms for {title}")
        amara.press("Read and accept")
        amara.choose("I accept these terms for the organisation that receives the data")
        amara.press("Accept the terms")
        assert heading(amara) == "Terms accepted"
    stage.work()


def join(stage: Stage) -> None:
    """Join: no identifier leaves; the person goes away and comes back."""
    amara = stage.people["requester"]
    amara.follow("Go to the project")
    amara.press("Join the data")
    amara.press("Join the data")
    amara.follow("Back")
    stage.work()
    amara.follow("Projects")
    amara.follow(PROJECT)
    amara.follow("How far to trust the join")
    assert "links" in text(amara)


QUESTION = """SELECT person, region, benefit_type FROM {dws} JOIN {nhb} USING (person)
WHERE long_term_condition = 'Y'"""


def ask_question(stage: Stage) -> None:
    """Use: SQL in, a protected table out."""
    amara = stage.people["requester"]
    amara.follow("Ask the joined data a question")
    tables = amara.page.locator("h3").all_inner_texts()
    dws = next(name for name in tables if "benefit" in name)
    nhb = next(name for name in tables if "hospital" in name)
    amara.write("Title", "People with a long-term condition, by benefit and region")
    amara.write("SQL", QUESTION.format(dws=dws, nhb=nhb))
    amara.write("Column that makes the rows", "benefit_type")
    amara.write("Column that makes the columns", "region")
    amara.choose("How many people")
    amara.press("Ask")
    assert "[c] marks a hidden number" in text(amara)


def release(stage: Stage) -> None:
    """Use: two reviewers who do not see each other's vote, then open data."""
    amara = stage.people["requester"]
    amara.press("Send it for review")
    amara.write("Description", "Counts by benefit and region. Small counts are hidden.")
    amara.press("Send for review")
    title = heading(amara)
    for who in ("reviewer", "officer"):
        reviewer = stage.people[who]
        if who == "reviewer":
            sign_in(reviewer, who)
        reviewer.follow("Outputs")
        reviewer.follow(title)
        reviewer.choose("Approve")
        reviewer.write("Reason", "Counts only; no cell can be worked out.")
        reviewer.press("Record your decision")
    reviewer = stage.people["reviewer"]
    reviewer.follow("Outputs")
    reviewer.follow(title)
    reviewer.press("Release it")
    reviewer.press("Release")
    assert heading(reviewer) == "Released"
    anyone = stage.people["anyone"]
    anyone.open("/catalogue")
    anyone.follow(title)
    table = anyone.download("Download as CSV", button=True).read_text("utf-8-sig")
    assert table.startswith('"benefit_type","region"')
    assert "[c]" in table


def record_result(stage: Stage) -> None:
    """Account: what came of it, credited to the holders."""
    amara = stage.people["requester"]
    amara.follow("Projects")
    amara.follow(PROJECT)
    amara.press("Record a result")
    amara.write("The result in one line", "Support places moved to where need is")
    amara.write("What changed because the data was shared?", "140 places moved.")
    amara.write("What was measured", "Support places moved")
    amara.write("The figure", "140")
    amara.write("What preparing the data cost", "3900")
    amara.press("Record the result")
    assert "credited to" in text(amara)


def read_in_public(stage: Stage) -> None:
    """Account: anyone reads how it went, and why, without signing in."""
    anyone = stage.people["anyone"]
    anyone.open("/")
    anyone.follow("Progress")
    assert "3 answered, 0 waiting" in text(anyone)
    assert "quality-too-poor" in text(anyone)
    anyone.open("/")
    anyone.follow("See which bodies share what, why, and with what result")
    anyone.follow(ABOUT["dws"][1])
    assert "Support places moved to where need is" in text(anyone)


DECIDED = "Decision recorded (sharing:decision:recorded)"


def verify(stage: Stage) -> None:
    """Account: the downloaded log and a receipt verify with no service there."""
    stage.work()
    anyone, officer = stage.people["anyone"], stage.people["officer"]
    anyone.follow("Ledger")
    key = anyone.page.locator("#key").inner_text()
    log = anyone.download("Download the whole log")
    officer.follow("Ledger")
    officer.select("What happened", DECIDED)
    officer.press("Apply filters")
    assert "Decision recorded" in text(officer)
    officer.follow(officer.page.locator("table a").first.inner_text())
    receipt = officer.download("Download the receipt")
    for name, path in (("ledger.jsonl", log), ("receipt.json", receipt)):
        kept = stage.folder / name
        kept.write_bytes(path.read_bytes())
        told = ledger_verify(kept, key)
        assert told.returncode == 0, told.stderr
    forged = stage.folder / "forged.json"
    honest = (stage.folder / "receipt.json").read_text("utf-8")
    forged.write_text(honest.replace("quality-too-poor", "cost-too-high"), "utf-8")
    assert ledger_verify(forged, key).returncode == 1


def ledger_verify(path: Path, key: str) -> subprocess.CompletedProcess[str]:
    """Run the offline verifier as an auditor does."""
    command = [sys.executable, "-m", "staithe", "ledger", "verify", str(path)]
    return subprocess.run(
        [*command, "--key", key], capture_output=True, text=True, check=False
    )


# ---------------------------------------------------------------- what a person reads


def text(hand: Any) -> str:
    return hand.page.locator("main").inner_text()


def heading(hand: Any) -> str:
    return hand.page.locator("main h1").first.evaluate(
        "e => e.firstChild.textContent.trim()"
    )


def links(hand: Any) -> list[str]:
    return [words.strip() for words in hand.page.locator("main a").all_inner_texts()]


def choices(hand: Any, group: str) -> list[str]:
    fieldset = hand.page.get_by_role("group", name=group)
    return [w.strip() for w in fieldset.locator("label").all_inner_texts()]


def write_date(hand: Any, group: str, day: date) -> None:
    """Fill in the three boxes of a date."""
    for label, number in (("Day", day.day), ("Month", day.month), ("Year", day.year)):
        hand.write(label, str(number), group=group)
