"""What an HdrImage accepts, measures and converts."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from gainmap_codec.errors import GainMapWarning
from gainmap_codec.pixels import hdr_image
from gainmap_codec.pixels.color.light import PQ_PEAK
from gainmap_codec.pixels.hdr_image import MAX_HEADROOM, HdrImage


def grey(value: float, shape: tuple[int, int] = (4, 5)) -> np.ndarray:
    return np.full((*shape, 3), value, dtype=np.float32)


def test_float64_becomes_float32_and_half_stays() -> None:
    for dtype, kept in ((np.float64, np.float32), (np.float16, np.float16)):
        assert HdrImage(grey(0.5).astype(dtype)).pixels.dtype == kept


def test_float32_is_taken_without_a_copy() -> None:
    pixels = grey(1)
    assert HdrImage(pixels).pixels is pixels


def test_numpy_takes_the_pixels() -> None:
    image = HdrImage(grey(1))
    assert np.asarray(image) is image.pixels
    assert np.asarray(image, np.float64).dtype == np.float64


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_with_its_place(bad: float) -> None:
    pixels = grey(1)
    pixels[2, 3, 1] = bad
    with pytest.raises(ValueError, match=r"expected finite values, got .* at row 2, column 3"):
        HdrImage(pixels)


def test_a_float64_beyond_float32_is_refused() -> None:
    with pytest.raises(ValueError, match="expected finite values"):
        HdrImage(np.full((2, 2, 3), 1e300))


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 4), (0, 5, 3), (1, 4, 5, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected shape \(H, W, 3\)"):
        HdrImage(np.zeros(shape, dtype=np.float32))


def test_integers_are_refused() -> None:
    with pytest.raises(TypeError, match="expected linear floating point, got uint8"):
        HdrImage(np.zeros((2, 2, 3), dtype=np.uint8))


def test_unknown_space_and_bad_headroom_are_refused() -> None:
    with pytest.raises(ValueError, match="color_space: expected one of srgb, display-p3, bt2020, got 'rec709'"):
        HdrImage(grey(1), "rec709")  # type: ignore[arg-type]
    for headroom in (-0.1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="headroom"):
            HdrImage(grey(1), headroom=headroom)


def test_it_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        HdrImage(grey(1)).headroom = 2.0  # type: ignore[misc]


def test_convert_keeps_white_and_all_that_is_said() -> None:
    image = HdrImage(grey(2), "display-p3", 1.5, "neural", ("a", "b"))
    converted = image.convert("srgb")
    np.testing.assert_allclose(converted.pixels, grey(2), rtol=1e-6)
    assert (converted.color_space, converted.headroom) == ("srgb", 1.5)
    assert (converted.rendered_from, converted.warnings) == ("neural", ("a", "b"))


def test_to_pq_of_sdr_white_is_58_percent() -> None:
    codes = HdrImage(grey(1), "srgb").to_pq()
    assert codes.dtype == np.float32
    np.testing.assert_allclose(codes, 0.5807, atol=5e-5)


def test_measured_headroom_is_a_percentile_and_clamped() -> None:
    pixels = grey(0.5, (100, 100))
    pixels[0, :5] = 1000  # 5 of 10 000 pixels: above the 99.9th percentile
    assert HdrImage(pixels).measured_headroom() == 0
    pixels[0, :20] = [0, 8, 0]  # one bright channel counts
    assert HdrImage(pixels).measured_headroom() == pytest.approx(3)
    pixels[:50] = 4 * PQ_PEAK
    assert HdrImage(pixels).measured_headroom() == MAX_HEADROOM == pytest.approx(5.62, abs=0.005)


def test_saving_and_showing_are_handed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    image = HdrImage(np.ones((2, 3, 3), np.float32))
    monkeypatch.setattr(hdr_image, "_handed_in", [])
    hdr_image.hand_in(
        writer=lambda path, shown, quality: [f"{path} at {quality}: not kept"],
        mime_bundle=lambda shown: {"text/plain": str(shown is image)},
    )
    with pytest.warns(GainMapWarning, match=r"a\.exr at 7: not kept"):
        image.save("a.exr", quality=7)
    assert image._repr_mimebundle_() == {"text/plain": "True"}
