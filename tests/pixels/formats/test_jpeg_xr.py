"""JPEG XR in scRGB and PQ: files made by jxrlib, alone and in imagecodecs, and what a stranger would make of them.

No real screenshot of Windows or of a console was at hand: what programs write is told in docs/supported.md.
"""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import piexif
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

import gainmap_codec as gm
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.color.icc_profile import icc_profile_for, pq_icc_profile
from gainmap_codec.pixels.color.light import pq_psnr, srgb_decode, srgb_encode
from gainmap_codec.pixels.formats import jpeg_xr
from gainmap_codec.pixels.formats.hdr_files import read_hdr
from gainmap_codec.pixels.formats.jpeg_xr import decode_jpeg_xr
from gainmap_codec.pixels.picture_metadata import PictureMetadata
from support.jxr_files import drawn_codes, drawn_scrgb
from support.paths import FIXTURES

WIDTH, HEIGHT = 0xBC80, 0xBC81
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'


def screen(channels: int = 3, dtype: Any = np.float16, white: float = 2.5) -> NDArray[Any]:
    """What a desktop shows: SDR white at `white` times 80 nits, a highlight of 1000 nits, a colour outside BT.709."""
    pixels = np.full((40, 56, channels), white, dtype)
    pixels[:10, :, :3] = np.linspace(0, white, 56)[:, np.newaxis]
    pixels[10:14, :, :3] = 12.5
    pixels[14:18, :, :3] = (-0.4, 2.0, 0.1)
    if channels == 4:
        pixels[..., 3] = 1
    return pixels


def jxr(pixels: NDArray[Any]) -> bytes:
    return bytes(imagecodecs.jpegxr_encode(pixels))


def entries(data: bytes) -> dict[int, int]:
    """Where each entry of the directory stands, by its tag."""
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    places = (start + 2 + 12 * index for index in range(count))
    return {struct.unpack_from("<H", data, place)[0]: place for place in places}


def tag_of(entry: bytes) -> int:
    return int.from_bytes(entry[:2], "little")


def changed(data: bytes, tag: int, value: int) -> bytes:
    place = entries(data)[tag] + 8
    return data[:place] + struct.pack("<I", value) + data[place + 4 :]


def with_entry(data: bytes, tag: int, kind: int, value: bytes) -> bytes:
    """The file with one entry more, in a directory at its end."""
    raw = [data[place : place + 12] for place in entries(data).values()]
    raw.append(struct.pack("<HHII", tag, kind, len(value), len(data)))
    raw.sort(key=tag_of)
    start = len(data) + len(value)
    table = struct.pack("<H", len(raw)) + b"".join(raw) + bytes(4)
    return data[:4] + struct.pack("<I", start) + data[8:] + value + table


def read(data: bytes, **limits: int) -> gm.HdrImage:
    return decode_jpeg_xr(data, "shot.jxr", gm.Limits(**limits))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("channels", [3, 4])
def test_scrgb_is_80_nits_and_sdr_white_is_203(dtype: Any, channels: int) -> None:
    pixels = screen(channels, dtype)
    image = read(jxr(pixels))
    assert image.color_space == "srgb" and not image.warnings
    np.testing.assert_allclose(image.pixels, pixels[..., :3] * (80 / 203), rtol=1e-3, atol=1e-4)
    assert image.pixels[12, 0, 0] * 203 == pytest.approx(1000, rel=1e-3)
    assert image.convert("bt2020").pixels.min() >= -1e-3, "a colour outside BT.709 is one inside BT.2020"


def test_transparency_is_told() -> None:
    pixels = screen(4)
    pixels[0, 0, 3] = 0.5
    assert read(jxr(pixels)).warnings == ("the HDR picture's transparency is left out",)


def test_a_screenshot_becomes_a_photo_for_every_screen(tmp_path: Path) -> None:
    path = tmp_path / "shot.jxr"
    path.write_bytes(jxr(screen(4, white=203 / 80)))
    photo = gm.encode(path, carry="standard", map_scale=1, quality=98)
    shown = gm.decode(photo, color_space="srgb")
    assert shown.pixels[12, 28].max() * 203 == pytest.approx(1000, rel=0.03)
    sdr = gm.decode(photo, headroom=0, color_space="srgb").pixels
    assert sdr[:8].max() == pytest.approx(sdr[30].max(), abs=0.03), "the ramp ends in the desktop's white"
    assert read_hdr(path).pixels.shape == (40, 56, 3)


def desktop() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A desktop in sRGB, white at 203 nits, with text, greys and colours; and a game in a window, to 2000 nits."""
    shown = Image.new("RGB", (256, 160), (243, 243, 243))
    draw = ImageDraw.Draw(shown)
    for index, fill in enumerate(("white", "#c0c0c0", "#0078d4", "#e81123", "#107c10", "#ffb900", "black")):
        draw.rectangle((8 + 34 * index, 8, 38 + 34 * index, 38), fill=fill)
    for index in range(240):
        draw.line((8 + index, 44, 8 + index, 56), fill=(index + 16,) * 3)
    draw.text((10, 64), "File  Edit  View", fill="black")
    draw.rectangle((8, 88, 247, 151), fill="black")
    light = srgb_decode((np.asarray(shown) / 255).astype(np.float32))
    nits = np.geomspace(1, 2000, 236)[np.newaxis, :, np.newaxis]
    light[90:150, 10:246] = nits / 203 * np.repeat([[[1, 1, 1]], [[1, 0.6, 0.2]], [[0.3, 0.7, 1]]], 20, axis=0)
    return np.asarray(shown), light


def test_the_sdr_picture_is_the_desktop_as_it_was() -> None:
    """All that is no brighter than SDR white, within a code value; what is brighter is cut off in its hue."""
    shown, light = desktop()
    seen = np.asarray(read(jxr((light * 203 / 80).astype(np.float32))).to_sdr()).astype(int)
    np.testing.assert_allclose(seen[:88], shown[:88], atol=1)
    brightest = light.max(axis=2, keepdims=True)
    np.testing.assert_allclose(seen, srgb_encode(light / np.maximum(brightest, 1)) * 255, atol=1)


@pytest.mark.parametrize("container", ["jpeg", "avif"])
def test_sdr_readers_see_the_desktop_and_hdr_readers_the_highlights(container: Container, tmp_path: Path) -> None:
    shown, light = desktop()
    path = tmp_path / "shot.jxr"
    path.write_bytes(jxr((light * 203 / 80).astype(np.float32)))
    photo = gm.encode(path, container=container, carry="standard", quality=100)
    seen = np.asarray(Image.open(io.BytesIO(photo)).convert("RGB")).astype(int)
    off = np.abs(seen[:88] - shown[:88])
    assert np.mean(off > 2) < 0.001 and off.max() <= 5, "text and edges, by the codec"
    assert gm.decode(photo, color_space="srgb").pixels.max() * 203 == pytest.approx(2000, rel=0.05)
    assert pq_psnr(gm.decode(photo).pixels, gm.HdrImage(light, "srgb").convert("bt2020").pixels) > 45


@pytest.mark.parametrize("white", [80, 400])
def test_sdr_white_is_as_bright_as_the_desktop_had_it(white: float, tmp_path: Path) -> None:
    """The SDR picture is that of a desktop of 203 nits; HDR is as many times brighter than SDR white."""
    shown, light = desktop()
    paths = {nits: tmp_path / f"{nits}.jxr" for nits in (white, 203)}
    for nits, path in paths.items():
        path.write_bytes(jxr((light * nits / 80).astype(np.float32)))
    photo = gm.encode(paths[white], carry="standard", quality=100, sdr_white=white)
    seen = np.asarray(Image.open(io.BytesIO(photo)).convert("RGB")).astype(int)
    assert np.mean(np.abs(seen[:88] - shown[:88]) > 2) < 0.001
    assert gm.decode(photo).pixels.max() * white == pytest.approx(2000 * white / 203, rel=0.05)
    usual = gm.encode(paths[203], carry="standard", quality=100)
    assert pq_psnr(gm.decode(photo).pixels, gm.decode(usual).pixels) > 60


def test_sdr_white_of_a_base_in_pq(tmp_path: Path) -> None:
    """It is moved to 203 nits, where readers of PQ expect it (BT.2408)."""
    path = tmp_path / "shot.jxr"
    path.write_bytes(jxr(screen(white=5)))
    photo = gm.decode(gm.encode(path, container="avif", base="hdr", sdr_white=400), color_space="srgb")
    assert photo.pixels[30, 28] == pytest.approx([1, 1, 1], abs=0.01)
    assert photo.pixels[12, 28] == pytest.approx([2.5, 2.5, 2.5], rel=0.02)


# What jxrlib's own program wrote


def fixture(name: str) -> gm.HdrImage:
    return read((FIXTURES / f"jxr/{name}.jxr").read_bytes())


@pytest.mark.parametrize(("name", "share"), [("half", 1), ("fixed-32", 1), ("fixed-16", 1 / 16)])
def test_floats_and_fixed_point_are_scrgb(name: str, share: float) -> None:
    image = fixture(name)
    np.testing.assert_allclose(image.pixels, drawn_scrgb() * share * (80 / 203), rtol=1e-6, atol=1e-6)
    assert (image.color_space, image.is_screenshot) == ("srgb", True)
    assert image.warnings == (("the HDR picture's transparency is left out",) if name == "fixed-16" else ())


def test_ten_bits_are_pq() -> None:
    """Code 0 is black, 769 is 1000 nits and 1023 is 10 000 (SMPTE ST 2084)."""
    image = fixture("ten-bit")
    np.testing.assert_allclose(image.to_pq() * 1023, drawn_codes(), atol=0.02)
    nits = {int(code): float(light) * 203 for code, light in zip(drawn_codes().flat, image.pixels.flat, strict=True)}
    assert (nits[0], nits[769], nits[1023]) == pytest.approx((0, 998.932, 10_000), rel=1e-4)
    assert (image.color_space, image.is_screenshot, image.warnings) == ("bt2020", True, ())


@pytest.mark.parametrize("curve", ["srgb", "pq"])
def test_a_profile_says_what_ten_bits_are(curve: str) -> None:
    data = (FIXTURES / "jxr/ten-bit.jxr").read_bytes()
    profile = icc_profile_for("srgb") if curve == "srgb" else pq_icc_profile()
    data = with_entry(data, 34675, 7, profile)
    if curve == "pq":
        np.testing.assert_array_equal(read(data).pixels, fixture("ten-bit").pixels)
        return
    with pytest.raises(gm.UnsupportedError, match=r"shot.jxr: not HDR: expected a picture in PQ or HLG, got one in "):
        read(data)


def test_exif_and_xmp_come_along() -> None:
    metadata = fixture("half").metadata
    assert metadata.exif is not None and metadata.xmp is not None and metadata.lost == ()
    found = piexif.load(b"Exif\0\0" + metadata.exif)
    assert found["0th"] == {
        piexif.ImageIFD.Software: b"Windows 11",
        piexif.ImageIFD.DateTime: b"2026:11:29 18:30:05",
        piexif.ImageIFD.Artist: b"Microsoft Game DVR",
        piexif.ImageIFD.XPTitle: tuple("Héros 2\0".encode("utf-16-le")),
        piexif.ImageIFD.ExifTag: 138,
        piexif.ImageIFD.GPSTag: 244,
    }
    assert found["Exif"][piexif.ExifIFD.DateTimeOriginal] == b"2026:11:29 18:30:05"
    assert found["GPS"][piexif.GPSIFD.GPSLatitude] == ((48, 1), (12, 1), (0, 1))
    assert b"H\xc3\xa9ros 2" in metadata.xmp


def test_exiftool_finds_them_in_the_photo(tmp_path: Path) -> None:
    """Time, program and place, as it finds them in the screenshot."""
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed (Debian: libimage-exiftool-perl)")
    (tmp_path / "shot.jpg").write_bytes(gm.encode(FIXTURES / "jxr/half.jxr", carry="standard"))
    (tmp_path / "shot.avif").write_bytes(gm.encode(FIXTURES / "jxr/half.jxr", carry="standard", container="avif"))
    paths = (FIXTURES / "jxr/half.jxr", tmp_path / "shot.jpg", tmp_path / "shot.avif")
    command = ["exiftool", "-j", "-G1", "-IFD0:all", "-ExifIFD:all", "-GPS:all", "-XMP-dc:all"]
    found = json.loads(subprocess.run([*command, *map(str, paths)], capture_output=True, timeout=60, check=True).stdout)
    screenshot, *photos = ({name: value for name, value in each.items() if is_told(name)} for each in found)
    assert screenshot["IFD0:ModifyDate"] == "2026:11:29 18:30:05" and len(screenshot) == 14
    assert photos == [screenshot, screenshot]


def is_told(name: str) -> bool:
    """Whether a tag tells of the picture, and not how JPEG XR stores its pixels."""
    words = ("SourceFile", "Pixel", "Transformation", "Width", "Height", "Offset", "ByteCount")
    return name == "ExifIFD:OffsetTimeOriginal" or not any(word in name for word in words)


def test_damaged_tags_cost_nothing_else() -> None:
    data = with_entry(with_entry(jxr(screen()), 700, 1, XMP), 0x8769, 1, bytes(6))
    assert read(data).metadata == gm.HdrImage(screen(), metadata=PictureMetadata(xmp=XMP)).metadata
    lying = changed(with_entry(jxr(screen()), 0x0131, 2, b"a program"), 0x0131, 1 << 31)
    assert read(lying).metadata.exif is None


# What is not read


@pytest.mark.parametrize("pixels", [np.zeros((16, 16, 3), np.uint8), np.zeros((16, 16, 3), np.uint16)])
def test_other_pixel_formats_are_refused(pixels: NDArray[Any]) -> None:
    with pytest.raises(
        gm.UnsupportedError,
        match=r"shot.jxr: expected an HDR JPEG XR \(scRGB of floats or fixed point, or PQ of 10 bits\), got",
    ):
        read(jxr(pixels))


def test_what_is_to_be_turned_is_refused() -> None:
    with pytest.raises(gm.UnsupportedError, match="expected an upright JPEG XR"):
        read(changed(jxr(screen()), 0xBC02, 4))


def test_a_pixel_that_is_no_number_is_the_files_fault() -> None:
    pixels = screen()
    pixels[3, 3, 0] = np.nan
    with pytest.raises(gm.FormatError, match=r"shot.jxr"):
        read(jxr(pixels))


@pytest.mark.parametrize("channels", [3, 4])
def test_sizes_are_checked_before_anything_is_decoded(channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = jxr(screen(channels))
    monkeypatch.setattr(jpeg_xr, "_decoded", lambda data, name: pytest.fail("decoded"))
    with pytest.raises(gm.LimitError, match="pixels"):
        read(data, pixels=40 * 56 - 1)
    with pytest.raises(gm.LimitError, match="pixels"):
        read(changed(data, WIDTH, 1 << 31))
    for lie in (changed(data, WIDTH, 57), changed(data, HEIGHT, 0)):
        with pytest.raises(gm.FormatError, match="expected one size"):
            read(lie)
    place = data.index(b"WMPHOTO\0") + 12
    with pytest.raises(gm.FormatError, match="expected one size, got 56 x 40 and 65536 x 40"):
        read(data[:place] + b"\xff\xff" + data[place + 2 :])
    if channels == 4:
        place = data.rindex(b"WMPHOTO\0") + 12
        with pytest.raises(gm.FormatError, match="expected one size, got 56 x 40 and 65536 x 40"):
            read(data[:place] + b"\xff\xff" + data[place + 2 :])


@pytest.mark.parametrize("channels", [3, 4])
def test_a_file_that_is_cut_off_is_refused(channels: int) -> None:
    """Of one without its last 200 bytes jxrlib makes highlights of half a million nits, and no error."""
    data = jxr(screen(channels))
    for count in (1, 200, len(data) // 2):
        got = len(data) - count
        with pytest.raises(
            gm.FormatError, match=rf"shot.jxr: broken JPEG XR file: expected at least \d+ bytes, got {got}"
        ):
            read(data[:got])


def test_damaged_files_end_in_a_picture_or_one_line() -> None:
    data, rng = jxr(screen(4)), np.random.default_rng(1)
    for trial in range(40):
        broken = bytearray(data[: rng.integers(4, len(data))] if trial % 3 == 0 else data)
        for place in rng.integers(4, len(broken), rng.integers(0, 6)) if len(broken) > 4 else ():
            broken[place] = rng.integers(0, 256)
        try:
            read(bytes(broken))
        except gm.GainMapError as error:
            assert str(error).startswith(("shot.jxr", "JPEG XR", "pixels")) and "\n" not in str(error)


def test_a_file_that_crashes_the_library_is_one_line() -> None:
    """Found by damaging headers at random: three bytes of the codestream's, upon which jxrlib ends by a signal."""
    data = bytearray(jxr(screen()))
    start = data.index(b"WMPHOTO\0")
    for place, value in ((16, 0xB9), (22, 0xEC), (58, 0x52)):
        data[start + place] = value
    with pytest.raises(gm.FormatError, match=r"shot.jxr: broken JPEG XR file: its pixels cannot be decoded"):
        read(bytes(data))
