"""May this thing now, whoever asks: states, clocks, columns and routes.

Each check raises with one sentence. Who may ask is in permissions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staithe.base.errors import BadInput, Conflict
from staithe.catalogue.models import Asset, AssetVersion
from staithe.law.purposes import PURPOSES
from staithe.law.routes import fit, get_route
from staithe.people.permissions import Permission, can
from staithe.sharing.models import Decision, Flow, Project, Request
from staithe.sharing.reasons import get_reason
from staithe.sharing.states import FLOW, REQUEST
from staithe.sharing.terms import filter_from_plain


if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date
    from typing import Any

    from staithe.law.routes import Route
    from staithe.people.models import Person


MOST_TEXT = 5000


def check_text(text: str, *, field: str, ask: str, most: int = MOST_TEXT) -> str:
    """Return text without outer space; BadInput where it is empty or too long."""
    kept = text.strip()
    if not kept:
        raise BadInput(ask, field=field)
    if len(kept) > most:
        raise BadInput(f"Use {most:,} characters or fewer.", field=field)
    return kept


def check_optional_text(text: str, *, field: str) -> str:
    """Return text without outer space, perhaps empty; BadInput where too long."""
    return check_text(text, field=field, ask="") if text.strip() else ""


def check_purpose_code(code: str) -> str:
    """Return a known kind of purpose; BadInput if it is not one."""
    if code not in PURPOSES:
        raise BadInput(
            "Choose the kind of purpose from the list.", field="purpose_code"
        )
    return code


def check_open_project(project: Project) -> None:
    """Raise Conflict where a project is closed."""
    if project.closed_at is not None:
        raise Conflict(f"{project.title} is closed, so nothing can be added to it.")


def check_may_join(project: Project, person: Person) -> None:
    """Raise unless the person works at the project's organisation with its data."""
    if not can(person, Permission.RUN_QUERY, project.organisation):
        raise BadInput(
            f"{person.name} is not an analyst at {project.organisation.name}. "
            "Ask an administrator there to give that role first.",
            field="person",
        )


def check_draft(request: Request) -> None:
    """Raise Conflict unless a request can still be changed."""
    REQUEST.next_state(request.state, "edit")


def check_costs(
    *, who_pays: str, preparation_cost: int | None, needed_by: date | None, today: date
) -> None:
    """Raise BadInput where the costs and dates of a request make no sense."""
    if who_pays not in Request.Payer.values:
        raise BadInput("Choose who pays for preparation.", field="who_pays")
    if preparation_cost is not None and not 0 <= preparation_cost < 2**31:
        raise BadInput(
            "The cost must be a whole number of pounds, 0 or more.",
            field="preparation_cost",
        )
    if needed_by is not None and needed_by < today:
        raise BadInput(
            "The date by which you need the data must be in the future.",
            field="needed_by",
        )


def check_retention(retention_until: date | None, *, today: date) -> None:
    """Raise BadInput where copies would be destroyed before they arrive."""
    if retention_until is not None and retention_until <= today:
        raise BadInput(
            "The date by which you destroy the data must be in the future.",
            field="retention_until",
        )


def check_can_be_asked_for(asset: Asset) -> AssetVersion:
    """Return the newest version of an asset that needs an agreement."""
    if asset.status != Asset.Status.PUBLISHED:
        raise Conflict(f"{asset.title} has been withdrawn from the catalogue.")
    if asset.access_rights == Asset.AccessRights.OPEN:
        raise BadInput(
            f"{asset.title} is open data: download it, no request is needed.",
            field="asset",
        )
    version = asset.versions.first()
    if version is None:
        raise Conflict(f"{asset.title} has no data yet, so it cannot be asked for.")
    return version


def check_columns(
    version: AssetVersion, *, columns: Sequence[str], link_columns: Sequence[str]
) -> None:
    """Raise BadInput unless the columns exist and identify nobody to an analyst."""
    if not columns:
        raise BadInput("Choose at least one column to analyse.", field="columns")
    known = {column["name"]: column for column in version.columns}
    for field, names in (("columns", columns), ("link_columns", link_columns)):
        strange = [name for name in names if name not in known]
        if strange:
            raise BadInput(
                f"{version.asset.title} has no column called {', '.join(strange)}.",
                field=field,
            )
        if len(set(names)) != len(names):
            raise BadInput("Name each column once.", field=field)
    identifying = [name for name in columns if known[name].get("identifies")]
    if identifying:
        raise BadInput(
            f"{', '.join(identifying)} can identify a person, so it can be used only "
            "to link records. Move it to the columns used to link.",
            code="column-identifies",
            field="columns",
        )


def check_row_filter(
    version: AssetVersion, plain: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Return a row filter as stored; BadInput if it names no column of the data."""
    row_filter = filter_from_plain(plain)
    if row_filter is None:
        return None
    known = {column["name"]: column for column in version.columns}
    if row_filter.column not in known:
        raise BadInput(
            f"{version.asset.title} has no column called {row_filter.column}.",
            field="row_filter",
        )
    # A range of birth dates is a group; one exact identifier is a look-up of a person.
    exact = row_filter.operator in {"=", "in"}
    if exact and known[row_filter.column].get("identifies"):
        raise BadInput(
            f"{row_filter.column} can identify a person, so it can be filtered only "
            "by a range.",
            code="filter-identifies",
            field="row_filter",
        )
    return row_filter.to_plain()


def check_route(flow: Flow, route_id: str, *, on: date) -> Route:
    """Return the route; BadInput unless it may apply to this flow on this day."""
    route = get_route(route_id)
    project = flow.request.project
    if not route.serves(project.purpose_code):
        raise BadInput(
            f"{route.citation} is not a route for the purpose "
            f"“{PURPOSES[project.purpose_code].label}”. Choose another.",
            field="route_id",
        )
    if not route.in_force(on):
        raise BadInput(
            f"{route.citation} is not in force on {on:%-d %B %Y}.", field="route_id"
        )
    fits = fit(
        route,
        holder_kind=flow.holder.kind,
        recipient_kind=project.organisation.kind,
    )
    if fits.barred:
        side = flow.holder if fits.holder == "barred" else project.organisation
        raise BadInput(
            f"{route.citation} cannot be used by {side.name}. {_who(route, fits.holder)}",
            code="route-barred",
            field="route_id",
        )
    return route


def check_complete(request: Request, flows: Collection[Flow], *, on: date) -> None:
    """Raise unless a draft can be sent: data chosen, routes stated, still true."""
    if not flows:
        raise BadInput("Choose the data that you need before you send the request.")
    for flow in flows:
        if not flow.route_id:
            raise BadInput(f"Choose a legal route for {flow.asset.title}.")
        check_route(flow, flow.route_id, on=on)
        version = check_can_be_asked_for(flow.asset)
        check_columns(version, columns=flow.columns, link_columns=flow.link_columns)
    check_open_project(request.project)


def check_decision(
    flow: Flow,
    *,
    outcome: str,
    reason: str,
    reason_code: str,
    review_on: date | None,
    today: date,
) -> str:
    """Return the reason as stored; BadInput unless the answer is a complete one."""
    if outcome not in Decision.Outcome.values:
        raise BadInput("Choose whether you agree.", field="outcome")
    FLOW.next_state(flow.state, outcome)
    if outcome == Decision.Outcome.AGREE:
        return check_optional_text(reason, field="reason")
    if outcome == Decision.Outcome.REFUSE:
        get_reason(reason_code)
        _check_review_date(review_on, today=today)
    return check_text(
        reason, field="reason", ask="Give your reason. The requester reads it."
    )


def check_granted(
    flow: Flow,
    *,
    outcome: str,
    columns: Sequence[str] | None,
    link_columns: Sequence[str] | None,
) -> tuple[list[str], list[str]]:
    """Return the columns that an answer gives: all, fewer, or none.

    The default is yes: what is not named is as it was asked for. BadInput where the
    answer gives what was not asked, or agrees to part and takes nothing away.
    """
    if outcome == Decision.Outcome.REFUSE:
        return [], []
    given = list(flow.columns) if columns is None else list(columns)
    links = list(flow.link_columns) if link_columns is None else list(link_columns)
    if not given:
        raise BadInput(
            "Leave at least one column, or refuse with a reason.", field="columns"
        )
    for field, names, asked in (
        ("columns", given, flow.columns),
        ("link_columns", links, flow.link_columns),
    ):
        if not set(names) <= set(asked) or len(set(names)) != len(names):
            raise BadInput("Give only columns that were asked for.", field=field)
    whole = set(given) == set(flow.columns) and set(links) == set(flow.link_columns)
    if whole and outcome == Decision.Outcome.AGREE_IN_PART:
        raise BadInput("Take at least one column away, or agree.", field="columns")
    if not whole and outcome == Decision.Outcome.AGREE:
        raise BadInput(
            "To give fewer columns, choose “Agree to part”.", field="columns"
        )
    return given, links


def _check_review_date(review_on: date | None, *, today: date) -> None:
    if review_on is None:
        raise BadInput(
            "Say when you will look at this refusal again.", field="review_on"
        )
    if review_on <= today:
        raise BadInput("The review date must be in the future.", field="review_on")


def _who(route: Route, holder: str) -> str:
    parties = route.holders if holder == "barred" else route.recipients
    return f"It is for: {parties.who.strip()}"
