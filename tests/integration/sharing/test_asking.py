"""Projects, drafts, flows and routes: what a requester may do, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from staithe.base.errors import BadInput, Conflict, NotAllowed, NotFound, NotSignedIn
from staithe.ledger.models import Event
from staithe.people.models import Notice
from staithe.sharing import actions
from staithe.sharing.models import Flow, Project, Request


START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)  # as the story begins
START_PLUS = timedelta(minutes=1)


def last_event(name):
    event = Event.objects.order_by("-number").first()
    assert event.name == name
    return event, json.loads(event.body)


def titles_for(person):
    return set(Notice.objects.filter(person=person).values_list("title", flat=True))


# --- projects ---


def test_who_starts_a_project_leads_it_and_works_on_it(cast, story):
    project = story.project()
    assert project.lead == cast.ann
    assert [m.person for m in project.members.all()] == [cast.ann]
    event, body = last_event("sharing:project:started")
    assert event.actor == cast.ann.ledger_id
    assert event.organisation == "statistics"
    assert body["project"] == project.reference
    assert body["purpose_code"] == "research-public-good"


def test_two_projects_may_have_one_title_and_have_two_addresses(story):
    assert story.project().slug != story.project().slug


@pytest.mark.parametrize("who", ["olive", "zed", "vera"])
def test_a_stranger_cannot_start_a_project_for_the_organisation(cast, story, who):
    with pytest.raises(NotAllowed):
        story.project(by=getattr(cast, who))
    assert not Project.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"purpose": ""}, "purpose"),
        ({"purpose": "x" * 5001}, "purpose"),
        ({"benefit": " "}, "benefit"),
        ({"purpose_code": "fun"}, "purpose_code"),
    ],
)
def test_a_project_without_a_purpose_or_benefit_is_refused(story, changes, field):
    with pytest.raises(BadInput) as refusal:
        story.project(**changes)
    assert refusal.value.field == field
    assert not Project.objects.exists()


def test_a_member_is_added_told_and_ended(cast, story):
    project = story.project()
    actions.add_project_member(project=project, person=cast.bob, by=cast.ann, at=START)
    _, body = last_event("sharing:member:added")
    assert body["person"] == cast.bob.ledger_id
    assert any("now work on" in title for title in titles_for(cast.bob))
    member = actions.end_project_member(
        project=project, person=cast.bob, by=cast.ann, at=START + START_PLUS
    )
    assert member.ended_at
    last_event("sharing:member:ended")
    actions.add_project_member(
        project=project, person=cast.bob, by=cast.ann, at=START + 2 * START_PLUS
    )


def test_members_are_analysts_of_the_project_s_organisation(cast, story):
    project = story.project()
    for person in (cast.zed, cast.olive):
        with pytest.raises(BadInput):
            actions.add_project_member(
                project=project, person=person, by=cast.ann, at=START
            )


def test_only_a_member_changes_who_works_on_a_project(cast, story):
    project = story.project()
    for person in (cast.bob, cast.zed, cast.vera):
        with pytest.raises(NotAllowed):
            actions.add_project_member(
                project=project, person=cast.bob, by=person, at=START
            )


def test_a_member_is_added_once_and_the_lead_stays(cast, story):
    project = story.project()
    with pytest.raises(Conflict):
        actions.add_project_member(
            project=project, person=cast.ann, by=cast.ann, at=START
        )
    with pytest.raises(Conflict):
        actions.end_project_member(
            project=project, person=cast.ann, by=cast.ann, at=START
        )
    with pytest.raises(NotFound):
        actions.end_project_member(
            project=project, person=cast.bob, by=cast.ann, at=START
        )


def test_nothing_is_added_to_a_closed_project(cast, story):
    project = story.project()
    Project.objects.update(closed_at=START)
    project.refresh_from_db()
    with pytest.raises(Conflict):
        actions.add_project_member(
            project=project, person=cast.bob, by=cast.ann, at=START
        )
    with pytest.raises(Conflict):
        story.draft(project=project)


# --- drafts ---


def test_a_draft_is_made_and_changed_and_nobody_is_told(cast, story):
    request = story.draft(preparation_cost=1200, impact_if_refused=" Much. ")
    assert request.state == Request.State.DRAFT
    assert request.impact_if_refused == "Much."
    last_event("sharing:request:drafted")
    actions.edit_request(
        request=request,
        who_pays="shared",
        needed_by=date(2026, 3, 1),
        by=cast.ann,
        at=START,
    )
    request.refresh_from_db()
    assert (request.who_pays, request.preparation_cost) == ("shared", 1200)
    last_event("sharing:request:edited")
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"who_pays": "nobody"}, "who_pays"),
        ({"preparation_cost": -1}, "preparation_cost"),
        ({"preparation_cost": 2**40}, "preparation_cost"),
        ({"needed_by": date(2026, 1, 4)}, "needed_by"),
        ({"retention_until": date(2026, 1, 5)}, "retention_until"),
    ],
)
def test_costs_and_dates_that_make_no_sense_are_refused(cast, story, changes, field):
    with pytest.raises(BadInput) as refusal:
        story.draft(**changes)
    assert refusal.value.field == field
    request = story.draft()
    with pytest.raises(BadInput):
        actions.edit_request(request=request, by=cast.ann, at=START, **changes)
    with pytest.raises(BadInput):
        actions.edit_request(request=request, by=cast.ann, at=START, state="decided")


def test_only_members_of_the_project_touch_its_requests(cast, story):
    request = story.ready()
    flow = request.flows.get()
    acts = (
        lambda by: story.draft(project=request.project, by=by),
        lambda by: actions.edit_request(request=request, by=by, at=START),
        lambda by: actions.submit_request(request=request, by=by, at=START),
        lambda by: actions.withdraw_request(request=request, by=by, at=START),
        lambda by: story.flow(request, asset=cast.claims, by=by),
        lambda by: actions.edit_flow(flow=flow, columns=["year"], by=by, at=START),
        lambda by: actions.remove_flow(flow=flow, by=by, at=START),
        lambda by: actions.choose_route(
            flow=flow, route_id="dea-64-research", reason="x", by=by, at=START
        ),
    )
    before = Event.objects.count()
    for act in acts:
        for person in (cast.bob, cast.olive, cast.vera, cast.zed):
            with pytest.raises(NotAllowed):
                act(person)
        with pytest.raises(NotSignedIn):
            act(None)
    assert Event.objects.count() == before


# --- flows ---


def test_a_flow_is_added_changed_and_removed_in_a_draft(cast, story):
    flow = story.flow(row_filter={"column": "year", "operator": ">=", "value": 2020})
    _, body = last_event("sharing:flow:added")
    assert body["columns"] == 2
    assert body["holder"] == "revenue"
    assert "value" not in json.dumps(body)
    actions.edit_flow(
        flow=flow, columns=["sector"], link_columns=["born"], by=cast.ann, at=START
    )
    flow.refresh_from_db()
    assert (flow.columns, flow.link_columns) == (["sector"], ["born"])
    assert flow.row_filter is None
    last_event("sharing:flow:edited")
    actions.remove_flow(flow=flow, by=cast.ann, at=START)
    last_event("sharing:flow:removed")
    assert not Flow.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"columns": []}, "columns"),
        ({"columns": ["shoe_size"]}, "columns"),
        ({"columns": ["sector", "sector"]}, "columns"),
        ({"columns": ["surname"]}, "columns"),
        ({"link_columns": ["shoe_size"]}, "link_columns"),
        ({"row_filter": {"column": "x", "operator": "=", "value": 1}}, "row_filter"),
        ({"row_filter": {"column": "year"}}, "row_filter"),
        (
            {"row_filter": {"column": "surname", "operator": "=", "value": "Lee"}},
            "row_filter",
        ),
    ],
)
def test_columns_that_cannot_be_given_are_refused(cast, story, changes, field):
    request = story.draft()
    with pytest.raises(BadInput) as refusal:
        story.flow(request, **changes)
    assert refusal.value.field == field
    flow = story.flow(request)
    with pytest.raises(BadInput):
        actions.edit_flow(
            **(
                {"flow": flow, "columns": ["sector"], "by": cast.ann, "at": START}
                | changes
            )
        )


def test_an_identifying_column_may_be_filtered_by_a_range(story):
    row_filter = {"column": "born", "operator": ">=", "value": "2000-01-01"}
    assert story.flow(row_filter=row_filter).row_filter == row_filter


def test_a_column_that_does_not_identify_may_be_seen_and_used_to_link(story):
    flow = story.flow(columns=["sector"], link_columns=["surname", "sector"])
    assert "sector" in flow.columns
    assert "sector" in flow.link_columns


def test_each_data_set_is_asked_for_once_in_a_request(story):
    request = story.draft()
    story.flow(request)
    with pytest.raises(Conflict):
        story.flow(request)


def test_open_and_withdrawn_data_needs_no_request(cast, story):
    request = story.draft()
    cast.jobs.access_rights = "OPEN"
    with pytest.raises(BadInput, match="open data"):
        story.flow(request)
    cast.jobs.access_rights = "INTERNAL"
    cast.jobs.status = "withdrawn"
    with pytest.raises(Conflict, match="withdrawn"):
        story.flow(request)


def test_an_asset_without_data_cannot_be_asked_for(cast, story):
    cast.jobs.versions.all().delete()
    with pytest.raises(Conflict, match="no data"):
        story.flow()


# --- routes ---


def test_a_route_is_chosen_with_its_citation_and_a_reason(story):
    flow = story.routed()
    assert flow.route_citation == "DEA 2017 s64"
    _, body = last_event("sharing:route:chosen")
    assert (body["route"], body["citation"]) == ("dea-64-research", "DEA 2017 s64")


@pytest.mark.parametrize(
    ("route_id", "sentence"),
    [
        ("dea-99", "no such legal route"),
        ("dea-48-debt", "not a route for the purpose"),
        ("", "no such legal route"),
    ],
)
def test_a_route_that_cannot_apply_is_refused(story, route_id, sentence):
    with pytest.raises((BadInput, NotFound), match=sentence):
        story.routed(route_id=route_id)


def test_a_route_that_bars_this_kind_of_body_is_refused(cast, story):
    project = story.project(purpose_code="policy-analysis")
    flow = story.flow(story.draft(project=project))
    cast.revenue.kind = "local-authority"
    cast.revenue.save()
    with pytest.raises(BadInput, match="cannot be used by Revenue"):
        story.routed(flow, "common-law-ram")
    cast.revenue.kind = "central-department"
    cast.revenue.save()
    assert story.routed(flow, "common-law-ram").route_id == "common-law-ram"


def test_a_route_is_refused_before_it_is_in_force(cast, story):
    flow = story.flow()
    with pytest.raises(BadInput, match="not in force"):
        actions.choose_route(
            flow=flow,
            route_id="dea-64-research",
            reason="x",
            by=cast.ann,
            at=START.replace(year=2017),
        )


def test_a_route_needs_a_reason(cast, story):
    with pytest.raises(BadInput) as refusal:
        actions.choose_route(
            flow=story.flow(),
            route_id="dea-64-research",
            reason=" ",
            by=cast.ann,
            at=START,
        )
    assert refusal.value.field == "reason"


# --- sending and withdrawing ---


def test_sending_starts_the_clock_and_tells_each_holder(cast, story):
    request = story.sent(cast.jobs, cast.claims)
    assert request.state == Request.State.SUBMITTED
    flows = list(request.flows.all())
    assert {flow.state for flow in flows} == {"submitted"}
    due = START + timedelta(days=14)
    assert {flow.due_at for flow in flows} == {due}
    for person in (cast.olive, cast.sam, cast.ben):
        assert any("Statistics asks for" in title for title in titles_for(person))
    assert not titles_for(cast.zed)
    event, body = last_event("sharing:request:submitted")
    assert event.subject == request.ledger_id
    assert body["due_at"] == "2026-01-19T09:00:00Z"
    assert {(f["holder"], f["route"], f["columns"]) for f in body["flows"]} == {
        ("revenue", "dea-64-research", 2),
        ("benefits", "dea-64-research", 2),
    }


def test_a_draft_without_data_or_without_a_route_is_not_sent(cast, story):
    request = story.draft()
    with pytest.raises(BadInput, match="Choose the data"):
        actions.submit_request(request=request, by=cast.ann, at=START)
    story.flow(request)
    with pytest.raises(BadInput, match="legal route for Jobs"):
        actions.submit_request(request=request, by=cast.ann, at=START)
    request.refresh_from_db()
    assert request.state == Request.State.DRAFT
    assert not Notice.objects.exists()


def test_a_draft_is_checked_again_against_the_data_as_it_is_now(cast, story):
    request = story.ready()
    version = cast.jobs.versions.get()
    version.columns = [c for c in version.columns if c["name"] != "sector"]
    version.save()
    with pytest.raises(BadInput, match="no column called sector"):
        actions.submit_request(request=request, by=cast.ann, at=START)


def test_a_request_is_sent_once_even_from_a_stale_page(cast, story):
    request = story.ready()
    stale = Request.objects.get(pk=request.pk)
    actions.submit_request(request=request, by=cast.ann, at=START)
    with pytest.raises(Conflict):
        actions.submit_request(request=stale, by=cast.ann, at=START)


def test_nothing_of_a_sent_request_changes(cast, story):
    request = story.ready()
    flow = request.flows.get()
    stale_flow = Flow.objects.get(pk=flow.pk)
    stale_request = Request.objects.get(pk=request.pk)
    actions.submit_request(request=request, by=cast.ann, at=START)
    acts = (
        lambda: actions.edit_request(
            request=stale_request, who_pays="none", by=cast.ann, at=START
        ),
        lambda: story.flow(stale_request, asset=cast.claims),
        lambda: actions.edit_flow(
            flow=stale_flow, columns=["year"], by=cast.ann, at=START
        ),
        lambda: actions.remove_flow(flow=stale_flow, by=cast.ann, at=START),
        lambda: story.routed(stale_flow),
    )
    for act in acts:
        with pytest.raises(Conflict):
            act()
    flow.refresh_from_db()
    assert flow.columns == ["sector", "pay_band"]


def test_a_request_is_withdrawn_and_holders_have_nothing_left_to_decide(cast, story):
    request = story.sent(cast.jobs, cast.claims)
    story.decide(request.flows.get(asset=cast.jobs))
    actions.withdraw_request(request=request, by=cast.ann, at=START)
    states = dict(request.flows.values_list("asset__slug", "state"))
    assert states == {"jobs": "agreed", "claims": "withdrawn"}
    assert any("withdrawn" in title for title in titles_for(cast.ben))
    last_event("sharing:request:withdrawn")
    with pytest.raises(Conflict):
        actions.withdraw_request(request=request, by=cast.ann, at=START)
    with pytest.raises(Conflict):
        story.decide(request.flows.get(asset=cast.claims), by=cast.ben)


def test_a_draft_is_withdrawn_and_nobody_is_told(cast, story):
    request = story.ready()
    actions.withdraw_request(request=request, by=cast.ann, at=START)
    assert request.flows.get().state == "withdrawn"
    assert not Notice.objects.exists()


# --- conversation ---


def test_both_sides_talk_and_the_other_side_is_told(cast, story):
    request = story.sent(cast.jobs, cast.claims)
    flow = request.flows.get(asset=cast.jobs)
    Notice.objects.all().delete()
    actions.say(request=request, text=" Why pay? ", flow=flow, by=cast.olive, at=START)
    assert titles_for(cast.ann) == {"Olive wrote about Work after college"}
    assert not titles_for(cast.ben)
    actions.say(request=request, text="Because.", by=cast.ann, at=START)
    assert titles_for(cast.olive)
    assert titles_for(cast.ben)
    _, body = last_event("sharing:message:sent")
    assert "Because" not in json.dumps(body)
    assert [m.text for m in request.messages.all()] == ["Why pay?", "Because."]


def test_strangers_and_overseers_do_not_write_in_a_conversation(cast, story):
    request = story.sent()
    for person in (cast.zed, cast.ben, cast.vera):
        with pytest.raises(NotAllowed):
            actions.say(request=request, text="Hello", by=person, at=START)


def test_a_message_has_words_a_place_and_someone_to_read_it(cast, story):
    draft = story.ready()
    with pytest.raises(Conflict):
        actions.say(request=draft, text="Hello", by=cast.ann, at=START)
    request = story.sent()
    with pytest.raises(BadInput):
        actions.say(request=request, text=" ", by=cast.ann, at=START)
    with pytest.raises(BadInput):
        actions.say(
            request=request, text="x", flow=draft.flows.get(), by=cast.ann, at=START
        )
