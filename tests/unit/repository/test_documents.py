"""What the documents say is what the program does: names, numbers, generated pages."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from staithe.site import reference
from staithe.site.cli import COMMANDS
from staithe.site.settings import ROOMS


REPOSITORY = Path(__file__).resolve().parents[3]
SOURCE = REPOSITORY / "src" / "staithe"
DECISIONS = sorted((REPOSITORY / "docs" / "decisions").glob("*.md"))
READERS = {"env_str", "env_int", "env_bool", "env_secret"}


def tracked() -> list[Path]:
    """Return every file that git knows."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("NOT A GIT REPOSITORY: the tracked files are not looked at")
    paths = [REPOSITORY / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def settings_read() -> set[str]:
    """Return the settings that the program reads; those from files end in *."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in READERS and isinstance(node.args[0], ast.Constant):
                star = "*" if node.func.id == "env_secret" else ""
                found.add(f"{node.args[0].value}{star}")
    return found


def test_every_setting_is_documented_and_every_documented_one_is_read():
    assert settings_read() == set(reference.SETTINGS)


def test_reference_is_current():
    """Mended by: staithe reference."""
    written = (REPOSITORY / reference.DOCUMENT).read_text("utf-8")
    assert written == reference.to_markdown(), "run: staithe reference"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_words_and_is_in_the_reference(command):
    text = (REPOSITORY / reference.DOCUMENT).read_text("utf-8")
    found = re.search(rf"### `staithe {command}[^`]*`\n\n(.+)", text)
    assert found
    assert found[1][0].isupper()
    assert found[1].endswith(".")
    assert COMMANDS[command][2].endswith(".")


def test_reference_names_what_an_auditor_asks_for():
    """So that an empty table would be noticed."""
    text = reference.to_markdown()
    for name in (
        "`decide-request`",
        "`data-sharing-officer`",
        "`sharing:decision:recorded`",
        "`exchange:materialise`",
        "`POST /api/v1/projects`",
        "`staithe ledger verify SOURCE`",
    ):
        assert name in text, name


def test_decisions_are_numbered_without_gaps():
    numbers = [int(path.name[:4]) for path in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers


@pytest.mark.parametrize("path", DECISIONS, ids=lambda p: p.stem)
def test_a_decision_has_its_parts_and_fits_a_page(path):
    text = path.read_text("utf-8")
    assert re.match(rf"# {path.name[:4]}: \S", text)
    assert re.search(
        r"^State: (accepted|superseded|proposed), \w+ \d{4}", text, re.MULTILINE
    )
    for part in ("Context", "Alternatives", "Decision", "Consequences"):
        assert f"\n## {part}\n" in text
    assert len(text.splitlines()) <= 70


def test_links_between_documents_lead_somewhere():
    documents = [p for p in tracked() if p.suffix == ".md"]
    broken = [
        f"{path.name}: {target}"
        for path in documents
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
        if not (path.parent / target).exists()
    ]
    assert broken == []


def test_changelog_begins_with_what_is_unreleased():
    text = (REPOSITORY / "CHANGELOG.md").read_text("utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings[0] == "Unreleased"


def test_no_tracked_file_holds_a_path_of_one_machine():
    home = re.compile(r"(?<![\w.])/(?:home|Users|root|work)/[a-z]\w+")
    found = [
        f"{path.relative_to(REPOSITORY)}: {match[0]}"
        for path in tracked()
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".html", ".json", ".txt", ""}
        for match in home.finditer(path.read_text("utf-8", errors="ignore"))
    ]
    assert found == []


def test_no_lock_file_names_an_address_but_the_public_registry():
    locks = [*(REPOSITORY / "requirements").glob("*.txt")]
    locks += [REPOSITORY / "frontend" / "package-lock.json"]
    assert len(locks) > 3
    for lock in locks:
        assert "://" not in re.sub(
            r'"url": "https://[^"]*"', "", lock.read_text("utf-8")
        ), lock.name


def test_migrations_are_complete():
    loader = MigrationLoader(None)
    detector = MigrationAutodetector(
        loader.project_state(), ProjectState.from_apps(apps)
    )
    assert detector.changes(graph=loader.graph) == {}


# What of linkage knows Django: its clerical review.
OF_REVIEW = {
    "actions", "api", "apps", "estimates", "forms", "models", "pages", "permissions",
    "policies", "queries", "schemas", "urls", "web", "web_explain", "migrations",
}  # fmt: skip


def test_every_module_that_links_is_held_to_be_pure():
    """Linkage has a part with pages, so its pure modules are listed one by one."""
    room = SOURCE / "linkage"
    modules = {path.stem for path in room.glob("*.py")} - {"__init__"}
    modules |= {path.parent.name for path in room.glob("*/__init__.py")}
    contract = (REPOSITORY / "pyproject.toml").read_text("utf-8")
    listed = set(re.findall(r'"staithe\.linkage\.(\w+)"', contract))
    assert listed == modules - OF_REVIEW


def test_templates_of_every_room_are_found_by_the_frame():
    rooms = {path.parent.name for path in SOURCE.glob("*/templates")}
    assert rooms <= set(ROOMS)


def test_data_files_of_the_program_are_readable_yaml():
    files = [path for path in tracked() if path.suffix in {".yaml", ".yml"}]
    for path in files:
        try:
            list(yaml.safe_load_all(path.read_text("utf-8")))
        except yaml.YAMLError as error:
            pytest.fail(f"{path.relative_to(REPOSITORY)}: {error}")
    assert files
