"""Lists page and sort by links alone, and nonsense in the address does no harm."""

from __future__ import annotations

from urllib.parse import parse_qs

from hypothesis import given
from hypothesis import strategies as st

from staithe.ui.paging import Page, Query, paginate, read_sort


def query(**values: str) -> Query:
    return Query(tuple(values.items()))


@given(st.integers(0, 200), st.integers(1, 30))
def test_pages_together_show_every_item_once_in_order(total, size):
    items = list(range(total))
    first = paginate(items, query=query(), size=size)
    seen = []
    for number in range(1, first.pages + 1):
        seen += paginate(items, query=query(page=str(number)), size=size).items
    assert seen == items


@given(st.text(max_size=12))
def test_any_page_number_gives_a_page(asked):
    page = paginate(list(range(60)), query=query(page=asked), size=25)
    assert 1 <= page.number <= 3
    assert page.items


def test_page_past_the_end_is_the_last():
    page = paginate(list(range(60)), query=query(page="9999"), size=25)
    assert (page.number, page.first, page.last) == (3, 51, 60)


def test_empty_list_has_one_page_that_starts_at_nothing():
    page = paginate([], query=query())
    assert (page.pages, page.first, page.last) == (1, 0, 0)


def test_links_offer_ends_and_neighbours_with_gaps_marked():
    assert Page([], 6, 10, 120, query()).shown == [1, None, 5, 6, 7, None, 12]
    assert Page([], 2, 10, 30, query()).shown == [1, 2, 3]


def test_page_link_keeps_filters_and_sort():
    here = Query(
        (("state", "open"), ("state", "agreed"), ("sort", "-due"), ("page", "2"))
    )
    page = paginate(list(range(60)), query=here, size=10)
    kept = {"state": ["open", "agreed"], "sort": ["-due"]}
    assert parse_qs(page.url(3)[1:]) == kept | {"page": ["3"]}
    assert parse_qs(page.url(1)[1:]) == kept


def test_sort_link_turns_round_and_goes_back_to_the_first_page():
    here = query(sort="due", page="4", words="a&b")
    sort = read_sort(here, keys={"due", "title"}, default="title")
    assert sort.order == "due"
    assert sort.aria("due") == "ascending"
    assert sort.aria("title") == "none"
    assert parse_qs(sort.url("due")[1:]) == {"words": ["a&b"], "sort": ["-due"]}
    assert parse_qs(sort.url("title")[1:])["sort"] == ["title"]


def test_sort_by_a_column_that_is_not_offered_is_the_default():
    here = query(sort="password")
    assert read_sort(here, keys={"due"}, default="-due").order == "-due"


def test_taking_away_one_filter_leaves_the_others():
    here = Query((("state", "open"), ("state", "agreed"), ("page", "2")))
    assert parse_qs(here.without("state", "open")[1:]) == {"state": ["agreed"]}


def test_database_query_is_counted_by_the_database():
    class Counted:
        def count(self):
            return 3

        def __getitem__(self, index):
            return [1, 2, 3][index]

    assert paginate(Counted(), query=query(), size=2).items == [1, 2]
