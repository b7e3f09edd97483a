"""What a neural gain map is worth at half the size, beside one that is fitted to the small pair."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from gainmap_codec.api import decode, encode, resize
from gainmap_codec.codec.encoding import encode_with_report
from gainmap_codec.codec.options import EncodeOptions
from gainmap_codec.errors import GainMapWarning, Limits
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.pixels.color.light import Array, pq_psnr
from gainmap_codec.pixels.hdr_image import HdrImage


def resizing_rows(photos: Iterable[Path], quality: int) -> Iterator[str]:
    """Markdown rows: picture; PQ-PSNR of the whole, of the half resized, of a fit to the half; the difference.

    The half's HDR rendition is the mean light of 2 × 2 pixels of the whole one's; both networks have the same base.
    """
    yield "| picture | whole dB | half, resized dB | half, fitted anew dB | difference |"
    yield "| --- | --- | --- | --- | --- |"
    for photo in photos:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GainMapWarning)
            hdr = decode(photo, orientation="stored", prefer="standard")
            neural = encode(photo, carry="neural")
            whole = pq_psnr(_neural(neural), hdr.pixels)
            half = _half(hdr.pixels)
            upright = decode(photo).pixels.shape
            small = resize(neural, (upright[1] // 2, upright[0] // 2), quality=quality)
            resized = pq_psnr(_neural(small), half)
            base = serialize_file(parse_file(small, photo.name, Limits()).without_gain_maps(), [])
            image = HdrImage(half, headroom=hdr.headroom)
            anew = encode_with_report(image, base, EncodeOptions(carry="neural")).neural_psnr
            assert anew is not None
            numbers = " | ".join(f"{value:.2f}" for value in (whole, resized, anew))
            yield f"| {photo.stem} | {numbers} | {resized - anew:+.2f} |"


def _neural(data: bytes) -> Array:
    return decode(data, orientation="stored", prefer="neural").pixels


def _half(pixels: Array) -> Array:
    height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
    cells = pixels[: 2 * height, : 2 * width].reshape(height, 2, width, 2, 3)
    return np.asarray(cells.mean(axis=(1, 3)), np.float32)
