"""The published answers that every part of the room is held to."""

from __future__ import annotations

import re

import pytest


SMALL = """\
assert-root-hash\tsha-256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
add-item\t{"address":"12345","street":"ellis"}
add-item\t{"address":"6789","street":"presley"}
add-item\t{"address":"12345","street":"foo"}
add-item\t{"address":"145678","street":"ellis"}
append-entry\tuser\t12345\t2017-06-01T10:13:27Z\tsha-256:19205fafe65406b9b27fce1b689abc776df4ddcf150c28b29b73b4ea054af6b9
append-entry\tuser\t6789\t2017-06-01T10:13:27Z\tsha-256:bd239db51960376826b937a615f0f3397485f00611d35bb7e951e357bf73b934
append-entry\tuser\t12345\t2017-06-01T10:13:27Z\tsha-256:cc8a7c42275c84b94c6e282ae88b3dbcc06319156fc4539a2f39af053bf30592
append-entry\tuser\t145678\t2017-06-01T10:13:27Z\tsha-256:8ac926428ee49fb83c02bdd2556e62e84cfd9e636cd35eb1306ac8cb661e4983
append-entry\tuser\t12345\t2017-06-01T10:13:27Z\tsha-256:19205fafe65406b9b27fce1b689abc776df4ddcf150c28b29b73b4ea054af6b9
assert-root-hash\tsha-256:a0aa6dace50e47c68fd4a79e3d94ba525f827e0a44bb64ed2e5f75cfe051b71c
"""


@pytest.fixture(scope="session")
def small() -> list[bytes]:
    """Return the lines of the small register whose roots are published."""
    return SMALL.encode().splitlines()


@pytest.fixture(scope="session")
def stated_roots(shared_data) -> dict[str, bytes]:
    """Return the closing roots that SOURCES.md states, by register."""
    text = (shared_data / "registers/SOURCES.md").read_text("utf-8")
    found = re.findall(r"\| `([a-z0-9-]+)\.rsf` \|.*\| `([0-9a-f]{64})` \|", text)
    return {name: bytes.fromhex(root) for name, root in found}


@pytest.fixture(scope="session")
def rsf_files(shared_data) -> dict[str, bytes]:
    """Return the published registers, by name."""
    paths = sorted((shared_data / "registers").glob("*.rsf"))
    return {path.stem: path.read_bytes() for path in paths}
