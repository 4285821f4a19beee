"""Pages of the analysis room: who may see which, and the way from question to release."""

from __future__ import annotations

import pytest
from django.test import Client

from factories import BY_BENEFIT, World, give_role, question, vote
from staithe.analysis.actions import release_output
from staithe.analysis.models import Output, Query


pytestmark = pytest.mark.django_db
EVERYBODY = ["ann", "bob", "cat", "olive", "ruth", "raj", "rose", "rex", "vera", "sam"]
MEMBERS = {"ann", "bob"}
REVIEWERS = {"ruth", "raj", "rose"}
ASKED = {
    "title": "Benefits by region",
    "sql": BY_BENEFIT,
    "rows": "benefit_type",
    "columns": "region",
    "measure": "count",
    "summed": "",
}


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text(response) -> str:
    return " ".join(response.content.decode().split())


def allowed(world, paths, who) -> list[int]:
    client = signed_in(getattr(world, who))
    return [client.get(path).status_code for path in paths]


# Truth tables


@pytest.mark.parametrize("who", EVERYBODY)
def test_questions_are_for_members(answered, who):
    world, query = answered
    project = query.project.reference
    paths = [
        f"/projects/{project}/ask",
        f"/projects/{project}/questions",
        f"/queries/{query.reference}",
        f"/queries/{query.reference}?format=csv",
    ]
    wanted = 200 if who in MEMBERS else 403
    assert allowed(world, paths, who) == [wanted] * 4
    submit = 200 if who == "ann" else 403
    assert allowed(world, [f"/queries/{query.reference}/submit"], who) == [submit]


@pytest.mark.parametrize("who", EVERYBODY)
def test_an_output_in_review_is_for_members_reviewers_and_overseers(sent, who):
    world, output = sent
    paths = [f"/outputs/{output.reference}", f"/queries/{output.query.reference}"]
    wanted = 200 if who in MEMBERS | REVIEWERS | {"vera"} else 403
    assert allowed(world, paths, who) == [wanted, wanted]
    listed = output.title in text(signed_in(getattr(world, who)).get("/outputs"))
    assert listed == (wanted == 200)


@pytest.mark.parametrize("who", EVERYBODY)
def test_the_review_form_is_for_who_may_vote(sent, who):
    world, output = sent
    page = signed_in(getattr(world, who)).get(f"/outputs/{output.reference}")
    assert ("Record your decision" in text(page)) == (who in REVIEWERS)
    posted = signed_in(getattr(world, who)).post(
        f"/outputs/{output.reference}", {"vote": "approve", "comment": "Fine."}
    )
    assert posted.status_code == (302 if who in REVIEWERS else 403)
    assert output.reviews.count() == (1 if who in REVIEWERS else 0)


@pytest.mark.parametrize("who", EVERYBODY)
def test_release_and_withdrawal_are_for_who_may(approved, who):
    world, output = approved
    path = f"/outputs/{output.reference}"
    release = 200 if who in REVIEWERS else 403
    withdraw = 200 if who == "ann" else 403
    found = allowed(world, [f"{path}/release", f"{path}/withdraw"], who)
    assert found == [release, withdraw]
    client = signed_in(getattr(world, who))
    if release == 403:
        assert client.post(f"{path}/release").status_code == 403
    if withdraw == 403:
        assert client.post(f"{path}/withdraw").status_code == 403
    output.refresh_from_db()
    assert output.state == Output.State.APPROVED


@pytest.mark.parametrize("who", EVERYBODY)
def test_what_is_out_is_for_everybody_but_its_question_and_reviews_are_not(
    approved, who
):
    world, output = approved
    release_output(output=output, by=world.raj, at=world.later())
    client = signed_in(getattr(world, who))
    page = client.get(f"/outputs/{output.reference}")
    assert page.status_code == 200
    inside = who in MEMBERS | REVIEWERS | {"vera"}
    assert ("Ruth says so." in text(page)) == inside
    question = client.get(f"/queries/{output.query.reference}")
    assert question.status_code == (200 if inside else 403)


@pytest.mark.parametrize(
    "path", ["/outputs", "/outputs/{o}", "/queries/{q}", "/projects/{p}/ask"]
)
def test_who_is_not_signed_in_is_asked_to(sent, path):
    _, output = sent
    path = path.format(
        o=output.reference,
        q=output.query.reference,
        p=output.query.project.reference,
    )
    assert Client().get(path)["Location"].startswith("/sign-in?next=")


@pytest.mark.parametrize(
    "path", ["/outputs/OUT-X", "/queries/QRY-X", "/projects/P/ask"]
)
def test_what_is_not_there_is_not_found(answered, path):
    world, _ = answered
    assert signed_in(world.ann).get(path).status_code == 404


# Asking


def test_the_first_question_starts_from_an_example_of_ones_own_tables(two):
    world, project = two
    client = signed_in(world.ann)
    path = f"/projects/{project.reference}/ask"
    body = text(client.get(path))
    assert "This example is made from your tables" in body
    assert "JOIN hospital_care USING (person)" in body
    assert "222 rows of" in body
    assert "Work Office" in body


def test_the_example_can_be_asked_as_it_is(two):
    """Whatever the tables hold, the example gives an answer."""
    from staithe.analysis.examples import example_for
    from staithe.exchange.queries import project_tables

    world, project = two
    example = example_for(project_tables(project, person=world.ann, at=world.at))
    assert example is not None
    client = signed_in(world.ann)
    response = client.post(
        f"/projects/{project.reference}/ask", example.as_initial() | {"summed": ""}
    )
    assert response.status_code == 302, text(response)
    assert Query.objects.get().state == Query.State.DONE


def test_asking_leads_to_the_answer_with_why_and_how(one):
    world, project = one
    client = signed_in(world.ann)
    response = client.post(f"/projects/{project.reference}/ask", ASKED)
    query = Query.objects.get()
    assert response["Location"] == f"/queries/{query.reference}"
    page = text(client.get(response["Location"]))
    for words in ("What was hidden, and why", "Could a hidden number be worked out?",
                  "Send it for review", "at least 10 people", "[c]",
                  "rounded to a multiple of 5", "SELECT person, benefit_type"):  # fmt: skip
        assert words in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": ""}, "Enter the title"),
        ({"sql": ""}, "Enter the SQL"),
        ({"rows": ""}, "Enter the column that makes the rows"),
        ({"measure": "sum"}, "Enter the column to add up"),
        ({"measure": "median"}, "not one of the available choices"),
        ({"rows": "nothing"}, "does not return the column nothing"),
        ({"columns": "benefit_type"}, "must be a different column"),
        ({"sql": "SELECT person FROM secrets"}, "secrets"),
        ({"sql": "DELETE FROM benefit_spells"}, "SELECT"),
    ],
)
def test_what_was_typed_stays_beside_what_is_wrong_with_it(one, changes, words):
    world, project = one
    sent = ASKED | changes
    response = signed_in(world.ann).post(f"/projects/{project.reference}/ask", sent)
    assert response.status_code == 422
    page = text(response)
    assert "There is a problem" in page
    assert words in page
    for value in (sent["title"], sent["rows"]):
        assert value in page


def test_a_sum_is_asked_for_by_its_column(one):
    world, project = one
    sent = ASKED | {
        "sql": "SELECT person, region, weekly_amount FROM benefit_spells",
        "rows": "region",
        "columns": "",
        "measure": "sum",
        "summed": "weekly_amount",
    }
    client = signed_in(world.ann)
    response = client.post(f"/projects/{project.reference}/ask", sent)
    assert response.status_code == 302, text(response)
    query = Query.objects.get()
    assert query.table["measure"] == "sum:weekly_amount"
    page = text(client.get(response["Location"]))
    assert "2 largest contributions" in page
    again = text(
        client.get(f"/projects/{project.reference}/ask?from={query.reference}")
    )
    assert 'value="weekly_amount"' in again


def test_markup_in_a_question_is_text(one):
    world, project = one
    sent = ASKED | {"title": "<script>alert(1)</script>", "sql": "SELECT '<b>'"}
    page = text(signed_in(world.ann).post(f"/projects/{project.reference}/ask", sent))
    assert "<script>alert" not in page
    assert "&lt;b&gt;" in page


def test_an_earlier_question_can_be_asked_again_changed(answered):
    world, query = answered
    client = signed_in(world.bob)
    path = f"/projects/{query.project.reference}/ask"
    page = text(client.get(f"{path}?from={query.reference}"))
    assert "SELECT person, benefit_type, region" in page
    assert 'value="benefit_type"' in page


def test_a_question_of_another_project_is_not_copied(answered):
    world, query = answered
    other = world.project("Another")
    page = text(
        signed_in(world.ann).get(
            f"/projects/{other.reference}/ask?from={query.reference}"
        )
    )
    assert "SELECT person" not in page


def test_with_no_data_the_page_says_what_is_missing(home):
    world = World(home)
    project = world.project()
    page = text(signed_in(world.ann).get(f"/projects/{project.reference}/ask"))
    assert "There is no data to ask yet" in page
    assert "Ask</button>" not in page


def test_the_csv_is_the_released_form(answered):
    world, query = answered
    response = signed_in(world.ann).get(f"/queries/{query.reference}?format=csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="{query.reference}.csv"' in response["Content-Disposition"]
    assert response.content.decode() == query.result["csv"]


def test_a_refused_question_shows_why_and_offers_another_try(one):
    world, project = one
    query = question(world, project, sql="SELECT person, nonsense FROM benefit_spells")
    client = signed_in(world.ann)
    page = text(client.get(f"/queries/{query.reference}"))
    assert "nonsense" in page
    assert "Change it and ask again" in page
    page = text(client.get(f"/projects/{project.reference}"))
    assert "Refused" in page
    response = client.get(f"/queries/{query.reference}?format=csv")
    assert "text/html" in response["Content-Type"]


def test_all_questions_are_listed_in_pages(answered):
    world, query = answered
    for number in range(30):
        question(world, query.project, title=f"Number {number}", sql="SELECT")
    client = signed_in(world.ann)
    path = f"/projects/{query.project.reference}"
    assert "See all 31 questions" in text(client.get(path))
    first = text(client.get(f"{path}/questions"))
    second = text(client.get(f"{path}/questions?page=2"))
    assert "Number 29" in first
    assert query.title in second


# From the answer to release


def test_the_whole_way_by_pages(answered):
    world, query = answered
    ann, ruth, raj = (signed_in(p) for p in (world.ann, world.ruth, world.raj))
    submit = f"/queries/{query.reference}/submit"
    refused = ann.post(submit, {"title": "Benefits", "description": ""})
    assert refused.status_code == 422
    assert "Enter the description" in text(refused)
    sent = ann.post(submit, {"title": "Benefits", "description": "Counts."})
    output = Output.objects.get()
    path = f"/outputs/{output.reference}"
    assert sent["Location"] == path
    assert "Two reviewers have been asked" in text(ann.get(path))
    assert "Waiting for your review" in text(ruth.get("/outputs"))
    form = text(ruth.get(path))
    assert "Every hidden cell, with its reason" in form
    assert "fewer people than the threshold" in form
    refused = ruth.post(path, {"vote": "approve", "comment": ""})
    assert refused.status_code == 422
    assert ruth.post(path, {"vote": "approve", "comment": "Safe."}).status_code == 302
    assert "Safe." in text(ruth.get(path)), "one’s own vote is shown"
    assert "Safe." not in text(raj.get(path))
    assert "Safe." not in text(ann.get(path))
    raj.post(path, {"vote": "approve", "comment": "Safe too."})
    page = text(ann.get(path))
    assert "Safe." in page
    assert "Safe too." in page
    assert "Release it" not in page
    assert "Release it" in text(raj.get(path))
    assert "Once people have copied it" in text(raj.get(f"{path}/release"))
    done = raj.post(f"{path}/release")
    assert done["Location"] == f"{path}/released"
    page = text(raj.get(done["Location"]))
    output.refresh_from_db()
    assert output.released_as.reference in page
    public = text(Client().get(f"/catalogue/{output.released_as.slug}"))
    assert "How it was protected" in public


def test_a_returned_output_says_what_to_do(sent):
    world, output = sent
    vote(world, output, world.ruth, "return")
    vote(world, output, world.raj, "approve")
    page = text(signed_in(world.ann).get(f"/outputs/{output.reference}"))
    assert "The reviewers ask for changes" in page
    assert f"?from={output.query.reference}" in page


def test_withdrawing_by_the_page(sent):
    world, output = sent
    client = signed_in(world.ann)
    path = f"/outputs/{output.reference}"
    assert client.get(f"{path}/released").status_code == 404
    assert client.post(f"{path}/withdraw")["Location"] == path
    assert "Withdrawn" in text(client.get(path))
    assert client.get(f"{path}/withdraw").status_code == 409


def test_outputs_are_listed_by_state_and_as_csv(sent):
    world, output = sent
    client = signed_in(world.ruth)
    assert output.title in text(client.get("/outputs?state=in-review"))
    assert "None is in this state" in text(client.get("/outputs?state=released"))
    lines = client.get("/outputs?format=csv").content.decode().splitlines()
    assert lines[0] == "reference,title,project,state,submitted"
    assert lines[1].startswith(output.reference)


def test_an_author_who_is_a_reviewer_too_sees_no_form(sent):
    world, output = sent
    give_role(world.ann, "reviewer", world.centre)
    page = text(signed_in(world.ann).get(f"/outputs/{output.reference}"))
    assert "Record your decision" not in page
    assert "Waiting for your review" not in text(signed_in(world.ann).get("/outputs"))


def test_who_has_nothing_sees_an_empty_list(answered):
    world, _ = answered
    assert "No outputs yet" in text(signed_in(world.sam).get("/outputs"))


def test_the_author_reads_who_releases_an_approved_output(approved):
    world, output = approved
    page = text(signed_in(world.ann).get(f"/outputs/{output.reference}"))
    assert "Two reviewers approved this output." in page
    for person in (world.raj, world.rose, world.ruth):
        assert person.name in page.split("one of the people who may:")[1].split(".")[0]
    assert "Release it" not in page
