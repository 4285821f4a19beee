"""No rule of law in Python: what could be a row is one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import staithe.law
from staithe.law.library import load_library


FILES = sorted(Path(staithe.law.__file__).parent.glob("*.py"))
# Maps kinds of organisation of this program to kinds of party: about the program.
MAPPING = "vocabulary.py"


def texts_of(path):
    """Return the texts in a module's code, without its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    documented = ast.Module | ast.ClassDef | ast.FunctionDef
    words = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in words:
                yield node.value
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "date":
            yield "a date"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_no_module_names_a_gateway_body_condition_document_purpose_or_day(path):
    library = load_library()
    words = library.words
    names = {
        *words.gateways, *words.bodies, *words.conditions, *words.documents,
        *library.lists, *(p for p in words.purposes if "-" in p), *words.nations,
        *(n.lower() for b in words.bodies.values() for n in b.names), "a date",
    }  # fmt: skip
    if path.name != MAPPING:
        names |= {each for each in words.parties if "-" in each}
    found = {text for text in texts_of(path) if text.lower() in names or text in names}
    assert not found
