"""How a picture's standard gain map is to be made, found by making it in several ways on a probe.

A way counts for what the worse of two readers shows: a bilinear one, as browsers and we are, and libultrahdr, which is
Android's. A file of twice the size has to buy 10 dB, more than the 6 that better coding of the base gives: maps are not
to mend the base. Beyond 50 dB nothing is bought. Colours come before bytes: three channels stay where one costs more
than the tolerance, whatever it saves, and where it saves nothing: one gain for all colours may swing the most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import log2
from typing import Literal, NamedTuple

import numpy as np

from gainmap_codec.files.records import Codec, CodedImage, GainMapMetadata
from gainmap_codec.pixels.color.light import AnyCodes, Array
from gainmap_codec.pixels.formats.coded_image import code_picture, decode_coded_image
from gainmap_codec.pixels.maps.gain_map import apply_gain_map, compute_gain_map
from gainmap_codec.pixels.maps.inverse_distance import enlarged_by_inverse_distance
from gainmap_codec.pixels.maps.probe import Probe
from gainmap_codec.pixels.rendition import Light

_DB_PER_DOUBLING = 10.0
_ENOUGH_DB = 50.0
_NO_LOSS_DB, _NO_LOSS_DE_ITP = 0.5, 0.2
"""One channel that costs less of either does."""
_AS_MANY = 1.05
_COLOURED_DB = 6.0
"""One channel that costs more at first is not looked at any further."""
_WARNED_DB = 3.0
_BANDED_SHARE = 0.01
_LEAST_TOLD_DB = 0.05  # a cost that rounds to less is no reason

_OFFSETS = (1 / 64, 1 / 512)  # the smaller tells more of dark pixels, and of their noise
_OUTLIERS = (0.1, 0.0)  # percent, of the lowest gains
_SCALES = (1, 2, 4, 8)
_QUALITIES = (60, 75, 90, 95)  # sizes are compared at the first: a large map of low quality beats a small one of high


@dataclass(frozen=True)
class MapRecipe:
    """A way to make a map: the first four as `compute_gain_map` takes them, the last as `code_picture` does."""

    scale: int = 1
    channels: int = 3
    offset: float = _OFFSETS[0]
    outliers: float = _OUTLIERS[0]
    quality: int = 90


class MapByRecipe(NamedTuple):
    """A map as it is coded, how to read it, and the code values that its readers get."""

    image: CodedImage
    metadata: GainMapMetadata
    decoded: AnyCodes


def map_by(
    recipe: MapRecipe, base: Light, alternate: Light, *, headrooms: tuple[float, float], codec: Codec, bits: int
) -> MapByRecipe:
    """The map that a recipe makes of two renditions in the same primaries.

    Args:
        headrooms: Of base and alternate, log2.
        bits: Depth of the map's code values.
    """
    codes, metadata = compute_gain_map(
        base,
        alternate,
        base_headroom=headrooms[0],
        alternate_headroom=headrooms[1],
        scale=recipe.scale,
        channels=recipe.channels,
        offset=recipe.offset,
        outliers=recipe.outliers,
        bits=bits,
    )
    image = code_picture(codes, codec, quality=recipe.quality, bits=bits)
    return MapByRecipe(image, metadata, decode_coded_image(image))


@dataclass(frozen=True)
class Trial:
    """What a recipe is worth.

    Attributes:
        recipe: The recipe.
        bytes: Of the whole picture's map, about.
        ours: PQ-PSNR in dB of what a bilinear reader shows.
        libultrahdr: The same of libultrahdr.
        measure_color: Gives `de_itp`, which few trials are asked for.
    """

    recipe: MapRecipe
    bytes: float
    ours: float
    libultrahdr: float
    measure_color: Callable[[], float] = field(compare=False, repr=False)

    @property
    def psnr(self) -> float:
        """PQ-PSNR in dB of the worse reader."""
        return min(self.ours, self.libultrahdr)

    @cached_property
    def de_itp(self) -> float:
        """Mean dE_ITP of the worse reader."""
        return self.measure_color()


class MapChoice(NamedTuple):
    """What was chosen, and what it was chosen from.

    Attributes:
        best: The trial of the recipe that was chosen.
        larger: Of the size that was taken, at some quality.
        smaller: Of half that width, which was refused; None where no smaller map was tried.
        one: Of one channel, beside `three`; None where nobody asked.
        three: Of three channels.
    """

    best: Trial
    larger: Trial
    smaller: Trial | None
    one: Trial | None = None
    three: Trial | None = None

    @property
    def one_channel_costs(self) -> float:
        """PQ-PSNR in dB that one channel costs against three, of what is seen."""
        return _seen(self.three) - _seen(self.one) if self.one and self.three else 0.0

    @property
    def told(self) -> str:
        """A line that tells what was chosen, and what else would have cost."""
        recipe = self.best.recipe
        count = "one channel" if recipe.channels == 1 else "three channels"
        line = f"{count} at {_width(recipe.scale)}, quality {recipe.quality}"
        costs = {}
        if recipe.channels == 3:
            costs["one channel"] = self.one_channel_costs
        if self.smaller:
            costs[_width(self.smaller.recipe.scale)] = _seen(self.larger) - _seen(self.smaller)
        reasons = [f"{what} would cost {cost:.1f} dB" for what, cost in costs.items() if cost >= _LEAST_TOLD_DB]
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


def _seen(trial: Trial) -> float:
    """PQ-PSNR in dB, as far as anybody sees it."""
    return min(trial.psnr, _ENOUGH_DB)


def _width(scale: int) -> str:
    names = {1: "full width", 2: "half the width", 4: "a quarter of the width", 8: "an eighth of the width"}
    return names.get(scale, f"1/{scale} of the width")


@dataclass(eq=False)
class MapTrials:
    """Where recipes are tried, each once.

    Attributes:
        probe: Of the pair.
        headrooms: Of base and alternate, log2.
        base_bytes: Of the base, for which the map is.
        codec: The map's in the end; what makes no difference to codecs is tried in JPEG, which is quick.
        bits: The map's in the end.
    """

    probe: Probe
    headrooms: tuple[float, float]
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
        return _seen(trial) - _DB_PER_DOUBLING * log2(self.base_bytes + trial.bytes)

    def climbed(self, recipes: Iterable[MapRecipe]) -> list[Trial]:
        """Trials in turn, each better than the one before, and the first that is not."""
        found: list[Trial] = []
        for recipe in recipes:
            found.append(self.of(recipe))
            if len(found) > 1 and self.value(found[-1]) <= self.value(found[-2]):
                break
        return found

    def numbered(self, recipe: MapRecipe, codec: Codec = "jpeg") -> Trial:
        """The recipe with the better of offsets, then of ranges."""
        offsets = (self.of(replace(recipe, offset=offset), codec) for offset in _OFFSETS)
        recipe = max(offsets, key=self.value).recipe
        ranges = (self.of(replace(recipe, outliers=outliers), codec) for outliers in _OUTLIERS)
        return max(ranges, key=self.value)

    def _tried(self, recipe: MapRecipe, codec: Codec) -> Trial:
        probe, bits = self.probe, self.bits if codec == self.codec else 8
        made = map_by(recipe, *self._renditions, headrooms=self.headrooms, codec=codec, bits=bits)

        def shown() -> Iterator[Array]:
            """By a bilinear reader and, where it is another picture, by libultrahdr."""
            yield apply_gain_map(probe.base, made.decoded, made.metadata, headroom=self.headrooms[1], bits=bits)
            if recipe.scale > 1:
                height, width = probe.base.shape[:2]
                wide = enlarged_by_inverse_distance(made.decoded, recipe.scale, height, width, bits=bits)
                yield apply_gain_map(probe.base, wide, made.metadata, headroom=self.headrooms[1], bits=bits)

        psnrs = [probe.psnr(each) for each in shown()]
        size = len(made.image.data) * self._bytes_for_one
        return Trial(recipe, size, psnrs[0], psnrs[-1], lambda: max(map(probe.de_itp, shown())))

    @property
    def _renditions(self) -> tuple[Light, Light]:
        return Light.of(self.probe.base), Light.of(self.probe.alternate)

    @cached_property
    def _bytes_for_one(self) -> float:
        """Bytes of a whole picture's map for one of the probe's: tiles that were drawn for what they cost are few."""
        probe, count = self.probe, len(self.probe.weights)
        if count == 1:
            return probe.enlargement
        base_headroom, headroom = self.headrooms
        codes, _ = compute_gain_map(
            *self._renditions, base_headroom=base_headroom, alternate_headroom=headroom, scale=1, channels=1
        )
        tiles = np.split(codes, count)
        blank, *sizes = (len(code_picture(tile, "jpeg", quality=90).data) for tile in (np.zeros_like(tiles[0]), *tiles))
        own = np.array(sizes) - blank + 1
        return probe.enlargement * float(np.average(own, weights=probe.weights) / own.mean())


def shows_bands(probe: Probe, headrooms: tuple[float, float]) -> bool:
    """Whether a map of 8 bits would show bands, by its rounding alone, in one part of a picture in a hundred.

    Args:
        headrooms: Of base and alternate, log2.
    """
    renditions = Light.of(probe.base), Light.of(probe.alternate)
    base_headroom, headroom = headrooms
    _, metadata = compute_gain_map(
        *renditions, base_headroom=base_headroom, alternate_headroom=headroom, scale=1, channels=3
    )
    widest = max(float(each.gain_map_max) - float(each.gain_map_min) for each in metadata.channels)
    return probe.banded(widest / (2 * 255)) >= _BANDED_SHARE


def choose_map(
    trials: MapTrials,
    *,
    scale: int | Literal["auto"],
    channels: int | Literal["auto"],
    quality: int | Literal["auto"],
) -> MapChoice:
    """The recipe that is best for a pair, of those with the scale, channels and quality that are given.

    The same pair gives the same recipe.
    """
    scales = _SCALES if scale == "auto" else (scale,)
    qualities = _QUALITIES if quality == "auto" else (quality,)
    first = trials.numbered(MapRecipe(scales[0], 3 if channels == "auto" else channels, quality=qualities[0]))
    if channels == "auto":
        return _of_either(trials, trials.of(replace(first.recipe, channels=1)), first, scales, qualities)
    found = _searched(trials, first, scales, qualities)
    if channels == 3:
        return found
    three = trials.of(replace(found.best.recipe, channels=3), trials.codec)
    return found._replace(one=found.best, three=three)


def _of_either(
    trials: MapTrials, one: Trial, three: Trial, scales: Sequence[int], qualities: Sequence[int]
) -> MapChoice:
    """The best of one channel where that does and is smaller, else of three; both are looked for only where the first
    look leaves it open: what a base has lost by coding has colours, too, which smaller maps leave out."""
    if _does(one, three):
        of_one = _searched(trials, one, scales, qualities)
        if _saves(of_one.best, trials.of(replace(of_one.best.recipe, channels=3), trials.codec)):
            return of_one._replace(one=one, three=three)
    of_three = _searched(trials, three, scales, qualities)
    if three.psnr - one.psnr > _COLOURED_DB:
        return of_three._replace(one=one, three=three)
    of_one = _searched(trials, one, scales, qualities)
    is_one = _does(of_one.best, of_three.best) and _saves(of_one.best, of_three.best)
    found = of_one if is_one else of_three
    return found._replace(one=of_one.best, three=of_three.best)


def _does(one: Trial, three: Trial) -> bool:
    return three.psnr - one.psnr <= _NO_LOSS_DB or one.de_itp - three.de_itp <= _NO_LOSS_DE_ITP


def _saves(one: Trial, three: Trial) -> bool:
    """Whether one channel takes no more bytes than three, or hardly more, as of greys that codecs tell as three."""
    return one.bytes <= _AS_MANY * three.bytes


def _searched(trials: MapTrials, start: Trial, scales: Sequence[int], qualities: Sequence[int]) -> MapChoice:
    """The best from a recipe on: its size, then its quality, then its offset and range once more.

    The first size is tried at every quality as well: a wide range is coarse at the quality that sizes are compared at.
    """
    sizes = trials.climbed(replace(start.recipe, scale=scale) for scale in scales)
    some = dict.fromkeys((sizes[0], max(sizes, key=trials.value)))
    recipes = (replace(size.recipe, quality=quality) for size in some for quality in qualities)
    best = max((trials.of(recipe, trials.codec) for recipe in recipes), key=trials.value)
    place = next(n for n, size in enumerate(sizes) if size.recipe.scale == best.recipe.scale)
    best = trials.numbered(best.recipe, trials.codec)
    return MapChoice(best, sizes[place], sizes[place + 1] if place + 1 < len(sizes) else None)
