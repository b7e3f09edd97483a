"""A frame out of an AVIF file, and into one."""

from __future__ import annotations

from io import BytesIO

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from gainmap_codec.errors import UnsupportedError
from gainmap_codec.files.heif.bare_av1 import avif_of, bare_frame


def avif(width: int, height: int, channels: int, **options: object) -> bytes:
    y, x = np.mgrid[:height, :width]
    planes = np.stack([7 * x + y, x * y, 3 * y], axis=2).astype(np.uint8)
    stream = BytesIO()
    options = {"quality": 60, "speed": 8, "subsampling": "4:0:0" if channels == 1 else "4:4:4", **options}
    Image.fromarray(planes[..., 0] if channels == 1 else planes).save(stream, "AVIF", **options)
    return stream.getvalue()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 17), (256, 255), (257, 64), (1030, 40)])
@pytest.mark.parametrize("speed", [2, 8])
def test_the_same_pixels(size: tuple[int, int], channels: int, speed: int) -> None:
    if speed == 2 and max(size) > 256:
        pytest.skip("slow")
    whole = avif(*size, channels, speed=speed)
    frame = bare_frame(whole, channels)
    again = avif_of(frame, *size, channels)
    assert np.array_equal(imagecodecs.avif_decode(again), imagecodecs.avif_decode(whole))
    assert bare_frame(again, channels) == frame
    assert len(frame.data) < len(whole) - 280


def test_a_file_says_its_size_and_depth() -> None:
    found = Image.open(BytesIO(avif_of(bare_frame(avif(40, 30, 3), 3), 40, 30, 3)))
    assert (found.size, found.mode) == ((40, 30), "RGB")


@pytest.mark.parametrize(
    ("channels", "options"), [(3, {"subsampling": "4:2:0"}), (1, {"range": "limited"}), (3, {"range": "limited"})]
)
def test_other_pictures_are_refused(channels: int, options: dict[str, object]) -> None:
    with pytest.raises(UnsupportedError, match="AV1: expected"):
        bare_frame(avif(40, 30, channels, **options), channels)
    with pytest.raises(UnsupportedError, match="and 3 channels, got another"):
        bare_frame(avif(40, 30, 1), 3)
