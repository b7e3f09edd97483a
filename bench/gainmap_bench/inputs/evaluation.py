"""The pictures that are measured, and how: PQ-PSNR and dE_ITP on a fixed draw of pixels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainmap_bench.inputs.metrics import delta_e_itp, ictcp
from gainmap_codec.codec.decoding import preference
from gainmap_codec.codec.opening import OpenedFile, open_file
from gainmap_codec.codec.options import EncodeOptions
from gainmap_codec.codec.pairing import HdrSource, Pair, SdrSource, make_pair
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import sniff
from gainmap_codec.files.payload.layout import IDENTITY
from gainmap_codec.files.records import AppleMetadata, GainMapChannel, GainMapMetadata
from gainmap_codec.pixels.color.light import Array, pq_encode
from gainmap_codec.pixels.formats.images import decode_jpeg
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.maps.one_gain import OneGain
from gainmap_codec.pixels.maps.working_grid import WorkingGrid
from gainmap_codec.pixels.raster.resampling import bilinear_taps
from gainmap_codec.pixels.scene import grade_scene, render_scene

Kind = Literal["photo", "graded", "local"]


def plain_pair(hdr: HdrSource, sdr: SdrSource | None = None, *, icc_profile: bytes | None = None) -> Pair:
    """A pair as `encode` makes it: bases that are missing become JPEGs in sRGB. What is odd is passed over."""
    return make_pair(hdr, sdr, EncodeOptions(icc_profile=icc_profile), [])


SAMPLES = 1 << 22
"""Measured pixels of larger pictures. For six maps each of five photos of 12 megapixels the PQ-PSNR was within 0.008 dB
of the whole picture's (other draws: 0.023 dB; 2^20 pixels: 0.04 dB)."""

_COLOR_SAMPLES = 1 << 17  # dE_ITP takes ten times as long as PQ-PSNR, and is a mean, not a mean of squares


@dataclass(frozen=True, eq=False)
class OwnMap:
    """The gain map that a photo came with, and that its HDR rendition is made of.

    Attributes:
        gains: log2, float32 (h, w, C), C in {1, 3}.
        base_offset: Linear.
        alternate_offset: Linear.
    """

    gains: Array
    base_offset: float
    alternate_offset: float

    def applied(self, pair: Pair) -> Array:
        """The HDR rendition that it makes of a pair's base, linear BT.2020, float32 (H, W, 3)."""
        height, width = pair.codes.shape[:2]
        rows, columns = bilinear_taps(height, self.gains.shape[0]), bilinear_taps(width, self.gains.shape[1])
        gains = rows.interpolate(columns.interpolate(self.gains, axis=1), axis=0)
        offsets = np.float32(self.base_offset), np.float32(self.alternate_offset)
        linear = (pair.color.linearize(pair.codes) + offsets[0]) * np.exp2(gains) - offsets[1]
        return np.asarray(pair.color.convert_to_bt2020(np.maximum(linear, 0)), np.float32)


@dataclass(frozen=True, eq=False)
class BenchPair:
    """A pair under measurement.

    Attributes:
        name: As tables show it.
        kind: "photo": its HDR rendition is a base and the gain map of a camera; "local": its base was tone-mapped
            locally by us; "graded": anything else.
        pair: The renditions.
        own_map: A photo's map, where no numbers of it are odd.
    """

    name: str
    kind: Kind
    pair: Pair
    own_map: OwnMap | None

    @cached_property
    def digest(self) -> str:
        """Names the content: 16 hexadecimal digits over base, its colour and HDR rendition."""
        content = hashlib.blake2b(digest_size=8)
        for array in (self.pair.codes, self.pair.color.to_bt2020, self.pair.hdr):
            content.update(np.ascontiguousarray(array).tobytes())
        return content.hexdigest()


def load_pair(hdr: Path, sdr: Path | None, *, longest_side: int | None = None) -> BenchPair:
    """Read a pair.

    Args:
        hdr: The HDR picture; without `sdr` a gain-map photo keeps its base, and any other is tone-mapped.
        sdr: The SDR picture, or None.
        longest_side: As for `reduced`.
    Raises:
        GainMapError, ValueError, OSError: As `make_pair`.
    """
    pair = plain_pair(hdr, sdr)
    opened = _opened_photo(hdr) if sdr is None else None
    if opened is None:
        return reduced(BenchPair(hdr.stem, "graded", pair, None), longest_side)
    return reduced(BenchPair(hdr.stem, "photo", pair, _own_map(opened)), longest_side)


def reduced(pair: BenchPair, longest_side: int | None) -> BenchPair:
    """The same pair for a quick look: averaged to so many pixels along the longer side, where it has more.

    The base is coded anew. A photo's HDR rendition is then the new base and the photo's map, averaged likewise.
    """
    renditions = pair.pair
    height, width = renditions.codes.shape[:2]
    if longest_side is None or max(height, width) <= longest_side:
        return pair
    part = longest_side / max(height, width)
    codes = np.rint(_averaged(renditions.codes, part)).astype(np.uint8)
    image = HdrImage(_averaged(renditions.hdr, part), "bt2020", renditions.headroom)
    small = plain_pair(image, codes, icc_profile=renditions.file.base.icc_profile)
    if renditions.color.name != small.color.name:  # a colour that no file says is that of codes as they are
        small = small._replace(codes=codes, color=renditions.color)
    if pair.own_map is None:
        return BenchPair(pair.name, pair.kind, small, None)
    own = replace(pair.own_map, gains=_averaged(pair.own_map.gains, part))
    offsets = own.base_offset, own.alternate_offset
    gain = OneGain(own.gains, *offsets) if own.gains.shape[2] == 1 else None
    return BenchPair(pair.name, pair.kind, small._replace(hdr=own.applied(small), gain=gain, offsets=offsets), own)


def _averaged(values: NDArray[Any], part: float) -> Array:
    """Means (h, w, C) of (H, W, C), whose sides are this part."""
    height, width = values.shape[:2]
    grid = max(round(height * part), 1), max(round(width * part), 1)
    return WorkingGrid.over(grid, height, width, IDENTITY).average(values)


def scene_pair(width: int = 1536, height: int = 1024) -> BenchPair:
    """The demonstration's scene, tone-mapped: a pair that needs no file."""
    return BenchPair("scene", "graded", plain_pair(HdrImage(render_scene(width, height))), None)


def graded_scene(width: int = 1536, height: int = 1024) -> BenchPair:
    """The bundled scene and its SDR look, which differ in colour."""
    light = render_scene(width, height)
    return BenchPair("scene, graded", "graded", plain_pair(HdrImage(light), grade_scene(light)), None)


def _opened_photo(path: Path) -> OpenedFile | None:
    data = path.read_bytes()
    return open_file(data, str(path), Limits()) if sniff(data) == "jpeg" else None


def _own_map(opened: OpenedFile) -> OwnMap | None:
    """The map that the HDR rendition was made with, where it works in the base's primaries and with one offset."""
    stored = opened.file.gain_map
    if stored is None or isinstance(stored.metadata, AppleMetadata):
        return None
    if preference(opened, "auto")[0] != "standard" or not _is_plain(stored.metadata, stored.image.icc_profile):
        return None
    codes = decode_jpeg(stored.image.data)
    planes = codes[..., np.newaxis] if codes.ndim == 2 else codes
    numbers = stored.metadata.channels
    count = max(planes.shape[2], len(numbers))
    gains = [_gains(planes[..., i % planes.shape[2]], numbers[i % len(numbers)]) for i in range(count)]
    return OwnMap(np.stack(gains, axis=2), float(numbers[0].base_offset), float(numbers[0].alternate_offset))


def _is_plain(metadata: GainMapMetadata, icc_profile: bytes | None) -> bool:
    offsets = {(float(channel.base_offset), float(channel.alternate_offset)) for channel in metadata.channels}
    brightens = float(metadata.alternate_hdr_headroom) > float(metadata.base_hdr_headroom)
    return brightens and len(offsets) == 1 and (metadata.use_base_colour_space or icc_profile is None)


def _gains(codes: NDArray[np.uint8], numbers: GainMapChannel) -> Array:
    low, high = float(numbers.gain_map_min), float(numbers.gain_map_max)
    encoded = np.arange(256, dtype=np.float32) / np.float32(255)
    table = encoded ** np.float32(1 / float(numbers.gamma)) * np.float32(high - low) + np.float32(low)
    return np.asarray(table[codes], dtype=np.float32)


class Score(NamedTuple):
    """PQ-PSNR in dB and mean dE_ITP."""

    psnr: float
    de_itp: float


class Evaluation:
    """How renditions of a pair are measured: on one random pixel in each of 2^22 equal parts of the raster.

    A picture of no more pixels is measured whole. dE_ITP is measured on every n-th of the pixels, 2^17 at least.

    Attributes:
        shape: Rows and columns of the raster.
        rows: Of the measured pixels, int64 (N,), ascending.
        columns: Of the same pixels, int64 (N,).
        color: What the base's code values mean.
        base: Linear light of the base in its own primaries, float32 (N, 3).
        base_bt2020: The same in BT.2020.
        base_pq: BT.2020 PQ codes of the base, float32 (N, 3).
    """

    def __init__(self, pair: Pair, *, samples: int = SAMPLES, seed: int = 0) -> None:
        height, width = pair.codes.shape[:2]
        self.shape = height, width
        count = min(samples, height * width)
        within = np.random.default_rng(seed).random(count) if count < height * width else np.zeros(count)
        flat = ((np.arange(count) + within) * (height * width / count)).astype(np.int64)
        self.rows, self.columns = flat // width, flat % width
        self.color = pair.color
        self.base = pair.color.linearize(pair.codes[self.rows, self.columns])
        self.base_bt2020 = pair.color.convert_to_bt2020(self.base)
        self.base_pq = pq_encode(self.base_bt2020)
        self._reference = pq_encode(pair.hdr[self.rows, self.columns])
        self._every = max(count // _COLOR_SAMPLES, 1)
        self._reference_ictcp = ictcp(self._reference[:: self._every])

    def score(self, pq: Array) -> Score:
        """The quality of a rendition.

        Args:
            pq: Its BT.2020 PQ codes at the measured pixels, float32 (N, 3) in [0, 1].
        """
        error = float(np.mean(np.square(pq - self._reference, dtype=np.float64)))
        psnr = float("inf") if error == 0 else -10 * float(np.log10(error))
        difference = delta_e_itp(ictcp(pq[:: self._every]), self._reference_ictcp)
        return Score(psnr, float(np.mean(difference)))

    def score_picture(self, linear: Array) -> Score:
        """The quality of a whole rendition, linear BT.2020, float32 (H, W, 3); 1.0 = SDR white."""
        return self.score(pq_encode(linear[self.rows, self.columns]))
