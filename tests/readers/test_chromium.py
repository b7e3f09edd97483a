"""Chromium shows our files: with the map it matches us at every headroom, without it the base (make test-readers)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gainmap_codec as gm
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.jpeg.metadata import ISO_ID, XMP_ID
from gainmap_codec.files.jpeg.mpf import MPF_ID
from gainmap_codec.files.jpeg.segments import APP1, APP2
from gainmap_codec.files.map_metadata.apple import exif_with_headroom
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.color.light import convert, pq_encode
from gainmap_codec.pixels.formats.sources import photos_in
from gainmap_codec.pixels.raster.geometry import to_stored
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene
from support.chromium import Browser, find_chromium, open_browser
from support.jpeg_files import without_segments
from support.npm_module import neural_photo

pytestmark = [
    pytest.mark.readers,
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed (apt-get install chromium)"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="playwright is not installed (the extra readers)"),
]

SCENE = gm.HdrImage(render_scene(384, 256))
FILES: dict[str, dict[str, Any]] = {
    "jpeg": {"container": "jpeg"},
    "jpeg, three channels": {"container": "jpeg", "map_channels": 3, "base_color_space": "display-p3"},
    "avif": {"container": "avif"},
    "avif, three channels": {"container": "avif", "map_channels": 3, "base_color_space": "display-p3"},
    "avif, 10 bits": {"container": "avif", "base_bits": 10},
    "avif, 4:2:0": {"container": "avif", "base_chroma": "4:2:0"},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser(find_chromium() or "") as found:
        yield found


def mime(data: bytes) -> str:
    return f"image/{gm.inspect(data).container}"


def without_map(data: bytes) -> bytes:
    return serialize_file(replace(parse_file(data, "", gm.Limits()), gain_map=None, extras=None), [])


def difference(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Codes of 10-bit BT.2020 PQ between two linear sRGB pictures, the largest of the channels."""
    first, second = (pq_encode(convert(pixels, "srgb", "bt2020")) for pixels in (one, other))
    largest: NDArray[np.float32] = np.abs(first - second).max(axis=2) * 1023
    return largest


@pytest.mark.parametrize("name", FILES)
def test_the_browser_applies_our_map(browser: Browser, name: str) -> None:
    data = gm.encode(SCENE, carry="standard", map_scale=1, **FILES[name])
    full = gm.inspect(data).headroom or 0.0
    assert full > 2
    for headroom in (0.0, full / 2, full):
        shown = browser.read(data, mime(data), headroom)
        ours = gm.decode(data, headroom=headroom, prefer="standard", color_space="srgb").pixels
        codes = difference(shown, ours)
        assert np.mean(codes <= 2) >= 0.99, (name, headroom)
        base = browser.read(without_map(data), mime(data), headroom)
        assert base.max() <= 1.01
        assert (np.mean(difference(shown, base) > 20) > 0.02) == (headroom > 0)


@pytest.mark.filterwarnings("ignore:standard gain map. one channel, as asked")
def test_the_browser_shows_what_a_network_shows(browser: Browser) -> None:
    """Of the file that `transcode` makes of it, with the network's own gain."""
    neural = neural_photo()
    data = gm.transcode(neural, carry="standard")
    full = gm.inspect(neural).headroom or 0.0
    assert full > 2
    for headroom in (0.0, full / 2, full):
        shown = browser.read(data, mime(data), headroom)
        wanted = gm.decode(neural, headroom=headroom, color_space="srgb").pixels
        assert np.mean(difference(shown, wanted) <= 2) >= 0.99


@pytest.mark.parametrize(("base_bits", "map_bits", "most"), [(8, 10, 4), (8, 12, 6), (10, 12, 2)])
def test_the_browser_cuts_deep_maps_over_shallow_bases(
    browser: Browser, base_bits: int, map_bits: int, most: float
) -> None:
    """Without rounding: so maps in AVIF are as deep as their bases, unless asked for otherwise."""
    options: dict[str, Any] = {"container": "avif", "base_bits": base_bits, "map_bits": map_bits}
    data = gm.encode(SCENE, carry="standard", map_scale=1, **options)
    full = gm.inspect(data).headroom or 0.0
    ours = gm.decode(data, headroom=full, prefer="standard", color_space="srgb").pixels
    codes = difference(browser.read(data, mime(data), full), ours)
    assert np.percentile(codes, 99) < most
    assert (np.median(codes) > 0.5) == (base_bits == 8)


def test_the_browser_applies_apples_map_by_a_curve_of_its_own(browser: Browser) -> None:
    """The power of 1.961 where we have the sRGB curve: measured of a ramp of codes over a flat base."""
    headroom, codes = 4.0, np.repeat(np.arange(7, 256, 8, dtype=np.uint8), 8)
    scene = gm.HdrImage(SCENE.pixels * np.float32(0.5))  # of less than 3 stops, which a maker note can tell
    photo = gm.encode(scene, carry="apple", map_scale=1, exif={"Artist": "Me"})
    exif = exif_with_headroom(parse_file(photo, "", gm.Limits()).exif or b"", headroom, [])
    data = gm.assemble(
        np.full((64, 256, 3), 188, np.uint8),
        np.tile(codes, (64, 1)),
        {"kind": "Apple", "headroom": headroom, "version": 131072},
        container="jpeg",
        exif=exif,
        map_quality=100,
    )
    shown = browser.read(data, "image/jpeg", 2.0)[32, 4::8, 1]
    base = browser.read(without_map(data), "image/jpeg", 2.0)[32, 4::8, 1]
    np.testing.assert_allclose(shown / base, 1 + (headroom - 1) * (codes[4::8] / 255) ** 1.961, rtol=4e-3)
    full = gm.inspect(photo).headroom or 0.0
    for part in (0.5, 1.0):
        shown = browser.read(photo, mime(photo), part * full)
        ours = gm.decode(photo, headroom=part * full, color_space="srgb").pixels
        assert difference(shown, ours).max() < 14, "ten codes are what the curves differ by"
    without_exif = serialize_file(replace(parse_file(photo, "", gm.Limits()), exif=None), [])
    assert browser.read(without_exif, mime(without_exif), full).max() <= 1.01, "it shows SDR"


@pytest.mark.filterwarnings("ignore:what is brighter than HLG")
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("base", ["hdr", "hlg", "swapped"])
def test_the_browser_applies_the_map_of_an_hdr_base(browser: Browser, base: str, channels: int) -> None:
    is_swapped = base == "swapped"
    options: dict[str, Any] = {"carry": "standard"} if is_swapped else {"base": base}
    photo = gm.encode(SCENE, container="avif", map_scale=1, map_channels=channels, quality=98, **options)
    data = gm.swap(photo, quality=98) if is_swapped else photo
    assert gm.inspect(data).base_is_hdr
    full = gm.inspect(data).headroom or 0.0
    for headroom in (0.0, full / 2, full):
        shown = browser.read(data, "image/avif", headroom)
        ours = gm.decode(data, headroom=headroom, prefer="standard", color_space="srgb").pixels
        assert np.mean(difference(shown, ours) <= 2) >= 0.99, headroom


@pytest.mark.parametrize("container", ["jpeg", "avif"])
def test_the_browser_ignores_our_payload(browser: Browser, container: Container) -> None:
    """A payload beside a map changes nothing; alone, the base is shown."""
    payload = b"\xf6A" + bytes(range(197)) * 2
    data = gm.encode(SCENE, carry="standard", container=container)
    file = replace(parse_file(data, "", gm.Limits()), payload=payload)
    with_both = serialize_file(file, [])
    assert payload in with_both
    np.testing.assert_array_equal(browser.read(with_both, mime(data), 3), browser.read(data, mime(data), 3))
    alone = serialize_file(replace(file, gain_map=None), [])
    assert browser.read(alone, mime(data), 3).max() <= 1.01


@pytest.mark.parametrize("orientation", [2, 3, 5, 6, 8])
@pytest.mark.parametrize("container", ["jpeg", "avif"])
def test_the_browser_turns_base_and_map_together(browser: Browser, container: Container, orientation: int) -> None:
    exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" + bytes((orientation, 0, 0, 0, 0, 0, 0))
    sdr = encode_base(tone_map(SCENE.convert("srgb").pixels, headroom=SCENE.measured_headroom()))
    data = gm.encode(SCENE, to_stored(sdr, orientation), carry="standard", container=container, exif=exif)
    assert gm.inspect(data).orientation == orientation
    shown = browser.read(data, mime(data), 8)
    ours = gm.decode(data, color_space="srgb").pixels
    assert shown.shape == ours.shape
    assert np.mean(difference(shown, ours) <= 4) >= 0.95  # a map of a quarter of the size: enlarged in another way


LARGEST = 1 << 20  # bytes: photos of 12 megapixels take seconds each
NOT_OPENED = {"seine_sdr_gainmap_gammazero.avif", "supported_gainmap_writer_version_with_extra_bytes.avif"}


def test_what_it_shows_in_hdr_is_what_inspect_says(browser: Browser, data_dir: Path) -> None:
    """The rules of docs/supported.md, for real files; those that are "not known" are passed over."""
    for path in photos_in(data_dir):
        data = path.read_bytes()
        if (
            path.name in NOT_OPENED
            or len(data) > LARGEST
            or (not data.startswith(b"\xff\xd8") and b"avif" not in data[:64])
        ):
            continue
        says = gm.inspect(data).shown_by[0]
        assert says.reader == "Chrome"
        if says.shows != "not known":
            sdr, hdr = (browser.read(data, mime(data), headroom) for headroom in (0.0, 8.0))
            shows = np.mean(np.abs(hdr - sdr).max(axis=2) > 0.05 * np.maximum(sdr.max(axis=2), 0.02)) > 0.005
            assert shows == (says.shows == "yes"), path.name


@pytest.mark.parametrize(
    ("gone", "shows"),
    [
        ([], True),
        ([(APP2, MPF_ID)], False),
        ([(APP2, ISO_ID)], True),
        ([(APP1, XMP_ID)], True),
        ([(APP2, ISO_ID), (APP1, XMP_ID)], False),
    ],
    ids=["all there", "no MPF index", "no ISO version segment", "no XMP", "neither of these"],
)
def test_by_which_signs_it_finds_the_map(browser: Browser, gone: list[tuple[int, bytes]], *, shows: bool) -> None:
    data = gm.encode(SCENE, carry="standard")
    for marker, prefix in gone:
        data = without_segments(data, marker, prefix)
    assert (browser.read(data, mime(data), 8).max() > 1.5) == shows
    assert (gm.inspect(data).shown_by[0].shows == "yes") == shows
