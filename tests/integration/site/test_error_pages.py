"""What a person and a program see when something is refused or breaks."""

from __future__ import annotations

import io

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.urls import path

from staithe.base.clock import now
from staithe.base.errors import Conflict, Damaged
from staithe.ledger.models import Event
from staithe.people.actions import create_token
from staithe.site import urls, web
from staithe.site.settings import SHORTEST_KEY


pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


def broken(request):
    raise ZeroDivisionError("a secret that must not be shown")


def denied(request):
    raise PermissionDenied


def refused(request):
    raise Conflict("This has changed since you looked.")


def damaged(request):
    raise Damaged("part-00000.parquet of snapshot X is damaged.")


class Addresses:
    """The service's own addresses, and four that fail."""

    handler400, handler403 = urls.handler400, urls.handler403
    handler404, handler500 = urls.handler404, urls.handler500
    urlpatterns = [
        path("broken", broken),
        path("denied", denied),
        path("refused", refused),
        path("damaged", damaged),
        path("api/v1/broken", broken),
        *urls.urlpatterns,
    ]


@pytest.fixture(autouse=True)
def _addresses(settings):
    settings.ROOT_URLCONF = Addresses
    settings.DEBUG = False


CASES = [
    ("/nothing-here", 404),
    ("/denied", 403),
    ("/refused", 409),
    ("/damaged", 500),
    ("/broken", 500),
]


@pytest.mark.parametrize(("address", "status"), CASES)
def test_a_person_gets_a_page(visitor, address, status):
    answer = visitor.get(address)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    text = answer.content.decode()
    assert '<html lang="en"' in text
    assert "<h1" in text
    assert "ZeroDivisionError" not in text
    assert "secret" not in text


@pytest.mark.parametrize(("address", "status"), [*CASES, ("/api/v1/broken", 500)])
def test_a_program_gets_problem_json(visitor, address, status):
    answer = visitor.get(address, headers=JSON)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:staithe:error:")
    assert problem["title"]
    assert problem["detail"].endswith(".")
    assert "secret" not in answer.content.decode()


def test_an_unknown_address_of_the_api_is_a_problem_without_being_asked(visitor):
    answer = visitor.get("/api/v1/nothing-here")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_page_of_a_bug_quotes_the_number_that_the_log_has(visitor):
    answer = visitor.get("/broken")
    assert answer.headers["X-Request-Id"] in answer.content.decode()


@pytest.mark.parametrize("address", ["/sign-out", "/healthz"])
def test_a_wrong_method_is_405_in_the_callers_language(visitor, address):
    method = visitor.get if address == "/sign-out" else visitor.post
    page = method(address)
    assert page.status_code == 405
    assert b"<h1" in page.content
    problem = method(address, headers=JSON)
    assert problem.status_code == 405
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert problem.headers["Allow"] == page.headers["Allow"]


def test_a_wrong_method_at_the_api_is_a_problem(visitor):
    answer = visitor.delete("/api/v1/organisations")
    assert answer.status_code == 405
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_an_unknown_host_is_a_page_and_shows_nothing(visitor):
    answer = visitor.get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert b"evil.example" not in answer.content
    assert answer.headers["Content-Security-Policy"]


def test_a_form_without_its_proof_is_refused_with_a_sentence(settings):
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/sign-in", {"email": "a@example.org", "password": "x"})
    assert answer.status_code == 403
    assert web.STALE_FORM.partition(".")[0] in answer.content.decode()


def test_a_session_cannot_write_over_the_api_without_its_proof(stranger):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(stranger)
    body = {"name": "stolen"}
    answer = strict.post("/api/v1/tokens", body, content_type="application/json")
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not stranger.api_tokens.exists()


def test_a_token_needs_no_such_proof(stranger):
    from staithe.base.clock import now

    _, secret = create_token(person=stranger, name="t", by=stranger, at=now())
    answer = Client(enforce_csrf_checks=True).post(
        "/api/v1/tokens",
        {"name": "another"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert answer.status_code == 201


class TestTooLarge:
    def test_a_large_body_is_413_with_a_sentence(self, visitor, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024**2
        answer = visitor.post("/sign-in", {"email": "x" * 1024**2 * 2})
        # The form is multipart here: a field of it is what is too large.
        assert answer.status_code == 413
        assert "larger than 1 MB" in answer.content.decode()

    def test_a_large_body_at_the_api_is_413_and_a_problem(
        self, visitor, settings, stranger
    ):
        from staithe.base.clock import now

        _, secret = create_token(person=stranger, name="t", by=stranger, at=now())
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024**2
        answer = visitor.post(
            "/api/v1/tokens",
            {"name": "x" * 1024**2 * 2},
            content_type="application/json",
            headers={"Authorization": f"Bearer {secret}"},
        )
        assert answer.status_code == 413
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_an_announced_size_is_refused_before_it_is_read(self, visitor, settings):
        settings.MAX_UPLOAD_BYTES = 1024**2

        class Unread(io.BytesIO):
            def read(self, *_):
                raise AssertionError("the body was read")

        answer = visitor.generic(
            "POST",
            "/sign-in",
            "",
            CONTENT_LENGTH=str(1024**3),
            **{"wsgi.input": Unread()},
        )
        assert answer.status_code == 413
        assert "larger than 1 MB" in answer.content.decode()


@pytest.mark.parametrize(
    "address", ["/catalogue?q=%00", "/catalogue/%00", "/law/x%00y"]
)
def test_an_address_with_a_nul_is_refused(visitor, address):
    answer = visitor.get(address)
    assert answer.status_code == 400
    assert "U+0000" in answer.content.decode()


def test_the_shortest_key_is_long_enough_to_sign_with():
    assert SHORTEST_KEY * 6 >= 128


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_is_told_and_nothing_is_stored(visitor, stranger):
    """SQLite is given no more pages; it fails as on a disk without room."""
    if connection.vendor != "sqlite":
        pytest.skip("a PostgreSQL cannot be given a smaller disk: NOT tested here")
    _, secret = create_token(person=stranger, name="t", by=stranger, at=now())
    with connection.cursor() as cursor:
        # Pages that earlier tests gave back would be room.
        cursor.execute("PRAGMA freelist_count")
        free = cursor.fetchone()[0]
        cursor.execute(f"CREATE TABLE ballast AS SELECT zeroblob({free * 4096 + 1}) x")
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")
    before = Event.objects.count()
    headers = {"Authorization": f"Bearer {secret}"}
    try:
        for n in range(2000):
            answer = visitor.post(
                "/api/v1/tokens",
                {"name": "x" * 80 + str(n)},
                content_type="application/json",
                headers=headers,
            )
            if answer.status_code != 201:
                break
            before += 1
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1073741823")
            cursor.execute("DROP TABLE ballast")
    assert answer.status_code == 507, answer.text
    assert answer.json()["code"] == "no-room"
    assert "Try again when its operator has made room" in answer.json()["detail"]
    assert Event.objects.count() == before
