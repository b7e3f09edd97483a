"""How a picture's standard gain map is to be made, found by making it in several ways on a probe.

A way counts for what the worse of two readers shows: a bilinear one, as browsers and we are, and libultrahdr, which is
Android's. A byte of the map has to buy as much as one of the base: twice the file 6 dB. Beyond 50 dB nothing is bought.
Whether one channel does is asked first, and whatever that saves: colours come before bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import log2
from typing import Literal, NamedTuple

import numpy as np

from gainmap_codec.files.records import Codec
from gainmap_codec.pixels.color.light import with_bits
from gainmap_codec.pixels.formats.coded_image import code_picture, decode_coded_image
from gainmap_codec.pixels.maps.gain_map import GainMap, apply_gain_map, compute_gain_map
from gainmap_codec.pixels.maps.inverse_distance import enlarged_by_inverse_distance
from gainmap_codec.pixels.maps.probe import Probe, Score

_DB_PER_DOUBLING = 6.0
_ENOUGH_DB = 50.0
_NO_LOSS = Score(0.5, 0.2)
"""One channel that costs less of either does."""
_WARNED_DB = 3.0

_OFFSETS = (1 / 64, 1 / 512)  # the smaller tells more of dark pixels, and of their noise
_OUTLIERS = (0.1, 0.0)  # percent
_SCALES = (1, 2, 4, 8)
_QUALITIES = (90, 85, 75)
_HIGHEST = 95  # for which 90 has to be better than what is below


@dataclass(frozen=True)
class MapRecipe:
    """A way to make a map: the first four as `compute_gain_map` takes them, the last as `code_picture` does."""

    scale: int = 1
    channels: int = 3
    offset: float = _OFFSETS[0]
    outliers: float = _OUTLIERS[0]
    quality: int = _QUALITIES[0]


class Trial(NamedTuple):
    """What a recipe is worth.

    Attributes:
        recipe: The recipe.
        bytes: Of the whole picture's map, about.
        ours: What a bilinear reader shows.
        libultrahdr: What libultrahdr shows.
    """

    recipe: MapRecipe
    bytes: float
    ours: Score
    libultrahdr: Score

    @property
    def psnr(self) -> float:
        """PQ-PSNR in dB of the worse reader."""
        return min(self.ours.psnr, self.libultrahdr.psnr)

    @property
    def de_itp(self) -> float:
        """Mean dE_ITP of the worse reader."""
        return max(self.ours.de_itp, self.libultrahdr.de_itp)


class MapChoice(NamedTuple):
    """What was chosen, and what it was chosen from.

    Attributes:
        best: The trial of the recipe that was chosen.
        one: Of one channel, beside `three`; None where nobody asked.
        three: Of three channels.
        smaller: Of a map of half the size, beside `larger`, which was taken; None where no such map was refused.
        larger: Of the size that was taken.
    """

    best: Trial
    one: Trial | None = None
    three: Trial | None = None
    smaller: Trial | None = None
    larger: Trial | None = None

    @property
    def one_channel_costs(self) -> float:
        """PQ-PSNR in dB that one channel costs against three."""
        return self.three.psnr - self.one.psnr if self.one and self.three else 0.0

    @property
    def told(self) -> str:
        """A line that tells what was chosen, and what else would have cost."""
        recipe = self.best.recipe
        count = "one channel" if recipe.channels == 1 else "three channels"
        line = f"{count} at {_width(recipe.scale)}, quality {recipe.quality}"
        reasons = []
        if recipe.channels == 3 and self.one:
            reasons.append(f"one channel would cost {self.one_channel_costs:.1f} dB")
        if self.smaller and self.larger:
            cost = self.larger.psnr - self.smaller.psnr
            reasons.append(f"{_width(self.smaller.recipe.scale)} would cost {cost:.1f} dB")
        return f"{line} ({', '.join(reasons)})" if reasons else line

    @property
    def warnings(self) -> tuple[str, ...]:
        """A line where one channel shows other colours than three would."""
        if self.best.recipe.channels == 3 or self.one_channel_costs <= _WARNED_DB:
            return ()
        return (
            f"standard gain map: one channel, as asked, shows other colours than the HDR picture's: it costs "
            f"{self.one_channel_costs:.1f} dB against three channels",
        )


def _width(scale: int) -> str:
    names = {1: "full width", 2: "half the width", 4: "a quarter of the width", 8: "an eighth of the width"}
    return names.get(scale, f"1/{scale} of the width")


@dataclass(eq=False)
class MapTrials:
    """Where recipes are tried, each once.

    Attributes:
        probe: Of the pair.
        headroom: Of the HDR rendition, log2.
        base_bytes: Of the base, for which the map is.
        codec: The map's in the end; what makes no difference to codecs is tried in JPEG, which is quick.
        bits: The map's in the end.
    """

    probe: Probe
    headroom: float
    base_bytes: int
    codec: Codec = "jpeg"
    bits: int = 8
    _done: dict[tuple[MapRecipe, Codec], Trial] = field(default_factory=dict, init=False)

    def of(self, recipe: MapRecipe, codec: Codec = "jpeg") -> Trial:
        """The trial of a recipe."""
        if (recipe, codec) not in self._done:
            self._done[recipe, codec] = self._tried(recipe, codec)
        return self._done[recipe, codec]

    def value(self, trial: Trial) -> float:
        """What the better of two trials has more of, in dB."""
        return min(trial.psnr, _ENOUGH_DB) - _DB_PER_DOUBLING * log2(self.base_bytes + trial.bytes)

    def climbed(self, recipes: Iterable[MapRecipe], codec: Codec = "jpeg") -> list[Trial]:
        """Trials in turn, each better than the one before, and the first that is not."""
        found: list[Trial] = []
        for recipe in recipes:
            found.append(self.of(recipe, codec))
            if len(found) > 1 and self.value(found[-1]) <= self.value(found[-2]):
                break
        return found

    def best(self, recipes: Iterable[MapRecipe], codec: Codec = "jpeg") -> Trial:
        """The best of the trials, the first of equals."""
        return max((self.of(recipe, codec) for recipe in recipes), key=self.value)

    def _tried(self, recipe: MapRecipe, codec: Codec) -> Trial:
        probe, bits = self.probe, self.bits if codec == self.codec else 8
        codes, metadata = compute_gain_map(
            probe.base,
            probe.alternate,
            alternate_headroom=self.headroom,
            scale=recipe.scale,
            channels=recipe.channels,
            offset=recipe.offset,
            outliers=recipe.outliers,
        )
        image = code_picture(with_bits(codes, 8, bits), codec, quality=recipe.quality, bits=bits)
        decoded = decode_coded_image(image)

        def shown(gain_map: GainMap) -> Score:
            return probe.score(apply_gain_map(probe.base, gain_map, metadata, headroom=self.headroom, bits=bits))

        ours = theirs = shown(decoded)
        if recipe.scale > 1:
            height, width = probe.base.shape[:2]
            theirs = shown(enlarged_by_inverse_distance(decoded, recipe.scale, height, width, bits=bits))
        return Trial(recipe, len(image.data) * self._bytes_for_one, ours, theirs)

    @cached_property
    def _bytes_for_one(self) -> float:
        """Bytes of a whole picture's map for one of the probe's: tiles that were drawn for what they cost are few."""
        probe, count = self.probe, len(self.probe.weights)
        if count == 1:
            return probe.enlargement
        codes, _ = compute_gain_map(probe.base, probe.alternate, alternate_headroom=self.headroom, scale=1, channels=1)
        tiles = np.split(codes, count)
        blank, *sizes = (
            len(code_picture(tile, "jpeg", quality=_QUALITIES[0]).data) for tile in (np.zeros_like(tiles[0]), *tiles)
        )
        own = np.array(sizes) - blank + 1
        return probe.enlargement * float(np.average(own, weights=probe.weights) / own.mean())


def choose_map(
    trials: MapTrials,
    *,
    scale: int | Literal["auto"],
    channels: int | Literal["auto"],
    quality: int | Literal["auto"],
) -> MapChoice:
    """The recipe that is best for a pair, of those with the scale, channels and quality that are given.

    What is open is chosen in turn: offset, range, channels, scale, quality. The same pair gives the same recipe.
    """
    start = MapRecipe(
        scale=_SCALES[0] if scale == "auto" else scale,
        channels=3 if channels == "auto" else channels,
        quality=_QUALITIES[0] if quality == "auto" else quality,
    )
    recipe = trials.best(replace(start, offset=offset) for offset in _OFFSETS).recipe
    recipe = trials.best(replace(recipe, outliers=outliers) for outliers in _OUTLIERS).recipe
    found = MapChoice(trials.of(recipe))
    if channels != 3:
        found = _with_channels(trials, found, is_open=channels == "auto")
    if scale == "auto":
        found = _with_scale(trials, found, _QUALITIES[-1] if quality == "auto" else quality)
    return _with_quality(trials, found) if quality == "auto" else found


def _with_channels(trials: MapTrials, found: MapChoice, *, is_open: bool) -> MapChoice:
    one, three = (trials.of(replace(found.best.recipe, channels=count)) for count in (1, 3))
    does = three.psnr - one.psnr <= _NO_LOSS.psnr or one.de_itp - three.de_itp <= _NO_LOSS.de_itp
    return found._replace(best=one if does or not is_open else three, one=one, three=three)


def _with_scale(trials: MapTrials, found: MapChoice, quality: int) -> MapChoice:
    """The best size, at the lowest quality where that is open: a large map of low quality beats a small one of high."""
    recipe = replace(found.best.recipe, quality=quality)
    sizes = trials.climbed(replace(recipe, scale=scale) for scale in _SCALES)
    best = max(sizes, key=trials.value)
    smaller = sizes[-1] if best is not sizes[-1] else None
    return found._replace(best=best, larger=best, smaller=smaller)


def _with_quality(trials: MapTrials, found: MapChoice) -> MapChoice:
    recipe, codec = found.best.recipe, trials.codec
    lower = trials.climbed((replace(recipe, quality=quality) for quality in _QUALITIES), codec)
    best = max(lower, key=trials.value)
    if best is lower[0]:
        best = trials.best((best.recipe, replace(recipe, quality=_HIGHEST)), codec)
    return found._replace(best=best)
