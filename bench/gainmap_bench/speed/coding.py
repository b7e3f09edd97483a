"""What the speeds of HEIC and AVIF coding cost and give, beside what Pillow and pillow-heif do of themselves."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from time import perf_counter

import numpy as np
import pillow_heif
from PIL import Image

from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.records import Codec, CodedImage
from gainmap_codec.pixels.color.light import AnyCodes
from gainmap_codec.pixels.formats.coded_image import code_picture, decode_coded_image

Coders = dict[str, Callable[[], CodedImage]]
SPEEDS = (4, 5, 6, 7, 8, 9, 10)

_QUALITY: dict[Codec, int] = {"av1": 75, "hevc": 50}
"""What Pillow and pillow-heif take where nothing is asked for."""
_HEADER = (
    "| coder | seconds | over Pillow's | bytes | over Pillow's | PSNR, dB |",
    "| --- | --- | --- | --- | --- | --- |",
)


def coding_rows(codes: AnyCodes, runs: int, speeds: tuple[int, ...] = SPEEDS) -> Iterator[str]:
    """Markdown: seconds (medians of runs in turns), bytes and PSNR of a picture coded in 4:2:0.

    Args:
        codes: (H, W, 3), uint8.
    """
    yield from _HEADER
    yield from _rows(codes, _coders("av1", codes, _pillow_avif, speeds), runs)
    yield from _rows(codes, _coders("hevc", codes, _pillow_heif, speeds), runs)


def _coders(codec: Codec, codes: AnyCodes, pillow: Callable[[AnyCodes], bytes], speeds: tuple[int, ...]) -> Coders:
    ours = {f"{codec}, speed {speed}": partial(_ours, codes, codec, speed) for speed in speeds}
    return {f"{codec}, as Pillow does": lambda: _read(pillow(codes)), **ours}


def _rows(codes: AnyCodes, coders: Coders, runs: int) -> Iterator[str]:
    times: dict[str, list[float]] = {name: [] for name in coders}
    made = {}
    for _ in range(runs):
        for name, coder in coders.items():
            start = perf_counter()
            made[name] = coder()
            times[name].append(perf_counter() - start)
    (seconds, size), *_ = ((median(times[name]), len(made[name].data)) for name in coders)
    for name, image in made.items():
        took, count = median(times[name]), len(image.data)
        numbers = f"{took:.2f} | {took / seconds:.2f} | {count:,} | {count / size:.2f} | {_psnr(image, codes):.2f}"
        yield f"| {name} | {numbers} |"


def _ours(codes: AnyCodes, codec: Codec, speed: int) -> CodedImage:
    return code_picture(codes, codec, quality=_QUALITY[codec], chroma="4:2:0", speed=speed)


def _pillow_avif(codes: AnyCodes) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(codes).save(stream, "AVIF")
    return stream.getvalue()


def _pillow_heif(codes: AnyCodes) -> bytes:
    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(codes)).save(stream)
    return stream.getvalue()


def _read(data: bytes) -> CodedImage:
    return parse_file(data, "Pillow's", Limits()).base


def _psnr(image: CodedImage, codes: AnyCodes) -> float:
    off = decode_coded_image(image).astype(np.float32) - codes
    return float(10 * np.log10(255**2 / np.mean(off * off)))
