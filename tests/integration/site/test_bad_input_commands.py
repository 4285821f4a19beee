"""Bad input at the command line: one sentence on stderr, exit code 2, nothing written.

Each command runs as a program of its own, as a person runs it. What is looked at
afterwards is the folder it ran in and the home of its service.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import connection


pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="files and commands: said once, on SQLite"
)
SPECIFICATION = "kind: microdata\nunit: id\nrows: region\nmeasure: count\n"


def _write_text(text: str) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(text.encode("latin-1"))


def _cut_parquet(path: Path) -> None:
    pq.write_table(pa.table({"id": range(1000), "region": ["N"] * 1000}), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", "<workbook/>")
        package.writestr("xl/worksheets/sheet1.xml", b"0" * (100 << 20))


def _picture(path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)


BAD: dict[str, tuple[str, Callable[[Path], None]]] = {
    "wrong column count": ("t.csv", _write_text("id,region\n1,N\n2\n3,S,extra\n")),
    "truncated Parquet": ("t.parquet", _cut_parquet),
    "no bytes at all": ("t.csv", _write_text("")),
    "another kind of file": ("t.csv", _picture),
    "duplicate header": ("t.csv", _write_text("id,region,region\n1,N,S\n")),
    "invalid UTF-8": ("t.csv", _write_text("id,region\n1,Caf\xe9\n2,\xff\xfe\x81\n")),
    "zip bomb": ("t.xlsx", _bomb),
    "no such file": ("t.csv", lambda path: None),
}
COMMANDS = {
    "publish": "publish {file} --owner data-office --title Trial --as root@example.org",
    "profile": "profile {file} --html out.html",
    "link": "link {file} --id id --out out",
    "protect": "protect {file} --spec spec.yaml --out out.csv",
}


def run(home: Path, folder: Path, words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run `staithe` in a folder with a home of its own."""
    environment = os.environ | {"STAITHE_HOME": str(home), "STAITHE_DATABASE_URL": ""}
    return subprocess.run(
        [sys.executable, "-m", "staithe", *words],
        cwd=folder,
        env=environment,
        input="a good long phrase\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Start a service with one body, and return its home."""
    home = tmp_path_factory.mktemp("commands") / "home"
    words = ["init", "--organisation", "Data Office", "--name", "Root"]
    words += ["--email", "root@example.org", "--password-stdin"]
    done = run(home, home.parent, words)
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(home / "staithe.sqlite3") as database:
        # Its administrator holds its data too, so that only the file is at fault.
        database.execute(
            "INSERT INTO people_membership (person_id, organisation_id, role, created_at)"
            " SELECT person_id, organisation_id, 'data-owner', created_at"
            " FROM people_membership"
        )
    return home


def contents(home: Path, folder: Path) -> dict[str, str]:
    """Return every file with its hash; of the database, its rows instead."""
    found = {}
    for root in (home, folder):
        for path in sorted(root.rglob("*")):
            if "sqlite3" not in path.name and path.is_file():
                found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    with sqlite3.connect(home / "staithe.sqlite3") as database:
        found["rows"] = "\n".join(database.iterdump())
    return found


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("fault", BAD)
def test_bad_input_gets_one_sentence_and_leaves_nothing(
    service: Path, tmp_path: Path, command: str, fault: str
) -> None:
    """Exit code 2, one line on stderr that begins “Error: ”, nothing on disk."""
    name, make = BAD[fault]
    make(tmp_path / name)
    (tmp_path / "spec.yaml").write_text(SPECIFICATION)
    before = contents(service, tmp_path)
    done = run(service, tmp_path, COMMANDS[command].format(file=name).split())
    assert done.returncode == 2, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("Error: ")
    assert len(lines[0]) > len("Error: t.csv")
    assert "Traceback" not in done.stdout + done.stderr
    assert contents(service, tmp_path) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_the_same_command_accepts_a_good_file(
    service: Path, tmp_path: Path, command: str
) -> None:
    """So that a refusal above is of the file, and not of the command."""
    people = "\n".join(
        f"{n},Region {n % 3},Surname{n},19{n % 80 + 10}-01-02" for n in range(300)
    )
    (tmp_path / "t.csv").write_text(f"id,region,surname,dob\n{people}\n")
    (tmp_path / "spec.yaml").write_text(SPECIFICATION)
    done = run(service, tmp_path, COMMANDS[command].format(file="t.csv").split())
    assert done.returncode == 0, done.stderr
