"""From risky cells to a pattern that an independent audit accepts.

Says how well each hidden cell must be protected and against whom, asks for the
cheapest pattern, and has it audited; a pattern that fails the audit never leaves.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from staithe.base.errors import AnswerIsNo
from staithe.disclosure.attacker import AuditResult, PublishedTable, audit, check_audit
from staithe.disclosure.cells import Key, Table, margins_of
from staithe.disclosure.suppress import Protection, choose_secondary


if TYPE_CHECKING:
    from staithe.disclosure.checks import Findings
    from staithe.disclosure.policy import OutputPolicy


MAX_REPAIRS = 20
MAX_INSIDERS = 40  # each is one more attacker of the whole table


def needed_protection(
    table: Table, policy: OutputPolicy, findings: Findings
) -> Protection:
    """Say what must be hidden, how well, and from whom."""
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


def hide_from_all(
    table: Table, protection: Protection
) -> tuple[frozenset[Key], AuditResult, tuple[str, ...]]:
    """Hide from readers and from lone respondents; if that cannot be, say so."""
    if len(protection.insiders) <= MAX_INSIDERS:
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
