"""The bundled scene: the same for the same arguments, HDR, wide gamut, and one composition at every size."""

from __future__ import annotations

import numpy as np
import pytest

from gainmap_codec.codec.encoding import encode_with_report
from gainmap_codec.codec.options import EncodeOptions
from gainmap_codec.pixels.color.light import convert, srgb_decode
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.scene import grade_scene, render_scene


def test_same_arguments_same_picture() -> None:
    first = render_scene(96, 64)
    assert first.shape == (64, 96, 3)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, render_scene(96, 64))
    assert np.abs(first - render_scene(96, 64, seed=1)).max() > 0.1


def test_it_is_hdr_with_colours_outside_srgb() -> None:
    image = HdrImage(render_scene(384, 256))
    assert 2.5 < image.measured_headroom() < 3.7
    assert image.pixels.min() >= 0
    assert image.pixels.max() < 12
    assert 0.05 < np.median(image.pixels.max(axis=2)) < 0.5, "most of a dusk lies below SDR white"
    assert np.mean(image.convert("srgb").pixels.min(axis=2) < -0.01) > 0.002


def test_every_size_shows_the_same_scene() -> None:
    small = render_scene(96, 64)
    large = render_scene(384, 256).reshape(64, 4, 96, 4, 3).mean(axis=(1, 3))
    sky = slice(0, 20)
    assert np.abs(small[sky] - large[sky]).mean() < 0.005, "but for the edges of clouds and lamp"


def test_tiny_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 16, got 8 x 64"):
        render_scene(8, 64)


def test_its_graded_look_differs_from_it_in_colour() -> None:
    light = render_scene(384, 256)
    codes = grade_scene(light)
    assert codes.dtype == np.uint8
    assert codes.shape == light.shape
    gains = np.log2(
        (np.maximum(convert(light, "bt2020", "srgb"), 0) + 1 / 64)
        / (srgb_decode((codes / 255).astype(np.float32)) + 1 / 64)
    )
    assert np.mean(np.ptp(gains, axis=2) > 0.25) > 0.5, "stops between channels, where a tone curve has none"


def test_graded_it_takes_three_channels_and_one_is_warned_of() -> None:
    light = HdrImage(render_scene(192, 128))
    graded = grade_scene(light.pixels)
    found = encode_with_report(light, graded, EncodeOptions(carry="standard"))
    assert found.file.gain_map is not None
    assert found.file.gain_map.image.channels == 3
    assert found.map_choice is not None
    assert "one channel would cost" in found.map_choice
    assert found.warnings == ()
    asked = encode_with_report(light, graded, EncodeOptions(carry="standard", map_channels=1))
    assert any("one channel, as asked" in line for line in asked.warnings)
    assert asked.standard_psnr is not None
    assert found.standard_psnr is not None
    assert found.standard_psnr > asked.standard_psnr + 6
