"""What an HdrImage accepts, measures and converts."""

from __future__ import annotations

import io
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from PIL import Image, ImageCms

from gainmap_codec.errors import GainMapWarning
from gainmap_codec.pixels import hdr_image
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import PQ_PEAK, srgb_decode
from gainmap_codec.pixels.hdr_image import MAX_HEADROOM, HdrImage, SdrColorSpace
from gainmap_codec.pixels.picture_metadata import PictureMetadata


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
    with pytest.raises(ValueError, match="rendered_from: expected one of None, neural, standard, base, got 'map'"):
        HdrImage(grey(1), rendered_from="map")  # type: ignore[arg-type]


def test_other_types_get_a_sentence() -> None:
    for headroom in ("2", True):
        with pytest.raises(TypeError, match=f"headroom: expected a number of stops, got {headroom!r}"):
            HdrImage(grey(1), headroom=headroom)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="metadata: expected PictureMetadata, got NoneType"):
        HdrImage(grey(1), metadata=None)  # type: ignore[arg-type]
    assert HdrImage(grey(1), headroom=np.float32(1.5)).target_headroom() == 1.5  # type: ignore[arg-type]


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


def test_opening_saving_and_showing_are_handed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    image = HdrImage(np.ones((2, 3, 3), np.float32), warnings=("it is odd",))
    monkeypatch.setattr(hdr_image, "_handed_in", [])
    hdr_image.hand_in(
        reader=lambda source, limits: {"a.exr": image}[str(source)],
        writer=lambda path, shown, quality, transfer: [f"{path} at {quality} in {transfer}: not kept"],
        mime_bundle=lambda shown: {"text/plain": str(shown is image)},
    )
    with pytest.warns(GainMapWarning, match=r"a\.exr at 7 in hlg: not kept"):
        image.save("a.exr", quality=7, transfer="hlg")
    assert image._repr_mimebundle_() == {"text/plain": "True"}
    with pytest.warns(GainMapWarning, match="it is odd") as told:
        assert HdrImage.open("a.exr") is image
    assert told[0].filename == __file__


def test_repr_is_short() -> None:
    pixels = np.zeros((3072, 4080, 3), np.float32)
    assert repr(HdrImage(pixels)) == "HdrImage(4080 x 3072, bt2020)"
    image = HdrImage(pixels, "bt2020", 2.661, "standard", ("a line",))
    assert repr(image) == "HdrImage(4080 x 3072, bt2020, 2.66 stops, from the standard gain map)"
    assert repr(HdrImage(grey(1), "srgb", 0, "base")) == "HdrImage(5 x 4, srgb, 0.00 stops, from the base alone)"


def test_tensors_are_taken() -> None:
    torch = pytest.importorskip("torch")
    assert HdrImage(torch.ones(2, 3, 3, dtype=torch.bfloat16, requires_grad=True)).pixels.dtype == np.float32
    with pytest.raises(TypeError, match="HdrImage pixels: expected linear floating point, got uint8"):
        HdrImage(torch.ones(2, 3, 3, dtype=torch.uint8))


def test_sdr_is_tone_mapped_or_clipped() -> None:
    pixels = grey(0.1, (4, 8))
    pixels[:, 4:] = (4.0, 0.5, -0.1)
    image = HdrImage(pixels, "srgb", headroom=2.0)
    mapped, clipped = image.to_sdr(), image.to_sdr(method="clip")
    assert (mapped.mode, mapped.size) == ("RGB", (8, 4))
    assert mapped.getpixel((0, 0)) == clipped.getpixel((0, 0)) == (89, 89, 89)  # below the knee: sRGB of 0.1
    assert clipped.getpixel((5, 0)) == (255, 188, 0)  # sRGB of 1, 0.5 and 0
    assert mapped.getpixel((5, 0)) == (255, 99, 0)  # its brightest channel becomes white, and the hue stays: 0.5 / 4


def test_a_screenshots_sdr_is_what_the_screen_showed() -> None:
    codes = np.arange(256, dtype=np.float32)
    pixels = srgb_decode(np.repeat(codes[np.newaxis, :, np.newaxis] / 255, 3, axis=2))
    pixels[0, 0] = (4.0, 2.0, -0.1)
    image = HdrImage(pixels, "srgb", is_screenshot=True)
    shown = np.asarray(image.to_sdr())
    np.testing.assert_array_equal(shown[0, 1:, 0], codes[1:])
    assert tuple(shown[0, 0]) == (255, 188, 0), "the hue stays: sRGB of 1, 0.5 and 0"
    np.testing.assert_array_equal(np.asarray(image.convert("bt2020").to_sdr()), shown)


def test_sdr_of_either_color_space_has_its_profile() -> None:
    red = np.zeros((2, 2, 3), np.float32)
    red[..., 0] = 1
    image = HdrImage(red, "display-p3", headroom=0)
    spaces: tuple[SdrColorSpace, ...] = ("display-p3", "srgb")
    for space in spaces:
        picture = image.to_sdr(color_space=space)
        assert picture.getpixel((0, 0)) == (255, 0, 0)
        assert picture.info["icc_profile"] == icc_profile_for(space)
    in_p3 = HdrImage(red, "srgb", headroom=0).to_sdr(color_space="display-p3")
    expected = ImageCms.profileToProfile(  # by LittleCMS
        Image.new("RGB", (1, 1), (255, 0, 0)),
        ImageCms.createProfile("sRGB"),
        ImageCms.getOpenProfile(io.BytesIO(icc_profile_for("display-p3"))),
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    assert expected is not None
    np.testing.assert_allclose(np.asarray(in_p3)[0, 0], np.asarray(expected)[0, 0], atol=1)


def test_sdr_of_anything_else_is_refused() -> None:
    with pytest.raises(ValueError, match="method: expected tone-map or clip, got 'hable'"):
        HdrImage(grey(1)).to_sdr(method="hable")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="color_space: expected srgb or display-p3, got 'bt2020'"):
        HdrImage(grey(1)).to_sdr(color_space="bt2020")  # type: ignore[arg-type]


def test_info_of_the_sdr_picture_is_what_pillows_writers_take() -> None:
    exif = Image.Exif()
    exif[0x010F] = "maker"
    metadata = PictureMetadata(exif.tobytes().removeprefix(b"Exif\0\0"), b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    picture = HdrImage(grey(1), metadata=metadata).to_sdr()
    for kind in ("JPEG", "WEBP", "AVIF"):
        stream = io.BytesIO()
        picture.save(stream, kind, **picture.info)  # type: ignore[arg-type]
        with Image.open(stream) as saved:
            assert saved.getexif()[0x010F] == "maker"
            assert saved.info["xmp"] == metadata.xmp
            assert saved.info["icc_profile"] == icc_profile_for("srgb")
    assert set(HdrImage(grey(1)).to_sdr().info) == {"icc_profile", "gainmap_codec"}
