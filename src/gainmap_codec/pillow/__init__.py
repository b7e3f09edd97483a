"""Pillow images whose HDR comes along: `open`, `resize`, `crop` and `save`. Nothing of Pillow is patched.

>>> from gainmap_codec import pillow
>>> pillow.open.__name__
'open'

An image that `open` gives is an ordinary Pillow image of the SDR picture. Its ``info["gainmap_codec"]``, which Pillow's
own methods carry along, tells where its HDR is. `save` looks whether the pixels are still the source's, and writes base
and gain maps; or it warns with `HdrLostWarning` and writes the SDR picture. What Pillow's ``Image.save`` writes is SDR,
without a word: nobody can change that from outside.

Pixels are upright everywhere here. The orientation of the source stays in the file that `save` writes.
"""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pillow_heif
from PIL import Image, ImageOps

from gainmap_codec.codec.metadata import metadata_of
from gainmap_codec.codec.opening import OpenedFile, open_file
from gainmap_codec.codec.options import (
    DEFAULT_EFFORT,
    DEFAULT_QUALITIES,
    DecodeOptions,
    Strip,
    TranscodeOptions,
    check_effort,
    check_strip,
)
from gainmap_codec.codec.strip import exif_without_geotags, xmp_without_geotags
from gainmap_codec.edit.frame import checked_box, fitted_size, stretching
from gainmap_codec.edit.metadata import stripped_for_edit
from gainmap_codec.edit.new_base import Shown
from gainmap_codec.edit.new_payload import note_no_fit
from gainmap_codec.edit.report import Notes, finish, open_for_edit
from gainmap_codec.edit.transcode import edited, transcode_opened, transcode_with_report
from gainmap_codec.errors import Limits, UnsupportedError
from gainmap_codec.files.container import SUFFIXES, may_have_gain_map
from gainmap_codec.files.jpeg.metadata import EXIF_ID
from gainmap_codec.files.records import Container
from gainmap_codec.files.tags import exif_edit
from gainmap_codec.pillow.metadata import writer_options
from gainmap_codec.pillow.source import (
    KEY,
    HdrOrigin,
    Match,
    Told,
    codes_of_8_bits,
    curves_of,
    icc_profile_of,
    matched,
)
from gainmap_codec.pixels.color.code_points import is_hdr
from gainmap_codec.pixels.color.light import with_bits
from gainmap_codec.pixels.formats.decoding import decoding
from gainmap_codec.pixels.formats.images import open_picture
from gainmap_codec.pixels.formats.outputs import write_atomically
from gainmap_codec.pixels.formats.sources import AnyPath, Source, read_source
from gainmap_codec.pixels.raster.geometry import Box, stored_box, to_upright
from gainmap_codec.pixels.raster.resizing import resize_codes

_CONTAINERS: dict[str, Container] = {"JPEG": "jpeg", "HEIF": "heic", "HEIC": "heic", "AVIF": "avif", "JXL": "jxl"}


def open(source: Source, *, limits: Limits = Limits()) -> Image.Image:
    """Open a picture, upright, with all that `save` needs to keep its HDR.

    Args:
        source: A path, bytes or a binary file: JPEG, HEIC, AVIF or JPEG XL, with a gain map or without; or what else
            Pillow opens, which has none.
        limits: Budgets for what the file may ask for.
    Returns:
        The SDR picture, loaded, mode RGB or L, with ICC profile, EXIF and XMP in its info; of a file whose base is HDR,
        the SDR rendition that its gain map leads to.
    Raises:
        GainMapError: A file that is broken, no picture that Pillow opens, not supported or over the limits, Pillow's
            own `MAX_IMAGE_PIXELS` among them; or HDR without a gain map, of which Pillow can show nothing.
        OSError: The path cannot be read.
    Warns:
        GainMapWarning: What is odd about the file, or cannot be used.
    """
    data, name = read_source(source, limits)
    if not may_have_gain_map(data):
        return _without_gain_map(data, name, limits)
    told = Told()
    opened = open_file(data, name, limits)
    if is_hdr(opened.file.base):
        report = transcode_with_report(data, TranscodeOptions(container="jpeg", limits=limits))
        told.note(report.warnings)
        data, opened = report.data, open_file(report.data, name, limits)
    told.note((*opened.warnings, *opened.color.notes))
    told.warn()
    file = opened.file
    image = Image.fromarray(to_upright(codes_of_8_bits(opened), file.orientation))
    _describe(image, opened)
    has_hdr = file.gain_map is not None or opened.neural is not None
    part = Box(0.0, 0.0, file.base.width, file.base.height)
    image.info[KEY] = HdrOrigin(data, part, file.orientation, image.size, limits) if has_hdr else None
    return image


def _without_gain_map(data: bytes, name: str, limits: Limits) -> Image.Image:
    """A picture of another format, upright, marked as one that never had HDR."""
    with decoding(name, "picture"):
        image = ImageOps.exif_transpose(open_picture(data, name, limits))
    image.info[KEY] = None
    return image


def resize(image: Image.Image, size: tuple[int | None, int | None]) -> Image.Image:
    """An image of another size, its HDR with it; light is averaged, as `gainmap_codec.resize` does.

    Args:
        image: Mode RGB or L.
        size: Width and height in pixels; None for one of them keeps the proportions.
    Raises:
        ValueError: Another mode, or a size below 1.
    Warns:
        HdrLostWarning: The image is no longer what its HDR belongs to; the result has none.
        GainMapWarning: The picture is stretched, by more than a pixel and 1 %.
    """
    wanted = fitted_size(image.size, size)
    if image.mode not in ("RGB", "L"):
        raise ValueError(f"image: expected the mode RGB or L, got {image.mode}")
    told = Told()
    told.note(stretching(image.size, wanted))
    match = matched(image, told)
    result = Image.fromarray(resize_codes(np.asarray(image), *wanted, curves_of(image)))
    told.warn()
    return _with_origin(result, image, match and replace(match.origin, size=wanted))


def crop(image: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    """A part of an image, its HDR with it.

    Args:
        box: Left, top, right and bottom edge in pixels; right and bottom are behind the last.
    Raises:
        ValueError: An empty box, or one that is not inside the image.
    Warns:
        HdrLostWarning: As `resize`.
    """
    width, height = image.size
    left, top, right, bottom = checked_box(box, width, height)
    told = Told()
    match = matched(image, told)
    told.warn()
    result = image.crop((left, top, right, bottom))
    if match is None:
        return _with_origin(result, image, None)
    shares = Box(left / width, top / height, right / width, bottom / height)
    a, b, c, d = stored_box(shares, 1.0, 1.0, match.origin.orientation)
    x0, y0, x1, y1 = match.origin.part
    across, down = x1 - x0, y1 - y0
    part = Box(x0 + a * across, y0 + b * down, x0 + c * across, y0 + d * down)
    return _with_origin(result, image, replace(match.origin, part=part, size=result.size))


def save(
    image: Image.Image,
    target: AnyPath | BinaryIO,
    *,
    format: str | None = None,
    quality: int | None = None,
    strip: Strip | None = None,
    effort: int = DEFAULT_EFFORT,
) -> None:
    """Write an image with its HDR; a path appears whole or not at all.

    An image that is as `open` gave it is written without coding anything again, where the container stays: the very
    bytes of its source. Otherwise the image's pixels become the base, and the gain maps of the source go with them,
    cut, reduced and turned as the image was. EXIF and XMP are the source's, without thumbnails.

    Args:
        target: A path, or a binary file to write to.
        format: By Pillow's names; None is by the path's extension. JPEG, HEIF and AVIF hold gain maps.
        quality: Quality of the base, 1…100; None is 92 in JPEG, 65 in HEIC, 85 in AVIF and 95 in JPEG XL, where pixels
            have to be coded.
        strip: "gps" leaves out where the picture was taken, "all" everything but what the pictures need; see
            `gainmap_codec.transcode`.
        effort: Of fitting a neural gain map anew, where the source has that alone and it no longer fits: 1 (quickest)
            … 9 (best).
    Raises:
        ValueError: No format, or one that Pillow does not know; or effort is out of its range.
        GainMapError: The picture cannot be in that container.
        OSError: The file cannot be written, or Pillow cannot write this mode in this format.
    Warns:
        HdrLostWarning: The SDR picture alone is written: the format holds no gain map, the image was not opened here,
            or its pixels were cropped, turned or edited so that its HDR no longer belongs to it.
        GainMapWarning: For each other thing that is lost.
    """
    check_strip(strip)
    check_effort(effort)
    kind = _format_of(target, format)
    told = Told()
    match = matched(image, told)
    if match and kind not in _CONTAINERS:
        told.hdr_lost(
            f"{kind} holds no gain map, only the SDR picture is written; JPEG, HEIC, AVIF and JPEG XL hold one"
        )
        match = None
    if match:
        data, lost = _with_hdr(match, _CONTAINERS[kind], quality, strip, effort)
        told.note(lost)
    else:
        data = _without_hdr(image, kind, quality, strip, told)
        told.note(_unfitted(effort))
    told.warn()
    if isinstance(target, (str, os.PathLike)):
        write_atomically(target, data)
    else:
        target.write(data)


def _describe(image: Image.Image, opened: OpenedFile) -> None:
    """ICC profile, and EXIF and XMP as they are true of the picture alone, in Pillow's places."""
    profile = icc_profile_of(opened)
    if profile:
        image.info["icc_profile"] = profile
    metadata = metadata_of(opened.file, DecodeOptions(), *image.size)
    if metadata.exif:
        image.info["exif"] = EXIF_ID + metadata.exif
    if metadata.xmp:
        image.info["xmp"] = metadata.xmp


def _with_origin(result: Image.Image, image: Image.Image, origin: HdrOrigin | None) -> Image.Image:
    """The result with what the image's info says, and where its HDR is now."""
    result.info = dict(image.info)
    if origin:
        result.info[KEY] = origin
    elif result.info.get(KEY) is not None:
        del result.info[KEY]
    return result


def _with_hdr(
    match: Match, container: Container, quality: int | None, strip: Strip | None, effort: int
) -> tuple[bytes, tuple[str, ...]]:
    """The file of base and gain maps, and a line for each thing that is lost."""
    origin, notes = match.origin, Notes()
    if match.is_untouched and quality is None:
        return _untouched(origin, container, strip, effort)
    _, opened = open_for_edit(origin.data, origin.limits, notes)
    file = opened.file
    if file.orientation != origin.orientation:
        exif = file.exif and exif_edit.with_orientation(file.exif, origin.orientation, notes.lost)
        opened = replace(opened, file=replace(file, orientation=origin.orientation, exif=exif))
    if file.base.bits > 8:
        notes.lost.append(f"the base's pixels have 8 bits instead of {file.base.bits}: Pillow holds no more")
    opened = stripped_for_edit(opened, strip, notes)
    codes = with_bits(match.codes, 8, file.base.bits)
    shown = Shown(opened, origin.part, codes, has_thumbnails=False, is_edited=match.is_edited)
    options = TranscodeOptions(container=container, quality=quality, effort=effort, limits=origin.limits)
    report = finish(edited(shown, options, notes), opened, notes)
    return report.data, report.warnings


def _untouched(
    origin: HdrOrigin, container: Container, strip: Strip | None, effort: int
) -> tuple[bytes, tuple[str, ...]]:
    """The very bytes of the origin, or all of it in another container."""
    opened = open_file(origin.data, "the image's source", origin.limits)
    if opened.file.container == container and strip is None:
        return origin.data, _unfitted(effort)
    options = TranscodeOptions(container=container, strip=strip, effort=effort, limits=origin.limits)
    report = transcode_opened(opened, options)
    return report.data, report.warnings


def _unfitted(effort: int) -> tuple[str, ...]:
    """A line about an effort that is asked for, where nothing is fitted."""
    notes = Notes()
    note_no_fit(TranscodeOptions(effort=effort), notes)
    return tuple(notes.lost)


def _without_hdr(image: Image.Image, kind: str, quality: int | None, strip: Strip | None, told: Told) -> bytes:
    """The SDR picture as Pillow or pillow-heif writes it, with its ICC profile, EXIF and XMP."""
    if kind == "JXL" and kind not in Image.SAVE:
        raise UnsupportedError(
            "JPEG XL: expected an image with HDR, got one without, which takes a plug-in of Pillow's"
        )
    stream, notes = io.BytesIO(), list[str]()
    if strip is not None:
        image = _stripped(image, strip, told)
    options = writer_options(image, kind, notes) | {
        "quality": quality or DEFAULT_QUALITIES[_CONTAINERS.get(kind, "jpeg")]
    }
    told.note(notes)
    if image.info.get("icc_profile"):
        options["icc_profile"] = image.info["icc_profile"]
    if _CONTAINERS.get(kind) == "heic":
        pillow_heif.from_pillow(image).save(stream, **options)
    else:
        image.save(stream, kind, **options)
    return stream.getvalue()


def _stripped(image: Image.Image, strip: Strip, told: Told) -> Image.Image:
    """A copy whose info is the ICC profile, and for "gps" EXIF and XMP without places: Pillow writes comments too."""
    exif, xmp, notes = image.info.get("exif"), image.info.get("xmp"), list[str]()
    result = image.copy()
    result.info = {name: image.info[name] for name in ("icc_profile",) if name in image.info}
    if exif and strip == "gps":
        cleaned = exif_without_geotags(exif.removeprefix(EXIF_ID), notes)
        result.info["exif"] = EXIF_ID + cleaned if cleaned else b""
    if xmp and strip == "gps":
        result.info["xmp"] = xmp_without_geotags(xmp, notes)
    told.note(notes)
    return result


def _format_of(target: AnyPath | BinaryIO, format: str | None) -> str:
    """Pillow's name of a format.

    Raises:
        ValueError: None is named.
    """
    extension = Path(target).suffix.lower() if isinstance(target, (str, os.PathLike)) else ""
    known = {**Image.registered_extensions(), **dict.fromkeys(SUFFIXES["heic"], "HEIF"), ".jxl": "JXL"}
    found = format.upper() if format else known.get(extension)
    if found is None or not (found in _CONTAINERS or found in Image.SAVE):
        raise ValueError(f"format: expected one that Pillow writes, got {format or target!r}")
    return found
