"""Coded pictures: what they stand on, what they reach, and when they are taken."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest

from gainmap_codec.codec.options import EncodeOptions
from gainmap_codec.codec.pairing import make_pair
from gainmap_codec.files.payload.format import parse_payload, serialize_payload
from gainmap_codec.files.payload.records import CodedPicture, NeuralGainMap
from gainmap_codec.neural.blank import empty_record
from gainmap_codec.neural.fit import picture as module
from gainmap_codec.neural.fit.multiscale import MultiscaleConfig, MultiscaleFit
from gainmap_codec.neural.fit.picture import (
    Ground,
    Trials,
    grounds_of,
    keep_within,
    nearest,
    reach,
    silent_ground,
    silent_networks,
    worth_most,
)
from gainmap_codec.neural.fit.presets import FittedNetwork, Presets, fit_pair, measured
from gainmap_codec.neural.fit.target import make_targets
from gainmap_codec.pixels.color.light import pq_psnr
from gainmap_codec.pixels.maps.coded_picture import code_residual
from gainmap_codec.pixels.maps.neural_map import base_bt2020, render_neural_map
from gainmap_codec.pixels.maps.one_gain import OneGain
from support.short_fits import shortened
from support.small_pair import CODES, FIELDS, SCENE, SRGB, Pair

SHORT = shortened({}, probe_steps=40, steps=200, rounds=1, refine_steps=50)


def rough_gain() -> OneGain:
    """Waves and noise of its own, half a stop to two stops, on 30 × 50 cells that no grid of the base's has."""
    y, x = np.mgrid[:30, :50]
    values = 1.25 + 0.5 * np.sin(x / 5 + y / 9) * np.cos(y / 4) + np.random.default_rng(0).uniform(-0.1, 0.1, (30, 50))
    values.flat[:2] = 0.5, 2.0
    return OneGain(values[..., np.newaxis].astype(np.float32), 1 / 64, 1 / 32)


def photo() -> Pair:
    """The scene's base, made brighter by a gain that it does not show."""
    gain, base = rough_gain(), base_bt2020(CODES, SRGB)
    everything = slice(None), slice(None)
    return Pair(CODES, SRGB, gain.hdr_of(base, gain.at(*everything, *CODES.shape[:2])), gain)


PHOTO = photo()


@pytest.fixture(scope="module")
def grounds() -> tuple[Ground, Ground]:
    target = make_targets(PHOTO)[-1]
    config = MultiscaleConfig(neurons=4, bytes_per_db=50, latents=1, details=0)
    fit = MultiscaleFit(replace(empty_record("best", "multiscale"), **FIELDS), config, PHOTO, target, 0)
    fit.learn(60, noise_from=0.5)
    fit.round_latents()
    return grounds_of(fit.network(), target, PHOTO)


measure = partial(measured, pair=PHOTO)


def test_a_network_that_says_nothing_says_the_middle(grounds: tuple[Ground, Ground]) -> None:
    """On the grid and by the offsets of the gain that the photo came with; a few bytes beside header and binding."""
    bare = grounds[1]
    assert bare.network.grid == (30, 50)
    assert (bare.network.base_offset, bare.network.alternate_offset) == (1 / 64, 1 / 32)
    middle = bare.network.residual_shift
    assert np.unique(bare.said).tolist() == [middle] and middle == pytest.approx(1.25, abs=0.04)
    assert np.allclose(bare.said + bare.left.values, rough_gain().values, atol=1e-6)
    assert len(serialize_payload(bare.network)) - len(FIELDS["binding"].soft) < 36
    found = render_neural_map(bare.network, CODES, SRGB, headroom=9)
    flat = np.full((*CODES.shape[:2], 1), middle, np.float32)
    assert np.allclose(found, rough_gain().hdr_of(base_bt2020(CODES, SRGB), flat), atol=1e-4)


def test_what_a_fitted_network_leaves(grounds: tuple[Ground, Ground]) -> None:
    fitted = grounds[0]
    wanted = make_targets(PHOTO)[-1].whole.values
    assert np.allclose(fitted.said + fitted.left.values, wanted, atol=1e-5)


@pytest.mark.parametrize("psnr", [40.0, 52.0])
def test_a_quality_is_reached(grounds: tuple[Ground, Ground], psnr: float) -> None:
    found = [each for each in reach(Trials(grounds, PHOTO), psnr, measure) if each.psnr >= psnr]
    assert found and min(each.psnr for each in found) < psnr + 1.5
    best = min(found, key=lambda each: each.size)
    again = parse_payload(serialize_payload(best.network))
    assert best.psnr == pytest.approx(pq_psnr(render_neural_map(again, CODES, SRGB, headroom=9), PHOTO.hdr), abs=0.01)


def test_a_size_is_kept(grounds: tuple[Ground, Ground]) -> None:
    found = [each for each in keep_within(Trials(grounds, PHOTO), 600, measure) if each.size <= 600]
    assert max(each.psnr for each in found) > 34 and max(each.size for each in found) > 480
    smallest = min(each.size for each in keep_within(Trials(grounds, PHOTO), 30, measure))
    assert 30 < smallest < min(each.size for each in found)


@pytest.mark.parametrize("target", [20.0, 200.0, 1e308])
@pytest.mark.parametrize("light", [0.0, 4.0, 1e6])
def test_targets_of_pictures_without_error(light: float, target: float) -> None:
    """PQ-PSNR is infinite there, or near it."""
    flat = Pair(np.zeros_like(CODES), SRGB, np.full(CODES.shape, light, np.float32))
    found = fit_pair("tiny", flat, FIELDS, presets=SHORT, target_psnr=target)
    assert found.size < 100 and (found.psnr >= target) == (not found.notes)


def test_where_a_target_is_out_of_reach_no_bytes_are_spent_for_nothing() -> None:
    class Payload(NamedTuple):
        size: int
        psnr: float

    found = [Payload(100, 40.0), Payload(300, 49.95), Payload(900, 50.0)]
    assert [nearest(found, psnr).size for psnr in (30, 49.97, 60)] == [100, 900, 300]
    assert nearest([*found, Payload(2000, float("inf")), Payload(3000, float("inf"))], 60).size == 2000


def test_a_higher_price_buys_more(grounds: tuple[Ground, Ground]) -> None:
    cheap, dear = (worth_most(Trials(grounds, PHOTO), price, measure)[0] for price in (5.0, 500.0))
    assert cheap.size < dear.size and cheap.psnr < dear.psnr - 3


def fitted(presets: Presets = SHORT, **options: float) -> FittedNetwork:
    return fit_pair("tiny", PHOTO, FIELDS, presets=presets, **options)  # type: ignore[arg-type]


def test_targets_take_pictures_where_networks_cost_more() -> None:
    enough = fitted(target_psnr=52.0)
    assert enough.network.picture and enough.psnr >= 52
    small = fitted(target_bytes=int(enough.size * 1.02))
    assert small.size <= enough.size * 1.02 and small.psnr >= 52


def test_presets_take_pictures_where_they_may() -> None:
    tiny = replace(SHORT.multiscale["tiny"], bytes_per_db=400, most_bytes=None)
    with_picture = replace(SHORT, multiscale={"tiny": replace(tiny, has_picture=True)})
    without = fitted(replace(SHORT, multiscale={"tiny": tiny}))
    best = fitted(with_picture)
    assert not without.network.picture
    assert best.network.picture and best.psnr > without.psnr + 3


def coloured_photo(apart: float = 0.0) -> Pair:
    """The scene's base, made brighter by a rough gain for each of its own channels, so many stops apart."""
    values = np.concatenate([rough_gain().values[:, shift : shift + 40] for shift in (0, 4, 8)], axis=2)
    values += np.array([0, 1, 2], np.float32) * np.float32(apart)
    gains = OneGain(values, 0, 0).at(slice(None), slice(None), *CODES.shape[:2])
    linear = (SRGB.linearize(CODES) + np.float32(1 / 64)) * 2**gains - np.float32(1 / 64)
    return Pair(CODES, SRGB, SRGB.convert_to_bt2020(np.maximum(linear, 0)), offsets=(1 / 64, 1 / 64))


BLANK = replace(empty_record("best", "multiscale"), **FIELDS)


def silent_grounds(pair: Pair) -> list[Ground]:
    return [silent_ground(network, pair) for network in silent_networks(BLANK, pair)]


def smallest(ground: Ground, pair: Pair, psnr: float) -> int:
    """Bytes for a quality."""
    best = nearest(reach(Trials([ground], pair), psnr, partial(measured, pair=pair)), psnr)
    assert best.psnr >= psnr
    return best.size


def test_three_gains_are_told_by_the_offsets_of_the_map_that_the_photo_came_with() -> None:
    pair = coloured_photo()
    ground = silent_grounds(pair)[0]
    assert ground.network.layers[-1].outputs == 3 and ground.network.grid == CODES.shape[:2]
    assert ground.network.base_offset == ground.network.alternate_offset == 1 / 64
    elsewhere = silent_grounds(pair._replace(offsets=(1 / 2048, 1 / 2048)))[0]
    assert smallest(ground, pair, 50) < 0.9 * smallest(elsewhere, pair, 50)


def test_quotients_of_codes_are_as_good_as_a_map_of_them() -> None:
    """By the pair's own quotients, with three channels and nothing else to tell."""
    ground = next(each for each in silent_grounds(SCENE) if each.network.domain == "pq_gain")
    measure = partial(measured, pair=SCENE)
    assert ground.network.layers[-1].outputs == 3
    best = max(reach(Trials([ground], SCENE), 45, measure), key=lambda each: each.psnr)
    assert best.psnr >= 45


def test_the_codes_of_a_picture_span_the_widest_channel() -> None:
    """Not all of them, where one channel's gains lie above another's."""
    pair = coloured_photo(apart=2.0)
    ground = silent_grounds(pair)[0]
    widest = np.ptp(ground.left.values, axis=(0, 1)).max()
    assert np.ptp(ground.left.values) < 1.1 * widest and np.ptp(ground.said + ground.left.values) > 1.25 * widest
    best = max(each.psnr for each in reach(Trials([ground], pair), 90, partial(measured, pair=pair)))
    assert best > 57.5


def colour_wheel() -> Pair:
    """Saturated colours that meet at edges, made brighter by a smooth gain for each of their own channels."""
    y, x = np.mgrid[: CODES.shape[0], : CODES.shape[1]] / 96
    angle = np.arctan2(y - 0.3, x - 0.4)
    codes = (np.cos(angle[..., np.newaxis] + np.array([0, -2.1, 2.1])) > 0).astype(np.uint8) * np.uint8(220)
    gains = np.stack([4 * x, 0 * x, 4 * (1 - x)], axis=2).astype(np.float32)
    linear = (SRGB.linearize(codes) + np.float32(1 / 64)) * 2**gains - np.float32(1 / 64)
    return Pair(codes, SRGB, SRGB.convert_to_bt2020(np.maximum(linear, 0)), offsets=(1 / 64, 1 / 64))


def noisy_photo() -> Pair:
    """The photo with noise of its own in the HDR rendition, the same in dark places and in bright ones."""
    noise = np.random.default_rng(0).normal(0, 0.01, PHOTO.hdr.shape)
    return Pair(CODES, SRGB, np.maximum(PHOTO.hdr + noise, 0).astype(np.float32))


@pytest.mark.parametrize(
    ("pair", "psnr", "wanted", "others"),
    [
        (colour_wheel(), 38, ("log2_gain", 1 / 16), (("log2_gain", 1 / 64), ("pq_gain", 1 / 64))),
        (noisy_photo(), 38, ("pq_difference", 1 / 64), (("log2_gain", 1 / 64), ("pq_gain", 1 / 64))),
    ],
)
def test_pictures_tell_what_takes_fewest_bytes(pair: Pair, psnr: float, wanted: Any, others: Any) -> None:
    """Gains by the map's own offsets jump where saturated colours meet; gains and quotients of noise are large in the
    dark."""
    sizes = {
        (ground.network.domain, ground.network.base_offset): smallest(ground, pair, psnr)
        for ground in silent_grounds(pair)
    }
    assert len(sizes) == 6 and sizes[wanted] == min(sizes.values())
    assert sizes[wanted] < 0.9 * min(sizes[other] for other in others)
    trials = Trials([], pair, silent_networks(BLANK, pair))
    assert nearest(reach(trials, psnr, partial(measured, pair=pair)), psnr).size == sizes[wanted]


def test_an_excerpt_tells_which_grounds_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of six grounds of a picture that is larger than the excerpt, two are tried on all of its pixels."""
    part = coloured_photo()
    pair = part._replace(codes=np.tile(part.codes, (4, 3, 1)), hdr=np.tile(part.hdr, (4, 3, 1)))
    made: list[tuple[str, tuple[int, int]]] = []

    def counted(network: NeuralGainMap, pair: Any) -> Ground:
        ground = silent_ground(network, pair)
        made.append((network.domain, ground.network.grid))
        return ground

    monkeypatch.setattr(module, "silent_ground", counted)
    found = nearest(reach(Trials([], pair, silent_networks(BLANK, pair)), 46, partial(measured, pair=pair)), 46)
    assert len(made) == 8 and [grid for _, grid in made[:6]] == [(256, 256)] * 6
    assert made[6:] == [("log2_gain", (256, 288)), ("pq_difference", (256, 288))]
    assert found.psnr >= 46 and found.network.domain == "log2_gain"


def test_where_no_ground_reaches_a_target_the_one_that_shows_most_is_taken() -> None:
    pair = noisy_photo()

    def best(trials: Trials) -> float:
        return max(each.psnr for each in reach(trials, 90, partial(measured, pair=pair)))

    alone = {ground.network.domain: best(Trials([ground], pair)) for ground in silent_grounds(pair)[3:]}
    assert max(alone, key=lambda domain: alone[domain]) == "pq_difference" and alone["pq_gamma"] < 50
    assert best(Trials([], pair, silent_networks(BLANK, pair))) >= alone["pq_difference"]


def test_a_target_may_take_three_gains() -> None:
    pair = coloured_photo()
    found = fit_pair("tiny", pair, FIELDS, presets=SHORT, target_psnr=50.0)
    assert found.psnr >= 50 and found.network.domain == "log2_gain" and found.network.layers[-1].outputs == 3


def test_a_ground_is_left_where_its_pictures_grow_larger_than_the_best(
    grounds: tuple[Ground, Ground], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def counted(*arguments: Any, **options: Any) -> CodedPicture:
        tried.append(options["quality"])
        return code_residual(*arguments, **options)

    monkeypatch.setattr(module, "code_residual", counted)
    ground = grounds[1]
    wrong = replace(ground, left=ground.left._replace(values=3 * ground.left.values))
    counts: list[int] = []
    payloads: list[list[bytes]] = []
    for some in ([ground], [wrong], [ground, wrong]):
        payloads.append([each.payload for each in reach(Trials(some, PHOTO), 52, measure)])
        counts.append(len(tried) - sum(counts))
    assert payloads[0] == payloads[2] and payloads[1]  # where 52 dB are out of reach, the best there is
    assert counts[0] < counts[2] < counts[0] + counts[1]


@pytest.mark.parametrize("few", [0, 400])
def test_the_cheapest_is_coded_however_large_it_is(
    grounds: tuple[Ground, Ground], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a coarser level comes next, which has few samples, too."""

    def codes(psnr: float) -> list[int]:
        found = reach(Trials(grounds[1:], PHOTO), psnr, measure)
        return [each.network.picture.level for each in found if each.network.picture]

    assert set(codes(50)) == {0, 1}
    monkeypatch.setattr(module, "_FEW_SAMPLES", few)
    assert codes(50)[0] == 0 and set(codes(50)) == ({0, 1} if few else {0})


def _worsen_level_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pictures seem to show 20 dB less."""
    tried = module._Level._tried

    def tried_worse(self: Any, quality: int) -> tuple[float, float]:
        size, psnr = tried(self, quality)
        return size, psnr - 20 * (self._level == 1)

    monkeypatch.setattr(module._Level, "_tried", tried_worse)


def test_what_is_out_of_reach_gets_the_finest_picture(
    grounds: tuple[Ground, Ground], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a level in between shows less than a coarser one, which ends a search for what costs least."""
    _worsen_level_1(monkeypatch)
    found = reach(Trials(grounds, PHOTO), 90.0, measure)
    pictures = [each.network.picture for each in found]
    assert [each and each.level for each in pictures] == [0] * len(found) and max(each.psnr for each in found) > 55


def test_a_large_budget_gets_the_finest_picture(
    grounds: tuple[Ground, Ground], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a level in between shows less, and the best quality of a coarser one takes a part of the budget."""
    _worsen_level_1(monkeypatch)
    found = keep_within(Trials(grounds, PHOTO), 50_000, measure)
    best = max(found, key=lambda each: each.psnr)
    assert best.network.picture and best.network.picture.level == 0 and best.size <= 50_000


def test_qualities_beyond_those_that_are_tried() -> None:
    """At the best one that is tried, pictures of this noise lack some hundredths of a decibel; a network reaches the
    target in half as many bytes again."""
    light = 4 * np.random.default_rng(2).random((40, 3, 3))
    found = fit_pair("tiny", make_pair(light, None, EncodeOptions(), []), FIELDS, presets=SHORT, target_psnr=60.0)
    assert found.psnr >= 60 and found.network.picture and found.size < 420


def test_the_best_picture_of_few_samples_is_coded_as_slowly_as_can_be(
    grounds: tuple[Ground, Ground], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And lower qualities, one by one, until one misses the target; no others are."""
    slow: list[int] = []

    def noted(values: Any, level: int, *, quality: int, speed: int) -> CodedPicture:
        slow.extend([quality] if speed == 0 else [])
        return code_residual(values, level, quality=quality, speed=speed)

    def best() -> FittedNetwork:
        return nearest(reach(Trials(grounds[1:], PHOTO), 54, measure), 54)

    monkeypatch.setattr(module, "code_residual", noted)
    slowest = best()
    assert slowest.psnr >= 54 and len(slow) > 1 and slow == list(range(slow[0], slow[0] - len(slow), -1))
    monkeypatch.setattr(module, "_SLOWEST", module._SPEEDS)
    assert slowest.size < 0.97 * best().size
    slow.clear()
    monkeypatch.setattr(module, "_FEW_SAMPLES", 0)
    assert best().psnr >= 54 and not slow


def test_a_budget_is_used_by_the_slowest_coding(
    grounds: tuple[Ground, Ground], monkeypatch: pytest.MonkeyPatch
) -> None:
    def best() -> float:
        found = keep_within(Trials(grounds[1:], PHOTO), 260, measure)
        return max(each.psnr for each in found if each.size <= 260)

    slowest = best()
    monkeypatch.setattr(module, "_SLOWEST", module._SPEEDS)
    assert slowest > best() + 0.5


def test_three_channels() -> None:
    found = fit_pair("tiny", SCENE, FIELDS, presets=SHORT, target_psnr=60.0)
    assert found.psnr >= 60 and found.network.picture and found.network.layers[-1].outputs == 3
