"""Decoding speed: ours beside other people's, taken in turns in one process, so that a busy machine slows all alike."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import imagecodecs
import numpy as np
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.errors import Limits

_FIRST = """
from time import perf_counter
start = perf_counter()
import gainmap_codec as gm
imported = perf_counter()
gm.decode(sys.argv[1], prefer=sys.argv[2], color_space="srgb")
print(imported - start, perf_counter() - start)
"""


def decoders(data: bytes) -> dict[str, Callable[[], Any]]:
    """What decodes a gain-map JPEG, by name; peers that are not installed are left out."""
    limits = Limits()
    found: dict[str, Callable[[], Any]] = {
        "ours, standard map, sRGB": lambda: gm.decode(data, prefer="standard", color_space="srgb", limits=limits),
        "ours, neural map, sRGB": lambda: gm.decode(data, prefer="neural", color_space="srgb", limits=limits),
        "base alone, Pillow": lambda: np.asarray(Image.open(io.BytesIO(data))),
        "base alone, imagecodecs": lambda: imagecodecs.jpeg8_decode(data),
        "libultrahdr (imagecodecs), half": lambda: imagecodecs.ultrahdr_decode(data),
    }
    try:
        import pyvips
    except (ImportError, OSError):
        return found
    found["libvips uhdr2scRGB"] = lambda: pyvips.Image.new_from_buffer(data, "").uhdr2scRGB().numpy()
    return found


def measure(data: bytes, runs: int) -> dict[str, list[float]]:
    """Seconds of each decoder that reads the file, `runs` of each, in turns."""
    times: dict[str, list[float]] = {}
    chosen = decoders(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.GainMapWarning)
        for name, decode in list(chosen.items()):
            try:
                decode()
            except Exception:  # whatever a peer raises for what it refuses
                del chosen[name]
        for _ in range(runs):
            for name, decode in chosen.items():
                start = perf_counter()
                decode()
                times.setdefault(name, []).append(perf_counter() - start)
    return times


def first_decode(path: Path, prefer: str) -> tuple[float, float]:
    """Seconds that a new process takes to import the package, and until it has decoded a picture as well."""
    command = [sys.executable, "-W", "ignore", "-c", "import sys" + _FIRST, str(path), prefer]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    imported, decoded = map(float, done.stdout.split())
    return imported, decoded


def speed_results(path: Path, runs: int) -> dict[str, Any]:
    """Medians and ratios for one file, as JSON has them."""
    data = path.read_bytes()
    info = gm.inspect(data)
    times = measure(data, runs)
    firsts = [first_decode(path, "neural") for _ in range(3)]
    return {
        "file": path.name,
        "width": info.width,
        "height": info.height,
        "runs": runs,
        "seconds": {name: median(each) for name, each in times.items()},
        "lowest": {name: min(each) for name, each in times.items()},
        "import": median(each[0] for each in firsts),
        "first decode": median(each[1] for each in firsts),
    }


def speed_rows(result: dict[str, Any]) -> list[str]:
    """A Markdown table of a result: seconds, and ours over each peer."""
    seconds: dict[str, float] = result["seconds"]
    ours = [name for name in seconds if name.startswith("ours")]
    rows = [
        f"{result['file']}, {result['width']} x {result['height']}, median of {result['runs']}; "
        f"import {result['import']:.2f} s, first decode of a process {result['first decode']:.2f} s",
        "",
        "| decoder | s | lowest | " + " | ".join(f"{name} / it" for name in ours) + " |",
        "| --- " * (3 + len(ours)) + "|",
    ]
    for name, value in seconds.items():
        ratios = " | ".join(f"{seconds[each] / value:.2f}" for each in ours)
        rows.append(f"| {name} | {value:.3f} | {result['lowest'][name]:.3f} | {ratios} |")
    return rows
