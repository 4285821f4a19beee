"""Anyone asks plain questions and links to the answer; every citation opens its rule."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest

from staithe.law.advise import advise
from staithe.law.library import load_library


pytestmark = pytest.mark.django_db

DEBT = (
    "/law/answer?purpose=debt-recovery&holder_type=non-ministerial-department"
    "&holder_name=HMRC&recipient_type=local-authority&personal_data=identifiable"
)


def text_of(response):
    return " ".join(unescape(response.content.decode()).split())


def hidden(response):
    found = re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)"',
        response.content.decode(),
    )
    return [(name, unescape(value)) for name, value in found]


def test_a_person_gets_to_an_explained_answer_in_eight_screens_without_scripts(client):
    answers = [
        {"area": "money"},
        {"purpose": "debt-recovery"},
        {"holder_type": "non-ministerial-department", "holder_name": "HMRC"},
        {"recipient_type": "local-authority"},
        {"personal_data": "identifiable"},
        {"nation": "England"},
    ]
    page = client.get("/law/ask")
    screens = 1
    for answer in answers:
        page = client.get("/law/ask", [*hidden(page), *answer.items()], follow=True)
        assert page.status_code == 200
        screens += 1
    assert screens <= 8
    said = text_of(page)
    assert "A route may apply" in said
    assert "/law/dea-48-debt" in said
    assert "How we got there" in said
    address = page.redirect_chain[-1][0]
    assert dict(parse_qsl(urlsplit(address).query))["purpose"] == "debt-recovery"
    assert text_of(client.get(address)) == said


def test_an_area_narrows_the_purposes_and_not_knowing_shows_them_all(client):
    library = load_library()
    shown = set()
    for area in library.words.areas:
        page = client.get(f"/law/ask?step=purpose&area={area}").content.decode()
        found = set(re.findall(r'name="purpose"[^>]*value="([^"]+)"', page)) - {
            "unknown"
        }
        assert 1 < len(found) < 12, area
        assert not found & shown
        shown |= found
    assert shown == set(library.words.purposes)
    page = client.get("/law/ask?step=purpose&area=unknown").content.decode()
    assert all(f'value="{each}"' in page for each in library.words.purposes)


def test_a_question_without_an_answer_is_asked_again(client):
    page = client.get("/law/ask?sent=purpose&step=purpose")
    assert page.status_code == 422
    assert "There is a problem" in text_of(page)


def test_answering_a_question_of_the_answer_changes_it(client):
    open_ = DEBT.replace("HMRC", "some+body")
    before = text_of(client.get(open_))
    assert "It depends on facts not given" in before
    assert 'name="a.holder-in-dea-sch-7"' in before
    after = text_of(client.get(f"{open_}&a.holder-in-dea-sch-7=yes"))
    assert "A route may apply" in after
    none = text_of(client.get(f"{open_}&a.holder-in-dea-sch-7=no"))
    assert "No route in the library fits" in none


def test_every_citation_of_an_answer_opens_a_rule_with_dates_status_and_source(client):
    page = client.get(DEBT).content.decode()
    links = set(re.findall(r'href="(/law/citation\?c=[^"]+)"', page))
    assert len(links) >= 4
    for link in links:
        rule = text_of(client.get(unescape(link)))
        for words in ("In force from", "Status", "Sources seen", "Checked on"):
            assert words in rule
    assert client.get("/law/citation?c=nonsense").status_code == 404


def test_a_citation_leads_to_the_law_itself_and_to_where_it_was_read(client):
    page = client.get("/law/citation?c=DEA%202017%20s48(1)").content.decode()
    assert 'href="https://www.legislation.gov.uk/ukpga/2017/30/section/48"' in page
    # The source of the row is named in words, and opens where it has an address.
    assert "Digital Economy Act 2017, section 48, as enacted" in page
    assert (
        'href="https://www.legislation.gov.uk/ukpga/2017/30/section/48/enacted"' in page
    )


@pytest.mark.parametrize("each", sorted(load_library().words.circumstances))
def test_each_circumstance_that_may_be_ticked_is_a_fact_that_is_read(client, each):
    facts = load_library().words.circumstances[each].facts
    plain = {"holder": {"type": "local-authority"}, "recipient": {"type": "police"},
             "purpose": {"code": "debt-recovery"}, "personal_data": "identifiable"}  # fmt: skip
    with_it = advise(plain | facts).to_plain()
    assert with_it.pop("ignored_facts") == []
    page = client.get(f"{DEBT}&flag={each}")
    assert page.status_code == 200
    assert load_library().words.circumstances[each].text in text_of(page)


@pytest.mark.parametrize(
    "query",
    [
        "purpose=nonsense&holder_type=x",
        "purpose=debt-recovery&holder_type=martian&recipient_type=police",
        (
            "personal_data=non-personal&flag=health&purpose=emergency&holder_type=police"
            "&recipient_type=police"
        ),
        "a.x=maybe&purpose=emergency",
    ],
)
def test_a_mangled_address_is_refused_in_a_sentence(client, query):
    page = client.get(f"/law/answer?{query}")
    assert page.status_code == 422
    assert "Start again" in text_of(page)


def test_names_that_were_typed_are_shown_to_nobody_as_markup(client):
    page = client.get(f"{DEBT.replace('HMRC', '<script>x</script>')}")
    assert "<script>x" not in page.content.decode()


def test_a_very_long_address_is_refused(client):
    assert client.get(f"/law/answer?purpose={'x' * 5000}").status_code == 404


def test_changes_between_two_days_are_listed_and_download(client):
    page = text_of(client.get("/law/changes"))
    assert "Legitimate interests" in page
    csv = client.get("/law/changes?format=csv").content.decode()
    assert "2026-02-05" in csv
    query = "&".join(
        f"{side}-{part}={value}"
        for side, day in (("start", (2026, 2, 5)), ("end", (2026, 2, 4)))
        for part, value in zip(("year", "month", "day"), day, strict=True)
    )
    assert client.get(f"/law/changes?{query}").status_code == 422


def test_citations_in_pasted_text_are_checked(client):
    page = text_of(client.get("/law/check-citations"))
    assert "Check citations" in page
    token = client.cookies.get("csrftoken")
    data = {"text": "Digital Economy Act 2017 Part 5 Chapter 4 paragraph 48"}
    if token:
        data["csrfmiddlewaretoken"] = token.value
    found = text_of(client.post("/law/check-citations", data))
    assert "section 48 is in Chapter 3 (debt)" in found


def test_programs_ask_the_same_question(client):
    def post(path, body):
        return client.post(path, json.dumps(body), content_type="application/json")

    facts = {
        "holder": {"name": "HMRC", "type": "non-ministerial-department"},
        "recipient": {"type": "local-authority"},
        "purpose": {"code": "debt-recovery"},
        "personal_data": "identifiable",
    }
    advice = post("/api/v1/law/advice", {"facts": facts}).json()
    assert advice["verdict"] == "may-apply"
    assert [g["id"] for g in advice["gateways"]] == ["dea-48-debt"]
    assert post("/api/v1/law/advice?reasoning=true", facts).json()["reasoning"]
    bad = post("/api/v1/law/advice", facts | {"personal_data": "maybe"})
    assert bad.status_code == 400
    assert "pseudonymised" in bad.json()["detail"]
    found = post(
        "/api/v1/law/citations", {"text": "section 99 of the UK Borders Act 2007"}
    )
    assert found.json()[0]["kind"] == "not-found"
    changes = client.get("/api/v1/law/changes?start=2026-01-01&end=2026-03-01").json()
    assert any(c["id"] == "art-6-1-f" and c["what"] == "begins" for c in changes)
