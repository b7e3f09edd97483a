"""Other people's readers show the same HDR as our standard path, from files that we wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray

import gainmap_codec as gm
from gainmap_codec.errors import Limits
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.records import CodedImage, GainMapFile, GainMapMetadata, StoredGainMap
from gainmap_codec.pixels.color.light import convert, pq_encode, srgb_decode, srgb_encode
from gainmap_codec.pixels.formats.images import decode_jpeg, encode_jpeg
from gainmap_codec.pixels.maps.gain_map import apply_gain_map, compute_gain_map
from gainmap_codec.pixels.maps.inverse_distance import enlarged_by_inverse_distance
from gainmap_codec.pixels.raster.tone_map import tone_map
from gainmap_codec.pixels.scene import render_scene
from support.npm_module import neural_photo

pyvips = pytest.importorskip("pyvips")

Pixels = NDArray[np.float32]
Codes = NDArray[np.uint8]
Reader = Callable[[bytes], Pixels]
LINEAR = srgb_decode((np.arange(256) / 255).astype(np.float32))


def write(hdr: Pixels, scale: int, channels: int, sdr: Codes | None = None) -> bytes:
    """A gain-map JPEG of a linear sRGB picture, with its standard map alone; `sdr` is tone-mapped if None."""
    headroom = float(np.log2(np.percentile(hdr.max(axis=2), 99.9)))
    if sdr is None:
        sdr = np.rint(srgb_encode(tone_map(hdr, headroom=headroom)) * 255).astype(np.uint8)
    base = encode_jpeg(sdr, quality=92)
    gain_map, metadata = compute_gain_map(
        LINEAR[decode_jpeg(base)], hdr, alternate_headroom=headroom, scale=scale, channels=channels
    )
    coded = encode_jpeg(gain_map, quality=90)
    (height, width), (rows, columns) = hdr.shape[:2], gain_map.shape[:2]
    stored = StoredGainMap(CodedImage(coded, columns, rows, channels), metadata, "iso21496")
    return serialize_jpeg(GainMapFile("jpeg", CodedImage(base, width, height, 3), bytes(8), gain_map=stored))


def read(data: bytes) -> tuple[Pixels, Codes, GainMapMetadata]:
    """Linear sRGB base, gain map and metadata of a file whose base is sRGB."""
    file = parse_jpeg(data, Limits())
    assert file.gain_map is not None and isinstance(file.gain_map.metadata, GainMapMetadata)
    return LINEAR[decode_jpeg(file.base.data)], decode_jpeg(file.gain_map.image.data), file.gain_map.metadata


def libultrahdr(data: bytes) -> Pixels:
    return imagecodecs.ultrahdr_decode(data)[..., :3].astype(np.float32)


def libvips(data: bytes) -> Pixels:
    return np.asarray(pyvips.Image.uhdrload_buffer(data).uhdr2scRGB().numpy(), np.float32)[..., :3]


def share_within_two_codes(image: Pixels, reference: Pixels) -> float:
    """Share of pixels whose BT.2020 PQ codes of 10 bits differ by at most two; both are linear sRGB."""
    ours, theirs = (pq_encode(convert(pixels, "srgb", "bt2020")) for pixels in (image, reference))
    return float((np.abs(ours - theirs).max(axis=2) * 1023 <= 2).mean())


def by_inverse_distance(gain_map: Codes, height: int, width: int, scale: int) -> Pixels:
    """A map enlarged as libultrahdr does it: what `encode` reckons with."""
    return enlarged_by_inverse_distance(gain_map, scale, height, width)


def from_corners(gain_map: Codes, height: int, width: int, scale: int) -> Pixels:
    """A map enlarged as libvips does it: bilinear on coded values, positions counted from pixel corners."""

    def mix(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
        cells = len(values)
        place = np.clip(np.arange(size) * cells / size - 0.5, 0, cells - 1)
        first = place.astype(np.intp)
        part = (place - first)[:, np.newaxis]
        return values[first] * (1 - part) + values[np.minimum(first + 1, cells - 1)] * part

    rows = mix(gain_map.astype(np.float64) / 255, height)
    return np.ascontiguousarray(mix(rows.T, width).T, dtype=np.float32)


@pytest.fixture(scope="module")
def scene() -> Pixels:
    return np.maximum(convert(render_scene(768, 512), "bt2020", "srgb"), 0)


@pytest.mark.parametrize("reader", [libultrahdr, libvips])
def test_full_size_maps_agree(scene: Pixels, reader: Reader) -> None:
    data = write(scene, 1, 1)
    assert share_within_two_codes(reader(data), apply_gain_map(*read(data), headroom=9)) >= 0.99


def test_three_channel_maps_agree_with_libultrahdr(scene: Pixels) -> None:
    data = write(scene, 1, 3)
    assert share_within_two_codes(libultrahdr(data), apply_gain_map(*read(data), headroom=9)) >= 0.99


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize(("reader", "enlarge"), [(libultrahdr, by_inverse_distance), (libvips, from_corners)])
def test_smaller_maps_differ_by_interpolation_alone(
    scene: Pixels, scale: int, reader: Reader, enlarge: Callable[..., Pixels]
) -> None:
    """With a reader's way of enlarging a map before ours of applying it, its pixels come out."""
    data = write(scene, scale, 1)
    base, gain_map, metadata = read(data)
    ours = apply_gain_map(base, enlarge(gain_map, *scene.shape[:2], scale), metadata, headroom=9)
    assert share_within_two_codes(reader(data), ours) >= 0.99


@pytest.mark.filterwarnings("ignore:standard gain map. one channel, as asked")
@pytest.mark.parametrize("reader", [libultrahdr, libvips])
def test_a_networks_own_gain_agrees(reader: Reader) -> None:
    """As `transcode` writes it, without offsets here; the grid is as large as the photo."""
    data = gm.transcode(neural_photo(), carry="standard")
    assert share_within_two_codes(reader(data), gm.decode(data, color_space="srgb").pixels) >= 0.99


@pytest.mark.parametrize("reader", [libultrahdr, libvips])
def test_a_phone_photo_agrees(data_dir: Path, reader: Reader) -> None:
    """Written by us: readers have chroma upsampling of their own for a phone's 4:2:0 base."""
    photo = (data_dir / "files/ultra_hdr_samples/Ultra_HDR_Samples_Originals_01.jpg").read_bytes()
    base, gain_map, metadata = read(photo)
    detail = slice(0, 1024), slice(1024, 2048)
    hdr = apply_gain_map(base, gain_map, metadata, headroom=9)[detail]
    sdr = decode_jpeg(parse_jpeg(photo, Limits()).base.data)[detail]
    data = write(hdr, 1, 1, sdr)
    ours = apply_gain_map(*read(data), headroom=9)
    assert share_within_two_codes(reader(data), ours) >= 0.99
