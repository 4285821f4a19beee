"""Every read that a page or the API needs of asking and agreeing."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q

from staithe.base.errors import NotFound
from staithe.catalogue.models import Asset
from staithe.catalogue.policies import matching_only
from staithe.catalogue.queries import search
from staithe.ledger.models import Event
from staithe.people.models import Person
from staithe.people.permissions import (
    Permission,
    organisations_where,
    people_who_can,
)
from staithe.people.queries import names_of
from staithe.sharing.ladder import working_days
from staithe.sharing.models import Agreement, Decision, Flow, Message, Project, Request
from staithe.sharing.permissions import (
    check_see_agreement,
    check_see_project,
    check_see_request,
    visible_agreements,
    visible_projects,
    visible_requests,
)
from staithe.sharing.timeline import Entry, Names, tell


if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from staithe.catalogue.models import AssetVersion
    from staithe.people.permissions import Someone


_KEY = re.compile(r"[-a-zA-Z0-9_]{1,80}")
_REFERENCE = re.compile(r"[A-Z]{3}-[0-9A-Z]{8}")

OPEN_FLOWS = (Flow.State.SUBMITTED, Flow.State.IN_REVIEW)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an asset and how a flow asks for it."""

    name: str
    type: str
    description: str
    identifies: bool  # to be used for matching only
    asked: bool
    linked: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A flow in a holder's queue: since when it waits, how long it has."""

    flow: Flow
    days: int
    overdue: bool


def get_project(reference: str, *, person: Someone) -> Project:
    """Return a project that the person may see; NotFound, NotAllowed."""
    project = (
        Project.objects.select_related("organisation", "lead")
        .filter(reference=_reference(reference))
        .first()
    )
    if project is None:
        raise NotFound(f"There is no project {reference}.")
    check_see_project(person, project)
    return project


def get_request(reference: str, *, person: Someone) -> Request:
    """Return a request that the person may see; NotFound, NotAllowed."""
    request = (
        Request.objects.select_related("project__organisation", "created_by")
        .filter(reference=_reference(reference))
        .first()
    )
    if request is None:
        raise NotFound(f"There is no request {reference}.")
    check_see_request(person, request)
    return request


def get_flow(reference: str, *, person: Someone) -> Flow:
    """Return a flow of a request that the person may see; NotFound, NotAllowed."""
    flow = _flows().filter(reference=_reference(reference)).first()
    if flow is None:
        raise NotFound(f"There is no flow {reference}.")
    check_see_request(person, flow.request)
    return flow


def get_agreement(reference: str, *, person: Someone) -> Agreement:
    """Return an agreement that the person may see; NotFound, NotAllowed."""
    agreement = _agreements().filter(reference=_reference(reference)).first()
    if agreement is None:
        raise NotFound(f"There is no agreement {reference}.")
    check_see_agreement(person, agreement)
    return agreement


def find_projects(person: Someone) -> QuerySet[Project]:
    """Return the projects that a person may see, newest first."""
    return (
        visible_projects(person)
        .select_related("organisation", "lead")
        .annotate(request_count=Count("requests", distinct=True))
    )


def people_to_add(project: Project) -> list[Person]:
    """Return the analysts of the organisation who do not work on a project yet."""
    able = people_who_can(Permission.RUN_QUERY, project.organisation)
    known = set(project.members.filter(ended_at=None).values_list("person", flat=True))
    return [each for each in able if each.pk not in known]


def own_projects(person: Person) -> QuerySet[Project]:
    """Return the open projects that a person works on: where data may be asked for."""
    return Project.objects.filter(
        members__person=person, members__ended_at=None, closed_at=None
    )


def find_requests(
    person: Someone, *, state: str = "", mine: bool = False
) -> QuerySet[Request]:
    """Return the requests that a person may see; `mine`: of their own projects."""
    found = visible_requests(person).select_related("project__organisation")
    if mine and isinstance(person, Person):
        found = found.filter(
            project__members__person=person, project__members__ended_at=None
        )
    if state:
        found = found.filter(state=state)
    return found.annotate(flow_count=Count("flows", distinct=True))


def find_agreements(person: Someone, *, state: str = "") -> QuerySet[Agreement]:
    """Return the agreements that a person may see, newest first."""
    found = _agreements().filter(pk__in=visible_agreements(person).values("pk"))
    return found.filter(state=state) if state else found


def to_decide(
    person: Someone, *, step: str = "", organisation: str = ""
) -> QuerySet[Flow]:
    """Return what waits for a person's decision, the longest waiting first."""
    deciding = organisations_where(person, Permission.DECIDE_REQUEST)
    answering = organisations_where(person, Permission.ANSWER_FOR_ORGANISATION)
    found = _flows().filter(
        Q(asset__organisation__in=deciding.values("pk"))
        | Q(asset__organisation__in=answering.values("pk"), step=Flow.Step.ENFORCE),
        state__in=OPEN_FLOWS,
    )
    if step:
        found = found.filter(step=step)
    if organisation:
        found = found.filter(request__project__organisation__slug=organisation)
    return found.order_by("due_at", "pk")


def waiting(flow: Flow, *, at: datetime) -> Waiting:
    """Say how many working days a flow has waited and whether it is late."""
    since = flow.request.submitted_at
    return Waiting(
        flow=flow,
        days=working_days(since, at) if since else 0,
        overdue=flow.due_at is not None and at >= flow.due_at,
    )


def askable_assets() -> QuerySet[Asset]:
    """Return the data that needs an agreement."""
    return (
        Asset.objects.filter(status=Asset.Status.PUBLISHED)
        .exclude(access_rights=Asset.AccessRights.OPEN)
        .exclude(versions=None)
        .select_related("organisation")
    )


def find_askable(text: str) -> list[Asset]:
    """Return the data that may be asked for, best match first; all without words."""
    askable = askable_assets()
    if not text.strip():
        return list(askable)
    known = {asset.pk: asset for asset in askable}
    found = search(text).items
    return [known[asset.pk] for asset in found if asset.pk in known]


def find_askable_asset(key: str) -> Asset | None:
    """Return an asset that may be asked for, by slug or reference, or None."""
    if not _KEY.fullmatch(key):
        return None
    found = askable_assets().filter(Q(slug=key) | Q(reference=key))
    return found.distinct().first()


def get_askable_asset(key: str) -> Asset:
    """Return an asset that may be asked for, by slug or reference; NotFound."""
    asset = find_askable_asset(key)
    if asset is None:
        raise NotFound("There is no such data to ask for. Search the catalogue.")
    return asset


def columns_of(version: AssetVersion | None, flow: Flow | None = None) -> list[Column]:
    """Return the columns of a version, with what a flow asks of each."""
    if version is None:
        return []
    asked = set(flow.columns) if flow else set()
    linked = set(flow.link_columns) if flow else set()
    hidden = matching_only(version)
    return [
        Column(
            name=column["name"],
            type=str(column.get("type", "")),
            description=str(column.get("description") or ""),
            identifies=column["name"] in hidden,
            asked=column["name"] in asked,
            linked=column["name"] in linked,
        )
        for column in version.columns
    ]


def asked_columns(flow: Flow) -> list[Column]:
    """Return only the columns that a flow asks for, to see or to link."""
    columns = columns_of(flow.asset.versions.first(), flow)
    return [column for column in columns if column.asked or column.linked]


def precedents(flow: Flow, *, limit: int = 5) -> list[Decision]:
    """Return earlier decisions on the same data, then on the same kind of purpose."""
    others = (
        Decision.objects.select_related(
            "flow__asset__organisation", "flow__request__project__organisation"
        )
        .exclude(flow__request=flow.request)
        .order_by("-at")
    )
    same_data = list(others.filter(flow__asset=flow.asset)[:limit])
    purpose = flow.request.project.purpose_code
    same_purpose = others.filter(flow__request__project__purpose_code=purpose)
    rest = list(same_purpose.exclude(flow__asset=flow.asset)[: limit - len(same_data)])
    return same_data + rest


def flows_for_asset(asset: Asset, person: Someone) -> list[Flow]:
    """Return what was asked of an asset in the requests that a person may see."""
    visible = visible_requests(person).values("pk")
    return list(_flows().filter(asset=asset, request__in=visible))


def conversation(request: Request, *, person: Someone) -> list[Message]:
    """Return the messages that a person may read.

    The requester's side and overseers read all; a holder reads what is said to every
    holder and what is said about its own data.
    """
    found = Message.objects.filter(request=request).select_related(
        "person", "flow__asset"
    )
    where = organisations_where(person, Permission.SEE_REQUEST)
    asking = request.project.organisation_id
    if not where.filter(pk=asking).exists():
        own = Q(flow__asset__organisation__in=where.values("pk"))
        found = found.filter(Q(flow=None) | own)
    return list(found)


def timeline(request: Request) -> list[Entry]:
    """Return what the ledger says happened to a request, oldest first."""
    flows = list(request.flows.select_related("asset__organisation"))
    agreements = Agreement.objects.filter(flow__request=request)
    subjects = [request.ledger_id, *(flow.ledger_id for flow in flows)]
    subjects += [agreement.ledger_id for agreement in agreements]
    events = list(Event.objects.filter(subject__in=subjects).order_by("number"))
    return _told(events, flows)


def project_history(project: Project) -> list[Entry]:
    """Return what the ledger says of the project itself, oldest first."""
    events = Event.objects.filter(subject=project.ledger_id).order_by("number")
    return _told(list(events), [])


def _told(events: list[Event], flows: list[Flow]) -> list[Entry]:
    bodies: list[dict[str, Any]] = [json.loads(event.body or "{}") for event in events]
    people = {event.actor for event in events}
    people |= {str(body.get("person", "")) for body in bodies}
    names = Names(
        people=names_of(people),
        flows={flow.reference: flow.asset.title for flow in flows},
        holders={flow.holder.slug: flow.holder.name for flow in flows},
    )
    entries = []
    for event, body in zip(events, bodies, strict=True):
        title, more = tell(event.name, body, names=names)
        entries.append(
            Entry(
                number=event.number,
                at=event.at,
                name=event.name,
                title=title,
                by=names.person(event.actor),
                body=more,
            )
        )
    return entries


def _reference(text: str) -> str:
    """Return a reference as stored: in capitals, and nothing that is not one."""
    upper = text.upper()
    return upper if _REFERENCE.fullmatch(upper) else ""


def _flows() -> QuerySet[Flow]:
    return Flow.objects.select_related(
        "asset__organisation",
        "request__project__organisation",
        "decider",
        "decision",
    )


def _agreements() -> QuerySet[Agreement]:
    return Agreement.objects.select_related(
        "flow__asset__organisation",
        "project__organisation",
        "offered_by",
        "accepted_by",
    )
