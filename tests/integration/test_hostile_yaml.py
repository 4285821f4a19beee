"""The same hostile YAML at every door: one sentence, exit code 2 or a 4xx, no trace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from factories import build, make_organisation, make_person
from hostile import YAML
from staithe.base.clock import now
from staithe.law.reading import shipped_texts
from staithe.people.actions import create_token
from staithe.sharing.models import Project
from staithe.site import cli


pytestmark = pytest.mark.django_db
GATEWAY = "gateways/dea-48-debt.yaml"
COMMANDS = {
    "advise": "advise bad.yaml",
    "law check": "law check law",
    "law preview": "law preview law good.yaml",
    "link": "link t.csv --id id --out out --spec bad.yaml",
    "protect": "protect t.csv --spec bad.yaml --out out.csv",
    "register": "register declare bad.yaml",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with a table, good facts and the law's files."""
    for name, text in shipped_texts().items():
        path = tmp_path / "work" / "law" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path / "work")
    Path("t.csv").write_text("id,region\n1,N\n")
    Path("good.yaml").write_text("purpose: debt-recovery\n")
    return tmp_path / "work"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("fault", YAML)
def test_every_command_says_one_sentence_and_ends_with_2(
    folder, monkeypatch, capsys, command, fault
):
    data, says = YAML[fault]
    (folder / "bad.yaml").write_bytes(data)
    (folder / "law" / GATEWAY).write_bytes(data)
    before = sorted(folder.rglob("*"))
    monkeypatch.setattr("sys.argv", ["staithe", *COMMANDS[command].split()])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.err.startswith("Error: ")
    told = said.err.splitlines()
    assert says in told[0]
    assert ("dea-48-debt.yaml" if "law" in command else "bad.yaml") in told[0]
    if "law" not in command:
        assert len(told) == 1
    assert sorted(folder.rglob("*")) == before


def _unjoined(world):
    from factories import SPELLS_LINK, SPELLS_SEEN

    project = world.project("Work and health", world.bob)
    world.agree(project, world.spells(), SPELLS_SEEN, SPELLS_LINK)
    return project


def test_the_pages_and_the_api_of_a_join_refuse_each(home):
    world, project = build("hostile", _unjoined, home=home)
    project = Project.objects.get(pk=project.pk)
    page = Client()
    page.force_login(world.ann)
    _, secret = create_token(person=world.ann, name="t", by=world.ann, at=now())
    for data, _ in YAML.values():
        text = data.decode("utf-8", "replace")[:15_000]
        place = f"/projects/{project.reference}"
        answer = page.post(f"{place}/join", {"specification": text})
        assert answer.status_code == 422, text[:80]
        problem = Client().post(
            f"/api/v1{place}/joins",
            json.dumps({"specification": text}),
            "application/json",
            headers={"Authorization": f"Bearer {secret}"},
        )
        assert problem.status_code in {400, 422}, text[:80]
        assert problem["Content-Type"].startswith("application/problem+json")
    assert not project.joins.exists()


def test_the_page_of_declared_registers_refuses_each():
    olwen = make_person("Olwen", data_owner=make_organisation("maps"))
    page = Client()
    page.force_login(olwen)
    for data, _ in YAML.values():
        file = SimpleUploadedFile("bad.yaml", data)
        answer = page.post("/registers/new/declaration", {"file": file})
        assert answer.status_code == 422, data[:80]
        assert "The declaration cannot be read as YAML: " in answer.text
