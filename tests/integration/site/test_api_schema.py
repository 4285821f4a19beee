"""The API against its own description, with generated calls (schemathesis).

No call, however odd, may be answered with a fault of ours; every answer is as the
description says; every refusal is problem+json. The world is that of the main job, so
that half of the calls name things that are there.
"""

from __future__ import annotations

import os
import random
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode

from staithe.analysis.models import Output, Query
from staithe.base.clock import now
from staithe.catalogue.models import Asset
from staithe.demo.story import Scene, tell
from staithe.demo.telling import Telling
from staithe.law.routes import load_routes
from staithe.people.actions import create_token
from staithe.people.models import ApiToken, Organisation, Person
from staithe.sharing.models import Agreement, Flow, Project, Request
from staithe.site.problems import PROBLEM, PROBLEM_SCHEMA


# What the description says is said once; the second database shows its own faults.
USUAL = "8" if connection.vendor == "sqlite" else "3"
EXAMPLES = int(os.environ.get("STAITHE_API_EXAMPLES", USUAL))
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
DESCRIPTION = "/api/v1/openapi.json"
WANTED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


@pytest.fixture
def told(home: Any, transactional_db: None, settings: Any) -> Scene:
    """Tell the main job in a small world."""
    settings.ALLOWED_HOSTS = ["*"]
    # The calling client never closes its requests: a file on disk would stay open.
    settings.FILE_UPLOAD_HANDLERS = [
        "django.core.files.uploadhandler.MemoryFileUploadHandler"
    ]
    return tell(people=400, seed=5, telling=Telling("http://testserver", quiet=True))


def real_values(told: Scene) -> dict[str, list[str]]:
    """Return real names for the parts of addresses, by the noun before them."""
    found: dict[str, list[str]] = {
        "organisations": list(Organisation.objects.values_list("slug", flat=True)),
        "assets": list(Asset.objects.values_list("slug", flat=True)),
        "tokens": list(ApiToken.objects.values_list("reference", flat=True)),
        "members": list(Person.objects.values_list("public_id", flat=True)),
        "routes": [route.id for route in load_routes().routes],
        "events": ["0", "5"],
        "joins": ["1"],
    }
    nouns = {"projects": Project, "requests": Request, "flows": Flow}
    nouns |= {"agreements": Agreement, "queries": Query, "outputs": Output}
    for noun, model in nouns.items():
        found[noun] = list(model.objects.values_list("reference", flat=True))
    return found


def put_real_names(
    case: Any, values: dict[str, list[str]], dice: random.Random
) -> None:
    """Replace generated parts of the address by names of things that are there."""
    pieces = case.path.split("/")
    for before, piece in pairwise(pieces):
        if piece.startswith("{") and before in values:
            case.path_parameters[piece.strip("{}")] = dice.choice(values[before])


def problem_faults(response: Any) -> list[str]:
    """Say what is wrong with the shape of a refusal."""
    if response.status_code < 400:
        return []
    kind = response.headers.get("content-type", [""])[0]
    if kind != PROBLEM:
        return [f"{response.status_code} is {kind}"]
    missing = set(PROBLEM_SCHEMA["required"]) - set(response.json())
    return [f"no {name}" for name in missing]


def call_once(case: Any, token: str | None) -> list[str]:
    """Make one call and return what is wrong with its answer."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    response = case.call(headers=headers)
    wrong = problem_faults(response)
    try:
        case.validate_response(
            response, checks=[CHECKS.get_one(name) for name in WANTED]
        )
    except schemathesis.core.failures.FailureGroup as failures:
        wrong += [f"{type(f).__name__}: {f.message}" for f in failures.exceptions]
    where = f"{case.method} {case.formatted_path}"
    return [f"{where} {response.status_code}: {each}"[:400] for each in wrong]


def probe(
    operation: Any, tokens: list[str | None], values: Any, mode: Any
) -> list[str]:
    """Call one operation with generated input; return the first thing wrong."""
    wrong: list[str] = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), seed=st.integers(0, 10**6))
    def run(case: Any, seed: int) -> None:
        dice = random.Random(seed)
        if case.path_parameters and dice.random() < 0.7:
            put_real_names(case, values, dice)
        wrong.extend(call_once(case, dice.choice(tokens)))

    with suppress(Unsatisfiable):  # a call that takes nothing has no bad input
        run()
    return wrong[:2]


def walk(told: Scene) -> list[str]:
    """Call every operation as every member of the cast and as nobody."""
    tokens: list[str | None] = [
        None,
        *(
            create_token(person=person, name="t", by=person, at=now())[1]
            for person in told.cast.people.values()
        ),
    ]
    schema = schemathesis.openapi.from_wsgi(DESCRIPTION, get_wsgi_application())
    values = real_values(told)
    return [
        fault
        for result in schema.get_all_operations()
        for mode in MODES
        for fault in probe(result.ok(), tokens, values, mode)
    ]


def test_no_generated_call_is_a_fault_and_every_answer_is_as_described(
    told: Scene,
) -> None:
    """A few examples for each operation, good and bad input alike."""
    wrong = walk(told)
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
def test_the_same_with_many_examples(
    told: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred and fifty examples for each operation."""
    monkeypatch.setitem(globals(), "EXAMPLES", 150)
    wrong = walk(told)
    assert not wrong, "\n".join(wrong)
