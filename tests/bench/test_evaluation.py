"""How renditions are measured: the draw of pixels against the whole picture, and dE_ITP against its formula."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_bench.inputs.evaluation import Evaluation, load_pair
from gainmap_codec.codec.pairing import Pair
from gainmap_codec.errors import Limits
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.pixels.color.base_color import base_color_of_icc
from gainmap_codec.pixels.color.light import SDR_WHITE_NITS, pq_psnr
from gainmap_codec.pixels.formats.images import encode_jpeg
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.maps.neural_map import base_bt2020
from gainmap_codec.pixels.scene import render_scene


def pair_of(hdr: np.ndarray) -> Pair:
    """A pair whose base is grey; linear BT.2020."""
    codes = np.full(hdr.shape, 128, np.uint8)
    file = parse_jpeg(encode_jpeg(codes, quality=90), Limits())
    return Pair(file, codes, base_color_of_icc(None), hdr.astype(np.float32), 1.0)


def test_draw_agrees_with_the_whole_picture() -> None:
    hdr = render_scene(width=1536, height=1024)
    evaluation = Evaluation(pair_of(hdr), samples=1 << 20)
    assert len(evaluation.rows) == 1 << 20 < hdr.shape[0] * hdr.shape[1]
    for rendition in (hdr * np.float32(1.1), np.minimum(hdr, 1), np.roll(hdr, 3, axis=1)):
        assert evaluation.score_picture(rendition).psnr == pytest.approx(pq_psnr(rendition, hdr), abs=0.02)


def test_small_pictures_are_measured_whole() -> None:
    hdr = render_scene(width=60, height=40)
    evaluation = Evaluation(pair_of(hdr))
    assert np.array_equal(evaluation.rows * 60 + evaluation.columns, np.arange(2400))
    assert evaluation.score_picture(hdr * np.float32(2)).psnr == pytest.approx(
        pq_psnr(hdr * np.float32(2), hdr), abs=1e-4
    )
    assert tuple(evaluation.score_picture(hdr)) == pytest.approx((float("inf"), 0), abs=1e-9)


def test_draw_has_a_pixel_in_each_equal_part() -> None:
    evaluation = Evaluation(pair_of(render_scene(width=60, height=40)), samples=240)
    assert np.array_equal((evaluation.rows * 60 + evaluation.columns) // 10, np.arange(240))


def de_itp(nits: list[float], other: list[float]) -> float:
    hdr = np.tile(np.array(nits, np.float32) / np.float32(SDR_WHITE_NITS), (8, 8, 1))
    rendition = np.tile(np.array(other, np.float32) / np.float32(SDR_WHITE_NITS), (8, 8, 1))
    return Evaluation(pair_of(hdr)).score_picture(rendition).de_itp


def test_de_itp_of_greys() -> None:
    """720 times the difference of PQ codes, which for 100 and 1000 cd/m² are known to ten digits."""
    assert de_itp([100] * 3, [1000] * 3) == pytest.approx(720 * (0.7518270962 - 0.5080784215), rel=1e-4)


def test_de_itp_of_colours() -> None:
    """By the integer matrices of ITU-R BT.2100 table 7; ITU-R BT.2124 halves the tritan axis."""

    def itp(rgb: list[float]) -> np.ndarray:
        lms = np.array([[1688, 2146, 262], [683, 2951, 462], [99, 309, 3688]]) @ rgb / 4096
        y = (lms / 10000) ** (2610 / 16384)
        pq = ((3424 / 4096 + 2413 / 128 * y) / (1 + 2392 / 128 * y)) ** (2523 / 32)
        i, ct, cp = np.array([[2048, 2048, 0], [6610, -13613, 7003], [17933, -17390, -543]]) @ pq / 4096
        return np.array([i, ct / 2, cp])

    first, second = [200.0, 20.0, 5.0], [150.0, 60.0, 90.0]
    assert de_itp(first, second) == pytest.approx(720 * np.linalg.norm(itp(first) - itp(second)), rel=1e-4)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pairs") / "scene.exr"
    HdrImage(render_scene(width=96, height=64)).save(path)
    return path


def test_photo_brings_its_own_map(scene: Path) -> None:
    photo = scene.with_name("photo.jpg")
    photo.write_bytes(gm.encode(scene, carry="standard", map_scale=2))
    pair = load_pair(photo, None)
    assert pair.own_map is not None
    assert (pair.kind, pair.own_map.gains.shape, pair.own_map.base_offset) == ("photo", (32, 48, 1), 1 / 512)
    assert pair.digest == load_pair(photo, None).digest != load_pair(scene, None).digest


def test_small_photos_are_made_by_their_own_map_too(scene: Path) -> None:
    photo = scene.with_name("photo.jpg")
    photo.write_bytes(gm.encode(scene, carry="standard", map_scale=2, map_channels=1))
    pair = load_pair(photo, None, longest_side=48)
    assert pair.pair.gain is not None and pair.pair.gain.values.shape == (16, 24, 1)
    base, everything = base_bt2020(pair.pair.codes, pair.pair.color), (slice(None), slice(None))
    assert pq_psnr(pair.pair.gain.hdr_of(base, pair.pair.gain.at(*everything, 32, 48)), pair.pair.hdr) > 70
    photo.write_bytes(gm.encode(scene, carry="standard", map_scale=2, map_channels=3))
    small = load_pair(photo, None, longest_side=48).pair
    assert small.gain is None and small.offsets == load_pair(photo, None).pair.offsets


def test_graded_pairs_have_none(scene: Path) -> None:
    pair = load_pair(scene, None)
    assert (pair.kind, pair.own_map, pair.name) == ("graded", None, "scene")
    assert pair.pair.codes.shape == (64, 96, 3)


def test_quick_looks_are_small(scene: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pair = load_pair(scene, None, longest_side=48)
    assert pair.pair.codes.shape == pair.pair.hdr.shape == (32, 48, 3)
