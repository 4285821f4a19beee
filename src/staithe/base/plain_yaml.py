"""Reads YAML that people wrote: the one way in for every YAML file, form and field.

A file makes plain values and nothing else. A key written twice, a date that no
calendar has, nesting that would end the process and aliases that unfold to millions
of values are refused in one sentence with the line.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import yaml

from staithe.base.errors import BadInput, TooLarge


if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 1 << 20
# The C parser composes by recursion and ends the process somewhere above 5,000.
DEEPEST = 64
MOST_VALUES = 200_000  # with every alias written out
LARGEST = 2**63 - 1  # what every database and every reader of JSON knows
SHOWN = 60

# libyaml where it is there: ten times as fast, the same safe language.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
# What a tag that a person wrote is called, where its value is not one.
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "yes or no",
    "timestamp": "a date that exists",
}
# Sets, ordered maps and bytes have no place in JSON or in a form.
_UNKNOWN = {f"{_TAG}{tag}" for tag in ("binary", "omap", "pairs", "set")}


class BadYaml(BadInput):
    """YAML that cannot be read; `place` is the line and what is wrong there."""

    code = "bad-yaml"

    def __init__(self, name: str, place: str) -> None:
        super().__init__(f"{name} cannot be read as YAML: {place}.")
        self.place = place


class _Fault(yaml.YAMLError):
    """A fault of ours, at a mark of the parser."""

    def __init__(self, problem: str, mark: Any) -> None:
        super().__init__(problem)
        self.problem = problem
        self.problem_mark = mark


class _PlainLoader(_Safe):  # type: ignore[misc]  # the base is chosen at start
    """YAML of plain values, in which each fault knows its line."""

    yaml_constructors = {
        tag: make
        for tag, make in _Safe.yaml_constructors.items()
        if tag not in _UNKNOWN
    }

    def construct_object(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002  PyYAML calls it so
        """Make a value; what Python cannot make of a word is a fault at its line."""
        try:
            made = super().construct_object(node, deep=deep)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            kind = _KINDS.get(node.tag.removeprefix(_TAG), "a value that can be read")
            raise _Fault(f"{_shown(node.value)} is not {kind}", node.start_mark) from (
                error
            )
        if isinstance(made, str):
            if "\0" in made or any("\ud800" <= mark <= "\udfff" for mark in made):
                raise _Fault("text holds a character no text can", node.start_mark)
        elif isinstance(made, int) and not -LARGEST <= made <= LARGEST:
            raise _Fault("a number is larger than 64 bits can hold", node.start_mark)
        elif isinstance(made, float) and not math.isfinite(made):
            raise _Fault("a number must be finite", node.start_mark)
        return made


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    seen = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _Fault("a name must be a word", key.start_mark)
        if key.tag == _MERGE:
            continue
        made = loader.construct_object(key)
        if made in seen:
            raise _Fault(f"{_shown(key.value)} is written twice", key.start_mark)
        seen.add(made)
    found: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return found


_PlainLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(data: str | bytes, *, name: str) -> Any:
    """Read YAML as plain values; BadYaml or TooLarge says what is wrong in `name`."""
    if len(data) > MOST_BYTES:
        raise TooLarge(f"{name} is larger than {MOST_BYTES >> 20} MB.")
    text = decode(data, name=name) if isinstance(data, bytes) else data
    try:
        if _check_depth(text):
            _check_unfolded(yaml.compose(text, Loader=_PlainLoader))
        return yaml.load(text, Loader=_PlainLoader)  # noqa: S506  a SafeLoader with fewer tags
    except yaml.YAMLError as error:
        raise BadYaml(name, _place(error)) from error
    except UnicodeEncodeError as error:  # half a character, met by the C parser
        line = text[: error.start].count("\n") + 1
        raise BadYaml(name, f"line {line}: holds half a character") from error


def read_yaml_file(path: Path, *, most_bytes: int = MOST_BYTES) -> Any:
    """Read a YAML file; BadInput where it cannot be opened, else as `read_yaml`."""
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > most_bytes:
        raise TooLarge(f"{path} is larger than {most_bytes:,} bytes.")
    return read_yaml(data, name=path.name)


def decode(data: bytes, *, name: str) -> str:
    """Return the text of a file; BadYaml with the line that is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadYaml(name, f"line {line}: is not UTF-8") from error


def _check_depth(text: str) -> bool:
    """Refuse deep nesting, event by event; say whether there are aliases."""
    depth, aliases = 0, False
    for event in yaml.parse(text, Loader=_PlainLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise _Fault("is nested too deep", event.start_mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        aliases = aliases or isinstance(event, yaml.AliasEvent)
    return aliases


def _check_unfolded(root: Any) -> None:
    """Refuse aliases that lead back to themselves or unfold to too many values."""
    sizes: dict[int, tuple[int, int]] = {}

    def measure(node: Any) -> tuple[int, int]:
        if id(node) in sizes:
            return sizes[id(node)]
        sizes[id(node)] = (MOST_VALUES + 1, 0)  # stands where it is in itself
        inner: list[Any] = [] if isinstance(node, yaml.ScalarNode) else node.value
        if isinstance(node, yaml.MappingNode):
            inner = [each for pair in node.value for each in pair]
        parts = [measure(each) for each in inner]
        values = 1 + sum(part[0] for part in parts)
        depth = 1 + max((part[1] for part in parts), default=0)
        if values > MOST_VALUES or depth > DEEPEST:
            raise _Fault("its aliases (*) unfold without end", node.start_mark)
        sizes[id(node)] = (values, depth)
        return values, depth

    measure(root)


def _place(error: yaml.YAMLError) -> str:
    """Return the line and the problem in the words of the parser, on one line."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    words = re.sub(r"\s+", " ", problem).strip().rstrip(".")[:200]
    return words if mark is None else f"line {mark.line + 1}: {words}"


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else "this"
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")
