"""The report of a link as one HTML file that needs nothing else.

Everything that came from a file is escaped; the chart is inline SVG with its table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from staithe.linkage.report_html import cell, table
from staithe.linkage.report_quality import (
    estimate_html,
    groups_html,
    implausible_html,
    lost_html,
    sample_html,
    versions_html,
)


STYLE = """
body{font:1.05rem/1.5 arial,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#0b0c0c}
h1{font-size:2rem}h2{font-size:1.4rem;margin-top:2.5rem}
table{border-collapse:collapse;width:100%;margin:1rem 0}
caption{text-align:left;font-weight:bold;padding:.4rem 0}
th,td{text-align:left;border-bottom:1px solid #b1b4b6;padding:.35rem .6rem .35rem 0;vertical-align:top}
th[scope=row]{font-weight:normal}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.warning{border-left:6px solid #d4351c;padding:.2rem 1rem}
svg{width:100%;height:auto}summary{cursor:pointer;text-decoration:underline}
"""

WIDTH, HEIGHT = 800, 220


def render_report(report: Mapping[str, Any]) -> str:
    """Return the page of a report made by `quality_report`."""
    files = " and ".join(str(each["name"]) for each in report["inputs"])
    title = f"Repeats in {files}" if report["kind"] == "dedupe" else f"Link of {files}"
    parts = [
        f"<h1>{escape(title)}</h1><p>{escape(report['caveat'])}</p>",
        _warnings([*report["warnings"], *report["model"].get("judged_once", [])]),
        _summary(report),
        _truth(report.get("truth")),
        estimate_html(report.get("estimate")),
        _histogram(report["histogram"], report["threshold"]["match_weight"]),
        _fields(report),
        groups_html(report.get("groups", ())),
        implausible_html(report.get("implausible", ())),
        _rules(report["blocking"]),
        lost_html(report.get("lost")),
        _weights(report["model"]),
        versions_html(report.get("versions", ())),
        sample_html(report.get("sample", ())),
        _left_out(report["left_out"]),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _warnings(warnings: Sequence[str]) -> str:
    if not warnings:
        return ""
    items = "".join(f"<li>{escape(each)}</li>" for each in warnings)
    return f'<div class="warning"><h2>Before you use it</h2><ul>{items}</ul></div>'


def _summary(report: Mapping[str, Any]) -> str:
    threshold = report["threshold"]
    rows: list[Sequence[Any]] = [
        (f"Records of {name} with a link", count, report["records"][name])
        for name, count in report["linked"].items()
    ]
    rows += [
        ("Pairs scored, of all possible", *_scored(report["blocking"])),
        ("Links", report["links"], None),
        ("Groups of two or more records", report["clusters"]["of_two_or_more"], None),
        ("Largest group", report["clusters"]["largest"], None),
    ]
    body = "".join(
        f'<tr><th scope="row">{escape(str(name))}</th>{cell(value)}'
        f"{cell(of) if of is not None else '<td></td>'}</tr>"
        for name, value, of in rows
    )
    return (
        "<h2>Result</h2><table><caption>What was linked</caption><thead><tr>"
        '<th scope="col">What</th><th scope="col">Number</th><th scope="col">Of</th>'
        f"</tr></thead><tbody>{body}</tbody></table>"
        f"<p>Links are accepted from match weight {threshold['match_weight']:.2f}. "
        f"Reason: {escape(threshold['reason'])}.</p>"
    )


def _scored(blocking: Mapping[str, Any]) -> tuple[int, int]:
    return blocking["scored_pairs"], blocking["possible_pairs"]


def _truth(truth: Mapping[str, Any] | None) -> str:
    if truth is None:
        return ""
    shown = [("These links", truth)]
    if "best_threshold" in truth:
        shown.append(("Best threshold on pairs", truth["best_threshold"]))
        shown.append(("Probability 0.95", truth["at_probability_95"]))
    rows = [(name, of["precision"], of["recall"], of["f1"]) for name, of in shown]
    return "<h2>Against the truth</h2>" + table(
        f"Over all {truth['true_pairs']:,} true pairs",
        ("Links", "Precision", "Recall", "F1"),
        rows,
    )


def _histogram(bars: Sequence[Mapping[str, Any]], threshold: float) -> str:
    used = [place for place, each in enumerate(bars) if each["pairs"]]
    if not used:
        return ""
    shown = bars[used[0] : used[-1] + 1]
    highest = max(each["pairs"] for each in shown)
    step = WIDTH / len(shown)
    drawn = []
    for place, each in enumerate(shown):
        for key, colour in (("pairs", "#b1b4b6"), ("links", "#1d70b8")):
            # Square root, so that few links beside many pairs can be seen.
            height = HEIGHT * (each[key] / highest) ** 0.5
            drawn.append(
                f'<rect x="{place * step:.1f}" y="{HEIGHT - height:.1f}"'
                f' width="{step * 0.9:.1f}" height="{height:.1f}" fill="{colour}"/>'
            )
    width = shown[0]["to"] - shown[0]["from"]
    at = (threshold - shown[0]["from"]) / width * step
    line = (
        f'<line x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="{HEIGHT}" stroke="#d4351c"'
        ' stroke-width="2"/>'
        if 0 <= at <= WIDTH
        else ""
    )
    numbers = table(
        "Pairs and links by match weight",
        ("From", "To", "Pairs", "Links"),
        [(e["from"], e["to"], e["pairs"], e["links"]) for e in shown],
    )
    return (
        "<h2>Scores</h2><p>Grey: scored pairs. Blue: links. Red line: the threshold. "
        "Heights are square roots.</p>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Pairs and links by'
        f' match weight; the table below has the numbers">{"".join(drawn)}{line}</svg>'
        f"<details><summary>The numbers</summary>{numbers}</details>"
    )


def _fields(report: Mapping[str, Any]) -> str:
    names = [each["name"] for each in report["inputs"]]
    heads = ["Field"]
    for name in names:
        heads += [f"{name}: filled", f"{name}: valid"]
    rows = []
    for each in report["fields"]:
        row: list[Any] = [each["field"]]
        for name in names:
            row += [each["filled"].get(name), each["valid"].get(name)]
        rows.append(row)
    return "<h2>The data</h2>" + table(
        "How full each field is, and how much of it is valid", heads, rows
    )


def _rules(blocking: Mapping[str, Any]) -> str:
    return "<h2>Which pairs were compared</h2>" + table(
        "Pairs that agree on",
        ("Fields", "Pairs", "Common values left out", "Pairs left out"),
        [
            (r["rule"], r["pairs"], r["values_left_out"], r["pairs_left_out"])
            for r in blocking["rules"]
        ],
    )


def _weights(model: Mapping[str, Any]) -> str:
    rows = [
        (comparison["name"], level["level"], level["m"], level["u"], level["weight"])
        for comparison in model["comparisons"]
        for level in comparison["levels"]
    ]
    return "<h2>What each agreement is worth</h2>" + table(
        "m: share among matches. u: share among other pairs. Weight: log2(m / u)",
        ("Field", "Agreement", "m", "u", "Weight"),
        rows,
    )


def _left_out(columns: Sequence[Mapping[str, Any]]) -> str:
    if not columns:
        return ""
    return "<h2>Columns not used</h2>" + table(
        "And why", ("Column", "Reason"), [(c["column"], c["reason"]) for c in columns]
    )
