"""What a page is told of each file that it shows: pictures, gain maps and numbers (docs/browser.md)."""

from __future__ import annotations

import base64
import io
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gainmap_codec.codec.decoding import decode_opened, preference
from gainmap_codec.codec.description import describe, describe_picture
from gainmap_codec.codec.encoding import encode_with_report
from gainmap_codec.codec.inspection import inspection_of, inspection_of_picture
from gainmap_codec.codec.opening import OpenedFile, open_file
from gainmap_codec.codec.options import DecodeOptions, EncodeOptions, SwapOptions
from gainmap_codec.edit.report import Notes
from gainmap_codec.edit.swap import with_sdr_base
from gainmap_codec.errors import GainMapError, Limits, UnsupportedError
from gainmap_codec.files.container import may_have_gain_map
from gainmap_codec.files.jpeg.metadata import ICC_ID
from gainmap_codec.files.jpeg.segments import APP0, APP2, APP14, EOI, SOI, segments_of
from gainmap_codec.files.records import AppleMetadata, CodedImage, StoredGainMap
from gainmap_codec.files.structure import sections_of, sums_of
from gainmap_codec.pixels.color.code_points import color_of, is_hdr, primaries_are_known
from gainmap_codec.pixels.color.icc_profile import icc_profile_describing, rgb_profile
from gainmap_codec.pixels.color.light import AnyCodes, Array, with_bits
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.formats.hdr_files import decode_hdr
from gainmap_codec.pixels.formats.images import encode_jpeg
from gainmap_codec.pixels.formats.sources import read_source
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.raster.geometry import to_upright, turned_coordinates
from gainmap_codec.pixels.raster.resizing import resize_codes

LONGEST_SIDE = 2048
"""Of each of several pictures in a page, which stays a few megabytes so."""

_QUALITY = 92
_LISTED_PARTS = 500
_BRIGHTEST_SCREEN = 10_000
"""That gain maps made of a picture allow for, in nits: as bright as PQ goes."""


def shown_file(source: Path, limits: Limits, *, name: str = "", longest_side: int | None = None) -> dict[str, Any]:
    """What the page is told of a file, plain values for JSON; static/photo.js reads them, `assemble_page` takes them.

    Args:
        source: A JPEG, HEIC, AVIF or JPEG XL file, or a picture that is HDR by itself.
        limits: Budgets for what the file may ask for.
        name: What the page calls it; else its file's name.
        longest_side: Pixels that the picture and its map have at most; None leaves them as they are.
    Raises:
        GainMapError: The base is broken, not supported or over the limits.
        OSError: The path cannot be read.
    """
    data, path = read_source(source, limits)
    notes: list[str] = []
    if may_have_gain_map(data):
        opened = open_file(data, path, limits)
        info = inspection_of(opened, brightness=True).to_dict()
        facts = _facts(data, opened, info, limits)
        brightness = info["brightness"] if is_hdr(opened.file.base) else None
        opened = _with_sdr_base(opened, limits, notes) if is_hdr(opened.file.base) else opened
    else:
        image = decode_hdr(data, path, limits)
        info = inspection_of_picture(data, image)
        brightness = info["brightness"]
        facts = _facts_of_picture(data, info)
        opened = _made_for_the_page(image, limits, notes)
    picture = _picture(opened, longest_side, notes)
    standard = _standard(opened, longest_side, notes)
    kind = preference(opened, "auto")[0]
    if brightness and brightness["peak_nits"] > _BRIGHTEST_SCREEN:
        notes.append(
            f"The gain map here is for screens of up to {_BRIGHTEST_SCREEN:,} nits; the picture is brighter, "
            f"up to {brightness['peak_nits']:,.0f} nits."
        )
    if kind == "base":
        notes.append("No gain map can be used: the page shows the picture as SDR.")
    return {
        "name": name or source.name,
        **facts,
        **picture,
        "standard": standard,
        "neural": _neural(opened),
        "prefer": kind,
        "brightest": brightness and brightness["peak_stops"],  # which a map made for the page does not quite hold
        "notes": list(dict.fromkeys([*notes, *opened.warnings, *opened.color.notes])),
    }


def _facts(data: bytes, opened: OpenedFile, info: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """What a gain-map file says of itself, and its parts."""
    sections = sections_of(data, opened.file, limits)
    return {
        "description": _with_times(describe(info)),
        "bytes": len(data),
        "parts": [[each.start, each.stop - each.start, each.name] for each in sections[:_LISTED_PARTS]],
        "sums": sums_of(sections).most_common(),
    }


def _facts_of_picture(data: bytes, info: dict[str, Any]) -> dict[str, Any]:
    """The same of a picture that is HDR by itself."""
    return {"description": _with_times(describe_picture(info)), "bytes": len(data), "parts": [], "sums": []}


def _with_times(description: str) -> str:
    """With the sign in sizes that the page uses, and terminals may lack."""
    return re.sub(r"(?<=\d) x (?=\d)", " × ", description)


def _with_sdr_base(opened: OpenedFile, limits: Limits, notes: list[str]) -> OpenedFile:
    """A JPEG with an SDR base, of a file whose base is HDR: by its gain map, or made for the page where it has none."""
    edit = Notes()
    try:
        new = with_sdr_base(opened, SwapOptions(container="jpeg", quality=_QUALITY), edit)
    except UnsupportedError:  # no gain map leads down to SDR
        image = decode_opened(opened, DecodeOptions(prefer="base", limits=limits))
        return _made_for_the_page(image, limits, notes)
    notes += ["The picture is HDR by itself: its SDR side is what its gain map makes of it.", *edit.lost]
    return new


def _made_for_the_page(image: HdrImage, limits: Limits, notes: list[str]) -> OpenedFile:
    """A JPEG with a standard gain map of a picture that has none."""
    options = EncodeOptions(carry="standard", quality=_QUALITY, limits=limits)
    report = encode_with_report(image, None, options)
    notes += ["The picture is HDR by itself: its SDR side and the gain map were made for this page.", *report.warnings]
    return open_file(report.data, "the page's picture", limits)


def _picture(opened: OpenedFile, longest_side: int | None, notes: list[str]) -> dict[str, Any]:
    """The base as a JPEG for the page, upright, and what its code values mean."""
    file, base = opened.file, opened.file.base
    scale = _scale(base.width, base.height, longest_side)
    codes = opened.codes  # a broken base is found here
    if base.codec == "jpeg" and scale == 1 and file.orientation == 1:
        data = _bare_jpeg(base)
        height, width = codes.shape[:2]
    else:
        shown = _shrunk(to_upright(codes, file.orientation), scale, opened.color.curves)
        data = encode_jpeg(with_bits(shown, base.bits, 8), quality=_QUALITY, icc_profile=_profile(opened))
        height, width = shown.shape[:2]
        size = f"{width} × {height} pixels" if scale < 1 else "the same size"
        was = f"{base.codec.upper()}, {base.width} × {base.height}"
        notes.append(f"The page shows the picture as a JPEG of {size}, quality {_QUALITY} (in the file: {was}).")
    color = color_of(replace(base, bits=8))
    curves = color.curves.T.astype("<f4").tobytes()
    matrix = color.to_bt2020.ravel().tolist()
    return {"picture": _text(data), "width": width, "height": height, "curves": _text(curves), "toBt2020": matrix}


def _scale(width: int, height: int, longest_side: int | None) -> float:
    return min(1.0, (longest_side or math.inf) / max(width, height))


def _shrunk(codes: AnyCodes, scale: float, curves: Array) -> AnyCodes:
    if scale == 1:
        return codes
    height, width = (max(1, round(side * scale)) for side in codes.shape[:2])
    return resize_codes(codes, width, height, curves)


def _profile(opened: OpenedFile) -> bytes | None:
    """An ICC profile that says in a JPEG what the base's profile or code points say."""
    base = opened.file.base
    return rgb_profile(base.icc_profile, base.channels) or icc_profile_describing(opened.color)


def _bare_jpeg(base: CodedImage) -> bytes:
    """A JPEG bit for bit, without the metadata that do not change its colours: nobody expects a place in a page."""
    image = segments_of(base)
    kept = [
        image.raw(segment)
        for segment in image.header
        if not segment.is_metadata
        or segment.marker in (APP0, APP14)
        or (segment.marker == APP2 and image.body(segment).startswith(ICC_ID))
    ]
    scans = image.data[image.tail[0].start : image.end]
    return b"".join((SOI, *kept, scans, b"" if image.complete else EOI))


def _standard(opened: OpenedFile, longest_side: int | None, notes: list[str]) -> dict[str, Any] | None:
    """The standard gain map, or the second one where the first is broken: its picture, and its numbers."""
    for stored in (opened.file.gain_map, opened.file.spare_gain_map):
        if stored is not None:
            try:
                picture = _map_picture(stored.image, opened.file.orientation, longest_side)
                return {"picture": _text(picture), **_numbers(stored), **_caption(stored)}
            except GainMapError as error:
                notes.append(f"a standard gain map cannot be used: {error}")
    return None


def _neural(opened: OpenedFile) -> dict[str, Any] | None:
    """The neural payload, and its coordinates in the upright picture."""
    if opened.neural is None or opened.file.payload is None:
        return None
    coordinates = turned_coordinates(opened.neural.coordinates, opened.file.orientation)
    return {"payload": _text(opened.file.payload), "coordinates": coordinates}


def _map_picture(image: CodedImage, orientation: int, longest_side: int | None) -> bytes:
    """A gain map upright: its JPEG bit for bit where that will do, else a PNG of its code values."""
    codes = to_upright(decode_coded_image(image), orientation)  # a broken map is found here
    scale = _scale(image.width, image.height, longest_side)
    if image.codec == "jpeg" and scale == 1 and orientation == 1:
        return _bare_jpeg(image)
    levels = np.linspace(0, 1, 1 << image.bits, dtype=np.float32)
    shown = with_bits(_shrunk(codes, scale, np.stack([levels] * 3)), image.bits, 8)
    stream = io.BytesIO()
    Image.fromarray(shown).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _caption(stored: StoredGainMap) -> dict[str, Any]:
    image = stored.image
    size = len(image.data) if image.codec == "jpeg" else None  # others are carried with boxes of ours
    return {"width": image.width, "height": image.height, "bytes": size, "carrier": stored.carrier}


def _numbers(stored: StoredGainMap) -> dict[str, Any]:
    """A standard map's metadata as the script wants them: three of each, log2 headrooms."""
    metadata = stored.metadata
    if isinstance(metadata, AppleMetadata):
        return {"metadata": {"appleHeadroom": metadata.headroom}}
    channels = [metadata.channels[n % len(metadata.channels)] for n in range(3)]
    names = {
        "min": "gain_map_min",
        "max": "gain_map_max",
        "gamma": "gamma",
        "baseOffset": "base_offset",
        "alternateOffset": "alternate_offset",
    }
    numbers: dict[str, Any] = {key: [float(getattr(each, name)) for each in channels] for key, name in names.items()}
    numbers["baseHeadroom"] = float(metadata.base_hdr_headroom)
    numbers["alternateHeadroom"] = float(metadata.alternate_hdr_headroom)
    if not metadata.use_base_colour_space and primaries_are_known(stored.image):
        numbers["mathsToBt2020"] = color_of(stored.image).to_bt2020.ravel().tolist()
    return {"metadata": numbers}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
