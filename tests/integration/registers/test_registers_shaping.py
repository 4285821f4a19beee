"""What a register is: made on a page, declared in a file, changed by the rules."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import BadInput, Conflict, NotAllowed
from staithe.ledger.models import Event
from staithe.people.roles import Role
from staithe.registers import details, shaping
from staithe.registers.actions import change_schema, create_register, schema_of
from staithe.registers.declaration import parse
from staithe.registers.declaring import declare_register
from staithe.registers.models import Register, Update
from staithe.registers.schema import Field


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
PARKS = "Park code,Name,Opened,Ward no.,Notes\nP1,North,1901-05-01,007,\nP2,South,1950,012,x\n"
YAML = """
register: bench
title: Benches
description: Where to sit
owner: mapping-body
writers: [other-body]
owner-role: Head of Benches
answer-within-days: 10
second-person: true
public: false
fields: [{id: name}, {id: end-date, datatype: datetime}]
"""


@pytest.fixture
def asked(body):
    return {
        "title": "Parks", "name": "park", "description": "Public parks",
        "owner": body.slug, "owner_role": "Head of Parks", "licence": "OGL",
        "review_every_days": "91",
    }  # fmt: skip


class Filled(HTMLParser):
    """What a browser would send back of a page, by name, without anybody touching it."""

    def __init__(self, page) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self._select = ""
        self.feed(page.text.partition("<main")[2])
        self.sent.pop("csrfmiddlewaretoken", None)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "select":
            self._select = found["name"]
        elif tag == "option" and "selected" in found and found.get("value"):
            self.sent[self._select] = found["value"]
        elif tag == "input" and (found["type"] == "hidden" or "checked" in found):
            self.sent[found["name"]] = found["value"]


def without(sent: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in sent.items() if key != name}


def test_a_spreadsheet_becomes_a_register_in_one_sitting(
    owner, client, asked, held, sends
):
    client.force_login(owner)
    assert "Make a register" in client.get("/registers").text
    assert "The list as it is now" in client.get("/registers/new").text
    file = SimpleUploadedFile("parks.csv", PARKS.encode())
    page = client.post("/registers/new", asked | {"file": file})
    assert not Register.objects.filter(name="park").exists()  # the key is asked first
    made = client.post("/registers/new", Filled(page).sent)
    park = Register.objects.get(name="park")
    fields = {f.id: f.datatype for f in schema_of(park).fields.values()}
    assert fields == {
        "park": "string", "name": "string", "opened": "datetime", "ward-no": "string",
        "notes": "string", "end-date": "datetime",
    }  # fmt: skip
    place = made.headers["Location"]
    page = client.get(place).text
    assert page.count("selected") == 5  # the key column is known too
    answers = {
        "c0": "park",
        "c1": "name",
        "c2": "opened",
        "c3": "ward-no",
        "c4": "notes",
    }
    sends(client.post(place, answers))
    assert held(park, "P1") == {
        "park": "P1", "name": "North", "opened": "1901-05-01", "ward-no": "007",
    }  # fmt: skip
    assert "Head of Parks" in client.get("/registers/park").text


SCHOOLS = "Ref,School name,School\nA 1,Hill,x\nA 2,Hill,\nA 3,Dale,y\n"


def test_the_key_is_asked_first_and_no_field_is_left_over(
    owner, client, asked, held, sends
):
    """The button is pressed without changes, as the guide says."""
    client.force_login(owner)
    file = SimpleUploadedFile("schools.csv", SCHOOLS.replace("A ", "A").encode())
    page = client.post("/registers/new", asked | {"name": "school", "file": file})
    sent = Filled(page).sent
    assert sent["column"] == "Ref"
    for bad in (without(sent, "column"), sent | {"column": "Nothing"}):
        assert client.post("/registers/new", bad).status_code == 422
    made = client.post("/registers/new", sent)
    school = Register.objects.get(name="school")
    fields = ["school", "school-name", "name", "end-date"]
    assert list(schema_of(school).fields) == fields
    place = made.headers["Location"]
    mapping = client.get(place)
    assert "came before" not in mapping.text
    shown = Filled(mapping).sent
    assert shown == {"c0": "school", "c1": "school-name", "c2": "name"}
    sends(client.post(place, shown))
    assert held(school, "A1") == {"school": "A1", "school-name": "Hill", "name": "x"}


def test_a_file_that_cannot_be_read_makes_no_register(owner, client, asked):
    client.force_login(owner)
    file = SimpleUploadedFile("parks.csv", b"\x00\x01binary")
    answer = client.post("/registers/new", asked | {"file": file})
    assert answer.status_code == 422
    assert not Register.objects.filter(name="park").exists()


COLUMNS = st.lists(
    st.sampled_from(["Ref", "ref", "School", "Name", "Ward no.", "Ward no", "£", "1"]),
    min_size=1, max_size=6, unique=True,
)  # fmt: skip
CELLS = st.sampled_from(["", "a", "b", "A 1", "2"])


@given(COLUMNS, st.data())
def test_any_list_has_one_key_and_its_fields_are_just_its_other_columns(columns, data):
    row = st.fixed_dictionaries(dict.fromkeys(columns, CELLS))
    rows = data.draw(st.lists(row, max_size=4))
    own = shaping.key_column("school", columns, rows)
    texts = [row[own] for row in rows] if own else []
    assert not own or (all(texts) and len(set(texts)) == len(texts))
    own = own or data.draw(st.sampled_from(columns))
    fits = shaping.columns_as_fields("school", columns, own=own)
    assert fits[own] == "school"
    used = [field for field in fits.values() if field]
    assert len(used) == len(set(used))
    made = {field.id for field in shaping.fields_for(fits, "school", rows)}
    assert made == set(used) - {"school"} | {"end-date"}


def test_a_register_without_a_list_starts_with_the_usual_fields(owner, client, asked):
    client.force_login(owner)
    made = client.post("/registers/new", asked)
    assert made.headers["Location"] == "/registers/park"
    park = Register.objects.get(name="park")
    assert list(schema_of(park).fields) == ["park", "name", "start-date", "end-date"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"name": "Park s"}, "cannot be a name"),
        ({"name": "town"}, "There is a register town already"),
        ({"name": "queue"}, "cannot be called queue"),
        ({"title": ""}, "Enter the title"),
        ({"owner": "other"}, "Select a valid choice"),
        ({"owner_role": ""}, "Enter the role that answers for it"),
        ({"review_every_days": "0"}, "must be 1 or more"),
    ],
)
def test_a_register_that_cannot_be_is_refused_in_a_sentence(
    owner, client, asked, changed, says
):
    client.force_login(owner)
    answer = client.post("/registers/new", asked | changed)
    assert (answer.status_code, says in answer.text) == (422, True), answer.text
    assert Register.objects.count() == 1


def test_only_whoever_shapes_registers_makes_one(owner, join, client, asked):
    client.force_login(join("Off", Role.DATA_SHARING_OFFICER))
    assert client.get("/registers/new").status_code == 403
    assert client.post("/registers/new", asked).status_code == 403
    assert client.get("/registers/town/about").status_code == 403
    assert client.get("/registers/town/fields/new").status_code == 403
    with pytest.raises(NotAllowed):
        create_register(
            name="x", title="X", owner=None, by=join("Z", Role.DATA_OWNER), at=AT
        )


# ---------------------------------------------------------------- declared


def test_one_file_declares_who_may_write_and_what_is_promised(owner, body, client):
    from staithe.people.actions import create_organisation

    other = create_organisation(name="Other Body", kind="other", by=None, at=AT)
    client.force_login(owner)
    assert "One file says" in client.get("/registers/new/declaration").text
    file = SimpleUploadedFile("bench.yaml", YAML.encode())
    made = client.post("/registers/new/declaration", {"file": file})
    assert made.headers["Location"] == "/registers/bench"
    bench = Register.objects.get(name="bench")
    assert list(bench.writers.all()) == [other]
    event = Event.objects.filter(name="registers:register:created").last()
    assert json.loads(event.body)["writers"] == ["other-body"]
    assert bench.answer_within_days == 10
    assert bench.needs_second_person
    assert not bench.is_public
    told = details.details_of(bench)
    again = declare_register(declared=parse(YAML.encode()), by=None, at=AT)
    assert details.details_of(again) == told
    changed = YAML.replace("writers: [other-body]", "writers: []").replace("10", "5")
    declare_register(declared=parse(changed.encode()), by=None, at=AT)
    bench.refresh_from_db()
    told = details.details_of(bench)
    assert (told["writers"], told["answer_within_days"]) == ("", "5")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"{", "cannot be read as YAML"),
        (b"register: bench\ntitle: x\nfields: [{id: name}]\nwriters: x", "lists"),
        (YAML.replace("{id: name}", "{id: name}, {id: name}").encode(), "name once"),
        (YAML.replace("[other-body]", "[nobody]").encode(), "no organisation"),
        (YAML.replace("mapping-body", "nobody").encode(), "no organisation"),
        (b"#" * (1 << 20) + b"\nx", "larger than 1 MB"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused_and_leaves_nothing(
    owner, client, data, says
):
    client.force_login(owner)
    file = SimpleUploadedFile("bench.yaml", data)
    answer = client.post("/registers/new/declaration", {"file": file})
    assert (answer.status_code, says in answer.text) == (422, True), answer.text
    assert not Register.objects.filter(name="bench").exists()


def test_what_a_declaration_leaves_out_stays_and_no_owner_is_changed(owner, body):
    from staithe.people.actions import create_organisation

    create_organisation(name="Other Body", kind="other", by=None, at=AT)
    told = YAML.replace(
        "{id: name}", "{id: name, text: What it is called., erasable: true}"
    )
    bench = declare_register(declared=parse(told.encode()), by=None, at=AT)
    size = bench.metadata_size
    less = YAML.replace("description: Where to sit\n", "").replace(
        "{id: end-date, datatype: datetime}", "{id: end-date}"
    )
    again = declare_register(declared=parse(less.encode()), by=None, at=AT)
    assert again.metadata_size == size
    field = schema_of(bench).fields["name"]
    assert (field.text, field.erasable) == ("What it is called.", True)
    other = parse(YAML.replace("mapping-body", "oth").encode())
    with pytest.raises(Conflict, match="is kept by mapping-body, not oth"):
        declare_register(declared=other, by=None, at=AT)


@pytest.mark.parametrize("kind", ["point", "polygon"])
def test_a_field_that_nothing_checks_is_not_added_to_a_register(town, kind):
    plain = YAML.replace("[other-body]", "[]").replace("owner: mapping-body\n", "")
    data = plain.replace("datatype: datetime", f"datatype: {kind}").encode()
    with pytest.raises(BadInput, match=f"cannot be a {kind}"):
        declare_register(declared=parse(data), by=None, at=AT)
    with pytest.raises(BadInput, match=f"cannot be a {kind}"):
        change_schema(register=town, fields=[Field("at", kind)], by=None, at=AT)


def test_a_declaration_is_no_way_round_the_owner(owner, join, body):
    from staithe.people.actions import create_organisation

    other = create_organisation(name="Other Body", kind="other", by=None, at=AT)
    stranger = join("Eve", Role.DATA_OWNER, other)
    with pytest.raises(NotAllowed):
        declare_register(declared=parse(YAML.encode()), by=stranger, at=AT)
    declare_register(declared=parse(YAML.encode()), by=None, at=AT)
    more = YAML.replace("{id: name}", "{id: name}, {id: colour}")
    with pytest.raises(NotAllowed, match="asks for two people"):
        declare_register(declared=parse(more.encode()), by=owner, at=AT)
    bench = Register.objects.get(name="bench")
    assert "colour" not in schema_of(bench).fields


# ---------------------------------------------------------------- about it


def test_what_a_register_says_of_itself_is_changed_after_it_was_shown(
    owner, body, client, sends
):
    client.force_login(owner)
    page = client.get("/registers/town/about").text
    assert 'value="Towns"' in page
    asked = {
        "title": "Towns and cities", "description": "Places", "owner_role": "Head",
        "licence": "OGL", "copyright": "", "review_every_days": "30",
        "answer_within_days": "5", "is_public": "yes", "needs_second_person": "no",
        "ended_on": "", "end_reason": "", "replacement": "", "writers": [body.slug],
    }  # fmt: skip
    answer = client.post("/registers/town/about", asked)
    page = client.get(answer.headers["Location"]).text
    assert "Towns and cities" in page
    assert Register.objects.get().title == "Towns"
    sends(answer)
    town = Register.objects.get()
    assert (town.title, town.review_every_days) == ("Towns and cities", 30)
    assert (town.answer_within_days, list(town.writers.all())) == (5, [body])
    same = client.post("/registers/town/about", asked)
    assert (same.status_code, "nothing to change" in same.text) == (422, True)
    wrong = client.post("/registers/town/about", asked | {"ended_on": "soon"})
    assert "a date such as 2026-04-01" in wrong.text


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"colour": "red"}, "no detail colour"),
        ({"title": ""}, "Enter the title"),
        ({"title": "x" * 201}, "at most 200"),
        ({"review_every_days": "-1"}, "a whole number from 1"),
        ({"is_public": "perhaps"}, "answer yes or no"),
        ({"ended_on": "2026-02-30"}, "a date such as"),
    ],
)
def test_a_detail_that_cannot_be_is_refused(owner, town, told, says):
    with pytest.raises(BadInput, match=says):
        details.change_details(register=town, details=told, by=owner, at=AT)


# ---------------------------------------------------------------- its fields


def test_a_field_is_added_and_its_meaning_made_clearer(owner, town, client, sends):
    client.force_login(owner)
    page = client.get("/registers/town").text
    assert "/registers/town/fields/new" in page
    assert "never be changed" in client.get("/registers/town/fields/new").text
    new = {
        "id": "county", "text": "Where it lies.", "datatype": "string",
        "cardinality": "1", "register": "county",
    }  # fmt: skip
    sends(client.post("/registers/town/fields/new", new))
    field = schema_of(town).fields["county"]
    assert (field.register, field.text) == ("county", "Where it lies.")
    place = "/registers/town/fields/county"
    assert "Where it lies." in client.get(place).text
    sends(client.post(place, {"text": "The county it lies in."}))
    assert schema_of(town).fields["county"].text == "The county it lies in."
    again = client.post(place, {"text": "The county it lies in."})
    assert "The text is the same" in again.text
    assert client.get("/registers/town/fields/nothing").status_code == 404


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"id": "name"}, "There is a field name already"),
        ({"id": "Two words"}, "cannot be a name"),
        ({"id": ""}, "Enter the name of the field"),
        ({"register": "Not A Name"}, "cannot be a name"),
        ({"datatype": "point"}, "Select a valid choice"),
        ({"text": " "}, "Answer the question"),
    ],
)
def test_a_field_that_cannot_be_is_refused(owner, town, client, changed, says):
    client.force_login(owner)
    new = {"id": "county", "text": "x", "datatype": "string", "cardinality": "1"}
    answer = client.post("/registers/town/fields/new", new | changed)
    assert (answer.status_code, says in answer.text) == (422, True), answer.text
    assert not Update.objects.exists()


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "20"], "integer"), (["01", "20"], "string"), (["true"], "boolean"),
        (["2020-01-01", "2019"], "datetime"), (["https://a.b/"], "url"), ([], "string"),
        (["a" * 201], "text"), (["a\nb"], "text"), (["1.5"], "string"),
    ],
)  # fmt: skip
def test_the_narrowest_datatype_that_every_value_fits_is_taken(texts, kind):
    assert shaping.datatype_for(texts) == kind


def test_a_register_has_no_more_fields_than_anyone_reads(owner, town, monkeypatch):
    monkeypatch.setattr(shaping, "MOST_FIELDS", 6)
    with pytest.raises(BadInput, match="at most 6 fields"):
        shaping.new_field(town, Field("county"))
