"""Addresses of clerical review: a review by reference, a pair by its number."""

from __future__ import annotations

from django.urls import path

from staithe.linkage import web, web_explain


PAIR = "reviews/<str:reference>/pairs/<int:number>"

urlpatterns = [
    path("reviews", web.list_reviews, name="linkage-review-list"),
    path("reviews/<str:reference>", web.show_review, name="linkage-review-show"),
    path("reviews/<str:reference>/join", web.join, name="linkage-review-join"),
    path("reviews/<str:reference>/next", web.go_on, name="linkage-review-next"),
    path("reviews/<str:reference>/finish", web.finish, name="linkage-review-finish"),
    path("reviews/<str:reference>/stop", web.stop, name="linkage-review-stop"),
    path("reviews/<str:reference>/close", web.close, name="linkage-review-close"),
    path(PAIR, web.show_pair, name="linkage-pair-show"),
    path(f"{PAIR}/weights", web_explain.weights, name="linkage-pair-weights"),
    path(f"{PAIR}/cluster", web_explain.cluster, name="linkage-pair-cluster"),
]
