"""The coded picture of a neural gain map: what the network leaves of the residual, or all of it, as an AV1 picture.

A network follows what the base shows, latents and details what is smooth. A map has edges and grain of its own, too,
and for these nothing that we know beats a picture codec.
"""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gainmap_codec.errors import FormatError
from gainmap_codec.files.heif.bare_av1 import BareFrame, avif_of, bare_frame
from gainmap_codec.files.payload.latents import cells
from gainmap_codec.files.payload.records import CodedPicture, NeuralGainMap
from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.formats.decoding import coding, decode_av1, decoding
from gainmap_codec.pixels.maps.working_grid import WorkingGrid

Codes = NDArray[np.uint8]

FINEST = 63
"""The best quality of a picture."""

_WHERE = "neural payload's picture"
_SMALLEST_EXPONENT = -100


def picture_codes(network: NeuralGainMap, picture: CodedPicture) -> Codes:
    """The codes of a network's picture, uint8 (h, w, 1 or 3), decoded by dav1d or libaom.

    Raises:
        FormatError: It cannot be decoded.
    """
    rows, columns = (cells(side, picture.level) for side in network.grid)
    shape = rows, columns, network.layers[-1].outputs
    with decoding(_WHERE, "AV1"):
        found = decode_av1(avif_of(BareFrame(picture.tools, picture.frame), columns, rows, shape[2]))
    if found.dtype != np.uint8 or found.size != math.prod(shape) or found.shape[:2] != shape[:2]:
        raise FormatError(_WHERE, f"expected uint8 {shape}, got {found.dtype} {found.shape}")
    return found.reshape(shape)


def picture_values(network: NeuralGainMap, picture: CodedPicture) -> Array:
    """What a network's picture adds to the residual, float32 (h, w, 1 or 3), before it is enlarged.

    Raises:
        FormatError: As `picture_codes`.
    """
    return _values(picture, picture_codes(network, picture).astype(np.float32))


def _values(picture: CodedPicture, codes: Array) -> Array:
    """What codes stand for, in place."""
    codes -= np.float32(picture.zero)
    codes *= np.float32(2.0 ** (picture.step_exponent / 4))
    return codes


class PictureOnGrid:
    """A network's picture over the parts of a grid."""

    def __init__(self, network: NeuralGainMap, picture: CodedPicture, grid: WorkingGrid) -> None:
        """Decodes it.

        Raises:
            FormatError: As `picture_codes`.
        """
        self._picture, self._codes = picture, picture_codes(network, picture)
        self._down, self._across = grid.rows.level_taps(picture.level), grid.columns.level_taps(picture.level)

    def add_to(self, residual: Array, start: int) -> None:
        """Add it to the residual of rows from `start` on, float32 (rows, C, columns)."""
        taps = self._down.part(slice(start, start + len(residual)))
        lines, below = (self._codes[places].astype(np.float32) for places in (taps.first, taps.second))
        lines += (below - lines) * taps.fraction[:, np.newaxis, np.newaxis]
        residual += np.swapaxes(self._across.interpolate(_values(self._picture, lines), axis=1), 1, 2)


def code_residual(values: Array, level: int, *, quality: int, speed: int) -> CodedPicture:
    """Code the cells of a level, float32 (h, w, 1 or 3) in units of the residual.

    Args:
        quality: 0…63: 63 less libaom's quantizer.
        speed: 0 (smallest) … 10 (quickest).
    Raises:
        UnsupportedError: The encoder cannot code it.
    """
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    exponent = max(math.ceil(4 * math.log2(max(high - low, 2.0**-30) / 255)), _SMALLEST_EXPONENT)
    step = 2.0 ** (exponent / 4)
    zero = min(max(round(-low / step), 0), 255)
    codes = np.clip(np.rint(values / np.float32(step)) + zero, 0, 255).astype(np.uint8)
    frame = _coded(codes, quality, speed)
    return CodedPicture(level, zero, exponent, frame.tools, frame.data)


def _coded(codes: Codes, quality: int, speed: int) -> BareFrame:
    """By Pillow: of the encoders at hand the only one that lets libaom be tuned, and that loses of grey what it may."""
    channels, stream = codes.shape[2], io.BytesIO()
    with coding("AV1"):
        Image.fromarray(codes[..., 0] if channels == 1 else codes).save(
            stream,
            "AVIF",
            quality=round(quality * 100 / FINEST),  # of libavif's 100, only these differ
            speed=speed,
            codec="aom",
            subsampling="4:0:0" if channels == 1 else "4:4:4",
            max_threads=1,
            advanced={"tune": "psnr"},  # libavif's own choice, "iq", takes 4…12 % more bytes for the same PSNR
        )
        return bare_frame(stream.getvalue(), channels)
