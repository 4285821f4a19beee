"""What a result must satisfy before anyone sees it, as each agreement states it.

Defaults are those of the acro checker used in UK research settings: at least ten
people in a cell, the two largest never 90 % of a total, p % rule at 10 %.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from staithe.base.errors import BadInput


if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRules:
    """Thresholds of disclosure control; shares (nk_k, p_ratio) are 0 to 1."""

    threshold: int = 10
    nk_n: int = 2
    nk_k: float = 0.9
    p_ratio: float = 0.1
    rounding_base: int = 5

    def __post_init__(self) -> None:
        faults = _faults(self)
        if faults:
            raise BadInput(" ".join(faults), code="output-rules", field="output")

    def to_plain(self) -> dict[str, Any]:
        """Return the rules as JSON values."""
        return asdict(self)


# Below this a cell shows a person and at most one other who knows themselves.
LEAST_THRESHOLD = 3


def rules_from_plain(plain: Mapping[str, Any]) -> OutputRules:
    """Read rules from JSON values, defaults for what is absent; BadInput if bad."""
    known = {field.name: field.type for field in fields(OutputRules)}
    strange = sorted(set(plain) - set(known))
    if strange:
        raise BadInput(
            f"There is no output rule called {', '.join(strange)}.", field="output"
        )
    for name, value in plain.items():
        wanted = int if known[name] == "int" else (int, float)
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise BadInput(f"The output rule {name} must be a number.", field="output")
    return OutputRules(**plain)


def strictest(*rules: OutputRules) -> OutputRules:
    """Return rules at least as strict as each: for results over several agreements."""
    if not rules:
        return DEFAULT_RULES
    return OutputRules(
        threshold=max(each.threshold for each in rules),
        nk_n=max(each.nk_n for each in rules),
        nk_k=min(each.nk_k for each in rules),
        p_ratio=max(each.p_ratio for each in rules),
        rounding_base=max(each.rounding_base for each in rules),
    )


def _faults(rules: OutputRules) -> list[str]:
    tests = (
        (
            rules.threshold >= LEAST_THRESHOLD,
            f"The smallest cell must be at least {LEAST_THRESHOLD}.",
        ),
        (rules.nk_n >= 1, "Dominance must count at least one contributor."),
        (0 < rules.nk_k <= 1, "The dominance share must be above 0 and at most 1."),
        (0 < rules.p_ratio <= 1, "The p ratio must be above 0 and at most 1."),
        (rules.rounding_base >= 1, "The rounding base must be at least 1."),
    )
    return [sentence for holds, sentence in tests if not holds]


DEFAULT_RULES = OutputRules()
