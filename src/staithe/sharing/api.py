"""Asking for programs: projects, requests and the flows in them.

Each route parses, calls one action or query, and shapes the answer. Deciding and
agreeing are in api_agree, the law in api_law; all write on one router, because two that know
the same path would hide each other's methods.
"""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Status

from staithe.base.clock import now
from staithe.base.errors import NotFound
from staithe.people.models import Person
from staithe.people.queries import get_organisation
from staithe.people.tokens import signed_in_person
from staithe.sharing import actions, queries
from staithe.sharing.api_law import router
from staithe.sharing.models import Request
from staithe.sharing.permissions import check_change_project, check_see_requests
from staithe.sharing.schemas import (
    CandidateOut,
    CostsIn,
    EntryOut,
    FlowEditIn,
    FlowIn,
    FlowOut,
    MemberIn,
    MessageIn,
    MessageOut,
    PageOut,
    ProjectIn,
    ProjectOut,
    RequestIn,
    RequestOut,
    RouteIn,
)
from staithe.sharing.shapes import (
    entry_shape,
    flow_shape,
    message_shape,
    page_of,
    project_shape,
    request_shape,
)
from staithe.sharing.web import find_flow_of


@router.get("/projects", response=PageOut[ProjectOut])
def list_projects(
    request: HttpRequest, page: int = 1, size: int = 50
) -> PageOut[ProjectOut]:
    """List the projects that I may see."""
    found = queries.find_projects(signed_in_person(request))
    return page_of(found, project_shape, page=page, size=size)


@router.post("/projects", response={201: ProjectOut})
def start_project(request: HttpRequest, body: ProjectIn) -> Status[ProjectOut]:
    """Start a project with one purpose."""
    values = body.dict()
    organisation = get_organisation(values.pop("organisation"))
    project = actions.start_project(
        organisation=organisation, by=signed_in_person(request), at=now(), **values
    )
    return Status(201, project_shape(project))


@router.get("/projects/{reference}", response=ProjectOut)
def show_project(request: HttpRequest, reference: str) -> ProjectOut:
    """Show a project and who works on it."""
    person = signed_in_person(request)
    return project_shape(queries.get_project(reference, person=person))


@router.post("/projects/{reference}/members", response={201: ProjectOut})
def add_member(
    request: HttpRequest, reference: str, body: MemberIn
) -> Status[ProjectOut]:
    """Add an analyst of the same organisation to a project."""
    by = signed_in_person(request)
    project = queries.get_project(reference, person=by)
    person = _get_person(body.person)
    actions.add_project_member(project=project, person=person, by=by, at=now())
    return Status(201, project_shape(project))


@router.delete("/projects/{reference}/members/{person}", response=ProjectOut)
def end_member(request: HttpRequest, reference: str, person: str) -> ProjectOut:
    """End a person's work on a project."""
    by = signed_in_person(request)
    project = queries.get_project(reference, person=by)
    leaving = _get_person(person)
    actions.end_project_member(project=project, person=leaving, by=by, at=now())
    return project_shape(project)


@router.get("/projects/{reference}/candidates", response=list[CandidateOut])
def list_candidates(request: HttpRequest, reference: str) -> list[CandidateOut]:
    """List the analysts who could join a project; for who may add them."""
    by = signed_in_person(request)
    project = queries.get_project(reference, person=by)
    check_change_project(by, project)
    return [
        CandidateOut(person=each.public_id, name=each.name)
        for each in queries.people_to_add(project)
    ]


@router.get("/projects/{reference}/timeline", response=list[EntryOut])
def show_history(request: HttpRequest, reference: str) -> list[EntryOut]:
    """Say what the ledger knows of a project, oldest first."""
    project = queries.get_project(reference, person=signed_in_person(request))
    return [entry_shape(entry) for entry in queries.project_history(project)]


@router.get("/requests", response=PageOut[RequestOut])
def list_requests(
    request: HttpRequest,
    state: str = "",
    mine: bool = False,  # noqa: FBT001, FBT002  a query parameter
    page: int = 1,
    size: int = 50,
) -> PageOut[RequestOut]:
    """List the requests that I may see."""
    person = signed_in_person(request)
    check_see_requests(person)
    known = state if state in Request.State.values else ""
    found = queries.find_requests(person, state=known, mine=mine)
    return page_of(found, request_shape, page=page, size=size)


@router.post("/requests", response={201: RequestOut})
def draft_request(request: HttpRequest, body: RequestIn) -> Status[RequestOut]:
    """Open a draft in a project."""
    by = signed_in_person(request)
    values = body.dict()
    project = queries.get_project(values.pop("project"), person=by)
    asked = actions.draft_request(project=project, by=by, at=now(), **values)
    return Status(201, request_shape(asked))


@router.get("/requests/{reference}", response=RequestOut)
def show_request(request: HttpRequest, reference: str) -> RequestOut:
    """Show a request and its flows."""
    return request_shape(_request(request, reference))


@router.patch("/requests/{reference}", response=RequestOut)
def edit_request(request: HttpRequest, reference: str, body: CostsIn) -> RequestOut:
    """Change costs and dates of a draft; what is not sent stays."""
    asked = _request(request, reference)
    changes = body.dict(exclude_unset=True)
    actions.edit_request(
        request=asked, by=signed_in_person(request), at=now(), **changes
    )
    return request_shape(asked)


@router.post("/requests/{reference}/submit", response=RequestOut)
def submit_request(request: HttpRequest, reference: str) -> RequestOut:
    """Send a draft to its holders; the clock starts."""
    asked = _request(request, reference)
    actions.submit_request(request=asked, by=signed_in_person(request), at=now())
    return request_shape(asked)


@router.post("/requests/{reference}/withdraw", response=RequestOut)
def withdraw_request(request: HttpRequest, reference: str) -> RequestOut:
    """Take a request back."""
    asked = _request(request, reference)
    actions.withdraw_request(request=asked, by=signed_in_person(request), at=now())
    return request_shape(asked)


@router.get("/requests/{reference}/timeline", response=list[EntryOut])
def show_timeline(request: HttpRequest, reference: str) -> list[EntryOut]:
    """Say what the ledger knows of a request, oldest first."""
    return [
        entry_shape(entry) for entry in queries.timeline(_request(request, reference))
    ]


@router.get("/requests/{reference}/messages", response=list[MessageOut])
def list_messages(request: HttpRequest, reference: str) -> list[MessageOut]:
    """Read the conversation."""
    asked = _request(request, reference)
    person = signed_in_person(request)
    return [message_shape(m) for m in queries.conversation(asked, person=person)]


@router.post("/requests/{reference}/messages", response={201: MessageOut})
def send_message(
    request: HttpRequest, reference: str, body: MessageIn
) -> Status[MessageOut]:
    """Write to the other side."""
    asked = _request(request, reference)
    message = actions.say(
        request=asked,
        text=body.text,
        flow=find_flow_of(asked, body.flow) if body.flow else None,
        by=signed_in_person(request),
        at=now(),
    )
    return Status(201, message_shape(message))


@router.post("/requests/{reference}/flows", response={201: FlowOut})
def add_flow(request: HttpRequest, reference: str, body: FlowIn) -> Status[FlowOut]:
    """Ask for columns of one data set, in a draft."""
    asked = _request(request, reference)
    values = body.dict()
    asset = queries.get_askable_asset(values.pop("asset"))
    flow = actions.add_flow(
        request=asked, asset=asset, by=signed_in_person(request), at=now(), **values
    )
    return Status(201, flow_shape(flow))


@router.put("/flows/{reference}", response=FlowOut)
def edit_flow(request: HttpRequest, reference: str, body: FlowEditIn) -> FlowOut:
    """Replace what a draft asks of one data set."""
    by = signed_in_person(request)
    flow = queries.get_flow(reference, person=by)
    return flow_shape(actions.edit_flow(flow=flow, by=by, at=now(), **body.dict()))


@router.delete("/flows/{reference}", response={204: None})
def remove_flow(request: HttpRequest, reference: str) -> Status[None]:
    """Take one data set out of a draft."""
    by = signed_in_person(request)
    actions.remove_flow(flow=queries.get_flow(reference, person=by), by=by, at=now())
    return Status(204, None)


@router.put("/flows/{reference}/route", response=FlowOut)
def choose_route(request: HttpRequest, reference: str, body: RouteIn) -> FlowOut:
    """State the legal route of a flow, and why it fits."""
    by = signed_in_person(request)
    flow = queries.get_flow(reference, person=by)
    return flow_shape(actions.choose_route(flow=flow, by=by, at=now(), **body.dict()))


def _request(request: HttpRequest, reference: str) -> Request:
    return queries.get_request(reference, person=signed_in_person(request))


def _get_person(public_id: str) -> Person:
    """Return a person by reference; NotFound."""
    person = (
        Person.objects.filter(public_id=public_id, is_active=True).first()
        if public_id.isprintable()
        else None
    )
    if person is None:
        raise NotFound("There is no person with this reference.")
    return person
