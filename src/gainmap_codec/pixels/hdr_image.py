"""HdrImage: linear-light pixels with their colour space, what `encode` takes and `decode` gives."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
import PIL.Image
from numpy.typing import DTypeLike, NDArray

from gainmap_codec.errors import GainMapWarning, Limits, printable
from gainmap_codec.files.jpeg.metadata import EXIF_ID
from gainmap_codec.pixels.color import light as color
from gainmap_codec.pixels.color.hdr_codes import MAX_HEADROOMS, HdrTransfer
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import COLOR_SPACES, Array, ColorSpace
from gainmap_codec.pixels.in_memory import array_of
from gainmap_codec.pixels.picture_metadata import NO_METADATA, PictureMetadata
from gainmap_codec.pixels.raster.tone_map import clip_highlights, encode_base, tone_map
from gainmap_codec.pixels.strips import for_each_strip, rows_in_cache

if TYPE_CHECKING:
    from gainmap_codec.pixels.formats.sources import Source

RenderedFrom = Literal["neural", "standard", "base"]
SdrMethod = Literal["tone-map", "clip"]
SdrColorSpace = Literal["srgb", "display-p3"]

MAX_HEADROOM = MAX_HEADROOMS["pq"]
"""Headroom of 10 000 nits over SDR white, in stops (5.62)."""


ORIGINS: dict[RenderedFrom, str] = {
    "neural": "the neural gain map",
    "standard": "the standard gain map",
    "base": "the base alone",
}
"""What a rendition was made from, in words."""

HDR_KEY = "gainmap_codec"
"""In the info of a Pillow image: where its HDR is, None where there is none (`gainmap_codec.pillow`)."""


@dataclass(frozen=True, eq=False, repr=False)
class HdrImage:
    """An HDR picture in linear light. Two images are never equal but by identity: compare their arrays.

    Attributes:
        pixels: RGB, float32 (H, W, 3), linear; 1.0 = SDR white = 203 nits. Finite; negative where a colour
            lies outside `color_space`. float16 stays as it is; other float types are converted, and torch tensors.
        color_space: Primaries of `pixels`; the white point is D65.
        headroom: Headroom that the picture is meant for, log2, or None where nobody said.
        rendered_from: Which part of a gain-map file made these pixels, or None for other sources.
        warnings: What was lost or odd on the way here, one line each.
        metadata: EXIF and XMP of the picture, which `save` writes where the format has a place for them.
        is_screenshot: Whether it shows a screen, as JPEG XR files do: `tone_mapped` leaves what is no brighter than SDR
            white as it is, and makes no room for highlights.

    Raises:
        ValueError: Wrong shape, a pixel that is not finite, an unknown colour space or origin, or a bad headroom.
        TypeError: `pixels` are not floating point, or another attribute is of another type.
    """

    pixels: Array
    color_space: ColorSpace = "bt2020"
    headroom: float | None = None
    rendered_from: RenderedFrom | None = None
    warnings: tuple[str, ...] = ()
    metadata: PictureMetadata = NO_METADATA
    is_screenshot: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "pixels", _checked_pixels(self.pixels))
        if self.color_space not in COLOR_SPACES:
            known = ", ".join(COLOR_SPACES)
            raise ValueError(f"color_space: expected one of {known}, got {self.color_space!r}")
        if self.headroom is not None and (isinstance(self.headroom, bool) or not isinstance(self.headroom, Real)):
            raise TypeError(f"headroom: expected a number of stops, got {self.headroom!r}")
        if self.headroom is not None and not 0 <= self.headroom < float("inf"):
            raise ValueError(f"headroom: expected a finite number of stops >= 0, got {self.headroom!r}")
        if self.rendered_from not in (None, *ORIGINS):
            raise ValueError(f"rendered_from: expected one of None, {', '.join(ORIGINS)}, got {self.rendered_from!r}")
        if not isinstance(self.metadata, PictureMetadata):
            raise TypeError(f"metadata: expected PictureMetadata, got {type(self.metadata).__name__}")

    @classmethod
    def open(cls, source: Source, *, limits: Limits = Limits()) -> HdrImage:
        """Read an HDR picture of any kind, told by its content: what `save` writes, and what `encode` takes as `hdr`.

        Of a JPEG, HEIC, AVIF or JPEG XL file it is what `gainmap_codec.decode` gives, which has options for them.

        Args:
            source: A path, bytes or a binary file: one of these; or OpenEXR, Radiance, npy, 16-bit TIFF (BT.2020 PQ),
                16-bit PQ or HLG PNG, or JPEG XR in scRGB.
            limits: Budgets for what the file may ask for.
        Returns:
            The picture, upright, float32.
        Raises:
            GainMapError: The file is broken, none of these, not supported or over the limits; or a PNG or TIFF of SDR.
            OSError: The path cannot be read.
        Warns:
            GainMapWarning: Each of the result's `warnings`.
        """
        image = _hooks().reader(source, limits)
        for line in image.warnings:
            warnings.warn(printable(line), GainMapWarning, stacklevel=2)
        return image

    def __repr__(self) -> str:
        height, width = self.pixels.shape[:2]
        stops = [] if self.headroom is None else [f"{self.headroom:.2f} stops"]
        origin = [f"from {ORIGINS[self.rendered_from]}"] if self.rendered_from else []
        return f"HdrImage({', '.join([f'{width} x {height}', self.color_space, *stops, *origin])})"

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """The pixels, for NumPy: ``np.asarray(image)``."""
        return np.array(self.pixels, dtype, copy=copy)

    def convert(self, color_space: ColorSpace) -> HdrImage:
        """The same picture in other primaries, float32; colours outside them come out negative, none is clipped."""
        pixels = color.convert(self.pixels, self.color_space, color_space)
        return replace(self, pixels=pixels, color_space=color_space)

    def with_sdr_white(self, nits: float) -> HdrImage:
        """The same picture where what is `nits` bright is SDR white, 1.0: all light times 203 / `nits`, float32.

        For screenshots of a desktop whose SDR white was another than 203 nits, and pictures that were graded so.
        """
        factor = color.SDR_WHITE_NITS / nits
        headroom = None if self.headroom is None else max(0.0, self.headroom + float(np.log2(factor)))
        return replace(self, pixels=self.pixels * np.float32(factor), headroom=headroom)

    def to_pq(self) -> Array:
        """BT.2020 PQ code values, float32 (H, W, 3) in [0, 1]; clipped to the gamut and to 10 000 nits."""
        return color.pq_encode(color.convert(self.pixels, self.color_space, "bt2020"))

    def measured_headroom(self) -> float:
        """Headroom of the pixels, log2: the 99.9th percentile of max(R, G, B), clamped to 0…5.62."""
        peak = float(np.percentile(self.pixels.max(axis=2), 99.9))
        return float(np.clip(np.log2(max(peak, 1.0)), 0.0, MAX_HEADROOM))

    def target_headroom(self) -> float:
        """Headroom that the picture is meant for, at most 5.62 stops; where nobody said, that of its pixels."""
        return self.measured_headroom() if self.headroom is None else min(self.headroom, MAX_HEADROOM)

    def tone_mapped(self, color_space: ColorSpace) -> Array:
        """The picture for SDR displays, linear light in these primaries, float32 (H, W, 3) in [0, 1].

        Highlights are rolled off by the curve of ITU-R BT.2390, which darkens what is near SDR white, too; those of a
        screenshot are cut off at SDR white in their hue, and all else of it stays as it is.
        """
        linear = self.convert(color_space).pixels
        return clip_highlights(linear) if self.is_screenshot else tone_map(linear, headroom=self.target_headroom())

    def to_sdr(self, *, method: SdrMethod = "tone-map", color_space: SdrColorSpace = "srgb") -> PIL.Image.Image:
        """The picture for SDR displays, as a Pillow image.

        Its info holds ICC profile, EXIF and XMP by the names that Pillow's writers take them by, which write only what
        they are handed: ``picture.save("sdr.jpg", **picture.info)``. `gainmap_codec.pillow.save` writes them unasked.
        The SDR picture that a photo has itself is its base: ``decode(photo, prefer="base").to_sdr()``.

        Args:
            method: "tone-map" is `tone_mapped`, as `encode` takes it without `sdr`; "clip" cuts off what is brighter
                than SDR white, channel by channel.
            color_space: Of the result; colours outside it are clipped.
        Returns:
            Mode RGB, 8 bits.
        Raises:
            ValueError: Another method or colour space.
        """
        if method not in get_args(SdrMethod):
            raise ValueError(f"method: expected tone-map or clip, got {method!r}")
        if color_space not in get_args(SdrColorSpace):
            raise ValueError(f"color_space: expected srgb or display-p3, got {color_space!r}")
        shown = self.tone_mapped(color_space) if method == "tone-map" else self.convert(color_space).pixels
        picture = PIL.Image.fromarray(encode_base(shown))
        picture.info = self._info(color_space)
        return picture

    def save(self, path: str | os.PathLike[str], *, quality: int = 92, transfer: HdrTransfer = "pq") -> None:
        """Write the picture in the format that the extension names; the file appears whole or not at all.

        All that is PQ or HLG is BT.2020, says so to its readers, and is clipped to that gamut. PQ ends at 10 000 nits,
        HLG where a display of 1000 nits does, for which it is made: SDR white, 203 nits, is at 75 % (ITU-R BT.2408).

        ========== ============================================================================================
        ``.exr``   OpenEXR, linear, half floats, with chromaticities.
        ``.png``   16-bit PQ, with a cICP chunk.
        ``.tiff``  16-bit PQ, with an ICC profile that holds its curve and a cicp tag; ``.tif`` as well.
        ``.avif``  10-bit PQ or HLG, 4:4:4, nclx 9, 16 or 18, 9.
        ``.heic``  10-bit PQ or HLG, 4:2:0, which decoders in hardware want, nclx 9, 16 or 18, 9.
        ``.jxl``   16-bit PQ or HLG, said by its colour encoding.
        ``.hdr``   Radiance RGBE, linear, sRGB primaries; colours outside them are clipped.
        ``.npy``   float32, linear, sRGB primaries, as `encode` takes arrays.
        ========== ============================================================================================

        EXIF and XMP are written where there is a place for them: as chunks, items or boxes in PNG, AVIF, HEIC and JPEG
        XL; in TIFF as its own tags; in OpenEXR XMP as the attribute ``xmp``, and of EXIF what has a standard attribute.

        Args:
            quality: Of AVIF, HEIC and JPEG XL, 1…100 as each encoder counts; at 100 JPEG XL has no loss.
            transfer: "pq" or "hlg", the curve of AVIF, HEIC and JPEG XL.
        Raises:
            ValueError, TypeError: Another extension, an option out of range or of another type, or HLG elsewhere.
            UnsupportedError: The encoder cannot code this picture.
            OSError: The file cannot be written.
        Warns:
            GainMapWarning: For what the format has no place for, and what is brighter than its curve goes.
        """
        for line in _hooks().writer(path, self, quality, transfer):
            warnings.warn(printable(line), GainMapWarning, stacklevel=2)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """What a notebook shows: an SDR view with a caption of size and headroom."""
        return _hooks().mime_bundle(self)

    def _info(self, color_space: ColorSpace) -> dict[str | tuple[int, int], Any]:
        """What a Pillow image of this picture has in its info."""
        info: dict[str | tuple[int, int], Any] = {"icc_profile": icc_profile_for(color_space), HDR_KEY: None}
        if self.metadata.exif:
            info["exif"] = EXIF_ID + self.metadata.exif
        if self.metadata.xmp:
            info["xmp"] = self.metadata.xmp
        return info


class _Hooks(NamedTuple):
    reader: Callable[[Source, Limits], HdrImage]
    writer: Callable[[str | os.PathLike[str], HdrImage, int, HdrTransfer], Sequence[str]]
    mime_bundle: Callable[[HdrImage], dict[str, str]]


_handed_in: list[_Hooks] = []


def hand_in(
    *,
    reader: Callable[[Source, Limits], HdrImage],
    writer: Callable[[str | os.PathLike[str], HdrImage, int, HdrTransfer], Sequence[str]],
    mime_bundle: Callable[[HdrImage], dict[str, str]],
) -> None:
    """Say how pictures are read and written, and how a notebook shows them; `import gainmap_codec` does.

    The modules that can do so take an `HdrImage`, which thus cannot import them.

    Args:
        reader: Called with a source and limits.
        writer: Called with path, picture, quality and transfer; gives a line for each thing that is lost.
        mime_bundle: Text, PNG and HTML of a picture, by their MIME types.
    """
    _handed_in[:] = [_Hooks(reader, writer, mime_bundle)]


def _hooks() -> _Hooks:
    return _handed_in[0]


def _checked_pixels(pixels: NDArray[Any]) -> NDArray[Any]:
    array = np.asarray(pixels if (known := array_of(pixels, "HdrImage pixels")) is None else known)
    if not np.issubdtype(array.dtype, np.floating):
        raise TypeError(f"HdrImage pixels: expected linear floating point, got {array.dtype}")
    if array.ndim != 3 or array.shape[2] != 3 or array.size == 0:
        raise ValueError(f"HdrImage pixels: expected shape (H, W, 3), got {array.shape}")
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite and is refused below
        array = array if array.dtype == np.float16 else array.astype(np.float32, copy=False)
    bad: list[slice] = []

    def check(rows: slice) -> None:  # minimum and maximum carry a NaN along and need no copy of the picture
        if not np.isfinite(array[rows].min()) or not np.isfinite(array[rows].max()):
            bad.append(rows)

    for_each_strip(len(array), check, rows_in_cache(array.shape[1]))
    if bad:
        y, x, c = np.argwhere(~np.isfinite(array))[0]
        raise ValueError(f"HdrImage pixels: expected finite values, got {array[y, x, c]} at row {y}, column {x}")
    return array
