"""Calls of the sharing room."""

from __future__ import annotations

from staithe.demo.story import Scene
from staithe.sharing import actions as sharing


def call(told: Scene) -> None:
    """Talk, and take a second request through its drafts to its withdrawal."""
    amara = told.cast["requester"]
    sharing.say(request=told.request, text="Thank you all.", by=amara, at=told.later())
    draft = sharing.draft_request(
        project=told.project, who_pays="none", by=amara, at=told.later()
    )
    sharing.edit_request(
        request=draft,
        who_pays="shared",
        preparation_cost=10,
        by=amara,
        at=told.later(),
    )
    flow = sharing.add_flow(
        request=draft,
        asset=told.assets["dws"],
        columns=["region"],
        by=amara,
        at=told.later(),
    )
    sharing.edit_flow(flow=flow, columns=["benefit_type"], by=amara, at=told.later())
    sharing.answer_questions(
        flow=flow,
        answers={"project-accredited": True},
        by=amara,
        at=told.later(),
    )
    sharing.report_gap(
        flow=flow, note="No route reaches this body.", by=amara, at=told.later()
    )
    sharing.remove_flow(flow=flow, by=amara, at=told.later())
    sharing.withdraw_request(request=draft, by=amara, at=told.later())
