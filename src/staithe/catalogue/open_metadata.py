"""An open asset's metadata for other catalogues: DCAT 3 as JSON-LD and Turtle.

Every node has a name below the asset's own, so the same asset always gives the same
text. Follows DCAT-AP 3: a publisher is a node with a name, an address is a resource
and never a string, a checksum is that of the very file it stands beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from django.conf import settings
from rdflib import DCAT, DCTERMS, FOAF, RDF, RDFS, SKOS, XSD, Graph, Literal, Namespace
from rdflib.term import Node, URIRef

from staithe.base.clock import to_text
from staithe.catalogue.models import Asset, AssetVersion
from staithe.catalogue.permissions import check_open


VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
FREQUENCY = Namespace("http://purl.org/cld/freq/")
# Of DCAT 3, newer than the list of names that rdflib knows.
DCAT_VERSION = URIRef(f"{DCAT}version")
PUBLIC = URIRef("http://publications.europa.eu/resource/authority/access-right/PUBLIC")
CSV_FORMAT = URIRef("http://publications.europa.eu/resource/authority/file-type/CSV")
CSV_MEDIA_TYPE = URIRef("https://www.iana.org/assignments/media-types/text/csv")
PREFIXES = {
    "dcat": DCAT,
    "dct": DCTERMS,
    "foaf": FOAF,
    "skos": SKOS,
    "vcard": VCARD,
    "spdx": SPDX,
    "xsd": XSD,
    "rdfs": RDFS,
}


@dataclass(frozen=True)
class Format:
    """One way of writing the metadata: rdflib's name of it, and the web's."""

    writer: str
    media_type: str

    @property
    def content_type(self) -> str:
        """Return the media type with its encoding."""
        return f"{self.media_type}; charset=utf-8"


FORMATS = {
    "jsonld": Format("json-ld", "application/ld+json"),
    "ttl": Format("turtle", "text/turtle"),
}


def best_format(accept: str) -> str | None:
    """Return the ending that an Accept header asks for first, or None for a page."""
    for wish in accept.split(","):
        wanted = wish.split(";")[0].strip().lower()
        for ending, known in FORMATS.items():
            if wanted == known.media_type:
                return ending
        if wanted in {"text/html", "application/xhtml+xml"}:
            return None
    return None


def describe(asset: Asset, version: AssetVersion, ending: str) -> str:
    """Return an open asset's metadata as text; raises where it is not open."""
    check_open(asset)
    graph = to_graph(asset, version, base=settings.BASE_URL)
    context = {prefix: str(space) for prefix, space in PREFIXES.items()}
    return graph.serialize(
        format=FORMATS[ending].writer, context=context, auto_compact=True
    )


def to_graph(asset: Asset, version: AssetVersion, *, base: str) -> Graph:
    """Return an asset and its current version as a DCAT graph."""
    graph = Graph(bind_namespaces="none")
    for prefix, space in PREFIXES.items():
        graph.bind(prefix, space)
    this = URIRef(f"{base}/dataset/{asset.slug}")
    page = URIRef(f"{base}/catalogue/{asset.slug}")
    facts: list[tuple[URIRef, Node]] = [
        (RDF.type, DCAT.Dataset),
        (DCTERMS.identifier, Literal(asset.reference)),
        (DCTERMS.title, _english(asset.title)),
        (DCTERMS.description, _english(_description(asset))),
        (DCTERMS.issued, _time(asset.created_at)),
        (DCTERMS.modified, _time(version.created_at)),
        (DCAT_VERSION, Literal(str(version.number))),
        (DCTERMS.accessRights, PUBLIC),
        (DCTERMS.accrualPeriodicity, FREQUENCY[asset.update_frequency]),
        (DCTERMS.publisher, _publisher(graph, asset, base)),
        (DCAT.landingPage, page),
        (DCAT.distribution, _distribution(graph, asset, version, this, base)),
        *((DCAT.keyword, _english(word)) for word in asset.keywords),
    ]
    if asset.theme:
        facts.append((DCAT.theme, _concept(graph, asset.theme, this)))
    if asset.contact_email:
        facts.append((DCAT.contactPoint, _contact(graph, asset, this)))
    _say(graph, this, facts)
    _say(graph, page, [(RDF.type, FOAF.Document)])
    _say(graph, PUBLIC, [(RDF.type, DCTERMS.RightsStatement)])
    _say(graph, FREQUENCY[asset.update_frequency], [(RDF.type, DCTERMS.Frequency)])
    return graph


def _say(graph: Graph, subject: URIRef, facts: list[tuple[URIRef, Node]]) -> URIRef:
    for predicate, value in facts:
        graph.add((subject, predicate, value))
    return subject


def _description(asset: Asset) -> str:
    """Return the fullest text there is: a catalogue must have one."""
    return asset.description or asset.summary or asset.title


def _english(text: str) -> Literal:
    return Literal(text, lang="en")


def _time(at: datetime) -> Literal:
    return Literal(to_text(at), datatype=XSD.dateTime, normalize=False)


def _publisher(graph: Graph, asset: Asset, base: str) -> URIRef:
    return _say(
        graph,
        URIRef(f"{base}/organisations/{asset.organisation.slug}"),
        [
            (RDF.type, FOAF.Agent),
            (RDF.type, FOAF.Organization),
            (FOAF.name, _english(asset.organisation.name)),
        ],
    )


def _distribution(
    graph: Graph, asset: Asset, version: AssetVersion, this: URIRef, base: str
) -> URIRef:
    file = URIRef(f"{base}/catalogue/{asset.slug}.csv")
    facts: list[tuple[URIRef, Node]] = [
        (RDF.type, DCAT.Distribution),
        (DCTERMS.title, _english(f"{asset.title} (CSV)")),
        (DCAT.accessURL, file),
        (DCAT.downloadURL, file),
        (DCAT.mediaType, CSV_MEDIA_TYPE),
        (DCTERMS.format, CSV_FORMAT),
        (DCTERMS.issued, _time(version.created_at)),
        (DCTERMS.license, _licence(graph, asset, this)),
    ]
    if version.csv_sha256:
        size = Literal(str(version.csv_bytes), datatype=XSD.nonNegativeInteger)
        facts.append((DCAT.byteSize, size))
        facts.append((SPDX.checksum, _checksum(graph, version, this)))
    _say(graph, file, [(RDF.type, RDFS.Resource)])
    _say(graph, CSV_MEDIA_TYPE, [(RDF.type, DCTERMS.MediaType)])
    _say(graph, CSV_FORMAT, [(RDF.type, DCTERMS.MediaTypeOrExtent)])
    return _say(graph, URIRef(f"{this}#csv"), facts)


def _licence(graph: Graph, asset: Asset, this: URIRef) -> URIRef:
    """Return the licence as a node: its address, or a name of ours for its name."""
    is_address = asset.licence.startswith(("https://", "http://"))
    if is_address and not set(asset.licence) & set(' <>"{}|\\^`'):
        return _say(graph, URIRef(asset.licence), [(RDF.type, DCTERMS.LicenseDocument)])
    return _say(
        graph,
        URIRef(f"{this}#licence"),
        [
            (RDF.type, DCTERMS.LicenseDocument),
            (RDFS.label, _english(asset.licence or "Not stated")),
        ],
    )


def _checksum(graph: Graph, version: AssetVersion, this: URIRef) -> URIRef:
    algorithm = SPDX.checksumAlgorithm_sha256
    _say(graph, algorithm, [(RDF.type, SPDX.ChecksumAlgorithm)])
    digest = Literal(version.csv_sha256, datatype=XSD.hexBinary, normalize=False)
    return _say(
        graph,
        URIRef(f"{this}#csv-sha256"),
        [
            (RDF.type, SPDX.Checksum),
            (SPDX.algorithm, algorithm),
            (SPDX.checksumValue, digest),
        ],
    )


def _concept(graph: Graph, theme: str, this: URIRef) -> URIRef:
    return _say(
        graph,
        URIRef(f"{this}#theme"),
        [(RDF.type, SKOS.Concept), (SKOS.prefLabel, _english(theme))],
    )


def _contact(graph: Graph, asset: Asset, this: URIRef) -> URIRef:
    # An address may hold marks that a URI may not.
    address = URIRef("mailto:" + quote(asset.contact_email, safe="@!$&'*+,;="))
    return _say(
        graph,
        URIRef(f"{this}#contact"),
        [
            (RDF.type, VCARD.Kind),
            (RDF.type, VCARD.Organization),
            (VCARD.fn, _english(asset.organisation.name)),
            (VCARD.hasEmail, address),
        ],
    )
