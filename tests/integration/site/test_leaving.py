"""How the command's process ends: with its code, and not through an engine's thread."""

from __future__ import annotations

import subprocess
import sys

import pytest


PROGRAM = """
import atexit, sys, threading, time
from staithe.site import cli

class Torn:
    def __del__(self):
        print("the interpreter was taken down")

atexit.register(print, "tidied")
torn = Torn()

def late():
    time.sleep(0.2)
    print("finished")

def main():
    threading.Thread(target=late).start()
    print("answered")
    {ending}

cli.main = main
cli.run()
"""


@pytest.mark.parametrize(
    ("ending", "code"),
    [("pass", 0), ("sys.exit(2)", 2), ("sys.exit()", 0), ("sys.exit('no')", 1)],
)
def test_a_command_ends_whole_and_nothing_is_taken_down_under_the_engines(ending, code):
    """Threads of ours finish, what is to be tidied is, output arrives, the code holds."""
    program = PROGRAM.replace("{ending}", ending)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert done.stdout.split("\n") == ["answered", "finished", "tidied", ""]


def test_a_bug_still_shows_its_trace():
    program = PROGRAM.replace("{ending}", "raise ZeroDivisionError")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


def test_nobody_reading_is_no_fault(tmp_path):
    """`staithe ... | head`: the reader is gone before the command has said all."""
    names = ",".join(f"column_{n}" for n in range(600))
    (tmp_path / "wide.csv").write_text(f"{names}\n{','.join('1' * 600)}\n")
    done = subprocess.run(
        f'"{sys.executable}" -m staithe profile wide.csv --json | head -c 1',
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "{"
    assert done.stderr == ""
