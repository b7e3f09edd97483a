"""One of Apple's own gain maps in a new HEIC or AVIF file: an auxiliary image, and XMP that tells its headroom.

Source: Apple, "Applying Apple HDR effect to your photos"; ISO/IEC 23008-12 clause 6.5.8 (auxiliary images).
"""

from __future__ import annotations

from dataclasses import replace

from gainmap_codec.errors import NO_LIMITS
from gainmap_codec.files.heif.extras import with_map_xmp
from gainmap_codec.files.heif.items import BASE_ID, MAP_ID, Property, Reference
from gainmap_codec.files.heif.read import parse_heif
from gainmap_codec.files.heif.records import heif_extras
from gainmap_codec.files.heif.write import serialize_heif
from gainmap_codec.files.map_metadata.apple import APPLE_GAIN_MAP, serialize_apple
from gainmap_codec.files.records import AppleMetadata, GainMapFile, StoredGainMap


def with_apple_map(file: GainMapFile, stored: StoredGainMap) -> GainMapFile:
    """The record, so far without a gain map, with one of Apple's own, and with what its writer has to write of it.

    Raises:
        ValueError: The base is not one of the container's.
    """
    assert isinstance(stored.metadata, AppleMetadata)
    extras = heif_extras(file.extras)
    if extras is None:
        extras = heif_extras(parse_heif(serialize_heif(file), NO_LIMITS).extras)
    assert extras is not None
    known = replace(
        extras,
        base=file.base,
        gain_map=stored,
        map_properties=(Property(b"auxC", bytes(4) + APPLE_GAIN_MAP.encode() + b"\0"),),
        references=(*extras.references, Reference(b"auxl", MAP_ID, (BASE_ID,))),
    )
    described = with_map_xmp(known, serialize_apple(stored.metadata))
    return replace(file, gain_map=stored, extras=described)
