"""`./dev` decides rightly what to install, and its locks name no address."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest


REPOSITORY = Path(__file__).resolve().parents[3]
DEV = REPOSITORY / "dev"
LOCKS = sorted((REPOSITORY / "requirements").glob("*.txt"))


@pytest.fixture
def dev():
    loader = SourceFileLoader("dev_script", str(DEV))
    spec = spec_from_loader("dev_script", loader)
    module = module_from_spec(spec)
    # No byte code beside the script.
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


@pytest.mark.parametrize("lock", LOCKS, ids=lambda p: p.name)
def test_lock_pins_exact_versions_with_hashes_and_no_address(lock):
    text = lock.read_text()
    assert "://" not in text
    pins = re.split(r"\n(?=\S)", text.strip())
    for pin in pins:
        if not pin.startswith("#"):
            assert re.match(r"[\w.\-\[\]]+==[\w.]+", pin), pin[:80]
            assert "--hash=sha256:" in pin, pin[:80]


def test_every_lock_that_a_profile_needs_is_there(dev):
    for locks in dev.PROFILES.values():
        for lock in locks:
            assert (dev.LOCKS / lock).exists()


def test_no_verb_prints_the_verbs_and_a_wrong_one_is_refused(dev, capsys):
    assert dev.main([]) == 0
    assert dev.main(["nonsense"]) == 2
    printed = capsys.readouterr().out
    for verb in dev.VERBS:
        assert re.search(rf"\b{verb}\b", printed), verb


def test_stamp_changes_with_a_lock_and_differs_between_profiles(
    dev, tmp_path, monkeypatch
):
    for lock in ("run.txt", "build.txt", "dev.txt"):
        (tmp_path / lock).write_text("a==1\n")
    monkeypatch.setattr(dev, "LOCKS", tmp_path)
    before = dev.python_stamps()
    assert before["run"] != before["dev"]
    (tmp_path / "build.txt").write_text("a==2\n")
    after = dev.python_stamps()
    assert after["run"] != before["run"]
    assert after["dev"] == before["dev"]


def test_full_set_up_serves_the_small_one_but_not_the_reverse(
    dev, tmp_path, monkeypatch
):
    installed = []
    monkeypatch.setattr(dev, "VENV", tmp_path)
    built = tmp_path / "built"
    built.mkdir()
    monkeypatch.setattr(dev, "BUILT", built)
    monkeypatch.setattr(dev, "install_python", installed.append)
    monkeypatch.setattr(dev, "build_style", lambda: None)
    dev.set_up("dev")
    dev.set_up("run")
    assert installed == ["dev"]
    (tmp_path / ".staithe.json").unlink()
    dev.set_up("run")
    dev.set_up("dev")
    assert installed == ["dev", "run", "dev"]


@pytest.mark.parametrize(
    ("given", "gains"),
    [
        ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
        ("UV_INDEX_URL", "PIP_INDEX_URL"),
        ("UV_DEFAULT_INDEX", "PIP_INDEX_URL"),
    ],
)
def test_one_package_index_serves_both_installers(dev, monkeypatch, given, gains):
    names = ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX")
    for name in names:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv(given, "https://packages.example/simple")
    dev.share_index()
    assert dev.os.environ[gains] == "https://packages.example/simple"


def test_missing_venv_module_names_exactly_the_remedy(
    dev, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(dev, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(dev, "VENV", tmp_path / "venv")
    monkeypatch.setattr(dev.shutil, "which", lambda name: None)
    monkeypatch.setattr(dev.importlib.util, "find_spec", lambda name: None)
    assert dev.main(["setup"]) == 2
    assert capsys.readouterr().err == "sudo apt-get install python3-venv\n"


def test_what_was_left_out_is_loud_and_fails_a_build_server(dev, monkeypatch, capsys):
    monkeypatch.setenv("CI", "")
    steps = dev.Steps()
    steps.skip("PostgreSQL", "Install it")
    assert steps.finish() == 0
    assert "SKIPPED, NOT TESTED: PostgreSQL. Install it" in capsys.readouterr().out
    monkeypatch.setenv("CI", "1")
    steps = dev.Steps()
    steps.skip("PostgreSQL", "Install it")
    assert steps.finish() == 1


def test_every_folder_of_tests_is_in_a_part_and_stored_ones_on_both_databases(dev):
    parts = dev.parts_of(["pytest"], "postgresql://", [], long=True)
    named = {(word, part.database) for part in parts for word in part.command[1:]}
    assert all((dev.ROOT / folder).is_dir() for folder, _ in named)
    folders = {f"tests/{p.parent.name}" for p in dev.ROOT.glob("tests/*/conftest.py")}
    folders |= {"tests/unit", "tests/integration"}
    assert {folder for folder, base in named if not base} == folders
    assert {folder for folder, base in named if base} == folders - {"tests/unit"}
    short = dev.parts_of(["pytest"], "postgresql://", [], long=False)
    assert {w for p in short for w in p.command[1:]} == folders - {"tests/long"}
    assert len({part.cache for part in parts}) == len(parts)


def test_without_postgresql_the_rest_runs(dev):
    parts = dev.parts_of(["pytest"], None, [], long=False)
    assert {part.database for part in parts} == {""}
    assert len(parts) == len({part.name for part in parts}) == 3


def test_a_part_is_shown_whole_and_names_what_failed(
    dev, capfdbinary, tmp_path, monkeypatch
):
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    good = [sys.executable, "-c", "print('one')"]
    remember = (
        "import pathlib, sys; p = pathlib.Path(sys.argv[2].partition('=')[2]);"
        "q = p / 'v/cache'; q.mkdir(parents=True);"
        "(q / 'lastfailed').write_text('{\"test_b\": true, \"test_a\": true}');"
        "print('two'); exit(3)"
    )
    parts = [
        dev.Part("good", good, ""),
        dev.Part("bad", [sys.executable, "-c", remember], ""),
    ]
    steps = dev.Steps()
    steps.side_by_side(parts)
    out = capfdbinary.readouterr().out
    assert out.index(b"== good") < out.index(b"one") < out.index(b"two")
    assert steps.failed == ["bad", "bad: test_a", "bad: test_b"]


def test_benchmark_that_does_not_exist_is_refused(dev):
    with pytest.raises(dev.SetupError, match="name a benchmark"):
        dev.verb_bench(["../dev"])


def test_script_needs_only_the_standard_library():
    script = "import sys, runpy; runpy.run_path(sys.argv[1], run_name='looked_at')"
    command = [sys.executable, "-I", "-S", "-B", "-c", script, str(DEV)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
