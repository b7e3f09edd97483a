"""What a payload loses where another program decodes its base, or codes it again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from math import inf

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from gainmap_codec.bench.evaluation import BenchPair
from gainmap_codec.files.records import Preset
from gainmap_codec.neural.targets import fit_pair
from gainmap_codec.pixels.color import pq_psnr
from gainmap_codec.pixels.images import decode_jpeg
from gainmap_codec.pixels.neural_map import render_neural_map

Codes = NDArray[np.uint8]


def decoder_rows(pairs: Iterable[BenchPair], preset: Preset, seed: int) -> Iterator[str]:
    """Markdown rows: picture, decoder, largest difference of code values, PQ-PSNR, loss.

    The loss counts what the base itself has lost: HDR is rendered over it.
    """
    yield "| picture | base decoded by | largest difference, codes | PQ-PSNR dB | loss dB |"
    yield "| --- | --- | --- | --- | --- |"
    for pair in pairs:
        fitted = fit_pair(preset, pair.pair, {"alternate_hdr_headroom": pair.pair.headroom}, seed=seed)
        jpeg = pair.pair.file.base.data
        for name, decode in _DECODERS.items():
            codes = decode(jpeg)
            rendition = render_neural_map(fitted.network, codes, pair.pair.color, headroom=inf)
            psnr = pq_psnr(rendition, pair.pair.hdr)
            difference = int(np.abs(codes.astype(np.int16) - pair.pair.codes).max())
            yield f"| {pair.name} | {name} | {difference} | {psnr:.2f} | {fitted.psnr - psnr:.2f} |"


def _by_opencv(jpeg: bytes) -> Codes:
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flags)
    assert decoded is not None
    return np.ascontiguousarray(decoded[:, :, ::-1], np.uint8)


def _by_simplejpeg(jpeg: bytes) -> Codes:
    return np.asarray(simplejpeg.decode_jpeg(jpeg, fastdct=True, fastupsample=True))


def _coded_again(jpeg: bytes) -> Codes:
    stream = BytesIO()
    Image.open(BytesIO(jpeg)).convert("RGB").save(stream, "JPEG", quality=90)
    return np.asarray(Image.open(stream))


_DECODERS: dict[str, Callable[[bytes], Codes]] = {
    "libjpeg-turbo": decode_jpeg,
    "OpenCV": _by_opencv,
    "simplejpeg, fast DCT and upsampling": _by_simplejpeg,
    "libjpeg-turbo, after JPEG quality 90": _coded_again,
}
