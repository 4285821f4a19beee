"""Charts draw what they are given, to scale, and say when they do not know."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.ui.charts import Chart, nice_axis, series_of, svg
from staithe.ui.gallery import sample_charts


def chart(kind, values, categories=None):
    names = categories or tuple(
        f"c{i}" for i in range(len(next(iter(values.values()))))
    )
    return Chart(kind, "T", "S", "W", "Holder", names, series_of(values))


def rects(drawn):
    return [float(r.get("width")) for r in ET.fromstring(drawn).iter("rect")]


@pytest.mark.parametrize("kind", ["bar", "stacked", "line", "multiples"])
def test_every_kind_is_well_formed_and_hidden_from_screen_readers(kind):
    root = ET.fromstring(svg(sample_charts()[kind]))
    assert root.get("aria-hidden") == "true"
    assert len(list(root.iter())) > 10


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=8))
def test_bars_are_as_long_as_their_values(values):
    drawn = rects(svg(chart("bar", {"n": tuple(values)})))
    scale = max(drawn) / max(values)
    assert drawn == pytest.approx([v * scale for v in values], abs=0.11)


def test_stacked_parts_add_up_and_show_their_total():
    drawn = svg(chart("stacked", {"a": (3,), "b": (1,)}))
    wide, narrow = rects(drawn)
    assert (wide + 1) / (narrow + 1) == pytest.approx(3, rel=0.01)
    assert ">4<" in drawn


def test_unknown_value_says_so_and_draws_no_bar():
    drawn = svg(chart("bar", {"n": (2, None)}))
    assert "not known" in drawn
    assert rects(drawn)[1] == 0


def test_line_breaks_where_a_value_is_not_known():
    drawn = svg(chart("line", {"n": (1, 2, None, 3, 4)}))
    assert drawn.count("<polyline") == 2


def test_hostile_label_is_only_text():
    drawn = svg(chart("bar", {"n": (1,)}, categories=("<script>x</script>",)))
    assert "<script>" not in drawn
    ET.fromstring(drawn)


@given(st.lists(st.floats(0.001, 1e9), min_size=1, max_size=9))
def test_axis_reaches_the_largest_value_without_wasting_half_the_plot(values):
    top, steps = nice_axis(values)
    assert max(values) <= top * 1.001
    assert top < max(values) * 2.51
    assert 1 <= steps <= 5


@pytest.mark.parametrize(("largest", "axis"), [(1, (1, 1)), (2, (2, 2)), (24, (25, 5))])
def test_counts_have_whole_steps(largest, axis):
    assert nice_axis([largest]) == axis


def test_fifth_series_is_refused():
    with pytest.raises(ValueError, match="at most 4"):
        chart("line", {str(i): (1, 2) for i in range(5)})


def test_series_of_another_length_is_refused():
    with pytest.raises(ValueError, match="one value for each category"):
        chart("line", {"a": (1, 2)}, categories=("x",))
