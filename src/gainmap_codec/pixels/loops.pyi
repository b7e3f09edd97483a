"""Compiled loops (native/*.c) on C-contiguous arrays, whose shapes and types the caller has checked.

They run without the interpreter lock, on the thread that calls them, and start none of their own.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels.color.light import Array

Places = NDArray[np.intp]
Level = tuple[Array, Places, Places, Array]
"""Cells enlarged across, float32 (cells down, C, columns); of each row, which two rows of them it lies between, and how
near it is to the second: as `raster.resampling.Taps`."""

Inputs = tuple[NDArray[Any], float, Array, Array, int, tuple[Level, ...], tuple[Level, ...], tuple[Level, ...]]
"""What a network of the family "multiscale" sees (docs/format.md, "Features").

    cells: (rows, columns, 3), of any strides, uint8, uint16 or float32, means of code values
    scale: value · scale − 1 is in −1…1
    x, y: float32 (columns,) and (rows,), doubled already
    octaves: of the colours
    levels of three channels, doubled already; latents and details of one channel; 64 in all, at most
"""

Enlarging = tuple[Array, Places, Places, Array, Places | None, Places | None, Array | None]
"""Gains, float32 (cells down, C, cells across), C in {1, 3}; taps of the rows; of the columns, or three times None."""

def pq_codes(linear: Array, out: Array, /) -> None:
    """PQ codes of linear light (1.0 = SDR white; clipped to 0…10 000 nits), float32 of one size, into `out`."""

def pq_squares(one: Array, other: Array, /) -> float:
    """The sum of squared differences of the PQ codes of two pictures of linear light, float32 of one size."""

def light_ratios(bright: Array, dark: Array, channel: int, offset: float, most: float, out: Array, /) -> None:
    """Ratios of the light of two pictures, float32 (n, 3), each clipped to 0…most and raised by an offset.

    Of one channel, or of the largest of the three where that is 3, into `out`, float32 (n,).
    """

def single_gains(
    hdr: Array, base: Array, base_offset: float, alternate_offset: float, gains: Array, weights: Array, /
) -> float:
    """The log2 gain for all channels that costs the least squared PQ error, and what its squared errors cost.

    Renditions are linear BT.2020, float32 (n, 3), what comes out float32 (n,) each. Weights are slopes of PQ, squared;
    black that no gain can change costs nothing. Returns the sum over pixels of mean squared PQ errors that it leaves.
    """

# The fit's (neural/fit): native/fit.h says how points, networks and errors lie in memory.

def fit_outputs(*arguments: Any) -> None:
    """Outputs of a network, float32 (outputs, stride), into `out`.

    Args: first, second, third, features, fields, added, out; inputs, latents, neurons, outputs, stride, count.

    Layers are (inputs + latents + 1, neurons), (neurons + 1, neurons) and (neurons + 1, outputs), at most 64 neurons
    and 3 outputs; features (inputs, stride), fields (latents, stride), what is added to every output (stride,) or (0,):
    all float32. The stride is a multiple of 32, `count` the number of points.
    """

def fit_slopes(*arguments: Any) -> None:
    """Slopes of the outputs by a feature whose weights are `row`, float32 (neurons,), into `out`.

    Args: those of `fit_outputs`, with row before out.
    """

def fit_form(*arguments: Any) -> None:
    """Adds the Gauss–Newton form of `size` weights from `start` on: curvature, float32 (size, size), and pull, (size,).

    Args: first, second, third, features, fields, added, left, slope, curvature, pull; inputs, latents, neurons,
        outputs, stride, count, start, size.

    Left and slope are float32 (outputs, stride); size is a multiple of 32. Of the curvature, blocks on and above the
    diagonal are added to; where there are fewer weights, nothing is.
    """

def fit_left(
    wanted: Array,
    base: Array,
    output: Array,
    left: Array,
    slope: Array,
    kind: int,
    outputs: int,
    shift: float,
    scale: float,
    stride: int,
    count: int,
    /,
) -> float:
    """What is left of an error, and the slope of that, into arrays like `output`; returns the sum of its squares.

    As of `Points`: wanted float32 (outputs, stride), base (1 or 3, stride); kind as in `neural.fit.points.KINDS`.
    """

def fit_enlarge(
    values: Array,
    down_cells: NDArray[np.int32],
    down_shares: Array,
    across_cells: NDArray[np.int32],
    across_shares: Array,
    out: Array,
    columns: int,
    adds: bool,
    /,
) -> None:
    """A level's cells, float32 (rows, columns), at points, into `out` or added to it: see `neural.fit.points.Side`.

    At most 1024 columns.
    """

def fit_shrink(
    left: Array,
    right: Array,
    down_cells: NDArray[np.int32],
    down_shares: Array,
    across_cells: NDArray[np.int32],
    across_shares: Array,
    out: Array,
    channels: int,
    stride: int,
    rows: int,
    columns: int,
    /,
) -> None:
    """The transpose of enlarging, of Σ left · right, float32 (channels, stride), into `out`, (rows, columns)."""

def fit_take_off(
    slope: Array,
    values: Array,
    down_cells: NDArray[np.int32],
    down_shares: Array,
    across_cells: NDArray[np.int32],
    across_shares: Array,
    left: Array,
    channels: int,
    stride: int,
    columns: int,
    /,
) -> None:
    """Takes slope · enlarged values off what is left, float32 (channels, stride); at most 1024 columns."""

def fit_cheapest(
    values: Array,
    pull: Array,
    curvature: Array,
    bits: Array,
    classes: NDArray[np.uint8],
    out: Array,
    rows: int,
    columns: int,
    size: int,
    parity: int,
    largest: float,
    /,
) -> int:
    """Changes of a parity's cells to what is cheapest, into `out`, float32 (rows, columns); returns how many change.

    Bits are float32 (classes, size); values are whole and smaller than `size`.
    """

def fit_moments(
    features: Array, sums: NDArray[np.float64], products: NDArray[np.float64], count: int, stride: int, /
) -> None:
    """Sums of features, float32 (count, stride), and of their products."""

def fit_steps(*arguments: Any) -> None:
    """Adam's steps: values, means and squares, float32, change; `costs`, float64, says what each cost.

    Args: features, wanted, base, row cells and shares, column cells and shares, mixing, details, rates, grids, steps,
        parts, values, means, squares, costs; inputs, latents, neurons, outputs, stride, count, rows, columns, down,
        across, kind, shift, scale, bytes of a bit over bytes per dB, largest weight, floor
        of the squared error.

    Planes are float32 (batches, n, stride), cells and shares (levels, down or across, 2, rows or columns), mixing
    (inputs + latents + 1,) twice, grids int64 (levels, 2), steps int64 (steps, 7), parts of the rates (steps,). How
    values lie: native/fit_steps.c.
    """

def fit_factorize(form: NDArray[np.float64], size: int, /) -> bool:
    """The upper triangle of a symmetric matrix, (size, size), becomes U, form = Uᵀ·U; False where there is none."""

def fit_solve(factor: NDArray[np.float64], values: NDArray[np.float64], /) -> None:
    """`values` become x with Uᵀ·U·x = values, of a factor as `fit_factorize` leaves it."""

def fit_round(
    factor: NDArray[np.float64], values: NDArray[np.float64], missed: NDArray[np.float64], most: float, /
) -> None:
    """`values` become integers of at most `most`, the last first; each makes up for what those before it `missed`."""

def window_means(
    values: NDArray[Any], down: NDArray[np.float64], across: NDArray[np.float64], line: Array, out: Array, /
) -> None:
    """Means of uint8, uint16 or float32 (H, W, C), of any strides, into float32 (rows, columns, C).

    Increasing edges within the picture, rows + 1 and columns + 1; `line` is room for W · C values.
    """

def features_of(inputs: Inputs, out: Array, start: int, /) -> None:
    """Features of rows from `start` on, float32 (rows, F, columns); at most 128 of them."""

def residual_of(
    inputs: Inputs, first: Array, second: Array, third: Array, scale: float, shift: float, out: Array, start: int, /
) -> None:
    """The residual of rows of the grid from `start` on, float32 (rows, outputs, columns).

    Layers (inputs + 1, outputs), the biases last: 128 features, 256 neurons and 3 outputs at most. What they give is
    clamped to −1…1, then scaled and shifted.
    """

def published_residual(
    base: Array,
    color_shift: float,
    color_scale: float,
    octaves: int,
    by_row: Array,
    by_column: Array,
    first: Array,
    second: Array,
    third: Array,
    scale: float,
    shift: float,
    out: Array,
    /,
) -> None:
    """The residual of the family "published", float32 (H, outputs, W), of linear BT.2020, float32 (H, W, 3).

    Tables of what position adds to the first layer: (H, neurons) and (neurons, W). Layers (inputs + 1, outputs), the
    first of the colours' features; at most 15 octaves and 256 neurons.
    """

def render(
    base: NDArray[Any],
    curves: Array | None,
    luma: Array | None,
    gamma: float,
    to_maths: Array | None,
    way: int,
    weight: float,
    brightest: float,
    offsets: Array,
    gains: Enlarging | None,
    from_maths: Array | None,
    lines: Array | None,
    out: Array,
    /,
) -> None:
    """Rows of a rendition; `pixels.rendition` tells of the arguments.

    `base` is uint8 or uint16 (H, W, 3) of any strides with the light of each code value, `curves`, float32
    (3, entries); or linear float32 without. `out` is float32 (H, W, 3) with the channels of a pixel side by side.
    `lines` is room for 2 · C · W values where columns are enlarged.
    """

def elementary(function: int, values: Array, out: Array, /) -> None:
    """2^x, log2 x, sin πx, cos πx, the PQ code of light, the light of a PQ code: 0 to 5, float32 of the same size."""
