"""From a table to what may be released, with the attacker's audit attached.

Nothing else makes a releasable table: a `ProtectedTable` exists only if an audit that
knows nothing of how it was made could not pin down any value that it hides.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from staithe.base.errors import AnswerIsNo
from staithe.disclosure.attacker import AuditResult, PublishedTable, audit, check_audit
from staithe.disclosure.cells import (
    Key,
    Measure,
    Shape,
    Table,
    describe_key,
    margins_of,
)
from staithe.disclosure.checks import REASONS, Findings, check_cells
from staithe.disclosure.rounding import round_table
from staithe.disclosure.suppress import Protection, choose_secondary


if TYPE_CHECKING:
    from collections.abc import Mapping

    from staithe.disclosure.policy import OutputPolicy


Status = Literal["published", "primary", "secondary", "rounded"]

MAX_REPAIRS = 20


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


def protect_table(table: Table, policy: OutputPolicy) -> ProtectedTable:
    """Hide, round or both, as the policy says, and audit the result.

    Rounding is for counts: a sum is always protected by hiding. Raises AnswerIsNo
    where nothing useful can be published safely. Repeatable: the same table and
    policy give the same result.
    """
    findings = check_cells(table, policy)
    if policy.method == "round" and table.measure.whole:
        return _protect_by_rounding(table, policy, findings)
    protection = _protection(table, policy, findings)
    hidden, result, caveat = _hide_from_all(table, protection)
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


def _protection(table: Table, policy: OutputPolicy, findings: Findings) -> Protection:
    empty = frozenset(cell.key for cell in table.cells if cell.contributors == 0)
    primary = frozenset(findings.primary)
    counted = table.measure.kind != "sum"
    least = 1.0 if counted and not empty & primary else 0.0
    if any(cell.lowest < 0 or cell.value < 0 for cell in table.cells):
        least = -math.inf
    return Protection(
        primary=primary,
        widths=required_widths(table, policy, primary),
        least=least,
        fixed=empty - primary,
        insiders=lone_respondents(table) if policy.single_respondents else (),
    )


def lone_respondents(table: Table) -> tuple[frozenset[Key], ...]:
    """Return the cells that each lone contributor to a sum knows from their own.

    Not for counts of people: being in a cell does not tell how many others are.
    """
    if table.measure.kind == "count":
        return ()
    alone = {cell.key for cell in table.cells if cell.contributors == 1}
    return tuple(
        frozenset(alone.intersection(margins_of(key)))
        for key in table.shape.keys
        if key in alone and None not in key
    )


def required_widths(
    table: Table, policy: OutputPolicy, primary: frozenset[Key]
) -> dict[Key, float]:
    """Return how wide the attacker's interval must be for each cell if hidden.

    Counts of people: at least the threshold. Records and sums: the protection share
    of the value, or of the average contribution where that is more. A secondary cell
    is not sensitive itself: it needs the least width of any primary one.
    """
    if table.measure.kind == "count":
        return dict.fromkeys(table.shape.keys, float(policy.threshold))
    total = table.grand_total
    average = abs(total.value) / max(1, total.contributors)
    step = 2.0 * 10.0**-table.measure.decimals
    widths = {
        cell.key: max(step, policy.protection_share * max(abs(cell.value), average))
        for cell in table.cells
    }
    least = min((widths[key] for key in primary), default=step)
    return {key: widths[key] if key in primary else least for key in widths}


def _hide_from_all(
    table: Table, protection: Protection
) -> tuple[frozenset[Key], AuditResult, tuple[str, ...]]:
    """Hide from readers and from lone respondents; if that cannot be, say so."""
    try:
        return (*_hide(table, protection), ())
    except AnswerIsNo:
        if not protection.insiders:
            raise
    hidden, result = _hide(table, replace(protection, insiders=()))
    caveat = (
        f"{len(protection.insiders)} cells have a single respondent, who knows that "
        "value and may subtract it: this table could not be protected against them."
    )
    return hidden, result, (caveat,)


def _hide(table: Table, protection: Protection) -> tuple[frozenset[Key], AuditResult]:
    """Choose secondary cells and audit; add the lines of any cell still too narrow.

    The repair is for tables of three dimensions, where whole numbers can be narrower
    than the linear programs that chose the pattern.
    """
    extra: frozenset[Key] = frozenset()
    for _ in range(MAX_REPAIRS):
        forced = replace(protection, primary=protection.primary | extra)
        hidden = forced.primary | choose_secondary(table, forced)
        result = _audit_all(table, hidden, protection)
        if result.safe:
            return hidden, result
        weak = {*result.exact, *result.narrow}
        more = _lines_of(table, weak) - protection.fixed
        if more <= hidden:
            break
        extra |= more
    check_audit(result)
    raise AssertionError  # pragma: no cover  the audit was not safe


def _audit_all(
    table: Table, hidden: frozenset[Key], protection: Protection
) -> AuditResult:
    """Audit as a reader, then as each lone respondent; return the first failure."""
    published = publish(table, hidden, protection)
    result = audit(published, widths=protection.widths)
    values = dict(zip(table.shape.keys, table.values, strict=True))
    for insider in protection.insiders:
        if not result.safe:
            return result
        inside = audit(
            published,
            widths=protection.widths,
            known={key: values[key] for key in insider},
        )
        result = result if inside.safe else inside
    return result


def publish(
    table: Table, hidden: frozenset[Key], protection: Protection
) -> PublishedTable:
    """Return what a reader sees if exactly these cells are hidden."""
    empty = any(c.contributors == 0 and c.key in hidden for c in table.cells)
    return PublishedTable(
        table.shape,
        table.measure,
        {c.key: None if c.key in hidden else c.value for c in table.cells},
        empty_shown=not empty,
        nonnegative=math.isfinite(protection.least),
    )


def _lines_of(table: Table, keys: set[Key]) -> frozenset[Key]:
    found: set[Key] = set()
    for relation in table.shape.relations:
        line = [table.shape.keys[i] for i in (*relation.parts, relation.total)]
        if keys.intersection(line):
            found.update(line)
    return frozenset(found)


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
