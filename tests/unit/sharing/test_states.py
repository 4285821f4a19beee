"""The state tables are total, and only what they allow can happen."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from staithe.base.errors import Conflict
from staithe.sharing.cli import states as states_command
from staithe.sharing.diagram import to_markdown, to_mermaid
from staithe.sharing.models import Agreement, Decision, Flow, Request
from staithe.sharing.states import (
    AGREEMENT,
    FLOW,
    MACHINES,
    REQUEST,
    STEP,
    find_next,
    open_states,
)


REPOSITORY = Path(__file__).resolve().parents[3]
ACTS = sorted({act for m in MACHINES for acts in m.table.values() for act in acts})


@pytest.mark.parametrize(
    ("machine", "choices"),
    [
        (REQUEST, Request.State),
        (FLOW, Flow.State),
        (STEP, Flow.Step),
        (AGREEMENT, Agreement.State),
    ],
    ids=lambda each: getattr(each, "noun", ""),
)
def test_every_stored_state_has_a_row_and_every_row_is_stored(machine, choices):
    assert set(machine.table) == set(choices.values)
    assert machine.initial in machine.table


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.noun)
def test_every_act_leads_to_a_known_state_and_every_state_can_be_reached(machine):
    reached = {machine.initial}
    for _ in machine.table:
        reached |= {
            after for state in reached for after in machine.table[state].values()
        }
    assert reached == set(machine.table)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.noun)
@pytest.mark.parametrize("act", ACTS)
def test_an_act_that_is_not_in_the_table_is_a_conflict_with_a_sentence(machine, act):
    for state, acts in machine.table.items():
        if act in acts:
            assert machine.next_state(state, act) == acts[act]
            continue
        assert find_next(machine, state, act) is None
        with pytest.raises(Conflict) as refusal:
            machine.next_state(state, act)
        assert machine.noun in refusal.value.message


def test_every_outcome_of_a_decision_is_an_act_on_a_flow():
    for state in ("submitted", "in-review"):
        assert set(Decision.Outcome.values) <= set(FLOW.table[state])


def test_nothing_happens_to_a_request_once_it_is_decided_or_withdrawn():
    assert open_states(REQUEST) == {"draft", "submitted"}


def test_the_committed_diagram_is_the_one_that_the_tables_make():
    assert (REPOSITORY / "docs" / "states.md").read_text("utf-8") == to_markdown()


def test_the_diagram_names_every_state_and_every_change():
    for machine in MACHINES:
        drawn = to_mermaid(machine)
        for state, acts in machine.table.items():
            for act, after in acts.items():
                start, end = state.replace("-", "_"), after.replace("-", "_")
                arrow = f"    {start} --> {end}: {act}"
                assert (arrow in drawn.splitlines()) == (state != after), arrow


def test_the_command_writes_the_document_and_check_notices_a_change(tmp_path):
    path = tmp_path / "states.md"
    run = CliRunner().invoke
    assert run(states_command, ["--check", "--path", str(path)]).exit_code != 0
    assert run(states_command, ["--path", str(path)]).exit_code == 0
    assert run(states_command, ["--check", "--path", str(path)]).exit_code == 0
    path.write_text(path.read_text("utf-8").replace("withdraw", "forget"), "utf-8")
    assert run(states_command, ["--check", "--path", str(path)]).exit_code != 0


class Sharing(RuleBasedStateMachine):
    """One flow and its agreement, under any order of acts by anyone."""

    @initialize()
    def start(self):
        self.flow = FLOW.initial
        self.step = STEP.initial
        self.agreement = None
        self.history = []

    def attempt(self, machine, state, act):
        """Do an act if the table allows it, and remember that it happened."""
        try:
            after = machine.next_state(state, act)
        except Conflict:
            return state
        self.history.append((machine.noun, act))
        return after

    @rule(act=st.sampled_from(ACTS))
    def act_on_flow(self, act):
        before = self.flow
        self.flow = self.attempt(FLOW, self.flow, act)
        if (
            act == "escalate"
            and self.history[-1:] == [("flow", act)]
            and before in {"submitted", "in-review"}
        ):
            self.step = self.attempt(STEP, self.step, act)

    @precondition(lambda self: self.flow == "agreed" and self.agreement is None)
    @rule()
    def offer(self):
        self.flow = FLOW.next_state(self.flow, "offer")
        self.agreement = AGREEMENT.initial

    @precondition(lambda self: self.agreement is not None)
    @rule(act=st.sampled_from(ACTS))
    def act_on_agreement(self, act):
        self.agreement = self.attempt(AGREEMENT, self.agreement, act)

    def did(self, noun, *acts):
        return sum(entry == (noun, act) for act in acts for entry in self.history)

    @invariant()
    def an_answer_is_given_once_and_only_to_what_was_sent(self):
        answers = self.did("flow", "agree", "agree-in-part", "refuse")
        assert answers <= 1
        if answers:
            assert self.did("flow", "submit") == 1
            assert not self.did("flow", "withdraw")

    @invariant()
    def data_flows_only_after_a_yes_and_an_acceptance(self):
        if self.agreement == "in-force":
            assert self.did("flow", "agree", "agree-in-part") == 1
            assert self.did("agreement", "accept") == 1

    @invariant()
    def what_is_revoked_or_ended_never_comes_back(self):
        if self.did("agreement", "revoke", "end"):
            assert self.agreement in {"revoked", "ended"}
            assert self.did("agreement", "revoke", "end") == 1

    @invariant()
    def the_ladder_only_goes_up(self):
        rungs = list(STEP.table)
        assert rungs.index(self.step) == self.did("escalation", "escalate")


Sharing.TestCase.settings = settings(max_examples=100, stateful_step_count=25)
TestSharing = Sharing.TestCase
