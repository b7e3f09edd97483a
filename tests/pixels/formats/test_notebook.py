"""What a notebook shows of an HdrImage."""

from __future__ import annotations

import io
from base64 import b64decode
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.pixels.scene import render_scene


def shown(image: gm.HdrImage) -> np.ndarray:
    with Image.open(io.BytesIO(b64decode(image._repr_mimebundle_()["image/png"]))) as picture:
        assert picture.mode == "RGB"
        return np.asarray(picture)


def test_caption_tells_size_and_headroom() -> None:
    bundle = gm.HdrImage(render_scene(96, 64), headroom=2.5, rendered_from="neural")._repr_mimebundle_()
    assert bundle["text/plain"] == "HdrImage(96 x 64, bt2020, 2.50 stops, from the neural gain map)"
    caption = "<figcaption>96 x 64, bt2020, 2.50 stops, from the neural gain map; brightest "
    assert caption in bundle["text/html"]
    assert "stops over SDR white; shown in SDR</figcaption>" in bundle["text/html"]
    assert f"base64,{bundle['image/png']}" in bundle["text/html"]
    assert gm.HdrImage(render_scene(32, 32))._repr_mimebundle_()["text/plain"] == "HdrImage(32 x 32, bt2020)"


def test_the_view_is_tone_mapped_srgb() -> None:
    pixels = np.full((32, 48, 3), 0.1, np.float32)
    pixels[:8] = 4.0
    view = shown(gm.HdrImage(pixels, "srgb", headroom=2.0))
    assert view.shape == (32, 48, 3)
    assert (view[:7] == 255).all()  # what the headroom reaches is white
    np.testing.assert_allclose(view[10:], 89, atol=1)  # below the knee nothing changes: sRGB of 0.1


@pytest.mark.parametrize(("shape", "size"), [((3000, 1500), (1024, 512)), ((10, 4096), (2, 1024)), ((1, 1), (1, 1))])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_large_pictures_are_averaged_in_light(shape: tuple[int, int], size: tuple[int, int], dtype: type) -> None:
    pixels: NDArray[Any] = np.zeros((*shape, 3), dtype)
    pixels[:, ::2] = 0.2  # stripes whose mean is 0.1
    view = shown(gm.HdrImage(pixels, "srgb", headroom=0.0))
    assert view.shape[:2] == size
    if max(shape) > 1024:
        assert abs(view.mean() - 89) < 2


def test_a_picture_of_negative_and_huge_values_is_shown() -> None:
    pixels = np.array([[[-1, 0.5, 2], [1e9, 0, 0]]], np.float32)
    assert shown(gm.HdrImage(pixels)).shape == (1, 2, 3)
