"""XMP packets with gain-map properties, for tests of what reads them."""

from __future__ import annotations

HDRGM = "http://ns.adobe.com/hdr-gain-map/1.0/"
NAMESPACES = (
    f'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:hdrgm="{HDRGM}" xmlns:dc="urn:dc"'
    ' xmlns:C="http://ns.google.com/photos/1.0/container/" xmlns:I="http://ns.google.com/photos/1.0/container/item/"'
)
REQUIRED = 'hdrgm:Version="1.0" hdrgm:GainMapMax="2" hdrgm:HDRCapacityMax="2"'


def packet(attributes: str = "", children: str = "") -> bytes:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {NAMESPACES}>'
        f'<rdf:Description rdf:about="" {attributes}>{children}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def seq(name: str, *values: str) -> str:
    items = "".join(f"<rdf:li>{value}</rdf:li>" for value in values)
    return f"<hdrgm:{name}><rdf:Seq>{items}</rdf:Seq></hdrgm:{name}>"
