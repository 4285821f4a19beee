"""The guide for legal editors, followed to the letter: every example is applied."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import yaml
from click.testing import CliRunner

from staithe.law.advise import advise
from staithe.law.cli import law
from staithe.law.loader import read_library
from staithe.law.reading import shipped_texts


REPOSITORY = Path(__file__).resolve().parents[3]
GUIDE = (REPOSITORY / "docs" / "guides" / "law-editing.md").read_text("utf-8")
EXAMPLE = re.compile(
    r"```yaml\n# (add to|write) (\S+?\.yaml)(?:: (\w+))?\n(.*?)```", re.DOTALL
)


def after_the_guide():
    """Return the data files with every example of the guide in them."""
    texts = dict(shipped_texts())
    examples = EXAMPLE.findall(GUIDE)
    assert len(examples) == GUIDE.count("```yaml")
    for verb, name, key, text in examples:
        if verb == "write":
            texts[name] = text
            continue
        value = yaml.safe_load(texts[name])
        rows = value.setdefault(key, []) if key else value
        rows.extend(yaml.safe_load(text))
        texts[name] = yaml.safe_dump(value, allow_unicode=True, sort_keys=False)
    return texts


def answer(library, on, holder, recipient, purpose, **more):
    facts = {
        "holder": holder,
        "recipient": recipient,
        "purpose": {"code": purpose},
        "personal_data": "identifiable",
        "nation": ["England"],
    }
    return advise(facts | more, on=on, library=library)


BEFORE, AFTER = date(2026, 9, 30), date(2026, 10, 1)
COUNCIL = {"name": "a council", "type": "local-authority"}
FIRE = {"name": "a fire authority", "type": "fire-authority"}
HARBOUR = {"name": "Harbour Office", "type": "executive-agency"}
HMRC = {"name": "HMRC", "type": "non-ministerial-department"}


def test_the_examples_of_the_guide_load_and_do_what_it_says():
    library = read_library(after_the_guide())
    flood = (HARBOUR, COUNCIL, "psd-flood-help")
    assert answer(library, BEFORE, *flood).verdict != "may-apply"
    assert answer(library, AFTER, *flood).verdict == "may-apply"

    debt = (HMRC, {"name": "DWP", "type": "ministerial-department"}, "debt-recovery")
    nation = {"nation": ["Northern Ireland"], "route_asked": "dea-48-debt"}
    assert answer(library, BEFORE, *debt, **nation).verdict == "not-by-this-route"
    assert answer(library, AFTER, *debt, **nation).verdict == "may-apply"

    warning = answer(library, AFTER, COUNCIL, FIRE, "emergency")
    assert "flood-1-warnings" in {g.id for g in warning.gateways}
    assert "Has a flood warning been given for the place?" in warning.ask_for
    earlier = answer(library, BEFORE, COUNCIL, FIRE, "emergency")
    assert "flood-1-warnings" not in {g.id for g in earlier.gateways}


def test_its_commands_check_and_preview_the_edit(tmp_path):
    folder = tmp_path / "edited"
    for name, text in after_the_guide().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    checked = CliRunner().invoke(law, ["check", str(folder)])
    assert checked.exit_code == 0, checked.output
    assert "no fault found" in checked.output
    cases = sorted((REPOSITORY / "tests" / "data" / "law").glob("*.yaml"))
    seen = CliRunner().invoke(law, ["preview", str(folder), *map(str, cases)])
    assert seen.exit_code == 0, seen.output
    # What begins on a later day is seen on that day, and said with it.
    assert " on 1 October 2026: gateways" in seen.output
    assert "answers would change.\n" in seen.output


def test_the_guide_names_every_file_and_folder_of_the_data():
    for name in shipped_texts():
        folder, _, file = name.rpartition("/")
        known = f"`{folder}/`" in GUIDE or f"`{folder}/{file}`" in GUIDE
        assert known or name in {"library.yaml", "rows/steps.yaml"}, name
