"""What names mean inside a query: columns, where they come from, what is a person."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from staithe.base.errors import BadInput


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


Node = dict[str, Any]

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
PLAIN_AGGREGATES = {"sum", "avg", "mean", "min", "max", "median"}


def fold(name: str) -> str:
    """Fold case as the engine does for names: ASCII letters only."""
    return name.translate(_LOWER)


@dataclass(frozen=True)
class Column:
    """A column by folded name; is it the person, or a recorded number, by lineage.

    `plain`: a table's own column, or its total for a person, and nothing added: a
    computed value could carry one person's figure under a constant that everybody
    has, and so pass the dominance rules.
    """

    name: str
    unit: bool = False
    plain: bool = False


@dataclass(frozen=True)
class Source:
    """Something rows come from; `aligned` where its rows depend on people's data."""

    name: str
    columns: tuple[Column, ...]
    aligned: bool
    starred: bool = False  # written with *, so positions are not certain

    @property
    def unit_names(self) -> set[str]:
        """The names under which this source gives the person."""
        return {column.name for column in self.columns if column.unit}


@dataclass
class Context:
    """What names mean at a point of the query."""

    tables: Mapping[str, tuple[str, ...]]
    unit: str
    read: set[str] = field(default_factory=set)
    constants: set[str] = field(default_factory=set)
    ctes: dict[str, Source] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)

    def inner(self) -> Context:
        """Return a context whose further names stay inside one sub-query."""
        return replace(self, ctes=dict(self.ctes))


@dataclass(frozen=True)
class Scope:
    """The sources of one SELECT and the names its select list gives."""

    sources: tuple[Source, ...] = ()
    aliases: tuple[Column, ...] = ()

    @property
    def aligned(self) -> bool:
        """Whether a row here is made from people's records."""
        return any(source.aligned for source in self.sources)

    def find(self, names: Sequence[str]) -> list[Column]:
        """Return the columns a reference may mean; BadInput where there is none."""
        folded = [fold(name) for name in names]
        found: list[Column] = []
        if len(folded) <= len(("table", "column")):
            found = [
                column
                for source in self.sources
                if len(folded) == 1 or source.name == folded[0]
                for column in source.columns
                if column.name == folded[-1]
            ]
        if len(folded) == 1:
            found += [alias for alias in self.aliases if alias.name == folded[0]]
        if not found:
            raise BadInput(f"There is no column {'.'.join(names)} to read here.")
        return found

    def is_plain(self, node: Any) -> bool:
        """Whether an expression is a recorded value or a person's total of one."""
        if not isinstance(node, dict):
            return False
        if node.get("class") == "COLUMN_REF":
            return all(column.plain for column in self.find(node["column_names"]))
        if node.get("class") == "FUNCTION":
            arguments = node.get("arguments") or []
            return fold(str(node.get("function_name"))) in PLAIN_AGGREGATES and (
                len(arguments) == 1 and self.is_plain(arguments[0]["expression"])
            )
        return False

    def is_unit(self, node: Any) -> bool:
        """Whether an expression is surely the person and nothing else."""
        if not isinstance(node, dict) or node.get("class") != "COLUMN_REF":
            return False
        return all(column.unit for column in self.find(node["column_names"]))
