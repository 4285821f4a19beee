"""The story as a terminal shows it: an address is never broken."""

from __future__ import annotations

import io

from rich.console import Console

from staithe.demo.telling import Telling


def test_an_address_stays_on_one_line():
    out = io.StringIO()
    console = Console(file=out, width=40, highlight=False)
    telling = Telling("http://127.0.0.1:8000", console=console)
    path = "/catalogue/people-with-a-long-term-condition-by-benefit-and-region"
    with telling.step("Release") as step:
        step.path = path
        step.did = "It can be read at /somewhere-" + "far/" * 20
    lines = [line.strip() for line in out.getvalue().splitlines()]
    assert f"http://127.0.0.1:8000{path}" in lines
    assert step.did in lines
