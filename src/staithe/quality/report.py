"""The scorecard as one web page that needs nothing else: for email, print, archive.

Every value from the table is escaped; the page holds no script.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from staithe.quality.masking import PATTERN_WORDS
from staithe.quality.scorecard import (
    DIMENSIONS,
    ColumnProfile,
    Dimension,
    Finding,
    Profile,
)


STYLE = """
body{font-family:arial,sans-serif;color:#0b0c0c;max-width:70rem;margin:2rem auto;
padding:0 1rem;line-height:1.4}
table{border-collapse:collapse;width:100%;margin:0 0 2rem}
caption{text-align:left;font-weight:bold;font-size:1.25rem;margin:0 0 .5rem}
th,td{text-align:left;vertical-align:top;padding:.5rem .75rem .5rem 0;
border-bottom:1px solid #b1b4b6}
td.number,th.number{text-align:right}
code{font-family:monospace;white-space:pre-wrap;overflow-wrap:anywhere}
"""
WORDS = {"error": "Error", "warning": "Warning", "info": "Note"}


def render_html(profile: Profile) -> str:
    """Return the whole page as text."""
    title = f"Quality of {profile.name or 'a table'}"
    return (
        '<!DOCTYPE html>\n<html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{escape(title)}</h1>"
        f"<p>{profile.rows:,} rows, {len(profile.columns):,} columns.{_people(profile)}</p>"
        f"{_notes(profile.notes)}{_dimensions(profile.dimensions)}"
        f"{_findings(profile.findings)}{_columns(profile.columns)}"
        "</main></body></html>\n"
    )


def _people(profile: Profile) -> str:
    if not profile.personal:
        return ""
    return (
        " The rows look like rows about people: examples show only their pattern "
        f"({PATTERN_WORDS}), and values held by fewer than 5 rows are withheld."
    )


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    return "<ul>" + "".join(f"<li>{escape(note)}</li>" for note in notes) + "</ul>"


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Build a table from cells that are HTML already."""
    head = "".join(f'<th scope="col">{escape(word)}</th>' for word in heads)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>'
        + "".join(f"<td>{cell}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _dimensions(dimensions: dict[str, Dimension]) -> str:
    rows = [
        (
            name.capitalize(),
            percent(dimensions[name]),
            escape(dimensions[name].reason or dimensions[name].evidence),
        )
        for name in DIMENSIONS
    ]
    return _table("Six dimensions", ("Dimension", "Score", "Evidence"), rows)


def percent(dimension: Dimension) -> str:
    """Write a score as a percentage that never rounds up to 100."""
    if dimension.score is None:
        return "Not measured"
    rounded = int(dimension.score * 1000) / 10
    return f"{rounded:g}%"


def _findings(findings: Sequence[Finding]) -> str:
    if not findings:
        return "<p>Nothing was found wrong.</p>"
    rows = [
        (
            WORDS[finding.severity],
            _code(finding.column) if finding.column else "Whole table",
            escape(finding.message),
            f"{finding.count:,}",
            "<br>".join(_code(text) for text in finding.examples),
        )
        for finding in findings
    ]
    return _table("Findings", ("Kind", "Column", "What", "Rows", "Examples"), rows)


def _columns(columns: Sequence[ColumnProfile]) -> str:
    rows = [
        (
            _code(column.name),
            escape(column.type),
            escape(column.semantic_type.replace("_", " ")),
            f"{column.nulls:,}",
            f"{column.distinct:,}",
            _extremes(column),
            "<br>".join(f"{_code(c.value)} ({c.count:,})" for c in column.top[:5]),
        )
        for column in columns
    ]
    heads = ("Column", "Type", "Meaning", "Empty", "Distinct", "Range", "Commonest")
    return _table("Columns", heads, rows)


def _extremes(column: ColumnProfile) -> str:
    if column.withheld and (column.min is None or column.max is None):
        return "withheld"
    if column.min is None:
        return ""
    return f"{_code(column.min[:40])} to {_code((column.max or '')[:40])}"


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"
