"""What `encode` says of a neural gain map that is of little use."""

from __future__ import annotations

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.codec.encoding import encode_with_report
from gainmap_codec.codec.options import EncodeOptions

QUICK = EncodeOptions(carry="neural", preset="tiny", effort=1)
_NOISE = np.random.default_rng(0)
NOISE = gm.HdrImage(_NOISE.random((64, 96, 3), np.float32) * 8)
OTHER_NOISE = _NOISE.integers(0, 255, (64, 96, 3), np.uint8)


def test_a_neural_map_that_is_far_off_is_warned_of() -> None:
    """No network tells noise, and one that is fitted to it hardly shows more of it than other noise does."""
    found = encode_with_report(NOISE, OTHER_NOISE, QUICK)
    assert found.neural_psnr is not None and found.neural_psnr < 25
    (line,) = (line for line in found.warnings if "far off" in line)
    told = (
        f"the neural gain map is far off the HDR picture: {found.neural_psnr:.2f} dB, where the SDR picture alone has "
    )
    assert line.startswith(told) and 5 < float(line.removeprefix(told).removesuffix(" dB")) < found.neural_psnr


@pytest.mark.parametrize(("gain", "is_far"), [(1.3, True), (1.02, False)])
def test_one_that_hardly_adds_to_the_sdr_picture_is_warned_of_unless_that_is_near(gain: float, *, is_far: bool) -> None:
    """The SDR picture and noise of gains that a network does not tell: 30 dB, or 50."""
    curve = gm.HdrImage(np.square(OTHER_NOISE / np.float32(255)) + np.float32(0.1))
    sdr = np.sqrt(curve.pixels / curve.pixels.max()) * 255
    noise = np.where(np.random.default_rng(1).random((64, 96, 1)) > 0.5, gain, 1 / gain).astype(np.float32)
    base = gm.encode_with_report(curve, sdr.astype(np.uint8), carry="standard", map_channels=3)
    lifted = gm.HdrImage(gm.decode(base.data, prefer="base", color_space="srgb").pixels * noise, "srgb", headroom=1.0)
    found = encode_with_report(lifted, base.data, QUICK)
    assert any("far off" in line for line in found.warnings) is is_far
