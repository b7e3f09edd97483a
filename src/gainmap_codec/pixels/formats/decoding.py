"""What picture decoders and encoders share: errors in one line, libraries, and pixels that come from a file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
from numpy.typing import NDArray

from gainmap_codec.errors import FormatError, GainMapError, UnsupportedError
from gainmap_codec.pixels.color.light import Chromaticities, ColorSpace, White
from gainmap_codec.pixels.hdr_image import HdrImage


@contextmanager
def decoding(name: str, kind: str) -> Iterator[None]:
    """Turn whatever a decoding library raises into one `FormatError` that names the file.

    The libraries' exceptions have no common base (RuntimeError, ValueError, struct.error, KeyError …), hence
    `Exception`. Our own errors pass. Nonsense numbers raise nothing here: `image_from_file` finds where they
    lead to.
    """
    try:
        with np.errstate(all="ignore"):
            yield
    except GainMapError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise FormatError(name, f"broken {kind} file: {reason}") from error


@contextmanager
def coding(kind: str) -> Iterator[None]:
    """Turn whatever an encoder raises about a picture that we have checked into one `UnsupportedError`."""
    try:
        yield
    except (GainMapError, MemoryError):
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UnsupportedError(f"{kind}: the picture cannot be coded: {reason}") from error


def decode_av1(data: bytes) -> NDArray[Any]:
    """Code values of an AVIF file, (H, W) or (H, W, C), neither turned nor cropped: libavif's."""
    return np.asarray(imagecodecs.avif_decode(data))


def decode_hevc(data: bytes) -> NDArray[Any]:
    """The same of a HEIC file that holds one picture and does not turn it: libheif's."""
    return np.asarray(pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False, hdr_to_16bit=False))


def image_from_file(pixels: NDArray[Any], space: ColorSpace, name: str, warnings: tuple[str, ...] = ()) -> HdrImage:
    """An `HdrImage`; what is wrong with the pixels is here the file's fault, not the caller's."""
    try:
        return HdrImage(pixels.astype(np.float32, copy=False), space, warnings=warnings)
    except ValueError as error:
        raise FormatError(name, str(error)) from error


def primaries_and_white(numbers: Any) -> tuple[Chromaticities, White]:
    """x and y of red, green, blue and white, for `color`; ValueError if not eight numbers."""
    red, green, blue, white = ((float(x), float(y)) for x, y in np.reshape(numbers, (4, 2)))
    return (red, green, blue), white
