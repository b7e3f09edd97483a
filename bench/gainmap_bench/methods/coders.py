"""The picture codecs that ordinary gain maps are coded with, each as strong for PQ-PSNR as its package allows."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import NamedTuple

import imagecodecs
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

from gainmap_codec.errors import Limits
from gainmap_codec.files.boxes import Box, BoxFile
from gainmap_codec.pixels.formats.images import decode_jpeg
from gainmap_codec.pixels.maps.neural_map import Codes


class Coder(NamedTuple):
    """A codec for maps, uint8 (h, w, C), C in {1, 3}.

    Attributes:
        name: As tables show it.
        settings: What else its bytes depend on, as text.
        qualities: From the fewest bytes up.
        encode: A whole file of a map in one of the qualities.
        decode: The file's map.
        count: Bytes of the file without its container.
    """

    name: str
    settings: str
    qualities: tuple[float, ...]
    encode: Callable[[Codes, float], bytes]
    decode: Callable[[bytes], NDArray[np.uint8]]
    count: Callable[[bytes], int]


def coded_bytes(data: bytes) -> int:
    """Bytes of an AVIF or HEIC of one picture without container: media data and the decoder's configuration record.

    Source: ISO/IEC 14496-12 (mdat), 23008-12 (ipco), 14496-15 (hvcC), AV1-ISOBMFF 1.2 (av1C).
    """
    file = BoxFile(data, Limits())
    meta, media = (_one(file.top_level(), kind) for kind in (b"meta", b"mdat"))
    properties = file.children(_one(file.children(_one(file.children(meta, 4), b"iprp")), b"ipco"))
    record = _one(properties, b"av1C", b"hvcC")
    return media.stop - media.body + record.stop - record.body


def _one(boxes: tuple[Box, ...], *kinds: bytes) -> Box:
    (found,) = (box for box in boxes if box.kind in kinds)
    return found


def _picture(codes: Codes) -> Image.Image:
    return Image.fromarray(codes[..., 0] if codes.shape[2] == 1 else codes)


def _channels_last(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return codes[..., np.newaxis] if codes.ndim == 2 else codes


def _encode_jpeg(codes: Codes, quality: float) -> bytes:
    stream = io.BytesIO()
    _picture(codes).save(stream, "JPEG", quality=int(quality), subsampling="4:2:0", optimize=True)
    return stream.getvalue()


def _decode_jpeg(data: bytes) -> NDArray[np.uint8]:
    return _channels_last(decode_jpeg(data))


def _encode_avif(codes: Codes, quality: float) -> bytes:
    """By Pillow: imagecodecs codes grey losslessly at any level, and neither it nor the default has `tune=psnr`."""
    stream = io.BytesIO()
    _picture(codes).save(
        stream,
        "AVIF",
        quality=int(quality),
        speed=2,
        codec="aom",
        subsampling="4:0:0" if codes.shape[2] == 1 else "4:4:4",
        max_threads=1,
        advanced={"tune": "psnr"},  # libavif's own choice, "iq", takes 4…12 % more bytes for the same PSNR
    )
    return stream.getvalue()


def _decode_avif(data: bytes) -> NDArray[np.uint8]:
    return _channels_last(np.asarray(imagecodecs.avif_decode(data), dtype=np.uint8))


def _encode_heic(codes: Codes, quality: float) -> bytes:
    stream = io.BytesIO()
    parameters = {"tune": "psnr", "preset": "veryslow"}
    chroma = {} if codes.shape[2] == 1 else {"chroma": 444}
    pillow_heif.from_pillow(_picture(codes)).save(stream, quality=int(quality), enc_params=parameters, **chroma)
    return stream.getvalue()


def _decode_heic(data: bytes) -> NDArray[np.uint8]:
    return _channels_last(np.asarray(pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)))


def _encode_jpeg_xl(codes: Codes, distance: float) -> bytes:
    planes = codes[..., 0] if codes.shape[2] == 1 else codes
    return bytes(
        imagecodecs.jpegxl_encode(
            np.ascontiguousarray(planes), effort=7, distance=distance, usecontainer=False, numthreads=1
        )
    )


def _decode_jpeg_xl(data: bytes) -> NDArray[np.uint8]:
    return _channels_last(np.asarray(imagecodecs.jpegxl_decode(data), dtype=np.uint8))


JPEG = Coder(
    "jpeg",
    "Pillow, optimize, 4:2:0",
    (4, 8, 13, 20, 28, 37, 46, 55, 65, 75, 84, 92, 96),
    _encode_jpeg,
    _decode_jpeg,
    len,
)
HEIC = Coder(
    "heic",
    "pillow-heif, x265 veryslow, tune psnr, 4:4:4",
    (5, 12, 20, 27, 34, 41, 48, 55, 62, 70, 78, 86, 93),
    _encode_heic,
    _decode_heic,
    coded_bytes,
)
AVIF = Coder(
    "avif",
    "Pillow, aom speed 2, tune psnr, 4:4:4",
    (3, 8, 14, 20, 27, 34, 41, 48, 55, 63, 72, 81, 90),
    _encode_avif,
    _decode_avif,
    coded_bytes,
)
JPEG_XL = Coder(
    "jpegxl",
    "imagecodecs, effort 7, naked",
    (25.0, 20.0, 15.0, 11.0, 8.0, 6.0, 4.5, 3.4, 2.5, 1.8, 1.3, 0.9, 0.5),
    _encode_jpeg_xl,
    _decode_jpeg_xl,
    len,
)
CODERS = {coder.name: coder for coder in (AVIF, HEIC, JPEG_XL, JPEG)}
