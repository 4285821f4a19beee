"""The main job, end to end, with the ledger broken once before every action.

The demo's story is the longest path through the program and calls nearly every
action with real arguments; the rest are called here by hand. Before an action of a
name runs for the first time it is run with a ledger that cannot be written: it must
fail and leave the database and the home folder as they were.
"""

from __future__ import annotations

import copy
import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils.module_loading import autodiscover_modules

from staithe.accountability.models import Credit
from staithe.analysis.actions import submit_output, withdraw_output
from staithe.analysis.asking import ask
from staithe.base.errors import UserError
from staithe.catalogue import actions as catalogue
from staithe.catalogue.actions.damage import note_damage, note_repair
from staithe.demo.story import Scene, tell
from staithe.demo.telling import Telling
from staithe.exchange import actions as exchange
from staithe.exchange.models import Grant, Join
from staithe.ledger import recording
from staithe.ledger.actions import ACTIONS, HANDLERS, erase_event, rotate_key
from staithe.ledger.models import Event
from staithe.people import actions as people
from staithe.people.models import Person
from staithe.sharing import actions as sharing


PEOPLE = 600
# Rooms that the main job does not pass through; their own tests cover their writes.
APART = {"registers"}


class LedgerBroken(Exception):
    """The ledger cannot be written."""


class Probe:
    """Breaks the ledger before the first call of each action."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.patch = patch
        self.tried: set[str] = set()
        self.breaking = False

    def watch(self) -> None:
        """Stand before every registered action."""
        for name, known in list(ACTIONS.items()):
            wrapped = recording.Action(name, self._before(name, known.function))
            self.patch.setitem(ACTIONS, name, wrapped)

    def _before(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            # Also inside another action: there a savepoint is rolled back.
            if name not in self.tried and not self.breaking:
                self.tried.add(name)
                self._try_broken(name, function, args, kwargs)
            return function(*args, **kwargs)

        return call

    def _try_broken(
        self, name: str, function: Callable[..., Any], args: Any, kwargs: Any
    ) -> None:
        before = (_rows(), _files(self.home))
        with self._broken_ledger(), pytest.raises(LedgerBroken):
            function(*copy.deepcopy(args), **copy.deepcopy(kwargs))
        after = (_rows(), _files(self.home))
        assert after == before, f"{name} left something behind"

    @contextmanager
    def _broken_ledger(self) -> Iterator[None]:
        def fail(**_: Any) -> None:
            raise LedgerBroken

        self.breaking = True
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(recording, "_append", fail)
            yield
        self.breaking = False


def _rows() -> str:
    out = io.StringIO()
    call_command("dumpdata", "--all", exclude=["contenttypes"], stdout=out)
    return out.getvalue()


def _files(home: Path) -> dict[str, str]:
    files = (path for path in home.rglob("*") if path.is_file())
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


@pytest.fixture
def scene(
    home: Path, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> tuple[Scene, Probe]:
    """Tell the story with the probe before every action."""
    autodiscover_modules("actions")
    probe = Probe(home, monkeypatch)
    probe.watch()
    telling = Telling("http://testserver", quiet=True)
    return tell(people=PEOPLE, seed=3, telling=telling), probe


def test_main_job_ends_in_a_released_table_and_every_action_rolls_back(
    scene: tuple[Scene, Probe], tmp_path: Path
) -> None:
    """The story releases a table, credits holders, and no action writes unrecorded."""
    told, probe = scene
    asset = told.output.released_as
    assert asset is not None
    assert asset.access_rights == "OPEN"
    assert told.telling.facts["linkage"]["f1"] > 0.9
    assert Credit.objects.count() == 2
    _call_the_rest(told, tmp_path)
    missed = sorted(
        name for name in set(ACTIONS) - probe.tried if name.split(":")[0] not in APART
    )
    assert not missed, f"no call of these actions was tested: {missed}"
    assert set(HANDLERS) <= set(ACTIONS), "a handler waits for an unknown event"
    numbers = list(Event.objects.values_list("number", flat=True))
    assert numbers == list(range(len(numbers)))


def _call_the_rest(told: Scene, folder: Path) -> None:
    at = told.later(days=1)
    overseer, amara, owner = (told.cast[w] for w in ("overseer", "requester", "owner"))
    _call_people(told, overseer, amara)
    _call_catalogue(told, owner, folder)
    _call_sharing(told, amara)
    _call_analysis(told, amara)
    _call_exchange(told, amara, owner)
    erase_event(
        event=Event.objects.get(number=3), reason_code="test", by=overseer, at=at
    )
    rotate_key(by=overseer, at=told.later())


def _call_people(told: Scene, overseer: Person, amara: Person) -> None:
    evidence = told.cast.organisations["evidence"]
    people.edit_organisation(
        organisation=evidence,
        description="Evidence for ministers.",
        contact_email="evidence@example.org",
        by=overseer,
        at=told.later(),
    )
    _, secret = people.invite(
        organisation=evidence,
        role="analyst",
        email="new@example.org",
        name="New Person",
        by=overseer,
        at=told.later(),
    )
    invitation, _ = people.invite(
        organisation=evidence,
        role="member",
        email="other@example.org",
        name="Other Person",
        by=overseer,
        at=told.later(),
    )
    assert secret
    people.revoke_invitation(invitation=invitation, by=overseer, at=told.later())
    from staithe.people.models import Invitation

    people.accept_invitation(
        invitation=Invitation.objects.get(email="new@example.org"),
        name="New Person",
        password_hash=amara.password,
        at=told.later(),
    )
    new = Person.objects.get(email="new@example.org")
    sharing.add_project_member(
        project=told.project, person=new, by=amara, at=told.later()
    )
    sharing.end_project_member(
        project=told.project, person=new, by=amara, at=told.later()
    )
    people.end_membership(
        membership=new.memberships.get(), by=overseer, at=told.later()
    )
    people.change_password(
        person=amara, password_hash=amara.password, by=amara, at=told.later()
    )
    token, _ = people.create_token(person=amara, name="test", by=amara, at=told.later())
    people.revoke_token(token=token, by=amara, at=told.later())
    people.mark_notices_read(person=amara, at=told.later())


def _call_catalogue(told: Scene, owner: Person, folder: Path) -> None:
    asset = told.assets["rs"]
    catalogue.edit_asset(asset=asset, theme="Economy", by=owner, at=told.later())
    catalogue.describe_columns(
        asset=asset,
        identifies={"utr"},
        descriptions={"annual_pay": "Pounds a year"},
        by=owner,
        at=told.later(),
    )
    newer = folder / "newer.csv"
    newer.write_text("utr,annual_pay\n0001,5\n", "utf-8")
    version = asset.versions.get()
    note_damage(version=version, damage="part-00000 differs", at=told.later())
    note_repair(version=version, at=told.later())
    catalogue.publish_version(
        asset=asset, path=newer, source_name="newer.csv", by=owner, at=told.later()
    )
    catalogue.withdraw_asset(asset=asset, reason="Replaced", by=owner, at=told.later())


def _call_sharing(told: Scene, amara: Person) -> None:
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
    sharing.remove_flow(flow=flow, by=amara, at=told.later())
    sharing.withdraw_request(request=draft, by=amara, at=told.later())


def _call_analysis(told: Scene, amara: Person) -> None:
    query = ask(
        project=told.project,
        title="Again",
        sql=told.query.sql,
        table=told.query.table,
        by=amara,
        at=told.later(),
    )
    output = submit_output(
        query=query, title="Again", description="Safe.", by=amara, at=told.later()
    )
    withdraw_output(output=output, by=amara, at=told.later())


def _call_exchange(told: Scene, amara: Person, owner: Person) -> None:
    dws, nhb = told.agreements
    grant = Grant.objects.get(agreement=dws)
    recipient, _ = exchange.issue_recipient(grant=grant, by=amara, at=told.later())
    exchange.record_read(
        recipient=recipient, kind="delta-sharing", rows=1, at=told.later()
    )
    exchange.revoke_recipient(recipient=recipient, by=amara, at=told.later())
    join = exchange.ask_join(project=told.project, by=amara, at=told.later())
    exchange.fail_join(join=join, problem="Broken on purpose", by=None, at=told.later())
    sharing.revoke_agreement(
        agreement=dws, reason="The purpose has ended.", by=owner, at=told.later()
    )
    sharing.end_agreement(
        agreement=nhb, reason="No longer needed.", by=amara, at=told.later()
    )
    states = set(Grant.objects.values_list("state", flat=True))
    assert states == {Grant.State.REVOKED, Grant.State.EXPIRED}
    with pytest.raises(UserError):
        exchange.ask_join(project=told.project, by=amara, at=told.later())
    assert not Join.objects.exclude(key_snapshot="").exists()
    preparing = Grant.objects.get(pk=grant.pk)
    Grant.objects.filter(pk=grant.pk).update(state=Grant.State.PREPARING)
    preparing.refresh_from_db()
    exchange.fail_grant(
        grant=preparing, problem="Broken on purpose", by=None, at=told.later()
    )
    Grant.objects.filter(pk=grant.pk).update(closed_at=None)
    exchange.prepare_again(grant=preparing, by=amara, at=told.later())
