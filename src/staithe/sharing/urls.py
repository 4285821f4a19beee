"""The addresses of asking and agreeing."""

from __future__ import annotations

from django.urls import path

from staithe.sharing import (
    web,
    web_agreements,
    web_decide,
    web_draft,
    web_law,
    web_projects,
    web_start,
)


urlpatterns = [
    path("requests", web.list_requests, name="sharing-request-list"),
    path("requests/to-decide", web.list_queue, name="sharing-flow-queue"),
    path("requests/start", web_start.start, name="sharing-request-start"),
    path("requests/start/purpose", web_start.purpose, name="sharing-start-purpose"),
    path("requests/start/why", web_start.why, name="sharing-start-why"),
    path("requests/start/benefit", web_start.benefit, name="sharing-start-benefit"),
    path("requests/law", web_law.show_law_log, name="sharing-law-log"),
    path("requests/<reference>", web.show_request, name="sharing-request-show"),
    path(
        "requests/<reference>/messages",
        web.send_message,
        name="sharing-message-send",
    ),
    path(
        "requests/<reference>/withdraw", web.withdraw, name="sharing-request-withdraw"
    ),
    path(
        "requests/<reference>/data", web_draft.choose_data, name="sharing-flow-choose"
    ),
    path(
        "requests/<reference>/data/<slug:slug>",
        web_draft.add_flow,
        name="sharing-flow-add",
    ),
    path("requests/<reference>/costs", web_draft.costs, name="sharing-request-costs"),
    path(
        "requests/<reference>/check",
        web_draft.check_answers,
        name="sharing-request-check",
    ),
    path("requests/<reference>/sent", web_draft.sent, name="sharing-request-sent"),
    path("flows/<reference>", web_decide.show_flow, name="sharing-flow-show"),
    path(
        "flows/<reference>/columns", web_draft.edit_columns, name="sharing-flow-columns"
    ),
    path("flows/<reference>/rows", web_draft.edit_rows, name="sharing-flow-rows"),
    path("flows/<reference>/route", web_draft.choose_route, name="sharing-flow-route"),
    path(
        "flows/<reference>/questions",
        web_law.answer_questions,
        name="sharing-flow-questions",
    ),
    path("flows/<reference>/gap", web_law.report_gap, name="sharing-flow-gap"),
    path("flows/<reference>/remove", web_draft.remove_flow, name="sharing-flow-remove"),
    path(
        "flows/<reference>/review", web_decide.start_review, name="sharing-flow-review"
    ),
    path("flows/<reference>/decide", web_decide.decide, name="sharing-flow-decide"),
    path(
        "flows/<reference>/decide/<outcome>",
        web_decide.answer,
        name="sharing-flow-answer",
    ),
    path("flows/<reference>/decided", web_decide.decided, name="sharing-flow-decided"),
    path("flows/<reference>/offer", web_decide.offer, name="sharing-flow-offer"),
    path("agreements", web_agreements.list_agreements, name="sharing-agreement-list"),
    path(
        "agreements/<reference>",
        web_agreements.show_agreement,
        name="sharing-agreement-show",
    ),
    path(
        "agreements/<reference>/accept",
        web_agreements.accept,
        name="sharing-agreement-accept",
    ),
    path(
        "agreements/<reference>/accepted",
        web_agreements.accepted,
        name="sharing-agreement-accepted",
    ),
    path(
        "agreements/<reference>/revoke",
        web_agreements.revoke,
        name="sharing-agreement-revoke",
    ),
    path(
        "agreements/<reference>/end", web_agreements.end, name="sharing-agreement-end"
    ),
    path("projects", web_projects.list_projects, name="sharing-project-list"),
    path(
        "projects/<reference>", web_projects.show_project, name="sharing-project-show"
    ),
    path(
        "projects/<reference>/members",
        web_projects.add_member,
        name="sharing-member-add",
    ),
    path(
        "projects/<reference>/members/<public_id>/end",
        web_projects.end_member,
        name="sharing-member-end",
    ),
]
