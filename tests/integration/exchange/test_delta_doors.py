"""Each address of the Delta Sharing door, with what is wrong as much as with what is right."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories import SPELLS_SEEN, fetched_files
from staithe.base import clock
from staithe.exchange.models import Grant
from staithe.exchange.sharing_server import file_key
from staithe.exchange.signing import LIFETIME_SECONDS, SIGNATURE, FileAddress, sign


DOOR = "/delta-sharing"


@pytest.fixture
def token(one, give_token):
    world, grant = one
    return give_token(grant, world.ann)


@pytest.fixture
def get(client: Client, token):
    """Return a function that asks the door with the token."""

    def get(path: str, **options):
        headers = options.pop("headers", token.headers)
        return client.get(DOOR + path, headers=headers, **options)

    return get


@pytest.fixture
def post(client: Client, token):
    def post(path: str, body: object = None, **options):
        headers = token.headers | options.pop("headers", {})
        data = body if isinstance(body, str | bytes) else json.dumps(body or {})
        return client.post(
            DOOR + path, data, content_type="application/json", headers=headers
        )

    return post


def lines(response) -> list[dict]:
    return [json.loads(line) for line in response.content.decode().splitlines()]


def file_urls(post, token) -> list[str]:
    found = lines(post(f"{token.path}/query"))[2:]
    return [line["file"]["url"] for line in found]


def refusal(response) -> dict:
    """Check that an answer is the protocol's error, never a server's fault."""
    assert 400 <= response.status_code < 500
    body = json.loads(response.content)
    assert set(body) == {"errorCode", "message"}
    assert body["message"].endswith(".")
    return body


def test_lists_name_one_share_one_schema_and_one_table(get, token):
    assert get("/shares").json()["items"][0]["name"] == token.share
    assert get(f"/shares/{token.share}").json()["share"]["name"] == token.share
    (schema,) = get(f"/shares/{token.share}/schemas").json()["items"]
    assert (schema["name"], schema["share"]) == (token.schema, token.share)
    for path in ("all-tables", f"schemas/{token.schema}/tables"):
        (table,) = get(f"/shares/{token.share}/{path}").json()["items"]
        assert (table["name"], table["schema"]) == (token.table, token.schema)


def test_lists_come_in_pages(get):
    first = get("/shares?maxResults=0").json()
    assert first["items"] == []
    again = get("/shares", data={"pageToken": first["nextPageToken"]}).json()
    assert len(again["items"]) == 1
    assert "nextPageToken" not in again


@pytest.mark.parametrize(
    "query", ["maxResults=-1", "maxResults=x", "pageToken=%01", "pageToken=abc"]
)
def test_a_malformed_page_is_refused(get, query):
    response = get(f"/shares?{query}")
    assert response.status_code == 400
    refusal(response)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer wrong", "Bearer \xff", "x"]
)
@pytest.mark.parametrize("path", ["/shares", "/nothing/here"])
def test_without_a_token_of_ours_nothing_is_said(get, path, header):
    response = get(path, headers={"Authorization": header} if header else {})
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    refusal(response)


def test_the_scheme_is_read_without_regard_to_case(get, token):
    assert get("/shares", headers={"Authorization": f"bearer {token.secret}"}).json()


@pytest.mark.parametrize(
    "path",
    [
        "/shares/other",
        "/shares/other/schemas",
        "/shares/other/all-tables",
        "/shares/{share}/schemas/other/tables",
        "/shares/{share}/schemas/{schema}/tables/other/metadata",
        "/shares/{share}/schemas/other/tables/{table}/version",
        "/shares/other/schemas/{schema}/tables/{table}/changes?startingVersion=0",
        "/shares/{share}/schemas/{schema}/tables/{table}/nothing",
        "/shares/",
        "/",
        "/queries/1",
    ],
)
def test_what_is_not_there_is_not_found_in_the_protocols_words(get, token, path):
    response = get(path.format(**vars(token)))
    assert response.status_code == 404
    assert refusal(response)["errorCode"] == "RESOURCE_DOES_NOT_EXIST"


def test_names_are_read_without_regard_to_case(get, token):
    assert get(f"{token.path.upper().replace('/SHARES', '/shares').replace('/SCHEMAS', '/schemas').replace('/TABLES', '/tables')}/version").status_code == 200  # fmt: skip


def test_another_tables_token_opens_nothing_here(one, client, give_token, token):
    """A person with two grants has two tokens; neither stands for the other."""
    world, _ = one
    other = world.project("Other work")
    agreement = world.agree(other, world.spells(), SPELLS_SEEN)
    world.join(other)
    second = give_token(Grant.objects.get(agreement=agreement), world.ann)
    for path, headers in ((token.path, second), (second.path, token)):
        response = client.get(f"{DOOR}{path}/metadata", headers=headers.headers)
        assert response.status_code == 404
        refusal(response)


def test_version_is_a_header_and_an_empty_body(get, token):
    response = get(f"{token.path}/version")
    assert response["Delta-Table-Version"] == "1"
    assert response.content == b""


@pytest.mark.parametrize(
    ("at", "status"),
    [
        ("2020-01-01T00:00:00Z", 200),
        ("2999-01-01T00:00:00Z", 404),
        ("2020-01-01T00:00:00", 400),
        ("yesterday", 400),
        ("0001-01-01T00:00:00+14:00", 200),
        ("9999-12-31T23:59:59-12:00", 404),
    ],
)
def test_a_version_since_a_moment(get, token, at, status):
    response = get(f"{token.path}/version", data={"startingTimestamp": at})
    assert response.status_code == status


def test_metadata_is_the_protocol_and_the_schema_of_what_was_granted(get, token):
    response = get(f"{token.path}/metadata")
    assert response["Content-Type"] == "application/x-ndjson; charset=utf-8"
    assert response["Delta-Table-Version"] == "1"
    protocol, metadata = lines(response)
    assert protocol == {"protocol": {"minReaderVersion": 1}}
    schema = json.loads(metadata["metaData"]["schemaString"])
    names = [column["name"] for column in schema["fields"]]
    assert names == ["person", *SPELLS_SEEN]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("version=1", 200),
        ("version=0", 404),
        ("version=2", 404),
        ("version=x", 400),
        ("version=" + "9" * 40, 400),
        ("timestamp=2999-01-01T00:00:00Z", 200),
        ("timestamp=2020-01-01T00:00:00Z", 404),
        ("timestamp=now", 400),
    ],
)
def test_only_the_newest_version_is_kept(get, token, query, status):
    assert get(f"{token.path}/metadata?{query}").status_code == status


@pytest.mark.parametrize(
    ("capabilities", "form"),
    [("", "parquet"), ("responseformat=delta", "delta")],
)
def test_a_query_answers_in_the_format_that_it_names(post, token, capabilities, form):
    response = post(
        f"{token.path}/query", headers={"delta-sharing-capabilities": capabilities}
    )
    assert response["delta-sharing-capabilities"] == f"responseformat={form}"
    assert response["Delta-Table-Version"] == "1"
    assert response["Cache-Control"] == "no-store"
    found = lines(response)
    assert len(found) == 3
    assert "endStreamAction" not in found[-1]


def test_the_end_is_marked_only_for_a_client_that_asks(post, token):
    asked = {"delta-sharing-capabilities": "includeEndStreamAction=true"}
    assert lines(post(f"{token.path}/query", headers=asked))[-1] == {
        "endStreamAction": {}
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 200),
        ({"limitHint": 3, "predicateHints": ["region = 'North'"]}, 200),
        ({"jsonPredicateHints": "{nonsense"}, 200),
        ({"idempotencyKey": "x", "unknown": [1]}, 200),
        ({"version": 1}, 200),
        ({"version": 7}, 404),
        ({"version": "one"}, 400),
        ({"version": {"a": 1}}, 400),
        ({"limitHint": -1}, 400),
        ({"timestamp": []}, 400),
        ({"startingVersion": 0}, 200),
        ({"startingVersion": 9}, 400),
        ("{", 400),
        ("[]", 400),
        ('"text"', 400),
        (b"\xff\xfe", 400),
        ("[" * 100_000, 400),
    ],
)
def test_a_query_takes_hints_and_refuses_nonsense(post, token, body, status):
    response = post(f"{token.path}/query", body)
    assert response.status_code == status
    if status != 200:
        refusal(response)


@pytest.mark.parametrize(
    ("query", "added"),
    [
        ("startingVersion=0", 1),
        ("startingVersion=1", 1),
        ("startingVersion=0&endingVersion=0", 0),
        ("startingTimestamp=2020-01-01T00:00:00Z", 1),
        ("startingTimestamp=2999-01-01T00:00:00Z", 0),
        ("startingVersion=0&endingTimestamp=2020-01-01T00:00:00Z", 0),
    ],
)
def test_changes_are_the_files_of_the_version_in_the_range(get, token, query, added):
    found = lines(get(f"{token.path}/changes?{query}"))
    assert len(found) == 2 + added
    assert all("add" in line for line in found[2:])


@pytest.mark.parametrize(
    "query", ["startingVersion=2", "startingVersion=x", "startingTimestamp=x"]
)
def test_changes_outside_what_there_is_are_refused(get, token, query):
    assert get(f"{token.path}/changes?{query}").status_code == 400


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_other_methods_are_refused_and_the_right_ones_named(client, token, method):
    for path in ("/shares", f"{token.path}/query", "/files/GRT-1/1/0"):
        send = getattr(client, method)
        response = send(DOOR + path, headers=token.headers)
        assert response.status_code == 405
        assert response["Allow"]
        if method != "head":
            refusal(response)


def test_get_and_post_are_not_mixed_up(client, token):
    assert client.get(f"{DOOR}{token.path}/query").status_code == 405
    assert client.post(f"{DOOR}/shares").status_code == 405


def test_head_answers_with_the_headers_alone(client, token):
    response = client.head(f"{DOOR}{token.path}/metadata", headers=token.headers)
    assert response.status_code == 200
    assert response["Delta-Table-Version"] == "1"
    assert response.content == b""


def test_before_the_join_there_is_no_table_yet(unjoined, client, give_token):
    world, project = unjoined
    for grant in project.grants.all():
        token = give_token(grant, world.ann)
        response = client.get(f"{DOOR}{token.path}/metadata", headers=token.headers)
        assert response.status_code == 404
        assert "Join the project" in refusal(response)["message"]


# Files


@pytest.fixture
def table_bytes(one) -> bytes:
    _, grant = one
    return fetched_files(grant)[0].read_bytes()


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def test_an_address_gives_the_very_bytes_without_a_token(
    client, post, token, table_bytes
):
    (url,) = file_urls(post, token)
    response = client.get(path_of(url))
    assert body(response) == table_bytes
    assert response["Content-Length"] == str(len(table_bytes))
    assert response["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=-8", slice(-8, None)),
        ("bytes=5-", slice(5, None)),
    ],
)
def test_a_range_gives_a_part(client, post, token, table_bytes, asked, part):  # noqa: PLR0917  fixtures
    (url,) = file_urls(post, token)
    response = client.get(path_of(url), headers={"Range": asked})
    wanted = table_bytes[part]
    assert response.status_code == 206
    assert body(response) == wanted
    start = part.indices(len(table_bytes))[0]
    whole = f"bytes {start}-{start + len(wanted) - 1}/{len(table_bytes)}"
    assert response["Content-Range"] == whole
    head = client.head(path_of(url), headers={"Range": asked})
    assert head["Content-Length"] == str(len(wanted))


def test_a_range_past_the_end_is_416(client, post, token, table_bytes):
    (url,) = file_urls(post, token)
    response = client.get(path_of(url), headers={"Range": "bytes=99999999-"})
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{len(table_bytes)}"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=9-2", "rows=1-2"])
def test_other_ranges_are_ignored(client, post, token, table_bytes, asked):
    (url,) = file_urls(post, token)
    response = client.get(path_of(url), headers={"Range": asked})
    assert response.status_code == 200
    assert body(response) == table_bytes


@pytest.mark.parametrize(
    "change",
    [
        ("/1/0?", "/1/1?"),
        ("/1/0?", "/2/0?"),
        ("/1/0?", "/1/99999999999999999999?"),
        ("GRT-", "GRT-X"),
        ("r=", "r=9"),
        ("e=", "e=9"),
        (f"{SIGNATURE}=", f"{SIGNATURE}=A"),
        (f"&{SIGNATURE}=", "&Signature="),
        ("e=", "x="),
        ("r=", f"r={'9' * 60}"),
    ],
)
def test_an_address_changed_in_any_part_is_refused(client, post, token, change):
    (url,) = file_urls(post, token)
    changed = path_of(url).replace(*change)
    assert changed != path_of(url)
    response = client.get(changed)
    assert response.status_code in {400, 403}
    refusal(response)


def test_an_address_stops_when_its_time_is_up(client, post, token):
    (url,) = file_urls(post, token)
    with clock.set_to(clock.now() + timedelta(seconds=LIFETIME_SECONDS - 5)):
        assert client.get(path_of(url)).status_code == 200
    with clock.set_to(clock.now() + timedelta(seconds=LIFETIME_SECONDS + 5)):
        assert client.get(path_of(url)).status_code == 403


def test_an_index_that_is_not_there_is_refused_even_where_signed(client, token, one):
    _, grant = one
    expires = int(clock.now().timestamp()) + 60
    address = FileAddress(grant.reference, 1, 1, token.recipient.pk, expires)
    signature = sign(address, key=file_key())
    query = {"r": token.recipient.pk, "e": expires, SIGNATURE: signature}
    path = f"{DOOR}/files/{grant.reference}/1/1"
    assert client.get(path, query).status_code == 403


def test_an_address_made_for_one_recipient_serves_no_other(
    one, client, post, token, give_token
):
    """Bob's number in Ann's address does not open it, though Bob may read too."""
    world, grant = one
    bobs = give_token(grant, world.bob)
    (url,) = file_urls(post, token)
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    query["r"] = str(bobs.recipient.pk)
    assert client.get(urlsplit(url).path, query).status_code == 403


def test_an_older_version_cannot_be_opened(one, client, post, token):
    world, grant = one
    (url,) = file_urls(post, token)
    world.join(grant.project)
    response = client.get(path_of(url))
    assert response.status_code == 403
    assert "newer version" in refusal(response)["message"]


def test_damage_is_named_and_is_no_reason_to_try_again(one, client, post, get, token):
    """A 5xx would make clients ask again for minutes."""
    _, grant = one
    (url,) = file_urls(post, token)
    (path,) = fetched_files(grant)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))
    for response in (client.get(path_of(url)), get(f"{token.path}/metadata")):
        assert response.status_code == 404
        assert "part-00000.parquet" in refusal(response)["message"]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    path=st.lists(st.sampled_from(["shares", "schemas", "tables", "files", "x", "1"]), max_size=8),
    query=st.dictionaries(
        st.sampled_from(["maxResults", "pageToken", "version", "r", "e", SIGNATURE]),
        st.text(max_size=12),
        max_size=4,
    ),
    method=st.sampled_from(["get", "post", "head", "put"]),
)  # fmt: skip
def test_no_address_makes_the_server_fail(client, token, path, query, method):
    send = getattr(client, method)
    address = f"{DOOR}/{'/'.join(path)}"
    if method == "post":
        response = send(address, "{}", content_type="text/plain", headers=token.headers)
    elif method == "put":
        response = send(address, headers=token.headers)
    else:
        response = send(address, query, headers=token.headers)
    assert response.status_code < 500
