"""A refusal names one of a closed list of reasons."""

from __future__ import annotations

import pytest

from staithe.base.errors import BadInput
from staithe.sharing.models import Decision
from staithe.sharing.reasons import REFUSAL_REASONS, get_reason


def test_every_reason_says_when_it_applies_and_what_to_do_next():
    for code, reason in REFUSAL_REASONS.items():
        assert get_reason(code) is reason
        assert reason.code == code
        assert len(code) <= Decision._meta.get_field("reason_code").max_length
        for text in (reason.label, reason.applies_when, reason.way_forward):
            assert text.strip()


@pytest.mark.parametrize("code", ["", "because", "ETHICS"])
def test_a_reason_outside_the_list_is_refused(code):
    with pytest.raises(BadInput) as refusal:
        get_reason(code)
    assert refusal.value.field == "reason_code"
