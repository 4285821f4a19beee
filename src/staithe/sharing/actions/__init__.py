"""Every write of asking and agreeing; one module for each noun."""

from __future__ import annotations

from staithe.sharing.actions.advice import answer_questions, report_gap
from staithe.sharing.actions.agreements import (
    accept_agreement,
    end_agreement,
    end_expired,
    offer_agreement,
    revoke_agreement,
)
from staithe.sharing.actions.decisions import (
    decide_and_offer,
    decide_flow,
    start_review,
)
from staithe.sharing.actions.escalations import escalate_flow, escalate_overdue
from staithe.sharing.actions.flows import (
    add_flow,
    choose_route,
    edit_flow,
    remove_flow,
)
from staithe.sharing.actions.messages import say
from staithe.sharing.actions.projects import (
    add_project_member,
    end_project_member,
    leave_project,
    start_project,
)
from staithe.sharing.actions.requests import (
    draft_request,
    edit_request,
    submit_request,
    withdraw_request,
)


__all__ = [
    "accept_agreement",
    "add_flow",
    "add_project_member",
    "answer_questions",
    "choose_route",
    "decide_and_offer",
    "decide_flow",
    "draft_request",
    "edit_flow",
    "edit_request",
    "end_agreement",
    "end_expired",
    "end_project_member",
    "escalate_flow",
    "escalate_overdue",
    "leave_project",
    "offer_agreement",
    "remove_flow",
    "report_gap",
    "revoke_agreement",
    "say",
    "start_project",
    "start_review",
    "submit_request",
    "withdraw_request",
]
