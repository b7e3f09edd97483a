"""Metrics of whole renditions against published values: Sharma's pairs for CIEDE2000, closed forms for SSIM."""

from __future__ import annotations

import colour
import numpy as np
import pytest

from gainmap_bench.inputs.metrics import ciede2000, difference_maps, quality, ssim
from gainmap_codec.pixels.color.light import D65, PRIMARIES, pq_psnr, rgb_to_xyz

# Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula", Color Research & Application 30(1), 2005, table 1.
SHARMA = (
    ((50.0000, 2.6772, -79.7751), (50.0000, 0.0000, -82.7485), 2.0425),
    ((50.0000, 3.1571, -77.2803), (50.0000, 0.0000, -82.7485), 2.8615),
    ((50.0000, -1.3802, -84.2814), (50.0000, 0.0000, -82.7485), 1.0000),
    ((50.0000, 0.0000, 0.0000), (50.0000, -1.0000, 2.0000), 2.3669),
    ((50.0000, 2.4900, -0.0010), (50.0000, -2.4900, 0.0009), 7.1792),
    ((50.0000, 2.4900, -0.0010), (50.0000, -2.4900, 0.0011), 7.2195),
    ((50.0000, -0.0010, 2.4900), (50.0000, 0.0011, -2.4900), 4.7461),
    ((50.0000, 2.5000, 0.0000), (50.0000, 0.0000, -2.5000), 4.3065),
    ((50.0000, 2.5000, 0.0000), (73.0000, 25.0000, -18.0000), 27.1492),
    ((50.0000, 2.5000, 0.0000), (61.0000, -5.0000, 29.0000), 22.8977),
    ((50.0000, 2.5000, 0.0000), (56.0000, -27.0000, -3.0000), 31.9030),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((63.0109, -31.0961, -5.8663), (62.8187, -29.7946, -4.0864), 1.2630),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
)


def light(lab: tuple[float, float, float]) -> np.ndarray:
    """Linear BT.2020 of CIELAB, float64 (1, 3)."""
    xyz = colour.Lab_to_XYZ(np.array(lab), np.array(D65))
    return np.linalg.solve(rgb_to_xyz(PRIMARIES["bt2020"], D65), xyz)[np.newaxis]


@pytest.mark.parametrize(("first", "second", "expected"), SHARMA)
def test_ciede2000(first: tuple[float, float, float], second: tuple[float, float, float], expected: float) -> None:
    assert ciede2000(light(first), light(second)) == pytest.approx(expected, abs=2e-4)


def test_sdr_white_is_l_star_100() -> None:
    """Greys: the difference of L* over S_L alone; here of 100 and of what eight times the light has, 216."""
    white, bright = np.ones((1, 3)), np.full((1, 3), 8.0)
    middle = ((116 * 2 - 16) + 100) / 2
    weight = 1 + 0.015 * (middle - 50) ** 2 / np.sqrt(20 + (middle - 50) ** 2)
    assert ciede2000(bright, white) == pytest.approx(116 / weight, rel=1e-6)


def test_ssim_of_flat_pictures() -> None:
    """Without variance, equation 13 of Wang et al. is its first factor."""
    first, second = np.full((32, 32, 3), 0.3, np.float32), np.full((32, 32, 3), 0.6, np.float32)
    c1 = 0.01**2
    assert ssim(first, second) == pytest.approx((2 * 0.3 * 0.6 + c1) / (0.3**2 + 0.6**2 + c1), abs=1e-6)


def test_ssim_of_less_contrast() -> None:
    """The same mean and a part p of the contrast leave (2·p·v + C2) / (v + p²·v + C2), v the variance in the window."""
    stripes = np.tile(np.array([0.4, 0.6], np.float32), 32)
    picture = np.broadcast_to(stripes[np.newaxis, :, np.newaxis], (64, 64, 3)).astype(np.float32)
    half = np.float32(0.5) + (picture - np.float32(0.5)) / np.float32(2)
    v, c2 = 0.1**2, 0.03**2
    assert ssim(half, picture) == pytest.approx((v + c2) / (1.25 * v + c2), abs=2e-3)


def test_quality_is_that_of_its_parts() -> None:
    random = np.random.default_rng(0)
    reference = random.uniform(0, 4, (40, 30, 3)).astype(np.float32)
    rendition = reference * np.float32(1.1)
    found, maps = quality(rendition, reference), difference_maps(rendition, reference)
    assert found.psnr == pytest.approx(pq_psnr(rendition, reference))
    assert (found.de00, found.de_itp) == pytest.approx([each.mean() for each in maps], rel=1e-5)
    assert maps[0][7, 5] == pytest.approx(ciede2000(rendition[7, 5], reference[7, 5]), rel=1e-4)
    assert 0.9 < found.ssim < 1
    assert tuple(quality(reference, reference)) == pytest.approx((float("inf"), 0, 1, 0))
