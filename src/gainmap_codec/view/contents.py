"""Gain-map files as one page that shows them in HDR: what `gainmap view` writes (docs/browser.md)."""

from __future__ import annotations

import base64
import io
import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gainmap_codec.api import decode, encode
from gainmap_codec.codec.description import describe
from gainmap_codec.codec.inspection import inspection_of
from gainmap_codec.codec.opening import OpenedFile, open_file
from gainmap_codec.codec.rendering import preference
from gainmap_codec.edit.hdr_base import jpeg_with_sdr_base
from gainmap_codec.edit.parts import MAP_QUALITY
from gainmap_codec.errors import GainMapError, GainMapWarning, Limits, UnsupportedError
from gainmap_codec.files.container import may_have_gain_map
from gainmap_codec.files.jpeg.metadata import ICC_ID
from gainmap_codec.files.jpeg.segments import APP0, APP2, APP14, EOI, SOI, TRUSTED, parse_segments
from gainmap_codec.files.records import AppleMetadata, CodedImage, StoredGainMap
from gainmap_codec.files.structure import parts_of
from gainmap_codec.pixels.color.code_points import color_of, is_hdr, primaries_are_known
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import COLOR_SPACES, AnyCodes, Array, with_bits
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.formats.images import encode_jpeg
from gainmap_codec.pixels.formats.sources import read_source
from gainmap_codec.pixels.raster.geometry import to_upright, turned_coordinates
from gainmap_codec.pixels.raster.resizing import resize_codes

LONGEST_SIDE = 2048
"""Of the pictures in a page, which stays a few megabytes so."""

_QUALITY = 92
_LISTED_PARTS = 500


def shown_file(source: Path, limits: Limits) -> dict[str, Any]:
    """What the page is told of a file, plain values for JSON; static/page.js reads them, `assemble_page` takes them.

    Args:
        source: A JPEG, HEIC or AVIF file, or a picture that is HDR by itself.
        limits: Budgets for what the file may ask for.
    Raises:
        GainMapError: The base is broken, not supported or over the limits.
        OSError: The path cannot be read.
    """
    data, _ = read_source(source, limits)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", GainMapWarning)
        notes: list[str] = []
        facts = _facts(data, source.name, limits)
        opened = _with_sdr_base(source, data, limits, notes)
        picture = _picture(opened, notes)
        standard = _standard(opened, notes)
    ours = [str(warning.message) for warning in caught if issubclass(warning.category, GainMapWarning)]
    kind = preference(opened, "auto")[0]
    if kind == "base":
        notes.append("There is no gain map that can be used: the page shows the picture as SDR.")
    return {
        "name": source.name,
        **facts,
        **picture,
        "standard": standard,
        "neural": _neural(opened),
        "prefer": kind,
        "notes": list(dict.fromkeys([*notes, *opened.warnings, *ours])),
    }


def _facts(data: bytes, name: str, limits: Limits) -> dict[str, Any]:
    """What the file says of itself, and its parts; of an HDR picture without gain maps, its size alone."""
    if not may_have_gain_map(data):
        return {"description": "", "bytes": len(data), "parts": [], "sums": []}
    opened = open_file(data, name, limits)
    parts = parts_of(data, opened.file, limits)
    sums: Counter[str] = Counter()
    for part in parts:
        sums[part.name] += part.stop - part.start
    return {
        "description": describe(inspection_of(opened, len(data)).to_dict()),
        "bytes": len(data),
        "parts": [[part.start, part.stop - part.start, part.name] for part in parts[:_LISTED_PARTS]],
        "sums": sums.most_common(),
    }


def _with_sdr_base(source: Path, data: bytes, limits: Limits, notes: list[str]) -> OpenedFile:
    """The file, or where its base is HDR by itself, a JPEG made of it for the page."""
    if may_have_gain_map(data):
        opened = open_file(data, source.name, limits)
        if not is_hdr(opened.file.base):
            return opened
        try:
            return jpeg_with_sdr_base(opened, _QUALITY, MAP_QUALITY, notes)
        except UnsupportedError:
            pass  # no gain map leads down to SDR
    notes.append("The picture is HDR by itself: its SDR side and the gain map were made for this page.")
    hdr = decode(source, prefer="base", limits=limits) if may_have_gain_map(data) else source
    return open_file(encode(hdr, carry="standard", quality=_QUALITY), source.name, limits)


def _picture(opened: OpenedFile, notes: list[str]) -> dict[str, Any]:
    """The base as a JPEG for the page, upright, and what its code values mean."""
    file, base = opened.file, opened.file.base
    scale = min(1.0, LONGEST_SIDE / max(base.width, base.height))
    codes = opened.codes  # a broken base is found here
    if base.codec == "jpeg" and scale == 1 and file.orientation == 1:
        data = _bare_jpeg(base)
        height, width = codes.shape[:2]
    else:
        shown = _shrunk(to_upright(codes, file.orientation), scale, opened.color.curves)
        data = encode_jpeg(with_bits(shown, base.bits, 8), quality=_QUALITY, icc_profile=_profile(opened))  # type: ignore[arg-type]
        height, width = shown.shape[:2]
        size = f"{width} × {height} pixels" if scale < 1 else "the same size"
        was = f"{base.codec.upper()}, {base.width} × {base.height}"
        notes.append(f"The page shows the picture as a JPEG of {size}, quality {_QUALITY} (in the file: {was}).")
    color = color_of(replace(base, bits=8))
    curves = color.curves.T.astype("<f4").tobytes()
    matrix = color.to_bt2020.ravel().tolist()
    return {"picture": _text(data), "width": width, "height": height, "curves": _text(curves), "toBt2020": matrix}


def _shrunk(codes: AnyCodes, scale: float, curves: Array) -> AnyCodes:
    if scale == 1:
        return codes
    height, width = (max(1, round(side * scale)) for side in codes.shape[:2])
    return resize_codes(codes, width, height, curves)


def _profile(opened: OpenedFile) -> bytes | None:
    """An ICC profile that says in a JPEG what the base's profile or code points say."""
    space = next((space for space in COLOR_SPACES if space == opened.color.name.partition(" ")[0]), None)
    return opened.file.base.icc_profile or (icc_profile_for(space) if space else None)


def _bare_jpeg(base: CodedImage) -> bytes:
    """A JPEG bit for bit, without the metadata that do not change its colours: nobody expects a place in a page."""
    image = parse_segments(base.data, TRUSTED)
    kept = [
        image.raw(segment)
        for segment in image.header
        if not segment.is_metadata
        or segment.marker in (APP0, APP14)
        or (segment.marker == APP2 and image.body(segment).startswith(ICC_ID))
    ]
    scans = image.data[image.tail[0].start : image.end]
    return b"".join((SOI, *kept, scans, b"" if image.complete else EOI))


def _standard(opened: OpenedFile, notes: list[str]) -> dict[str, Any] | None:
    """The standard gain map, or the second one where the first is broken: pixels as a PNG, and its numbers."""
    for stored in (opened.file.gain_map, opened.file.spare_gain_map):
        if stored is not None:
            try:
                codes = to_upright(decode_coded_image(stored.image), opened.file.orientation)
                return {"picture": _png(codes, stored.image.bits), **_numbers(stored), **_caption(stored)}
            except GainMapError as error:
                notes.append(f"A standard gain map cannot be used: {error}")
    return None


def _neural(opened: OpenedFile) -> dict[str, Any] | None:
    """The neural payload, and its coordinates in the upright picture."""
    if opened.neural is None or opened.file.payload is None:
        return None
    coordinates = turned_coordinates(opened.neural.coordinates, opened.file.orientation)
    return {"payload": _text(opened.file.payload), "coordinates": coordinates}


def _png(codes: AnyCodes, bits: int) -> str:
    scale = min(1.0, LONGEST_SIDE / max(codes.shape))
    levels = np.linspace(0, 1, 1 << bits, dtype=np.float32)
    shown = with_bits(_shrunk(codes, scale, np.stack([levels] * 3)), bits, 8)
    stream = io.BytesIO()
    Image.fromarray(shown).save(stream, "PNG", optimize=True)
    return _text(stream.getvalue())


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
