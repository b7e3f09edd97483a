"""From code values to light on a torch device, strip by strip in plain torch: `maps.neural_map.render_into`.

Pixels are made in the order in which they are written, whichever way the picture is turned: rows of the result are
contiguous, and what is read follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainmap_codec.files.payload.records import NeuralGainMap
from gainmap_codec.neural.device.grid import DeviceTaps
from gainmap_codec.pixels.color.base_color import BT2020_LUMA
from gainmap_codec.pixels.color.light import pq_decode, pq_encode
from gainmap_codec.pixels.maps.residual import BRIGHTEST, LEAST_DIVISOR, MAX_GAIN, inverse_residual
from gainmap_codec.pixels.raster.geometry import Window, turned

Matrix = NDArray[np.float64]

_STRIP = 1 << 20  # pixels at a time


class Places(NamedTuple):
    """Where the pixels of a result lie in the stored raster.

    Attributes:
        y: Stored row of each row of the result, intp (h,); where it is turned, of each column, (w,).
        x: Stored column of each column of the result, intp (w,); where it is turned, of each row, (h,).
        is_turned: Rows of the result run along columns of the raster.
    """

    y: NDArray[np.intp]
    x: NDArray[np.intp]
    is_turned: bool

    @classmethod
    def of(cls, size: tuple[int, ...], orientation: int, window: Window) -> Places:
        """Of a window of a raster of `size`, height and width, that was turned by an EXIF orientation."""
        top, left, height, width = window
        y, x = (
            turned(each, orientation)[top : top + height, left : left + width]
            for each in np.broadcast_arrays(*np.ogrid[: size[0], : size[1]])
        )
        return cls(y[0], x[:, 0], True) if orientation in (5, 6, 7, 8) else cls(y[:, 0], x[0], False)

    def down_and_across(self, along_y: NDArray[Any], along_x: NDArray[Any]) -> list[NDArray[Any]]:
        """What there is for each row of the result, and for each column, of what there is along y and along x."""
        return [along_x, along_y] if self.is_turned else [along_y, along_x]


class Residual(Protocol):
    """The residual of a result's pixels."""

    def at(self, rows: slice, base: Tensor) -> Tensor:
        """Of some rows, float32 (h, w, 1 or 3), whose linear BT.2020 base is given (h, w, 3)."""


class GridResidual(NamedTuple):
    """The family "multiscale": the residual of the working grid, enlarged.

    Attributes:
        values: Float32 (R, K, 1 or 3); R runs down the result, whichever way the grid lies.
        down: How the result's rows lie over R.
        across: How its columns lie over K.
    """

    values: Tensor
    down: DeviceTaps
    across: DeviceTaps

    def at(self, rows: slice, base: Tensor) -> Tensor:
        """See `Residual`."""
        return self.across.interpolate(self.down.interpolate(self.values, 0, rows), 1)


@dataclass(frozen=True, eq=False)
class PixelStage:
    """All that makes the pixels of a result, but the base.

    Attributes:
        network: The neural gain map.
        places: The pixels wanted.
        width: Of the stored raster.
        curves: Linear light of each code value, float32 (3, 2^bits), on the device.
        system_gamma: As in `BaseColor`.
        to_maths: From the base's primaries to those in which the residual is applied.
        from_maths: From there to the result's.
        to_bt2020: From the base's primaries.
        weight: How far to go to the HDR rendition, 0…1.
    """

    network: NeuralGainMap
    places: Places
    width: int
    curves: Tensor
    system_gamma: float
    to_maths: Matrix
    from_maths: Matrix
    to_bt2020: Matrix
    weight: float

    def offsets(self) -> list[NDArray[Any]]:
        """Rows and columns of the result as pixels of the raster: pixel (i, j) is number `rows[i] + columns[j]`."""
        return self.places.down_and_across(self.places.y * self.width, self.places.x)


def render_strips(stage: PixelStage, codes: Tensor, residual: Residual, out: Tensor) -> None:
    """Make the pixels of a result.

    Args:
        stage: What makes them.
        codes: The base's code values, (H, W, 3), integers, stored raster, contiguous.
        residual: Of the result's pixels.
        out: The result, (h, w, 3), float32 or float16, contiguous.
    """
    down, across = (torch.from_numpy(each.copy()).to(out.device) for each in stage.offsets())
    pixels, entries = codes.reshape(-1, 3), stage.curves.shape[1]
    each_curve = torch.arange(3, device=out.device) * entries
    step = max(1, _STRIP // out.shape[1])
    for start in range(0, out.shape[0], step):
        rows = slice(start, min(start + step, out.shape[0]))
        here = pixels[down[rows, None] + across].long().clamp_(max=entries - 1)
        linear = stage.curves.flatten()[here + each_curve]
        if stage.system_gamma != 1:
            luma = _transformed(linear, BT2020_LUMA.astype(np.float64)[None] @ stage.to_bt2020)
            linear = linear * luma.clamp_(min=0) ** (stage.system_gamma - 1)
        base = _transformed(linear, stage.to_maths)
        hdr = _hdr_of(stage.network, residual.at(rows, base), base, stage.weight)
        out[rows] = _transformed(hdr, stage.from_maths)


def _transformed(pixels: Tensor, matrix: Matrix) -> Tensor:
    """Pixels (..., 3) multiplied by a matrix (n, 3): not as a product, which a device may take in ten bits (TF32)."""
    channels = pixels.unbind(-1)
    return torch.stack([sum(c * float(m) for c, m in zip(channels, row, strict=True)) for row in matrix], -1)  # type: ignore[misc]


def _hdr_of(network: NeuralGainMap, residual: Tensor, base: Tensor, weight: float) -> Tensor:
    """As native/render.c."""
    kb, ka = network.base_offset, network.alternate_offset
    if network.domain == "log2_gain":
        factors = torch.exp2((residual * weight).clamp_(max=float(MAX_GAIN)))
        return ((base + kb) * factors - ka).clamp_(0, float(BRIGHTEST))
    hdr: Tensor = pq_decode(inverse_residual(network.domain, residual, pq_encode(base, torch), torch), torch)
    if weight == 1:
        return hdr
    ratio = (hdr + ka) / (base + kb).clamp_(min=LEAST_DIVISOR)
    return ((base + kb) * ratio**weight - ka).clamp_(min=0)
