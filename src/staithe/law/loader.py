"""Reads route files and refuses a library with any fault, naming them all at once."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import TypeAdapter, ValidationError

from staithe.base.errors import BadInput
from staithe.law.purposes import PURPOSES
from staithe.law.routes import Library, Parties, Route
from staithe.law.vocabulary import CONDITIONS, DOCUMENTS, NATIONS, PARTIES


if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping


_ROUTE = TypeAdapter(Route)
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class BadLibrary(BadInput):
    """The route files cannot be used; `faults` names each fault with its file."""

    code = "bad-route-library"

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class _OneKeyLoader(yaml.SafeLoader):
    """Plain YAML in which a key written twice is a fault, not a silent loss."""


def _one_key_mapping(loader: _OneKeyLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.constructor.ConstructorError(
                None, None, f"{key!r} is written twice", node.start_mark
            )
    return loader.construct_mapping(node, deep=True)


_OneKeyLoader.add_constructor(
    yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _one_key_mapping
)


@cache
def load_shipped() -> Library:
    """Read the files that ship with the program, once."""
    folder = files("staithe.law").joinpath("data", "routes")
    return read_library(
        {
            file.name: file.read_text("utf-8")
            for file in folder.iterdir()
            if file.name.endswith(".yaml")
        }
    )


def read_library(texts: Mapping[str, str]) -> Library:
    """Read route files (name -> YAML text); BadLibrary with every fault if any."""
    routes: list[Route] = []
    faults: list[str] = []
    for name, text in sorted(texts.items()):
        try:
            route = _ROUTE.validate_python(yaml.load(text, Loader=_OneKeyLoader))  # noqa: S506  a SafeLoader with one rule more
        except yaml.YAMLError as error:
            faults.append(f"{name}: not YAML: {' '.join(str(error).split())}")
        except ValidationError as error:
            faults += [f"{name}: {sentence}" for sentence in _sentences(error)]
        else:
            faults += [f"{name}: {sentence}" for sentence in _faults(route, name)]
            routes.append(route)
    if faults:
        raise BadLibrary(faults)
    return Library(tuple(sorted(routes, key=lambda route: (route.title, route.id))))


def _sentences(error: ValidationError) -> Iterator[str]:
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"]) or "the file"
        yield f"{place}: {fault['msg']}"


def _faults(route: Route, name: str) -> Iterator[str]:
    if name != f"{route.id}.yaml" or not _ID.fullmatch(route.id):
        yield f"id: {route.id!r} must be the name of the file"
    for field in ("title", "summary", "citation", "version_seen", "onward"):
        if not getattr(route, field).strip():
            yield f"{field}: must not be empty"
    if route.valid_from and route.valid_to and route.valid_to < route.valid_from:
        yield "valid_to: is before valid_from"
    yield from _strange("purposes", route.purposes, PURPOSES)
    yield from _strange("conditions", route.conditions, CONDITIONS)
    yield from _strange("documents", route.documents, DOCUMENTS, needed=False)
    yield from _strange("nations", route.nations, NATIONS)
    yield from _party_faults("holders", route.holders)
    yield from _party_faults("recipients", route.recipients)


def _party_faults(side: str, parties: Parties) -> Iterator[str]:
    for name in ("listed", "barred"):
        values = getattr(parties, name)
        yield from _strange(f"{side}.{name}", values, PARTIES, needed=False)
    for both in sorted(set(parties.listed) & set(parties.barred)):
        yield f"{side}: {both} is both listed and barred"


def _strange(
    field: str, values: tuple[str, ...], known: Collection[str], *, needed: bool = True
) -> Iterator[str]:
    if needed and not values:
        yield f"{field}: must not be empty"
    for value in sorted(set(values)):
        if value not in known:
            yield f"{field}: there is no {value!r} in the vocabulary"
        if values.count(value) > 1:
            yield f"{field}: {value} is written twice"
