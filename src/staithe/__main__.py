"""Run the command line: `python -m staithe`."""

from __future__ import annotations

from staithe.site.cli import run


if __name__ == "__main__":
    run()
