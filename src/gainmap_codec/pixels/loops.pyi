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
