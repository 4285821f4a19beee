"""A world of a million people is made in minutes on two cores and little memory."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


MAKE_A_MILLION = """
import json, pathlib, resource, sys, time
from staithe.demo.extracts import write_extracts
from staithe.demo.population import generate_world
from staithe.demo.truth import draw_truth, score_links
import pyarrow as pa
start = time.monotonic()
world = generate_world(people=1_000_000, seed=1)
rows = [e.rows for e in write_extracts(world, pathlib.Path(sys.argv[1]))]
truth = draw_truth(world)
seconds = time.monotonic() - start
ids = {s: truth.filter(pa.compute.equal(truth["source"], s)) for s in ("dws", "nhb")}
pairs = ids["dws"].join(ids["nhb"], "person_id", right_suffix="_r", join_type="inner")
links = pa.table({"left_id": pairs["row_id"], "right_id": pairs["row_id_r"]})
score = score_links(links, truth, "dws", "nhb")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "peak_kb": peak, "rows": rows, "f1": score.f1}))
"""


@pytest.mark.long
def test_a_million_people_take_under_90_seconds_and_4_gigabytes(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", MAKE_A_MILLION, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    made = json.loads(done.stdout)
    assert made["seconds"] < 90
    assert made["peak_kb"] < 4_000_000
    assert min(made["rows"]) > 600_000
    assert made["f1"] == 1.0
