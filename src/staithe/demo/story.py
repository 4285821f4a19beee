"""The main job, told as a story that reads top to bottom like the rooms of the house.

Three bodies hold records of the same people and share no identifier. An analyst finds
the data, asks for it, two bodies agree and one does not; the records are joined without
identifiers leaving, a question is answered, the answer is checked and released, and
anyone can verify what happened. Every step calls the actions that the pages call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.conf import settings

from staithe.accountability.actions import record_outcome
from staithe.analysis.actions import release_output, review_output, submit_output
from staithe.analysis.asking import ask
from staithe.analysis.models import Output, Query
from staithe.base import clock
from staithe.base.errors import AnswerIsNo
from staithe.catalogue.actions import publish_asset
from staithe.catalogue.models import Asset
from staithe.catalogue.queries import search
from staithe.demo.cast import HOLDERS, Cast, assemble_cast
from staithe.demo.extracts import Extract, write_extracts
from staithe.demo.population import generate_world
from staithe.demo.scoring import score_join
from staithe.demo.telling import Telling
from staithe.demo.truth import draw_truth, write_truth
from staithe.exchange.actions import ask_join
from staithe.exchange.keys import ensure_project_key
from staithe.exchange.models import Grant, Join
from staithe.jobs.run import run_pending
from staithe.ledger import keys as ledger_keys
from staithe.ledger.queries import export_lines, latest_checkpoint
from staithe.ledger.verify import verify as verify_log
from staithe.sharing.actions import (
    accept_agreement,
    add_flow,
    answer_questions,
    choose_route,
    decide_flow,
    draft_request,
    escalate_overdue,
    offer_agreement,
    start_project,
    start_review,
    submit_request,
)
from staithe.sharing.advice import find_advice, questions_to_answer
from staithe.sharing.models import Agreement, Flow, Project, Request


DAYS_TOLD = 75  # the story begins this many days ago, so that it ends before today


@dataclass
class Scene:
    """What has come about so far."""

    telling: Telling
    people: int
    seed: int
    folder: Path
    at: datetime
    cast: Cast = field(init=False)
    extracts: dict[str, Extract] = field(default_factory=dict)
    truth: pa.Table = None
    assets: dict[str, Asset] = field(default_factory=dict)
    project: Project = field(init=False)
    request: Request = field(init=False)
    flows: dict[str, Flow] = field(default_factory=dict)
    agreements: list[Agreement] = field(default_factory=list)
    query: Query = field(init=False)
    output: Output = field(init=False)

    def later(self, *, days: int = 0, hours: int = 1) -> datetime:
        """Let time pass and return the new moment."""
        self.at += timedelta(days=days, hours=hours)
        return self.at


def tell(*, people: int, seed: int, telling: Telling) -> Scene:
    """Build the demo world and run the main job through to a verified release."""
    started = clock.now() - timedelta(days=DAYS_TOLD)
    scene = Scene(telling, people, seed, settings.HOME / "demo", at=started)
    for act in (
        invent,
        meet,
        publish,
        find,
        request,
        decide,
        agree,
        join,
        question,
        release,
        account,
        verify,
    ):
        with clock.set_to(scene.at):
            act(scene)
    return scene


def invent(scene: Scene) -> None:
    """Hold: three bodies, three extracts, no identifier in common."""
    with scene.telling.step("Invent the people of Northmoor") as step:
        world = generate_world(people=scene.people, seed=scene.seed)
        for extract in write_extracts(world, scene.folder / "extracts"):
            scene.extracts[extract.source] = extract
        scene.truth = draw_truth(world)
        write_truth(world, scene.folder / "truth" / "truth.parquet")
        step.did = "\n".join(
            f"{extract.path.name}: {extract.rows:,} rows"
            for extract in scene.extracts.values()
        )


def meet(scene: Scene) -> None:
    """Six people, five organisations."""
    with scene.telling.step("Meet the cast") as step:
        scene.cast = assemble_cast(at=scene.at)
        step.did = ", ".join(
            f"{person.name} ({word})" for word, person in scene.cast.people.items()
        )
        step.path = "/sign-in"


ABOUT = {
    "dws": (
        "Benefit payments",
        "Who receives which benefit, how much a week, and where they live.",
    ),
    "nhb": (
        "Hospital care and long-term conditions",
        "What people told the survey: their main long-term condition and hospital stays.",
    ),
    "rs": (
        "Earnings by employer sector",
        "Annual pay of each person with a tax record, by sector of the employer.",
    ),
}


def publish(scene: Scene) -> None:
    """Hold: each body publishes its extract and learns something true about it."""
    for holder in HOLDERS:
        title, summary = ABOUT[holder]
        organisation = scene.cast.organisations[holder]
        with scene.telling.step(f"{organisation.name} publishes: {title}") as step:
            version = publish_asset(
                path=scene.extracts[holder].path,
                source_name=scene.extracts[holder].path.name,
                organisation=organisation,
                title=title,
                summary=summary,
                keywords=["people", "northmoor"],
                update_frequency="annual",
                by=scene.cast["owner"],
                at=scene.later(),
            )
            scene.assets[holder] = version.asset
            findings = version.profile["findings"]
            step.did = f"{version.rows:,} rows, {len(version.columns)} columns. " + (
                f"Profiling found, first: {findings[0]['message']}"
                if findings
                else "Profiling found nothing to say against it."
            )
            step.path = f"/catalogue/{version.asset.slug}"


def find(scene: Scene) -> None:
    """Find: the analyst searches in her own words."""
    with scene.telling.step("Amara searches the catalogue") as step:
        words = "long term condtion"  # as typed, with its slip
        found = search(words)
        if scene.assets["nhb"] not in found.items:
            raise AnswerIsNo(f"The search for “{words}” did not find the data.")
        step.did = f"“{words}” finds {found.total}: {found.items[0].title}"
        step.path = "/catalogue?q=long+term+condtion"


WANTED = {
    "dws": (
        ("benefit_type", "weekly_amount", "region"),
        ("first_name", "middle_name", "surname", "dob", "sex", "postcode"),
        "dea-64-research",
    ),
    "nhb": (
        ("long_term_condition", "admissions", "last_admission"),
        ("GIVEN_NAME", "FAMILY_NAME", "BIRTH_DATE", "SEX", "POSTCODE"),
        "dea-64-research",
    ),
    "rs": (
        ("annual_pay", "employer_sector"),
        ("full_name", "date_of_birth", "post_code"),
        "dea-64-research",
    ),
}


def request(scene: Scene) -> None:
    """Ask: one purpose, three holders, a legal route for each."""
    amara = scene.cast["requester"]
    with scene.telling.step("Amara asks three bodies at once") as step:
        scene.project = start_project(
            title="Work, benefits and long-term conditions",
            organisation=scene.cast.organisations["evidence"],
            purpose_code="research-public-good",
            purpose="Find where people with long-term conditions rely on which "
            "benefits, so that employment support goes where it helps most.",
            benefit="Employment support reaches the regions and conditions where it "
            "is most needed.",
            benefit_measure="Share of support places offered in the three regions "
            "with the greatest need.",
            by=amara,
            at=scene.later(days=1),
        )
        key = f"staithe-demo-{scene.seed}".encode().ljust(32, b".")
        ensure_project_key(settings.HOME / "keys", scene.project.reference, key=key)
        scene.request = draft_request(
            project=scene.project,
            who_pays="requester",
            preparation_cost=4200,
            impact_if_refused="Support stays spread evenly, away from need.",
            needed_by=(scene.at + timedelta(days=60)).date(),
            retention_until=_years_on(scene.at, 3),
            by=amara,
            at=scene.later(),
        )
        for holder, wanted in WANTED.items():
            _ask_one(scene, holder, *wanted)
        submit_request(request=scene.request, by=amara, at=scene.later())
        step.did = (
            f"{scene.request.reference}: benefit and payer stated, "
            f"{sum(len(w[0]) for w in WANTED.values())} columns to see, "
            "identifiers for linkage only, a cited route for each holder: the law "
            "library says that each may apply, if its conditions are evidenced"
        )
        step.path = f"/requests/{scene.request.reference}"


def _ask_one(
    scene: Scene,
    holder: str,
    columns: tuple[str, ...],
    link_columns: tuple[str, ...],
    route: str,
) -> None:
    amara = scene.cast["requester"]
    flow = add_flow(
        request=scene.request,
        asset=scene.assets[holder],
        columns=columns,
        link_columns=link_columns,
        justification="Only what the question needs; names serve linkage alone.",
        by=amara,
        at=scene.later(),
    )
    flow = choose_route(
        flow=flow,
        route_id=route,
        reason="Research in the public interest; results are published.",
        by=amara,
        at=scene.later(),
    )
    scene.flows[holder] = _answer_the_law(scene, flow)


def _answer_the_law(scene: Scene, flow: Flow) -> Flow:
    """Answer yes to what the law library asks of the route, and note what it says."""
    at = scene.later()
    asked = questions_to_answer(find_advice(flow, on=at.date()))
    answers = {q.id: True for q in asked if q.decides and "yes" in q.accepts}
    flow = answer_questions(
        flow=flow, answers=answers, by=scene.cast["requester"], at=at
    )
    advice = find_advice(flow, on=at.date())
    if advice is None or advice.verdict != "may-apply":
        said = advice.verdict if advice else "no advice"
        raise AnswerIsNo(f"The law library says of {flow.asset.title}: {said}.")
    return flow


def decide(scene: Scene) -> None:
    """Agree: one says yes, one says yes to part, one is silent and then says no."""
    _decide_dws(scene)
    _decide_nhb(scene)
    _wait_for_rs(scene)
    _decide_rs(scene)


def _decide_dws(scene: Scene) -> None:
    with scene.telling.step("Work and Skills agrees") as step:
        flow, owner = scene.flows["dws"], scene.cast["owner"]
        start_review(flow=flow, by=owner, at=scene.later(days=2))
        decision = decide_flow(
            flow=flow,
            outcome="agree",
            reason="The columns are few and the purpose is ours too.",
            by=owner,
            at=scene.later(days=1),
        )
        step.did = f"{len(decision.columns)} columns, as asked"
        step.path = f"/requests/{scene.request.reference}"


def _decide_nhb(scene: Scene) -> None:
    with scene.telling.step("The health survey agrees to fewer columns") as step:
        decision = decide_flow(
            flow=scene.flows["nhb"],
            outcome="agree-in-part",
            columns=["long_term_condition", "admissions"],
            reason="The date of the last stay is not needed for the question.",
            by=scene.cast["officer"],
            at=scene.later(days=2),
        )
        step.did = f"{len(decision.columns)} of {len(WANTED['nhb'][0])} columns"
        step.path = f"/requests/{scene.request.reference}"


def _wait_for_rs(scene: Scene) -> None:
    with scene.telling.step("The Revenue Service is silent; the clock is not") as step:
        taken: list[str] = []
        while scene.flows["rs"].step != Flow.Step.ENFORCE:
            escalate_overdue(at=scene.later(days=1))
            scene.flows["rs"].refresh_from_db()
            if scene.flows["rs"].step not in {"none", *taken}:
                taken.append(scene.flows["rs"].step)
        decider = scene.flows["rs"].decider
        assert decider is not None
        step.did = f"{' → '.join(taken)}: it is now for {decider.name} to answer"
        step.path = f"/requests/{scene.request.reference}"


def _decide_rs(scene: Scene) -> None:
    with scene.telling.step("Catriona Sloan answers for it: no, with a reason") as step:
        decision = decide_flow(
            flow=scene.flows["rs"],
            outcome="refuse",
            reason_code="quality-too-poor",
            reason="The sector codes are being rebuilt; until then they mislead.",
            review_on=(scene.at + timedelta(days=120)).date(),
            by=scene.cast["officer"],
            at=scene.later(days=1),
        )
        step.did = (
            f"{decision.reason_code}, to be looked at again on {decision.review_on}"
        )
        step.path = "/progress"


def agree(scene: Scene) -> None:
    """Agree: terms both sides accept compile to grants, and the data is cut."""
    offers = (("dws", "owner"), ("nhb", "officer"))
    for holder, who in offers:
        with scene.telling.step(
            f"An agreement with {scene.cast.organisations[holder].name}"
        ) as step:
            offered = offer_agreement(
                flow=scene.flows[holder],
                ends_on=_years_on(scene.at, 2),
                by=scene.cast[who],
                at=scene.later(),
            )
            agreement = accept_agreement(
                agreement=offered, by=scene.cast["requester"], at=scene.later()
            )
            with clock.set_to(scene.later()):
                run_pending()
            grant = Grant.objects.get(agreement=agreement)
            if grant.state != Grant.State.ACTIVE:
                raise AnswerIsNo(f"The data could not be cut: {grant.problem}")
            scene.agreements.append(agreement)
            step.did = (
                f"{agreement.reference} compiles to {grant.reference}: "
                f"{grant.rows:,} rows, identifiers cut apart from attributes"
            )
            step.path = f"/agreements/{agreement.reference}"


def join(scene: Scene) -> None:
    """Join: linkage sees identifiers, the analyst sees pseudonyms, nobody sees both."""
    with scene.telling.step("Join the two without a common identifier") as step:
        asked = ask_join(
            project=scene.project, by=scene.cast["requester"], at=scene.later(days=1)
        )
        with clock.set_to(scene.later()):
            run_pending()
        asked.refresh_from_db()
        if asked.state != Join.State.DONE:
            why = asked.problem or "see the log"
            raise AnswerIsNo(f"The data could not be joined: {why}")
        score = score_join(asked, truth=scene.truth, extracts=scene.extracts)
        scene.telling.facts["linkage"] = score
        step.did = (
            f"{asked.report['links']:,} links. Against the truth, which linkage never "
            f"saw: precision {score['precision']:.4f}, recall {score['recall']:.4f}, "
            f"F1 {score['f1']:.4f}"
        )
        step.path = f"/projects/{scene.project.reference}/joins/{asked.number}"


QUESTION = """SELECT person, region, benefit_type
FROM {dws} JOIN {nhb} USING (person)
WHERE long_term_condition = 'Y'"""


def question(scene: Scene) -> None:
    """Use: SQL in a process of its own, on a file that holds what was granted."""
    with scene.telling.step("Amara asks her question in SQL") as step:
        names = {
            grant.agreement.flow.asset.organisation.slug: grant.table_name
            for grant in scene.project.grants.all()
        }
        scene.query = ask(
            project=scene.project,
            title="People with a long-term condition, by benefit and region",
            sql=QUESTION.format(**names),
            table={"rows": "benefit_type", "columns": "region", "measure": "count"},
            by=scene.cast["requester"],
            at=scene.later(),
        )
        if scene.query.state != Query.State.DONE:
            raise AnswerIsNo(f"The question has no answer: {scene.query.problem}")
        result = _result(scene.query)
        step.did = "\n".join(result["explanation"])
        step.path = f"/queries/{scene.query.reference}"


def _result(query: Query) -> dict[str, Any]:
    assert query.result is not None
    result: dict[str, Any] = query.result
    return result


def release(scene: Scene) -> None:
    """Use: two reviewers, neither the author; then open data."""
    with scene.telling.step("Two reviewers check the table; it is released") as step:
        output = submit_output(
            query=scene.query,
            title="People with a long-term condition, by benefit and region",
            description="Counts of people with a long-term condition who receive "
            "each benefit, by region. Small counts are hidden and cannot be worked out.",
            by=scene.cast["requester"],
            at=scene.later(),
        )
        for word in ("reviewer", "officer"):
            review_output(
                output=output,
                vote="approve",
                comment="Counts only; the audit finds no cell that can be worked out.",
                by=scene.cast[word],
                at=scene.later(days=1),
            )
        output.refresh_from_db()
        scene.output = release_output(
            output=output, by=scene.cast["reviewer"], at=scene.later()
        )
        asset = scene.output.released_as
        assert asset is not None
        scene.telling.facts["released"] = _result(scene.query)["csv"]
        step.did = f"{asset.title}: open data under the Open Government Licence"
        step.path = f"/catalogue/{asset.slug}"


def account(scene: Scene) -> None:
    """Account: the result is recorded and credited to those who shared."""
    with scene.telling.step("The result is credited to the holders") as step:
        asset = scene.output.released_as
        assert asset is not None
        outcome = record_outcome(
            project=scene.project,
            title="Support places moved to where conditions and need meet",
            description="The table showed where people with long-term conditions rely "
            "on benefits; 140 support places moved to those regions.",
            measure="Support places moved",
            value="140",
            evidence_link=f"/catalogue/{asset.slug}",
            preparation_cost=3900,
            by=scene.cast["requester"],
            at=scene.later(days=7),
        )
        credited = [credit.organisation.name for credit in outcome.credits.all()]
        step.did = f"Credited: {', '.join(credited)}"
        step.path = "/progress"


def verify(scene: Scene) -> None:
    """Account: anyone can check the log, with the network off."""
    with scene.telling.step("Anyone verifies the log, offline") as step:
        path = scene.folder / "ledger.jsonl"
        signed = latest_checkpoint(at=scene.at)
        with path.open("w", encoding="utf-8") as file:
            for line in export_lines(signed=signed, with_bodies=False):
                file.write(line)
        report = verify_log(str(path), keys=ledger_keys.verifier_keys())
        scene.telling.facts["events"] = report.size
        step.did = (
            f"{report.size} events: every commitment, root and signature holds\n"
            f"staithe ledger verify {scene.telling.place(path)}"
        )
        step.path = "/ledger"


def _years_on(at: datetime, years: int) -> date:
    return (at + timedelta(days=365 * years)).date()
