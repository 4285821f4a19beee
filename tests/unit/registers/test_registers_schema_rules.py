"""What metadata may never do to a schema, for any text that a file may hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.registers import item
from staithe.registers.loading import Empty, load_lines
from staithe.registers.rsf import BadLine


def an_entry(scope: str, key: str, values: dict) -> list[bytes]:
    data = item.to_canonical(values).encode()
    digest = item.hash_to_text(item.hash_of(data))
    line = f"append-entry\t{scope}\t{key}\t2026-02-01T09:00:00Z\t{digest}"
    return [b"add-item\t" + data, line.encode()]


DEFINED = [
    *an_entry("system", "field:frog", {"field": "frog", "datatype": "string"}),
    *an_entry("system", "field:n", {"field": "n", "datatype": "integer"}),
    *an_entry("system", "register:frog", {"fields": ["frog", "n"], "register": "frog"}),
]
NAMES = st.one_of(
    st.from_regex(r"[a-z]{1,8}", fullmatch=True),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    st.lists(st.sampled_from(["frog", "x"]), max_size=2),
)


@given(st.lists(NAMES, max_size=3), st.booleans())
def test_whatever_a_log_says_of_its_name_its_schema_holds(names, is_stated):
    """Either the line is refused or a wrong item still is."""
    stated = an_entry("system", "name", {"name": "frog"}) if is_stated else []
    renamed = [line for n in names for line in an_entry("system", "name", {"name": n})]
    wrong = an_entry("user", "A", {"frog": "A", "n": "notanint", "zz": "anything"})
    with pytest.raises(BadLine):
        load_lines(Empty("frog"), [*stated, *DEFINED, *renamed, *wrong])


def test_a_register_that_comes_under_another_name_keeps_its_own():
    named = an_entry("system", "name", {"name": "frog"})
    good = an_entry("user", "A", {"frog": "A", "n": "7"})
    loading = load_lines(Empty("elsewhere"), [*named, *DEFINED, *good])
    assert loading.schema.register == "frog"
    with pytest.raises(BadLine, match="never changes"):
        load_lines(
            Empty("frog"), [*DEFINED, *an_entry("system", "name", {"name": "x"})]
        )
