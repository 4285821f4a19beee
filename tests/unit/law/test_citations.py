"""Citations: read, compared by depth, and what is wrong in a text is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import TooLarge
from staithe.law.citations import address_of, is_met, lint, parse_citation
from staithe.law.library import load_library


ACTS = load_library().acts


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("DEA 2017 s48(1)", ("s", "48", "1")),
        ("DEA 2017 s39(4)(i)", ("s", "39", "4", "i")),
        ("DEA 2017 Sch 4", ("sch", "4")),
        ("DPA 2018 Sch 2 para 2", ("sch", "2", "para", "2")),
        ("SI 2018/912 Sch para 1(2)(c)", ("sch", "para", "1", "2", "c")),
        ("SI 2002/1438 reg 5", ("reg", "5")),
        ("SI 2015/1415", ()),
        ("UK GDPR Art 6(1)(e)", ("art", "6", "1", "e")),
        ("Education and Skills Act 2008 ss87-91", ("s", "87-91")),
        ("Children Act 2004 s16LA", ("s", "16LA")),
    ],
)
def test_the_short_form_is_read(text, path):
    assert parse_citation(text, ACTS).path == path


@pytest.mark.parametrize(
    "text", ["DEA s48", "section 48", "Act 2017 s1", "DEA 2017 48", "", "DEA 2017 s"]
)
def test_any_other_form_is_not(text):
    assert parse_citation(text, ACTS) is None


def test_a_citation_is_met_by_the_same_or_a_deeper_pointer_only():
    shallow = parse_citation("DEA 2017 s48", ACTS)
    deep = parse_citation("DEA 2017 s48(1)", ACTS)
    other = parse_citation("DEA 2017 s4", ACTS)
    assert is_met(shallow, deep)
    assert is_met(deep, deep)
    assert not is_met(deep, shallow)
    assert not is_met(other, deep)


@pytest.mark.parametrize(
    ("citation", "address"),
    [
        ("DEA 2017 s35(1)", "ukpga/2017/30/section/35"),
        ("DEA 2017 Sch 4", "ukpga/2017/30/schedule/4"),
        ("SI 2018/912 Sch para 1(2)(a)", "uksi/2018/912"),
        ("SI 2002/1438 reg 5", "uksi/2002/1438/regulation/5"),
        ("UK GDPR Art 6(1)(e)", "eur/2016/679/article/6"),
        ("Education and Skills Act 2008 ss87-91", "ukpga/2008/25/section/87"),
        ("Children Act 2004 s16LA", "ukpga/2004/31/section/16LA"),
        ("UK GDPR Annex 1", "eur/2016/679"),
    ],
)
def test_a_citation_has_the_address_of_its_law(citation, address):
    assert address_of(citation, ACTS) == f"https://www.legislation.gov.uk/{address}"


def test_every_citation_of_the_library_has_an_address():
    library = load_library()
    cites = {c for g in library.routes for c in (*g.cites, *g.also_cited)}
    cites |= {
        c for row in (*library.restrictions, *library.bearings) for c in row.cites
    }
    assert [c for c in sorted(cites) if not address_of(c, ACTS)] == []
    assert address_of("nonsense", ACTS) == ""


def says(text):
    return [finding.says for finding in lint(text, ACTS)]


def test_the_chapter_and_unit_of_a_published_business_case_are_found_wrong():
    found = says("Digital Economy Act 2017 Part 5 Chapter 4 paragraph 48")
    assert found == [
        "a section of an Act, not a paragraph",
        "section 48 is in Chapter 3 (debt); Chapter 4 (fraud) is ss56-63",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("under Chapter 1, section 56 of the Digital Economy Act 2017", "Chapter 4"),
        ("Part 4 section 64 of the DEA", "in Part 5, not Part 4"),
        ("section 135 of the Digital Economy Act 2017", "has no section 135"),
        ("the Data Protection Act 1998", "superseded by the Data Protection Act 2018"),
        ("Article 22 of the UK GDPR", "22A"),
        ("section 6 of the UK GDPR", "an article of UK GDPR"),
        ("section 122 SSAA 1992", "s127"),
        ("SSAA 1992 s122", "s127"),
        ("Article 48 of the Digital Economy Act 2017", "not an article"),
        ("Sharing of Secrets Act 1999", "not in the library"),
        ("section 56 and Schedule 7 of the DEA", "section 56 has Schedule 8"),
        ("DEA 2017 s48, Schedule 4", "Schedule 4 is for section 35"),
        ("clause 39 of the Digital Economy Bill", "not the sections of the Act"),
        ("section 68(5) of the Serious Crime Act 2007", "omitted"),
        ("Article 89 UK GDPR", "84A"),
    ],
)
def test_other_faults_are_found(text, words):
    found = says(text)
    assert found
    assert any(words in each for each in found), found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "section 48 of the Digital Economy Act 2017",
        "Digital Economy Act 2017 Part 5 Chapter 3 section 48",
        "paragraph 8 of Schedule 7 to the Digital Economy Act 2017",
        "Digital Economy Act 2017, Schedule 7 paragraph 8",
        "Article 6(1)(e) of the UK GDPR and section 8 of the Data Protection Act 2018",
        "section 48 of and Schedule 7 to the Digital Economy Act 2017",
        "Article 22A of the UK GDPR and Article 44A of the UK GDPR",
        "section 68(4) of the Serious Crime Act 2007",
        "We met on 12 May and agreed paragraph 3 of the minutes.",
    ],
)
def test_what_is_right_or_no_citation_is_left_alone(text):
    assert says(text) == []


@given(st.text(max_size=400))
def test_any_text_is_read_without_failing(text):
    lint(f"{text} Digital Economy Act 2017 {text}", ACTS)


def test_a_text_too_long_is_refused_and_a_long_one_is_quick():
    with pytest.raises(TooLarge):
        lint("x" * 1_000_000, ACTS)
    lint("Digital Economy Act 2017 section 48 " * 5_000, ACTS)
    lint("Act " * 40_000, ACTS)
