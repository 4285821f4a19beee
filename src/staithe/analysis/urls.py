"""Addresses of the analysis room."""

from __future__ import annotations

from django.urls import path

from staithe.analysis import web, web_refusals


urlpatterns = [
    path("projects/<str:reference>/ask", web.ask_project, name="analysis-query-ask"),
    path(
        "projects/<str:reference>/questions",
        web.list_questions,
        name="analysis-query-list",
    ),
    path(
        "projects/<str:reference>/refusals",
        web_refusals.show_refusals,
        name="analysis-refusal-list",
    ),
    path("queries/<str:reference>", web.show_query, name="analysis-query-show"),
    path("queries/<str:reference>/submit", web.submit, name="analysis-output-submit"),
    path("outputs", web.list_outputs, name="analysis-output-list"),
    path("outputs/<str:reference>", web.show_output, name="analysis-output-show"),
    path(
        "outputs/<str:reference>/release", web.release, name="analysis-output-release"
    ),
    path(
        "outputs/<str:reference>/released",
        web.released,
        name="analysis-output-released",
    ),
    path(
        "outputs/<str:reference>/withdraw",
        web.withdraw,
        name="analysis-output-withdraw",
    ),
]
