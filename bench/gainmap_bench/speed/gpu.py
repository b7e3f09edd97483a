"""Decoding speed on CUDA: both steps of a rendering whose pixels are there already, whole decodes, and many."""

from __future__ import annotations

from collections import deque
from functools import partial
from time import perf_counter
from typing import Any, Literal

import numpy as np

import gainmap_codec as gm
from gainmap_bench.speed.decode import Timing, Work, interleaved
from gainmap_codec.codec.opening import open_file
from gainmap_codec.errors import Limits
from gainmap_codec.pixels.color.light import conversion_matrix

Depth = Literal["float32", "float16"]

DEPTHS: tuple[Depth, ...] = ("float32", "float16")
_STEPS = ("averages and network", "pixels, {}", "both, {}")
_PHOTOS = 16  # of `decode_many`
_CUDA = "cuda"

ROWS = (
    _STEPS[0],
    *(step.format(depth) for depth in DEPTHS for step in _STEPS[1:]),
    *(f"{what}, {depth}" for what in ("decode", "decode_many, a photo") for depth in DEPTHS),
)
"""What is timed. The steps: with code values on the device, by events of the device; the rest: from file to NumPy."""


def gpu_timings(data: bytes, runs: int) -> list[Timing]:
    """Seconds of each row, of a photo with a neural map; "no CUDA device" where torch finds none."""
    import torch

    if not torch.cuda.is_available():
        return [Timing(name, (), "no CUDA device") for name in ROWS]
    found = {name: _by_events(work, runs) for name, work in _steps(data).items()}
    options: dict[str, Any] = {"device": _CUDA, "color_space": "srgb", "prefer": "neural"}
    decodes: dict[str, Work] = {
        f"decode, {depth}": partial(gm.decode, data, dtype=depth, **options) for depth in DEPTHS
    }
    timings = [Timing(name, seconds) for name, seconds in found.items()] + interleaved(decodes, runs)
    for depth in DEPTHS:
        start = perf_counter()
        deque(gm.decode_many([data] * _PHOTOS, dtype=depth, **options), maxlen=0)
        timings.append(Timing(f"decode_many, a photo, {depth}", ((perf_counter() - start) / _PHOTOS,)))
    by_name = {each.name: each for each in timings}
    return [by_name[name] for name in ROWS]


def gpu_name() -> str:
    """The device, and what makes the pixels there."""
    import torch

    if not torch.cuda.is_available():
        return "no CUDA device"
    from gainmap_codec.neural.device.fusing import can_fuse

    return f"{torch.cuda.get_device_name()}, pixels by {'Triton' if can_fuse() else 'plain torch'}"


def _steps(data: bytes) -> dict[str, Work]:
    """The steps of rendering a photo whose code values are on the device."""
    import torch

    from gainmap_codec.neural.device.render import DeviceRenderer
    from gainmap_codec.neural.device.transfer import upload

    opened, where = open_file(data, "photo", Limits()), torch.device(_CUDA)
    assert opened.neural
    codes, matrix = upload(opened.codes, where), conversion_matrix("bt2020", "srgb")
    works: dict[str, Work] = {}
    for depth in DEPTHS:
        render = DeviceRenderer(
            opened.neural,
            (codes.shape[0], codes.shape[1]),
            opened.color,
            where,
            headroom=np.inf,
            from_bt2020=matrix,
            dtype=getattr(torch, depth),
        )
        residual = render.residual(codes)
        works[_STEPS[0]] = partial(render.residual, codes)
        works[_STEPS[1].format(depth)] = partial(render.pixels, codes, residual)
        works[_STEPS[2].format(depth)] = partial(render, codes)
    return works


def _by_events(work: Work, runs: int) -> tuple[float, ...]:
    """Seconds on the device, after one run that does not count."""
    import torch

    work()
    found = []
    for _ in range(runs):
        start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        start.record()
        work()
        stop.record()
        stop.synchronize()
        found.append(start.elapsed_time(stop) / 1000)
    return tuple(found)
