"""HDR pictures as files of other programs, for the readers' tests."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping

import imagecodecs
import numpy as np
import OpenEXR
import pillow_heif
from numpy.typing import NDArray

from gainmap_codec.pixels.color.light import pq_encode


def picture(height: int = 12, width: int = 17, peak: float = 20.0) -> NDArray[np.float32]:
    """A smooth linear BT.2020 picture from black to `peak`."""
    y, x = np.mgrid[:height, :width]
    ramp = np.stack([x / width, y / height, (x + y) / (width + height)], axis=-1)
    return (peak * ramp**3).astype(np.float32)


def exr_bytes(header: Mapping[str, object], channels: Mapping[str, object]) -> bytes:
    stream = io.BytesIO()
    whole = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **header}
    OpenEXR.File(whole, dict(channels)).write(stream)
    return stream.getvalue()


def radiance(pixels: np.ndarray, *lines: str) -> bytes:
    data = bytes(imagecodecs.rgbe_encode(pixels, header=True))
    return data.replace(b"\n\n", b"".join(b"\n" + line.encode() for line in lines) + b"\n\n", 1)


def with_cicp(png: bytes, *code_points: int) -> bytes:
    body = b"cICP" + bytes(code_points)
    return png[:33] + struct.pack(">I", len(code_points)) + body + struct.pack(">I", zlib.crc32(body)) + png[33:]


def codes_of(bits: int, linear: NDArray[np.float32]) -> NDArray[np.uint16]:
    codes: NDArray[np.uint16] = np.rint(pq_encode(linear) * (2**bits - 1)).astype(np.uint16)
    return codes


def heic(codes: np.ndarray, primaries: int, transfer: int) -> bytes:
    height, width, _ = codes.shape
    image = pillow_heif.from_bytes(mode="RGB;16", size=(width, height), data=(codes << 6).tobytes())
    stream = io.BytesIO()
    image.save(
        stream,
        quality=-1,
        chroma=444,
        color_primaries=primaries,
        transfer_characteristics=transfer,
        matrix_coefficients=9,
        full_range_flag=1,
    )
    return stream.getvalue()


def samples() -> dict[str, bytes]:
    """`picture` in every format that holds HDR, by its name."""
    png = bytes(imagecodecs.png_encode(codes_of(16, picture())))
    avif = imagecodecs.avif_encode(
        codes_of(10, picture(32, 48)), 80, bitspersample=10, primaries=9, transfer=16, matrix=9, speed=10
    )
    npy = io.BytesIO()
    np.save(npy, picture())
    return {
        "radiance": radiance(picture()),
        "png": with_cicp(png, 9, 16, 0, 1),
        "tiff": bytes(imagecodecs.tiff_encode(codes_of(16, picture()))),
        "avif": bytes(avif),
        "heic": heic(codes_of(10, picture(32, 48)), 9, 16),
        "npy": npy.getvalue(),
        "exr": exr_bytes({}, {"RGB": picture()}),
    }
