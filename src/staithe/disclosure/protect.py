"""From a table to what may be released, with the attacker's audit attached.

Nothing else makes a releasable table: a `ProtectedTable` exists only if an audit that
knows nothing of how it was made could not pin down any value that it hides.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from staithe.base.errors import AnswerIsNo
from staithe.disclosure import release
from staithe.disclosure.attacker import AuditResult, PublishedTable, audit, check_audit
from staithe.disclosure.cells import Key, Measure, Shape, Table, describe_key
from staithe.disclosure.checks import REASONS, Findings, check_cells
from staithe.disclosure.hiding import hide_from_all, needed_protection
from staithe.disclosure.rounding import round_table


if TYPE_CHECKING:
    from collections.abc import Mapping

    from staithe.disclosure.policy import OutputPolicy


Status = Literal["published", "primary", "secondary", "rounded"]


@dataclass(frozen=True)
class ProtectedCell:
    """One cell as it may leave: a value, or the reason why there is none."""

    key: Key
    status: Status
    value: float | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProtectedTable:
    """A table that may be shown, what was done to it, and the audit that passed."""

    shape: Shape
    measure: Measure
    policy: OutputPolicy
    cells: tuple[ProtectedCell, ...]
    audit: AuditResult
    review: tuple[str, ...]

    @property
    def suppressed(self) -> int:
        """How many cells have no value."""
        return sum(cell.value is None for cell in self.cells)

    @property
    def explanation(self) -> list[str]:
        """Say in plain English what was done and why; safe to show to anybody."""
        return [*_explain(self), self.audit.statement]

    def to_rows(self) -> list[dict[str, Any]]:
        """Return the released form, a dict for each cell: see `release.to_rows`."""
        return release.to_rows(self)

    def to_csv(self) -> str:
        """Return the released form as CSV: see `release.to_csv`."""
        return release.to_csv(self)

    def to_dict(self) -> dict[str, Any]:
        """Return everything a reviewer needs: see `release.to_dict`."""
        return release.to_dict(self)

    def grid(self) -> release.Grid:
        """Return the table laid out for a page: see `release.to_grid`."""
        return release.to_grid(self)


def protect_table(
    table: Table, policy: OutputPolicy, *, telling: frozenset[Key] = frozenset()
) -> ProtectedTable:
    """Hide, round or both, as the policy says, and audit the result.

    `telling`: cells that must be hidden because of what else was shown. Rounding is
    for counts: a sum is always protected by hiding. Raises AnswerIsNo where nothing
    useful can be published safely. Repeatable: the same table and policy give the
    same result.
    """
    findings = check_cells(table, policy, telling=telling)
    if policy.method == "round" and table.measure.whole:
        return _protect_by_rounding(table, policy, findings)
    protection = needed_protection(table, policy, findings)
    hidden, result, caveat = hide_from_all(table, protection)
    _check_useful(table, hidden)
    rounded = _rounded(table, policy)
    cells = tuple(
        _protected(cell.key, cell.value, findings, hidden, rounded)
        for cell in table.cells
    )
    review = (*findings.review, *caveat)
    return ProtectedTable(table.shape, table.measure, policy, cells, result, review)


def _protected(
    key: Key,
    value: float,
    findings: Findings,
    hidden: frozenset[Key],
    rounded: Mapping[Key, int],
) -> ProtectedCell:
    if key in findings.primary:
        return ProtectedCell(key, "primary", None, findings.primary[key])
    if key in hidden:
        return ProtectedCell(key, "secondary", None)
    if key in rounded:
        return ProtectedCell(key, "rounded", rounded[key])
    return ProtectedCell(key, "published", value)


def _rounded(table: Table, policy: OutputPolicy) -> dict[Key, int]:
    """Round what is shown; a sum is left exact, since rounding is for counts."""
    if policy.rounding_base is None or not table.measure.whole:
        return {}
    return round_table(table, base=policy.rounding_base)


def _protect_by_rounding(
    table: Table, policy: OutputPolicy, findings: Findings
) -> ProtectedTable:
    base = policy.rounding_base
    assert base is not None  # checked by the policy
    rounded = round_table(table, base=base)
    published = PublishedTable(
        table.shape, table.measure, dict(rounded), margin=base - 1, empty_shown=False
    )
    result = audit(published)
    check_audit(result)
    cells = tuple(
        ProtectedCell(key, "rounded", value, findings.primary.get(key, ()))
        for key, value in rounded.items()
    )
    return ProtectedTable(
        table.shape, table.measure, policy, cells, result, findings.review
    )


def _check_useful(table: Table, hidden: frozenset[Key]) -> None:
    if any(c.contributors > 0 and c.key not in hidden for c in table.cells):
        return
    raise AnswerIsNo(
        "Nothing in this table can be published safely: every number would be hidden. "
        "Use fewer or larger categories."
    )


def _explain(table: ProtectedTable) -> list[str]:
    counts = Counter(cell.status for cell in table.cells)
    lines = []
    if counts["rounded"]:
        lines.append(
            f"{counts['rounded']} counts are rounded to a multiple of "
            f"{table.policy.rounding_base}; totals still add up."
        )
    reasons = Counter(code for cell in table.cells for code in cell.reasons)
    if table.suppressed:
        lines.append(
            f"{table.suppressed} of {len(table.cells)} cells are hidden: "
            f"{counts['primary']} because they could identify somebody, "
            f"{counts['secondary']} so that those cannot be worked out."
        )
        lines += [f"{n} cells: {REASONS[code]}." for code, n in sorted(reasons.items())]
    elif not counts["rounded"]:
        lines.append("No cell is hidden: every number passed the checks.")
    return lines


def describe_hidden(table: ProtectedTable) -> list[str]:
    """List each hidden cell with its reasons, for a reviewer, not for release."""
    return [
        f"{describe_key(cell.key)}: {cell.status}"
        + "".join(f"; {REASONS[code]}" for code in cell.reasons)
        for cell in table.cells
        if cell.value is None
    ]
