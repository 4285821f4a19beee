"""What an agreement says about outputs: numbers a holder can set and defend.

Rules differ between bodies (ten at ONS, seven at NHS England, zero counted or not),
so they are values carried by each agreement and combined by taking the strictest.
Defaults follow acro's (AI-SDC/ACRO, acro/default.yaml) except where zeros are open.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from staithe.base.errors import BadInput


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


Method = Literal["suppress", "round", "both"]
ClassRule = Literal["off", "review", "suppress"]

METHODS: tuple[Method, ...] = ("suppress", "round", "both")
CLASS_RULES: tuple[ClassRule, ...] = ("off", "review", "suppress")  # weakest first


@dataclass(frozen=True)
class OutputPolicy:
    """One holder's rules for a released table.

    `threshold`: fewest people behind a number. `nk_n`, `nk_k`: the n largest
    contributions may not reach the share k of a sum. `p_ratio`: what the third and
    later contributions must add up to, as a share of the largest. `zero_is_disclosive`:
    whether an empty cell is itself hidden. `class_disclosure`: what to do when all
    of a group share one answer. `method`: hide, round or both; `rounding_base` is for
    counts. `protection_share`: how wide an attacker's interval for a hidden sum must
    be, as a share of its value (hidden counts: at least `threshold` wide).
    `single_respondents`: treat a lone contributor to a sum as an attacker too.
    """

    threshold: int = 10
    nk_n: int = 2
    nk_k: float = 0.90
    p_ratio: float = 0.10
    zero_is_disclosive: bool = False
    class_disclosure: ClassRule = "review"
    method: Method = "suppress"
    rounding_base: int | None = None
    protection_share: float = 0.20
    single_respondents: bool = True

    def __post_init__(self) -> None:
        """Refuse a policy that could not be applied."""
        check_policy(self)

    @property
    def largest(self) -> int:
        """How many of the largest contributions the rules need to see."""
        return max(self.nk_n, 2)

    def to_dict(self) -> dict[str, Any]:
        """Write as plain values, for JSON, YAML and the agreement's terms."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> OutputPolicy:
        """Read plain values; an unknown name or a wrong kind of value is BadInput."""
        known = {field.name: field.type for field in fields(cls)}
        for name, value in values.items():
            if name not in known:
                raise BadInput(
                    f"The policy has no rule called {name!r}. "
                    f"Use some of: {', '.join(known)}.",
                    field=name,
                )
            _check_kind(name, value, str(known[name]))
        given = dict(values)
        if given.get("rounding_base") is not None:
            given.setdefault("method", "round")
        return cls(**given)


def _check_kind(name: str, value: Any, kind: str) -> None:
    fits = {
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
        "bool": isinstance(value, bool),
        "int | None": value is None
        or (isinstance(value, int) and not isinstance(value, bool)),
    }
    if not fits.get(kind, isinstance(value, str)):
        raise BadInput(f"{name} cannot be {value!r}.", field=name)


def check_policy(policy: OutputPolicy) -> None:
    """Raise BadInput, naming the rule, where a value makes no sense."""
    bounds: dict[str, tuple[float, float]] = {
        "threshold": (1, 10_000),
        "nk_n": (1, 10),
        "nk_k": (0.01, 1.0),
        "p_ratio": (0.0, 1.0),
        "protection_share": (0.01, 1.0),
    }
    for name, (low, high) in bounds.items():
        if not low <= getattr(policy, name) <= high:
            raise BadInput(f"{name} must be between {low} and {high}.", field=name)
    if policy.method not in METHODS:
        raise BadInput(f"method must be one of {', '.join(METHODS)}.", field="method")
    if policy.class_disclosure not in CLASS_RULES:
        raise BadInput(
            f"class_disclosure must be one of {', '.join(CLASS_RULES)}.",
            field="class_disclosure",
        )
    _check_rounding(policy)


def _check_rounding(policy: OutputPolicy) -> None:
    base = policy.rounding_base
    if (base is None) != (policy.method == "suppress"):
        raise BadInput(
            "Give rounding_base with the methods round and both, and leave it out "
            "with the method suppress.",
            field="rounding_base",
        )
    if base is not None and not 3 <= base <= 1000:  # noqa: PLR2004  base 2 hides nothing
        raise BadInput("rounding_base must be 3 to 1000.", field="rounding_base")


def strictest(policies: Sequence[OutputPolicy]) -> OutputPolicy:
    """Combine several holders' policies into one that satisfies each of them.

    A rounding base becomes the least common multiple, so that a value rounded for
    one holder is rounded for all; if any holder asks to hide and another to round,
    both are done. (n, k) takes the largest n and the smallest k, which implies each.
    """
    if not policies:
        raise BadInput("There is no output policy to combine.")
    bases = [each.rounding_base for each in policies if each.rounding_base]
    return OutputPolicy(
        threshold=max(each.threshold for each in policies),
        nk_n=max(each.nk_n for each in policies),
        nk_k=min(each.nk_k for each in policies),
        p_ratio=max(each.p_ratio for each in policies),
        zero_is_disclosive=any(each.zero_is_disclosive for each in policies),
        class_disclosure=max(
            (each.class_disclosure for each in policies), key=CLASS_RULES.index
        ),
        method=_strictest_method([each.method for each in policies]),
        rounding_base=math.lcm(*bases) if bases else None,
        protection_share=max(each.protection_share for each in policies),
        single_respondents=any(each.single_respondents for each in policies),
    )


def _strictest_method(methods: Sequence[Method]) -> Method:
    return methods[0] if len(set(methods)) == 1 else "both"
