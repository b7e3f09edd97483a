"""What a payload loses where another program decodes its base, or codes it again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from math import inf

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from gainmap_bench.inputs.evaluation import BenchPair
from gainmap_codec.files.payload.records import Preset
from gainmap_codec.neural.fit.presets import fit_pair
from gainmap_codec.pixels.color.light import Array, pq_psnr
from gainmap_codec.pixels.formats.images import decode_jpeg
from gainmap_codec.pixels.maps.neural_map import Codes, base_bt2020, render_neural_map

_OFFSET = np.float32(1 / 512)


def decoder_rows(pairs: Iterable[BenchPair], preset: Preset, seed: int) -> Iterator[str]:
    """Markdown rows: picture, decoder, largest difference of code values, PQ-PSNR, loss.

    The HDR rendition is made over the base, so its loss counts what the base has lost as well. The map's loss does not:
    its reference is what the true gains make of the same base.
    """
    yield "| picture | base decoded by | largest difference, codes | loss of the rendition dB | loss of the map dB |"
    yield "| --- | --- | --- | --- | --- |"
    for pair in pairs:
        fitted = fit_pair(preset, pair.pair, {"alternate_hdr_headroom": pair.pair.headroom}, seed=seed)
        jpeg = pair.pair.file.base.data
        for name, decode in _DECODERS.items():
            codes = decode(jpeg)
            rendition = render_neural_map(fitted.network, codes, pair.pair.color, headroom=inf)
            lost = fitted.psnr - pq_psnr(rendition, pair.pair.hdr)
            lost_by_map = fitted.psnr - pq_psnr(rendition, _by_true_gains(pair, codes))
            difference = int(np.abs(codes.astype(np.int16) - pair.pair.codes).max())
            yield f"| {pair.name} | {name} | {difference} | {lost:.2f} | {lost_by_map:.2f} |"


def _by_true_gains(pair: BenchPair, codes: Codes) -> Array:
    """Linear BT.2020 of a base after the gains, pixel by pixel, from the pair's base to its HDR rendition."""
    base, true = base_bt2020(codes, pair.pair.color), base_bt2020(pair.pair.codes, pair.pair.color)
    gains = (pair.pair.hdr + _OFFSET) / (true + _OFFSET)
    return np.asarray(np.maximum((base + _OFFSET) * gains - _OFFSET, 0), np.float32)


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
