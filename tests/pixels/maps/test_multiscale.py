"""The family "multiscale": against docs/format.md written out in float64, and under crops, flips, turns and sizes."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from gainmap_codec.files.payload.records import Domain, LatentGrid, NeuralGainMap
from gainmap_codec.pixels.color.base_color import BaseColor, base_color_of_icc
from gainmap_codec.pixels.color.light import AnyCodes, Array, convert
from gainmap_codec.pixels.maps.coded_picture import code_residual
from gainmap_codec.pixels.maps.multiscale import BaseFeatures, GridInputs, GridNetwork, has_latents_at
from gainmap_codec.pixels.maps.neural_map import render_neural_map, residuals
from gainmap_codec.pixels.maps.working_grid import WorkingGrid
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene
from support.gains import at_pixels
from support.networks import random_network, round_to_wire
from support.slow_multiscale import slow_residual

SRGB = base_color_of_icc(None)
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
PICTURE = code_residual(np.random.default_rng(0).normal(0, 0.2, (16, 24, 3)).astype(np.float32), 1, quality=50, speed=8)
NETWORKS = {
    "three outputs": random_network(seed=1, grid=(32, 48)),
    "one output": random_network("tiny", seed=2, outputs=1, color_octaves=0, grid=(32, 48)),
    "large grid": random_network("best", seed=3, grid=(150, 230), latents=3, details=2),
    "no latents": random_network(seed=4, grid=(32, 48), latents=0, details=0),
    "a picture": replace(random_network(seed=5, grid=(32, 48)), picture=PICTURE),
}


def picture(width: int = 96, height: int = 64) -> NDArray[np.uint8]:
    return encode_base(tone_map(convert(render_scene(width, height), "bt2020", "srgb"), headroom=3.2))


def residual_of(network: NeuralGainMap, codes: AnyCodes, color: BaseColor = SRGB) -> Array:
    """The residual of each pixel in the file's raster."""
    ready = residuals(network, codes, color)
    turned = ready.turned(codes)
    found = at_pixels(ready.at(slice(0, len(turned)), slice(None)))
    out = np.empty((*codes.shape[:2], found.shape[2]), np.float32)
    ready.turned(out)[...] = found
    return out


def residual_on_grid(network: NeuralGainMap, codes: AnyCodes) -> Array:
    inputs = GridInputs(network, codes, 255)
    return GridNetwork(network, inputs).residual(0, inputs.shape[0])


def with_coordinates(network: NeuralGainMap, *coordinates: float) -> NeuralGainMap:
    return round_to_wire(replace(network, coordinates=coordinates))


def crop_of(
    network: NeuralGainMap, shape: tuple[int, ...], top: int, left: int, rows: int, columns: int
) -> NeuralGainMap:
    height, width = shape[:2]
    x, y = (columns + 2 * left) / width - 1, (rows + 2 * top) / height - 1
    return with_coordinates(network, columns / width, 0, x, 0, rows / height, y)


# The definition


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("shape", [(20, 30), (64, 96), (1, 1), (1, 40), (40, 1), (7, 100)])
def test_definition(name: str, shape: tuple[int, int]) -> None:
    network = NETWORKS[name]
    codes = (
        picture(*shape[::-1]) if min(shape) > 10 else np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    )
    expected = slow_residual(network, codes, 255)
    if shape[0] > 10 and shape[1] > 10:
        assert expected.std() > 0.05, "a lively residual"
    np.testing.assert_allclose(residual_of(network, codes), expected, atol=2e-4)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    "coordinates",
    [
        (0.5, 0, -0.25, 0, 0.75, 0.125),
        (-0.5, 0, 0.3, 0, 0.6, 0.2),
        (0, -0.75, 0.125, 0.4, 0, -0.5),
        (1.5, 0, 0.1, 0, 2, 0),
        (1, 0, 5, 0, 1, -7),
        (1024, 0, -1024, 0, 2.0**-24, 3),
        (0, 2.0**-24, 0.5, -1024, 0, 1000),
    ],
)
def test_definition_of_coordinates(name: str, coordinates: tuple[float, ...]) -> None:
    """Crops, flips, turns; also those that no editor makes, which end in the nearest cells."""
    network = with_coordinates(NETWORKS[name], *coordinates)
    codes = picture(30, 20)
    found = residual_of(network, codes)
    assert np.isfinite(found).all()
    if max(map(abs, coordinates)) < 10:
        np.testing.assert_allclose(found, slow_residual(network, codes, 255), atol=2e-4)


def test_features_come_in_order() -> None:
    codes = np.array([[[0, 51, 102], [153, 204, 255]]], np.uint8)
    rows = np.empty((1, 20, 2), np.float32)
    BaseFeatures(WorkingGrid.over((1, 2), 1, 2, IDENTITY), codes, 255, 1).fill(rows, slice(0, 1))
    found = rows[0].T
    colors = np.array([[-1, -0.6, -0.2], [0.2, 0.6, 1]])
    wave = np.pi / 2 * colors
    np.testing.assert_allclose(found[:, :2], [[-1, 0], [1, 0]])
    np.testing.assert_allclose(found[:, 2:5], 2 * colors, atol=1e-6)
    np.testing.assert_allclose(found[:, 5:11], np.tile(2 * colors, 2), atol=1e-6)
    np.testing.assert_allclose(found[:, 11:14], np.tile(colors.sum(0), (2, 1)), atol=1e-6)
    np.testing.assert_allclose(found[:, 14:], np.stack([np.sin(wave), np.cos(wave)], 2).reshape(2, 6), atol=1e-6)


def test_outputs_are_clipped_before_scale_and_shift() -> None:
    details = (LatentGrid(32, 48, (127, -127) * 768, 16),)
    network = replace(NETWORKS["one output"], details=details)
    found = residual_on_grid(network, picture(48, 32))
    assert found.shape == (32, 1, 48)
    np.testing.assert_array_equal(np.unique(found), [1.125 - 1.5, 1.125 + 1.5])


@pytest.mark.parametrize(
    ("size", "counts"),
    [
        ((1, 1), (0, 0)),
        ((1, 2), (1, 0)),
        ((64, 64), (4, 0)),
        ((65, 1), (4, 1)),
        ((128, 200), (4, 2)),
        ((999, 5), (4, 3)),
    ],
)
def test_levels_of_use(size: tuple[int, int], counts: tuple[int, int]) -> None:
    assert has_latents_at(*size) == counts


# The network follows its base


@pytest.mark.parametrize("name", NETWORKS)
def test_flips_change_nothing(name: str) -> None:
    network, codes = NETWORKS[name], picture()
    whole = residual_of(network, codes)
    for x, y in ((-1, 1), (1, -1), (-1, -1)):
        found = residual_of(with_coordinates(network, x, 0, 0, 0, y, 0), codes[::y, ::x])
        np.testing.assert_array_equal(found, whole[::y, ::x])


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("turns", "coordinates"), [(1, (0, -1, 0, 1, 0, 0)), (3, (0, 1, 0, -1, 0, 0))])
def test_quarter_turns_change_nothing(name: str, turns: int, coordinates: tuple[float, ...]) -> None:
    network, codes = NETWORKS[name], picture()
    expected = np.rot90(residual_of(network, codes), turns)
    found = residual_of(with_coordinates(network, *coordinates), np.rot90(codes, turns))
    np.testing.assert_array_equal(found, expected)
    upright = residual_of(network, np.rot90(codes, turns))
    assert np.abs(upright - expected).mean() > 0.01, "without its coordinates the network would be wrong"


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("window", [(16, 24, 32, 48), (11, 21, 39, 53), (0, 0, 63, 95)])
def test_crops_change_little(name: str, window: tuple[int, int, int, int]) -> None:
    """What lies outside is gone from the averages around the crop's border; inside, little changes."""
    network, codes = NETWORKS[name], picture()
    top, left, rows, columns = window
    kept = slice(top, top + rows), slice(left, left + columns)
    expected = residual_of(network, codes)[kept]
    found = residual_of(crop_of(network, codes.shape, *window), codes[kept])
    error, spread = np.abs(found - expected), expected.std()
    assert np.median(error) < 0.1 * spread
    unmoved = np.abs(residual_of(network, codes[kept]) - expected)
    assert error.mean() < 0.5 * unmoved.mean(), "without its coordinates the network would be wrong"


def test_a_crop_without_averages_changes_nothing_inside() -> None:
    """Where the network looks at its cell alone, a crop along edges of cells is exact but for its outermost cells."""
    network = NETWORKS["one output"]
    first = network.layers[0]
    weights = [0 if 5 <= n // first.outputs < 14 else weight for n, weight in enumerate(first.weights)]
    network = replace(network, layers=(replace(first, weights=tuple(weights)), *network.layers[1:]))
    codes = picture()
    found = residual_of(crop_of(network, codes.shape, 16, 24, 32, 48), codes[16:48, 24:72])
    expected = residual_of(network, codes)[16:48, 24:72]
    np.testing.assert_allclose(found[1:-1, 1:-1], expected[1:-1, 1:-1], atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_base_of_half_the_size_gives_nearly_the_same(name: str) -> None:
    network, codes = NETWORKS[name], picture(192, 128)
    small = np.rint(codes.reshape(64, 2, 96, 2, 3).mean(axis=(1, 3))).astype(np.uint8)
    expected = residual_of(network, codes).reshape(64, 2, 96, 2, -1).mean(axis=(1, 3))
    error = np.abs(residual_of(network, small) - expected)
    assert np.median(error) < 0.05 * expected.std()
    assert error.mean() < 0.2 * expected.std()


def test_a_base_of_double_size_gives_the_same_on_the_grid() -> None:
    network, codes = NETWORKS["three outputs"], picture(48, 32)
    large = codes.repeat(2, axis=0).repeat(2, axis=1)
    found, expected = (residual_on_grid(network, each) for each in (large, codes))
    np.testing.assert_array_equal(found, expected)


def test_code_values_of_10_bits() -> None:
    """Black, white and the two between them that both depths have."""
    small = np.random.default_rng(5).integers(0, 4, (12, 18, 3))
    codes, deep = (small * 85).astype(np.uint8), (small * 341).astype(np.uint16)
    color = replace(SRGB, curves=np.repeat(np.linspace(0, 1, 1024, dtype=np.float32)[None], 3, axis=0))
    for network in NETWORKS.values():
        np.testing.assert_allclose(residual_of(network, deep, color), residual_of(network, codes), atol=1e-5)


# Hostile


@pytest.mark.parametrize("offset", [1 / 64, 0.0, 65504.0])
@pytest.mark.parametrize("domain", ["pq_gain", "pq_gamma", "pq_difference", "log2_gain"])
def test_wild_numbers_stay_finite(domain: Domain, offset: float) -> None:
    """The largest weights, latents, range and headroom that the format holds."""
    network = NETWORKS["three outputs"]
    layers = tuple(replace(layer, step_exponent=16) for layer in network.layers)
    latents, details = (
        tuple(replace(grid, values=(127,) * len(grid.values), step_exponent=16) for grid in grids)
        for grids in (network.latents, network.details)
    )
    network = replace(
        network,
        domain=domain,
        layers=layers,
        latents=latents,
        details=details,
        residual_shift=975360.0,
        residual_scale=61440.0,
        base_offset=offset,
        alternate_offset=offset,
        alternate_hdr_headroom=31.5,
    )
    codes = picture(48, 32)
    codes[:8] = 0
    for changed in (network, replace(network, residual_shift=-975360.0)):
        for headroom in (1.0, 31.0, float("inf")):
            rendition = render_neural_map(round_to_wire(changed), codes, SRGB, headroom=headroom)
            assert np.isfinite(rendition).all() and rendition.min() >= 0


def test_a_huge_grid_costs_no_more_than_the_raster() -> None:
    network = random_network(seed=9, grid=(1, 1), latents=7, details=0)
    network = replace(network, grid=(65535, 65535), latents=tuple(huge_latents()))
    codes = picture(300, 200)
    tracemalloc.start()
    rendition = render_neural_map(round_to_wire(network), codes, SRGB, headroom=9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.isfinite(rendition).all()
    assert peak < 100 << 20


def huge_latents() -> list[LatentGrid]:
    sizes = (64, 32, 16, 8, 4, 2, 1)
    return [LatentGrid(size, size, (1,) * size**2, 0) for size in sizes]
