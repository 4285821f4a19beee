"""The addresses of the legal library."""

from __future__ import annotations

from django.urls import path

from staithe.law import web, web_ask


urlpatterns = [
    path("law", web.list_routes, name="law-route-list"),
    path("law/ask", web_ask.ask, name="law-ask"),
    path("law/answer", web_ask.show_answer, name="law-answer"),
    path("law/citation", web_ask.show_citation, name="law-citation-show"),
    path("law/changes", web_ask.list_changes, name="law-changes"),
    path("law/check-citations", web_ask.check_citations, name="law-citation-check"),
    path("law/lists/<slug:list_id>", web.show_list, name="law-list-show"),
    path("law/<slug:route_id>", web.show_route, name="law-route-show"),
]
