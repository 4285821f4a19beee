"""Publishing in the browser: the form, the confirmation, the job, a new version."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from staithe.catalogue.actions import withdraw_asset
from staithe.catalogue.models import Asset
from staithe.jobs.models import Job
from staithe.jobs.run import run_pending
from staithe.people.models import Membership, Notice


ROADS = b"road_id,length_m,surface\n1,120,tarmac\n2,80,gravel\n"
PEOPLE = b"forename,surname\nAmir,Begum\nCara,Doyle\n"


def form(content=ROADS, name="roads.csv", **changes):
    values = {
        "title": "Roads",
        "summary": "",
        "organisation": "roads",
        "access_rights": "INTERNAL",
        "file": SimpleUploadedFile(name, content),
    }
    return values | changes


def page(answer) -> str:
    return str(answer.content.decode())


class TestTheForm:
    def test_it_works(self, cast, browse, last_event):
        answer = browse(cast.olive).post("/catalogue/publish", form(), follow=True)
        assert answer.redirect_chain == [("/catalogue/roads/published", 302)]
        asset = Asset.objects.get()
        text = page(answer)
        assert asset.reference in text
        assert "2 rows, 3 columns" in text
        assert "What we learned about your data" in text
        assert last_event("catalogue:asset:published")["actor"] == cast.olive.ledger_id

    def test_the_confirmation_names_what_identifies(self, cast, browse):
        client = browse(cast.olive)
        answer = client.post("/catalogue/publish", form(PEOPLE), follow=True)
        assert "forename, surname" in page(answer)
        assert "Check and describe the columns" in page(answer)

    def test_every_finding_can_be_read(self, cast, browse):
        """The first in sight, the others one step away on the same page."""
        names = [f"c{number}" for number in range(12)]
        holes = "\n".join([",".join(names), *[",".join([""] * 11 + ["1"])] * 3, ""])
        client = browse(cast.olive)
        text = page(
            client.post("/catalogue/publish", form(holes.encode()), follow=True)
        )
        findings = Asset.objects.get().versions.get().profile["findings"]
        assert f"{len(findings) - 8} more findings</span>" in text
        assert {f["column"] for f in findings} >= set(names[:11])
        for name in names[:11]:
            assert f">{name}</code>" in text

    def test_who_publishes_for_one_body_is_not_asked_for_which(self, cast, browse):
        text = page(browse(cast.olive).get("/catalogue/publish"))
        assert '<input type="hidden" name="organisation" value="roads">' in text

    def test_who_publishes_for_two_chooses(self, cast, browse, at):
        Membership.objects.create(
            person=cast.olive,
            organisation=cast.health,
            role="data-owner",
            created_at=at,
        )
        text = page(browse(cast.olive).get("/catalogue/publish?organisation=health"))
        assert '<option value="health" selected>' in text
        browse(cast.olive).post("/catalogue/publish", form(organisation="health"))
        assert Asset.objects.get().organisation == cast.health

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"title": ""}, "Enter the title"),
            ({"file": ""}, "Choose a file"),
            ({"access_rights": ""}, "Answer the question"),
            ({"access_rights": "SECRET"}, "Select a valid choice"),
            ({"content": PEOPLE, "access_rights": "OPEN"}, "cannot be open data"),
            ({"title": "x" * 201}, "200 characters or fewer"),
        ],
    )
    def test_a_refusal_is_said_at_the_field_and_keeps_what_was_typed(
        self, cast, browse, nothing_stays, changes, message
    ):
        client = browse(cast.olive)
        client.get("/catalogue/publish")
        with nothing_stays():
            answer = client.post(
                "/catalogue/publish", form(**{"summary": "Typed words", **changes})
            )
        assert answer.status_code == 422
        text = page(answer)
        assert text.count(message) >= 2  # in the summary and at the field
        assert "Typed words" in text

    def test_a_body_for_which_one_may_not_publish_is_no_choice(
        self, cast, browse, nothing_stays
    ):
        client = browse(cast.olive)
        client.get("/catalogue")
        with nothing_stays():
            answer = client.post("/catalogue/publish", form(organisation="health"))
        assert answer.status_code == 422
        assert "Select a valid choice" in page(answer)

    def test_no_column_identifies_a_person_if_the_publisher_says_so(self, cast, browse):
        values = form(PEOPLE, access_rights="OPEN", identifies_nobody="on")
        answer = browse(cast.olive).post("/catalogue/publish", values)
        assert answer.status_code == 302

    @pytest.mark.parametrize(("who", "status"), [("ann", 403), ("sam", 403)])
    def test_others_may_not(self, cast, browse, nothing_stays, who, status):
        client = browse(getattr(cast, who))
        client.get("/catalogue")
        with nothing_stays():
            assert client.get("/catalogue/publish").status_code == status
            assert client.post("/catalogue/publish", form()).status_code == status

    def test_nobody_without_signing_in(self, db, browse):
        answer = browse().get("/catalogue/publish")
        assert answer["Location"] == "/sign-in?next=/catalogue/publish"

    @pytest.mark.parametrize(
        "name",
        ['<img src=x onerror="alert(1)">.csv', "x" * 240 + ".csv", "a\u202ecsv.exe"],
    )
    def test_a_hostile_file_name_is_shown_as_a_name(self, cast, browse, name):
        client = browse(cast.olive)
        assert client.post("/catalogue/publish", form(name=name)).status_code == 302
        text = page(client.get("/catalogue/roads"))
        assert "<img" not in text
        assert Asset.objects.get().versions.get().source_name

    def test_a_name_of_400_characters_is_shortened(self, cast, browse):
        client = browse(cast.olive)
        client.post("/catalogue/publish", form(name="y" * 400 + ".csv"))
        shown = Asset.objects.get().versions.get().source_name
        assert len(shown) <= 255
        assert shown.endswith(".csv")

    def test_the_confirmation_is_for_those_who_look_after_it(
        self, cast, publish, browse
    ):
        publish()
        path = "/catalogue/roads-of-the-county/published"
        assert browse(cast.ann).get(path).status_code == 403
        assert browse(cast.sam).get(path).status_code == 200


class TestALargeFile:
    @pytest.fixture(autouse=True)
    def small_limit(self, settings):
        settings.PUBLISH_INLINE_BYTES = 10

    @pytest.fixture
    def sent(self, cast, browse):
        """Return the browser of who sent a large file, and the address of its job."""
        client = browse(cast.olive)
        answer = client.post("/catalogue/publish", form())
        assert answer.status_code == 302
        return client, answer["Location"]

    def test_it_works(self, sent, home):
        client, where = sent
        assert where.startswith("/catalogue/jobs/JOB-")
        text = page(client.get(where))
        assert "You can leave this page and come back" in text
        assert f'data-poll="{where}/progress"' in text
        assert json.loads(client.get(where + "/progress").content) == {
            "done": 0,
            "total": 100,
            "message": "Waiting",
            "finished": False,
        }
        run_pending()
        assert json.loads(client.get(where + "/progress").content)["finished"]
        assert client.get(where)["Location"] == "/catalogue/roads/published"
        assert list((home / "uploads").iterdir()) == []

    def test_who_left_the_page_is_told_that_it_is_published(self, cast, sent):
        run_pending()
        (notice,) = Notice.objects.all()
        assert (notice.person, notice.title) == (cast.olive, "Published: Roads")
        assert notice.link == "/catalogue/roads/published"

    def test_a_bad_file_says_so_on_its_page(self, cast, browse, home):
        client = browse(cast.olive)
        answer = client.post("/catalogue/publish", form(b"a,b\n1,2,3,4,5,6\n"))
        run_pending()
        text = page(client.get(answer["Location"]))
        assert "Nothing was stored." in text
        assert "Try again with another file" in text
        assert list((home / "uploads").iterdir()) == []
        (notice,) = Notice.objects.all()
        assert (notice.person, notice.title) == (cast.olive, "Not published: roads.csv")
        assert notice.body in text

    def test_it_can_be_stopped(self, sent):
        client, where = sent
        assert client.post(where + "/stop")["Location"] == where
        run_pending()
        assert "You stopped this. Nothing was stored." in page(client.get(where))
        assert not Asset.objects.exists()
        assert client.get(where + "/stop").status_code == 405

    def test_stopped_while_it_reads_it_leaves_nothing(self, sent, home, monkeypatch):
        from staithe.catalogue import storing
        from staithe.jobs import actions, context

        client, where = sent
        monkeypatch.setattr(context, "WRITE_EVERY_SECONDS", 0)
        profile = storing.profile_table

        def stop_then_profile(*args, **kwargs):
            job = Job.objects.get()
            actions.cancel(job, at=job.created_at)
            return profile(*args, **kwargs)

        monkeypatch.setattr(storing, "profile_table", stop_then_profile)
        run_pending()
        assert "You stopped this" in page(client.get(where))
        assert not Asset.objects.exists()
        assert list((home / "uploads").iterdir()) == []
        assert list((home / "snapshots").iterdir()) == []

    def test_only_who_started_it_sees_it(self, cast, sent, browse):
        _, where = sent
        for path in (where, where + "/progress"):
            assert browse(cast.sam).get(path).status_code == 403
            assert browse().get(path).status_code == 302
        assert browse(cast.sam).post(where + "/stop").status_code == 403
        assert browse(cast.olive).get("/catalogue/jobs/JOB-NONE").status_code == 404

    @pytest.mark.usefixtures("sent")
    def test_who_has_left_meanwhile_publishes_nothing(self, cast, home):
        cast.olive.is_active = False
        cast.olive.save()
        run_pending()
        assert Job.objects.get(kind="catalogue:publish").state == "failed"
        assert not Asset.objects.exists()
        assert list((home / "uploads").iterdir()) == []

    def test_a_crash_keeps_the_upload_for_the_next_attempt(
        self, sent, home, monkeypatch
    ):
        from staithe.catalogue import storing

        def crash(*args, **kwargs):
            raise MemoryError

        with monkeypatch.context() as patch:
            patch.setattr(storing, "profile_table", crash)
            run_pending()
        assert Job.objects.get().state == "queued"
        assert len(list((home / "uploads").iterdir())) == 1
        assert list((home / "snapshots").iterdir()) == []
        assert not Notice.objects.exists()

    def test_after_the_last_attempt_the_upload_goes_and_the_sender_is_told(
        self, cast, sent, home, monkeypatch
    ):
        from staithe.catalogue import storing

        def crash(*args, **kwargs):
            raise MemoryError

        monkeypatch.setattr(storing, "profile_table", crash)
        for _ in range(3):
            Job.objects.update(run_after=cast.roads.created_at)
            run_pending()
        assert Job.objects.exclude(kind="people:email").get().state == "failed"
        assert list((home / "uploads").iterdir()) == []
        (notice,) = Notice.objects.all()
        assert "Something went wrong on our side" in notice.body

    def test_a_sender_who_is_not_known_any_more_is_not_told(self, db, home):
        from staithe.base.clock import now
        from staithe.catalogue.jobs import tell_sender

        common = {"error": "No.", "at": now(), "source_name": "a.csv"}
        tell_sender(upload="gone", sender="person:P-NONE", **common)
        assert not Notice.objects.exists()

    def test_a_large_new_version_works_too(self, cast, publish, browse):
        asset = publish().asset
        client = browse(cast.olive)
        answer = client.post(
            f"/catalogue/{asset.slug}/version",
            {"file": SimpleUploadedFile("new.csv", ROADS)},
        )
        run_pending()
        assert client.get(answer["Location"])["Location"] == (
            f"/catalogue/{asset.slug}/published"
        )
        assert asset.versions.count() == 2


class TestANewVersion:
    path = "/catalogue/roads-of-the-county/version"

    def send(self, client, content=ROADS):
        return client.post(
            self.path, {"file": SimpleUploadedFile("new.csv", content)}, follow=True
        )

    def test_it_works(self, cast, publish, browse):
        publish()
        answer = self.send(browse(cast.olive))
        assert "Version 2 is published." in page(answer)
        assert answer.redirect_chain[-1][0] == "/catalogue/roads-of-the-county"

    def test_a_bad_file_is_refused_at_the_field(self, cast, publish, browse):
        publish()
        answer = self.send(browse(cast.olive), b"a,b\n1,2,3\n")
        assert answer.status_code == 422
        assert 'id="id_file-error"' in page(answer)

    def test_a_file_is_needed(self, cast, publish, browse):
        publish()
        answer = browse(cast.olive).post(self.path, {"x": "y"})
        assert answer.status_code == 422
        assert page(answer).count("Choose a file") == 2

    @pytest.mark.parametrize("who", ["sam", "ann", "hal"])
    def test_others_may_not(self, cast, publish, browse, who):
        publish()
        assert self.send(browse(getattr(cast, who))).status_code == 403

    def test_a_withdrawn_one_takes_none(self, cast, publish, browse, at):
        asset = publish().asset
        withdraw_asset(asset=asset, reason="Old.", by=cast.olive, at=at)
        assert browse(cast.olive).get(self.path).status_code == 409
