"""Addresses of this room's pages; a one-time link holds its secret only here."""

from __future__ import annotations

from django.urls import path

from staithe.people import web, web_organisations


urlpatterns = [
    path("sign-in", web.sign_in, name="people-sign-in"),
    path("sign-out", web.sign_out, name="people-sign-out"),
    path(
        "invitations/<str:secret>", web.open_invitation, name="people-invitation-open"
    ),
    path("invitation", web.invitation, name="people-invitation"),
    path("account", web.account, name="people-account"),
    path("account/password", web.password, name="people-password"),
    path("account/tokens/new", web.new_token, name="people-token-new"),
    path(
        "account/tokens/<str:reference>/revoke",
        web.revoke_token,
        name="people-token-revoke",
    ),
    path("inbox", web.inbox, name="people-inbox"),
    path("inbox/read-all", web.read_all, name="people-inbox-read-all"),
    path("inbox/<str:reference>/open", web.open_notice, name="people-notice-open"),
    path("people", web_organisations.organisations, name="people-organisations"),
    path(
        "people/new-organisation",
        web_organisations.new_organisation,
        name="people-organisation-new",
    ),
    path(
        "people/invitations/<str:reference>/revoke",
        web_organisations.revoke_invitation,
        name="people-invitation-revoke",
    ),
    path(
        "people/at/<slug:slug>",
        web_organisations.organisation,
        name="people-organisation",
    ),
    path(
        "people/at/<slug:slug>/invite", web_organisations.invite, name="people-invite"
    ),
    path(
        "people/at/<slug:slug>/<str:public_id>/<slug:role>/end",
        web_organisations.end_membership,
        name="people-membership-end",
    ),
]
