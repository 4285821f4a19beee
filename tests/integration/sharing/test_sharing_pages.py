"""The pages carry a request from its first question to a revoked agreement.

Driven as a browser without JavaScript would: forms are posted as they were drawn.
"""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.test import Client

from staithe.base.clock import now
from staithe.catalogue.models import Asset
from staithe.people.models import Membership
from staithe.sharing import actions
from staithe.sharing.models import Agreement, Decision, Flow, Project, Request


def date_parts(name, day):
    return {
        f"{name}-day": day.day,
        f"{name}-month": day.month,
        f"{name}-year": day.year,
    }


@pytest.fixture
def later():
    return now().date() + timedelta(days=200)


@pytest.fixture
def browse():
    """Return a browser for a person; every page it gets must be whole."""

    def open_for(person):
        client = Client()
        if person is not None:
            client.force_login(person)
        return client

    return open_for


def text_of(response):
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return html.unescape(" ".join(text.split()))


def go(client, path, expect=200):
    response = client.get(path)
    assert response.status_code == expect, text_of(response)[:500]
    return text_of(response)


def post(client, path, **data):
    """Post a form; return the address that follows, or the page that refuses."""
    response = client.post(path, data)
    if response.status_code == 302:
        return response["Location"]
    return text_of(response)


PURPOSE = {
    "title": "Work after college",
    "organisation": "statistics",
    "purpose_code": "research-public-good",
}
COLUMNS = {
    "columns": ["sector", "pay_band"],
    "link_columns": ["surname", "born"],
    "justification": "Sector and pay are the question.",
}


def ask_through_pages(client, later):
    """Answer every question and return the reference of the request sent."""
    assert "Start now" in go(client, "/requests/start?asset=jobs")
    assert post(client, "/requests/start/purpose", **PURPOSE) == "/requests/start/why"
    at = post(client, "/requests/start/why", purpose="Find which courses lead to work.")
    assert at == "/requests/start/benefit"
    at = post(client, at, benefit="Learners choose better.", benefit_measure="")
    reference = Request.objects.get().reference
    assert at == f"/requests/{reference}/data/jobs"
    go(client, at)
    at = post(client, at, **COLUMNS)
    flow = Flow.objects.get()
    assert at == f"/flows/{flow.reference}/route"
    assert "DEA 2017 s64" in go(client, at)
    at = post(client, at, route_id="dea-64-research", reason="Accredited research.")
    assert at == f"/requests/{reference}"
    assert "Cannot start yet" in go(client, at)
    at = post(
        client,
        f"/requests/{reference}/costs",
        who_pays="requester",
        preparation_cost="1200",
        impact_if_refused="No answer.",
        **date_parts("retention_until", later),
    )
    assert "Cannot start yet" not in go(client, at)
    check = go(client, f"/requests/{reference}/check")
    for words in ("sector, pay_band", "DEA 2017 s64", "£1,200", "All rows"):
        assert words in check
    at = post(client, f"/requests/{reference}/check")
    assert at == f"/requests/{reference}/sent"
    sent = go(client, at)
    assert reference in sent
    assert "Revenue decides on Jobs" in sent
    return reference


def decide_through_pages(client, flow, outcome, **answers):
    path = f"/flows/{flow.reference}/decide"
    assert post(client, path, outcome=outcome) == f"{path}/{outcome}"
    check = post(client, f"{path}/{outcome}", **answers)
    assert "Check your decision" in check
    assert not Decision.objects.filter(flow=flow).exists()
    at = post(client, f"{path}/{outcome}", act="confirm", **answers)
    assert at == f"/flows/{flow.reference}/decided"
    return go(client, at)


def test_a_request_goes_from_question_to_revoked_agreement_by_pages(
    cast, browse, later
):
    ann, olive = browse(cast.ann), browse(cast.olive)
    reference = ask_through_pages(ann, later)
    flow = Flow.objects.get()

    assert "Decisions waiting for you: 1" in go(olive, "/requests")
    assert "Jobs" in go(olive, "/requests/to-decide")
    page = go(olive, f"/flows/{flow.reference}/decide")
    for words in (
        "Find which courses lead to work.",
        "Sector and pay are the question.",
        "surname",
        "Used only to link Yes",
        "accredited researcher",
        "There is no earlier decision",
        "Yes is the default",
    ):
        assert words in page
    at = post(olive, f"/flows/{flow.reference}/review")
    assert "With Olive" in go(olive, at)

    done = decide_through_pages(
        olive,
        flow,
        "agree-in-part",
        columns=["sector"],
        link_columns=["surname", "born"],
        reason="Pay is too detailed.",
        conditions="Only in the safe room.",
        threshold="12",
        **date_parts("ends_on", later),
    )
    agreement = Agreement.objects.get()
    assert agreement.reference in done
    assert agreement.terms["columns"] == ["sector"]
    assert agreement.terms["output"]["threshold"] == 12

    shown = go(ann, f"/requests/{reference}")
    assert "Revenue agreed to share part of Jobs" in shown
    assert agreement.reference in go(ann, "/agreements")
    terms = go(ann, f"/agreements/{agreement.reference}")
    for words in ("Read and accept", "Ann", "DEA 2017 s64", "Only in the safe room."):
        assert words in terms
    accept = f"/agreements/{agreement.reference}/accept"
    assert "Confirm that you accept" in post(
        ann, accept, seen_sha256=agreement.terms_sha256
    )
    at = post(ann, accept, seen_sha256=agreement.terms_sha256, confirm="on")
    assert agreement.reference in go(ann, at)

    revoke = f"/agreements/{agreement.reference}/revoke"
    page = go(olive, revoke)
    assert "can no longer be read by the 1 person named" in page
    assert "There is a problem" in post(olive, revoke, reason="")
    at = post(olive, revoke, reason="The project has ended.")
    assert "Revoked" in go(olive, at)
    assert "The project has ended." in go(ann, at)
    assert "Revenue revoked the agreement on Jobs" in go(ann, f"/requests/{reference}")


def test_a_refusal_is_explained_to_the_requester(cast, story, browse, later):
    flow = story.sent(at=now()).flows.get()
    done = decide_through_pages(
        browse(cast.olive),
        flow,
        "refuse",
        reason_code="not-necessary",
        reason="Sector alone answers it.",
        **date_parts("review_on", later),
    )
    assert "You look at this again" in done
    page = go(browse(cast.ann), f"/flows/{flow.reference}")
    for words in (
        "Refuse",
        "The data is not needed for the purpose",
        "Sector alone answers it.",
        "The requester can ask for fewer.",
    ):
        assert words in page


def test_a_plain_yes_offers_the_terms_at_once_or_records_nothing(
    cast, story, browse, later
):
    flow = story.sent(at=now()).flows.get()
    olive = browse(cast.olive)
    path = f"/flows/{flow.reference}/decide/agree"
    answers = {"threshold": "10", "reason": "It is accredited.", "conditions": ""}
    too_long = later.replace(year=later.year + 20)
    refused = post(
        olive, path, act="confirm", **answers, **date_parts("ends_on", too_long)
    )
    assert "at most 10 years" in refused
    assert not Decision.objects.exists()
    post(olive, path, act="confirm", **answers, **date_parts("ends_on", later))
    assert Decision.objects.get().outcome == "agree"
    assert Agreement.objects.get().ends_on == later


def test_change_on_the_check_page_gives_the_answers_back(cast, story, browse, later):
    flow = story.sent(at=now()).flows.get()
    response = browse(cast.olive).post(
        f"/flows/{flow.reference}/decide/refuse",
        {
            "act": "change",
            "reason_code": "ethics",
            "reason": "Look <again>",
            **date_parts("review_on", later),
        },
    )
    page = response.content.decode()
    assert "Look &lt;again&gt;" in page
    assert 'value="ethics" checked' in page


def test_errors_are_named_beside_the_field_and_in_the_title(cast, story, browse):
    flow = story.sent(at=now()).flows.get()
    response = browse(cast.olive).post(f"/flows/{flow.reference}/decide/refuse", {})
    assert response.status_code == 422
    page = text_of(response)
    assert page.startswith("Error: ") or "Error: " in page[:300]
    for words in ("There is a problem", "Explain your reason"):
        assert words in page


def test_hostile_words_are_shown_as_words(cast, story, browse):
    project = story.project(
        title="<script>alert(1)</script>", purpose="<img src=x onerror=alert(1)>"
    )
    request = story.draft(project=project)
    story.routed(story.flow(request, justification="</textarea><script>"))
    actions.submit_request(request=request, by=cast.ann, at=now())
    actions.say(request=request, text="<b onmouseover=x>hi</b>", by=cast.ann, at=now())
    flow = request.flows.get()
    for path in (
        f"/requests/{request.reference}",
        f"/flows/{flow.reference}",
        f"/projects/{project.reference}",
        "/requests",
        "/projects",
    ):
        page = browse(cast.ann).get(path).content.decode()
        for raw in ("<script>alert", "<img src=x", "<b onmouseover", "</textarea><s"):
            assert raw not in page, path


def test_an_existing_project_goes_on_with_its_open_draft(cast, story, browse):
    request = story.draft()
    ann = browse(cast.ann)
    assert "Work after college" in go(ann, "/requests/start")
    at = post(ann, "/requests/start", project=request.project.reference)
    assert at == f"/requests/{request.reference}"
    assert post(ann, "/requests/start", project="new") == "/requests/start/purpose"
    assert Request.objects.count() == 1


def test_the_questions_come_in_order_even_from_a_bookmark(cast, browse):
    ann = browse(cast.ann)
    assert ann.get("/requests/start/why")["Location"] == "/requests/start/purpose"
    assert ann.get("/requests/start/benefit")["Location"] == "/requests/start/why"
    page = post(ann, "/requests/start/purpose", title="")
    assert "Enter title of the project" in page or "Enter the title" in page
    assert not Project.objects.exists()


def test_data_is_found_chosen_changed_filtered_and_taken_out(cast, story, browse):
    flow = story.flow()
    request = flow.request
    ann = browse(cast.ann)
    page = go(ann, f"/requests/{request.reference}/data")
    assert "Claims" in page
    assert "Jobs" in page
    Asset.objects.filter(slug="claims").update(access_rights="OPEN")
    assert "Claims" not in go(ann, f"/requests/{request.reference}/data")
    again = ann.get(f"/requests/{request.reference}/data/jobs")
    assert again["Location"] == f"/flows/{flow.reference}/columns"
    go(ann, f"/flows/{flow.reference}/columns")
    post(
        ann,
        f"/flows/{flow.reference}/rows",
        which="some",
        column="year",
        operator="in",
        value="2020, 2021",
    )
    flow.refresh_from_db()
    assert flow.row_filter == {
        "column": "year",
        "operator": "in",
        "value": [2020, 2021],
    }
    post(ann, f"/flows/{flow.reference}/columns", **COLUMNS | {"columns": ["sector"]})
    flow.refresh_from_db()
    assert flow.columns == ["sector"]
    assert flow.row_filter is not None
    assert "2020, 2021" in ann.get(f"/flows/{flow.reference}/rows").content.decode()
    wrong = {"which": "some", "column": "year", "operator": "=", "value": ""}
    assert "There is a problem" in post(ann, f"/flows/{flow.reference}/rows", **wrong)
    post(ann, f"/flows/{flow.reference}/rows", which="all")
    flow.refresh_from_db()
    assert flow.row_filter is None
    go(ann, f"/flows/{flow.reference}/remove")
    post(ann, f"/flows/{flow.reference}/remove")
    assert not Flow.objects.exists()


def test_identifying_columns_are_offered_only_for_linking(cast, story, browse):
    request = story.draft()
    page = browse(cast.ann).get(f"/requests/{request.reference}/data/jobs")
    source = page.content.decode()
    seen = re.findall(r'name="columns" type="checkbox" value="(\w+)"', source)
    assert seen == ["sector", "pay_band", "year"]
    ticked = re.findall(
        r'name="link_columns" type="checkbox" value="(\w+)" checked', source
    )
    assert ticked == ["surname", "born"]


def test_a_draft_or_request_is_withdrawn_by_pages(cast, story, browse):
    request = story.sent(at=now())
    ann = browse(cast.ann)
    go(ann, f"/requests/{request.reference}/withdraw")
    post(ann, f"/requests/{request.reference}/withdraw")
    request.refresh_from_db()
    assert request.state == "withdrawn"
    assert "Withdrawn" in go(ann, f"/requests/{request.reference}")
    go(ann, f"/requests/{request.reference}/check", expect=409)


def test_both_sides_talk_on_the_page_and_each_sees_its_own_part(cast, story, browse):
    request = story.sent(cast.jobs, cast.claims, at=now())
    jobs = request.flows.get(asset=cast.jobs)
    path = f"/requests/{request.reference}"
    olive, ben = browse(cast.olive), browse(cast.ben)
    at = post(olive, f"{path}/messages", text="About jobs only", about=jobs.reference)
    assert at == f"{path}#conversation"
    post(browse(cast.ann), f"{path}/messages", text="To both", about="")
    assert "About jobs only" in go(olive, path)
    other = go(ben, path)
    assert "To both" in other
    assert "About jobs only" not in other
    assert "Enter your message" in post(olive, f"{path}/messages", text="", about="")


def test_terms_are_offered_later_where_the_yes_came_without_them(
    cast, story, browse, later
):
    flow = story.sent(at=now()).flows.get()
    story.decide(flow, at=now())
    olive = browse(cast.olive)
    assert "Offer terms" in go(olive, f"/flows/{flow.reference}")
    go(olive, f"/flows/{flow.reference}/offer")
    assert "There is a problem" in post(
        olive,
        f"/flows/{flow.reference}/offer",
        **date_parts("ends_on", now().date()),
    )
    at = post(olive, f"/flows/{flow.reference}/offer", **date_parts("ends_on", later))
    assert at == f"/flows/{flow.reference}/decided"


def test_the_recipient_hands_data_back_by_page(cast, story, browse, later):
    flow = story.sent(at=now()).flows.get()
    story.decide(flow, at=now())
    agreement = story.offered(flow, ends_on=later, at=now())
    ann = browse(cast.ann)
    path = f"/agreements/{agreement.reference}/end"
    assert "No data has been shared" in go(ann, path)
    post(ann, path, reason="Not enough columns.")
    agreement.refresh_from_db()
    assert agreement.state == "ended"
    go(ann, path, expect=409)


def test_people_join_and_leave_a_project_by_pages(cast, story, browse):
    project = story.project()
    ann = browse(cast.ann)
    path = f"/projects/{project.reference}"
    assert "Bob" in go(ann, f"{path}/members")
    post(ann, f"{path}/members", person=cast.bob.public_id)
    assert "Bob" in go(ann, path)
    assert "already works" in go(ann, f"{path}/members")
    go(ann, f"{path}/members/{cast.bob.public_id}/end")
    post(ann, f"{path}/members/{cast.bob.public_id}/end")
    assert not project.members.filter(person=cast.bob, ended_at=None).exists()
    go(ann, f"{path}/members/{cast.bob.public_id}/end", expect=404)


def test_precedents_are_shown_to_the_next_decider(cast, story, browse):
    story.decide(story.sent(at=now()).flows.get(), "refuse", at=now(), **_review())
    flow = story.sent(at=now()).flows.get()
    page = go(browse(cast.olive), f"/flows/{flow.reference}/decide")
    assert "The data is not needed for the purpose" in page
    other = story.sent(cast.claims, at=now()).flows.get()
    page = go(browse(cast.ben), f"/flows/{other.reference}/decide")
    assert "Jobs, Revenue" in page


def _review():
    return {"review_on": now().date() + timedelta(days=30)}


def test_a_late_decision_says_so_and_to_whom_it_passed(cast, story, browse):
    flow = story.sent(at=now() - timedelta(days=60)).flows.get()
    actions.escalate_overdue(at=now())
    page = go(browse(cast.sam), f"/flows/{flow.reference}/decide")
    assert "Overdue" in page
    assert "has passed to you" in page
    go(browse(cast.olive), f"/flows/{flow.reference}/decide", expect=403)
    page = go(browse(cast.ann), f"/flows/{flow.reference}")
    assert "Two weeks late: passed up" in page
    assert "Enforce" not in page
    assert "Sam" in page


PATHS_OF_A_REQUEST = ("/requests/{r}", "/flows/{f}", "/projects/{p}")
ACTS_OF_A_REQUEST = (
    "/requests/{r}/withdraw",
    "/requests/{r}/check",
    "/requests/{r}/costs",
    "/requests/{r}/data",
    "/flows/{f}/columns",
    "/flows/{f}/route",
    "/flows/{f}/rows",
    "/flows/{f}/remove",
    "/flows/{f}/decide",
    "/flows/{f}/decide/agree",
    "/flows/{f}/offer",
    "/projects/{p}/members",
)


def test_strangers_see_nothing_and_the_signed_out_are_sent_to_sign_in(
    cast, story, browse
):
    request = story.ready()
    names = {
        "r": request.reference,
        "f": request.flows.get().reference,
        "p": request.project.reference,
    }
    for pattern in PATHS_OF_A_REQUEST + ACTS_OF_A_REQUEST:
        path = pattern.format(**names)
        for person in (cast.zed, cast.olive):
            assert browse(person).get(path).status_code == 403, path
        signed_out = browse(None).get(path)
        assert signed_out.status_code == 302, path
        assert signed_out["Location"].startswith("/sign-in")


def test_an_overseer_reads_and_changes_nothing(cast, story, browse):
    request = story.sent(at=now())
    names = {
        "r": request.reference,
        "f": request.flows.get().reference,
        "p": request.project.reference,
    }
    vera = browse(cast.vera)
    for pattern in PATHS_OF_A_REQUEST:
        go(vera, pattern.format(**names))
    for pattern in ACTS_OF_A_REQUEST:
        assert vera.get(pattern.format(**names)).status_code in {403, 409}, pattern


def test_what_does_not_exist_is_not_found(cast, browse):
    ann = browse(cast.ann)
    for path in (
        "/requests/REQ-00000000",
        "/flows/x",
        "/agreements/%01",
        "/projects/PRJ-00000000",
        "/flows/FLW-00000000/decide/maybe",
    ):
        go(ann, path, expect=404)


def test_lists_narrow_page_and_download(cast, story, browse):
    request = story.sent(at=now())
    ann, olive = browse(cast.ann), browse(cast.olive)
    assert request.reference in go(ann, "/requests?state=submitted")
    assert request.reference not in go(ann, "/requests?state=decided")
    assert request.reference in go(ann, "/requests?state=nonsense")
    assert "Jobs" not in go(olive, "/requests/to-decide?step=enforce")
    for client, path, words in (
        (ann, "/requests?format=csv", request.reference),
        (olive, "/requests/to-decide?format=csv", "Jobs"),
        (ann, "/projects?format=csv", "Work after college"),
        (ann, "/agreements?format=csv", "agreement"),
    ):
        response = client.get(path)
        assert response["Content-Type"].startswith("text/csv")
        assert words in response.content.decode()
    Membership.objects.filter(person=cast.zed).update(ended_at=now())
    assert browse(cast.zed).get("/requests").status_code == 403


def test_a_page_that_shows_rooms_below_asks_them(cast, story, browse, monkeypatch):
    from staithe.sharing import panels

    def block(subject, person):
        return panels.PanelBlock(
            title=f"Seen by {person.name}",
            template="sharing/asset-panel.html",
            context={"flows": []},
        )

    monkeypatch.setitem(panels._BOARD._panels, "project", [])
    panels.register("project", block)
    panels.register("project", block)
    panels.register("project", lambda subject, person: None)
    page = go(browse(cast.ann), f"/projects/{story.project().reference}")
    assert page.count("Seen by Ann") == 1


def test_the_catalogue_shows_who_asked_to_those_who_may_know(cast, story, browse):
    story.decide(story.sent(at=now()).flows.get(), "refuse", at=now(), **_review())
    for person, sees in ((cast.ann, True), (cast.olive, True), (cast.zed, False)):
        page = go(browse(person), "/catalogue/jobs")
        assert ("Requests for this data" in page) == sees


def test_routes_that_bar_a_side_are_named_but_not_offered(cast, story, browse):
    flow = story.flow()
    ann = browse(cast.ann)
    page = ann.get(f"/flows/{flow.reference}/route").content.decode()
    assert 'value="dea-64-research"' in page
    assert 'value="hsca12-261"' not in page
    assert "Routes ruled out, and why (" in page
    assert "NHS England only, for data it holds under this Act" in page
    refused = post(ann, f"/flows/{flow.reference}/route", route_id="hsca12-261")
    assert "There is a problem" in refused
    cast.revenue.kind = cast.statistics.kind = "university"
    cast.revenue.save()
    project = story.project(purpose_code="official-statistics")
    stuck = story.flow(story.draft(project=project))
    assert "does not guess" in go(ann, f"/flows/{stuck.reference}/route")


@pytest.mark.parametrize("asset", ["a%2Fb", "%01", "nothing", "AST-JOBS"])
def test_whatever_the_address_names_a_request_can_be_started(
    cast, story, browse, asset
):
    request = story.draft()
    ann = browse(cast.ann)
    go(ann, f"/requests/start?asset={asset}")
    at = post(ann, "/requests/start", project=request.project.reference)
    follows = f"/requests/{request.reference}"
    assert at == (f"{follows}/data/jobs" if asset == "AST-JOBS" else follows)
    go(ann, f"{follows}/data?q={asset}")
