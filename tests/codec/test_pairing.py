"""What `encode` takes for its two pictures: the same picture gives the same file, all else a sentence."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.codec.options import EncodeOptions
from gainmap_codec.codec.pairing import make_pair
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.color.light import pq_encode
from gainmap_codec.pixels.formats.images import decode_jpeg
from gainmap_codec.pixels.raster.geometry import to_stored
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene
from support.paths import FIXTURES

HDR = gm.HdrImage(render_scene(48, 32)).convert("srgb").pixels
SDR = encode_base(tone_map(HDR, headroom=3.0))


def encoded(hdr: Any, sdr: Any = SDR, container: Container = "jpeg", **options: Any) -> bytes:
    return gm.encode(hdr, sdr, container=container, carry="standard", **options)


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    result = array.copy()
    result.flags.writeable = False
    return result


@pytest.mark.parametrize(
    "hdr",
    [
        gm.HdrImage(HDR, "srgb"),
        HDR.astype(np.float64),
        HDR.astype(">f4"),
        np.asfortranarray(HDR),
        np.repeat(HDR, 2, axis=1)[:, ::2],
        read_only(HDR),
        np.ma.masked_array(HDR),
    ],
)
def test_the_same_hdr_in_another_array_gives_the_same_file(hdr: Any) -> None:
    assert encoded(hdr) == encoded(HDR)


def test_a_file_that_is_mapped_into_memory(tmp_path: Path) -> None:
    np.save(tmp_path / "hdr.npy", HDR)
    assert encoded(np.load(tmp_path / "hdr.npy", mmap_mode="r")) == encoded(HDR)


@pytest.mark.parametrize("container", ["jpeg", "heic", "avif"])
@pytest.mark.parametrize(
    "sdr",
    [
        SDR.astype(np.uint16) * 257,
        (SDR.astype(np.uint16) * 257).astype(">u2"),
        np.asfortranarray(SDR),
        read_only(SDR),
        Image.fromarray(SDR),
        np.repeat(SDR, 2, axis=0)[::2],
    ],
)
def test_the_same_sdr_in_another_array_gives_the_same_file(sdr: Any, container: Container) -> None:
    assert encoded(HDR, sdr, container) == encoded(HDR, SDR, container)


def test_sixteen_bits_become_ten_where_ten_are_asked_for() -> None:
    deep = np.full((32, 48, 3), 40000, np.uint16)
    file = parse_file(encoded(HDR, deep, "avif", base_bits=10, quality=100), "it", gm.Limits())
    assert file.base.bits == 10
    shown = gm.decode(encoded(HDR, deep, "avif", base_bits=10, quality=100), prefer="base").convert("srgb").pixels
    np.testing.assert_allclose(shown, ((40000 / 65535 + 0.055) / 1.055) ** 2.4, rtol=0.01)


def test_tensors_of_both() -> None:
    torch = pytest.importorskip("torch")
    hdr, sdr = torch.from_numpy(HDR), torch.from_numpy(SDR)
    assert encoded(hdr, sdr) == encoded(hdr.double().requires_grad_(), sdr) == encoded(HDR)
    assert encoded(hdr.bfloat16(), sdr) == encoded(hdr.bfloat16().float().numpy())
    with pytest.raises(ValueError, match=r"hdr: .*channels come last"):
        encoded(hdr.permute(2, 0, 1), sdr)
    with pytest.raises(TypeError, match="hdr: expected linear floating point, got uint8: an SDR picture goes to sdr="):
        encoded(sdr, sdr)


def test_grey_of_both() -> None:
    grey = encoded(HDR[..., 1], SDR[..., 1])
    base = decode_jpeg(parse_file(grey, "it", gm.Limits()).base.data)
    assert np.ptp(base.astype(int).reshape(32, 48, -1), axis=2).max() <= 1
    pixels = gm.decode(grey).convert("srgb").pixels
    np.testing.assert_allclose(pixels[..., 0], pixels[..., 2], rtol=0.02, atol=0.01)


def test_alpha_of_both_is_dropped_with_a_warning() -> None:
    with pytest.warns(gm.GainMapWarning, match="its transparency is left out") as caught:
        data = encoded(np.dstack([HDR, HDR[..., :1]]), np.dstack([SDR, SDR[..., :1]]))
    assert [str(each.message) for each in caught] == [
        "hdr: its transparency is left out",
        "sdr: its transparency is left out",
    ]
    assert data == encoded(HDR)


@pytest.mark.parametrize(
    ("hdr", "line"),
    [
        (SDR, "hdr: expected linear floating point, got uint8: an SDR picture goes to sdr="),
        (HDR.astype(object), "hdr: expected linear floating point, got object"),
        (HDR.astype(complex), "hdr: expected linear floating point, got complex128"),
        (Image.fromarray(SDR), "hdr: expected HDR, got a Pillow image (mode RGB): an SDR picture goes to sdr="),
        (None, "hdr: expected an HdrImage, an array or tensor (H, W, 3) of linear light, or a path, bytes or binary"),
        (HDR.tolist(), "file, got list"),
        (io.StringIO("text"), 'hdr: expected a file opened as binary ("rb"), got one opened as text'),
    ],
)
def test_what_is_not_understood_of_hdr(hdr: Any, line: str) -> None:
    with pytest.raises(TypeError, match="hdr: ") as caught:
        encoded(hdr)
    assert line in str(caught.value)


@pytest.mark.parametrize(
    ("sdr", "line"),
    [
        (HDR, "sdr: expected uint8 or uint16 code values, got float32: linear HDR goes to hdr="),
        (gm.HdrImage(HDR), "sdr: expected uint8 or uint16 code values, got float32: linear HDR goes to hdr="),
        (SDR.astype(np.int64), "sdr: expected uint8 or uint16 code values, got int64"),
        (SDR > 3, "sdr: expected uint8 or uint16 code values, got bool"),
        (5, "sdr: expected a Pillow image, an array or tensor (H, W, 3) of code values, or a path, bytes or binary"),
        (io.StringIO("text"), 'sdr: expected a file opened as binary ("rb"), got one opened as text'),
    ],
)
def test_what_is_not_understood_of_sdr(sdr: Any, line: str) -> None:
    with pytest.raises(TypeError, match="sdr: ") as caught:
        encoded(HDR, sdr)
    assert line in str(caught.value)


def test_pixels_that_are_not_finite_are_hdrs() -> None:
    with pytest.raises(ValueError, match=r"^hdr: expected finite values, got nan at row 0, column 0"):
        encoded(np.full((4, 4, 3), np.nan))


def test_bytes_are_called_by_their_argument() -> None:
    with pytest.raises(gm.FormatError, match=r"^hdr: expected a picture in OpenEXR, "):
        encoded(b"abc")
    with pytest.raises(gm.FormatError, match=r"^sdr: expected a picture that Pillow can open"):
        encoded(HDR, io.BytesIO(b"abc"))


def test_empty_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match=r"hdr: expected shape \(H, W, 3\), got \(0, 48, 3\)"):
        encoded(HDR[:0])
    with pytest.raises(ValueError, match="sdr: expected a picture, got a Pillow image of 0 x 0 pixels"):
        encoded(HDR, Image.new("RGB", (0, 0)))


def test_pillow_images_that_cannot_be_read_are_named() -> None:
    closed, cut = Image.fromarray(SDR), io.BytesIO()
    closed.close()
    Image.fromarray(SDR).save(cut, "PNG")
    for sdr in (closed, Image.open(io.BytesIO(cut.getvalue()[:-60]))):
        with pytest.raises(gm.FormatError, match=r"^sdr: broken picture file: "):
            encoded(HDR, sdr)
    with pytest.raises(ValueError, match="sdr: expected a picture that Pillow converts to RGB, got its mode La"):
        encoded(HDR, Image.fromarray(SDR).convert("LA").convert("La"))


@pytest.mark.parametrize(
    ("name", "gain"),
    [
        ("heif/apple-auxiliary.heic", 0.0),
        ("heif/tmap-apple-turned.heic", 1 / 64),
        ("heif/tmap.heic", 1 / 64),
        ("jpeg/standard.jpg", 1 / 64),
    ],
)
def test_a_map_of_one_channel_is_known_to_the_fit(name: str, gain: float) -> None:
    """Also where the base is turned and coded anew: the gain is that between the file's own base and its HDR."""
    data = (FIXTURES / name).read_bytes()
    pair = make_pair(data, None, EncodeOptions(container="jpeg", quality=30), [])
    assert pair.gain is not None and pair.gain.base_offset == pair.gain.alternate_offset == gain
    own = gm.decode(data, prefer="base", color_space="bt2020").pixels
    own = own if pair.file.orientation == 1 else to_stored(own, pair.file.orientation)
    there = pair.gain.at(slice(None), slice(None), *own.shape[:2])
    assert np.abs(pq_encode(pair.gain.hdr_of(own, there)) - pq_encode(pair.hdr)).max() < 0.004


@pytest.mark.parametrize(
    ("name", "offsets"),
    [("jpeg/standard.jpg", (1 / 64, 1 / 64)), ("heif/apple-auxiliary.heic", (0.0, 0.0)), ("jpeg/both.jpg", None)],
)
def test_offsets_are_those_of_the_map_that_made_the_rendition(name: str, offsets: tuple[float, float] | None) -> None:
    data = (FIXTURES / name).read_bytes()
    assert make_pair(data, None, EncodeOptions(container="jpeg", quality=30), []).offsets == offsets
    assert make_pair(gm.decode(data), None, EncodeOptions(), []).offsets is None


def test_a_gain_to_another_base_is_not_known() -> None:
    data = (FIXTURES / "jpeg/standard.jpg").read_bytes()
    other = decode_jpeg((FIXTURES / "jpeg/base-16x16.jpg").read_bytes())
    assert make_pair(data, other, EncodeOptions(), []).gain is None
    assert make_pair(gm.decode(data), None, EncodeOptions(), []).gain is None


@pytest.mark.parametrize("name", ["heif/apple-auxiliary.heic", "heif/tmap-apple-turned.heic"])
def test_a_map_of_one_channel_stays_one_whatever_coding_does_to_the_base(name: str) -> None:
    found = gm.inspect(gm.encode(FIXTURES / name, container="jpeg", quality=10, carry="standard")).gain_map
    assert found is not None and found.channels == 1


# The brightness of SDR white


@pytest.mark.parametrize("container", ["avif", "heic", "jxl"])
def test_sdr_white_of_files_in_pq(container: Container, tmp_path: Path) -> None:
    """Of 400 nits: what is half of that in the file is 0.5 of the photo, in an SDR base and in an HDR one."""
    path = tmp_path / f"picture.{container}"
    nits = np.full((64, 64, 3), 200, np.float32)
    nits[32:] = 1600
    gm.HdrImage(nits / np.float32(203)).save(path, quality=100)
    for base in ("sdr", "hdr"):
        photo = gm.encode(path, container="avif", base=base, carry="standard", quality=100, sdr_white=400)
        np.testing.assert_allclose(gm.decode(photo).pixels[[8, 56]], nits[[8, 56]] / 400, rtol=0.03)


def test_sdr_white_of_pictures_in_memory() -> None:
    image = gm.HdrImage(np.full((64, 64, 3), 4, np.float32), headroom=2.0)
    moved = image.with_sdr_white(406)
    assert (moved.pixels.min(), moved.pixels.max(), moved.headroom) == pytest.approx((2, 2, 1))
    assert encoded(image, None, sdr_white=406) == encoded(moved, None)
    assert image.with_sdr_white(4000).headroom == 0


def test_sdr_white_of_a_photo_is_that_of_its_sdr_picture() -> None:
    photo = (FIXTURES / "jpeg/standard.jpg").read_bytes()
    with pytest.raises(
        ValueError, match=r"^sdr_white: expected none beside hdr, whose gain map starts from its SDR picture, got 400$"
    ):
        gm.encode(photo, carry="standard", sdr_white=400)


@pytest.mark.parametrize("nits", [0, -1, 10_001, float("nan"), float("inf")])
def test_a_brightness_that_sdr_white_cannot_have(nits: float) -> None:
    with pytest.raises(ValueError, match=r"^sdr_white: expected 1…10000 nits, got "):
        gm.encode(HDR, sdr_white=nits)
    with pytest.raises(TypeError, match=r"^sdr_white: expected a number of nits, got '200'$"):
        gm.encode(HDR, sdr_white="200")  # type: ignore[arg-type]
