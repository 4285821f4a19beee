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


HOLDER = {"step": "holder", "sent": "holder", "holder_type": "local-authority"}


def test_a_name_of_another_kind_is_refused_where_it_is_given_with_answers_kept(client):
    """HMRC is no council: said on that screen, in plain words."""
    asked = {"area": "money", "purpose": "debt-recovery", **HOLDER}
    page = client.get("/law/ask", {**asked, "holder_name": "HMRC"})
    assert page.status_code == 422
    said = text_of(page)
    assert "HM Revenue and Customs is a non-ministerial department" in said
    assert "holder.type" not in said
    assert ("purpose", "debt-recovery") in hidden(page)
    assert 'value="HMRC"' in said
    page = client.get("/law/ask", {**asked, "holder_name": "Leeds City Council"})
    assert page.status_code == 302


def test_answers_that_disagree_are_kept_with_a_link_to_the_one_at_fault(client):
    """An old address with two answers apart leads to the question, not to the start."""
    bad = DEBT.replace("non-ministerial-department", "local-authority", 1)
    page = client.get(bad)
    assert page.status_code == 422
    (link,) = re.findall(
        r'href="([^"]+)">[^<]+</a> \(this one does not fit\)', page.content.decode()
    )
    assert "step=holder" in link
    again = client.get(unescape(link))
    assert 'value="HMRC"' in again.content.decode()
    assert ("purpose", "debt-recovery") in hidden(again)


def test_the_address_of_an_answer_holds_its_day_and_the_answer_stays(client):
    """An answer is of its day; one without a day offers an address with today's."""
    page = client.get(f"{DEBT}&on=2026-07-01")
    said = text_of(page)
    assert "As the law is encoded for 1 July 2026" in said
    assert "it holds the day" in said
    assert "Ask the same for today" in said
    open_ = text_of(client.get(DEBT))
    assert "This page answers for today" in open_
    assert "on=20" in open_
    asked = {"step": "circumstances", "sent": "circumstances", **dict(
        parse_qsl(urlsplit(DEBT).query))}  # fmt: skip
    sent = client.get("/law/ask", asked)
    assert re.search(r"on=\d{4}-\d\d-\d\d", sent["Location"])


def test_what_was_told_is_told_back_in_words(client):
    """Both names, and no codes or dates of programs."""
    page = client.get(f"{DEBT}&recipient_name=Leeds+City+Council")
    said = text_of(page)
    assert "HMRC (non-ministerial department)" in said
    assert "Leeds City Council (local authority)" in said
    page = client.get(
        "/law/answer?purpose=unknown&holder_name=HMRC&recipient_type=police"
    )
    told = text_of(page).partition("What you told us")[2].partition("Change:")[0]
    assert "unknown" not in told
    assert "non-ministerial department, as its name tells" in told
    words = re.sub(r"<[^>]+>", " ", client.get(DEBT).content.decode())
    assert not re.search(r"\d{4}-\d\d-\d\d", words)
    assert "at which paragraph?" not in words


@pytest.mark.parametrize(
    ("query", "step"),
    [
        ("area=banana", "area"),
        ("area=money&purpose=banana", "purpose"),
        ("purpose=debt-recovery&holder_type=banana", "holder"),
        ("purpose=debt-recovery&recipient_type=banana", "recipient"),
        ("personal_data=banana", "data"),
        ("flag=banana", "circumstances"),
        ("nation=banana", "circumstances"),
    ],
)
def test_an_answer_that_is_not_offered_is_asked_again(client, query, step):
    """Nothing that is not a choice is taken in silence."""
    page = client.get(f"/law/ask?{query}")
    assert page.status_code == 422
    assert f'name="step" value="{step}"' in page.content.decode()
    assert "There is a problem" in text_of(page)


def test_what_the_data_is_about_is_asked_beside_the_answer_and_answered(client):
    """The classes are a choice on the page; they settle the question."""
    query = (
        "/law/answer?purpose=research-education&holder_name=DfE&on=2026-07-01"
        "&recipient_type=university&personal_data=pseudonymised"
    )
    page = client.get(query).content.decode()
    assert 'name="a.data_kinds"' in page
    after = client.get(f"{query}&a.data_kinds=pupil&a.data_kinds=student")
    assert after.status_code == 200
    assert "Which of these is the data about" not in text_of(after)
    assert client.get(f"{query}&a.data_kinds=none").status_code == 200


def test_every_change_of_the_law_is_a_link_once_and_cites_what_made_it(client):
    """Rows and citations open; no row twice; nothing begins before its own law."""
    page = client.get("/law/changes").content.decode()
    body = page[page.index("<tbody") : page.index("</tbody>")]
    rows = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    assert len(rows) == len(set(rows))
    assert all(row.count("<a ") >= 2 for row in rows)
    links = {unescape(each) for each in re.findall(r'href="([^"]+)"', body)}
    for link in sorted(links):
        assert client.get(link).status_code == 200, link
    early = [row for row in rows if "25 May 2018" in row]
    assert not any("SI 2026" in row for row in early)
    assert ">Status<" in re.sub(r"\s+", "", page)


def test_a_checked_text_says_what_was_read_and_what_could_not_be(client):
    """A citation found right, one unread, and a text with none."""
    text = (
        "Section 48 of the Digital Economy Act 2017, and section 12 of that other Act."
    )
    said = text_of(client.post("/law/check-citations", {"text": text}))
    assert "Read, with nothing found against them" in said
    assert "Section 48 of the Digital Economy Act 2017" in said
    assert "Not read: no Act that the library knows" in said
    assert "section 12" in said
    none = text_of(client.post("/law/check-citations", {"text": "We share it."}))
    assert "No citation was found in this text" in none


def test_kinds_of_body_and_purposes_are_grouped_and_explained(client):
    """Each kind has words of its own, under a heading; so has each purpose."""
    words = load_library().words
    said = text_of(client.get("/law/ask?step=holder"))
    assert all(each.more and each.more in said for each in words.parties.values())
    assert "Central government" in said
    said = text_of(client.get("/law/ask?step=purpose&area=unknown"))
    assert all(area.text in said for area in words.areas.values())
    texts = {each.text for each in words.purposes.values()}
    assert "A welfare service" not in texts


def test_a_route_says_in_questions_what_is_not_known_of_it():
    """No label of a test is shown where words belong."""
    advice = advise(
        {"holder": "a body", "recipient": "a body", "purpose": "psd-fuel-poverty"}
    )
    for each in advice.gateways:
        assert "recipient, same objective" not in each.why
        assert "Not known yet" not in each.why
        assert each.fits is True or "?" in each.why
