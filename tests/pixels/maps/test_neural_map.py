"""The forward pass: against docs/format.md written out pixel by pixel, torch against NumPy, and geometry."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gainmap_codec.files.payload.records import Domain, NeuralGainMap, Preset
from gainmap_codec.neural.published.network import FeatureTables, forward, hdr_pq
from gainmap_codec.pixels.color.base_color import base_color_of_icc
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import Array, convert, pq_decode, pq_encode
from gainmap_codec.pixels.maps.multiscale import dequantize
from gainmap_codec.pixels.maps.neural_map import Codes, base_bt2020, own_gain, render_neural_map
from gainmap_codec.pixels.raster.geometry import Box, cropped_coordinates, turned, turned_coordinates
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene
from support.networks import random_network, round_to_wire
from support.pipeline_files import pictures
from support.slow_multiscale import slow_residual

SRGB = base_color_of_icc(None)
PRESETS: tuple[Preset, ...] = ("balanced", "paper-gain", "paper-gamma")
CODE = 1 / 1023  # one code of 10-bit PQ
# Against float64: the published network has twelve octaves of float32 PQ codes, whose rounding errors grow 2^11·π-fold.
TOLERANCE = {"balanced": 0.2 * CODE, "paper-gain": CODE, "paper-gamma": CODE}
WHOLE = math.inf


def picture(width: int = 96, height: int = 64) -> Codes:
    hdr = convert(render_scene(width, height), "bt2020", "srgb")
    return encode_base(tone_map(hdr, headroom=3.2))


def random_codes(height: int, width: int, seed: int = 0) -> Codes:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


# docs/format.md, "Decoding", one pixel at a time, in float64 and without a table


SRGB_TO_BT2020 = (
    (0.6274039, 0.3292830, 0.0433131),
    (0.0690973, 0.9195404, 0.0113623),
    (0.0163914, 0.0880133, 0.8955953),
)
M1, M2 = 2610 / 16384, 2523 / 4096 * 128
C1, C2, C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def light_of(code: int) -> float:
    value = code / 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def pq_of(linear: float) -> float:
    y = min(max(linear * 203 / 10000, 0), 1) ** M1
    return float(((C1 + C2 * y) / (1 + C3 * y)) ** M2)


def light_of_pq(code: float) -> float:
    q = code ** (1 / M2)
    return float((max(q - C1, 0) / (C2 - C3 * q)) ** (1 / M1) * 10000 / 203)


def place(index: int, count: int) -> float:
    return -1 + 2 * index / (count - 1) if count > 1 else 0.0


def octaves_of(value: float, octaves: int) -> list[float]:
    angles = (2.0**k * math.pi * value for k in range(octaves))
    return [f(angle) for angle in angles for f in (math.sin, math.cos)]


def times(inputs: list[float], layer: list[list[float]]) -> list[float]:
    return [sum(x * w for x, w in zip(inputs, column, strict=True)) for column in zip(*layer, strict=True)]


def weights_of(network: NeuralGainMap) -> list[list[list[float]]]:
    return [
        [
            [w * 2 ** (layer.step_exponent / 4) for w in layer.weights[i * layer.outputs : (i + 1) * layer.outputs]]
            for i in range(layer.inputs)
        ]
        for layer in network.layers
    ]


def published_residual(network: NeuralGainMap, codes: Codes, row: int, column: int) -> list[float]:
    """The residual of one pixel by a published network."""
    height, width = codes.shape[:2]
    xx, xy, x0, yx, yy, y0 = network.coordinates
    i, j = place(column, width), place(row, height)
    values = octaves_of(xx * i + xy * j + x0, network.position_octaves)
    values += octaves_of(yx * i + yy * j + y0, network.position_octaves)
    for s in pq_of_base(codes[row, column]):
        values += octaves_of((s - network.color_shift) * network.color_scale, network.color_octaves)
    *hidden, last = weights_of(network)
    for layer in hidden:
        values = [math.sin(v) for v in times(values, layer)]
    return [network.residual_shift + network.residual_scale * output for output in times(values, last)]


def slow_residuals(network: NeuralGainMap, codes: Codes) -> NDArray[np.float64]:
    if network.family == "multiscale":
        return slow_residual(network, codes, 255)
    height, width = codes.shape[:2]
    return np.array([[published_residual(network, codes, y, x) for x in range(width)] for y in range(height)])


def light_of_base(codes: NDArray[np.uint8]) -> list[float]:
    """Linear BT.2020 of a pixel of an sRGB base."""
    return times([light_of(int(code)) for code in codes], [list(row) for row in zip(*SRGB_TO_BT2020, strict=True)])


def pq_of_base(codes: NDArray[np.uint8]) -> list[float]:
    return [pq_of(light) for light in light_of_base(codes)]


def slow_hdr(network: NeuralGainMap, codes: NDArray[np.uint8], residual: list[float]) -> list[float]:
    """Linear HDR of one pixel of an sRGB base."""
    f, e = (residual * 3)[:3], 1 / 64
    if network.domain == "log2_gain":
        kb, ka = network.base_offset, network.alternate_offset
        hdr = ((b + kb) * 2 ** min(g, 64) - ka for b, g in zip(light_of_base(codes), f, strict=True))
        return [min(max(h, 0.0), 2.0**15) for h in hdr]
    inverse: Callable[[float, float], float] = {
        "pq_gain": lambda s, f: (s + e) * f - e,
        "pq_gamma": lambda s, f: (s + e) ** f - e,
        "pq_difference": lambda s, f: s + f,
    }[network.domain]
    pq = (min(max(inverse(*pair), 0.0), 1.0) for pair in zip(pq_of_base(codes), f, strict=True))
    return [light_of_pq(code) for code in pq]


def slow_pq(network: NeuralGainMap, codes: Codes) -> NDArray[np.float64]:
    residuals = slow_residuals(network, codes)
    return np.array(
        [
            [[pq_of(h) for h in slow_hdr(network, *pixel)] for pixel in zip(row, found.tolist(), strict=True)]
            for row, found in zip(codes, residuals, strict=True)
        ]
    )


def fast_pq(network: NeuralGainMap, codes: Codes) -> Array:
    return pq_encode(render_neural_map(network, codes, SRGB, headroom=WHOLE))


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("domain", ["pq_gain", "pq_gamma", "pq_difference", "log2_gain"])
def test_definition(preset: Preset, domain: Domain) -> None:
    shift = 0.0 if domain == "pq_difference" else 1.0
    network = random_network(preset, seed=3, domain=domain, residual_shift=shift, residual_scale=0.125)
    codes = random_codes(7, 9)
    expected = slow_pq(network, codes)
    assert expected.std() > 0.05, "a lively picture"
    assert np.abs(expected - [[pq_of_base(pixel) for pixel in row] for row in codes]).mean() > CODE
    np.testing.assert_allclose(fast_pq(network, codes), expected, rtol=0, atol=TOLERANCE[preset])


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (5, 1)])
@pytest.mark.parametrize("preset", PRESETS)
def test_definition_of_narrow_pictures(preset: Preset, shape: tuple[int, int], outputs: int) -> None:
    network = random_network(preset, seed=4, outputs=outputs, neurons=5)
    codes = random_codes(*shape)
    np.testing.assert_allclose(fast_pq(network, codes), slow_pq(network, codes), rtol=0, atol=TOLERANCE[preset])


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("coordinates", [(-1.0, 0.0, 0.0, 0.0, 0.5, -0.25), (0.0, 0.75, 0.125, -1.0, 0.0, 0.0)])
def test_definition_of_coordinates(preset: Preset, coordinates: tuple[float, ...]) -> None:
    network = random_network(preset, seed=5, coordinates=coordinates)
    codes = random_codes(6, 8)
    np.testing.assert_allclose(fast_pq(network, codes), slow_pq(network, codes), rtol=0, atol=TOLERANCE[preset])


@pytest.mark.parametrize("offsets", [(0, 0), (0, 1 / 64), (1e-5, 0), (1 / 32, 1e-6)])
def test_offsets_of_log2_gains(offsets: tuple[float, float]) -> None:
    """Black without one stays black."""
    base, alternate = offsets
    network = random_network("tiny", seed=12, outputs=1, base_offset=base, alternate_offset=alternate)
    codes = random_codes(6, 7)
    codes[:3, :3] = 0
    np.testing.assert_allclose(fast_pq(network, codes), slow_pq(network, codes), rtol=0, atol=TOLERANCE["balanced"])
    if base == 0:
        assert not render_neural_map(network, codes, SRGB, headroom=WHOLE)[:3, :3].any()


def test_base_light_of_a_display_p3_base() -> None:
    codes = random_codes(3, 4)
    p3 = base_color_of_icc(icc_profile_for("display-p3"))
    linear = np.vectorize(light_of)(codes).astype(np.float32)
    np.testing.assert_allclose(base_bt2020(codes, p3), convert(linear, "display-p3", "bt2020"), atol=1e-5)


# Display headroom


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("preset", PRESETS)
def test_headroom(preset: Preset, weight: float) -> None:
    network = random_network(
        preset,
        seed=7,
        base_hdr_headroom=1.0,
        alternate_hdr_headroom=3.0,
        base_offset=2**-5,
        alternate_offset=2**-7,
    )
    codes = random_codes(5, 6)
    rendition = render_neural_map(network, codes, SRGB, headroom=1 + 2 * weight)
    residuals = slow_residuals(network, codes)
    for y, x in np.ndindex(5, 6):
        base, hdr = light_of_base(codes[y, x]), slow_hdr(network, codes[y, x], residuals[y, x].tolist())
        kb, ka = 2**-5, 2**-7
        expected = [
            max(0.0, (b + kb) * ((h + ka) / (b + kb)) ** weight - ka) if weight < 1 else h
            for b, h in zip(base, hdr, strict=True)
        ]
        np.testing.assert_allclose(
            pq_encode(rendition[y, x]), [pq_of(v) for v in expected], rtol=0, atol=TOLERANCE[preset]
        )


def test_headroom_beyond_either_end_changes_nothing() -> None:
    network = random_network(base_hdr_headroom=1.0, alternate_hdr_headroom=3.0)
    codes = random_codes(5, 6)

    def at(headroom: float) -> Array:
        return render_neural_map(network, codes, SRGB, headroom=headroom)

    np.testing.assert_array_equal(at(0), at(1))
    np.testing.assert_array_equal(at(3), at(WHOLE))
    np.testing.assert_allclose(at(0), base_bt2020(codes, SRGB), atol=1e-5)


# Geometry: a published network follows its base; test_multiscale.py has the other family


def with_coordinates(network: NeuralGainMap, *coordinates: float) -> NeuralGainMap:
    return round_to_wire(replace(network, coordinates=coordinates))


def test_crop() -> None:
    """Of places that −1…1 reaches from end to end."""
    network, codes = random_network("paper-gamma", seed=8), picture()
    height, width = codes.shape[:2]
    top, left, rows, columns = 10, 21, 40, 53
    kept = slice(top, top + rows), slice(left, left + columns)
    across, down = (columns - 1) / (width - 1), (rows - 1) / (height - 1)
    moved = with_coordinates(
        network, across, 0, across + 2 * left / (width - 1) - 1, 0, down, down + 2 * top / (height - 1) - 1
    )
    np.testing.assert_allclose(fast_pq(moved, codes[kept]), fast_pq(network, codes)[kept], atol=CODE)


def test_flips() -> None:
    network, codes = random_network("paper-gain", seed=9), picture()
    whole = fast_pq(network, codes)
    for x, y in ((-1, 1), (1, -1), (-1, -1)):
        moved = with_coordinates(network, x, 0, 0, 0, y, 0)
        np.testing.assert_allclose(fast_pq(moved, codes[::y, ::x]), whole[::y, ::x], atol=0.1 * CODE)


@pytest.mark.parametrize(("turns", "coordinates"), [(1, (0, -1, 0, 1, 0, 0)), (3, (0, 1, 0, -1, 0, 0))])
def test_quarter_turns(turns: int, coordinates: tuple[float, ...]) -> None:
    network, codes = random_network("paper-gamma", seed=10), picture()
    turned = with_coordinates(network, *coordinates)
    expected = np.rot90(fast_pq(network, codes), turns)
    np.testing.assert_allclose(fast_pq(turned, np.rot90(codes, turns)), expected, atol=0.1 * CODE)
    upright = np.abs(fast_pq(network, np.rot90(codes, turns)) - expected)
    assert upright.mean() > CODE, "without its coordinates the network would be wrong"


# torch


def assert_agree(found: Array, expected: Array) -> None:
    """Within one 10-bit PQ code on 99.9 % of pixels, and four everywhere."""
    worst = np.abs(found - expected).max(axis=-1)
    assert np.mean(worst <= CODE) >= 0.999
    assert worst.max() <= 4 * CODE


@pytest.mark.parametrize("preset", ["paper-gain", "paper-gamma"])
@pytest.mark.parametrize("coordinates", [(1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (0.0, -1.0, 0.0, 1.0, 0.0, 0.0)])
def test_the_pass_that_fits_agrees(preset: Preset, coordinates: tuple[float, ...]) -> None:
    network, codes = random_network(preset, seed=20, coordinates=coordinates), picture(40, 56)
    height, width = codes.shape[:2]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    pq = torch.from_numpy(pq_encode(base_bt2020(codes, SRGB)).reshape(-1, 3))
    features = FeatureTables(network, height, width, torch.device("cpu")).at(y.flatten(), x.flatten(), pq)
    weights = [torch.from_numpy(dequantize(layer)) for layer in network.layers]
    assert forward(weights, features).shape == (height * width, 3)
    found = hdr_pq(network, weights, features, pq).numpy().reshape(height, width, 3)
    assert_agree(found, fast_pq(network, codes))


def test_pq_here_is_pq_there() -> None:
    codes = np.linspace(0, 1, 50)
    np.testing.assert_allclose(
        pq_decode(codes.astype(np.float32)), [light_of_pq(c) for c in codes], rtol=2e-4, atol=1e-6
    )


@pytest.mark.parametrize(("preset", "turn"), list(product(["balanced", "paper-gain"], range(1, 9))))
def test_a_network_turns_with_its_base(preset: Preset, turn: int) -> None:
    network = random_network(preset, seed=7, grid=(32, 48) if preset == "balanced" else (0, 0))
    codes, _ = pictures()
    color = base_color_of_icc(None)
    wanted = turned(render_neural_map(network, codes, color, headroom=9), turn)
    moved = replace(network, coordinates=turned_coordinates(network.coordinates, turn))
    found = render_neural_map(moved, np.ascontiguousarray(turned(codes, turn)), color, headroom=9)
    assert np.allclose(found, wanted, rtol=2e-3, atol=1e-3)


def by_own_gain(network: NeuralGainMap, codes: Codes) -> tuple[Array, tuple[int, ...]]:
    """What a network's own gain makes of a base, interpolated like a standard gain map, and its size."""
    gain = own_gain(network, codes, SRGB)
    assert gain is not None
    height, width = codes.shape[:2]
    at = gain.at(slice(None), slice(None), height, width)
    return gain.hdr_of(base_bt2020(codes, SRGB), at), gain.values.shape


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_own_gain_shows_what_the_network_shows(orientation: int) -> None:
    """On the cells of its grid, whichever way the raster is turned over them."""
    network = random_network(seed=2, outputs=1, grid=(16, 24))
    codes = np.ascontiguousarray(turned(picture(), orientation))
    network = replace(network, coordinates=turned_coordinates(network.coordinates, orientation))
    shown, size = by_own_gain(network, codes)
    assert size == ((16, 24, 1) if orientation < 5 else (24, 16, 1))
    np.testing.assert_allclose(shown, render_neural_map(network, codes, SRGB, headroom=WHOLE), rtol=1e-4, atol=1e-5)


def test_the_own_gain_of_a_part_has_twice_the_density() -> None:
    """The part begins and ends between cells, along one side alone; the map keeps the proportions of its base."""
    network = random_network(seed=2, outputs=1, grid=(16, 24), residual_scale=0.25)
    coordinates = cropped_coordinates(network.coordinates, Box(6, 0, 70, 64), 96, 64, end_to_end=False)
    part = replace(network, coordinates=coordinates)
    codes = np.ascontiguousarray(picture()[:, 6:70])
    shown, size = by_own_gain(part, codes)
    wanted = render_neural_map(part, codes, SRGB, headroom=WHOLE)
    off = np.abs(pq_encode(shown) - pq_encode(wanted)) / CODE
    assert size == (32, 32, 1) and np.mean(off <= 2) > 0.9, "of gains that swing from cell to cell"


def test_a_part_of_one_cell_has_a_map_of_a_pixel() -> None:
    network = random_network(outputs=1, grid=(2, 3), coordinates=(0.01, 0.0, 0.02, 0.0, 0.01, 0.3))
    assert by_own_gain(network, picture(16, 16))[1] == (1, 1, 1)


def test_only_one_gain_for_all_channels_is_a_standard_map() -> None:
    for network in (random_network(), random_network("paper-gain"), random_network(outputs=1, domain="pq_difference")):
        assert own_gain(network, picture(), SRGB) is None
