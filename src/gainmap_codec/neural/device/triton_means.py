"""Means of code values over the cells of a working grid, by Triton: code values are read once, means written once."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

_COLUMNS = 128  # cells of a program, one for each thread
_WARPS = 4


def means_fused(
    codes: Tensor, down: Tensor, down_shares: Tensor, across: Tensor, across_shares: Tensor, out: Tensor
) -> None:
    """Means of windows.

    Args:
        codes: Code values (H, W, 3), integers; a transposed view will do.
        down: Rows of the windows' pixels, int64 (steps, rows): the first of each, the second, and so on.
        down_shares: How much of a mean each is, float32 (steps, rows).
        across: The same of columns, (steps, columns).
        across_shares: Likewise.
        out: Where the means go, float32 (rows, columns, 3), contiguous.
    """
    rows, columns = out.shape[:2]
    with torch.cuda.device_of(out):  # type: ignore[no-untyped-call]
        _means[triton.cdiv(columns, _COLUMNS), rows](
            out,
            codes,
            down.contiguous(),
            down_shares.contiguous(),
            across.contiguous(),
            across_shares.contiguous(),
            rows=rows,
            columns=columns,
            down_steps=len(down),
            across_steps=len(across),
            row_stride=codes.stride(0),
            column_stride=codes.stride(1),
            COLUMNS=_COLUMNS,
            num_warps=_WARPS,
        )


@triton.jit(do_not_specialize=("rows", "columns", "down_steps", "across_steps", "row_stride", "column_stride"))
def _means(
    out: tl.tensor,
    codes: tl.tensor,
    down: tl.tensor,
    down_shares: tl.tensor,
    across: tl.tensor,
    across_shares: tl.tensor,
    rows: tl.int32,
    columns: tl.int32,
    down_steps: tl.int32,
    across_steps: tl.int32,
    row_stride: tl.int64,
    column_stride: tl.int64,
    COLUMNS: tl.constexpr,
) -> None:
    row = tl.program_id(1)
    column = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    here = column < columns
    red = tl.zeros((COLUMNS,), tl.float32)
    green = tl.zeros((COLUMNS,), tl.float32)
    blue = tl.zeros((COLUMNS,), tl.float32)
    for i in range(down_steps):
        line = codes + tl.load(down + i * rows + row) * row_stride
        share = tl.load(down_shares + i * rows + row)
        for j in range(across_steps):
            place = line + tl.load(across + j * columns + column, mask=here, other=0) * column_stride
            part = tl.load(across_shares + j * columns + column, mask=here, other=0) * share
            red += tl.load(place, mask=here, other=0).to(tl.float32) * part
            green += tl.load(place + 1, mask=here, other=0).to(tl.float32) * part
            blue += tl.load(place + 2, mask=here, other=0).to(tl.float32) * part
    place = out + (row.to(tl.int64) * columns + column) * 3
    tl.store(place, red, mask=here)
    tl.store(place + 1, green, mask=here)
    tl.store(place + 2, blue, mask=here)
