"""The parts of the report page that judge the links: estimates, groups, what was lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from staithe.linkage.report_html import table


APART = 3  # standard errors from the whole, beyond which a group is pointed out
BAR, HIGH = 160, 12


def estimate_html(found: Mapping[str, Any] | None) -> str:
    """Return precision and recall with their intervals, from what people judged."""
    if found is None:
        return ""
    rows = [
        (title, found[key]["estimate"], found[key]["low"], found[key]["high"])
        for title, key in (("Precision", "precision"), ("Recall", "recall"))
    ]
    agreed = found["agreement"]
    twice = (
        f"{agreed['pairs']:,} pairs were judged twice or more; the answers agree in "
        f"{agreed['agreed']:.1%} (kappa {agreed['kappa']:.2f})."
        if agreed["pairs"]
        else "No pair was judged by two people."
    )
    return (
        "<h2>What people judged</h2>"
        + table(
            f"From {found['judged']:,} pairs, with 95% intervals",
            ("Measure", "Estimate", "From", "To"),
            rows,
        )
        + f"<p>{escape(twice)} In {found['cannot_tell']:,} pairs nobody could tell.</p>"
    )


def groups_html(groups: Sequence[Mapping[str, Any]]) -> str:
    """Return who is linked by group, with bars, and the groups that stand out."""
    if not groups:
        return ""
    far = [each for each in groups if abs(each["apart"]) > APART]
    said = "".join(
        f"<li>{escape(each['source'])}, {escape(each['field'])} "
        f"{escape(str(each['group']))}: {each['share']:.1%} linked, "
        f"{'fewer' if each['apart'] < 0 else 'more'} than chance explains.</li>"
        for each in far
    )
    rows = "".join(
        f"<tr><td>{escape(each['source'])}</td><td>{escape(each['field'])}</td>"
        f"<td>{escape(str(each['group']))}</td>"
        f'<td class="n">{each["records"]:,}</td><td class="n">{each["share"]:.1%}</td>'
        f"<td>{_bar(each['share'])}</td></tr>"
        for each in groups
    )
    heads = "".join(
        f'<th scope="col">{head}</th>'
        for head in ("File", "By", "Group", "Records", "Linked", "Share")
    )
    return (
        "<h2>Who is linked</h2>"
        "<p>An analysis of linked records inherits these differences; weights.parquet "
        "evens them out by sex and decade of birth.</p>"
        + (f"<ul>{said}</ul>" if said else "<p>No group stands out.</p>")
        + "<table><caption>Linked and unlinked by group</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _bar(share: float) -> str:
    return (
        f'<svg viewBox="0 0 {BAR} {HIGH}" width="{BAR}" height="{HIGH}" '
        'style="width:10rem" aria-hidden="true">'
        f'<rect width="{BAR}" height="{HIGH}" fill="#eaeaea"/>'
        f'<rect width="{BAR * share:.1f}" height="{HIGH}" fill="#1d70b8"/></svg>'
    )


def implausible_html(found: Sequence[Mapping[str, Any]]) -> str:
    """Return how many links join records that can hardly be one person's."""
    if not found:
        return ""
    return "<h2>Links that are hard to believe</h2>" + table(
        "Links of records that differ in what seldom changes",
        ("What", "Links"),
        [(each["what"], each["links"]) for each in found],
    )


def lost_html(lost: Mapping[str, Any] | None) -> str:
    """Return how many matches the rules may have lost."""
    if lost is None:
        return ""
    text = (
        f"{lost['by_one']:,} links were proposed by one rule only, "
        f"{lost['by_two']:,} by two and {lost['by_more']:,} by more; {lost['by_none']:,} "
        "were found through other links alone. From this, about "
        f"{lost['estimate']:,.0f} matches were never compared (standard error "
        f"{lost['error']:,.0f}); where fields are often empty there may be more."
    )
    return f"<p>{escape(text)}</p>"


def versions_html(versions: Sequence[Mapping[str, Any]]) -> str:
    """Return how many links stay at higher thresholds."""
    if not versions:
        return ""
    return "<h2>Stricter versions</h2>" + table(
        "Run an analysis on several of these: what does not change does not depend on "
        "doubtful links",
        ("Least probability", "Links"),
        [(each["match_probability"], each["links"]) for each in versions],
    )


def sample_html(strata: Sequence[Mapping[str, Any]]) -> str:
    """Return the strata of the pairs that were drawn for people to judge."""
    if not strata:
        return ""
    return "<h2>Pairs to judge</h2>" + table(
        "Drawn into sample.parquet, as many from each band as from any other",
        ("Group", "From weight", "To weight", "Pairs", "Drawn"),
        [
            (s["group"], s["lowest"], s["highest"], s["pairs"], s["drawn"])
            for s in strata
        ],
    )
