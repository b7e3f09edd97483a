"""Decoding speed: ours beside other people's, taken in turns in one process, so that a busy machine slows all alike."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import imagecodecs
import numpy as np
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.errors import Limits

Work = Callable[[], Any]

OURS = ("standard map", "neural map")
PEERS = ("libvips, float32", "libultrahdr, half", "OpenImageIO, half", "base alone, Pillow", "base alone, imagecodecs")

_FIRST = """
import sys
from time import perf_counter
start = perf_counter()
import gainmap_codec as gm
imported = perf_counter()
gm.decode(sys.argv[1], prefer=sys.argv[2], color_space="srgb")
print(imported - start, perf_counter() - start)
"""

_PEAK = """
import resource, sys
from pathlib import Path
import gainmap_codec as gm
gm.decode(gm.encode(__import__("numpy").full((64, 64, 3), 0.5, "float32"), preset="tiny", carry="standard"))
def status(name):
    return next(int(line.split()[1]) for line in Path("/proc/self/status").open() if line.startswith(name))
data = Path(sys.argv[1]).read_bytes()
before = status("VmRSS")
image = gm.decode(data, prefer=sys.argv[2], color_space="srgb")
height, width = image.pixels.shape[:2]
print(image.rendered_from, (status("VmHWM") - before) * 1024 - 15 * width * height)
"""


@dataclass(frozen=True)
class Timing:
    """Seconds of a decoder or an encoder, or what it said when it refused."""

    name: str
    seconds: tuple[float, ...]
    refusal: str = ""

    @property
    def median(self) -> float:
        """Seconds; not a number where it refused."""
        return median(self.seconds) if self.seconds else float("nan")


def decoders(data: bytes, path: Path) -> dict[str, Work]:
    """What decodes a gain-map JPEG, by name; all from memory but OpenImageIO, which opens files."""
    limits = Limits()

    def ours(prefer: Any) -> Work:
        return lambda: gm.decode(data, prefer=prefer, color_space="srgb", limits=limits)

    return {
        OURS[0]: ours("standard"),
        OURS[1]: ours("neural"),
        PEERS[0]: lambda: _libvips(data),
        PEERS[1]: lambda: imagecodecs.ultrahdr_decode(data),
        PEERS[2]: lambda: _openimageio(path),
        PEERS[3]: lambda: np.asarray(Image.open(io.BytesIO(data))),
        PEERS[4]: lambda: imagecodecs.jpeg8_decode(data),
    }


def decoders_into_array(data: bytes) -> dict[str, Work]:
    """Ours, by name, into an array that is there: without the time that the system takes to give memory."""
    info = gm.inspect(data)
    out = np.zeros((info.height, info.width, 3), np.float32)

    def ours(prefer: Any) -> Work:
        return lambda: gm.decode(data, prefer=prefer, color_space="srgb", orientation="stored", out=out)

    return {OURS[0]: ours("standard"), OURS[1]: ours("neural")}


def _libvips(data: bytes) -> Any:
    import pyvips  # its shared library is not everywhere

    return pyvips.Image.new_from_buffer(data, "").uhdr2scRGB().numpy()


def _openimageio(path: Path) -> Any:
    import OpenImageIO  # ends its process with a page about leaks: only those that time it

    found = OpenImageIO.ImageInput.open(str(path))
    if found is None:
        raise ValueError(OpenImageIO.geterror())
    pixels = found.read_image("half")
    found.close()
    if pixels is None or pixels.shape[2] != 4:
        raise ValueError(f"the HDR rendition wanted, {getattr(pixels, 'shape', None)} found")
    return pixels


def interleaved(works: dict[str, Work], runs: int) -> list[Timing]:
    """`runs` of each in turns, after one that does not count and that may refuse, by an error.

    Each round has an order of its own: who comes after one that has let much memory go has an advantage.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    refusals: dict[str, str] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.GainMapWarning)
        for name, work in works.items():
            try:
                work()
            except Exception as error:  # whatever a peer raises for what it refuses
                refusals[name] = " ".join(str(error).split())[:80] or type(error).__name__
        names = [name for name in works if name not in refusals]
        for run in range(runs):
            for name in random.Random(run).sample(names, len(names)):
                start = perf_counter()
                works[name]()
                times[name].append(perf_counter() - start)
    return [Timing(name, tuple(times[name]), refusals.get(name, "")) for name in works]


def first_decode(data: bytes, prefer: str, runs: int = 3) -> tuple[float, float]:
    """Seconds that a new process takes to import the package, and until it has decoded a picture as well: medians."""
    found = [_in_new_process(_FIRST, data, prefer) for _ in range(runs)]
    return median(float(each[0]) for each in found), median(float(each[1]) for each in found)


def peak_memory(data: bytes, prefer: str) -> float:
    """Most bytes that a decode holds above the file, the base's 8-bit pixels and the float32 result (Linux)."""
    rendered_from, peak = _in_new_process(_PEAK, data, prefer)
    if rendered_from != prefer:
        raise ValueError(f"{prefer} wanted, rendered from the {rendered_from}")
    return float(peak)


def _in_new_process(script: str, data: bytes, prefer: str) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "photo.jpg")
        path.write_bytes(data)
        command = [sys.executable, "-W", "ignore", "-c", script, str(path), prefer]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
