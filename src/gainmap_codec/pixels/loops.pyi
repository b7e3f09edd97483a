"""Compiled loops (native/*.c) on C-contiguous arrays, whose shapes and types the caller has checked.

They run without the interpreter lock, on the thread that calls them, and start none of their own.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels.color.light import Array

def outputs_of(
    features: Array,
    first: Array,
    second: Array,
    third: Array,
    out: Array,
    rows: int,
    inputs: int,
    columns: int,
    neurons: int,
    outputs: int,
    /,
) -> None:
    """Outputs of a network of two hidden layers with ReLU, float32 (rows, outputs, columns), into `out`.

    Features are float32 (rows, inputs, columns), at least 32 columns; each layer (inputs + 1, outputs), the
    biases last. At most 256 neurons and 3 outputs.
    """

def pq_codes(linear: Array, out: Array, /) -> None:
    """PQ codes of linear light (1.0 = SDR white; clipped to 0…10 000 nits), float32 of one size, into `out`."""

def pq_squares(one: Array, other: Array, /) -> float:
    """The sum of squared differences of the PQ codes of two pictures of linear light, float32 of one size."""

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
