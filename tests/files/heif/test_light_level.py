"""The property clli: its bytes, that it is written with the base, and that other decoders take the picture."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest

from gainmap_codec.errors import Limits
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.container import digest_of, serialize_file
from gainmap_codec.files.heif.light_level import LightLevel, with_light_level
from gainmap_codec.files.heif.read import parse_heif
from gainmap_codec.files.records import CODECS, Container, GainMapFile
from gainmap_codec.pixels.formats.coded_image import code_picture, decode_coded_image

CODES = np.full((64, 64, 3), 300, np.uint16)
BOX = b"\0\0\0\x0cclli\x03\xe8\0\x90"
"""1000 and 144 cd/m²: ISO/IEC 14496-12 clause 12.1.6, two numbers of 16 bits behind the header of 8 bytes."""


@pytest.mark.parametrize("container", ["heic", "avif"])
def test_its_bytes_are_in_the_file_and_stay_there(container: Container) -> None:
    coded = code_picture(CODES, CODECS[container], quality=90, nclx=Nclx(9, 18, 9, True), bits=10)
    image = with_light_level(coded, LightLevel(1000, 144))
    data = serialize_file(GainMapFile(container, image, digest_of(image)), [])
    assert data.count(BOX) == 1 and b"clli" not in coded.data
    file = parse_heif(data, Limits())
    assert file.base_digest == digest_of(coded)
    np.testing.assert_array_equal(decode_coded_image(file.base), decode_coded_image(coded))
    assert serialize_file(file, []) == data
    if container == "avif":
        np.testing.assert_array_equal(imagecodecs.avif_decode(data), decode_coded_image(coded))


def test_numbers_without_a_place_are_refused() -> None:
    coded = code_picture(CODES, "av1", quality=90, nclx=Nclx(9, 18, 9, True), bits=10)
    with pytest.raises(ValueError, match="65536"):
        with_light_level(coded, LightLevel(65_536, 1))
