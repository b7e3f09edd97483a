"""Gain-map maths against published numbers and against a slow model of itself."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from gainmap_codec.files.map_metadata.iso21496 import fraction_of, serialize_iso21496
from gainmap_codec.files.records import GainMapChannel, GainMapMetadata
from gainmap_codec.pixels.color.light import pq_encode
from gainmap_codec.pixels.maps.gain_map import apply_gain_map, compute_gain_map, headroom_weight

RNG_SEED = 7


def channel(
    low: float = 0.0,
    high: float = 2.0,
    gamma: float = 1.0,
    k_base: float = 1 / 64,
    k_alternate: float = 1 / 64,
) -> GainMapChannel:
    return GainMapChannel(*(fraction_of(value) for value in (low, high, gamma, k_base, k_alternate)))


def metadata(*channels: GainMapChannel, base: float = 0.0, alternate: float = 2.0) -> GainMapMetadata:
    return GainMapMetadata(fraction_of(base), fraction_of(alternate), channels or (channel(),))


def grey(value: float, height: int = 2, width: int = 3) -> NDArray[np.float32]:
    return np.full((height, width, 3), value, np.float32)


@pytest.mark.parametrize(
    ("headroom", "base", "alternate", "weight"),
    [
        (0, 0, 2, 0),
        (1, 0, 2, 0.5),
        (3, 0, 2, 1),
        (0, 2, 0, -1),
        (1, 2, 0, -0.5),
        (3, 2, 0, 0),
        (1, 1, 1, 0),
        (-1, 0, 2, 0),
    ],
)
def test_headroom_weight(headroom: float, base: float, alternate: float, weight: float) -> None:
    assert headroom_weight(headroom, base, alternate) == weight


@pytest.mark.parametrize(
    ("base", "code", "numbers", "weight", "expected"),
    [
        (0.18, 0.5, channel(), 1, 0.375625),
        (0.18, 0.5, channel(), 0.5, 0.2610305281),
        (0.18, 0.5, channel(gamma=2), 1, 0.5057438230),
        (0.5, 1, channel(-1, 3, 1, 0, 0), 1, 4.0),
        (0, 0, channel(), 1, 0.0),
        (0.375625, 0.5, channel(), -1, 0.18),
    ],
)
def test_published_vectors(base: float, code: float, numbers: GainMapChannel, weight: float, expected: float) -> None:
    headrooms = {"base": 0.0, "alternate": 2.0} if weight > 0 else {"base": 2.0, "alternate": 0.0}
    shown_at = 2 * weight if weight > 0 else 2 + 2 * weight
    gain_map = np.full((2, 3), code, np.float32)
    result = apply_gain_map(grey(base), gain_map, metadata(numbers, **headrooms), headroom=shown_at)
    np.testing.assert_allclose(result, expected, rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("peak", [1e11, 3e38])
def test_gains_that_have_no_place_in_a_file_are_clipped(peak: float) -> None:
    """A pixel of an HDR file may be as bright as a float can be; a file holds 32 stops."""
    dark, bright = np.full((8, 8, 3), 0.0, np.float32), np.full((8, 8, 3), peak, np.float32)
    for base, alternate in ((dark, bright), (bright, dark)):
        _, numbers = compute_gain_map(base, alternate, alternate_headroom=5.0, scale=1, channels=1)
        (found,) = numbers.channels
        assert abs(float(found.gain_map_max)) == pytest.approx(32, abs=1e-6)
        serialize_iso21496(numbers)


def test_bytes_and_floats_agree() -> None:
    codes = np.random.default_rng(RNG_SEED).integers(0, 256, (5, 7, 3), np.uint8)
    numbers = metadata(channel(-1, 3, 2.2), channel(0, 1), channel(-2, 2, 0.7))
    from_bytes = apply_gain_map(grey(0.4, 9, 11), codes, numbers, headroom=1.5)
    floats = (codes / 255).astype(np.float32)
    np.testing.assert_allclose(from_bytes, apply_gain_map(grey(0.4, 9, 11), floats, numbers, headroom=1.5), 1e-6)


def slow_apply(base: NDArray[np.float32], codes: NDArray[np.uint8], numbers: GainMapChannel) -> NDArray[np.float64]:
    """The definition, pixel by pixel in float64, at weight 1."""
    (height, width, _), (map_height, map_width) = base.shape, codes.shape
    low, high = float(numbers.gain_map_min), float(numbers.gain_map_max)
    gains = low + (high - low) * (codes / 255) ** (1 / float(numbers.gamma))
    result = np.zeros(base.shape)
    for row in range(height):
        for column in range(width):
            y = min(max((row + 0.5) * map_height / height - 0.5, 0), map_height - 1)
            x = min(max((column + 0.5) * map_width / width - 0.5, 0), map_width - 1)
            top, left = int(y), int(x)
            bottom, right = min(top + 1, map_height - 1), min(left + 1, map_width - 1)
            upper = gains[top, left] * (1 - x + left) + gains[top, right] * (x - left)
            lower = gains[bottom, left] * (1 - x + left) + gains[bottom, right] * (x - left)
            gain = 2 ** (upper * (1 - y + top) + lower * (y - top))
            result[row, column] = (base[row, column] + 1 / 64) * gain - 1 / 64
    return np.maximum(result, 0)


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (7, 1), (34, 3), (70, 13), (139, 26), (200, 40)])
def test_any_map_size_follows_the_definition(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(RNG_SEED)
    base = rng.random((139, 13, 3), np.float32)
    codes = rng.integers(0, 256, size, np.uint8)
    numbers = channel(-1, 3, 2.0)
    result = apply_gain_map(base, codes, metadata(numbers), headroom=2)
    np.testing.assert_allclose(result, slow_apply(base, codes, numbers), rtol=3e-5, atol=1e-6)


def test_one_plane_serves_three_sets_of_numbers() -> None:
    numbers = channel(0, 1), channel(0, 2), channel(-1, 0)
    codes = np.random.default_rng(RNG_SEED).integers(0, 256, (4, 4), np.uint8)
    together = apply_gain_map(grey(0.3, 8, 8), codes, metadata(*numbers), headroom=2)
    for index in range(3):
        alone = apply_gain_map(grey(0.3, 8, 8), codes, metadata(numbers[index]), headroom=2)
        np.testing.assert_array_equal(together[..., index], alone[..., index])


def test_one_set_of_numbers_serves_three_planes() -> None:
    codes = np.random.default_rng(RNG_SEED).integers(0, 256, (4, 4, 3), np.uint8)
    together = apply_gain_map(grey(0.3, 8, 8), codes, metadata(), headroom=2)
    for index in range(3):
        alone = apply_gain_map(grey(0.3, 8, 8), codes[..., index], metadata(), headroom=2)
        np.testing.assert_array_equal(together[..., index], alone[..., index])


def test_weight_zero_is_the_base_whatever_the_offsets() -> None:
    codes = np.full((2, 2), 200, np.uint8)
    numbers = metadata(channel(0, 2, 1, 0.5, 0.25))
    np.testing.assert_array_equal(apply_gain_map(grey(0.3), codes, numbers, headroom=0), grey(0.3))


def test_result_may_replace_the_base() -> None:
    base = np.random.default_rng(RNG_SEED).random((130, 20, 3), np.float32)
    codes = np.random.default_rng(RNG_SEED).integers(0, 256, (33, 5, 3), np.uint8)
    expected = apply_gain_map(base, codes, metadata(), headroom=2)
    assert apply_gain_map(base, codes, metadata(), headroom=2, out=base) is base
    np.testing.assert_array_equal(base, expected)


@pytest.mark.parametrize(
    ("base", "codes", "problem"),
    [
        (grey(0).astype(np.float64), np.zeros((2, 2), np.uint8), "base: expected float32"),
        (grey(0)[..., :2], np.zeros((2, 2), np.uint8), "base: expected float32"),
        (grey(0), np.zeros((2, 2, 2), np.uint8), "gain_map: expected .h, w."),
        (grey(0), np.zeros((0, 2), np.uint8), "gain_map: expected .h, w."),
        (grey(0), np.zeros((2, 2), np.int16), "gain_map: expected uint8, uint16 or float32"),
    ],
)
def test_wrong_arrays(base: NDArray[np.float32], codes: NDArray[np.uint8], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        apply_gain_map(base, codes, metadata(), headroom=2)


def smooth_pair(height: int = 120, width: int = 200) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A base and an alternate whose gains differ by channel and change slowly."""
    y, x = np.mgrid[:height, :width].astype(np.float32) / width
    base = np.stack([0.2 + 0.5 * x, 0.6 - 0.5 * y, 0.3 + 0.2 * x], axis=2)
    gains = np.stack([1 + 2 * x, 2 * x + y, 3 * y], axis=2)
    return base, (base + 1 / 64) * np.exp2(gains) - np.float32(1 / 64)


def worst_pq_code(image: NDArray[np.float32], reference: NDArray[np.float32]) -> float:
    return float(np.abs(pq_encode(image) - pq_encode(reference)).max()) * 1023


@pytest.mark.parametrize("scale", [1, 2, 3, 7])
def test_computed_map_gives_the_alternate_back(scale: int) -> None:
    base, alternate = smooth_pair()
    codes, numbers = compute_gain_map(base, alternate, alternate_headroom=3, scale=scale, channels=3)
    assert codes.shape == (-(-120 // scale), -(-200 // scale), 3)
    assert len(numbers.channels) == 3
    result = apply_gain_map(base, codes, numbers, headroom=3)
    inner = slice(8, -8), slice(8, -8)  # at the edges a coarse map has no neighbour, and the range is clamped
    assert worst_pq_code(result[inner], alternate[inner]) < 1.0


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_gains_are_rounded_to_the_depth_of_the_map(bits: int) -> None:
    base, _ = smooth_pair()
    x = np.linspace(0, 6, 200, dtype=np.float32)[None, :, None]
    alternate = (base + 1 / 64) * np.exp2(x) - np.float32(1 / 64)
    options = {"alternate_headroom": 6.0, "scale": 1, "channels": 1, "outliers": 0.0}
    codes, numbers = compute_gain_map(base, alternate, **options, bits=bits)  # type: ignore[arg-type]
    assert codes.dtype == (np.uint8 if bits == 8 else np.uint16)
    assert (codes.min(), codes.max()) == (0, (1 << bits) - 1)
    half_a_step = 6 / ((1 << bits) - 1) / 2
    expected = float(np.abs(pq_encode(alternate * np.float32(2**half_a_step)) - pq_encode(alternate)).max()) * 1023
    result = apply_gain_map(base, codes, numbers, headroom=6, bits=bits)
    assert worst_pq_code(result, alternate) == pytest.approx(expected, rel=0.15)


def test_one_channel_map_is_exact_for_grey_gains() -> None:
    base, _ = smooth_pair()
    x = np.linspace(0, 3, 200, dtype=np.float32)[None, :, None]
    alternate = (base + 1 / 64) * np.exp2(x) - np.float32(1 / 64)
    codes, numbers = compute_gain_map(base, alternate, alternate_headroom=3, scale=1, channels=1)
    assert codes.shape == (120, 200)
    assert worst_pq_code(apply_gain_map(base, codes, numbers, headroom=3), alternate) < 1.0


def test_hdr_base_gives_the_sdr_back() -> None:
    sdr, hdr = smooth_pair()
    codes, numbers = compute_gain_map(hdr, sdr, base_headroom=3, alternate_headroom=0, scale=1, channels=3)
    assert float(numbers.channels[0].gain_map_max) > 2  # brighter / darker, although the base is brighter
    result = apply_gain_map(hdr, codes, numbers, headroom=0)
    inner = slice(8, -8), slice(8, -8)  # the corners hold the lowest 0.1 %, clamped
    assert worst_pq_code(result[inner], sdr[inner]) < 1.0


def test_flat_map_is_zeros() -> None:
    base, _ = smooth_pair()
    alternate = (base + 1 / 64) * np.float32(2.0**1.25) - np.float32(1 / 64)
    codes, numbers = compute_gain_map(base, alternate, alternate_headroom=2, scale=4, channels=1)
    assert numbers.channels[0].gain_map_min == numbers.channels[0].gain_map_max
    assert not codes.any()
    assert worst_pq_code(apply_gain_map(base, codes, numbers, headroom=2), alternate) < 0.1


def test_black_and_negative_pixels_are_finite() -> None:
    base, alternate = grey(0, 16, 16), grey(-0.5, 16, 16)
    alternate[:8] = 40.0
    codes, numbers = compute_gain_map(base, alternate, alternate_headroom=5, scale=4, channels=1)
    result = apply_gain_map(base, codes, numbers, headroom=5)
    np.testing.assert_allclose(result[:6], 40, rtol=1e-5)
    np.testing.assert_allclose(result[-6:], 0, atol=1e-6)


def test_a_few_dark_outliers_do_not_widen_the_range() -> None:
    base, alternate = smooth_pair()
    alternate[0, :5] = 0.0
    _, numbers = compute_gain_map(base, alternate, alternate_headroom=3, scale=1, channels=1)
    assert float(numbers.channels[0].gain_map_min) > -1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("is_hdr_base", [False, True])
def test_the_smallest_highlight_is_in_the_range(channels: int, is_hdr_base: bool) -> None:
    sdr, hdr = smooth_pair()
    hdr[60, 100] = 40.0  # one pixel of 24,000
    headrooms = {"base_headroom": 5 * is_hdr_base, "alternate_headroom": 5 * (not is_hdr_base)}
    base, alternate = (hdr, sdr) if is_hdr_base else (sdr, hdr)
    codes, numbers = compute_gain_map(base, alternate, **headrooms, scale=1, channels=channels)
    shown = apply_gain_map(base, codes, numbers, headroom=headrooms["alternate_headroom"])
    np.testing.assert_allclose(shown[60, 100].max(), alternate[60, 100].max(), rtol=0.01)


@pytest.mark.parametrize("option", [{"scale": 0}, {"channels": 2}, {"offset": 0.0}])
def test_wrong_options(option: dict[str, float]) -> None:
    options = {"alternate_headroom": 2.0, "scale": 4, "channels": 1, **option}
    with pytest.raises(ValueError, match="expected scale >= 1"):
        compute_gain_map(grey(0.5), grey(0.5), **options)  # type: ignore[arg-type]


def test_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="alternate"):
        compute_gain_map(grey(0.5), grey(0.5, 4), alternate_headroom=2, scale=1, channels=1)


def test_working_memory_is_strips() -> None:
    base = np.random.default_rng(RNG_SEED).random((3000, 500, 3), np.float32)
    tracemalloc.start()
    try:
        alternate = apply_gain_map(base, np.arange(240, dtype=np.uint8).reshape(20, 12), metadata(), headroom=2)
        apply_peak = tracemalloc.get_traced_memory()[1] - alternate.nbytes
        tracemalloc.reset_peak()
        compute_gain_map(base, alternate, alternate_headroom=2, scale=4, channels=3)
        compute_peak = tracemalloc.get_traced_memory()[1] - alternate.nbytes
    finally:
        tracemalloc.stop()
    assert apply_peak < base.nbytes  # up to 8 threads with a few strips each; 2 threads take a seventh of this
    assert compute_peak < base.nbytes
