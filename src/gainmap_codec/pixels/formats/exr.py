"""OpenEXR bytes to and from `HdrImage`. Scene-linear: 1.0 is taken as SDR white."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from gainmap_codec.errors import FormatError, Limits, UnsupportedError
from gainmap_codec.files.tags.exif import exif_texts
from gainmap_codec.pixels.color.light import D65, PRIMARIES, Array, Chromaticities, White, matrix_to_bt2020, rgb_to_xyz
from gainmap_codec.pixels.formats.decoding import decoding, image_from_file, primaries_and_white
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.picture_metadata import NO_METADATA, PictureMetadata

HALF_MAX = 65504.0

_ATTRIBUTES = {0x8298: "owner", 0x010E: "comments", 0x010F: "cameraMake", 0x0110: "cameraModel", 0x9003: "capDate"}
"""Tags of EXIF by OpenEXR's names for them. Source: OpenEXR 3 documentation, "Standard Attributes"."""


def decode_exr(data: bytes, name: str, limits: Limits) -> HdrImage:
    """First part of an OpenEXR file: R, G, B, or Y with RY and BY, or Y alone; half or float; alpha dropped.

    The result has the display window's size: what lies outside is cut off, what the data window leaves out is
    black. Chroma of a luminance-chroma file is interpolated linearly.

    Raises:
        FormatError: The file is broken, or a pixel is not finite.
        UnsupportedError: Deep data, or no R, G, B or Y channels.
        LimitError: Over `limits.pixels`.
    Source: OpenEXR 3 documentation, "Technical Introduction" (windows, chromaticities, luminance/chroma).
    """
    with decoding(name, "OpenEXR"):
        headers = [part.header for part in OpenEXR.File(io.BytesIO(data), header_only=True).parts]
        _check_headers(headers, name, limits)
        channels = _first_channels(data, name)
        matrix = matrix_to_bt2020(*_chromaticities(headers[0]))
        pixels = _rgb(channels, headers[0], name) @ matrix.T.astype(np.float32)
        pixels = _in_display_window(pixels, headers[0])
    warnings = ("the HDR picture's transparency is left out",) if "A" in channels else ()
    xmp = headers[0].get("xmp")
    metadata = PictureMetadata(xmp=xmp.encode("utf-8", "replace")) if isinstance(xmp, str) else NO_METADATA
    return replace(image_from_file(pixels, "bt2020", name, warnings), metadata=metadata)


def primaries_of_exr(data: bytes) -> tuple[Chromaticities, White]:
    """The primaries of a file that `decode_exr` reads, and its white."""
    return _chromaticities(OpenEXR.File(io.BytesIO(data), header_only=True).parts[0].header)


def encode_exr(image: HdrImage, notes: list[str]) -> bytes:
    """One-part OpenEXR, ZIP, with chromaticities, XMP, and of EXIF what has an attribute.

    Half floats, the field's usual type: their steps of at most 0.1 % are a tenth of a 10-bit PQ step.

    Args:
        notes: Gets a line about the rest of EXIF.
    """
    flat = (*(xy for primary in PRIMARIES[image.color_space] for xy in primary), *D65)
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, "chromaticities": flat}
    header |= _attributes(image.metadata, notes)
    half = np.clip(image.pixels, -HALF_MAX, HALF_MAX).astype(np.float16)
    stream = io.BytesIO()
    OpenEXR.File(header, {"RGB": half}).write(stream)
    return stream.getvalue()


def _attributes(metadata: PictureMetadata, notes: list[str]) -> dict[str, object]:
    """XMP as it is, and what EXIF says that OpenEXR has a name for."""
    found: dict[str, object] = {}
    if metadata.exif:
        texts = exif_texts(metadata.exif, _ATTRIBUTES)
        found = {name: texts[tag] for tag, name in _ATTRIBUTES.items() if tag in texts}
        kept = f"of EXIF, only {', '.join(found)} is kept" if found else "EXIF is not kept"
        notes.append(f"{kept}: .exr has no place for {'the rest' if found else 'it'}")
    if metadata.xmp:
        found["xmp"] = metadata.xmp.decode("utf-8", "replace")
    return found


def _check_headers(headers: list[Mapping[str, Any]], name: str, limits: Limits) -> None:
    """Refuse what is deep, and what is too large: the library will read every channel of every part."""
    if any(header.get("type") in (OpenEXR.deepscanline, OpenEXR.deeptile) for header in headers):
        raise UnsupportedError(f"{name}: expected a flat OpenEXR file, got a deep one")
    samples = 0
    for header in headers:
        (width, height), (shown_width, shown_height) = (
            _window_size(header[window]).tolist() for window in ("dataWindow", "displayWindow")
        )
        if min(width, height, shown_width, shown_height) < 1:
            raise FormatError(name, "broken OpenEXR file: expected a data and a display window, got an empty one")
        limits.check("pixels", shown_width * shown_height)
        channels = len(header["channels"])
        samples += width * height * channels
        if "tiles" in header:  # a tile is decoded whole, however little of it is inside the picture
            tile = header["tiles"]
            limits.check("pixels", -(-tile.xSize * tile.ySize * channels // 4))
    limits.check("pixels", -(-samples // 4))  # up to four channels make a pixel


def _first_channels(data: bytes, name: str) -> Mapping[str, Any]:
    """The first part's channels.

    What is wrong with broken pixels, the library prints by itself; catching that would take `sys.stdout` from all
    other threads.
    """
    parts = OpenEXR.File(io.BytesIO(data), separate_channels=True).parts
    if not parts or not parts[0].channels:
        raise FormatError(name, "broken OpenEXR file: its pixels cannot be decoded")
    channels: Mapping[str, Any] = parts[0].channels
    return channels


def _window_size(window: Any) -> NDArray[np.int64]:
    """Width and height of an OpenEXR window, whose two corners belong to it."""
    low, high = (np.asarray(corner, dtype=np.int64) for corner in window)
    return high - low + 1


def _rgb(channels: Mapping[str, Any], header: Mapping[str, Any], name: str) -> Array:
    """Linear RGB in the file's own primaries, over the data window."""
    if {"R", "G", "B"} <= channels.keys():
        return np.stack([np.asarray(channels[c].pixels, dtype=np.float32) for c in "RGB"], axis=2)
    if "Y" not in channels:
        got = ", ".join(sorted(channels))[:200]
        raise UnsupportedError(f"{name}: expected channels R, G, B or Y, got {got}")
    luminance = np.asarray(channels["Y"].pixels, dtype=np.float32)
    if not {"RY", "BY"} <= channels.keys():
        return np.repeat(luminance[..., np.newaxis], 3, axis=2)
    red, blue = ((_full_size(channels[c], luminance.shape) + 1) * luminance for c in ("RY", "BY"))
    weights = rgb_to_xyz(*_chromaticities(header))[1].astype(np.float32)
    green = (luminance - weights[0] * red - weights[2] * blue) / weights[1]
    return np.stack([red, green, blue], axis=2)


def _full_size(channel: Any, shape: tuple[int, ...]) -> Array:
    """A sub-sampled channel at full size: samples sit on their first pixel, linear in between."""
    plane = np.asarray(channel.pixels, dtype=np.float32)
    tall = _stretched(plane, channel.ySampling, shape[0])
    return _stretched(tall.T, channel.xSampling, shape[1]).T


def _stretched(plane: Array, step: int, rows: int) -> Array:
    position = np.minimum(np.arange(rows) / step, plane.shape[0] - 1)
    low = position.astype(np.intp)
    high = np.minimum(low + 1, plane.shape[0] - 1)
    weight = (position - low).astype(np.float32)[:, np.newaxis]
    return np.asarray(plane[low] * (1 - weight) + plane[high] * weight, dtype=np.float32)


def _in_display_window(pixels: Array, header: Mapping[str, Any]) -> Array:
    """The display window's pixels, black where the data window does not reach."""
    (left, top), _ = header["dataWindow"]
    (x0, y0), _ = header["displayWindow"]
    width, height = _window_size(header["displayWindow"])
    left, top = int(left) - int(x0), int(top) - int(y0)
    if (left, top) == (0, 0) and pixels.shape[:2] == (height, width):
        return pixels
    result = np.zeros((int(height), int(width), 3), dtype=np.float32)
    seen = pixels[max(-top, 0) : max(height - top, 0), max(-left, 0) : max(width - left, 0)]
    top, left = max(top, 0), max(left, 0)
    result[top : top + seen.shape[0], left : left + seen.shape[1]] = seen
    return result


def _chromaticities(header: Mapping[str, Any]) -> tuple[Chromaticities, White]:
    if "chromaticities" not in header:
        return PRIMARIES["srgb"], D65
    return primaries_and_white(header["chromaticities"])
