"""Who may use which objective: the table of SI 2018/912, written out once more here."""

from __future__ import annotations

import pytest

from staithe.base.errors import BadInput
from staithe.law.advise import advise
from staithe.law.library import load_library
from staithe.law.lists import schedules_stated


# As published: the paragraphs of Schedule 4 that may use each objective.
TABLE = {
    "psd-multiple-disadvantages": {
        *range(1, 6), 7, 8, *range(10, 17), *range(18, 26), *range(29, 35),
        *range(40, 48), *range(49, 52),
    },
    "psd-tv-retuning": {2, 7, *range(11, 18), *range(29, 35), 47, 50},
    "psd-fuel-poverty": {
        6, 7, 8, *range(10, 22), 26, 27, *range(29, 35), 40, *range(42, 48), 49, 50,
    },
    "psd-water-poverty": {
        7, 8, *range(10, 18), 27, *range(29, 35), *range(42, 48),
    },
}  # fmt: skip


@pytest.mark.parametrize("purpose", TABLE)
def test_each_paragraph_may_use_an_objective_just_where_the_table_says(purpose):
    for para in range(1, 52):
        if para == 28:
            continue  # a service provider, for the service only
        facts = {
            "holder": {"name": "a body", "schedules": [f"DEA Sch 4 para {para}"]},
            "recipient": {"name": "DWP", "type": "ministerial-department"},
            "purpose": {"code": purpose},
            "personal_data": "identifiable",
            "nation": ["England", "Wales", "Scotland"],
            "route_asked": "dea-35-psd",
        }
        facts["holder"]["type"] = kind_of(para)
        verdict = advise(facts).verdict
        expected = "may-apply" if para in TABLE[purpose] else "not-by-this-route"
        assert verdict == expected, (para, verdict)


def kind_of(para):
    """Return a kind of party that the paragraph could mean."""
    kinds = {
        **dict.fromkeys((11, 12, 13, 15, 16, 17), "local-authority"),
        14: "combined-authority",
        **dict.fromkeys(range(18, 22), "fire-authority"),
        22: "police",
        **dict.fromkeys(range(23, 26), "school"),
        10: "non-ministerial-department",
        26: "non-ministerial-department",
        27: "non-ministerial-department",
    }
    return kinds.get(para, "ministerial-department")


def test_what_a_party_says_of_its_schedule_is_read():
    found = schedules_stated(
        ["DEA Sch 7 paras 10-14", "Schedule 4, paragraph 7", "DEA Sch 8 category 41"]
    )
    assert [(each.number, each.paras) for each in found] == [
        (7, frozenset(range(10, 15))),
        (4, frozenset({7})),
        (8, frozenset()),
    ]
    lists = load_library().lists
    (other,) = schedules_stated(["SRSA 2007 Sch 4 para 1"])
    assert not other.means(lists["dea-sch-4"])
    assert found[1].means(lists["dea-sch-4"])


def test_a_department_that_is_said_to_be_something_else_contradicts_itself():
    facts = {
        "holder": {"name": "HM Revenue and Customs", "type": "university"},
        "recipient": {"type": "local-authority"},
        "purpose": {"code": "debt-recovery"},
        "personal_data": "identifiable",
    }
    with pytest.raises(BadInput, match="is a non-ministerial department") as refused:
        advise(facts)
    assert refused.value.field == "holder.type"
    # Kinds that people use for the same body do not contradict each other.
    for name, kind in (
        ("Ofgem", "regulator"),
        ("NHS England", "arms-length-body"),
        ("British Business Bank", "private-company"),
    ):
        advise(facts | {"holder": {"name": name, "type": kind}})
