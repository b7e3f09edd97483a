"""A second decoder for gain-map files, written for the tests alone: float64, whole formulas, no tables.

The planes come from other people's readers of the whole file where these give them (Pillow for JPEG, libavif for the
base of AVIF, libheif for HEIC and its auxiliary images); hidden maps, which none of them gives, from the item that our
parser cut out. Metadata are our parser's; the conformance table compares them with what others printed. So are the
integers of a neural payload, which the fixtures hold as JSON beside its bytes; docs/format.md says what they mean.
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

from gainmap_codec.files.payload.records import NeuralGainMap
from gainmap_codec.files.records import AppleMetadata, CodedImage, GainMapFile, GainMapMetadata, StoredGainMap
from support.slow_multiscale import slow_residual

Plane = NDArray[np.float64]

# Red, green and blue of ITU-R BT.709, SMPTE EG 432-1 and ITU-R BT.2020; the white of all three is D65.
CHROMATICITIES = {
    "srgb": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    "display-p3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
}
D65 = (0.3127, 0.3290)


def _to_xyz(primaries: str) -> Plane:
    """Linear RGB to XYZ, such that equal parts of all three make white."""
    *colors, white = (np.array([x / y, 1, (1 - x - y) / y]) for x, y in (*CHROMATICITIES[primaries], D65))
    unscaled = np.stack(colors, axis=1)
    return unscaled * np.linalg.solve(unscaled, white)


TO_BT2020 = {name: np.linalg.solve(_to_xyz("bt2020"), _to_xyz(name)) for name in CHROMATICITIES}
"""Linear RGB to linear BT.2020."""


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
    return base_codes(data, file) / (2.0**file.base.bits - 1)


def base_codes(data: bytes, file: GainMapFile) -> NDArray[Any]:
    """The base's code values, (H, W, 3), stored raster."""
    if file.base.codec == "jpeg":
        codes = _jpeg(data, "RGB")
    elif file.base.codec == "av1":
        codes = _av1(data, file.base)
    else:
        # libheif turns the picture as the file says.
        codes = _stored(np.asarray(pillow_heif.open_heif(io.BytesIO(data))), file.orientation)
    return np.stack([codes] * 3, axis=2) if codes.ndim == 2 else codes[..., :3]  # grey; without alpha


def map_planes(data: bytes, file: GainMapFile, stored: StoredGainMap) -> Plane:
    """The gain map in [0, 1], (h, w, 1 or 3), stored raster."""
    image = stored.image
    if image.codec == "jpeg":
        codes = _jpeg(image.data)
    elif image.codec == "av1":
        codes = imagecodecs.avif_decode(image.data)
    else:
        codes = _hevc_map(data, image, file.orientation)
    codes = codes[..., np.newaxis] if codes.ndim == 2 else codes
    return codes / (2.0**image.bits - 1)


def _jpeg(data: bytes, mode: str | None = None) -> NDArray[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of an MPF index that points to a wrong place
        return np.asarray(Image.open(io.BytesIO(data)).convert(mode))


def _av1(data: bytes, image: CodedImage) -> NDArray[Any]:
    try:
        return np.asarray(imagecodecs.avif_decode(data))
    except imagecodecs.AvifError:  # libavif refuses a tmap item as the primary one
        return np.asarray(imagecodecs.avif_decode(image.data))


def _hevc_map(data: bytes, image: CodedImage, orientation: int) -> NDArray[Any]:
    opened: Any = pillow_heif.open_heif(io.BytesIO(data))
    numbers = opened.info["aux"].get("urn:com:apple:photo:2020:aux:hdrgainmap", ())
    if numbers:
        return _stored(np.asarray(opened.get_aux_image(numbers[0])), orientation)
    codes = np.asarray(pillow_heif.open_heif(io.BytesIO(image.data)))
    left, top = (image.crop.left, image.crop.top) if image.crop else (0, 0)  # the cut-out item is not cropped
    return codes[top : top + image.height, left : left + image.width]


def _stored(shown: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Undoes `upright`."""
    return upright(shown, {6: 8, 8: 6}.get(orientation, orientation))


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
    found: Plane = np.maximum(linear, 0) @ TO_BT2020[maths].T
    return found


def _apple_factor(planes: list[Plane], metadata: AppleMetadata, headroom: float) -> Plane:
    most = min(metadata.headroom, 2.0**headroom)
    return np.stack([1 + (most - 1) * srgb_curve(p) for p in planes], axis=2)


def _iso(
    linear: Plane, planes: list[Plane], metadata: GainMapMetadata, headroom: float, size: tuple[Any, ...]
) -> Plane:
    """ISO 21496-1 clause 6, gains interpolated in log2."""
    low, high = float(metadata.base_hdr_headroom), float(metadata.alternate_hdr_headroom)
    if low == high:
        return linear
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


def render_neural(codes: NDArray[Any], network: NeuralGainMap, spaces: tuple[str, str], headroom: float) -> Plane:
    """Linear BT.2020 of a whole base by a neural gain map: docs/format.md, "Decoding" and "Display rendition".

    Args:
        codes: Of the base, (H, W, 3), uint8.
        spaces: Primaries of the base, its curve ("srgb" or "pq").
        headroom: Of the display, log2.
    """
    base = (pq_curve if spaces[1] == "pq" else srgb_curve)(codes / 255) @ TO_BT2020[spaces[0]].T
    published = network.family == "published"
    residual = _published(base, network) if published else slow_residual(network, codes, 255)
    low, high = network.base_hdr_headroom, network.alternate_hdr_headroom
    weight = float(np.clip((headroom - low) / (high - low), 0, 1)) if high > low else 0.0
    kb, ka = network.base_offset, network.alternate_offset
    if network.domain == "log2_gain":
        shown: Plane = np.clip((base + kb) * 2 ** np.minimum(weight * residual, 64) - ka, 0, 2**15)
        return shown
    hdr = _hdr_of(base, residual, network)
    ratio = (hdr + ka) / np.maximum(base + kb, 1e-6)
    return hdr if weight == 1 else np.maximum((base + kb) * ratio**weight - ka, 0)


def _hdr_of(base: Plane, residual: Plane, network: NeuralGainMap) -> Plane:
    s, e = pq_codes(base) / 1023, 1 / 64
    if network.domain == "pq_gain":
        found = (s + e) * residual - e
    else:
        found = (s + e) ** residual - e if network.domain == "pq_gamma" else s + residual
    return pq_curve(np.clip(found, 0, 1))


def _published(base: Plane, network: NeuralGainMap) -> Plane:
    """The residual of each pixel, (H, W, 1 or 3), by a network of the published family."""
    height, width = base.shape[:2]
    column, row = np.meshgrid(_end_to_end(width), _end_to_end(height))
    xx, xy, x0, yx, yy, y0 = network.coordinates
    places = xx * column + xy * row + x0, yx * column + yy * row + y0
    colors = (pq_codes(base) / 1023 - network.color_shift) * network.color_scale
    features = [_octaves(place, network.position_octaves) for place in places]
    features += [_octaves(colors[..., channel], network.color_octaves) for channel in range(3)]
    values = np.concatenate(features, axis=2)
    for number, layer in enumerate(network.layers):
        values = values @ (np.reshape(layer.weights, (layer.inputs, layer.outputs)) * 2 ** (layer.step_exponent / 4))
        values = np.sin(values) if number < 2 else values
    return network.residual_shift + network.residual_scale * values


def _end_to_end(count: int) -> Plane:
    return np.linspace(-1, 1, count) if count > 1 else np.zeros(1)


def _octaves(value: Plane, octaves: int) -> Plane:
    angles = [2.0**k * np.pi * value for k in range(octaves)]
    return np.stack([wave(angle) for angle in angles for wave in (np.sin, np.cos)], axis=2)


def upright(stored: NDArray[Any], orientation: int) -> NDArray[Any]:
    """A picture (H, W, ...) as its EXIF orientation wants it shown."""
    turned = stored.swapaxes(0, 1) if orientation >= 5 else stored
    down, across = (-1 if orientation in backwards else 1 for backwards in ((3, 4, 7, 8), (2, 3, 6, 7)))
    return turned[::down, ::across]


def to_bt2020(linear: Plane, primaries: str) -> Plane:
    return linear @ TO_BT2020[primaries].T


def from_bt2020(linear: Plane, primaries: str) -> Plane:
    """In other primaries; colours outside them come out negative."""
    return linear @ np.linalg.inv(TO_BT2020[primaries]).T


def signed_pq_codes(linear: Plane) -> Plane:
    """Codes of 10 bits whose sign is that of the light, so that light below 0 is compared, too."""
    return np.sign(linear) * pq_codes(np.abs(linear))
