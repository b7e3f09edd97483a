"""Where a Pillow image's HDR comes from, and whether the image still belongs to it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gainmap_codec.codec.opening import OpenedFile, open_file
from gainmap_codec.errors import GainMapWarning, HdrLostWarning, Limits, printable
from gainmap_codec.files.container import naming
from gainmap_codec.files.orientations import inverse_of, turned_orientation
from gainmap_codec.pixels.color.base_color import base_color_of_icc
from gainmap_codec.pixels.color.icc_profile import icc_profile_describing
from gainmap_codec.pixels.color.light import Array, with_bits
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.hdr_image import HDR_KEY
from gainmap_codec.pixels.maps.binding import find_turn, soft_fingerprint
from gainmap_codec.pixels.raster.alignment import displacement
from gainmap_codec.pixels.raster.geometry import Box, to_upright, turned
from gainmap_codec.pixels.raster.resizing import resize_codes

KEY = HDR_KEY
"""Where an image's `HdrOrigin` is in ``image.info``; None there stands for a picture that never had HDR."""

_MOST_DISPLACEMENT = 0.004
"""What recoding and scaling stay below, and crops of half a percent a side mostly do not (docs/pillow.md); but a pixel
of a small image is more, and scaling may move that."""


@dataclass(frozen=True, eq=False)
class HdrOrigin:
    """Where the HDR of an image is, and which part of it the image shows.

    Attributes:
        data: The gain-map file.
        part: The part of its stored raster.
        orientation: By which that part is turned to be the image, as EXIF counts.
        size: Width and height of the image as it was left here.
        limits: Budgets that the file was opened with.
    """

    data: bytes = field(repr=False)
    part: Box[float]
    orientation: int
    size: tuple[int, int]
    limits: Limits = field(repr=False)


class Told:
    """What a verb of this package has to warn of: gathered on the way, warned of once at its end."""

    def __init__(self) -> None:
        self._lines: dict[str, type[GainMapWarning]] = {}

    def note(self, lines: Iterable[str]) -> None:
        """Things that are odd or lost."""
        for line in lines:
            self._lines.setdefault(line, GainMapWarning)

    def hdr_lost(self, why: str) -> None:
        """HDR that cannot come along."""
        self._lines[f"HDR is lost: {why}"] = HdrLostWarning

    def warn(self) -> None:
        """Warn of everything, as if the caller of the verb had written it."""
        for line, category in self._lines.items():
            warnings.warn(printable(line), category, stacklevel=3)


class Match(NamedTuple):
    """An image's origin once it has been compared with the image."""

    origin: HdrOrigin
    codes: NDArray[np.uint8]  # the image in the source's stored raster
    is_untouched: bool
    is_edited: bool  # it is more than cut, resized and turned, as far as can be told


def matched(image: Image.Image, told: Told) -> Match | None:
    """The image's origin as far as the image still belongs to it, or None: `told` says why, if there was HDR."""
    if KEY not in image.info:
        told.hdr_lost(
            "this image was not opened by gainmap_codec.pillow, or was put together from others: no HDR is known for it"
        )
        return None
    origin: HdrOrigin | None = image.info[KEY]
    if origin is None:
        return None
    opened = open_file(origin.data, "the image's source", origin.limits)
    mode = "L" if opened.file.base.channels == 1 else "RGB"
    if image.has_transparency_data:
        told.note(["the image's transparency is left out"])
    if mode == "L" and image.mode != "L":
        told.hdr_lost(f"the source is grey, and the image has the mode {image.mode}")
        return None
    if image.info.get("icc_profile") != icc_profile_of(opened):
        told.hdr_lost("the image was converted to another ICC profile")
        return None
    stored = codes_of_8_bits(opened)
    pixels = np.asarray(image.convert(mode))
    codes = turned(_rgb(pixels), inverse_of(origin.orientation))
    candidates = list(_shown(image, origin, _rgb(stored)))
    turn = next(filter(None, (_turn_of(codes, shown) for shown in candidates)), None)
    if turn is None or not _is_scaled(image.size, origin.size, turn):
        what = "cropped, stretched, slanted or graded by Pillow itself"
        told.hdr_lost(f"the image was {what}: crop and resize it by gainmap_codec.pillow")
        return None
    orientation = turned_orientation(turn, origin.orientation)
    codes = to_upright(pixels, inverse_of(orientation))
    is_whole = origin.part == (0, 0, opened.file.base.width, opened.file.base.height)
    is_untouched = is_whole and orientation == opened.file.orientation and np.array_equal(codes, stored)
    is_edited = not any(np.array_equal(_rgb(codes), shown) for shown in candidates)
    return Match(replace(origin, orientation=orientation, size=image.size), codes, is_untouched, is_edited)


def _shown(image: Image.Image, origin: HdrOrigin, stored: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """What the image showed when it left here, in the stored raster; then the same at its size, if that is smaller."""
    x0, y0, x1, y1 = (round(edge) for edge in origin.part)
    shown = stored[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
    yield shown
    width, height = origin.size if origin.orientation < 5 else origin.size[::-1]
    if width < shown.shape[1] or height < shown.shape[0]:  # means of light are brighter than those of code values
        yield _resized(shown, width, height, image)
        if origin.part != (x0, y0, x1, y1):  # reduced, then cropped: the edges were pixels of the smaller picture
            left, top, right, bottom = origin.part
            across, down = width / (right - left), height / (bottom - top)
            whole = _resized(stored, round(stored.shape[1] * across), round(stored.shape[0] * down), image)
            x = min(round(left * across), whole.shape[1] - width)
            y = min(round(top * down), whole.shape[0] - height)
            yield whole[y : y + height, x : x + width]


def _resized(codes: NDArray[np.uint8], width: int, height: int, image: Image.Image) -> NDArray[np.uint8]:
    return cast(NDArray[np.uint8], resize_codes(codes, width, height, curves_of(image)))


def _turn_of(codes: NDArray[np.uint8], shown: NDArray[np.uint8]) -> int | None:
    """By which EXIF orientation a picture is turned against what was shown, or None where it is another one."""
    turn = find_turn(codes, soft_fingerprint(shown))
    if turn is None:
        return None
    most = max(_MOST_DISPLACEMENT, 1 / min(codes.shape[:2]))
    return turn if displacement(turned(codes, inverse_of(turn)), shown) <= most else None


def _rgb(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return codes if codes.ndim == 3 else np.repeat(codes[..., np.newaxis], 3, axis=2)


def _is_scaled(size: tuple[int, int], known: tuple[int, int], turn: int) -> bool:
    """Whether an image has its known size, turned perhaps, or one of the same proportions but for rounding."""
    (width, height), (across, down) = size, known if turn < 5 else known[::-1]
    return min(abs(width - height * across / down), abs(height - width * down / across)) <= 1


def icc_profile_of(opened: OpenedFile) -> bytes | None:
    """The ICC profile of a file's base, or one that says what its code points do; None for sRGB and for the unknown."""
    profile, color = opened.file.base.icc_profile, opened.color
    return profile or (None if color.primaries == "srgb" else icc_profile_describing(color))


def curves_of(image: Image.Image) -> Array:
    """Light of each code value in R, G and B, float32 (3, 256), by the image's ICC profile."""
    channels = 1 if Image.getmodebase(image.mode) == "L" else 3
    return base_color_of_icc(image.info.get("icc_profile"), 8, channels).curves


def codes_of_8_bits(opened: OpenedFile) -> NDArray[np.uint8]:
    """The base's code values, (H, W) or (H, W, 3), as Pillow can hold them."""
    base = opened.file.base
    with naming(opened.name):
        return cast(NDArray[np.uint8], with_bits(decode_coded_image(base), base.bits, 8))
