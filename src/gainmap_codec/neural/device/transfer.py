"""Arrays to a torch device and back, on the current stream: to and from CUDA by way of a little pinned memory.

What is pinned is copied by the device itself, while the CPU copies the strip before it or after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainmap_codec.pixels.color.light import AnyCodes

_STAGED_BYTES = 1 << 24


def to_device(array: NDArray[Any], device: str) -> Tensor:
    """An array as a tensor on a device called "cpu", "cuda" or "cuda:N"; on the CPU it shares its memory."""
    return torch.from_numpy(array).to(device)


def upload(codes: AnyCodes, device: torch.device) -> Tensor:
    """Code values, (H, W, 3), on a device: uint8, or int16 of more than 8 bits. The last may still be under way."""
    plain = np.require(codes, requirements=["C", "W"])  # torch warns of what it could not write to
    here = torch.from_numpy(plain if plain.dtype == np.uint8 else plain.view(np.int16))
    out = torch.empty(here.shape, dtype=here.dtype, device=device)
    for rows in _strips(here):
        out[rows].copy_(here[rows].pin_memory() if out.is_cuda else here[rows], non_blocking=True)
    return out


def download(pixels: Tensor, out: NDArray[Any]) -> None:
    """Copy pixels to an array of their shape and type."""
    behind = None
    for rows in _strips(pixels):
        staged = torch.empty(pixels[rows].shape, dtype=pixels.dtype, pin_memory=pixels.is_cuda)
        staged.copy_(pixels[rows], non_blocking=True)
        there = torch.cuda.current_stream(pixels.device).record_event() if pixels.is_cuda else None
        if behind:
            _take(*behind)
        behind = there, staged, out[rows]
    if behind:
        _take(*behind)


def _take(there: torch.cuda.Event | None, staged: Tensor, out: NDArray[Any]) -> None:
    if there:
        there.synchronize()
    out[...] = staged.numpy()


def _strips(pixels: Tensor) -> Iterator[slice]:
    step = max(1, _STAGED_BYTES // (pixels[0].numel() * pixels.element_size()))
    return (slice(start, start + step) for start in range(0, len(pixels), step))
