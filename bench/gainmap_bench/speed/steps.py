"""Where the time of a decode goes, and how much of it the machine itself would need (roofline)."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np

from gainmap_bench.speed.decode import Work
from gainmap_codec.codec.opening import base_codes, open_file
from gainmap_codec.codec.rendering import STORED, render
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.payload.format import parse_payload
from gainmap_codec.files.payload.records import NeuralGainMap
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.maps.multiscale import GridInputs, GridNetwork
from gainmap_codec.pixels.maps.neural_map import render_neural_map
from gainmap_codec.pixels.strips import for_each_strip

_RUNS = 7
_STREAMED = 1 << 26  # float32 values: no cache holds them
_PRODUCT = 1 << 16, 32, 32  # points, inputs and outputs of a layer


@dataclass(frozen=True)
class Step:
    """A part of a decode, and its median time in seconds."""

    name: str
    seconds: float


def decode_steps(data: bytes) -> list[Step]:
    """Parts of a decode by the neural and by the standard map; both begin with the file and the base."""
    limits = Limits()
    file = parse_file(data, "photo", limits)
    assert file.payload is not None and file.gain_map is not None
    network, opened = parse_payload(file.payload), open_file(data, "photo", limits)
    codes, color, stored = base_codes(file.base), opened.color, file.gain_map
    largest = color.curves.shape[1] - 1
    inputs = GridInputs(network, codes, largest)
    ready = GridNetwork(network, inputs)
    opened.codes  # noqa: B018, decoded once: the last step is to show what comes after that
    works: dict[str, Work] = {
        "file, digest of the base": lambda: parse_file(data, "photo", limits),
        "base: JPEG": lambda: base_codes(file.base),
        "neural: payload": lambda: parse_payload(file.payload or b""),
        "neural: averages of the base": lambda: GridInputs(network, codes, largest),
        "neural: network, on one thread": lambda: ready.residual(0, inputs.shape[0]),
        "neural: averages, network and rendition": lambda: render_neural_map(network, codes, color, headroom=np.inf),
        "standard: map's JPEG": lambda: decode_coded_image(stored.image),
        "standard: rendition, the base's JPEG with it": lambda: render(opened, "standard", STORED),
    }
    return [Step(name, _median(work)) for name, work in works.items()]


@dataclass(frozen=True)
class Roofline:
    """What a decode moves and computes at least, and what this machine can.

    Attributes:
        moved: Bytes: code values written and read, floats written.
        operations: Floating-point operations of the network and of enlarging its output.
        bandwidth: Bytes a second that all threads together write, measured.
        rate: Operations a second of all threads, measured on a layer.
        seconds: The larger of the two quotients.
    """

    moved: float
    operations: float
    bandwidth: float
    rate: float
    seconds: float


def roofline(network: NeuralGainMap, pixels: int) -> Roofline:
    """The least time of rendering so many pixels, JPEG apart."""
    moved = pixels * (3 + 3 + 12.0)
    cells = network.grid[0] * network.grid[1]
    weights = sum(len(layer.weights) for layer in network.layers)
    operations = 2.0 * cells * weights + 12.0 * pixels
    bandwidth, rate = _bandwidth(), _rate()
    return Roofline(moved, operations, bandwidth, rate, max(moved / bandwidth, operations / rate))


def _bandwidth() -> float:
    values = np.zeros(_STREAMED, np.float32)

    def write(part: slice) -> None:
        values[part] = 1.0

    return values.nbytes / _median(lambda: for_each_strip(len(values), write, 1 << 20))


def _rate() -> float:
    points, inputs, outputs = _PRODUCT
    weights = np.ones((inputs, outputs), np.float32)
    parts = [np.ones((points, inputs), np.float32) for _ in range(8)]

    def multiply(part: slice) -> None:
        np.matmul(parts[part.start], weights)

    operations = 2.0 * len(parts) * points * inputs * outputs
    return operations / _median(lambda: for_each_strip(len(parts), multiply, 1))


def _median(work: Work) -> float:
    seconds = []
    for _ in range(_RUNS):
        start = perf_counter()
        work()
        seconds.append(perf_counter() - start)
    return median(seconds)
