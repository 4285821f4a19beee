"""Organisations, people, what they may do where, and what they were told.

State and database constraints only; the rules are in roles, permissions and
actions. Secrets (invitation links, API tokens) are stored as SHA-256 of 256
random bits: nothing to guess, so nothing slow is needed to protect them.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from staithe.base.ids import new_reference
from staithe.people.roles import Role


ROLE_CHOICES = [(role.value, role.definition.display_name) for role in Role]
ROLE_VALUES = [role.value for role in Role]


def new_person_reference() -> str:
    """Return a short random reference for a person, `P-` and eight characters."""
    return new_reference("P")


def new_invitation_reference() -> str:
    """Return a short random reference for an invitation."""
    return new_reference("INV")


def new_token_reference() -> str:
    """Return a short random reference for an API token."""
    return new_reference("TOK")


def new_notice_reference() -> str:
    """Return a short random reference for a notice."""
    return new_reference("N", 12)


class OrganisationKind(models.TextChoices):
    CENTRAL_DEPARTMENT = "central-department", "Central government department"
    EXECUTIVE_AGENCY = "executive-agency", "Executive agency"
    ARMS_LENGTH_BODY = "arms-length-body", "Arm’s-length body"
    LOCAL_AUTHORITY = "local-authority", "Local authority"
    HEALTH_BODY = "health-body", "Health body"
    POLICE = "police", "Police"
    UNIVERSITY = "university", "University or research institute"
    OTHER = "other", "Other"


class Organisation(models.Model):
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=24, choices=OrganisationKind)
    description = models.TextField(blank=True)
    contact_email = models.EmailField(blank=True)
    # The organisation that runs this service; there is at most one.
    is_operator = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_operator"],
                condition=Q(is_operator=True),
                name="people_one_operator",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=OrganisationKind.values),
                name="people_organisation_kind_known",
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(slug=""),
                name="people_organisation_named",
            ),
        ]

    @property
    def ledger_id(self) -> str:
        """Return the name of this organisation in the ledger."""
        return f"organisation:{self.slug}"


class PersonManager(BaseUserManager["Person"]):
    def get_by_natural_key(self, username: str | None) -> Person:
        """Return the person with an email address, in any case of letters."""
        return self.get(email=(username or "").lower())


class Person(AbstractBaseUser):
    public_id = models.CharField(
        max_length=16, unique=True, editable=False, default=new_person_reference
    )
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects: ClassVar[PersonManager] = PersonManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["name", "public_id"]
        constraints = [
            # Stored in lower case, so the unique index ignores case.
            models.CheckConstraint(
                condition=Q(email=Lower("email")), name="people_email_lower_case"
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(email=""), name="people_person_named"
            ),
        ]

    @property
    def ledger_id(self) -> str:
        """Return the name of this person in the ledger: a pseudonym."""
        return f"person:{self.public_id}"


class Membership(models.Model):
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="memberships"
    )
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(max_length=24, choices=ROLE_CHOICES)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["organisation__name", "role"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "organisation", "role"],
                condition=Q(ended_at=None),
                name="people_one_active_membership",
            ),
            models.CheckConstraint(
                condition=Q(role__in=ROLE_VALUES), name="people_membership_role_known"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("created_at")),
                name="people_membership_ends_after_start",
            ),
        ]


class Invitation(models.Model):
    reference = models.CharField(
        max_length=16, unique=True, editable=False, default=new_invitation_reference
    )
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="invitations"
    )
    role = models.CharField(max_length=24, choices=ROLE_CHOICES)
    email = models.EmailField()
    name = models.CharField(max_length=200)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    # A ledger id: the service itself invites the first administrator.
    created_by = models.CharField(max_length=80)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="invitations_accepted",
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="people_invitation_accepted_paired",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(revoked_at=None),
                name="people_invitation_one_end",
            ),
            models.CheckConstraint(
                condition=Q(email=Lower("email")), name="people_invitation_lower_case"
            ),
            models.CheckConstraint(
                condition=Q(role__in=ROLE_VALUES), name="people_invitation_role_known"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")),
                name="people_invitation_lives",
            ),
            models.UniqueConstraint(
                fields=["organisation", "role", "email"],
                condition=Q(accepted_at=None, revoked_at=None),
                name="people_one_open_invitation",
            ),
        ]

    @property
    def ledger_id(self) -> str:
        """Return the name of this invitation in the ledger."""
        return f"invitation:{self.reference}"


class ApiToken(models.Model):
    reference = models.CharField(
        max_length=16, unique=True, editable=False, default=new_token_reference
    )
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="api_tokens"
    )
    name = models.CharField(max_length=100)
    token_hash = models.CharField(max_length=64, unique=True)
    # The first characters, so that a person can tell their tokens apart.
    prefix = models.CharField(max_length=16)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="people_token_lives"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="people_token_named"),
        ]

    @property
    def ledger_id(self) -> str:
        """Return the name of this token in the ledger."""
        return f"token:{self.reference}"


class EmailState(models.TextChoices):
    NONE = "none", "Not emailed"
    QUEUED = "queued", "Waiting to be emailed"
    SENT = "sent", "Emailed"
    FAILED = "failed", "Could not be emailed"


class Notice(models.Model):
    """One thing that one person was told: outbox row and inbox entry in one."""

    reference = models.CharField(
        max_length=16, unique=True, editable=False, default=new_notice_reference
    )
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="notices")
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="notices",
    )
    at = models.DateTimeField()
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    link = models.CharField(max_length=500, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    email_state = models.CharField(
        max_length=8, choices=EmailState, default=EmailState.NONE
    )
    email_attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["person", "-at"], name="people_notice_inbox"),
            models.Index(
                fields=["email_state"],
                condition=Q(email_state="queued"),
                name="people_notice_queued",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(email_state__in=EmailState.values),
                name="people_notice_email_state_known",
            ),
            # A path of this service, never another host.
            models.CheckConstraint(
                condition=Q(link="")
                | (Q(link__startswith="/") & ~Q(link__startswith="//")),
                name="people_notice_link_is_path",
            ),
        ]


class SignInFailure(models.Model):
    """A failed sign in, kept for the length of the limit; no address in clear."""

    key = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["key", "at"], name="people_failure_window")]
