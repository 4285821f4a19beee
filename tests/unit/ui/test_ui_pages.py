"""The frame of every page: strict, safe, and honest about where it is."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import jinja2
import pytest
from django.contrib import messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.template import engines
from django.test import RequestFactory

from staithe.ui import web
from staithe.ui.gallery import gallery
from staithe.ui.navigation import PARTS
from staithe.ui.paging import Query
from staithe.ui.tags import TAGS, tag_of


UI = Path(web.__file__).parent
REPOSITORY = Path(__file__).resolve().parents[3]
PERSON = SimpleNamespace(is_authenticated=True, name='Sam <b>"O\'Kay"</b>')
PAGES = [web.styleguide, web.accessibility, web.privacy, web.cookies, web.about]


def get(path="/styleguide", **attributes):
    request = RequestFactory().get(path)
    for name, value in attributes.items():
        setattr(request, name, value)
    return request


def text_of(response):
    return response.content.decode()


def render(source, **context):
    return engines["jinja2"].from_string(source).render(context)


@pytest.mark.parametrize("view", PAGES)
def test_page_has_one_heading_a_title_and_no_inline_script_or_style(view):
    page = text_of(view(get()))
    assert page.count("<h1") == 1
    assert re.search(r"<title>\S.* – Staithe</title>", page)
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=|<style", page)


@pytest.mark.parametrize("view", PAGES)
def test_page_loads_nothing_from_another_host(view):
    page = text_of(view(get()))
    assert not re.search(r'(src|href|action)="(https?:)?//', page)


def test_signed_out_page_offers_sign_in_and_no_account():
    page = text_of(web.about(get()))
    assert 'href="/sign-in"' in page
    assert "Sign out" not in page


def test_signed_in_page_names_the_person_as_text_and_counts_messages():
    page = text_of(web.about(get(user=PERSON, unread_notices=3)))
    assert "Sam &lt;b&gt;" in page
    assert "Inbox (3" in page
    assert re.search(
        r'<form method="post" action="/sign-out".*csrfmiddlewaretoken', page, re.DOTALL
    )


def test_navigation_marks_the_part_that_a_page_lies_in():
    page = text_of(web.about(get("/requests/REQ-1")))
    assert re.search(r'href="/requests"\s+aria-current="true"', page)
    assert page.count("aria-current") == 1
    assert re.search(
        r'href="/requests"\s+aria-current="page"', text_of(web.about(get("/requests")))
    )


def test_every_part_of_the_service_is_linked_from_every_page():
    page = text_of(web.about(get()))
    for text, href in PARTS:
        assert f'href="{href}"' in page
        assert text in page


def test_title_says_error_only_where_a_form_was_refused():
    assert "<title>Error: Style guide" in text_of(
        web.styleguide(get("/styleguide?refused=1"))
    )
    assert "<title>Style guide" in text_of(web.styleguide(get()))


def test_name_that_is_not_in_the_context_is_an_error_not_an_empty_space():
    with pytest.raises(jinja2.UndefinedError):
        render("{{ titel }}")
    with pytest.raises(jinja2.UndefinedError):
        render("{{ thing.titel }}", thing={"title": "x"})


def test_component_that_does_not_exist_is_an_error():
    with pytest.raises(jinja2.TemplateNotFound):
        render("{{ ui.nonsense() }}")


def test_style_guide_shows_every_component():
    used = (UI / "templates/ui/styleguide.html").read_text()
    frame = "".join(p.read_text() for p in UI.glob("templates/**/*.html"))
    for component in (UI / "templates/components").glob("*.html"):
        shown = f"ui.{component.stem}(" in used or f"ui.{component.stem}(" in frame
        assert shown, component.stem


def test_table_escapes_cells_and_links_its_csv():
    table = '{{ ui.table("T", ["a", "b"], [("<i>", none)], csv="?x=1&format=csv") }}'
    shown = render(table)
    assert "&lt;i&gt;" in shown
    assert "not given" in shown
    assert 'href="?x=1&amp;format=csv"' in shown


def test_table_without_rows_says_so_in_words():
    assert "No agreements yet." in render(
        '{{ ui.table("T", ["a"], [], empty="No agreements yet.") }}'
    )


def test_sorted_table_says_which_column_and_which_way():
    page = text_of(web.styleguide(get("/styleguide?sort=holder")))
    assert page.count('aria-sort="ascending"') == 1
    assert page.count('aria-sort="none"') == 2
    assert "sort=-holder" in page


@pytest.mark.parametrize("status", sorted(TAGS))
def test_every_state_has_words_and_a_colour(status):
    look = tag_of(status)
    assert f'govuk-tag--{look.colour}">' in render("{{ ui.tag(s) }}", s=status)


def test_state_that_is_not_in_the_table_reads_as_its_own_words():
    assert tag_of("half-way_there").text == "Half way there"
    assert tag_of("half-way_there").colour == "grey"


def test_list_in_the_style_guide_is_sorted_as_asked():
    context = gallery(None, Query((("sort", "days"),)))
    days = [row["days"] for row in context["page"].items]
    assert days == sorted(days)


def test_lock_file_of_the_front_end_holds_no_download_address():
    lock = (REPOSITORY / "frontend/package-lock.json").read_text()
    packages = json.loads(lock)["packages"]
    assert all("resolved" not in package for package in packages.values())
    assert all("integrity" in p for name, p in packages.items() if name)
    wanted = json.loads((REPOSITORY / "frontend/package.json").read_text())
    exact = wanted["dependencies"] | wanted["devDependencies"]
    for name, version in exact.items():
        assert packages[f"node_modules/{name}"]["version"] == version


def test_built_style_sheet_holds_no_foreign_font():
    path = UI / "static/build/staithe.css"
    if not path.exists():
        pytest.skip("the style sheet is not built: run ./dev setup")
    style = path.read_text().lower()
    assert "gds transport" not in style
    assert "@font-face" not in style
    assert "arial,sans-serif" in style


def test_filters_read_as_the_house_forms():
    shown = render(
        "{{ day|date }}; {{ at|datetime }}; {{ at|ago }}; {{ 3|days }}; "
        '{{ 1234|number }}; {{ 0.5|percent }}; {{ 2|plural("body", "bodies") }}; '
        "{{ true|yes_no }}; {{ 2000|file_size }}; {{ 'Who uses it?'|to_id }}",
        day=date(2026, 1, 31),
        at=datetime.now(UTC),
    )
    parts = shown.split("; ")
    assert parts[0] == "31 January 2026"
    assert parts[2:] == [
        "today",
        "3 days",
        "1,234",
        "50.0%",
        "2 bodies",
        "Yes",
        "2.0 KB",
        "who-uses-it",
    ]


def test_url_names_a_page_and_link_escapes_both_parts():
    assert render('{{ url("ui-about") }}') == "/about"
    shown = render("{{ link(text, href) }}", text="<i>", href='/a"b')
    assert shown == '<a class="govuk-link" href="/a&#34;b">&lt;i&gt;</a>'


def test_nonce_is_that_of_the_request_or_nothing():
    assert render("{{ csp_nonce() }}", request=get(csp_nonce="abc")) == "abc"
    assert render("{{ csp_nonce() }}", request=get()) == ""


def test_colour_that_tags_do_not_have_is_a_bug():
    with pytest.raises(ValueError, match="no tag colour"):
        tag_of("open", colour="gold")


def test_notice_is_shown_once_as_text(rf_messages):
    page = text_of(web.about(rf_messages("<b>Saved</b>")))
    assert "&lt;b&gt;Saved&lt;/b&gt;" in page
    assert "govuk-notification-banner--success" in page


@pytest.fixture
def rf_messages():
    """Return a request that carries one success message."""

    def make(text):
        request = get()
        request._messages = CookieStorage(request)
        messages.success(request, text)
        return request

    return make
