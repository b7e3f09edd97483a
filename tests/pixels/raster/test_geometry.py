from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from gainmap_codec.pixels.raster.geometry import to_stored, to_upright

CODES = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_is_what_pillow_makes_of_the_exif_tag(orientation: int) -> None:
    picture = Image.fromarray(CODES)
    picture.getexif()[0x0112] = orientation
    upright = to_upright(CODES, orientation)
    assert np.array_equal(upright, np.asarray(ImageOps.exif_transpose(picture)))
    assert upright.flags.c_contiguous


def test_orientation_6_turns_clockwise() -> None:
    """Row 0 of the stored raster is the picture's right side."""
    assert np.array_equal(to_upright(CODES, 6)[:, -1], CODES[0])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("shape", [(3, 5, 3), (4, 2), (1, 7, 1)])
def test_to_stored_undoes_to_upright(orientation: int, shape: tuple[int, ...]) -> None:
    pixels = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    stored = to_stored(to_upright(pixels, orientation), orientation)
    assert np.array_equal(stored, pixels)
    assert stored.flags.c_contiguous and stored.dtype == pixels.dtype
