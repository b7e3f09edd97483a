"""Write the golden files and their manifest: the same bytes on every platform, and on every run.

`jpeg/base-16x16.jpg` and `jpeg/map-4x4.jpg` are inputs, coded once: another Pillow may code them otherwise.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gainmap_codec.errors import Limits
from gainmap_codec.files.jpeg.mpf import MPF_ID
from gainmap_codec.files.jpeg.segments import parse_segments
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.payload.format import sealed, serialize_payload
from gainmap_codec.files.payload.layout import PREFIX_BYTES, read_fields, write_fields
from gainmap_codec.files.payload.records import NeuralGainMap
from support import heif_fixtures, jpeg_oddities, jxl_fixtures, payload_fixtures
from support.cases import ISO_CASES
from support.golden import dump_base, dump_pixels
from support.heif_fixtures import HEIF_INPUTS
from support.jpeg_files import BASE, MAP, alternate_space, iso, packet_of, patched, read, record, standard, with_xmp
from support.jxl_fixtures import JXL_INPUTS
from support.jxr_files import JXR_INPUTS
from support.paths import FIXTURES
from support.payload_fixtures import PAYLOADS

INPUTS = (BASE, MAP, *HEIF_INPUTS, *JXL_INPUTS, *JXR_INPUTS)
MANIFEST = "manifest.toml"
_USUAL: dict[str, Any] = {
    "neurons": 4,
    "outputs": 3,
    "latents": 2,
    "domain": "pq_gamma",
    "color_octaves": 2,
    "grid": (8, 8),
    "base_offset": 1 / 64,
    "alternate_offset": 1 / 64,
}
"""Of the network in pictures."""

_MPF_OFFSET = 50 + 16 + 8  # of the second picture, from the byte-order mark
_HUGE_EXIF = b"MM\0*\0\0\0\x08\xff\xff"  # 65535 tags, none of them there


@dataclass(frozen=True)
class Fixture:
    """A file, and the line about it in the manifest.

    Attributes:
        expected: For a picture, what `decode` renders from, or the error it raises; else what a parser gives.
        warning: Part of a warning that `decode` gives; empty where it gives none.
    """

    file: str
    data: bytes
    exercises: str
    expected: str
    warning: str = ""
    source: str = "tests/support/generate.py"


def fixtures() -> list[Fixture]:
    """All of them, inputs included."""
    return [*_inputs(), *_written(), *_payloads(), *_iso_blobs(), *_invalid()]


def generate(folder: Path) -> None:
    """Write everything but the inputs into a folder."""
    listed = fixtures()
    for fixture in listed:
        path = folder / fixture.file
        if fixture.file not in INPUTS:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(fixture.data)
    (folder / MANIFEST).write_bytes(_manifest(listed).encode())


def dump_payload(network: NeuralGainMap) -> str:
    """The record as JSON: bytes in hexadecimal, weights as a line of text per input, latents as a line per row."""
    fields = dataclasses.asdict(network)
    fields["binding"] = {name: data.hex() for name, data in fields["binding"].items()}
    if fields["picture"]:
        fields["picture"]["frame"] = fields["picture"]["frame"].hex()
    for layer in fields["layers"]:
        layer["weights"] = _lines(layer["weights"], layer["outputs"])
    for grid in (*fields["latents"], *fields["details"]):
        grid["values"] = _lines(grid["values"], grid["columns"])
    return json.dumps(fields, indent=1) + "\n"


def _lines(integers: tuple[int, ...], width: int) -> list[str]:
    return [" ".join(map(str, integers[n : n + width])) for n in range(0, len(integers), width)]


def _manifest(listed: list[Fixture]) -> str:
    blocks = ["# Written by tests/support/generate.py.\n"]
    for fixture in listed:
        lines = {
            "file": fixture.file,
            "sha256": hashlib.sha256(fixture.data).hexdigest(),
            "bytes": len(fixture.data),
            "source": fixture.source,
            "licence": "MIT",
            "exercises": fixture.exercises,
            "expected": fixture.expected,
            "warning": fixture.warning,
        }
        # A JSON string of plain ASCII is a TOML basic string too.
        blocks.append("".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items()))
    return "\n[[fixture]]\n".join(blocks)


def _inputs() -> Iterator[Fixture]:
    source = "drawn by us with NumPy, coded once with Pillow 13"
    yield Fixture(BASE, read(BASE), "the base of the others: colour ramps, 4:4:4", "base", source=source)
    yield Fixture(MAP, read(MAP), "the gain map of the others: one channel", "base", source=source)
    for name, exercises in HEIF_INPUTS.items():
        source = "drawn by us with NumPy, coded once with Pillow 13, pillow-heif 1.8 and imagecodecs 2026.3.6"
        yield Fixture(name, read(name), exercises, "base", source=source)

    source = "drawn by us with NumPy or packed, coded once with imagecodecs 2026.3.6"
    for name, exercises in JXL_INPUTS.items():
        yield Fixture(name, read(name), exercises, "neural" if name.endswith("both.jxl") else "base", source=source)
    source = "drawn by us with NumPy, coded once with jxrlib (tests/support/jxr_files.py)"
    for name, exercises in JXR_INPUTS.items():
        yield Fixture(name, read(name), exercises, "FormatError", source=source)


def _written() -> Iterator[Fixture]:
    yield Fixture("jpeg/both.jpg", _both(), "the writer's layout: a standard map and a neural payload", "neural")
    yield Fixture("jpeg/standard.jpg", standard(), "the writer's layout: a standard map", "standard")
    for name, row in {**jpeg_oddities.readable_files(), **heif_fixtures.readable_files(_payload)}.items():
        yield Fixture(name, *row)
    for name, row in jxl_fixtures.readable_files(_payload()):
        yield Fixture(f"jxl/{name}", *row)


def _payloads() -> Iterator[Fixture]:
    for name, (exercises, network) in PAYLOADS.items():
        yield Fixture(f"payload/v1/{name}.bin", serialize_payload(network), exercises, "record")
        yield Fixture(f"payload/v1/{name}.json", dump_payload(network).encode(), f"what {name}.bin says", "record")
        pixels = dump_pixels(network).encode()
        yield Fixture(f"payload/v1/{name}.pixels.json", pixels, f"what {name}.bin makes of base.json", "record")
    yield Fixture("payload/v1/base.json", dump_base().encode(), "a base of 12 x 9 pixels", "record")


def _iso_blobs() -> Iterator[Fixture]:
    for name, (_, data) in ISO_CASES.items():
        yield Fixture(
            f"iso21496/{name}.bin", data, f"ISO 21496-1 C.2.2, {name}", "record", source="tests/support/cases.py"
        )


def _payload(base_digest: bytes | None = None) -> bytes:
    """A payload that is bound to a base, the JPEG one if no other is named."""
    network = payload_fixtures.network(4, **_USUAL)
    digest = record().base_digest if base_digest is None else base_digest
    return serialize_payload(replace(network, binding=replace(network.binding, strict=digest)))


def _both(payload: bytes | None = None) -> bytes:
    return serialize_jpeg(replace(record(), payload=_payload() if payload is None else payload))


def _invalid() -> Iterator[Fixture]:
    for table in (_broken_pictures(), _broken_metadata(), _broken_payloads()):
        for name, (data, exercises, expected, warning) in table.items():
            yield Fixture(f"invalid/{name}.jpg", data, exercises, expected, warning)
    broken = {**jpeg_oddities.broken_files(), **heif_fixtures.broken_files(), **dict(jxl_fixtures.broken_files())}
    for name, row in broken.items():
        yield Fixture(f"invalid/{name}", *row)


Rows = dict[str, tuple[bytes, str, str, str]]
"""By name: bytes, what it exercises, what comes of it, part of a warning."""


def _broken_pictures() -> Rows:
    data, base = standard(), read(INPUTS[0])
    primary = parse_segments(data, Limits())
    scan, end = primary.tail[0].start, primary.end
    frame, map_frame = base.index(b"\xff\xc0"), data.rindex(b"\xff\xc0")
    huge = b"\xff" * 4
    return {
        "truncated-header": (data[: scan - 20], "the base ends inside its tables", "FormatError", ""),
        "truncated-base": (data[: end - 40], "the base ends inside its scan", "base", "cut off"),
        "truncated-map": (data[:-6], "the gain map ends inside its scan", "base", "its gain map is not whole"),
        "no-eoi": (data[: end - 2] + data[end:], "the base's EOI is missing", "standard", "EOI"),
        "base-12-bit": (patched(base, frame + 4, b"\x0c"), "12-bit samples", "UnsupportedError", ""),
        "base-huge-size": (patched(base, frame + 5, huge), "65535 x 65535 pixels", "LimitError", ""),
        "map-huge-size": (patched(data, map_frame + 5, huge), "65535 x 65535 pixels of gain map", "base", "pixels"),
    }


def _broken_metadata() -> Rows:
    data, alternate = standard(), alternate_space()
    offset = data.index(MPF_ID) + len(MPF_ID) + _MPF_OFFSET
    past_end, itself = (patched(data, offset, new) for new in (b"\x7f\xff\xff\xff", bytes(4)))
    xmp = packet_of(data)
    doctype = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa">]>' + xmp
    latin = xmp.replace(b'rdf:about=""', b'rdf:about="\xff"', 1)
    return {
        "iso-zero-denominator": (iso(data, 9, bytes(4)), "hdrgm XMP stands in", "standard", "denominator"),
        "iso-gamma-zero": (iso(alternate, 37, bytes(4)), "no hdrgm XMP stands in", "base", "gamma"),
        "iso-minimum-version-1": (
            iso(alternate, 0, b"\0\1\0\1"),
            "a future version",
            "base",
            "minimum_version 0",
        ),
        "mpf-offset-past-end": (past_end, "the GContainer directory stands in", "standard", "MPF index"),
        "mpf-self-pointing": (itself, "the index names itself as the gain map", "standard", "MPF index"),
        "xmp-doctype": (with_xmp(data, xmp, doctype), "entities are not expanded", "standard", "document type"),
        "xmp-not-utf8": (with_xmp(data, xmp, latin), "a byte that UTF-8 lacks", "standard", "well-formed XML"),
        "exif-huge-count": (standard(exif=_HUGE_EXIF), "an orientation that cannot be found is 1", "standard", ""),
    }


def _broken_payloads() -> Rows:
    payload = _payload()
    unknown = _sealed(patched(payload, PREFIX_BYTES, bytes((payload[PREFIX_BYTES] | 0x70,))))
    fields, integers = read_fields(payload)
    huge = replace(fields, grid=(65536, 65536), detail_count=7)
    foreign = _payload(bytes(4))
    return {
        "payload-bad-crc": (_both(patched(payload, 20, b"\xff")), "the standard map stands in", "standard", "checksum"),
        "payload-trial": (_both(b"GNN\0" + payload[4:]), "of format 0", "standard", "format 0"),
        "payload-unknown-preset": (_both(unknown), "a preset that has no name", "standard", "at most 4"),
        "payload-huge-grid": (
            _both(sealed(write_fields(huge) + integers)),
            "details of 65536 x 65536 cells",
            "standard",
            "latents: ",
        ),
        "payload-foreign-base": (_both(foreign), "bound to another base", "standard", "another base"),
    }


def _sealed(payload: bytes) -> bytes:
    return sealed(payload[PREFIX_BYTES:])


if __name__ == "__main__":
    generate(FIXTURES)
