"""Compiled loops (native/*.c) on C-contiguous arrays, whose shapes and types the caller has checked.

They run without the interpreter lock, on the thread that calls them, and start none of their own.
"""

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
