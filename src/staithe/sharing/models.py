"""Asking and agreeing: projects, requests, decisions, agreements."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from staithe.catalogue.models import Asset
from staithe.people.models import Organisation, Person


class Project(models.Model):
    """One purpose; it may need data from many holders, each by its own agreement."""

    reference = models.CharField(max_length=20, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="projects"
    )
    lead = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    purpose_code = models.CharField(max_length=60)
    purpose = models.TextField()
    benefit = models.TextField()
    benefit_measure = models.TextField(blank=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "id")

    @property
    def ledger_id(self) -> str:
        """Return the subject under which the ledger knows this project."""
        return f"project:{self.reference}"


class ProjectMember(models.Model):
    """A person who may work on a project's data."""

    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="members"
    )
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "person"],
                condition=Q(ended_at=None),
                name="project_member_once",
            )
        ]


class Request(models.Model):
    """One bundle sent on one day: what is asked of each holder, and why."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        SUBMITTED = "submitted", "Waiting"
        DECIDED = "decided", "Decided"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Payer(models.TextChoices):
        REQUESTER = "requester", "The requester pays for preparation"
        HOLDER = "holder", "The holder pays for preparation"
        SHARED = "shared", "The costs are shared"
        NONE = "none", "No preparation cost is expected"

    reference = models.CharField(max_length=20, unique=True)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="requests"
    )
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    who_pays = models.CharField(max_length=10, choices=Payer, default=Payer.REQUESTER)
    preparation_cost = models.PositiveIntegerField(null=True)  # whole pounds
    impact_if_refused = models.TextField(blank=True)
    needed_by = models.DateField(null=True)
    retention_until = models.DateField(null=True)
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="draft")
                | Q(submitted_at__isnull=False)
                | Q(state="withdrawn"),
                name="request_submitted_when",
            )
        ]

    @property
    def ledger_id(self) -> str:
        """Return the subject under which the ledger knows this request."""
        return f"request:{self.reference}"


class Flow(models.Model):
    """What one request asks of one holder: columns, legal route, state, clock."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        SUBMITTED = "submitted", "Waiting"
        IN_REVIEW = "in-review", "In review"
        AGREED = "agreed", "Agreed"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Step(models.TextChoices):
        # The escalation ladder when a holder is silent.
        NONE = "none", "On time"
        FACILITATE = "facilitate", "Facilitate"
        ENCOURAGE = "encourage", "Encourage"
        ENFORCE = "enforce", "Enforce"

        @property
        def words(self) -> str:
            """What the step is, to who has not read the framework that names it."""
            return {
                "none": "On time",
                "facilitate": "Late: first reminder",
                "encourage": "A week late: second reminder",
                "enforce": "Two weeks late: passed up",
            }[self.value]

    reference = models.CharField(max_length=20, unique=True)
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="flows")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="flows")
    # Columns an analyst would see, and columns only the linkage step would see.
    columns = models.JSONField()
    link_columns = models.JSONField(default=list)
    justification = models.TextField(blank=True)
    # null or {"column": .., "operator": "=|in|>=|<=", "value": ..}
    row_filter = models.JSONField(null=True)
    route_id = models.CharField(max_length=60, blank=True)
    route_citation = models.CharField(max_length=120, blank=True)
    route_reason = models.TextField(blank=True)
    # Answers to the questions of the law library: {question id: yes or no}.
    legal_answers = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    step = models.CharField(max_length=12, choices=Step, default=Step.NONE)
    due_at = models.DateTimeField(null=True)
    decider = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", null=True
    )

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=["request", "asset"], name="flow_asset_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "withdrawn"])
                | (~Q(route_id="") & Q(due_at__isnull=False)),
                name="flow_has_route_and_clock",
            ),
        ]

    @property
    def step_words(self) -> str:
        """How late the decision is, in plain words."""
        return Flow.Step(self.step).words

    @property
    def holder(self) -> Organisation:
        """Return the organisation that holds the asset."""
        return self.asset.organisation

    @property
    def ledger_id(self) -> str:
        """Return the subject under which the ledger knows this flow."""
        return f"flow:{self.reference}"


class Escalation(models.Model):
    """A step up the ladder because a decision was late."""

    flow = models.ForeignKey(Flow, on_delete=models.PROTECT, related_name="escalations")
    step = models.CharField(max_length=12, choices=Flow.Step)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    days_waited = models.PositiveIntegerField()

    class Meta:
        ordering = ("at", "id")
        constraints = [
            models.UniqueConstraint(fields=["flow", "step"], name="escalation_once")
        ]

    @property
    def step_words(self) -> str:
        """The step in plain words."""
        return Flow.Step(self.step).words


class Decision(models.Model):
    """The holder's answer, with reasons; a refusal is coded and reviewed."""

    class Outcome(models.TextChoices):
        AGREE = "agree", "Agree"
        AGREE_IN_PART = "agree-in-part", "Agree to part"
        REFUSE = "refuse", "Refuse"

    flow = models.OneToOneField(Flow, on_delete=models.PROTECT, related_name="decision")
    outcome = models.CharField(max_length=14, choices=Outcome)
    columns = models.JSONField(default=list)
    link_columns = models.JSONField(default=list)
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.TextField()
    conditions = models.TextField(blank=True)
    review_on = models.DateField(null=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(outcome="refuse")
                | (~Q(reason_code="") & Q(review_on__isnull=False)),
                name="refusal_has_reason_and_review",
            )
        ]


class LegalAdvice(models.Model):
    """What the law library said of a flow on one day, kept with what it was for."""

    class Occasion(models.TextChoices):
        SENT = "sent", "The request was sent"
        DECIDED = "decided", "The holder decided"
        GAP = "gap", "A gap in the law was reported"

    occasion = models.CharField(max_length=8, choices=Occasion)
    # Null once a draft is thrown away: what was reported of it stays.
    flow = models.ForeignKey(
        Flow, on_delete=models.SET_NULL, related_name="legal_advice", null=True
    )
    decision = models.OneToOneField(
        Decision, on_delete=models.PROTECT, related_name="legal_advice", null=True
    )
    holder = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    recipient = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    purpose_code = models.CharField(max_length=60)
    route_id = models.CharField(max_length=60, blank=True)
    route_citation = models.CharField(max_length=120, blank=True)
    verdict = models.CharField(max_length=30, blank=True)
    facts = models.JSONField()
    # Parts of the answer as ids and words; `conditions` of the route in words.
    answer = models.JSONField()
    conditions = models.JSONField(default=list)
    note = models.TextField(blank=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-id")
        constraints = [
            models.CheckConstraint(
                condition=~Q(occasion="decided") | Q(decision__isnull=False),
                name="legal_advice_decided_has_decision",
            ),
            models.CheckConstraint(
                condition=~Q(occasion="gap") | ~Q(note=""),
                name="legal_advice_gap_has_note",
            ),
        ]


class Message(models.Model):
    """A line of the conversation beside a request."""

    request = models.ForeignKey(
        Request, on_delete=models.PROTECT, related_name="messages"
    )
    flow = models.ForeignKey(Flow, on_delete=models.PROTECT, null=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "id")


class Agreement(models.Model):
    """The terms both sides accept; they compile to the grant that doors enforce."""

    class State(models.TextChoices):
        OFFERED = "offered", "Offered"
        IN_FORCE = "in-force", "In force"
        ENDED = "ended", "Ended"
        REVOKED = "revoked", "Revoked"

    reference = models.CharField(max_length=20, unique=True)
    flow = models.OneToOneField(
        Flow, on_delete=models.PROTECT, related_name="agreement"
    )
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="agreements"
    )
    version = models.PositiveIntegerField(default=1)
    terms = models.JSONField()
    terms_sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State, default=State.OFFERED)
    offered_at = models.DateTimeField()
    offered_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", null=True
    )
    ends_on = models.DateField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.TextField(blank=True)

    class Meta:
        ordering = ("-offered_at", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="agreement_accepted_paired",
            ),
            models.CheckConstraint(
                condition=~Q(state="in-force") | Q(accepted_at__isnull=False),
                name="agreement_in_force_accepted",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("offered_at")),
                name="agreement_ends_after_offer",
            ),
        ]

    @property
    def ledger_id(self) -> str:
        """Return the subject under which the ledger knows this agreement."""
        return f"agreement:{self.reference}"
