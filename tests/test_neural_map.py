"""The forward pass: against docs/format.md written out pixel by pixel, torch against NumPy, and geometry."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from networks import random_network, round_to_wire
from numpy.typing import NDArray

from gainmap_codec.files.records import Domain, NeuralGainMap, Preset
from gainmap_codec.neural.cuda import render_on_device
from gainmap_codec.neural.network import render_pq
from gainmap_codec.pixels.base_color import base_color_of_icc
from gainmap_codec.pixels.color import Array, convert, pq_decode, pq_encode
from gainmap_codec.pixels.icc_profile import icc_profile_for
from gainmap_codec.pixels.neural_map import Codes, NeuralMap, base_bt2020, octave_features, render_neural_map
from gainmap_codec.pixels.scene import render_scene
from gainmap_codec.pixels.tone_map import encode_base, tone_map

SRGB = base_color_of_icc(None)
PRESETS: tuple[Preset, ...] = ("balanced", "paper-gain", "paper-gamma")
CODE = 1 / 1023  # one code of 10-bit PQ
# Against float64: the published network has twelve octaves of float32 PQ codes, whose rounding errors grow 2^11·π-fold.
TOLERANCE = {"balanced": 0.1 * CODE, "paper-gain": CODE, "paper-gamma": CODE}
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
    return ((C1 + C2 * y) / (1 + C3 * y)) ** M2


def light_of_pq(code: float) -> float:
    q = code ** (1 / M2)
    return (max(q - C1, 0) / (C2 - C3 * q)) ** (1 / M1) * 10000 / 203


def place(index: int, count: int, published: bool) -> float:
    if published:
        return -1 + 2 * index / (count - 1) if count > 1 else 0.0
    return (index + 0.5) / count * 2 - 1


def octaves_of(value: float, octaves: int, first: int) -> list[float]:
    angles = (2.0**k * math.pi * value for k in range(first, first + octaves))
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


def slow_pixel(network: NeuralGainMap, codes: Codes, row: int, column: int) -> tuple[list[float], list[float]]:
    """PQ codes of base and HDR rendition of one pixel of an sRGB base."""
    published = network.family == "published"
    height, width = codes.shape[:2]
    linear = [light_of(int(code)) for code in codes[row, column]]
    s = [pq_of(light) for light in times(linear, [list(r) for r in zip(*SRGB_TO_BT2020, strict=True)])]
    xx, xy, x0, yx, yy, y0 = network.coordinates
    i, j = place(column, width, published), place(row, height, published)
    first = 0 if published else -1
    features = octaves_of(xx * i + xy * j + x0, network.position_octaves, first)
    features += octaves_of(yx * i + yy * j + y0, network.position_octaves, first)
    for channel in range(3):
        code = int(codes[row, column, channel]) / 255 * 2 - 1
        value = (s[channel] - network.color_shift) * network.color_scale if published else code
        features += octaves_of(value, network.color_octaves, first)
    values, bias = features, [] if published else [1.0]
    *hidden, last = weights_of(network)
    for layer in hidden:
        values = [math.sin(v) if published else max(0.0, v) for v in times(values + bias, layer)]
    output = times(values + bias, last)
    residual = [network.residual_shift + network.residual_scale * o for o in (output * 3)[:3]]
    e = 1 / 64
    inverse = {
        "pq_gain": lambda s, f: (s + e) * f - e,
        "pq_gamma": lambda s, f: (s + e) ** f - e,
        "pq_difference": lambda s, f: s + f,
    }[network.domain]
    return s, [min(max(inverse(*pair), 0.0), 1.0) for pair in zip(s, residual, strict=True)]


def slow_pq(network: NeuralGainMap, codes: Codes) -> NDArray[np.float64]:
    height, width = codes.shape[:2]
    return np.array([[slow_pixel(network, codes, y, x)[1] for x in range(width)] for y in range(height)])


def fast_pq(network: NeuralGainMap, codes: Codes) -> Array:
    return pq_encode(render_neural_map(network, codes, SRGB, headroom=WHOLE))


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("domain", ["pq_gain", "pq_gamma", "pq_difference"])
def test_definition(preset: Preset, domain: Domain) -> None:
    shift = 0.0 if domain == "pq_difference" else 1.0
    network = random_network(preset, seed=3, domain=domain, residual_shift=shift)
    codes = random_codes(7, 9)
    expected = slow_pq(network, codes)
    assert expected.std() > 0.05, "a lively picture"
    assert np.abs(expected - [[slow_pixel(network, codes, y, x)[0] for x in range(9)] for y in range(7)]).mean() > CODE
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


def test_residual_is_unclipped_and_shifted() -> None:
    network = random_network(seed=6)
    codes = random_codes(4, 5)
    ready = NeuralMap(network, 4, 5)
    pq = pq_encode(base_bt2020(codes, SRGB))
    moved = NeuralMap(replace(network, residual_shift=network.residual_shift + 1), 4, 5)
    rows = slice(1, 3)
    difference = moved.residual(rows, codes[rows], pq[rows]) - ready.residual(rows, codes[rows], pq[rows])
    np.testing.assert_allclose(difference, 1, atol=1e-5)


def test_octaves_are_sine_then_cosine_from_the_lowest() -> None:
    found = octave_features(np.array([0.25]), 2, -1)
    expected = [math.sin(math.pi / 8), math.cos(math.pi / 8), math.sin(math.pi / 4), math.cos(math.pi / 4)]
    np.testing.assert_allclose(found, [expected], atol=1e-7)
    assert found.dtype == np.float32


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
        base_offset_exponent=5,
        alternate_offset_exponent=7,
    )
    codes = random_codes(5, 6)
    rendition = render_neural_map(network, codes, SRGB, headroom=1 + 2 * weight)
    for y, x in np.ndindex(5, 6):
        s, h = slow_pixel(network, codes, y, x)
        base, hdr = ([light_of_pq(value) for value in pq] for pq in (s, h))
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


# Geometry: the network follows its base


def with_coordinates(network: NeuralGainMap, *coordinates: float) -> NeuralGainMap:
    return round_to_wire(replace(network, coordinates=coordinates))


def test_crop() -> None:
    network, codes = random_network(seed=8), picture()
    height, width = codes.shape[:2]
    top, left, rows, columns = 10, 21, 40, 53
    kept = slice(top, top + rows), slice(left, left + columns)
    moved = with_coordinates(
        network,
        columns / width,
        0,
        (columns + 2 * left) / width - 1,
        0,
        rows / height,
        (rows + 2 * top) / height - 1,
    )
    np.testing.assert_allclose(fast_pq(moved, codes[kept]), fast_pq(network, codes)[kept], atol=0.2 * CODE)


def test_flips() -> None:
    network, codes = random_network(seed=9), picture()
    whole = fast_pq(network, codes)
    for x, y in ((-1, 1), (1, -1), (-1, -1)):
        moved = with_coordinates(network, x, 0, 0, 0, y, 0)
        np.testing.assert_allclose(fast_pq(moved, codes[::y, ::x]), whole[::y, ::x], atol=0.1 * CODE)


@pytest.mark.parametrize(("turns", "coordinates"), [(1, (0, -1, 0, 1, 0, 0)), (3, (0, 1, 0, -1, 0, 0))])
def test_quarter_turns(turns: int, coordinates: tuple[float, ...]) -> None:
    network, codes = random_network(seed=10), picture()
    turned = with_coordinates(network, *coordinates)
    expected = np.rot90(fast_pq(network, codes), turns)
    np.testing.assert_allclose(fast_pq(turned, np.rot90(codes, turns)), expected, atol=0.1 * CODE)
    upright = np.abs(fast_pq(network, np.rot90(codes, turns)) - expected)
    assert upright.mean() > CODE, "without its coordinates the network would be wrong"


def test_other_sizes_show_the_same_picture() -> None:
    network = random_network(seed=11)
    codes = picture(48, 32)
    large = fast_pq(network, codes.repeat(3, axis=0).repeat(3, axis=1))
    np.testing.assert_allclose(large[1::3, 1::3], fast_pq(network, codes), atol=0.1 * CODE)


# torch


def assert_agree(found: Array, expected: Array) -> None:
    """Within one 10-bit PQ code on 99.9 % of pixels, and four everywhere."""
    worst = np.abs(found - expected).max(axis=-1)
    assert np.mean(worst <= CODE) >= 0.999
    assert worst.max() <= 4 * CODE


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("seed", [20, 21])
def test_torch_agrees(preset: Preset, seed: int) -> None:
    network, codes = random_network(preset, seed), picture()
    pq = torch.from_numpy(pq_encode(base_bt2020(codes, SRGB)))
    assert_agree(render_pq(network, codes, pq).numpy(), fast_pq(network, codes))
    assert_agree(render_pq(network, codes, pq, rows=7).numpy(), fast_pq(network, codes))


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("headroom", [1.5, WHOLE])
def test_rendering_on_a_torch_device_agrees(preset: Preset, headroom: float) -> None:
    network, codes = random_network(preset, seed=22), picture()
    expected = render_neural_map(network, codes, SRGB, headroom=headroom)
    found = render_on_device(network, codes, SRGB, headroom=headroom, device="cpu")
    assert_agree(pq_encode(found), pq_encode(expected))


def test_torch_follows_coordinates() -> None:
    network = random_network(seed=23, coordinates=(0.0, -1.0, 0.0, 1.0, 0.0, 0.0))
    codes = picture(40, 56)
    pq = torch.from_numpy(pq_encode(base_bt2020(codes, SRGB)))
    assert_agree(render_pq(network, codes, pq).numpy(), fast_pq(network, codes))


@pytest.mark.parametrize("preset", PRESETS)
def test_cuda_agrees(preset: Preset) -> None:
    if not torch.cuda.is_available():
        pytest.skip("torch finds no CUDA device")
    network, codes = random_network(preset, seed=24), picture(384, 256)
    for headroom in (1.5, WHOLE):
        expected = render_neural_map(network, codes, SRGB, headroom=headroom)
        found = render_on_device(network, codes, SRGB, headroom=headroom, device="cuda")
        assert_agree(pq_encode(found), pq_encode(expected))


def test_pq_here_is_pq_there() -> None:
    codes = np.linspace(0, 1, 50)
    np.testing.assert_allclose(pq_decode(codes), [light_of_pq(c) for c in codes], rtol=2e-4, atol=1e-6)
