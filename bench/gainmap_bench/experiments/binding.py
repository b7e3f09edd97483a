"""What edits do to the soft binding's fingerprint: the figures its thresholds were set from."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from itertools import permutations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from gainmap_codec.files.records import Codec
from gainmap_codec.pixels.color.light import srgb_decode
from gainmap_codec.pixels.formats.coded_image import code_picture, decode_coded_image
from gainmap_codec.pixels.maps.binding import find_turn, fingerprint_distance, soft_fingerprint
from gainmap_codec.pixels.raster.resizing import resize_codes

_SMALL_SIDE = 256  # px, of pictures that are compared with all others
_LONGEST_SIDE = 2048  # px; the fingerprint does not care, the time does


def binding_rows(pictures: Iterable[Path]) -> Iterator[str]:
    """Markdown rows: edit; largest over pictures of the largest and of the mean distance; accepted of tried, as turned.

    The last row is about every other picture: smallest distances, and how many are taken for one that they are not.
    """
    opened = [_open(path) for path in pictures]
    yield "| edit | max | mean | accepted | turned |"
    yield "| --- | --- | --- | --- | --- |"
    for name, edit in _EDITS.items():
        distances: list[tuple[float, float]] = []
        turns: list[int | None] = []
        for picture in opened:
            fingerprint = soft_fingerprint(np.asarray(picture))
            codes = np.asarray(edit(picture).convert("RGB"))
            distances.append(fingerprint_distance(codes, fingerprint))
            turns.append(find_turn(codes, fingerprint))
        yield _row(name, np.max(distances, axis=0), turns)
    small = [np.asarray(picture.resize((_SMALL_SIDE, _SMALL_SIDE), Image.Resampling.BOX)) for picture in opened]
    others = [(one, soft_fingerprint(other)) for one, other in permutations(small, 2)]
    nearest = np.min([fingerprint_distance(*pair) for pair in others], axis=0) if others else np.zeros(2)
    yield _row("another picture", nearest, [find_turn(*pair) for pair in others])


def _row(name: str, distances: NDArray[np.float64], turns: list[int | None]) -> str:
    numbers = " | ".join(f"{value:.2f}" for value in distances)
    turned = sum(turn is not None and turn > 1 for turn in turns)
    return f"| {name} | {numbers} | {turns.count(1)} of {len(turns)} | {turned} |"


def _open(path: Path) -> Image.Image:
    picture = Image.open(path).convert("RGB")
    picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.BOX)
    return picture


def _coded(quality: int) -> Callable[[Image.Image], Image.Image]:
    def edit(picture: Image.Image) -> Image.Image:
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=quality)
        return Image.open(stream)

    return edit


def _coded_as(kind: str, quality: int) -> Callable[[Image.Image], Image.Image]:
    """By our own writers of HEIC and AVIF."""

    def edit(picture: Image.Image) -> Image.Image:
        codec: Codec = "hevc" if kind == "HEIC" else "av1"
        return Image.fromarray(decode_coded_image(code_picture(np.asarray(picture), codec, quality=quality, bits=8)))

    return edit


def _resized(part: float) -> Callable[[Image.Image], Image.Image]:
    """As `gainmap_codec.resize` does it: means of light."""
    curves = np.stack([srgb_decode(np.arange(256, dtype=np.float32) / np.float32(255))] * 3)

    def edit(picture: Image.Image) -> Image.Image:
        width, height = (max(round(side * part), 1) for side in picture.size)
        return Image.fromarray(resize_codes(np.asarray(picture), width, height, curves))

    return edit


def _smaller(factor: int) -> Callable[[Image.Image], Image.Image]:
    def edit(picture: Image.Image) -> Image.Image:
        size = max(picture.width // factor, 1), max(picture.height // factor, 1)
        return picture.resize(size, Image.Resampling.LANCZOS)

    return edit


def _left_cut(part: float) -> Callable[[Image.Image], Image.Image]:
    return lambda picture: picture.crop((int(picture.width * part), 0, picture.width, picture.height))


def _gamma(exponent: float) -> Callable[[Image.Image], Image.Image]:
    return lambda picture: picture.point([round(255 * (v / 255) ** exponent) for v in range(256)] * 3)


_EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "none": lambda picture: picture,
    **{f"JPEG quality {q}": _coded(q) for q in (90, 75, 50, 30)},
    **{f"resized to 1/{f}": _smaller(f) for f in (2, 4, 8)},
    **{f"{kind} quality {q}": _coded_as(kind, q) for kind in ("HEIC", "AVIF") for q in (90, 50)},
    **{f"`resize` to {part:g}": _resized(part) for part in (0.5, 0.25, 0.125, 1.5)},
    **{f"gamma {g}": _gamma(g) for g in (1.05, 1.1)},
    "brightness +5 %": lambda picture: ImageEnhance.Brightness(picture).enhance(1.05),
    "saturation +20 %": lambda picture: ImageEnhance.Color(picture).enhance(1.2),
    "saturation +50 %": lambda picture: ImageEnhance.Color(picture).enhance(1.5),
    **{f"{part:.0%} cut off the left": _left_cut(part) for part in (0.01, 0.02, 0.05)},
    "mirrored": lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "turned by 90°": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "turned by 180°": lambda picture: picture.transpose(Image.Transpose.ROTATE_180),
    "turned by 90°, JPEG quality 50": lambda picture: _coded(50)(picture.transpose(Image.Transpose.ROTATE_90)),
}
