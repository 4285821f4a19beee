"""/dataset/{slug}.jsonld and .ttl: DCAT that other catalogues can read."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

import pytest
from rdflib import (
    DCAT,
    DCTERMS,
    FOAF,
    RDF,
    RDFS,
    XSD,
    Graph,
    Literal,
    Namespace,
    URIRef,
)
from rdflib.compare import isomorphic

from staithe.catalogue.actions import edit_asset, withdraw_asset


SPDX = Namespace("http://spdx.org/rdf/terms#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
# The reader of JSON-LD in rdflib uses a class that rdflib is giving up.
pytestmark = pytest.mark.filterwarnings(
    "ignore:ConjunctiveGraph is deprecated:DeprecationWarning"
)
THIS = URIRef("https://data.example/dataset/roads-of-the-county")


@pytest.fixture
def asset(publish):
    return publish(
        access_rights="OPEN",
        summary="Every road",
        description="Surveyed “yearly”.\n\nBy <us> & others.",
        keywords=["roads", "naïve"],
        theme="Transport",
        update_frequency="annual",
        contact_email="o'hara{x}@roads.example",
    ).asset


@pytest.fixture
def read(browse):
    def read(slug: str = "roads-of-the-county", ending: str = "ttl") -> Graph:
        answer = browse().get(f"/dataset/{slug}.{ending}")
        assert answer.status_code == 200, answer.content
        formats = {"ttl": "turtle", "jsonld": "json-ld"}
        return Graph().parse(data=answer.content, format=formats[ending])

    return read


def test_it_says_what_dcat_asks_for(asset, read, at):
    graph = read()
    assert (THIS, RDF.type, DCAT.Dataset) in graph
    assert graph.value(THIS, DCTERMS.title) == Literal("Roads of the county", lang="en")
    assert "Surveyed “yearly”." in str(graph.value(THIS, DCTERMS.description))
    assert str(graph.value(THIS, DCTERMS.identifier)) == asset.reference
    assert str(graph.value(THIS, URIRef(f"{DCAT}version"))) == "1"
    keywords = {str(word) for word in graph.objects(THIS, DCAT.keyword)}
    assert keywords == {"roads", "naïve"}
    for date in (DCTERMS.issued, DCTERMS.modified):
        value = graph.value(THIS, date)
        assert isinstance(value, Literal)
        assert value.datatype == XSD.dateTime
        assert datetime.fromisoformat(str(value)) == at


def test_nodes_are_nodes_and_addresses_are_resources(asset, read):
    graph = read()
    publisher = graph.value(THIS, DCTERMS.publisher)
    assert (publisher, RDF.type, FOAF.Agent) in graph
    assert str(graph.value(publisher, FOAF.name)) == "Roads"
    contact = graph.value(THIS, DCAT.contactPoint)
    email = graph.value(contact, VCARD.hasEmail)
    assert email == URIRef("mailto:o'hara%7Bx%7D@roads.example")
    (page,) = graph.objects(THIS, DCAT.landingPage)
    assert isinstance(page, URIRef)


def test_the_distribution_is_the_very_file_that_is_downloaded(asset, read, browse):
    graph = read()
    (file,) = graph.objects(THIS, DCAT.distribution)
    address = graph.value(file, DCAT.downloadURL)
    assert isinstance(address, URIRef)
    assert address == graph.value(file, DCAT.accessURL)
    body = b"".join(browse().get(str(address).removeprefix("https://data.example")))
    size = graph.value(file, DCAT.byteSize)
    assert isinstance(size, Literal)
    assert (int(size), size.datatype) == (len(body), XSD.nonNegativeInteger)
    checksum = graph.value(file, SPDX.checksum)
    assert (checksum, RDF.type, SPDX.Checksum) in graph
    algorithm = graph.value(checksum, SPDX.algorithm)
    assert (algorithm, RDF.type, SPDX.ChecksumAlgorithm) in graph
    value = graph.value(checksum, SPDX.checksumValue)
    assert str(value) == hashlib.sha256(body).hexdigest()
    assert str(graph.value(file, DCAT.mediaType)).endswith("/text/csv")
    licence = graph.value(file, DCTERMS.license)
    assert "open-government-licence" in str(licence)
    assert (licence, RDF.type, DCTERMS.LicenseDocument) in graph


def test_a_licence_that_is_not_an_address_is_named(asset, read, cast, at):
    for words in ("Ask us first", "https://example.org/a b"):
        edit_asset(asset=asset, licence=words, by=cast.olive, at=at)
        graph = read()
        (file,) = graph.objects(THIS, DCAT.distribution)
        licence = graph.value(file, DCTERMS.license)
        assert licence == URIRef(f"{THIS}#licence")
        assert str(graph.value(licence, RDFS.label)) == words


def test_what_is_not_known_is_not_said(publish, read):
    version = publish(title="Bare", access_rights="OPEN", contact_email="")
    version.csv_sha256 = ""
    version.save()
    graph = read("bare")
    this = URIRef("https://data.example/dataset/bare")
    assert str(graph.value(this, DCTERMS.description)) == "Bare"
    (file,) = graph.objects(this, DCAT.distribution)
    for absent in (DCAT.theme, DCAT.contactPoint, DCAT.keyword):
        assert graph.value(this, absent) is None
    for absent in (DCAT.byteSize, SPDX.checksum):
        assert graph.value(file, absent) is None


def test_both_forms_say_the_same(asset, read):
    assert isomorphic(read(ending="ttl"), read(ending="jsonld"))


def test_the_same_asset_gives_the_same_text(asset, browse):
    for ending in ("ttl", "jsonld"):
        texts = {browse().get(f"/dataset/{asset.slug}.{ending}").content for _ in "ab"}
        assert len(texts) == 1


def test_json_ld_reads_well_without_an_rdf_library(asset, browse):
    answer = browse().get(f"/dataset/{asset.slug}.jsonld")
    assert answer["Content-Type"] == "application/ld+json; charset=utf-8"
    nodes = json.loads(answer.content)["@graph"]
    (this,) = [node for node in nodes if node["@id"] == str(THIS)]
    assert this["dct:title"]["@value"] == "Roads of the county"


def test_every_resource_that_is_ours_answers(asset, read, browse):
    ours = {
        str(node).split("#")[0].removeprefix("https://data.example")
        for triple in read()
        for node in triple
        if str(node).startswith("https://data.example")
    }
    assert len(ours) == 4
    for path in ours:
        assert browse().get(path).status_code in {200, 303}, path


@pytest.mark.parametrize(
    ("accept", "where"),
    [
        ("text/turtle", "/dataset/roads-of-the-county.ttl"),
        ("application/ld+json, text/html", "/dataset/roads-of-the-county.jsonld"),
        ("text/html,application/ld+json", "/catalogue/roads-of-the-county"),
        ("*/*", "/catalogue/roads-of-the-county"),
        ("", "/catalogue/roads-of-the-county"),
    ],
)
def test_the_lasting_name_leads_to_what_is_understood(asset, browse, accept, where):
    answer = browse().get("/dataset/roads-of-the-county", headers={"Accept": accept})
    assert (answer.status_code, answer["Location"]) == (303, where)
    assert "Accept" in answer["Vary"].split(", ")


def test_the_page_points_to_both(asset, browse):
    page = browse().get(f"/catalogue/{asset.slug}").content.decode()
    for ending, kind in (("ttl", "text/turtle"), ("jsonld", "application/ld+json")):
        where = f'type="{kind}" href="/dataset/{asset.slug}.{ending}"'
        assert f'<link rel="alternate" {where}>' in page


def test_data_that_are_not_open_have_no_open_metadata(cast, publish, browse):
    slug = publish(title="Closed").asset.slug
    for ending in ("ttl", "jsonld"):
        answer = browse(cast.olive).get(f"/dataset/{slug}.{ending}")
        assert answer.status_code == 403
        assert b"road_id" not in answer.content


def test_withdrawn_data_have_none_either(asset, cast, browse, at):
    withdraw_asset(asset=asset, reason="Old.", by=cast.olive, at=at)
    assert browse().get(f"/dataset/{asset.slug}.ttl").status_code == 404


@pytest.mark.data
def test_the_published_shapes_of_dcat_ap_are_met(asset, read, shared_data):
    pyshacl = pytest.importorskip(
        "pyshacl", reason="pyshacl ABSENT: the DCAT-AP shapes were NOT tested"
    )
    folder = shared_data / "standards" / "dcat-ap"
    for shapes in ("dcat-ap-3.0.0-SHACL.ttl", "shapes.ttl", "range.ttl"):
        found = pyshacl.validate(read(), shacl_graph=Graph().parse(folder / shapes))
        assert found[0], f"{shapes}: {found[2]}"
