"""How bright a picture is, measured on its pixels: what a file says of its brightness is a claim."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from gainmap_codec.codec.decoding import best_rendition, preference
from gainmap_codec.codec.opening import OpenedFile, base_codes
from gainmap_codec.codec.rendering import STORED, render
from gainmap_codec.errors import GainMapError
from gainmap_codec.pixels.color.light import SDR_WHITE_NITS, Array
from gainmap_codec.pixels.hdr_image import HdrImage, RenderedFrom

_BAND_PIXELS = 1 << 24
"""Rendered at once: 200 MB."""
_ALWAYS_MEASURED, _PIXELS_A_BYTE = 1 << 24, 64
_SHARE = 0.999
_BLACK = 2.0**-12


@dataclass(frozen=True)
class Brightness:
    """How bright the pixels of a picture are, each by its largest channel in linear BT.2020.

    Stops are log2 over SDR white, which is 203 nits: below 0 for pixels that do not reach it, and at least -12.

    Attributes:
        peak_stops, peak_nits: Of the brightest pixel.
        percentile_stops, percentile_nits: The 99.9th percentile: one pixel in a thousand is brighter.
    """

    peak_stops: float
    peak_nits: float
    percentile_stops: float
    percentile_nits: float


@dataclass(frozen=True, eq=False)
class Measured:
    """What came of measuring a file.

    Attributes:
        opened: The file as it was used: with its spare gain map in place of one that is broken.
        kind: What was rendered, the whole of its HDR.
        brightness: None where nothing was measured.
        notes: Why not, or why a gain map was not used.
    """

    opened: OpenedFile
    kind: RenderedFrom
    brightness: Brightness | None = None
    notes: tuple[str, ...] = ()


def most_measured(file_bytes: int) -> int:
    """Pixels of the largest picture that is measured, so that a small file cannot ask for minutes of work.

    Photos have a byte for a few pixels; the flat picture of 268 megapixels in 3,250 bytes is nobody's photo.
    """
    return max(_ALWAYS_MEASURED, _PIXELS_A_BYTE * file_bytes)


def not_measured(opened: OpenedFile) -> Measured:
    """The file as `decode` would try to use it first."""
    return Measured(opened, preference(opened, "auto")[0])


def measure(opened: OpenedFile) -> Measured:
    """How bright the whole HDR rendition is that `decode` gives of a file."""
    file = opened.file
    images = [file.base, *(stored.image for stored in (file.gain_map, file.spare_gain_map) if stored)]
    pixels = max(image.width * image.height for image in images)
    if pixels > most_measured(len(opened.data)):
        note = f"brightness not measured: {pixels:,} pixels in a file of {len(opened.data):,} bytes"
        return replace(not_measured(opened), notes=(note,))
    try:
        return _measure(opened)
    except GainMapError as error:
        return replace(not_measured(opened), notes=(f"the picture cannot be decoded: {error}",))


def brightness_of(image: HdrImage) -> Brightness:
    """The same of an HDR picture."""
    height, width = image.pixels.shape[:2]
    pixels = _BrightPixels(height * width)
    pixels.add(image.convert("bt2020").pixels)
    return pixels.brightness()


def _measure(opened: OpenedFile) -> Measured:
    width, height = opened.file.base.width, opened.file.base.height
    rows = max(1, _BAND_PIXELS // width)
    if rows < height:
        opened = opened.with_codes(base_codes(opened.file.base, opened.name))
    bands = [replace(STORED, region=(0, top, width, min(rows, height - top))) for top in range(0, height, rows)]
    found = best_rendition(opened, bands[0], render)
    pixels = _BrightPixels(width * height)
    pixels.add(found.pixels)
    for band in bands[1:]:
        pixels.add(render(found.opened, found.kind, band))
    return Measured(found.opened, found.kind, pixels.brightness(), found.refusals)


class _BrightPixels:
    """The brightest pixels among so many, gathered band by band: enough of them for the percentile."""

    def __init__(self, count: int) -> None:
        position = (count - 1) * _SHARE
        self._kept = count - math.floor(position)
        self._between = position - math.floor(position)
        self._values = np.empty(0, np.float32)

    def add(self, pixels: Array) -> None:
        values = np.concatenate([self._values, pixels.max(axis=2).ravel()])
        surplus = max(0, values.size - self._kept)
        self._values = np.partition(values, surplus)[surplus:]

    def brightness(self) -> Brightness:
        """The percentile as `numpy.percentile` has it, between the two values next to it."""
        values = np.sort(self._values).astype(np.float64)
        percentile = float(np.interp(self._between, np.arange(len(values)), values))
        peak = float(values[-1])
        return Brightness(_stops(peak), _nits(peak), _stops(percentile), _nits(percentile))


def _stops(light: float) -> float:
    return math.log2(max(light, _BLACK))


def _nits(light: float) -> float:
    return SDR_WHITE_NITS * max(light, 0.0)
