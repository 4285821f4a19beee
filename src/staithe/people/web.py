"""Pages for signing in and for a person's own account and inbox."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from staithe.base.clock import now
from staithe.base.errors import UserError
from staithe.people import actions, queries
from staithe.people.forms import AcceptForm, PasswordForm, SignInForm, TokenForm
from staithe.people.passwords import check_current, hash_password
from staithe.people.sign_in import TooManyAttempts, sign_in_with_password
from staithe.people.tokens import (
    BAD_LINK,
    get_open_invitation,
    open_tokens,
    signed_in_person,
)
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page


if TYPE_CHECKING:
    from staithe.people.models import Invitation, Person

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

INVITATION_KEY = "invitation"


def signed_in(view: View[P]) -> View[P]:
    """Let only signed-in people see a page; others are sent to sign in."""

    @wraps(view)
    def inner(
        request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        signed_in_person(request)
        return view(request, *args, **kwargs)

    return inner


def _safe_next(request: HttpRequest, wanted: str) -> str:
    """Return where to go after signing in: a path of this service, never elsewhere."""
    allowed = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts=set(), require_https=request.is_secure()
    )
    return wanted if wanted.startswith("/") and allowed else settings.LOGIN_REDIRECT_URL


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for email and password; the same answer for every reason to refuse."""
    wanted = _safe_next(
        request, request.POST.get("next") or request.GET.get("next", "")
    )
    if request.user.is_authenticated:
        return redirect(wanted)
    form = SignInForm(request.POST or None, initial={"next": wanted})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            email, password = form.cleaned_data["email"], form.cleaned_data["password"]
            try:
                person = sign_in_with_password(
                    request, email=email, password=password, at=now()
                )
            except UserError as error:
                form.refuse(error)
                status = 429 if isinstance(error, TooManyAttempts) else 422
            else:
                login(request, person)
                return redirect(wanted)
    return render_page(request, "people/sign-in.html", {"form": form}, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    messages.success(request, "You are signed out.")
    return redirect("/")


@never_cache
def open_invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Take the secret out of the address before any page is shown.

    Mail scanners follow links, so opening one uses nothing up.
    """
    invitation = get_open_invitation(secret, at=now())
    request.session[INVITATION_KEY] = invitation.reference
    return redirect("people-invitation")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """Show what someone is invited to and let them accept it."""
    found = queries.find_open_invitation(
        request.session.get(INVITATION_KEY, ""), at=now()
    )
    if found is None:
        return render_page(
            request, "people/bad-link.html", {"message": BAD_LINK}, status=404
        )
    known = queries.find_person(found.email)
    if known:
        return _accept_as_known(request, found, known)
    return _accept_as_new(request, found)


def _accept_as_known(
    request: HttpRequest, found: Invitation, known: Person
) -> HttpResponse:
    """Accept for an existing account: only its owner, signed in, can."""
    is_owner = request.user == known
    if request.method == "POST" and is_owner:
        actions.accept_invitation(invitation=found, person=known, at=now())
        return _welcome(request, found)
    context = {"invitation": found, "is_owner": is_owner, "form": None}
    return render_page(request, "people/invitation.html", context)


def _accept_as_new(request: HttpRequest, found: Invitation) -> HttpResponse:
    form = AcceptForm(request.POST or None, initial={"name": found.name})
    if request.method == "POST" and form.is_valid():
        name, password = form.cleaned_data["name"], form.cleaned_data["password"]
        try:
            secret = hash_password(password, email=found.email, name=name)
            person = actions.accept_invitation(
                invitation=found, name=name, password_hash=secret, at=now()
            )
        except UserError as error:
            form.refuse(error)
        else:
            login(request, person, "django.contrib.auth.backends.ModelBackend")
            return _welcome(request, found)
    context = {"invitation": found, "is_owner": False, "form": form}
    status = 422 if form.errors else 200
    return render_page(request, "people/invitation.html", context, status=status)


def _welcome(request: HttpRequest, found: Invitation) -> HttpResponse:
    request.session.pop(INVITATION_KEY, None)
    messages.success(request, f"You have joined {found.organisation.name}.")
    return redirect("people-account")


@signed_in
def account(request: HttpRequest) -> HttpResponse:
    """Show who I am here, what I may do where, and my tokens."""
    person = signed_in_person(request)
    context = {
        "person": person,
        "memberships": list(queries.active_memberships(person)),
        "tokens": list(queries.open_tokens(person, at=now())),
    }
    return render_page(request, "people/account.html", context)


@signed_in
@sensitive_post_parameters("current", "password")
def password(request: HttpRequest) -> HttpResponse:
    """Change my password; my other sessions end, this one goes on."""
    person = signed_in_person(request)
    tokens = open_tokens(person, at=now()).count()
    form = PasswordForm(request.POST or None, tokens=tokens)
    if request.method == "POST" and form.is_valid():
        try:
            check_current(person, form.cleaned_data["current"])
            secret = hash_password(
                form.cleaned_data["password"], email=person.email, name=person.name
            )
            actions.change_password(
                person=person,
                password_hash=secret,
                by=person,
                at=now(),
                end_tokens=form.cleaned_data.get("end_tokens", False),
            )
        except UserError as error:
            form.refuse(error)
        else:
            update_session_auth_hash(request, person)
            messages.success(request, "Your password is changed.")
            return redirect("people-account")
    status = 422 if form.errors else 200
    about = {"form": form, "tokens": tokens}
    return render_page(request, "people/password.html", about, status=status)


@never_cache
@signed_in
def new_token(request: HttpRequest) -> HttpResponse:
    """Make a token and show it this once: only its hash is kept."""
    person = signed_in_person(request)
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            token, secret = actions.create_token(
                person=person, by=person, at=now(), **form.cleaned_data
            )
        except UserError as error:
            form.refuse(error)
        else:
            context = {"token": token, "secret": secret, "base_url": settings.BASE_URL}
            return render_page(request, "people/token.html", context)
    status = 422 if form.errors else 200
    return render_page(request, "people/new-token.html", {"form": form}, status=status)


@signed_in
@require_POST
def revoke_token(request: HttpRequest, reference: str) -> HttpResponse:
    """Make one of my tokens stop working."""
    person = signed_in_person(request)
    token = queries.get_own_token(reference, person=person)
    actions.revoke_token(token=token, by=person, at=now())
    messages.success(request, f"The token “{token.name}” no longer works.")
    return redirect("people-account")


@signed_in
def inbox(request: HttpRequest) -> HttpResponse:
    """Show what I was told, newest first."""
    person = signed_in_person(request)
    page = paginate(queries.inbox(person), query=query_of(request))
    context = {"page": page, "unread": queries.count_unread(person)}
    return render_page(request, "people/inbox.html", context)


@signed_in
@require_POST
def open_notice(request: HttpRequest, reference: str) -> HttpResponse:
    """Mark a notice read and go to what it is about."""
    person = signed_in_person(request)
    notice = queries.get_own_notice(reference, person=person)
    if notice.read_at is None:
        actions.mark_notices_read(person=person, notice=notice, at=now())
    return redirect(notice.link or "people-inbox")


@signed_in
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark all my notices read."""
    actions.mark_notices_read(person=signed_in_person(request), at=now())
    return redirect("people-inbox")
