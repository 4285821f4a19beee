"""`staithe doctor`: each thing broken on purpose is one FAIL line and exit code 1."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.contrib.auth.hashers import make_password
from django.db import connection

from staithe.base.clock import now
from staithe.base.errors import AnswerIsNo
from staithe.catalogue.actions import publish_asset
from staithe.catalogue.models import AssetVersion
from staithe.jobs.actions import enqueue
from staithe.ledger import guards
from staithe.ledger.models import Event
from staithe.people.actions import add_member, create_organisation, create_person
from staithe.site import checks
from staithe.site.commands import doctor


pytestmark = pytest.mark.django_db


@pytest.fixture
def version(home: Path, settings: Any) -> AssetVersion:
    """Return the version of an asset in a service that is well."""
    (home / "keys").mkdir(mode=0o700)
    body = create_organisation(name="One", kind="other", by=None, at=now())
    person = create_person(
        email="o@example.org",
        name="Olive",
        password_hash=make_password("a long phrase"),
        by=None,
        at=now(),
    )
    add_member(person=person, organisation=body, role="data-owner", by=None, at=now())
    path = home / "t.csv"
    path.write_text("code,region\n1,N\n2,S\n")
    return publish_asset(
        path=path,
        source_name="t.csv",
        organisation=body,
        title="Trial",
        by=person,
        at=now(),
    )


def examine(*options: str) -> tuple[bool, dict[str, dict[str, Any]]]:
    """Run the command; return whether all is well, and each line by its name."""
    result = CliRunner().invoke(doctor, ["--json", *options])
    assert result.exception is None or isinstance(result.exception, AnswerIsNo)
    lines = {line["name"]: line for line in json.loads(result.stdout)}
    return result.exception is None, lines


def test_a_service_that_is_well_has_no_fail_line(version):
    well, lines = examine("--deep")
    assert well, lines
    assert set(lines) == set(checks.CHECKS)


def _debug(home: Path, version: AssetVersion, settings: Any) -> None:
    settings.DEBUG = True


def _no_https(home: Path, version: AssetVersion, settings: Any) -> None:
    settings.BASE_URL = "http://data.example.org"


def _open_key(home: Path, version: AssetVersion, settings: Any) -> None:
    key = home / "keys" / "loose.key"
    key.write_text("x")
    key.chmod(0o644)


def _no_snapshot(home: Path, version: AssetVersion, settings: Any) -> None:
    shutil.rmtree(home / "snapshots" / version.snapshot_id)


def _cut_file(home: Path, version: AssetVersion, settings: Any) -> None:
    part = next((home / "snapshots" / version.snapshot_id).glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-1])


def _other_manifest(home: Path, version: AssetVersion, settings: Any) -> None:
    AssetVersion.objects.filter(pk=version.pk).update(manifest_sha256="0" * 64)


def _late_job(home: Path, version: AssetVersion, settings: Any) -> None:
    enqueue("jobs:prune", arguments={}, by=None, at=now() - timedelta(hours=1))


def _changed_body(home: Path, version: AssetVersion, settings: Any) -> None:
    with guards.lifted(connection):
        Event.objects.filter(number=1).update(body='{"name":"other"}')


def _changed_commitment(home: Path, version: AssetVersion, settings: Any) -> None:
    with guards.lifted(connection):
        Event.objects.filter(number=1).update(commitment=bytes(32))


def _emptied(home: Path, version: AssetVersion, settings: Any) -> None:
    with guards.lifted(connection):
        Event.objects.filter(number=1).update(body=None, salt=None)


BROKEN: dict[str, tuple[str, Callable[[Path, AssetVersion, Any], None]]] = {
    "debug is on": ("settings", _debug),
    "passwords would cross in clear": ("settings", _no_https),
    "a key others can read": ("keys", _open_key),
    "a snapshot is gone": ("storage", _no_snapshot),
    "a file is cut short": ("storage", _cut_file),
    "another snapshot in its place": ("storage", _other_manifest),
    "nobody does the work": ("jobs", _late_job),
    "an event's body was changed": ("ledger", _changed_body),
    "a commitment was changed": ("ledger", _changed_commitment),
    "an event was emptied in silence": ("ledger", _emptied),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_each_fault_is_one_fail_line_and_exit_code_1(home, version, settings, fault):
    name, break_it = BROKEN[fault]
    assert examine()[0]
    break_it(home, version, settings)
    well, lines = examine()
    assert not well
    assert [n for n, line in lines.items() if not line["ok"]] == [name]
    assert lines[name]["detail"]


def test_a_flipped_bit_is_found_by_looking_deep(home, version):
    part = next((home / "snapshots" / version.snapshot_id).glob("*.parquet"))
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    assert examine()[0]
    well, lines = examine("--deep")
    assert not well
    assert part.name in lines["storage"]["detail"]


def test_little_disk_is_a_fail_line(version, monkeypatch):
    monkeypatch.setattr(checks, "LOW_DISK_BYTES", 2**62)
    well, lines = examine()
    assert not well
    assert "MB free" in lines["disk"]["detail"]


def test_waiting_migrations_are_a_fail_line(version):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'accountability'")
    well, lines = examine()
    assert not well
    assert "migrations wait" in lines["database"]["detail"]


def test_a_person_reads_lines_and_a_sentence(home, version, settings):
    settings.DEBUG = True
    result = CliRunner().invoke(doctor)
    assert "FAIL  settings: " in result.output
    assert "ok    database: " in result.output
    assert isinstance(result.exception, AnswerIsNo)
    assert result.exception.exit_code == 1
