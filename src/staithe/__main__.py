"""Run the command line: `python -m staithe`."""

from __future__ import annotations

from staithe.site.cli import main


if __name__ == "__main__":
    main()
