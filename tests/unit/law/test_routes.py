"""The shipped routes are complete, dated and cited; a faulty file is refused whole."""

from __future__ import annotations

from datetime import date, timedelta
from fnmatch import fnmatch

import pytest
import yaml

from staithe.base.errors import NotFound
from staithe.law.loader import BadLibrary, read_library
from staithe.law.purposes import PURPOSES
from staithe.law.reading import shipped_texts
from staithe.law.routes import fit, get_route, load_routes, party_texts, routes_for
from staithe.law.vocabulary import CONDITIONS, DOCUMENTS, KINDS, PARTIES
from staithe.people.models import OrganisationKind


ROUTE = """
id: some-route
title: A route
summary: Something may be shared.
kind: permits
citation: DEA 2017 s48
status: found
version_seen: as enacted
checked_on: 2026-07-01
reviewer: none yet
nations: [England]
valid_from: 2018-05-01
valid_to: 2020-05-01
dates_status: verify
purposes: [debt-recovery]
holders: {who: A listed body., listed: [local-authority], barred: [public]}
recipients: {who: A listed body.}
conditions: [minimised]
documents: [dpia]
onward: None.
sources: [DEA-s35]
"""


def changed(**changes):
    return yaml.safe_dump(yaml.safe_load(ROUTE) | changes)


def library_with(text, name="gateways/some-route.yaml"):
    return read_library({**shipped_texts(), name: text})


def faults_of(text, name="gateways/some-route.yaml"):
    with pytest.raises(BadLibrary) as refusal:
        library_with(text, name)
    return refusal.value.faults


def test_at_least_ten_gateways_ship_each_with_a_citation_conditions_and_a_date():
    routes = load_routes().routes
    assert len(routes) >= 10
    for route in routes:
        assert route.citation
        assert route.conditions or route.id == "open-release"
        assert route.checked_on
        assert route.reviewer
        assert route.sources or route.status == "verify"
        assert set(route.condition_texts) == set(route.conditions)
        assert set(route.document_texts) == set(route.documents)
        assert set(route.purpose_texts) == set(route.purposes)


def test_every_kind_of_purpose_has_a_route_today():
    for code in PURPOSES:
        assert routes_for(code, on=date(2026, 11, 1)), code


def test_routes_for_a_purpose_are_exactly_those_that_list_it():
    for code in PURPOSES:
        listed = {
            r.id
            for r in load_routes().routes
            if any(code == p or (len(p) > 1 and fnmatch(code, p)) for p in r.purposes)
        }
        assert {route.id for route in routes_for(code)} == listed


def test_a_route_is_offered_only_between_its_dates():
    route = library_with(ROUTE).find("some-route")
    day = timedelta(days=1)
    assert not route.in_force(route.valid_from - day)
    assert route.in_force(route.valid_from)
    assert route.in_force(route.valid_to)
    assert not route.in_force(route.valid_to + day)
    assert not routes_for("debt-recovery", on=date(2001, 1, 1))


def test_a_route_that_is_not_in_the_library_is_not_found():
    assert get_route("dea-64-research").citation == "DEA 2017 s64"
    with pytest.raises(NotFound):
        get_route("dea-99")


def test_ids_are_those_of_the_fact_file(shared_data):
    text = (shared_data / "legal" / "gateways-facts.md").read_text("utf-8")
    gateways = text.partition("Gateway ids:")[2].partition("\n\n")[0]
    documents = text.partition("Document ids:")[2].partition("\n\n")[0]
    conditions = text.partition("Condition ids:")[2].partition("\n\n")[0]
    assert {f"`{route.id}`" for route in load_routes().routes} <= set(gateways.split())
    assert {f"`{each}`" for each in CONDITIONS} <= set(conditions.split())
    assert all(f"`{each}`" in documents for each in DOCUMENTS)
    assert {route.id for route in load_routes().routes} == {
        each.strip("`") for each in gateways.split()
    }


def test_purposes_and_parties_are_those_of_the_fact_file(shared_data):
    text = (shared_data / "legal" / "gateways-facts.md").read_text("utf-8")
    inputs = text.partition("Case inputs")[2].partition("Outputs beyond")[0]
    words = set(inputs.replace(",", " ").replace(".", " ").split())
    assert set(PURPOSES) <= words
    assert set(PARTIES) <= words


def test_whether_a_body_is_listed_is_yes_no_or_ask():
    debt = get_route("dea-48-debt")
    both = fit(debt, holder_kind="local-authority", recipient_kind="university")
    assert (both.holder, both.recipient, both.barred) == ("listed", "barred", True)
    unknown = fit(debt, holder_kind="other", recipient_kind="central-department")
    assert (unknown.holder, unknown.recipient, unknown.barred) == ("ask", "ask", False)


def test_a_health_body_must_ask_before_it_uses_the_research_power():
    research = get_route("dea-64-research")
    asked = fit(research, holder_kind="health-body", recipient_kind="university")
    assert asked.holder == "ask"
    assert asked.recipient == "listed"


def test_a_kind_that_may_be_two_things_is_barred_only_when_both_are():
    minister = get_route("common-law-ram")
    answer = fit(minister, holder_kind="central-department", recipient_kind="other")
    assert answer.holder == "ask"


def test_every_kind_of_organisation_is_mapped_to_kinds_of_party():
    assert set(KINDS) == set(OrganisationKind.values)
    assert set().union(*KINDS.values()) <= set(PARTIES)
    assert party_texts(("nhs-body",)) == ["NHS body"]


def test_a_good_file_is_read():
    route = library_with(ROUTE).find("some-route")
    assert route.holders.listed == ("local-authority",)
    assert route.recipients.listed == ()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "other"}, "id"),
        ({"citation": " "}, "citation"),
        ({"status": "certain"}, "status"),
        ({"kind": "allows"}, "kind"),
        ({"checked_on": "soon"}, "checked_on"),
        ({"nations": ["Narnia"]}, "nations"),
        ({"nations": []}, "nations"),
        ({"purposes": ["fun"]}, "purposes"),
        ({"purposes": []}, "purposes"),
        ({"status": "found", "sources": []}, "sources"),
        ({"citation": "Digital Economy Act, section 48"}, "citation"),
        ({"cites": ["DEA s48"]}, "citation"),
        ({"reviewer": ""}, "reviewer"),
        ({"holders": {"who": "x", "list": "dea-sch-99"}}, "holders.list"),
        ({"holders": {"who": "x", "when": {"holder.typ": "police"}}}, "holders.when"),
        ({"holders": {"who": "x", "when": {"holder.type": "pol"}}}, "holders.when"),
        ({"needs": [{"id": "n", "because": "b"}]}, "needs.n"),
        ({"conditions": ["be-nice"]}, "conditions"),
        ({"conditions": ["minimised", "minimised"]}, "conditions"),
        ({"documents": ["napkin"]}, "documents"),
        ({"valid_to": date(2017, 1, 1)}, "valid_to"),
        ({"holders": {"listed": ["police"]}}, "holders"),
        ({"holders": {"who": "x", "listed": ["aliens"]}}, "holders"),
        (
            {"holders": {"who": "x", "listed": ["police"], "barred": ["police"]}},
            "holders",
        ),
        ({"recipients": {"who": "x", "more": 1}}, "recipients"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_each_fault_is_named_with_its_file_and_field(changes, field):
    faults = faults_of(changed(**changes))
    assert any(
        fault.startswith(f"gateways/some-route.yaml: {field}") for fault in faults
    ), faults


def test_all_faults_of_all_files_are_named_at_once():
    with pytest.raises(BadLibrary) as refusal:
        read_library(
            {
                **shipped_texts(),
                "gateways/some-route.yaml": changed(
                    nations=["Narnia"], purposes=["fun"]
                ),
                "gateways/b.yaml": "id: [",
                "gateways/c.yaml": "- 1",
            }
        )
    text = refusal.value.message
    for words in ("Narnia", "fun", "gateways/b.yaml: not YAML", "gateways/c.yaml"):
        assert words in text


def test_a_key_written_twice_is_a_fault_and_not_a_silent_loss():
    assert "twice" in faults_of(ROUTE + "citation: Act 1999 s9\n")[0]


SHIPPED = [
    (
        "lists/dea-sch-7.yaml",
        "bodies: [dwp], valid_from",
        "bodies: [dvp], valid_from",
        "dvp",
    ),
    ("lists/dea-sch-7.yaml", "10-14", "14-10", "not a list of paragraphs"),
    ("lists/dea-sch-7.yaml", "sources: [BRIGHTON, DUA-CT]", "sources: []", "source"),
    (
        "lists/dea-sch-4.yaml",
        "citation: SI 2018/912 Sch para 1(2)(a)",
        "citation: SI 912 of 2018",
        "short form",
    ),
    (
        "lists/dea-sch-4.yaml",
        "purpose: psd-tv-retuning",
        "purpose: psd-fuel-poverty",
        "valid twice at the same time",
    ),
    ("rows/near.yaml", "dea-36-energy-out", "dea-36-energy", "dea-36-energy"),
    ("rows/bearings.yaml", "conditions: [art10-condition]", "conditions: [a]", "'a'"),
    ("rows/bases.yaml", "UK GDPR Art 6(1)(d)", "Article 6", "short form"),
    ("words/bodies.yaml", "succeeds: [clg]", "succeeds: [lcg]", "lcg"),
    ("words/purposes.yaml", "id: emergency", "id: debt-recovery", "written twice"),
    ("library.yaml", "begins", "starts", "begins"),
]


@pytest.mark.parametrize(("name", "old", "new", "says"), SHIPPED)
def test_a_broken_reference_overlap_or_source_in_any_file_is_named(
    name, old, new, says
):
    text = shipped_texts()[name]
    assert old in text
    faults = faults_of(text.replace(old, new), name)
    assert any(fault.startswith(name) and says in fault for fault in faults), faults


def test_a_file_cannot_make_objects():
    assert faults_of("!!python/object/apply:os.getcwd []")
