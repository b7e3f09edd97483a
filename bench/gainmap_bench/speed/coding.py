"""What the speeds of AVIF, HEIC and JPEG XL coding cost and give, beside what other libraries do of themselves."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from time import perf_counter

import imagecodecs
import pillow_heif
from PIL import Image

from gainmap_bench.inputs.metrics import psnr_of_codes
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.records import Codec, CodedImage
from gainmap_codec.pixels.color.light import AnyCodes
from gainmap_codec.pixels.formats.coded_image import code_picture, decode_coded_image

Coders = dict[str, Callable[[], CodedImage]]
SPEEDS = (4, 5, 6, 7, 8, 9, 10)

_QUALITY: dict[Codec, int] = {"av1": 75, "hevc": 50, "jxl": 90}
"""What Pillow and pillow-heif take where nothing is asked for; libjxl's distance of 1, which cjxl takes."""
_OTHERS: dict[Codec, str] = {"av1": "Pillow", "hevc": "pillow-heif", "jxl": "imagecodecs"}
_HEADER = (
    "| coder | seconds | over the first | decoding, seconds | bytes | over the first | PSNR, dB |",
    "| --- | --- | --- | --- | --- | --- | --- |",
)


def coding_rows(codes: AnyCodes, runs: int, speeds: tuple[int, ...] = SPEEDS) -> Iterator[str]:
    """Markdown: seconds (medians of runs in turns), bytes and PSNR of a picture coded in 4:2:0; in JPEG XL, 4:4:4.

    Args:
        codes: (H, W, 3), uint8.
    """
    yield from _HEADER
    yield from _rows(codes, _coders("av1", codes, _pillow_avif, speeds), runs)
    yield from _rows(codes, _coders("hevc", codes, _pillow_heif, speeds), runs)
    yield from _rows(codes, _coders("jxl", codes, _imagecodecs_jxl, speeds), runs)


def _coders(codec: Codec, codes: AnyCodes, other: Callable[[AnyCodes], bytes], speeds: tuple[int, ...]) -> Coders:
    ours = {f"{codec}, speed {speed}": partial(_ours, codes, codec, speed) for speed in speeds}
    return {f"{codec}, as {_OTHERS[codec]} does": lambda: _read(other(codes)), **ours}


def _rows(codes: AnyCodes, coders: Coders, runs: int) -> Iterator[str]:
    coding: dict[str, list[float]] = {name: [] for name in coders}
    decoding: dict[str, list[float]] = {name: [] for name in coders}
    made, decoded = {}, {}
    for _ in range(runs):
        for name, coder in coders.items():
            start = perf_counter()
            made[name] = coder()
            coded = perf_counter()
            decoded[name] = decode_coded_image(made[name])
            coding[name].append(coded - start)
            decoding[name].append(perf_counter() - coded)
    (seconds, size), *_ = ((median(coding[name]), len(made[name].data)) for name in coders)
    for name, image in made.items():
        took, count = median(coding[name]), len(image.data)
        times = f"{took:.2f} | {took / seconds:.2f} | {median(decoding[name]):.2f}"
        numbers = f"{times} | {count:,} | {count / size:.2f} | {psnr_of_codes(decoded[name], codes):.2f}"
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


def _imagecodecs_jxl(codes: AnyCodes) -> bytes:
    return bytes(imagecodecs.jpegxl_encode(codes, level=_QUALITY["jxl"]))


def _read(data: bytes) -> CodedImage:
    return parse_file(data, "another library's", Limits()).base
