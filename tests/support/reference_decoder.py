"""A second decoder for gain-map files, written for the tests alone: float64, whole formulas, no tables.

The planes come from other people's readers of the whole file where these give them (Pillow for JPEG, libavif for the
base of AVIF, libheif for HEIC and its auxiliary images); hidden maps of AVIF files, which none of them gives, from the
item that our parser cut out. Metadata are our parser's; the conformance table compares them with what others printed.
"""

from __future__ import annotations

import io
import warnings
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

from gainmap_codec.files.records import AppleMetadata, CodedImage, GainMapFile, GainMapMetadata, StoredGainMap

Plane = NDArray[np.float64]

# Linear RGB to linear BT.2020, D65, computed from the chromaticities in ITU-R BT.709, BT.2020 and SMPTE EG 432-1.
TO_BT2020 = {
    "srgb": [[0.627404, 0.329283, 0.043313], [0.069097, 0.919541, 0.011362], [0.016391, 0.088013, 0.895595]],
    "display-p3": [[0.753833, 0.198597, 0.047570], [0.045744, 0.941777, 0.012479], [-0.001210, 0.017602, 0.983609]],
    "bt2020": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
}


def srgb_curve(signal: Plane) -> Plane:
    """IEC 61966-2-1."""
    return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)


def pq_curve(signal: Plane) -> Plane:
    """SMPTE ST 2084, as multiples of 203 cd/m²."""
    root = signal ** (1 / 78.84375)
    return 10000 / 203 * (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)


def pq_codes(linear: Plane) -> Plane:
    """The inverse, in codes of 10 bits."""
    y = np.clip(linear * 203 / 10000, 0, 1) ** 0.1593017578125
    return 1023 * ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375


def base_planes(data: bytes, file: GainMapFile) -> Plane:
    """The base in [0, 1], (H, W, 3), stored raster."""
    image = file.base
    if image.codec == "jpeg":
        codes = _jpeg(data, "RGB")
    elif image.codec == "av1":
        codes = _av1(data, image)
    else:
        # libheif turns the picture as the file says.
        codes = _stored(np.asarray(pillow_heif.open_heif(io.BytesIO(data))), file.orientation)
    return codes / (2.0**image.bits - 1)


def map_planes(data: bytes, file: GainMapFile, stored: StoredGainMap) -> Plane:
    """The gain map in [0, 1], (h, w, 1 or 3), stored raster."""
    image = stored.image
    if image.codec == "jpeg":
        codes = _jpeg(image.data)
    elif image.codec == "av1":
        codes = imagecodecs.avif_decode(image.data)
    else:
        opened = pillow_heif.open_heif(io.BytesIO(data))
        (number,) = opened.info["aux"]["urn:com:apple:photo:2020:aux:hdrgainmap"]
        codes = _stored(np.asarray(opened.get_aux_image(number)), file.orientation)
    codes = codes[..., np.newaxis] if codes.ndim == 2 else codes
    return codes / (2.0**image.bits - 1)


def _jpeg(data: bytes, mode: str | None = None) -> NDArray[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of an MPF index that points to a wrong place
        return np.asarray(Image.open(io.BytesIO(data)).convert(mode))


def _av1(data: bytes, image: CodedImage) -> NDArray[Any]:
    try:
        return np.asarray(imagecodecs.avif_decode(data))[..., :3]  # without alpha
    except imagecodecs.AvifError:  # libavif refuses a tmap item as the primary one
        return np.asarray(imagecodecs.avif_decode(image.data))


def _stored(upright: NDArray[Any], orientation: int) -> NDArray[Any]:
    turns = {1: 0, 8: 3, 3: 2, 6: 1}  # quarters anticlockwise that undo the turn
    return np.rot90(upright, turns[orientation])


def enlarge(plane: Plane, height: int, width: int, rows: slice) -> Plane:
    """Some rows of a plane enlarged to height x width: bilinear, pixel centres aligned."""
    h, w = plane.shape
    y = (np.arange(height)[rows] + 0.5) * h / height - 0.5
    x = (np.arange(width) + 0.5) * w / width - 0.5
    down = np.stack([np.interp(y, np.arange(h), plane[:, column]) for column in range(w)], axis=1)
    return np.stack([np.interp(x, np.arange(w), line) for line in down])


def render(
    base: Plane,
    gain_map: Plane | None,
    stored: StoredGainMap | None,
    spaces: tuple[str, str, str],
    headroom: float,
    rows: slice,
) -> Plane:
    """Linear BT.2020 of some rows.

    Args:
        spaces: Primaries of the base, its curve ("srgb" or "pq"), primaries of the maths.
        headroom: Of the display, log2.
    """
    primaries, curve, maths = spaces
    linear = (pq_curve if curve == "pq" else srgb_curve)(base[rows])
    to_maths = np.linalg.solve(TO_BT2020[maths], TO_BT2020[primaries])
    linear = linear @ to_maths.T
    if gain_map is not None and stored is not None:
        planes = [gain_map[..., c] for c in range(gain_map.shape[2])]
        size = base.shape[0], base.shape[1], rows
        if isinstance(stored.metadata, AppleMetadata):
            linear *= _apple_factor([enlarge(p, *size) for p in planes], stored.metadata, headroom)
        else:
            linear = _iso(linear, planes, stored.metadata, headroom, size)
    return np.maximum(linear, 0) @ np.array(TO_BT2020[maths]).T


def _apple_factor(planes: list[Plane], metadata: AppleMetadata, headroom: float) -> Plane:
    most = min(metadata.headroom, 2.0**headroom)
    return np.stack([1 + (most - 1) * srgb_curve(p) for p in planes], axis=2)


def _iso(
    linear: Plane, planes: list[Plane], metadata: GainMapMetadata, headroom: float, size: tuple[Any, ...]
) -> Plane:
    """ISO 21496-1 clause 6, gains interpolated in log2."""
    low, high = float(metadata.base_hdr_headroom), float(metadata.alternate_hdr_headroom)
    weight = np.clip((headroom - low) / (high - low), 0, 1) * np.sign(high - low)
    if weight == 0:
        return linear
    out = np.empty_like(linear)
    for index in range(3):
        numbers = metadata.channels[index % len(metadata.channels)]
        plane = planes[index % len(planes)]
        smallest, largest = float(numbers.gain_map_min), float(numbers.gain_map_max)
        gains = enlarge(smallest + (largest - smallest) * plane ** (1 / float(numbers.gamma)), *size)
        out[..., index] = (linear[..., index] + float(numbers.base_offset)) * 2.0 ** (gains * weight)
        out[..., index] -= float(numbers.alternate_offset)
    return np.maximum(out, 0)
