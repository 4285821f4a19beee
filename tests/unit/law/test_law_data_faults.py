"""Data files with faults do not load: one message for each fault, all at once."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staithe.base.plain_yaml import read_yaml
from staithe.law.loader import BadLibrary, read_library
from staithe.law.reading import shipped_texts


SHIPPED = shipped_texts()
GATEWAY = "gateways/dea-48-debt.yaml"
LIST = "lists/dea-sch-4.yaml"


def faults_of(changes):
    try:
        read_library({**SHIPPED, **changes})
    except BadLibrary as error:
        return list(error.faults)
    return []


def edited(path, edit):
    """Return the text of a file after an edit of what it says."""
    value = read_yaml(SHIPPED[path], name=path)
    edit(value)
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False)


def row(value, row_id):
    rows = value["rows"] if isinstance(value, dict) else value
    return next(each for each in rows if row_id in {each.get("id"), each.get("short")})


def put(key, new):
    return lambda value: value.__setitem__(key, new)


def put_in(row_id, key, new):
    return lambda value: row(value, row_id).__setitem__(key, new)


def more(key, new):
    return lambda value: value.setdefault(key, []).append(new)


def more_in(row_id, key, new):
    return lambda value: row(value, row_id).setdefault(key, []).append(new)


def drop(key):
    return lambda value: value.pop(key)


ENTRY = {"who": "A newcomer", "paras": "52", "valid_from": "2026-10-01"}
OBJECTIVE = {
    "purpose": "psd-fuel-poverty",
    "citation": "DEA 2017 s35(7)",
    "paras": "6",
    "valid_from": "2026-10-01",
    "status": "verify",
}
FAULTS: list[tuple[str, Any, str]] = [
    # References that lead nowhere.
    (GATEWAY, more("conditions", "be-nice"), "no 'be-nice' in the vocabulary"),
    (GATEWAY, more("documents", "a-cake"), "no 'a-cake' in the vocabulary"),
    (GATEWAY, more("purposes", "fun"), "no 'fun' in the vocabulary"),
    (GATEWAY, more("nations", "Narnia"), "no 'Narnia' in the vocabulary"),
    (GATEWAY, more("sources", "NOWHERE"), "'NOWHERE' is not in rows/sources.yaml"),
    (
        GATEWAY,
        lambda v: v["holders"].update(list="dea-sch-9"),
        "there is no list 'dea-sch-9'",
    ),
    (GATEWAY, lambda v: v["holders"]["listed"].append("elf"), "no 'elf'"),
    (
        GATEWAY,
        lambda v: v["needs"][0].update(fact="mood"),
        "there is no fact 'mood'",
    ),
    (
        GATEWAY,
        lambda v: v["needs"][0].update(when={"mood": "good"}),
        "there is no fact 'mood'",
    ),
    (
        GATEWAY,
        lambda v: v["needs"][0].update(when={"recipient.type": "@elves"}),
        "there is no group '@elves'",
    ),
    (LIST, lambda v: v["entries"][0].update(bodies=["narnia"]), "no 'narnia'"),
    (LIST, lambda v: v["entries"][0].update(types=["elf"]), "no 'elf'"),
    (LIST, lambda v: v["entries"][0].update(nations=["Oz"]), "no 'Oz'"),
    (LIST, lambda v: v["objectives"][0].update(purpose="fun"), "no such purpose"),
    (LIST, lambda v: v["objectives"][0].update(ask=["elf"]), "no 'elf'"),
    (LIST, more("sources", "NOWHERE"), "'NOWHERE' is not in rows/sources.yaml"),
    ("rows/bearings.yaml", more_in("agency", "gateways", "dea-99"), "no 'dea-99'"),
    ("rows/bearings.yaml", more_in("agency", "conditions", "nice"), "no 'nice'"),
    ("rows/near.yaml", more_in("psd", "rule_out", "dea-99"), "no 'dea-99'"),
    ("rows/claims.yaml", put_in("ram", "gateway", "dea-99"), "no 'dea-99'"),
    ("rows/restrictions.yaml", more_in("hmrc-onward", "kinds", "gold"), "no 'gold'"),
    ("rows/restrictions.yaml", more_in("hmrc-onward", "documents", "x"), "no 'x'"),
    ("rows/steps.yaml", put_in("nation", "conditions", ["nice"]), "no 'nice'"),
    ("words/bodies.yaml", put_in("dvla", "parent", "narnia"), "no parent 'narnia'"),
    ("words/bodies.yaml", put_in("dbt", "succeeds", ["narnia"]), "no 'narnia'"),
    ("words/bodies.yaml", put_in("dbt", "type", "elf"), "no 'elf'"),
    ("words/parties.yaml", lambda v: v["groups"]["private"].append("elf"), "no 'elf'"),
    ("words/parties.yaml", lambda v: v["families"].append("elves"), "no group 'elves'"),
    # Validity.
    (GATEWAY, put("valid_to", "2001-01-01"), "valid_to: is before valid_from"),
    (
        LIST,
        more("entries", {**ENTRY, "valid_to": "2020-01-01"}),
        "is before valid_from",
    ),
    (
        LIST,
        more("entries", {**ENTRY, "paras": "1", "bodies": ["home-office"]}),
        "twice",
    ),
    (LIST, more("objectives", OBJECTIVE), "'psd-fuel-poverty' is valid twice"),
    (
        "rows/restrictions.yaml",
        lambda v: v["rows"].append(dict(row(v, "wra-use"), valid_from="2024-01-01")),
        "'wra-use' is valid twice",
    ),
    (
        "rows/bearings.yaml",
        lambda v: v["rows"].append(dict(row(v, "agency"), valid_from="2024-01-01")),
        "'agency' is valid twice",
    ),
    (GATEWAY, put("amendments", [{"valid_from": "x"}]), "needs valid_from, and no id"),
    (GATEWAY, put("amendments", {"a": 1}), "amendments: must be a list"),
    # Citations of the wrong form.
    (GATEWAY, put("citation", "section 48"), "'section 48' is not a citation"),
    (GATEWAY, more("cites", "DEA s48"), "'DEA s48' is not a citation"),
    (GATEWAY, more("also_cited", "48"), "'48' is not a citation"),
    (GATEWAY, lambda v: v["needs"][0].update(cites=["s1"]), "'s1' is not a citation"),
    (
        LIST,
        lambda v: v["objectives"][0].update(citation="SI"),
        "'SI' is not a citation",
    ),
    (
        "rows/restrictions.yaml",
        more_in("wra-use", "cites", "x"),
        "'x' is not a citation",
    ),
    ("rows/bearings.yaml", more_in("agency", "cites", "x"), "'x' is not a citation"),
    ("rows/claims.yaml", more_in("ram", "cites", "x"), "'x' is not a citation"),
    (
        "rows/bases.yaml",
        lambda v: row(v, "art-6-1-f")["rows"][0]["cites"].append("x"),
        "'x' is not a citation",
    ),
    (
        "words/conditions.yaml",
        more_in("minimised", "cites", "x"),
        "'x' is not a citation",
    ),
    ("words/documents.yaml", more_in("isa", "cites", "x"), "'x' is not a citation"),
    # Missing sources.
    (GATEWAY, put("sources", []), "with status found, it must name its source"),
    (LIST, put("sources", []), "a list must name its source"),
    (
        "rows/restrictions.yaml",
        put_in("hmrc-secrecy", "sources", []),
        "name its source",
    ),
    ("rows/bearings.yaml", put_in("agency", "sources", []), "name its source"),
    ("rows/bases.yaml", put_in("art-6-1-f", "sources", []), "name its source"),
    ("words/conditions.yaml", put_in("no-onward", "sources", []), "name its source"),
    ("words/documents.yaml", put_in("isa", "sources", []), "name its source"),
    # Schema.
    (GATEWAY, put("colour", "red"), "colour: Unexpected keyword argument"),
    (GATEWAY, drop("title"), "title: Field required"),
    (GATEWAY, put("status", "sure"), "status: Input should be 'found' or 'verify'"),
    (GATEWAY, put("checked_on", "soon"), "checked_on: Input should be a valid date"),
    (GATEWAY, put("reviewer", " "), "reviewer: must not be empty"),
    (GATEWAY, put("purposes", []), "purposes: must not be empty"),
    (GATEWAY, put("id", "dea-48"), "must be the name of the file"),
    (LIST, lambda v: v["entries"][0].update(paras="x"), "not a list of paragraphs"),
    (LIST, lambda v: v["entries"][0].pop("who"), "who: Field required"),
    ("rows/near.yaml", put_in("psd", "when", {"any": []}), "any needs a list of tests"),
    ("rows/near.yaml", put_in("psd", "when", ["x"]), "a test must be a mapping"),
    ("rows/near.yaml", lambda v: v.append(dict(v[0])), "is written twice"),
    ("words/purposes.yaml", lambda v: v.append(dict(v[0])), "is written twice"),
    ("words/conditions.yaml", put_in("minimised", "when", {"x": 1}), "no fact 'x'"),
    ("rows/bearings.yaml", lambda v: v.update(colour="red"), "not colour"),
    ("rows/claims.yaml", put_in("ram", "id", ""), "id: must not be empty"),
    ("library.yaml", drop("begins"), "needs begins and checked_on"),
]


@pytest.mark.parametrize(("path", "edit", "says"), FAULTS, ids=range(len(FAULTS)))
def test_each_fault_has_one_message_that_names_its_file(path, edit, says):
    found = faults_of({path: edited(path, edit)})
    assert len(found) == 1, found
    assert found[0].startswith(f"{path}: ")
    assert says in found[0]
    assert "\n" not in found[0]


def test_all_faults_are_named_at_once():
    chosen: dict[str, tuple[Any, str]] = {}
    for path, edit, says in FAULTS:
        chosen.setdefault(path, (edit, says))
    found = faults_of({path: edited(path, edit) for path, (edit, _) in chosen.items()})
    assert len(found) == len(chosen), found
    for path, (_, says) in chosen.items():
        assert any(f.startswith(f"{path}: ") and says in f for f in found), path


@pytest.mark.parametrize(
    "text", ["a: [", "a: 1\na: 2", "- !!python/object:os.system x", "\t"]
)
def test_what_is_not_such_yaml_is_one_fault(text):
    (found,) = faults_of({GATEWAY: text})
    assert found.startswith(f"{GATEWAY}: not YAML: ")


# One file of each kind, and every file that is alone of its kind.
EACH = [
    GATEWAY,
    LIST,
    *(p for p in sorted(SHIPPED) if not p.startswith(("gateways/", "lists/"))),
]


@pytest.mark.parametrize("path", EACH)
@pytest.mark.parametrize("value", ["[]", "text", "{}", "[7]", ""])
def test_a_file_of_any_other_shape_is_refused_and_never_fails(path, value):
    found = faults_of({path: value})
    assert all("\n" not in each for each in found)
    # Rows that nothing refers to may be none; any other file must hold something.
    if value != "[]" or path in {GATEWAY, LIST, "library.yaml"}:
        assert any(each.startswith(path) for each in found), found


@pytest.mark.parametrize("path", [p for p in EACH if p not in {GATEWAY, LIST}])
def test_a_missing_file_is_named(path):
    texts = {key: text for key, text in SHIPPED.items() if key != path}
    with pytest.raises(BadLibrary) as refused:
        read_library(texts)
    assert f"{path}: the file is missing" in refused.value.faults


plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_value_anywhere_loads_or_is_refused_with_messages(data):
    path = data.draw(st.sampled_from(sorted(SHIPPED)))
    value = read_yaml(SHIPPED[path], name=path)
    place = value
    for _ in range(data.draw(st.integers(0, 4))):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        inner = [k for k in keys if isinstance(place[k], dict | list) and place[k]]
        if not inner:
            break
        place = place[data.draw(st.sampled_from(inner))]
    keys = list(place) if isinstance(place, dict) else list(range(len(place)))
    if keys:
        place[data.draw(st.sampled_from(keys))] = data.draw(plain)
    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False)
    assert all(isinstance(each, str) for each in faults_of({path: text}))
