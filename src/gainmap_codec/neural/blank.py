"""What every fit starts from: a record without a picture."""

from __future__ import annotations

from gainmap_codec.files.payload.layout import SOFT_BYTES, STRICT_BYTES
from gainmap_codec.files.payload.records import Binding, Family, NeuralGainMap, Preset

OFFSET = 1 / 64  # as in the standard map


def empty_record(preset: Preset, family: Family) -> NeuralGainMap:
    """A record with nothing of a picture: no layers, no range, no headroom, no binding."""
    return NeuralGainMap(
        preset=preset,
        family=family,
        domain="pq_gamma",
        position_octaves=0,
        color_octaves=0,
        layers=(),
        residual_shift=0.0,
        residual_scale=1.0,
        base_hdr_headroom=0.0,
        alternate_hdr_headroom=0.0,
        base_offset=OFFSET,
        alternate_offset=OFFSET,
        binding=Binding(bytes(STRICT_BYTES), bytes(SOFT_BYTES)),
    )
