"""A bundled HDR scene made by arithmetic: a harbour town at dusk, mirrored in the water.

The composition lives in coordinates of the picture's height, so that every resolution shows the same scene.
All colours are linear BT.2020 with 1.0 = SDR white.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels.color.light import Array, convert
from gainmap_codec.pixels.raster.tone_map import encode_base

SHORE = 0.60
"""Where the water begins, in picture heights from the top."""

QUAY = 0.885
"""Where the paved quay in front begins."""

SUN = (-0.47, 0.495)
LAMP = (0.56, 0.30)
HOUSES = 15
WALLS = np.array([[0.20, 0.10, 0.06], [0.16, 0.14, 0.11], [0.07, 0.09, 0.13], [0.18, 0.13, 0.05]])
LIGHTS = np.array(
    [[7, 0.05, 0.1], [0.1, 4, 5], [5, 0.1, 4.5], [7, 2.6, 0.1], [0.3, 0.25, 7.5], [0.1, 5.5, 0.3]],
    dtype=np.float32,
)
_HILLS = ((0.535, 0.09, 2.1, (0.13, 0.075, 0.10)), (0.575, 0.075, 3.4, (0.030, 0.026, 0.045)))
FLOOR = 0.028
"""Height of a storey, and of a gable."""


_EXPOSURE = np.float32(2.2)
_TEAL, _AMBER = (np.array(tint, np.float32) for tint in ([0.75, 1.0, 1.2], [1.0, 0.95, 0.8]))


@dataclass(frozen=True)
class _Town:
    """A closed row of houses, one entry per house."""

    edges: NDArray[np.float64]
    height: Array
    wall: Array
    panes: NDArray[np.intp]
    lit: Array


def render_scene(width: int = 1536, height: int = 1024, *, seed: int = 0) -> Array:
    """Dusk over a small harbour: low sun, hills, lit windows, coloured lights, ripples and a paved quay.

    Args:
        width: Columns, >= 16.
        height: Rows, >= 16.
        seed: Chooses clouds, houses, windows and texture.
    Returns:
        Linear BT.2020 RGB, float32 (H, W, 3); 1.0 = SDR white. Sun and lamps reach about 9 (1800 nits); the
        coloured lights lie outside sRGB. The same arguments give the same picture.
    """
    if width < 16 or height < 16:
        raise ValueError(f"scene: expected width and height of at least 16, got {width} x {height}")
    random = np.random.default_rng(seed)
    noise = random.random((128, 128), dtype=np.float32)
    rows = (np.arange(height, dtype=np.float32) + 0.5) / height
    columns = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / height
    x, y = (np.asarray(grid, dtype=np.float32) for grid in np.meshgrid(columns, rows))
    seen_x, seen_y, mirrored = _through_water(x, y, noise)
    light = _sky(seen_x, seen_y, noise)
    light = _with_hills(light, seen_x, seen_y, noise)
    light = _with_town(light, seen_x, seen_y, _town(random), noise)
    light += _coloured_lights(seen_x, seen_y)
    light *= mirrored[..., np.newaxis]
    light = _with_quay(light, x, y, noise)
    return _with_street_lamp(light, x, y)


def grade_scene(light: Array) -> NDArray[np.uint8]:
    """An SDR look for the scene, made by hand as editors make theirs: what leads from it to HDR has colours of its own.

    Film's curve in each channel, so that lights burn out to white; shadows towards teal, highlights towards amber.

    Args:
        light: What `render_scene` gives.
    Returns:
        sRGB code values, uint8 of the same shape.
    """
    linear = np.maximum(convert(light, "bt2020", "srgb"), 0)
    film = 1 - np.exp(-_EXPOSURE * linear)
    bright = _step(0, 0.8, film @ _rgb(0.2126, 0.7152, 0.0722))[..., np.newaxis]
    return encode_base(film * (_TEAL * (1 - bright) + _AMBER * bright))


def _fractal(noise: Array, x: Array, y: Array, octaves: int) -> Array:
    """Sum of `octaves` of smooth lattice noise, around 0.5; the lattice repeats after 128 cells."""
    total, amplitude = np.zeros_like(x), 0.5
    for octave in range(octaves):
        total += amplitude * _smooth(noise, x * 2**octave + 17 * octave, y * 2**octave + 31 * octave)
        amplitude /= 2
    return total / (1 - 2.0**-octaves)


def _smooth(noise: Array, x: Array, y: Array) -> Array:
    """Lattice noise between its points, with a cubic ease."""
    column, row = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    u, v = _ease(x - column), _ease(y - row)
    left, right, above, below = column & 127, column + 1 & 127, row & 127, row + 1 & 127
    upper = noise[above, left] * (1 - u) + noise[above, right] * u
    lower = noise[below, left] * (1 - u) + noise[below, right] * u
    return np.asarray(upper * (1 - v) + lower * v, dtype=np.float32)


def _ease(t: Array) -> Array:
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def _step(low: float, high: float, value: Array) -> Array:
    """0 below `low`, 1 above `high`, eased in between."""
    return _ease(np.clip((value - low) / (high - low), 0, 1))


def _rgb(*values: float) -> Array:
    return np.array(values, dtype=np.float32)


def _mix(first: Array, second: Array | tuple[float, float, float], weight: Array) -> Array:
    weight = weight[..., np.newaxis]
    return np.asarray(first * (1 - weight) + np.asarray(second, dtype=np.float32) * weight, dtype=np.float32)


def _through_water(x: Array, y: Array, noise: Array) -> tuple[Array, Array, Array]:
    """Where each pixel looks at the world above the shore line, and how much of it arrives.

    Below the shore that is the mirror image, shaken by waves that grow towards the viewer.
    """
    depth = np.maximum(y - SHORE, 0)
    perspective = 1 / (depth + 0.03)
    wave = _fractal(noise, x * perspective * 0.9, perspective * 7, 3) - 0.5
    seen_y = np.where(depth > 0, SHORE - depth * (1 + 1.1 * wave) - 0.05 * np.abs(wave), y)
    seen_x = x + np.where(depth > 0, 0.12 * depth * wave, 0)
    mirrored = np.where(depth > 0, 0.62 - 0.5 * depth + 0.3 * wave, 1)
    return seen_x, np.minimum(seen_y, y), np.asarray(mirrored, dtype=np.float32)


def _sky(x: Array, y: Array, noise: Array) -> Array:
    up = np.clip((SHORE - y) / SHORE, 0, 1)
    light = np.broadcast_to(_rgb(0.62, 0.27, 0.12), (*x.shape, 3))
    light = _mix(light, (0.12, 0.12, 0.25), _step(0, 0.5, up))
    light = _mix(light, (0.012, 0.026, 0.09), _step(0.3, 1.0, up))
    distance = np.hypot(x - SUN[0], (y - SUN[1]) * 1.2)
    clouds = _step(0.47, 0.72, _fractal(noise, x * 2.2 + 5, y * 11, 4)) * _step(0.02, 0.25, up)
    lining = np.exp(-distance / 0.28)[..., np.newaxis] * _rgb(1.5, 0.5, 0.2)
    light = _mix(light, _rgb(0.09, 0.06, 0.085) + lining, clouds * 0.8)
    light += np.exp(-distance / 0.10)[..., np.newaxis] * _rgb(1.3, 0.55, 0.16)
    disc = _step(0.036, 0.032, np.hypot(x - SUN[0], y - SUN[1]))
    return _mix(light, (9.0, 5.2, 2.1), disc)


def _with_hills(light: Array, x: Array, y: Array, noise: Array) -> Array:
    line = np.linspace(-4, 4, 4096, dtype=np.float32)
    for base, rise, pitch, shade in _HILLS:
        ridge = base - rise * (_fractal(noise, line * pitch + 40 * base, np.full_like(line, base), 5) - 0.35)
        light = _mix(light, shade, _step(-0.001, 0.001, y - np.interp(x, line, ridge)))
    return light


def _town(random: np.random.Generator) -> _Town:
    widths = random.uniform(0.055, 0.10, HOUSES)
    return _Town(
        edges=np.concatenate([[0], np.cumsum(widths)]) - 0.30,
        height=random.uniform(0.07, 0.20, HOUSES).astype(np.float32),
        wall=(WALLS[random.integers(0, len(WALLS), HOUSES)] * random.uniform(0.3, 0.9, (HOUSES, 1))).astype(np.float32),
        panes=random.integers(2, 5, HOUSES),
        lit=(random.random((HOUSES, 16, 16)) ** 3).astype(np.float32),
    )


def _with_town(light: Array, x: Array, y: Array, town: _Town, noise: Array) -> Array:
    """The row of houses: plastered walls and gables, with the street's light on them."""
    house = np.clip(np.searchsorted(town.edges, x) - 1, 0, HOUSES - 1)
    width = np.diff(town.edges).astype(np.float32)[house]
    across = (x - town.edges[house].astype(np.float32)) / width
    up = SHORE - y
    gable = FLOOR * (1 - np.abs(2 * across - 1)) * (house % 3 > 0)
    built = (across >= 0) & (across < 1) & (up >= 0) & (up < town.height[house] + gable)
    plaster = (0.6 + 0.8 * _fractal(noise, x * 90, y * 90, 3)) * (0.5 + 3 * np.exp(-up / 0.03))
    walls = _with_windows(town.wall[house] * plaster[..., np.newaxis], house, across, up, town)
    return np.where(built[..., np.newaxis], walls, light).astype(np.float32)


def _with_windows(walls: Array, house: NDArray[np.intp], across: Array, up: Array, town: _Town) -> Array:
    """Windows on whole storeys; the brighter draws of `town.lit` are lit, warm or, in some houses, cold."""
    cell_x, cell_y = across * town.panes[house], up / FLOOR
    inside_x, inside_y = np.abs(cell_x % 1 - 0.5), np.abs(cell_y % 1 - 0.5)
    glass = (inside_x < 0.26) & (inside_y < 0.32) & (inside_x > 0.025) & (np.abs(inside_y - 0.12) > 0.02)
    glass &= np.ceil(cell_y) * FLOOR < town.height[house]
    shine = town.lit[house, cell_x.astype(np.intp) & 15, cell_y.astype(np.intp) & 15][..., np.newaxis]
    cold = (house % 4 == 1)[..., np.newaxis]
    tint = np.where(cold, _rgb(1.4, 1.7, 2.0), _rgb(3.6, 1.9, 0.65))
    panes = np.where(shine > 0.12, tint * shine, _rgb(0.02, 0.022, 0.035))
    return np.where(glass[..., np.newaxis], panes, walls).astype(np.float32)


def _coloured_lights(x: Array, y: Array) -> Array:
    """Lights along the shore, close to pure BT.2020 red, green, blue and their mixtures, with a halo each."""
    place = np.clip(np.rint((x + 0.26) / 0.102), 0, 10)
    distance = np.hypot(x + 0.26 - 0.102 * place, y - SHORE + 0.022 + 0.012 * (place % 3))
    strength = _step(0.0065, 0.0035, distance) + 0.06 * np.exp(-((distance / 0.022) ** 2))
    return np.asarray(strength[..., np.newaxis] * LIGHTS[place.astype(np.intp) % len(LIGHTS)], dtype=np.float32)


def _with_quay(light: Array, x: Array, y: Array, noise: Array) -> Array:
    """Paving in front, under the street lamp: stones in courses that widen towards the viewer."""
    depth = np.maximum(y - QUAY, 0)
    course = 4 * np.log1p(depth * 25)
    row = np.floor(course)
    along = x / (0.05 + 0.35 * depth) * 0.55 + 0.5 * (row % 2)
    joint = np.minimum(np.abs(along % 1 - 0.5) * -2 + 1, np.abs(course % 1 - 0.5) * -2 + 1)
    tone = _smooth(noise, np.floor(along) * 7.3, row * 5.1)
    grain = _fractal(noise, x * 150, y * 220, 3)
    stone = (0.05 + 0.12 * tone) * (0.55 + 0.9 * grain) * (0.25 + 0.75 * _step(0.02, 0.10, joint))
    lit = (stone * (0.25 + 3.2 * np.exp(-np.hypot(x - LAMP[0], (y - 0.97) * 3) / 0.30)))[..., np.newaxis]
    return _mix(light, lit * _rgb(1.0, 0.82, 0.6), _step(-0.001, 0.001, y - QUAY))


def _with_street_lamp(light: Array, x: Array, y: Array) -> Array:
    """A lamp on a pole that stands on the quay, and its glow in the air."""
    aside, below = np.abs(x - LAMP[0]), y - LAMP[1]
    pole = _step(0.006, 0.005, aside - 0.012 * _step(0.60, 0.64, below)) * (below > 0) * (below < 0.64)
    light = _mix(light, (0.012, 0.011, 0.010), pole)
    distance = np.hypot(aside, below)
    glow = _step(0.024, 0.018, distance) * 8.5 + 0.35 * np.exp(-distance / 0.045)
    return np.asarray(light + glow[..., np.newaxis] * _rgb(1.0, 0.80, 0.48), dtype=np.float32)
