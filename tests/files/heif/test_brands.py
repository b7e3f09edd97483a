"""Brands by codec, profile and level."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gainmap_codec.files.heif.write import serialize_heif
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.formats.coded_image import Chroma, code_picture
from support.heif_records import (
    CODECS,
    ramp,
    record,
)


@pytest.mark.parametrize(
    ("container", "bits", "chroma", "brands"),
    [
        ("heic", 8, "4:2:0", "heic heic mif1 miaf tmap"),
        ("heic", 8, "4:4:4", "heix heix mif1 miaf tmap"),
        ("heic", 10, "4:2:0", "heix heix mif1 miaf tmap"),
        ("avif", 8, "4:2:0", "avif avif mif1 miaf MA1B tmap"),
        ("avif", 10, "4:2:0", "avif avif mif1 miaf MA1B tmap"),
        ("avif", 8, "4:4:4", "avif avif mif1 miaf MA1A tmap"),
    ],
)
def test_brands(container: Container, bits: int, chroma: Chroma, brands: str) -> None:
    base = code_picture(ramp(64, 96, bits=bits), CODECS[container], quality=60, bits=bits, chroma=chroma)
    file = record(container)
    data = serialize_heif(replace(file, base=base))
    size = int.from_bytes(data[:4], "big")
    found = [data[8:12], *(data[at : at + 4] for at in range(16, size, 4))]
    assert " ".join(brand.decode() for brand in found) == brands
    bare = serialize_heif(replace(file, base=base, gain_map=None))
    assert b"tmap" not in bare[: int.from_bytes(bare[:4], "big")]
