"""Every address of the service, opened by nobody, by a stranger and by the cast.

First with names that are nothing, then, after the main job, with real ones. No answer
may be a fault of ours, and nothing of a project may show itself to who is no part of
it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from staithe.analysis.models import Output, Query
from staithe.catalogue.models import Asset
from staithe.demo.story import Scene, tell
from staithe.demo.telling import Telling
from staithe.exchange.models import Grant
from staithe.jobs.models import Job
from staithe.law.routes import load_routes
from staithe.people.models import ApiToken, Membership, Notice, Organisation, Person
from staithe.sharing.models import Agreement, Flow, Project, Request


FINE = {200, 301, 302, 401, 403, 404, 405, 409, 422}
# Values to try for a part of an address, by the kind of part.
NOTHING = {
    "int": ["0", "7", "99999999999999999999"],
    "slug": ["nothing", "-"],
    "path": ["x", "a/b", "../../etc/passwd", "%2e%2e"],
    "str": ["nothing", "REQ-00000000", "'; DROP TABLE x;--", "é", "x" * 300],
}


def addresses(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[Any]:
    """Yield each address as a list of fixed text and (kind, name) parts."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.name or ""


def parts_of(route: str) -> list[tuple[str, str]]:
    """Return the converters of a route with the names of what they take."""
    found = []
    for piece in route.split("<")[1:]:
        kind, _, name = piece.partition(">")[0].rpartition(":")
        found.append((kind or "str", name))
    return found


def fill(route: str, values: tuple[str, ...]) -> str:
    """Put values into a route."""
    for value in values:
        head, _, rest = route.partition("<")
        route = head + value + rest.partition(">")[2]
    return "/" + route


def nothings() -> list[str]:
    """Return every address with values that name nothing."""
    found = []
    for route, _ in addresses():
        choices = [NOTHING.get(kind, NOTHING["str"]) for kind, _ in parts_of(route)]
        longest = max((len(choice) for choice in choices), default=1)
        for index in range(longest):
            values = tuple(choice[index % len(choice)] for choice in choices)
            found.append(fill(route, values))
    return found


def open_all(browser: Client, found: list[str], **headers: str) -> dict[str, int]:
    """Open each address and return its status."""
    return {a: browser.get(a, headers=headers).status_code for a in found}


def faults(statuses: dict[str, int]) -> dict[str, int]:
    return {a: status for a, status in statuses.items() if status not in FINE}


def test_there_are_addresses_to_walk() -> None:
    """So that an empty walk does not pass."""
    names = {name for _, name in addresses()}
    assert len(list(addresses())) > 80
    assert {"site-start", "catalogue-asset-show", "site-metrics"} <= names


@pytest.mark.django_db
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_nobody_meets_no_fault_anywhere(visitor: Client, accept: str) -> None:
    assert faults(open_all(visitor, nothings(), accept=accept)) == {}


@pytest.mark.django_db
def test_a_stranger_meets_no_fault_anywhere(signed_in_stranger: Client) -> None:
    assert faults(open_all(signed_in_stranger, nothings())) == {}


@pytest.mark.django_db
def test_a_post_of_nothing_is_no_fault(signed_in_stranger: Client) -> None:
    statuses = {a: signed_in_stranger.post(a, {}).status_code for a in nothings()}
    wrong = {a: s for a, s in statuses.items() if s not in FINE | {204, 400}}
    assert wrong == {}


def real_values(told: Scene) -> dict[str, list[str]]:
    """Return real names for each part of an address, by the first word it follows."""

    def all_of(model: Any, field: str = "reference") -> list[str]:
        return [str(value) for value in model.objects.values_list(field, flat=True)]

    return {
        "catalogue": all_of(Asset, "slug") + all_of(Job),
        "organisations": all_of(Organisation, "slug"),
        "projects": all_of(Project),
        "requests": all_of(Request),
        "flows": all_of(Flow),
        "agreements": all_of(Agreement) + all_of(Grant),
        "queries": all_of(Query),
        "outputs": all_of(Output),
        "law": [route.id for route in load_routes().routes],
        "tokens": all_of(ApiToken),
        "notices": all_of(Notice)[:3],
        "people": all_of(Person, "public_id"),
        "members": all_of(Membership, "pk"),
    }


def real_addresses(told: Scene) -> list[str]:
    """Return every address that takes a part, with real names in it."""
    values, found = real_values(told), []
    for route, _ in addresses():
        parts = parts_of(route)
        first = route.removeprefix("api/v1/").partition("/")[0]
        if not parts or first not in values:
            found += [fill(route, ())] if not parts else []
            continue
        choices = [values[first][:4]]
        for kind, name in parts[1:]:
            choices.append(
                ["1"] if kind == "int" else values.get(f"{name}s", ["1"])[:3]
            )
        found += [fill(route, chosen) for chosen in product(*choices)]
    return found


@pytest.fixture
def told(home: Any, transactional_db: None) -> Scene:
    """Tell the main job in a small world."""
    return tell(people=400, seed=5, telling=Telling("http://testserver", quiet=True))


PRIVATE = ("/projects/", "/queries/", "/requests/", "/agreements/", "/flows/")


def test_after_the_main_job_everybody_may_look_and_nobody_may_pry(told: Scene) -> None:
    """Real names: the cast sees pages, others see that they may not."""
    found = real_addresses(told)
    seen: dict[str, dict[str, int]] = {}
    for word, person in [("nobody", None), *told.cast.people.items()]:
        browser = Client(raise_request_exception=False)
        if person is not None:
            browser.force_login(person)
        seen[word] = open_all(browser, found)
        assert faults(seen[word]) == {}, word
    open_to = {word: {a for a, s in seen[word].items() if s == 200} for word in seen}
    for word in ("nobody", "stranger"):
        pried = {
            a for a in open_to[word] if a.removeprefix("/api/v1").startswith(PRIVATE)
        }
        assert pried == set(), word
    project = f"/projects/{told.project.reference}"
    assert project in open_to["requester"]
    assert len(open_to["requester"]) > len(open_to["stranger"]) > 10
