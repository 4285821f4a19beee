"""A stored answer as pages show it: the table, a chart, what was hidden and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from staithe.analysis.models import Query
from staithe.disclosure.checks import REASONS
from staithe.disclosure.release import HIDDEN
from staithe.disclosure.tabulate import OTHER
from staithe.ui.charts import PALETTE, Chart, series_of
from staithe.ui.wording import plural


MOST_BARS = 30


@dataclass(frozen=True)
class HiddenCell:
    """A hidden cell for a reviewer: where, why, and how near a reader can get."""

    where: str
    why: str
    between: str


def chart_of(query: Query) -> Chart | None:
    """Draw an answer of few columns; hidden values are not known, not zero."""
    assert query.result is not None
    grid = query.result["grid"]
    # The last row is the total, and so is the last column where there are several.
    down = grid["rows"][:-1]
    across = grid["columns"][:-1] if query.table["columns"] else grid["columns"]
    if not down or len(down) * len(across) > MOST_BARS or len(across) > len(PALETTE):
        return None
    values = {
        name: tuple(_number(cells[place]) for _, cells in down)
        for place, name in enumerate(across)
    }
    known = sum(value is not None for column in values.values() for value in column)
    if known * 2 < len(down) * len(across):  # a picture of gaps tells nothing
        return None
    return Chart(
        kind="bar",
        title=query.title,
        subtitle=f"{measure_words(query)}, by {dimension_words(query)}",
        summary=_shown_words(known, of=len(down) * len(across)),
        category=query.table["rows"],
        categories=tuple(label for label, _ in down),
        series=series_of(values),
    )


def _shown_words(known: int, *, of: int) -> str:
    if known == of:
        return (
            f"All {plural(of, 'value')} are shown." if of > 1 else "One value is shown."
        )
    return f"{known} of {of} values are shown; the others are hidden to protect people."


def protection_words(query: Query) -> list[str]:
    """Say what protected an answer; marks are explained only where there are some."""
    assert query.result is not None
    lines = list(query.result["explanation"][:-1])
    grid = query.result["grid"]
    cells = [cell for _, row in grid["rows"] for cell in row]
    if HIDDEN in cells:
        lines.append(f"{HIDDEN} marks a hidden number.")
    names = [*(name for name, _ in grid["rows"]), *grid["columns"]]
    if any(OTHER in str(name) for name in names):
        lines.append(f"Categories of too few people are merged into {OTHER}.")
    return lines


def is_hiding(query: Query) -> bool:
    """Say whether a cell of the answer is hidden."""
    assert query.result is not None
    return any(HIDDEN in row for _, row in query.result["grid"]["rows"])


def _number(text: str) -> float | None:
    if text == HIDDEN:
        return None
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return None
    return int(value) if value.is_integer() else value


def measure_words(query: Query) -> str:
    """Say what a cell shows."""
    kind, _, column = query.table["measure"].partition(":")
    words = {"count": "Number of people", "records": "Number of records"}
    return words.get(kind) or f"Sum of {column}"


def dimension_words(query: Query) -> str:
    """Say what divides the table."""
    names = [query.table["rows"], query.table["columns"]]
    return " and ".join(name for name in names if name)


def rule_words(query: Query) -> list[str]:
    """Say by which rules of the agreements the answer was protected."""
    policy = query.policy
    lines = [f"A number rests on at least {policy['threshold']} people."]
    if not query.table["measure"].startswith("count"):
        lines.append(
            f"The {policy['nk_n']} largest contributions together make up at most "
            f"{policy['nk_k']:.0%} of a number."
        )
        lines.append(
            "Nobody can estimate another’s contribution to within "
            f"{policy['p_ratio']:.0%}."
        )
    if policy.get("rounding_base"):
        lines.append(f"Counts are rounded to a multiple of {policy['rounding_base']}.")
    return lines


def hidden_cells(query: Query) -> list[HiddenCell]:
    """List what is hidden, for a reviewer: this is not released."""
    assert query.result is not None
    cells = query.result["review"]["cells"]
    return [_hidden(cell) for cell in cells if cell["value"] is None]


def _hidden(cell: dict[str, Any]) -> HiddenCell:
    where = ", ".join("Total" if part is None else str(part) for part in cell["key"])
    reasons = [REASONS.get(code, code) for code in cell["reasons"]]
    why = "; ".join(reasons) or "so that other hidden cells cannot be worked out"
    ends = cell["attacker_interval"]
    if ends is None:
        return HiddenCell(where, why, "")
    low, high = ("no limit" if end is None else f"{end:,.0f}" for end in ends)
    return HiddenCell(where, why, f"{low} to {high}")
