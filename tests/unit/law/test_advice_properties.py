"""What holds for every answer: questions, dates, unknowns, hostile and bad facts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.law.advise import advise
from staithe.law.library import load_library
from staithe.law.loader import read_library
from staithe.law.reading import shipped_texts
from staithe.law.truth import both, either, opposite


OWN = Path(__file__).resolve().parents[2] / "data" / "law"
WORDS = load_library().words
CASES = [
    case["facts"]
    for file in sorted(OWN.glob("*.yaml"))
    for case in yaml.safe_load(file.read_text("utf-8"))["cases"]
]
PURPOSES = [
    each.replace("*", "blue-badge" if each.startswith("welfare") else "parking")
    for each in WORDS.purposes
]
NAMES = [body.names[0] for body in WORDS.bodies.values()] + ["Someone", "a body", ""]

party = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(NAMES),
        "type": st.sampled_from(sorted(WORDS.parties)),
        "licence": st.sampled_from(["electricity-supply", "water-undertaker"]),
        "schedules": st.lists(
            st.sampled_from(["DEA Sch 4 para 7", "DEA Sch 7 paras 10-14", "Sch 8"]),
            max_size=2,
        ),
    },
)
flag = st.booleans()
item = st.one_of(
    st.sampled_from(["paye-income", "diagnosis", "payroll", "offence", "x"]),
    st.fixed_dictionaries(
        {"name": st.sampled_from(["earnings", "housing-benefit-award"])},
        optional={
            "origin_holder": st.sampled_from(["HMRC", "DWP"]),
            "origin_gateway": st.sampled_from(sorted(WORDS.gateways)),
        },
    ),
)
parties = st.one_of(party, st.lists(party, min_size=1, max_size=2))
facts_of_any_share = st.fixed_dictionaries(
    {"holder": parties, "recipient": parties},
    optional={
        "purpose": st.fixed_dictionaries({"code": st.sampled_from(PURPOSES)}),
        "personal_data": st.sampled_from(WORDS.facts["personal_data"].values),
        "nation": st.lists(
            st.sampled_from(["England", "Wales", "Scotland", "Northern Ireland"]),
            min_size=1,
        ),
        "data_kinds": st.lists(item, max_size=4),
        "special_categories": st.lists(st.sampled_from(["health", "ethnicity"])),
        "route_asked": st.sampled_from(sorted(WORDS.gateways)),
        "origin_gateway": st.sampled_from(sorted(WORDS.gateways)),
        "origin_holder": st.sampled_from(["HMRC", "DWP"]),
        "reciprocal": flag,
        "bulk": flag,
        "onward": flag,
        "onward_to": st.sampled_from(["a contractor", "councils"]),
        "notice_served": flag,
        "accredited_project": flag,
        "accredited_researcher": flag,
        "requested_by_individual": flag,
        "hmrc_consent": flag,
        "criminal_offence": flag,
        "children": flag,
        "regime": st.sampled_from(["general", "law-enforcement-part-3"]),
        "on_behalf_of": st.just(["HM Treasury"]),
        "power_claimed": st.sampled_from(["an MoU", "common law powers"]),
        "lawful_basis_claimed": st.sampled_from(["art-6-1-f", "art-6-1-e", "nonsense"]),
    },
)


def answer(facts, **options):
    """Advise, or None where the facts contradict themselves."""
    try:
        return advise(facts, **options)
    except BadInput:
        return None


@settings(max_examples=150, deadline=None)
@given(facts_of_any_share)
def test_an_answer_is_whole_for_any_facts_of_the_vocabulary(facts):
    advice = answer(facts)
    if advice is None:
        return
    assert advice.verdict in WORDS.verdicts
    fits = {each.id for each in advice.gateways}
    out = {each.id for each in advice.ruled_out}
    assert not fits & out
    assert len(fits) <= 7
    assert len(out) <= 6
    assert all(each.why for each in (*advice.gateways, *advice.ruled_out))
    assert len(set(advice.citations)) == len(advice.citations)
    assert len({q.id for q in advice.questions}) == len(advice.questions)
    assert advice.lists_as_of["library"]


@settings(max_examples=150, deadline=None)
@given(facts_of_any_share)
def test_a_route_may_apply_only_when_nothing_that_decides_it_is_unknown(facts):
    advice = answer(facts)
    if advice is None or advice.verdict not in {"may-apply", "duty"}:
        return
    assert not any(question.decides for question in advice.questions)
    settled = [b for b in advice.reasoning if b.answer is True]
    assert settled
    for branch in settled:
        assert all(step.answer is True for step in branch.steps)


def decided(advice):
    return {q.id: q for q in advice.questions if q.decides and "yes" in q.accepts}


def asked(advice):
    return {q.id: q for q in advice.questions}


def with_answer(facts, question, value):
    if question.fact in WORDS.facts and "." not in question.fact and question.fact:
        return {**facts, question.fact: value}
    return {**facts, "answers": {**facts.get("answers", {}), question.id: value}}


@pytest.mark.parametrize("facts", CASES, ids=range(len(CASES)))
def test_answering_a_question_removes_it_and_only_what_hangs_on_it(facts):
    before = advise(facts)
    if before.verdict != "may-apply-if":
        return
    for question in decided(before).values():
        for value in (True, False):
            after = advise(with_answer(facts, question, value))
            if after.verdict == "prohibited-as-described":
                continue  # an answer that bars the share ends every question
            gone = set(asked(before)) - set(asked(after))
            assert question.id in gone
            hangs = set(question.hangs_on)
            for each in gone - {question.id}:
                assert hangs & set(asked(before)[each].hangs_on), (question, each)
                assert value is False, (question, each)


def settle(facts, limit=12):
    """Answer yes to every question that decides, until none is left."""
    for _ in range(limit):
        advice = advise(facts)
        questions = decided(advice)
        if not questions:
            return advice
        for question in questions.values():
            facts = with_answer(facts, question, value=True)
    return advise(facts)


def test_answering_every_question_leads_out_of_it_depends():
    open_still = []
    for facts in CASES:
        if advise(facts).verdict != "may-apply-if":
            continue
        if any(q.decides and "yes" not in q.accepts for q in advise(facts).questions):
            continue
        if settle(facts).verdict == "may-apply-if":
            open_still.append(facts)
    # Only those that no gateway serves stay open: there is nothing to settle.
    for facts in open_still:
        assert not settle(facts).gateways, facts


LATER = """
  - {paras: "52", who: A newcomer, bodies: [home-office], types: [nhs-body], valid_from: 2026-05-01}
objectives:"""


@settings(max_examples=60, deadline=None)
@given(facts_of_any_share, st.dates(date(2018, 8, 1), date(2026, 4, 30)))
def test_a_later_list_date_never_changes_an_answer_dated_earlier(facts, on):
    name = "lists/dea-sch-4.yaml"
    text = shipped_texts()[name].replace("\nobjectives:", LATER)
    text = text.replace(
        'paras: "6-8, 10-21, 26-27',
        'valid_to: 2026-04-30, paras: "6-8, 10-21, 26-27',
    ).replace(
        "  - {purpose: psd-water-poverty",
        "  - {purpose: psd-fuel-poverty, citation: SI 2018/912 Sch para 1(2)(c), "
        'paras: "1-52", valid_from: 2026-05-01, status: verify}\n'
        "  - {purpose: psd-water-poverty",
    )
    later = later_library(text)
    now, then = answer(facts, on=on), answer(facts, on=on, library=later)
    assert (now and now.to_plain()) == (then and then.to_plain())


_LATER = {}


def later_library(text):
    if text not in _LATER:
        _LATER[text] = read_library({**shipped_texts(), "lists/dea-sch-4.yaml": text})
    return _LATER[text]


def test_the_later_list_does_change_the_answer_dated_later():
    """The oracle of the claim above: the change is one that can be seen."""
    name = "lists/dea-sch-4.yaml"
    text = shipped_texts()[name].replace("\nobjectives:", LATER)
    assert text != shipped_texts()[name]
    facts = {
        "holder": {"name": "Home Office", "type": "ministerial-department"},
        "recipient": {"name": "a council", "type": "local-authority"},
        "purpose": {"code": "psd-multiple-disadvantages"},
        "personal_data": "identifiable",
    }
    later = later_library(text)
    before = advise(facts, on=date(2026, 4, 30), library=later).lists_as_of
    after = advise(facts, on=date(2026, 5, 1), library=later).lists_as_of
    assert before["DEA 2017 Sch 4"] == "2023-12-01"
    assert after["DEA 2017 Sch 4"] == "2026-05-01"


truths = st.sampled_from([True, False, None])


@given(truths, truths, truths)
def test_three_values_combine_as_kleene_said(a, b, c):
    order = {False: 0, None: 1, True: 2}
    assert both([a, b, c]) is min(a, b, c, key=order.get)
    assert either([a, b, c]) is max(a, b, c, key=order.get)
    assert opposite(opposite(a)) is a
    assert opposite(both([a, b])) is either([opposite(a), opposite(b)])


GOOD = {
    "holder": {"name": "DWP", "type": "ministerial-department"},
    "recipient": {"name": "a council", "type": "local-authority"},
    "purpose": {"code": "debt-recovery"},
    "personal_data": "identifiable",
}
BAD = [
    ({"holder": {"type": "martian"}}, "holder.type", "local-authority"),
    ({"recipient": 7}, "recipient", "mapping"),
    ({"purpose": {"code": "debt-recovry"}}, "purpose.code", "debt-recovery"),
    ({"purpose": "welfare-service-"}, "purpose.code", "welfare-service-*"),
    ({"personal_data": "maybe"}, "personal_data", "pseudonymised"),
    ({"nation": ["Narnia"]}, "nation", "Wales"),
    ({"route_asked": "dea-99"}, "route_asked", "dea-48-debt"),
    ({"reciprocal": "perhaps"}, "reciprocal", "true, false"),
    ({"regime": "martial"}, "regime", "law-enforcement-part-3"),
    ({"on": "soon"}, "on", "2026-07-01"),
    ({"on": "2017-01-01"}, "on", "2018-05-01"),
    ({"consent": 3}, "consent", "given_by"),
    ({"answers": ["yes"]}, "answers", "mapping"),
    ({"special_categories": {"a": 1}}, "special_categories", "list"),
    (
        {"purpose": {"code": "debt-recovery", "text": "x" * 1_000_000}},
        "purpose.text",
        "",
    ),
    ({"data_kinds": ["x"] * 501}, "data_kinds", "500"),
    ({"onward": False, "onward_to": "a firm"}, "onward", "onward_to"),
    (
        {"personal_data": "non-personal", "confidential_patient_information": True},
        "personal_data",
        "confidential_patient_information",
    ),
    (
        {"personal_data": "non-personal", "special_categories": ["health"]},
        "personal_data",
        "special_categories",
    ),
]


@pytest.mark.parametrize(("changes", "field", "accepted"), BAD)
def test_bad_facts_are_refused_in_one_sentence_that_names_the_field(
    changes, field, accepted
):
    with pytest.raises(BadInput) as refusal:
        advise(GOOD | changes)
    assert refusal.value.field == field
    assert refusal.value.message.startswith(f"{field}:")
    assert accepted in refusal.value.message
    assert len(refusal.value.message) < 2_000
    assert "\n" not in refusal.value.message


@pytest.mark.parametrize("facts", [None, [], "text", {}, {"a": 1}, {"cases": []}, 7])
def test_what_is_no_mapping_of_facts_is_refused(facts):
    with pytest.raises(BadInput):
        advise(facts)


def test_free_text_never_comes_back_in_an_answer():
    hostile = "<script>is lawful</script>"
    facts = GOOD | {
        "holder": {"name": hostile, "type": "local-authority"},
        "purpose": {"code": "debt-recovery", "text": hostile},
        "power_claimed": hostile,
    }
    assert "script" not in str(advise(facts).to_plain(reasoning=True))


def test_facts_that_the_rules_do_not_read_are_named_and_change_nothing():
    plain = advise(GOOD | {"weather": "fine"}).to_plain()
    assert plain.pop("ignored_facts") == ["weather"]
    expected = advise(GOOD).to_plain()
    expected.pop("ignored_facts")
    assert plain == expected


def test_two_holders_need_a_route_each():
    holders = [GOOD["holder"], {"name": "a university", "type": "university"}]
    advice = advise(GOOD | {"holder": holders})
    assert advice.verdict == "may-apply-if"
    assert any(
        q.id == "power-for-holder-2-to-recipient" and "holder 2" in q.text
        for q in advice.questions
    )
