"""What edits do to the soft binding's fingerprint: the figures its thresholds were set from."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from gainmap_codec.pixels.binding import fingerprint_distance, is_bound, soft_fingerprint

_LONGEST_SIDE = 2048  # px; the fingerprint does not care, the time does


def binding_rows(pictures: Iterable[Path]) -> Iterator[str]:
    """Markdown rows: edit; largest over pictures of luma, mean luma and chroma distance; accepted of tried."""
    opened = [_open(path) for path in pictures]
    yield "| edit | luma max | luma mean | chroma max | accepted |"
    yield "| --- | --- | --- | --- | --- |"
    for name, edit in _EDITS.items():
        distances, accepted = [], 0
        for picture in opened:
            fingerprint = soft_fingerprint(np.asarray(picture))
            codes = np.asarray(edit(picture).convert("RGB"))
            distances.append(fingerprint_distance(codes, fingerprint))
            accepted += is_bound(codes, fingerprint)
        worst = " | ".join(f"{value:.1f}" for value in np.max(distances, axis=0))
        yield f"| {name} | {worst} | {accepted} of {len(opened)} |"


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
    **{f"gamma {g}": _gamma(g) for g in (1.05, 1.1)},
    "brightness +5 %": lambda picture: ImageEnhance.Brightness(picture).enhance(1.05),
    "saturation +20 %": lambda picture: ImageEnhance.Color(picture).enhance(1.2),
    "saturation +50 %": lambda picture: ImageEnhance.Color(picture).enhance(1.5),
    **{f"{part:.0%} cut off the left": _left_cut(part) for part in (0.01, 0.02, 0.05)},
    "mirrored": lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "turned by 180°": lambda picture: picture.transpose(Image.Transpose.ROTATE_180),
}
