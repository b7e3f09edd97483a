"""What the qualities of base pictures cost and give in each container, as eyes see it (SSIMULACRA2) and by PSNR."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from time import process_time
from typing import NamedTuple

import numpy as np
from PIL import Image

from gainmap_bench.inputs.metrics import psnr_of_codes
from gainmap_codec.codec.opening import open_source
from gainmap_codec.errors import Limits
from gainmap_codec.files.records import CODECS, Container
from gainmap_codec.pixels.color.light import AnyCodes, with_bits
from gainmap_codec.pixels.formats.coded_image import code_picture, decode_coded_image
from gainmap_codec.pixels.raster.resizing import resize_codes

Setting = tuple[Container, int, int]
"""A container, a quality as its encoder counts, and bits, which are 8 of the photos themselves."""

SETTINGS: tuple[Setting, ...] = (
    ("jpeg", 92, 8),
    *(("heic", 65, bits) for bits in (8, 10)),
    *(("avif", quality, 8) for quality in (85, 90, 92, 94, 95)),
    *(("avif", quality, 10) for quality in (80, 85, 90)),
    ("jxl", 95, 8),
)
SIDE = 896
_HEADER = ("| | kB | PSNR, dB | SSIMULACRA2 | lowest | CPU seconds |", "| --- | --- | --- | --- | --- | --- |")


class _Found(NamedTuple):
    size: int
    psnr: float
    score: float
    seconds: float


def quality_rows(photos: Iterable[Path], settings: Sequence[Setting] = SETTINGS, side: int = SIDE) -> Iterator[str]:
    """Markdown rows: means over the middles of photos at half their size, in 4:4:4; CPU seconds are of coding.

    The package ssimulacra2 (PyPI) has to be installed.
    """
    pictures = [_middle(photo, side) for photo in photos]
    yield from _HEADER
    for setting in settings:
        container, quality, bits = setting
        found = [_coded(codes, setting) for codes in pictures]
        size, psnr, score, seconds = np.mean(found, axis=0)
        lowest = min(each.score for each in found)
        name = f"{container} {quality}, {bits} bits"
        yield f"| {name} | {size / 1000:.0f} | {psnr:.1f} | {score:.1f} | {lowest:.1f} | {seconds:.2f} |"


def _middle(photo: Path, side: int) -> AnyCodes:
    """Of a photo's base at half its size, uint8 (side, side, 3) or what there is."""
    opened = open_source(photo, Limits())
    codes = with_bits(opened.codes, opened.file.base.bits, 8)
    half = resize_codes(codes, codes.shape[1] // 2, codes.shape[0] // 2, opened.color.curves)
    top, left = (max(length - side, 0) // 2 for length in half.shape[:2])
    return half[top : top + side, left : left + side]


def _coded(codes: AnyCodes, setting: Setting) -> _Found:
    from ssimulacra2 import compute_ssimulacra2  # type: ignore[import-not-found]

    container, quality, bits = setting
    start = process_time()
    image = code_picture(with_bits(codes, 8, bits), CODECS[container], quality=quality, bits=bits, chroma="4:4:4")
    seconds = process_time() - start
    decoded = with_bits(decode_coded_image(image), bits, 8)
    score = compute_ssimulacra2(_png(codes), _png(decoded))
    return _Found(len(image.data), psnr_of_codes(decoded, codes), float(score), seconds)


def _png(codes: AnyCodes) -> io.BytesIO:
    stream = io.BytesIO()
    Image.fromarray(codes).save(stream, "PNG", compress_level=1)
    return stream
