"""Draws the state tables as Mermaid, so that the picture cannot drift from them."""

from __future__ import annotations

from staithe.sharing.states import MACHINES, Machine


_INTRODUCTION = """\
# States

What may happen to a request, to each flow in it, to a late decision and to an
agreement. Made from `src/staithe/sharing/states.py` by `staithe states`; change the
tables there, then run that command again.
"""


def to_mermaid(machine: Machine) -> str:
    """Return one machine as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {_name(machine.initial)}"]
    for state, acts in machine.table.items():
        lines += [
            f"    {_name(state)} --> {_name(following)}: {act}"
            for act, following in acts.items()
            if following != state
        ]
        if not acts:
            lines.append(f"    {_name(state)} --> [*]")
    return "\n".join(lines)


def to_markdown() -> str:
    """Return the whole document docs/states.md."""
    parts = [_INTRODUCTION]
    for machine in MACHINES:
        parts.append(f"## {machine.noun.capitalize()}\n")
        parts.append(f"```mermaid\n{to_mermaid(machine)}\n```\n")
        parts.append(_to_table(machine))
    return "\n".join(parts)


def _to_table(machine: Machine) -> str:
    rows = ["| state | act | next state |", "| --- | --- | --- |"]
    for state, acts in machine.table.items():
        rows += [f"| {state} | {act} | {after} |" for act, after in acts.items()]
        if not acts:
            rows.append(f"| {state} | | (end) |")
    return "\n".join(rows) + "\n"


def _name(state: str) -> str:
    # Mermaid reads a hyphen as the start of an arrow.
    return state.replace("-", "_")
