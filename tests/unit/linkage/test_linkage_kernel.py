"""The kernel is compiled once and kept safely; without it linkage still works."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from staithe.linkage.executor import kernel
from staithe.linkage.link import link_tables


LOAD = (
    "import sys; from staithe.linkage.executor.kernel import load_kernel;"
    " sys.exit(0 if load_kernel() else 3)"
)


def load(home, **environment):
    """Load the kernel in a process of its own and return its exit code."""
    return subprocess.run(
        [sys.executable, "-c", LOAD],
        env={**os.environ, "XDG_CACHE_HOME": str(home), **environment},
        check=False,
    ).returncode


def test_a_fresh_machine_compiles_once_and_later_needs_no_compiler(tmp_path):
    assert load(tmp_path, CC="/bin/false", PATH="") == 3
    assert not list((tmp_path / "staithe").glob("*.so"))
    assert load(tmp_path) == 0
    (built,) = (tmp_path / "staithe").glob("*.so")
    made = built.stat().st_mtime_ns
    assert load(tmp_path, CC="/bin/false", PATH="") == 0
    assert built.stat().st_mtime_ns == made


def test_a_compiler_that_fails_leaves_nothing_and_the_next_one_is_tried(tmp_path):
    assert load(tmp_path, CC="/bin/false") == 0
    assert len(list((tmp_path / "staithe").iterdir())) == 1


def test_a_file_that_is_no_library_is_not_used(tmp_path):
    assert load(tmp_path) == 0
    (built,) = (tmp_path / "staithe").glob("*.so")
    built.write_bytes(b"nonsense")
    assert load(tmp_path) == 3


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_nothing_is_loaded_from_a_folder_that_others_may_write_to(tmp_path):
    assert load(tmp_path) == 0
    (tmp_path / "staithe").chmod(0o777)
    assert load(tmp_path) == 3


def test_without_a_kernel_the_answers_are_the_same(shared_data, tmp_path, monkeypatch):
    source = shared_data / "linkage" / "fake_1000.csv"
    results = []
    for name in ("with", "without"):
        if name == "without":
            monkeypatch.setattr(kernel, "load_kernel", lambda: None)
        results.append(
            link_tables(
                source,
                id_column="unique_id",
                truth_column="cluster",
                out=tmp_path / name,
            )
        )
    fast, plain = results
    assert fast.report["executor"] == "compiled"
    assert plain.report["executor"] == "duckdb"
    model = [json.loads((each.folder / "model.json").read_text()) for each in results]
    prior = "probability_two_random_records_match"
    assert model[0].pop(prior) == pytest.approx(model[1].pop(prior))
    assert model[0] == model[1]
    assert fast.clusters.read_bytes() == plain.clusters.read_bytes()
    assert fast.report["truth"]["f1"] == plain.report["truth"]["f1"]
