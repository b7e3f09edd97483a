"""The fused kernel: residual, inverse and colour of each pixel, from code values to light, in one pass by Triton.

A program makes some rows of some columns. What belongs to a column stays in registers while it goes down the rows;
tables and the grid's residual come from the caches, so that memory sees code values once and the result once.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from gainmap_codec.neural.device.pixels import GridResidual, Matrix, PixelStage
from gainmap_codec.pixels.color.light import PQ_C1, PQ_C2, PQ_C3, PQ_M1, PQ_M2, PQ_PEAK
from gainmap_codec.pixels.maps.residual import BRIGHTEST, EPSILON, LEAST_DIVISOR, MAX_GAIN

_COLUMNS, _ROWS, _WARPS = 128, 8, 4  # of a program: a thread has one pixel of each row

# Numbers of this module that the kernel may see.
_PQ_M1, _PQ_M2, _PQ_C1, _PQ_C2, _PQ_C3 = (tl.constexpr(number) for number in (PQ_M1, PQ_M2, PQ_C1, PQ_C2, PQ_C3))
_PEAK, _E = tl.constexpr(PQ_PEAK), tl.constexpr(EPSILON)
_MOST_GAIN, _MOST_LIGHT = tl.constexpr(float(MAX_GAIN)), tl.constexpr(float(BRIGHTEST))
_LEAST_DIVISOR = tl.constexpr(LEAST_DIVISOR)

_WHAT_CHANGES_WITH_THE_SIZE = ("height", "width", "start", "down", "across", "step_down", "step_across", "entries")


def render_fused(stage: PixelStage, codes: Tensor, residual: GridResidual, out: Tensor) -> None:
    """As `pixels.render_strips`, of the family "multiscale" and a base that is not HLG.

    Compiled once for each domain, number of outputs, depth and type of the result, whatever the size.
    """
    network, (height, width) = stage.network, out.shape[:2]
    rows, columns = stage.offsets()
    with torch.cuda.device_of(out):  # type: ignore[no-untyped-call]
        _render[triton.cdiv(width, _COLUMNS), triton.cdiv(height, _ROWS)](
            out,
            codes,
            stage.curves,
            residual.values,
            *residual.down,
            *residual.across,
            to_maths=_floats(stage.to_maths),
            from_maths=_floats(stage.from_maths),
            weight=float(stage.weight),
            base_offset=network.base_offset,
            alternate_offset=network.alternate_offset,
            height=height,
            width=width,
            start=int(rows[0] + columns[0]),
            down=int(rows[-1] - rows[0]) // max(height - 1, 1),
            across=int(columns[-1] - columns[0]) // max(width - 1, 1),
            step_down=residual.values.stride(0),
            step_across=residual.values.stride(1),
            entries=stage.curves.shape[1],
            DOMAIN=network.domain,
            IS_WHOLE=stage.weight == 1 or network.domain == "log2_gain",
            CHANNELS=network.layers[-1].outputs,
            ROWS=_ROWS,
            COLUMNS=_COLUMNS,
            num_warps=_WARPS,
        )


def _floats(matrix: Matrix) -> tuple[float, ...]:
    return tuple(map(float, matrix.flatten()))


@triton.jit(do_not_specialize=_WHAT_CHANGES_WITH_THE_SIZE)
def _render(
    out: tl.tensor,
    codes: tl.tensor,
    curves: tl.tensor,
    residual: tl.tensor,
    down_first: tl.tensor,
    down_second: tl.tensor,
    down_fraction: tl.tensor,
    across_first: tl.tensor,
    across_second: tl.tensor,
    across_fraction: tl.tensor,
    to_maths: tl.tuple,
    from_maths: tl.tuple,
    weight: tl.float32,
    base_offset: tl.float32,
    alternate_offset: tl.float32,
    height: tl.int32,
    width: tl.int32,
    start: tl.int64,
    down: tl.int64,
    across: tl.int64,
    step_down: tl.int64,
    step_across: tl.int64,
    entries: tl.int32,
    DOMAIN: tl.constexpr,
    IS_WHOLE: tl.constexpr,
    CHANNELS: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
) -> None:
    column = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    inside = column < width
    left = residual + tl.load(across_first + column, mask=inside, other=0).to(tl.int64) * step_across
    right = residual + tl.load(across_second + column, mask=inside, other=0).to(tl.int64) * step_across
    fraction = tl.load(across_fraction + column, mask=inside, other=0)
    codes += (start + column.to(tl.int64) * across) * 3
    for step in tl.static_range(ROWS):
        row = tl.program_id(1) * ROWS + step
        here = column < tl.where(row < height, width, 0)
        at = tl.minimum(row, height - 1)  # what is beyond is made like the last row, and not written
        upper = tl.load(down_first + at).to(tl.int64) * step_down
        lower = tl.load(down_second + at).to(tl.int64) * step_down
        part = tl.load(down_fraction + at)
        pixel = codes + at.to(tl.int64) * down * 3
        red = _light(curves, pixel, here, entries)
        green = _light(curves + entries, pixel + 1, here, entries)
        blue = _light(curves + 2 * entries, pixel + 2, here, entries)
        red, green, blue = _transformed(red, green, blue, to_maths)
        f = _between(left, right, upper, lower, fraction, part, here)
        red = _hdr_of(red, f, weight, base_offset, alternate_offset, DOMAIN, IS_WHOLE)
        if CHANNELS == 3:
            f = _between(left + 1, right + 1, upper, lower, fraction, part, here)
        green = _hdr_of(green, f, weight, base_offset, alternate_offset, DOMAIN, IS_WHOLE)
        if CHANNELS == 3:
            f = _between(left + 2, right + 2, upper, lower, fraction, part, here)
        blue = _hdr_of(blue, f, weight, base_offset, alternate_offset, DOMAIN, IS_WHOLE)
        red, green, blue = _transformed(red, green, blue, from_maths)
        place = out + (row.to(tl.int64) * width + column) * 3
        tl.store(place, red.to(out.dtype.element_ty), mask=here)
        tl.store(place + 1, green.to(out.dtype.element_ty), mask=here)
        tl.store(place + 2, blue.to(out.dtype.element_ty), mask=here)


@triton.jit
def _light(curve: tl.tensor, code: tl.tensor, here: tl.tensor, entries: tl.tensor) -> tl.tensor:
    """Linear light of code values."""
    return tl.load(curve + tl.minimum(tl.load(code, mask=here, other=0).to(tl.int32), entries - 1))


@triton.jit
def _transformed(red: tl.tensor, green: tl.tensor, blue: tl.tensor, m: tl.tuple) -> tl.tuple:
    """Three channels multiplied by a matrix (3, 3)."""
    return (
        red * m[0] + green * m[1] + blue * m[2],
        red * m[3] + green * m[4] + blue * m[5],
        red * m[6] + green * m[7] + blue * m[8],
    )


@triton.jit
def _between(
    left: tl.tensor,
    right: tl.tensor,
    upper: tl.tensor,
    lower: tl.tensor,
    across: tl.tensor,
    down: tl.tensor,
    here: tl.tensor,
) -> tl.tensor:
    """The residual between four cells."""
    top, bottom = tl.load(left + upper, mask=here, other=0), tl.load(left + lower, mask=here, other=0)
    top += (tl.load(right + upper, mask=here, other=0) - top) * across
    bottom += (tl.load(right + lower, mask=here, other=0) - bottom) * across
    return top + (bottom - top) * down


@triton.jit
def _hdr_of(
    base: tl.tensor,
    f: tl.tensor,
    weight: tl.float32,
    kb: tl.float32,
    ka: tl.float32,
    DOMAIN: tl.constexpr,
    IS_WHOLE: tl.constexpr,
) -> tl.tensor:
    """As native/render.c, of one channel and of both offsets."""
    if DOMAIN == "log2_gain":
        hdr = (base + kb) * tl.exp2(tl.minimum(f * weight, _MOST_GAIN)) - ka
        return tl.minimum(tl.maximum(hdr, 0), _MOST_LIGHT)
    y = _power(tl.minimum(tl.maximum(base * (1 / _PEAK), 0), 1), _PQ_M1)
    s = _power((y * _PQ_C2 + _PQ_C1) / (y * _PQ_C3 + 1), _PQ_M2)
    if DOMAIN == "pq_gain":
        h = (s + _E) * f - _E
    elif DOMAIN == "pq_gamma":
        h = tl.exp2(f * tl.log2(s + _E)) - _E
    else:
        h = s + f
    p = _power(tl.minimum(tl.maximum(h, 0), 1), 1 / _PQ_M2)
    hdr = _power(tl.maximum(p - _PQ_C1, 0) / (p * -_PQ_C3 + _PQ_C2), 1 / _PQ_M1) * _PEAK
    if IS_WHOLE:
        return hdr
    base += kb
    ratio = _power((hdr + ka) / tl.maximum(base, _LEAST_DIVISOR), weight)
    ratio = tl.where(weight > 0, ratio, 1)  # black to the power of 0 would be no number
    return tl.maximum(base * ratio - ka, 0)


@triton.jit
def _power(values: tl.tensor, exponent: tl.tensor) -> tl.tensor:
    """Values >= 0 to a positive power."""
    return tl.exp2(tl.log2(values) * exponent)
