"""HDR renditions as torch tensors that stay where they were made, for who goes on computing there.

>>> from gainmap_codec import tensors
>>> tensors.decode.__name__
'decode'
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

from gainmap_codec.api import check_decode_options, decode_opened
from gainmap_codec.codec.opening import open_file
from gainmap_codec.codec.rendering import Wanted, neural_tensor, preference
from gainmap_codec.errors import GainMapWarning
from gainmap_codec.neural.device.transfer import to_device
from gainmap_codec.pixels.formats.sources import Source, read_source

if TYPE_CHECKING:
    from torch import Tensor


def decode(source: Source, *, device: str = "cuda", **options: Any) -> Tensor:
    """As `gainmap_codec.decode`, with the pixels left on a device.

    A neural gain map is rendered there, of code values that are uploaded; what comes from a standard map or the base
    alone is rendered on the CPU and uploaded. Work may still be under way on the current stream.

    Args:
        source: A path, bytes or a binary file.
        device: "cuda" or "cuda:N"; "cpu" for a tensor in main memory.
        options: As in `gainmap_codec.decode`, but for `out`: `headroom`, `color_space`, `region`, `dtype` …
    Returns:
        Linear light, (H, W, 3), contiguous, 1.0 = SDR white = 203 nits, in `color_space`; float32 or float16.
    Raises:
        GainMapError, ValueError, TypeError, OSError: As `gainmap_codec.decode`.
    Warns:
        GainMapWarning: As `gainmap_codec.decode`.
    """
    o = check_decode_options({"device": device, **options, "out": None})
    opened = open_file(*read_source(source, o["limits"]), o["limits"], is_rendered=True)
    notes = opened.warnings
    if preference(opened, o["prefer"])[0] == "neural" and opened.neural:
        headroom = math.inf if o["headroom"] is None else o["headroom"]
        turn = opened.file.orientation if o["orientation"] == "upright" else 1
        wanted = Wanted(o["color_space"], o["region"], o["dtype"])
        pixels = neural_tensor(opened, opened.neural, headroom, o["device"], turn, wanted)
    else:
        image = decode_opened(opened, o)
        pixels, notes = to_device(image.pixels, o["device"]), image.warnings
    for note in notes:
        warnings.warn(note, GainMapWarning, stacklevel=2)
    return pixels
