"""Ordinary maps before coding: the best small map, and what it can reach."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_bench.inputs.evaluation import BenchPair, Evaluation, load_pair
from gainmap_bench.methods.residual_maps import ResidualMaps, kinds_of, reduce
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.raster.resampling import bilinear_taps, box_average
from gainmap_codec.pixels.scene import render_scene


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> BenchPair:
    path = tmp_path_factory.mktemp("maps") / "scene.exr"
    HdrImage(render_scene(width=96, height=64)).save(path)
    return load_pair(path, None)


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> BenchPair:
    path: Path = tmp_path_factory.mktemp("maps") / "photo.jpg"
    path.write_bytes(gm.encode(HdrImage(render_scene(width=96, height=64)), carry="standard", map_scale=2))
    return load_pair(path, None)


def enlarging(size: int, cells: int) -> np.ndarray:
    matrix = np.zeros((size, cells))
    taps = bilinear_taps(size, cells)
    np.add.at(matrix, (np.arange(size), taps.first), 1 - taps.fraction)
    np.add.at(matrix, (np.arange(size), taps.second), taps.fraction)
    return matrix


@pytest.mark.parametrize(("height", "width"), [(5, 6), (4, 12), (9, 3), (9, 12)])
def test_reduced_map_is_the_least_squares_solution(height: int, width: int) -> None:
    values = np.random.default_rng(0).random((9, 12, 2)).astype(np.float32)
    both = np.kron(enlarging(9, height), enlarging(12, width))
    wanted = np.linalg.lstsq(both, values.reshape(108, 2).astype(np.float64))[0]
    assert reduce(values, height, width).reshape(-1, 2) == pytest.approx(wanted, abs=1e-5)


def test_no_map_is_nearer_than_the_reduced_one(graded: BenchPair) -> None:
    values = np.log2(graded.pair.hdr.max(axis=2, keepdims=True) + np.float32(1 / 64))
    rows, columns = enlarging(64, 16), enlarging(96, 24)
    box = box_average(box_average(values[..., 0], 24).T.copy(), 16).T
    errors = [
        np.mean((rows @ each @ columns.T - values[..., 0]) ** 2) for each in (reduce(values, 16, 24)[..., 0], box)
    ]
    assert errors[0] < 0.9 * errors[1]


def test_own_map_explains_the_photo_at_its_own_size(photo: BenchPair) -> None:
    kind = kinds_of(photo)[0]
    maps = ResidualMaps(kind, photo, Evaluation(photo.pair))
    assert kind.name == "own"
    assert list(maps.scales) == ["1/8", "1/4", "1/2"]
    finest = maps.at("1/2")
    assert finest.ceiling > 90
    assert finest.score(finest.codes).psnr > 60
    assert maps.at("1/8").ceiling < maps.at("1/4").ceiling < finest.ceiling


def test_a_map_larger_than_its_base_is_not_reduced_to_more_than_the_base_can_tell(photo: BenchPair) -> None:
    assert photo.own_map is not None
    large = replace(photo.own_map, gains=np.repeat(np.repeat(photo.own_map.gains, 3, axis=0), 3, axis=1))
    pair = replace(photo, own_map=large, pair=photo.pair._replace(hdr=large.applied(photo.pair)))
    maps = ResidualMaps(kinds_of(pair)[0], pair, Evaluation(pair.pair))
    assert maps.scales["1/1"] == (64, 96) and maps.at("1/1").ceiling > 50


def test_every_kind_is_exact_at_full_size_up_to_rounding(graded: BenchPair) -> None:
    evaluation = Evaluation(graded.pair)
    for kind in kinds_of(graded):
        full = ResidualMaps(kind, graded, evaluation).at("1/1")
        assert full.codes.shape == (64, 96, 1 if "iso-1" in kind.name else 3)
        assert full.ceiling > (25 if "iso-1" in kind.name else 90)
        assert 25 < full.score(full.codes).psnr < full.ceiling


def test_flat_maps_have_a_range_to_divide_by(graded: BenchPair) -> None:
    kind = kinds_of(graded)[0]._replace(target=lambda pair: np.zeros((64, 96, 1), np.float32))
    flat = ResidualMaps(kind, graded, Evaluation(graded.pair)).at("1/4")
    assert flat.codes.max() == 0
    assert np.isfinite(flat.score(flat.codes).psnr)
