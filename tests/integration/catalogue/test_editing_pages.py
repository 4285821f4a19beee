"""Looking after an entry in the browser: describe, columns, withdraw."""

from __future__ import annotations

import re

import pytest

from staithe.catalogue.actions import edit_asset, withdraw_asset
from staithe.catalogue.models import Asset


HERE = "/catalogue/roads-of-the-county"


def page(answer) -> str:
    return str(answer.content.decode())


def fields_of(answer) -> dict[str, str]:
    """Return what a form on a page would send, unchanged (no check boxes)."""
    text = page(answer).split("<main", 1)[1]
    found = {}
    for tag in re.findall(r"<input[^>]*>", text):
        named = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if named.get("type") in {"checkbox", "radio"} and " checked" not in tag:
            continue
        if "name" in named:
            found[named["name"]] = named.get("value", "")
    for name, value in re.findall(
        r'<textarea[^>]*name="(\w+)"[^>]*>(.*?)</textarea>', text, re.DOTALL
    ):
        found[name] = value.strip()
    for name, body in re.findall(
        r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', text, re.DOTALL
    ):
        chosen = re.search(r'value="([^"]*)" selected', body)
        found[name] = chosen.group(1) if chosen else ""
    found.pop("csrfmiddlewaretoken", None)
    return found


class TestDescribing:
    def test_it_works(self, cast, publish, browse):
        publish(keywords=["roads"])
        client = browse(cast.sam)
        sent = fields_of(client.get(HERE + "/edit"))
        assert (sent["title"], sent["keywords"]) == ("Roads of the county", "roads")
        answer = client.post(
            HERE + "/edit", sent | {"keywords": "b, a,, b", "theme": "T"}, follow=True
        )
        assert "The entry is changed." in page(answer)
        asset = Asset.objects.get()
        assert (asset.keywords, asset.theme) == (["a", "b"], "T")

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"title": ""}, "Enter the title"),
            ({"summary": "x" * 251}, "250 characters or fewer"),
            ({"contact_email": "nobody"}, "valid email address"),
            ({"description": "a\x0bb"}, "cannot be shown"),
            ({"keywords": "x" * 61}, "60 characters or fewer"),
        ],
    )
    def test_a_refusal_is_said_at_the_field(
        self, cast, publish, browse, changes, message
    ):
        publish()
        client = browse(cast.sam)
        sent = fields_of(client.get(HERE + "/edit"))
        answer = client.post(HERE + "/edit", sent | changes)
        assert answer.status_code == 422
        assert page(answer).count(message) >= 2
        assert Asset.objects.get().title == "Roads of the county"

    def test_what_somebody_else_changed_meanwhile_is_not_lost(
        self, cast, publish, browse
    ):
        from staithe.base.clock import now

        asset = publish().asset
        client = browse(cast.sam)
        sent = fields_of(client.get(HERE + "/edit"))
        edit_asset(asset=asset, by=cast.olive, at=now(), theme="Theirs")
        answer = client.post(HERE + "/edit", sent | {"theme": "Mine"})
        assert answer.status_code == 422
        assert "Somebody else changed this entry" in page(answer)
        assert Asset.objects.get().theme == "Theirs"

    def test_made_open_by_page_it_may_not_identify(self, cast, publish, browse):
        publish("forename,surname\nAmir,Begum\n")
        client = browse(cast.sam)
        sent = fields_of(client.get(HERE + "/edit"))
        answer = client.post(HERE + "/edit", sent | {"access_rights": "OPEN"})
        assert "identify people: forename, surname" in page(answer)

    def test_every_frequency_can_be_chosen_in_words(self, cast, publish, browse):
        publish()
        text = page(browse(cast.sam).get(HERE + "/edit"))
        assert "Twice a year" in text
        assert ">Semiannual<" not in text


class TestColumns:
    def test_it_works(self, cast, publish, browse):
        publish()
        client = browse(cast.sam)
        sent = fields_of(client.get(HERE + "/columns"))
        answer = client.post(
            HERE + "/columns",
            sent | {"identifies-0": "on", "means-1": "In metres"},
            follow=True,
        )
        assert "The columns are described." in page(answer)
        columns = Asset.objects.get().versions.get().columns
        assert [c["identifies"] for c in columns] == [True, False, False]
        assert columns[1]["description"] == "In metres"

    def test_sent_unchanged_it_changes_nothing(self, cast, publish, browse):
        version = publish("forename,surname,benefit\nAmir,Begum,x\nCara,Doyle,x\n")
        client = browse(cast.sam)
        client.post(HERE + "/columns", fields_of(client.get(HERE + "/columns")))
        before = version.columns
        version.refresh_from_db()
        assert version.columns == before

    def test_a_wide_table_is_described_a_page_at_a_time(self, cast, publish, browse):
        names = [f"c{number}" for number in range(95)]
        publish(",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")
        client = browse(cast.sam)
        where = HERE + "/columns"
        for number in (1, 2, 3):
            sent = fields_of(client.get(where))
            last = 14 if number == 3 else 39
            assert f"means-{last}" in sent
            assert f"means-{last + 1}" not in sent
            answer = client.post(
                where, sent | {"identifies-0": "on", f"means-{last}": f"Page {number}"}
            )
            assert answer.status_code == 302
            where = answer["Location"]
        assert where == HERE
        columns = Asset.objects.get().versions.get().columns
        marked = [c["name"] for c in columns if c["identifies"]]
        assert marked == ["c0", "c40", "c80"]
        assert [c["description"] for c in columns if c["description"]] == [
            "Page 1",
            "Page 2",
            "Page 3",
        ]

    def test_answers_to_an_older_version_are_not_taken_for_a_newer(
        self, cast, publish, browse, write, at
    ):
        from staithe.catalogue.actions import publish_version

        asset = publish().asset
        client = browse(cast.sam)
        sent = fields_of(client.get(HERE + "/columns"))
        publish_version(
            asset=asset,
            path=write("surface,length_m,road_id\nx,1,2\n"),
            source_name="n.csv",
            by=cast.olive,
            at=at,
        )
        answer = client.post(HERE + "/columns", sent | {"identifies-0": "on"})
        assert answer.status_code == 422
        assert "A newer version was published" in page(answer)
        newest = asset.versions.order_by("-number").first()
        assert not any(column["identifies"] for column in newest.columns)

    def test_a_text_too_long_is_refused(self, cast, publish, browse):
        publish()
        client = browse(cast.sam)
        sent = fields_of(client.get(HERE + "/columns"))
        answer = client.post(HERE + "/columns", sent | {"means-0": "x" * 501})
        assert answer.status_code == 422


class TestWithdrawing:
    def test_it_works(self, cast, publish, browse):
        publish()
        client = browse(cast.sam)
        answer = client.post(HERE + "/withdraw", {"reason": "Wrong."}, follow=True)
        assert "Roads of the county is withdrawn." in page(answer)
        assert Asset.objects.get().withdrawn_reason == "Wrong."

    @pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "\x1b[2J"])
    def test_it_needs_a_reason(self, cast, publish, browse, reason):
        publish()
        answer = browse(cast.sam).post(HERE + "/withdraw", {"reason": reason})
        assert answer.status_code == 422
        assert Asset.objects.get().status == "published"


@pytest.mark.parametrize("what", ["edit", "columns", "withdraw"])
class TestEachOfThem:
    def test_others_may_not(self, cast, publish, browse, what):
        publish()
        for who in ("ann", "hal", "zed", "vera"):
            client = browse(getattr(cast, who))
            assert client.get(f"{HERE}/{what}").status_code == 403, who
            assert client.post(f"{HERE}/{what}", {"x": "y"}).status_code == 403, who
        answer = browse().get(f"{HERE}/{what}")
        assert answer["Location"].startswith("/sign-in?next=")

    def test_a_withdrawn_entry_stays_as_it_is(self, cast, publish, browse, at, what):
        asset = publish().asset
        withdraw_asset(asset=asset, reason="Old.", by=cast.olive, at=at)
        answer = browse(cast.olive).get(f"{HERE}/{what}")
        assert answer.status_code == 409
        assert "has been withdrawn" in page(answer)

    def test_there_is_none(self, cast, browse, what):
        assert browse(cast.olive).get(f"/catalogue/nothing/{what}").status_code == 404
