"""What is chosen for gains whose right map is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gainmap_codec.codec.encoding import map_trials, renditions
from gainmap_codec.codec.options import EncodeOptions
from gainmap_codec.codec.pairing import make_pair
from gainmap_codec.files.records import Codec
from gainmap_codec.pixels.color.difference import delta_e_itp, itp
from gainmap_codec.pixels.color.light import Array, pq_decode
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.maps.gain_map import apply_gain_map
from gainmap_codec.pixels.maps.inverse_distance import enlarged_by_inverse_distance
from gainmap_codec.pixels.maps.map_choice import (
    MapChoice,
    MapRecipe,
    MapTrials,
    Trial,
    choose_map,
    map_by,
    shows_bands,
)
from gainmap_codec.pixels.maps.probe import probe_of
from gainmap_codec.pixels.rendition import Light
from gainmap_codec.pixels.scene import render_scene

SIDE = 256
OPEN: dict[str, Any] = {"scale": "auto", "channels": "auto", "quality": "auto"}
GREY = np.ones(3)
COLOURED = np.array([1.2, 1, 0.4])


def base() -> Array:
    """A texture without a gain of its own: linear RGB in 0.1…0.9."""
    return np.asarray(0.1 + 0.8 * np.random.default_rng(2).random((SIDE, SIDE, 3)), np.float32)


def smooth() -> Array:
    """Stops of a soft light, (h, w, 1)."""
    x, y = np.meshgrid(np.linspace(-1, 1, SIDE), np.linspace(-1, 1, SIDE))
    return np.asarray(2 * np.exp(-2 * (x * x + y * y)), np.float32)[..., np.newaxis]


def sharp() -> Array:
    """Stops of a pattern of 5 pixels a side."""
    cells = np.random.default_rng(5).integers(0, 2, (SIDE // 5 + 1, SIDE // 5 + 1))
    return np.asarray(2 * np.kron(cells, np.ones((5, 5)))[:SIDE, :SIDE], np.float32)[..., np.newaxis]


def trials_of(stops: Array, colour: Any = GREY, codec: Codec = "jpeg", bits: int = 8) -> MapTrials:
    picture = base()
    alternate = np.asarray(picture * np.exp2(stops * colour), np.float32)
    return MapTrials(probe_of(Light.of(picture), Light.of(alternate), np.eye(3)), (0, 2.5), 60_000, codec, bits)


def chosen(stops: Array, colour: Any = GREY, **options: Any) -> MapChoice:
    return choose_map(trials_of(stops, colour), **{**OPEN, **options})


def test_one_gain_for_all_colours_takes_one_channel() -> None:
    assert chosen(smooth()).best.recipe.channels == 1
    assert chosen(sharp()).best.recipe.channels == 1


def test_gains_in_colour_take_three_channels() -> None:
    found = chosen(smooth(), COLOURED)
    assert found.best.recipe.channels == 3
    assert found.one_channel_costs > 6
    assert f"(one channel would cost {found.one_channel_costs:.1f} dB" in found.told


@pytest.mark.parametrize(("codec", "bits"), [("jpeg", 8), ("av1", 8), ("av1", 10), ("jxl", 8)])
def test_one_gain_for_all_colours_takes_one_channel_in_every_codec(codec: Codec, bits: int) -> None:
    assert choose_map(trials_of(sharp(), GREY, codec, bits), **OPEN).best.recipe.channels == 1
    assert choose_map(trials_of(smooth(), GREY, codec, bits), **OPEN).best.recipe.channels == 1


@pytest.mark.parametrize("bits", [8, 10])
def test_three_channels_stay_where_one_saves_nothing(bits: int) -> None:
    """By its colours, one channel would do for this scene; in AV1 three are smaller and closer."""
    scene = render_scene(384, 256)
    options = EncodeOptions(container="avif", carry="standard", base_bits=bits)
    pair = make_pair(HdrImage(scene), None, options, [])
    trials = map_trials(pair, *renditions(pair))
    best, one, three = (choose_map(trials, **{**OPEN, "channels": count}).best for count in ("auto", 1, 3))
    assert three.bytes < 0.95 * one.bytes and three.psnr > one.psnr
    assert best == three


def test_smooth_gains_take_a_small_map() -> None:
    assert chosen(smooth()).best.recipe.scale >= 4


def test_sharp_gains_take_a_map_of_full_size() -> None:
    found = chosen(sharp())
    assert found.best.recipe.scale == 1
    assert "half the width would cost" in found.told


def test_libultrahdr_counts_as_we_do() -> None:
    """At a quarter of the width its enlargement shows less than a bilinear one: the worse of both is what counts."""
    alternate = np.asarray(base() * np.exp2(sharp()), np.float32)
    trials = MapTrials(probe_of(Light.of(base()), Light.of(alternate), np.eye(3)), (0, 2.5), 60_000)
    trial = choose_map(trials, scale=4, channels=1, quality=90).best
    assert trial.psnr == min(trial.ours, trial.libultrahdr) == trial.libultrahdr
    made = map_by(trial.recipe, Light.of(base()), Light.of(alternate), headrooms=(0, 2.5), codec="jpeg", bits=8)
    wide = enlarged_by_inverse_distance(made.decoded, 4, *alternate.shape[:2])
    ours, theirs = (
        delta_e_itp(itp(apply_gain_map(base(), each, made.metadata, headroom=2.5)), itp(alternate)).mean()
        for each in (made.decoded, wide)
    )
    assert trial.de_itp == pytest.approx(max(ours, theirs), rel=1e-4)


def test_what_is_given_is_obeyed() -> None:
    recipe = chosen(sharp(), COLOURED, scale=16, channels=1, quality=60).best.recipe
    assert (recipe.scale, recipe.channels, recipe.quality) == (16, 1, 60)


@pytest.mark.parametrize(("colour", "count"), [(GREY, 0), (COLOURED, 1)])
def test_one_channel_as_asked_warns_where_it_costs_over_3_db(colour: Any, count: int) -> None:
    found = chosen(smooth(), colour, channels=1)
    assert len(found.warnings) == count
    assert all(f"costs {found.one_channel_costs:.1f} dB against three" in line for line in found.warnings)


def test_dark_pixels_within_the_outliers_widen_the_range_where_they_count() -> None:
    stops = smooth()
    stops[100:103, 100:103] = -5  # fewer than 0.1 % of the pixels, 32 times too bright if clamped
    assert chosen(stops).best.recipe.outliers == 0


def test_the_same_pair_gives_the_same_choice() -> None:
    assert chosen(sharp(), COLOURED) == chosen(sharp(), COLOURED)


def test_a_pair_without_a_gain_takes_the_smallest() -> None:
    found = chosen(np.zeros((1, 1, 1), np.float32))
    assert found.best.recipe.channels == 1
    assert found.best.bytes < 1000


def test_what_costs_nothing_is_no_reason() -> None:
    """Above 50 dB nobody sees what one channel or a smaller map loses."""
    recipe = MapRecipe(1, 3, quality=90)
    found = Trial(recipe, 900.0, 63.0, 63.0, lambda: 0.1)
    other = Trial(replace(recipe, scale=2), 950.0, 54.0, 54.0, lambda: 0.5)
    choice = MapChoice(found, found, other, one=other, three=found)
    assert choice.told == "three channels at full width, quality 90"


@pytest.mark.parametrize(("stops", "is_banded"), [(2.0, False), (3.0, False), (4.5, True), (6.0, True)])
def test_bands_need_gains_that_span_more_than_three_stops(stops: float, is_banded: bool) -> None:
    signal = np.broadcast_to(np.linspace(0.3, 0.6, 512, dtype=np.float32)[np.newaxis, :, np.newaxis], (64, 512, 3))
    alternate = pq_decode(np.ascontiguousarray(signal))
    base = np.asarray(alternate * np.exp2(-np.linspace(0, stops, 512)[np.newaxis, :, np.newaxis]), np.float32)
    assert shows_bands(probe_of(Light.of(base), Light.of(alternate), np.eye(3)), (0, stops)) == is_banded
