"""One of Apple's own gain maps in a new HEIC file."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pillow_heif
import pytest

from gainmap_codec.files.heif.apple_map import with_apple_map
from gainmap_codec.files.heif.write import serialize_heif
from gainmap_codec.files.map_metadata.apple import APPLE_GAIN_MAP
from gainmap_codec.files.records import AppleMetadata, Container, GainMapFile, StoredGainMap
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from support.heif_records import PAYLOAD, read, record

APPLE = AppleMetadata(5.5, 65536, "xmp")


def apple_file(container: Container) -> GainMapFile:
    file = record(container)
    assert file.gain_map is not None
    stored = StoredGainMap(replace(file.gain_map.image, nclx=None), APPLE, "apple")
    return with_apple_map(replace(file, gain_map=None), stored)


@pytest.mark.parametrize("container", ["heic", "avif"])
def test_it_is_read_as_it_was_written(container: Container) -> None:
    file = apple_file(container)
    again = read(serialize_heif(file))
    assert file.gain_map is not None and again.gain_map is not None
    assert (again.gain_map.metadata, again.gain_map.carrier) == (APPLE, "apple")
    codes, wanted = (decode_coded_image(each.gain_map.image) for each in (again, file) if each.gain_map)
    assert np.array_equal(codes, wanted)
    assert (again.payload, again.orientation, again.exif, again.xmp) == (PAYLOAD, 6, file.exif, file.xmp)


def test_libheif_finds_the_auxiliary_image_and_its_pixels() -> None:
    data = serialize_heif(apple_file("heic"))
    heif: Any = pillow_heif.open_heif(io.BytesIO(data))
    (number,) = heif.info["aux"][APPLE_GAIN_MAP]
    found = read(data).gain_map
    assert found is not None
    assert heif.get_aux_image(number).size == (found.image.height, found.image.width), "turned as the base is"


def test_what_the_file_had_beside_its_pictures_stays() -> None:
    file = apple_file("heic")
    again = read(serialize_heif(file))
    moved = replace(again, gain_map=None, extras=None)
    assert again.gain_map is not None
    written = serialize_heif(with_apple_map(moved, again.gain_map))
    assert read(written).gain_map == again.gain_map
