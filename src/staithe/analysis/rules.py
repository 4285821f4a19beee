"""The output policy of a question: the strictest of the agreements it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from staithe.disclosure.policy import OutputPolicy, strictest
from staithe.exchange.queries import ProjectTable
from staithe.sharing.output_rules import OutputRules


def policy_for(tables: Sequence[ProjectTable]) -> OutputPolicy:
    """Return a policy that satisfies the agreement behind every table."""
    return strictest([to_policy(table.output) for table in tables])


def to_policy(rules: OutputRules) -> OutputPolicy:
    """Turn an agreement's output rules into a policy; base 1 means no rounding."""
    plain = rules.to_plain()
    base = plain.pop("rounding_base")
    if base > 1:
        plain |= {"rounding_base": base, "method": "both"}
    return OutputPolicy.from_dict(plain)
