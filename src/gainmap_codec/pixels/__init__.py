"""NumPy arrays in, NumPy arrays out. No torch."""

from importlib.util import find_spec

if find_spec("gainmap_codec.pixels.loops") is None:
    raise ImportError(
        "gainmap_codec: expected its compiled loops, got none: install a wheel, or build it with a C compiler"
    )
