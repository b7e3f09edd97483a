"""HDR renditions as torch tensors that stay on the device where they were made, for further work there.

>>> from gainmap_codec import tensors
>>> tensors.decode.__name__
'decode'
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from gainmap_codec.codec.decoding import best_rendition
from gainmap_codec.codec.opening import OpenedFile, open_source
from gainmap_codec.codec.options import DecodeOptions, FloatType, Orientation, Prefer, Region
from gainmap_codec.codec.rendering import neural_tensor, render
from gainmap_codec.codec.torch_needed import check_torch
from gainmap_codec.errors import GainMapWarning, Limits, printable
from gainmap_codec.pixels.color.light import ColorSpace
from gainmap_codec.pixels.formats.sources import Source
from gainmap_codec.pixels.hdr_image import RenderedFrom

if TYPE_CHECKING:
    from torch import Tensor


def decode(
    source: Source,
    *,
    device: str = "cuda",
    headroom: float | None = None,
    prefer: Prefer = "auto",
    color_space: ColorSpace = "bt2020",
    orientation: Orientation = "upright",
    region: Region | None = None,
    dtype: FloatType = "float32",
    limits: Limits = Limits(),
) -> Tensor:
    """As `gainmap_codec.decode`, with the pixels left on a device.

    A neural gain map is rendered there, of code values that are uploaded; what comes from a standard map or the base
    alone is rendered on the CPU and uploaded. Work may still be under way on the current stream.

    Args:
        source: A path, bytes or a binary file.
        device: "cuda" or "cuda:N"; "cpu" for a tensor in main memory.
        headroom, prefer, color_space, orientation, region, dtype, limits: As in `gainmap_codec.decode`.
    Returns:
        Linear light, (H, W, 3), contiguous, 1.0 = SDR white = 203 nits, in `color_space`; float32 or float16.
    Raises:
        MissingDependencyError: torch is not installed.
        GainMapError, ValueError, TypeError, OSError: As `gainmap_codec.decode`.
    Warns:
        GainMapWarning: As `gainmap_codec.decode`.
    """
    check_torch("tensors.decode")
    options = DecodeOptions(
        headroom=headroom,
        prefer=prefer,
        color_space=color_space,
        orientation=orientation,
        region=region,
        dtype=dtype,
        device=device,
        limits=limits,
    )
    found = best_rendition(open_source(source, limits, is_rendered=True), options, _rendered_there)
    for note in found.warnings:
        warnings.warn(printable(note), GainMapWarning, stacklevel=2)
    return found.pixels


def _rendered_there(opened: OpenedFile, kind: RenderedFrom, options: DecodeOptions) -> Tensor:
    """A rendition on the device of the options."""
    from gainmap_codec.neural.device.transfer import to_device

    if kind == "neural" and opened.neural:
        return neural_tensor(opened, opened.neural, options)
    return to_device(render(opened, kind, replace(options, device="cpu")), options.device)
