"""What making a file takes, and what comes out: seconds on the clock and of processors, a row a picture and preset."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import copy
from statistics import median
from time import perf_counter, process_time

import gainmap_codec as gm
from gainmap_bench.speed.imports import installed
from gainmap_codec.codec.encoding import EncodeReport, encode_with_report
from gainmap_codec.codec.options import EncodeOptions
from gainmap_codec.files.payload.records import Preset
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.scene import grade_scene, render_scene

IPHONE = 5712, 4284
"""Of a picture of 24 megapixels, as iPhones make them."""

_PRESETS: tuple[Preset, ...] = ("balanced", "tiny")
_HEADER = (
    "| encode | s | CPU s | file bytes | payload bytes | PQ-PSNR dB, neural | standard |",
    "| --- | --- | --- | --- | --- | --- | --- |",
)


@dataclass(frozen=True)
class Encoding:
    """Something to be encoded, by name."""

    name: str
    make: Callable[[], EncodeReport]


def encode_rows(photos: Sequence[Path], runs: int) -> Iterator[str]:
    """Markdown: medians of seconds and the least CPU seconds, with both gain maps; then `gainmap batch` of all photos.

    Photos keep their base where that is a JPEG; others become one, and HEIC once more enlarged to 24 megapixels.
    """
    yield from _HEADER
    for encoding in _encodings(photos):
        yield _row(encoding, runs)
    if photos:
        yield ""
        yield f"`gainmap batch --carry both`: {batch_seconds(photos):.2f} CPU s a photo, starting included"


def _encodings(photos: Sequence[Path]) -> Iterator[Encoding]:
    for photo in photos:
        data = photo.read_bytes()
        yield from _of_file(photo.stem, data)
        if gm.inspect(data).container == "heic":
            yield from _of_file(f"{photo.stem}, 24 MP", _enlarged(data))
    light = render_scene()
    picture = HdrImage(light), grade_scene(light)
    height, width = light.shape[:2]
    yield Encoding(f"scene, {width} x {height}", partial(encode_with_report, *picture, EncodeOptions()))


def _of_file(name: str, data: bytes) -> Iterator[Encoding]:
    for preset in _PRESETS:
        options = EncodeOptions(container="jpeg", carry="both", preset=preset)
        yield Encoding(f"{name}, {preset}", partial(encode_with_report, data, None, options))


def _enlarged(data: bytes) -> bytes:
    info = gm.inspect(data)
    fit = IPHONE if info.width > info.height else IPHONE[::-1]
    return gm.resize(data, fit=fit, enlarge=True)


def _row(encoding: Encoding, runs: int) -> str:
    seconds, cpu = [], []
    for _ in range(runs):
        start, before = perf_counter(), process_time()
        report = encoding.make()
        seconds.append(perf_counter() - start)
        cpu.append(process_time() - before)
    sizes = f"{len(report.data):,} | {report.payload_bytes:,} | {report.neural_psnr:.2f} | {report.standard_psnr:.2f}"
    return f"| {encoding.name} | {median(seconds):.2f} | {min(cpu):.2f} | {sizes} |"


def batch_seconds(photos: Sequence[Path]) -> float:
    """CPU seconds for each photo of a folder with copies of all of them, in a process of its own.

    The lesser of two runs: the first compiles all modules, which installing does.
    """
    with tempfile.TemporaryDirectory() as folder, installed() as environment:
        source = Path(folder, "photos")
        source.mkdir()
        for number, photo in enumerate(photos):
            copy(photo, source / f"{number}{photo.suffix}")
        runs = [_batch_seconds(source, Path(folder, f"out{number}"), environment) for number in range(2)]
        return min(runs) / len(photos)


def _batch_seconds(source: Path, out: Path, environment: dict[str, str]) -> float:
    before = _children()
    command = (*("-m", "gainmap_codec", "batch"), source, *("-o", out, "--carry", "both"))
    subprocess.run([sys.executable, *map(str, command)], check=True, capture_output=True, env=environment)
    return _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
