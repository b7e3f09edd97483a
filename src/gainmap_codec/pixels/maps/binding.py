"""The soft binding: a fingerprint of a base that survives re-encoding and resizing, and refuses other pictures.

64 bytes: 8×8 means of luma at 6 bits, then 4×4 means of Cb and of Cr at 4 bits, of the stored raster, most significant
bit first. Thresholds: docs/codec.md, "Binding", with the measurement.

Aspect ratio is not part of it: the network works in normalised coordinates, so a stretched base is still its base, and
a crop moves the means.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels.color.light import AnyCodes, Array
from gainmap_codec.pixels.raster.geometry import turned
from gainmap_codec.pixels.raster.resampling import box_average

_LUMA_GRID, _CHROMA_GRID = 8, 4
_LUMA_STEP = 4.0  # code values
_CHROMA_STEP = 8.0  # code values; the means of photographs lie within ±60 of grey
_MAX_LUMA, _MEAN_LUMA, _MAX_CHROMA = 4.0, 0.6, 1.0  # code values


class _Planes(NamedTuple):
    luma: Array
    cb: Array
    cr: Array


def soft_fingerprint(codes: AnyCodes, white: int = 256) -> bytes:
    """The 64 bytes of a base.

    Args:
        codes: Code values of the stored raster, (H, W, 3).
        white: How many code values there are: 2^bits. Means count in 8-bit codes.
    """
    planes = _means(codes, white)
    luma = np.floor(planes.luma / _LUMA_STEP).clip(0, 63).astype(np.uint8)
    chroma = np.floor(np.stack([planes.cb, planes.cr]) / _CHROMA_STEP + 8).clip(0, 15).astype(np.uint8)
    return _packed(luma, chroma)


def turned_fingerprint(fingerprint: bytes, turn: int) -> bytes:
    """The fingerprint of a base that was turned by an EXIF orientation."""
    luma, (cb, cr) = _unpacked(fingerprint)
    return _packed(turned(luma, turn), np.stack([turned(cb, turn), turned(cr, turn)]))


def _packed(luma: NDArray[np.uint8], chroma: NDArray[np.uint8]) -> bytes:
    """The bytes of codes: luma (8, 8), chroma (2, 4, 4)."""
    bits = (
        np.unpackbits(luma.reshape(-1, 1), axis=1)[:, 2:],
        np.unpackbits(chroma.reshape(-1, 1), axis=1)[:, 4:],
    )
    return np.packbits(np.concatenate([part.ravel() for part in bits])).tobytes()


def _unpacked(fingerprint: bytes) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The codes in the bytes: luma (8, 8), chroma (2, 4, 4)."""
    bits = np.unpackbits(np.frombuffer(fingerprint, dtype=np.uint8))
    cells = _LUMA_GRID**2 * 6
    luma = bits[:cells].reshape(-1, 6) @ (1 << np.arange(6, dtype=np.uint8)[::-1])
    chroma = bits[cells:].reshape(-1, 4) @ (1 << np.arange(4, dtype=np.uint8)[::-1])
    return luma.reshape(_LUMA_GRID, _LUMA_GRID), chroma.reshape(2, _CHROMA_GRID, _CHROMA_GRID)


def fingerprint_distance(codes: AnyCodes, fingerprint: bytes, white: int = 256) -> tuple[float, float, float]:
    """How far a base is from a fingerprint, in code values: largest and mean luma, largest chroma difference.

    The distance of a mean is counted from its quantisation interval, so an unchanged base is at 0.
    """
    return _distance(_means(codes, white), fingerprint)


def _distance(planes: _Planes, fingerprint: bytes) -> tuple[float, float, float]:
    luma, chroma = _unpacked(fingerprint)
    near = _outside(planes.luma, luma.astype(np.float64) * _LUMA_STEP, _LUMA_STEP)
    far = np.stack([planes.cb, planes.cr]).clip(-8 * _CHROMA_STEP, 8 * _CHROMA_STEP - 1)
    tint = _outside(far, (chroma.astype(np.float64) - 8) * _CHROMA_STEP, _CHROMA_STEP)
    return float(near.max()), float(near.mean()), float(tint.max())


def is_bound(codes: AnyCodes, fingerprint: bytes, white: int = 256) -> bool:
    """Whether a base is the fingerprint's own, re-encoded or resized perhaps."""
    return _is_near(_means(codes, white), fingerprint)


def find_turn(codes: AnyCodes, fingerprint: bytes, white: int = 256) -> int | None:
    """The EXIF orientation by which the fingerprint's own base was turned to become this one, or None for another base.

    1, as it was, wins where a picture looks the same either way.
    """
    planes = _means(codes, white)
    return next((turn for turn in range(1, 9) if _is_near(planes, turned_fingerprint(fingerprint, turn))), None)


def _is_near(planes: _Planes, fingerprint: bytes) -> bool:
    luma, mean, chroma = _distance(planes, fingerprint)
    return luma <= _MAX_LUMA and mean <= _MEAN_LUMA and chroma <= _MAX_CHROMA


def _outside(values: Array, start: NDArray[np.float64], size: float) -> NDArray[np.float64]:
    """Distance of each value from its interval."""
    return np.maximum(np.maximum(start - values, values - (start + size)), 0)


def _means(codes: AnyCodes, white: int) -> _Planes:
    """Means over the grids, in code values, of BT.601 luma and of Cb and Cr around 0."""
    strips = (np.moveaxis(codes[r : r + 256], 2, 1).astype(np.float32) for r in range(0, len(codes), 256))
    columns = np.concatenate([box_average(strip, _LUMA_GRID) for strip in strips])
    rgb = box_average(np.ascontiguousarray(columns.T), _LUMA_GRID).T  # (rows, 3, columns)
    rgb = rgb * np.float32(256 / white)
    luma = np.einsum("ycx,c->yx", rgb, (0.299, 0.587, 0.114))
    half = rgb.reshape(_CHROMA_GRID, 2, 3, _CHROMA_GRID, 2).mean(axis=(1, 4))
    coarse = np.einsum("ycx,c->yx", half, (0.299, 0.587, 0.114))
    return _Planes(luma, (half[:, 2] - coarse) / 1.772, (half[:, 0] - coarse) / 1.402)
