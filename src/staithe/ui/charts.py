"""Charts drawn on the server as SVG: bars, stacked bars, lines, small multiples.

A chart never stands alone: it carries a headline, a subtitle that says what is
measured, a summary in words, and its data as a table (the figure component shows
all four). Colours are the Analysis Function palette in its order, at most four in
one chart. No style attributes, so it obeys a strict content security policy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from staithe.ui.wording import number


PALETTE = ("#12436D", "#28A197", "#801650", "#F46A25")
WIDTH = 640
ROW = 36
LABEL_WIDTH = 190
VALUE_WIDTH = 70
PLOT_HEIGHT = 240
MULTIPLE_COLUMNS = 3
Kind = Literal["bar", "stacked", "line", "multiples"]


@dataclass(frozen=True)
class Series:
    """Values under a name, one for each category; None where it is not known."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Chart:
    """A chart with everything a reader needs who does not see it.

    `title` is the headline (what the chart shows), `subtitle` the measure, period
    and unit, `summary` the main points in words.
    """

    kind: Kind
    title: str
    subtitle: str
    summary: str
    category: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    csv_url: str = ""

    def __post_init__(self) -> None:
        if len(self.series) > len(PALETTE) and self.kind != "multiples":
            raise ValueError(f"a chart shows at most {len(PALETTE)} series")
        for one in self.series:
            if len(one.values) != len(self.categories):
                raise ValueError(f"{one.name}: one value for each category")

    @property
    def header(self) -> tuple[str, ...]:
        """Header of the data table."""
        return (self.category, *(one.name for one in self.series))

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """Rows of the data table."""
        columns = [one.values for one in self.series]
        return list(zip(self.categories, *columns, strict=True))

    @property
    def legend(self) -> list[tuple[str, str]]:
        """Series name and colour, where there is more than one to tell apart."""
        if len(self.series) == 1 or self.kind == "multiples":
            return []
        return [(s.name, PALETTE[i]) for i, s in enumerate(self.series)]


def series_of(values: Mapping[str, Sequence[float | None]]) -> tuple[Series, ...]:
    """Build series from names and their values."""
    return tuple(Series(name, tuple(numbers)) for name, numbers in values.items())


def svg(chart: Chart) -> Markup:
    """Draw a chart; hidden from screen readers, which get the summary and table."""
    body, height = DRAW[chart.kind](chart)
    return Markup(
        '<svg class="app-chart__svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}"'
        ' aria-hidden="true" focusable="false">{body}</svg>'
    ).format(w=WIDTH, h=round(height), body=Markup("").join(body))


# Ends of an axis in units of a power of ten, and the equal steps each divides into.
ENDS = ((1.0, 5), (2.0, 4), (2.5, 5), (4.0, 4), (5.0, 5), (10.0, 5))


def nice_axis(values: Sequence[float]) -> tuple[float, int]:
    """Return a round number at or above the largest value, and its number of steps."""
    largest = max(values, default=0)
    if largest <= 0:
        return 1.0, 1
    unit = 10.0 ** math.floor(math.log10(largest))
    top, steps = next((e * unit, n) for e, n in ENDS if e * unit >= largest * 0.9999)
    whole = all(float(v).is_integer() for v in values)
    # Counts have no halves: an axis up to 2 goes in steps of 1.
    return top, (math.ceil(top) if whole and top < steps else steps)


def _known(values: Iterable[float | None]) -> list[float]:
    return [v for v in values if v is not None]


def _text(x: float, y: float, words: str, anchor: str = "start") -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(
        round(x, 1), round(y, 1), anchor, words
    )


def _rect(x: float, y: float, width: float, height: float, colour: str) -> Markup:
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="{}"/>').format(
        *(round(v, 1) for v in (x, y, max(width, 0), height)), colour
    )


def _line(x1: float, y1: float, x2: float, y2: float) -> Markup:
    return Markup(
        '<line x1="{}" y1="{}" x2="{}" y2="{}" class="app-chart__axis"/>'
    ).format(*(round(v, 1) for v in (x1, y1, x2, y2)))


def shorten(words: str, limit: int) -> str:
    """Cut a label that would run over its neighbour."""
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"


def _bar(chart: Chart) -> tuple[list[Markup], float]:
    """Horizontal bars with the value at the end of each: no axis to read off."""
    known = _known(v for s in chart.series for v in s.values)
    scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / max([*known, 1e-12])
    thick = min(24.0, 44.0 / len(chart.series))
    row = max(ROW, thick * len(chart.series) + 12)
    marks = []
    for i, name in enumerate(chart.categories):
        top = i * row
        marks.append(
            _text(LABEL_WIDTH - 8, top + row / 2 + 5, shorten(name, 24), "end")
        )
        for j, one in enumerate(chart.series):
            y = top + (row - thick * len(chart.series)) / 2 + j * thick
            value = one.values[i]
            length = 0.0 if value is None else value * scale
            marks.append(_rect(LABEL_WIDTH, y, length, thick - 2, PALETTE[j]))
            words = "not known" if value is None else number(value)
            marks.append(_text(LABEL_WIDTH + length + 6, y + thick / 2 + 4, words))
    height = row * len(chart.categories)
    marks.append(_line(LABEL_WIDTH, 0, LABEL_WIDTH, height))
    return marks, height


def _stacked(chart: Chart) -> tuple[list[Markup], float]:
    """Horizontal bars of parts, white between them; the total at the end."""
    totals = [
        sum(_known(s.values[i] for s in chart.series))
        for i in range(len(chart.categories))
    ]
    scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / max([*totals, 1e-12])
    marks = []
    for i, name in enumerate(chart.categories):
        top = i * ROW
        marks.append(
            _text(LABEL_WIDTH - 8, top + ROW / 2 + 5, shorten(name, 24), "end")
        )
        x = float(LABEL_WIDTH)
        for j, one in enumerate(chart.series):
            length = (one.values[i] or 0) * scale
            marks.append(_rect(x, top + 6, length - 1, ROW - 12, PALETTE[j]))
            x += length
        marks.append(_text(x + 6, top + ROW / 2 + 5, number(round(totals[i], 6))))
    height = ROW * len(chart.categories)
    marks.append(_line(LABEL_WIDTH, 0, LABEL_WIDTH, height))
    return marks, height


@dataclass(frozen=True)
class Frame:
    """A rectangle to plot in: left, top, width, height and the top of its axis."""

    left: float
    top: float
    width: float
    height: float
    most: float

    def x(self, i: int, count: int) -> float:
        """Place a category."""
        return self.left + self.width * (i / (count - 1) if count > 1 else 0.5)

    def y(self, value: float) -> float:
        """Place a value."""
        return self.top + self.height * (1 - value / self.most)


def _axes(frame: Frame, categories: tuple[str, ...], steps: int) -> list[Markup]:
    marks = []
    for step in range(steps + 1):
        value = frame.most * step / steps
        y = frame.y(value)
        marks.append(_line(frame.left, y, frame.left + frame.width, y))
        marks.append(_text(frame.left - 6, y + 5, f"{value:,.6g}", "end"))
    every = max(1, math.ceil(len(categories) * 80 / frame.width))
    for i, name in enumerate(categories):
        if i % every == 0:
            x = frame.x(i, len(categories))
            words = shorten(name, 12)
            marks.append(_text(x, frame.top + frame.height + 22, words, "middle"))
    return marks


def _path(frame: Frame, values: tuple[float | None, ...], colour: str) -> list[Markup]:
    """Draw a line; it breaks where a value is not known."""
    runs: list[list[str]] = [[]]
    dots = []
    for i, value in enumerate(values):
        if value is None:
            runs.append([])
            continue
        x, y = round(frame.x(i, len(values)), 1), round(frame.y(value), 1)
        runs[-1].append(f"{x},{y}")
        dots.append(
            Markup('<circle cx="{}" cy="{}" r="3.5" fill="{}"/>').format(x, y, colour)
        )
    lines = [
        Markup(
            '<polyline points="{}" fill="none" stroke="{}" stroke-width="3"/>'
        ).format(" ".join(run), colour)
        for run in runs
        if len(run) > 1
    ]
    return lines + dots


def _line_chart(chart: Chart) -> tuple[list[Markup], float]:
    known = _known(v for s in chart.series for v in s.values)
    most, steps = nice_axis(known)
    frame = Frame(64, 14, WIDTH - 110, PLOT_HEIGHT, most)
    marks = _axes(frame, chart.categories, steps)
    for j, one in enumerate(chart.series):
        marks += _path(frame, one.values, PALETTE[j])
    return marks, PLOT_HEIGHT + 50


def _multiples(chart: Chart) -> tuple[list[Markup], float]:
    """One small line chart a series, all on one scale so they compare."""
    known = _known(v for s in chart.series for v in s.values)
    most, _ = nice_axis(known)
    wide, tall = WIDTH / MULTIPLE_COLUMNS, 160.0
    marks = []
    for j, one in enumerate(chart.series):
        row, column = divmod(j, MULTIPLE_COLUMNS)
        frame = Frame(column * wide + 50, row * tall + 32, wide - 74, tall - 72, most)
        marks.append(_text(column * wide + 8, row * tall + 18, shorten(one.name, 24)))
        ends = tuple(
            name if i in {0, len(one.values) - 1} else ""
            for i, name in enumerate(chart.categories)
        )
        marks += _axes_small(frame, ends)
        marks += _path(frame, one.values, PALETTE[0])
    rows = math.ceil(len(chart.series) / MULTIPLE_COLUMNS)
    return marks, rows * tall


def _axes_small(frame: Frame, ends: tuple[str, ...]) -> list[Markup]:
    marks = _axes(frame, (), 1)
    for i, name in enumerate(ends):
        if name:
            anchor = "middle" if len(ends) == 1 else ("start" if i == 0 else "end")
            x = frame.x(i, len(ends))
            words = shorten(name, 9)
            marks.append(_text(x, frame.top + frame.height + 20, words, anchor))
    return marks


DRAW: dict[Kind, Callable[[Chart], tuple[list[Markup], float]]] = {
    "bar": _bar,
    "stacked": _stacked,
    "line": _line_chart,
    "multiples": _multiples,
}
