"""The test language of the data files: small, declarative, three-valued.

A test is a mapping that must hold in every entry. An entry is a fact with the values
it may have, or `any`, `all`, `not`, or `ask` (always unknown: only an answer settles
it). Values are words, `@group`, `stem*`, true or false, and three that speak of the
fact itself: `given` (something is stated), `stated` (stated as true), `refused`
(stated as false).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import PlainValidator, ValidationInfo

from staithe.law.possible import same_for_all
from staithe.law.truth import Truth, both, either, opposite


if TYPE_CHECKING:
    from staithe.law.case import Case
    from staithe.law.words import Fact, Words

Check = Callable[["Case"], Truth]


@dataclass(frozen=True, slots=True)
class Predicate:
    """A compiled test: what was written, what it does, which facts it reads."""

    written: Any
    check: Check
    paths: frozenset[str]

    def __call__(self, case: Case) -> Truth:
        """Test a case: yes, no or not known."""
        return self.check(case)


def compile_predicate(written: Any, words: Words) -> Predicate:
    """Compile a test; ValueError names every fault in it."""
    faults: list[str] = []
    paths: set[str] = set()
    check = _node(written, words, paths, faults)
    if faults:
        raise ValueError("; ".join(faults))
    return Predicate(written, check, frozenset(paths))


def _from_context(value: Any, info: ValidationInfo) -> Predicate:
    words = (info.context or {})["words"]
    return compile_predicate(value, words)


if TYPE_CHECKING:
    Test = Predicate
else:  # the schema needs the validator only, and must not look inside
    Test = Annotated[Any, PlainValidator(_from_context)]


def _node(node: Any, words: Words, paths: set[str], faults: list[str]) -> Check:
    if not isinstance(node, Mapping):
        faults.append(f"a test must be a mapping, not {node!r}")
        return _unknown
    checks = [_entry(key, value, words, paths, faults) for key, value in node.items()]
    return checks[0] if len(checks) == 1 else _all(checks)


def _entry(
    key: Any, value: Any, words: Words, paths: set[str], faults: list[str]
) -> Check:
    if key in {"any", "all"}:
        if not isinstance(value, list) or not value:
            faults.append(f"{key} needs a list of tests")
            return _unknown
        parts = [_node(each, words, paths, faults) for each in value]
        return _any(parts) if key == "any" else _all(parts)
    if key == "not":
        inner = _node(value, words, paths, faults)
        return lambda case: opposite(inner(case))
    if key == "ask":
        return _unknown
    fact = words.facts.get(key) if isinstance(key, str) else None
    if fact is None:
        faults.append(f"there is no fact {key!r}")
        return _unknown
    paths.add(fact.path)
    return _fact(fact, value, words, faults)


def _unknown(_case: Case) -> Truth:
    return None


def _all(checks: list[Check]) -> Check:
    return lambda case: both(check(case) for check in checks)


def _any(checks: list[Check]) -> Check:
    return lambda case: either(check(case) for check in checks)


def _fact(fact: Fact, value: Any, words: Words, faults: list[str]) -> Check:
    path = fact.path
    if value == "given":
        return lambda case: case.is_given(path)
    if value == "stated":
        return lambda case: case.values.get(path) is True
    if value == "refused":
        return lambda case: case.stated.get(path) is False
    if isinstance(value, bool):
        if fact.kind not in {"flag", "given"}:
            faults.append(f"{path} is not a yes or no fact")
        return lambda case: _same(case.values.get(path), wanted=value)
    exact, stems = _wanted(fact, value, words, faults)
    if fact.kind == "body":
        return _body(path, exact)
    return lambda case: same_for_all(
        case.values.get(path), lambda value: _among(value, exact, stems)
    )


def _same(value: Any, *, wanted: bool) -> Truth:
    return None if value is None else bool(value) is wanted


def _among(value: Any, exact: frozenset[str], stems: tuple[str, ...]) -> Truth:
    if value is None:
        return None
    if isinstance(value, frozenset):
        return any(v in exact or (stems and v.startswith(stems)) for v in value)
    return value in exact or bool(stems and str(value).startswith(stems))


def _body(path: str, wanted: frozenset[str]) -> Check:
    side = path.partition(".")[0]

    def check(case: Case) -> Truth:
        if case.values[path] & wanted:
            return True
        return None if case.could_be(side, wanted) else False

    return check


def _wanted(
    fact: Fact, value: Any, words: Words, faults: list[str]
) -> tuple[frozenset[str], tuple[str, ...]]:
    exact: set[str] = set()
    grouped: set[str] = set()
    stems: list[str] = []
    for each in value if isinstance(value, list) else [value]:
        if not isinstance(each, str):
            faults.append(f"{fact.path}: {each!r} is not a word")
        elif each.startswith("@"):
            if each[1:] not in words.groups:
                faults.append(f"{fact.path}: there is no group {each!r}")
            grouped |= words.groups.get(each[1:], frozenset())
        elif each.endswith("*"):
            stems.append(each[:-1])
        else:
            exact.add(each)
    faults += [
        f"{fact.path}: there is no {strange!r} in the vocabulary"
        for strange in sorted(exact - _known(fact, words, exact))
    ]
    return frozenset(exact | grouped), tuple(stems)


def _known(fact: Fact, words: Words, exact: set[str]) -> set[str]:
    if fact.kind == "body":
        return set(words.bodies)
    if fact.path == "kinds":
        return set(words.classes)
    if fact.values == "parties":
        return set(words.parties)
    if fact.values == "purposes":
        return {each for each in exact if words.purpose(each)}
    if fact.values == "gateways":
        return set(words.gateways)
    return set(fact.values) if fact.values else exact
