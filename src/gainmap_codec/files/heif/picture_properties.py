"""What the properties of a picture item say: its size, colour, turn and crop.

Turns and crops are read in any order and number, as one crop of the stored raster that is turned afterwards.
Source: ISO/IEC 23008-12 clause 6.5 (ispe, irot, imir), ISO/IEC 14496-12 clauses 12.1.4 (clap) and 12.1.5 (colr).
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import floor
from typing import NamedTuple

from gainmap_codec.errors import FormatError
from gainmap_codec.files.code_points import Nclx, without_reserved
from gainmap_codec.files.cursor import Reader, Writer
from gainmap_codec.files.heif.items import Item, Property
from gainmap_codec.files.orientations import UPRIGHT, Step, Steps, orientation_of_steps
from gainmap_codec.files.records import Crop

_HALF = Fraction(1, 2)
_TURNED = (1, 8, 3, 6)  # EXIF orientations by quarters of a turn anticlockwise
_FLIPPED_AND_TURNED = (2, 5, 4, 7)  # the same after an exchange of left and right


class _Shown(NamedTuple):
    """What a picture's transforms show of its stored raster.

    Attributes:
        at: Where its top left corner is in the stored raster, x and y.
        steps: Where steps to the right and down lead there.
        size: Width and height as shown.
    """

    at: tuple[int, int]
    steps: Steps
    size: tuple[int, int]

    def part(self, left: int, top: int, width: int, height: int) -> _Shown:
        (x, y), (right, down) = self.at, self.steps
        at = x + left * right[0] + top * down[0], y + left * right[1] + top * down[1]
        return self._replace(at=at, size=(width, height))

    def turned(self) -> _Shown:
        """By a quarter anticlockwise."""
        width, height = self.size
        steps = Steps(self.steps.down, _back(self.steps.right))
        return _Shown(self.part(width, 0, 0, 0).at, steps, (height, width))

    def mirrored(self) -> _Shown:
        """Left and right exchanged."""
        steps = self.steps._replace(right=_back(self.steps.right))
        return _Shown(self.part(self.size[0], 0, 0, 0).at, steps, self.size)


def _back(step: Step) -> Step:
    return -step[0], -step[1]


def orientation_of(item: Item) -> int:
    """EXIF's number for what irot and imir do, in the order of their association.

    Source: ISO/IEC 23008-12 clauses 6.5.10 (irot, anticlockwise) and 6.5.12 (imir: 0 exchanges top and bottom).
    """
    return orientation_of_steps(_shown((p for p in item.properties if p.kind != b"clap"), 0, 0).steps)


def _shown(properties: Iterable[Property], width: int, height: int) -> _Shown:
    """All transforms in the order of their association, as ISO/IEC 23008-12 clause 6.3 asks for."""
    shown = _Shown((0, 0), UPRIGHT, (width, height))
    for kind, body, _ in properties:
        if kind == b"clap":
            shown = shown.part(*_aperture(body, *shown.size))
        elif kind == b"irot" and body:
            for _ in range(body[0] & 3):
                shown = shown.turned()
        elif kind == b"imir" and body:
            shown = shown.mirrored() if body[0] & 1 else shown.turned().turned().mirrored()
    return shown


def transforms_for(orientation: int) -> tuple[Property, ...]:
    """irot and imir, in this order, that do what EXIF's number says; the reverse of `orientation_of`.

    Source: ISO/IEC 23000-22 (MIAF) clause 7.3.6.7: clap, then irot, then imir.
    """
    flipped = orientation in _FLIPPED_AND_TURNED
    quarters = -_FLIPPED_AND_TURNED.index(orientation) % 4 if flipped else _TURNED.index(orientation)
    found = [Property(b"irot", bytes((quarters,)), essential=True)] if quarters else []
    return (*found, *([Property(b"imir", b"\1", essential=True)] if flipped else []))


def clap_for(crop: Crop, width: int, height: int) -> Property:
    """The clean aperture that leaves `width` x `height` of a raster; the reverse of `crop_of`."""
    writer = Writer("box clap")
    for size in (width, height):
        writer.u32(size)
        writer.u32(1)
    for twice in (2 * crop.left + width - crop.coded_width, 2 * crop.top + height - crop.coded_height):
        writer.s32(twice)
        writer.u32(2)
    return Property(b"clap", writer.getvalue(), essential=True)


def nclx_property(nclx: Nclx) -> Property:
    """Colour by code points; the reverse of `nclx_of`, but for numbers without a meaning."""
    nclx = without_reserved(nclx)
    writer = Writer("box colr")
    writer.raw(b"nclx")
    for value in nclx[:3]:
        writer.u16(value)
    writer.u8(0x80 if nclx.full_range else 0)
    return Property(b"colr", writer.getvalue())


def icc_property(profile: bytes) -> Property:
    """Colour by an ICC profile; the reverse of `icc_of`."""
    return Property(b"colr", b"prof" + profile)


def icc_of(item: Item) -> bytes | None:
    """The ICC profile of an item, or None."""
    profiles = (p.body[4:] for p in item.properties if _is_profile(p) and not is_empty_profile(p))
    return next(profiles, None)


def is_empty_profile(found: Property) -> bool:
    """Whether a property is a profile of no bytes, as exiftool 12.57 leaves it with ``-all=``; decoders refuse it."""
    return _is_profile(found) and len(found.body) == len(b"prof")


def _is_profile(found: Property) -> bool:
    return found.kind == b"colr" and found.body[:4] in (b"prof", b"rICC")


def nclx_of(item: Item) -> Nclx | None:
    """The code points of an item's colour, those without a meaning as unspecified; or None.

    Source: ISO/IEC 14496-12 clause 12.1.5.
    """
    return next((without_reserved(nclx) for nclx in map(_nclx, item.properties) if nclx), None)


def _nclx(found: Property) -> Nclx | None:
    if found.kind != b"colr" or found.body[:4] != b"nclx" or len(found.body) < 11:
        return None
    reader = Reader(found.body, "box colr", position=4)
    return Nclx(reader.u16(), reader.u16(), reader.u16(), bool(reader.u8() & 0x80))


def decodable(found: Property) -> Property:
    """The property; a colour by code points without the numbers that decoders refuse."""
    nclx = _nclx(found)
    if nclx is None or nclx == without_reserved(nclx):
        return found
    return nclx_property(nclx)._replace(essential=found.essential)


def size_of(item: Item) -> tuple[int, int]:
    """Width and height that `ispe` gives an item.

    Raises:
        FormatError: None, or 0.
    """
    found = item.property(b"ispe")
    if found is None:
        raise FormatError("box ipma", f"expected a size (ispe) of item {item.id}, got none")
    reader = Reader(found.body, "box ispe", position=4)
    width, height = reader.u32(), reader.u32()
    if not width or not height:
        raise FormatError(reader.where, f"item {item.id}: expected a size above 0, got {width}x{height}")
    return width, height


def crop_of(item: Item, coded_width: int, coded_height: int) -> tuple[Crop | None, int, int]:
    """The part of the stored raster that clean apertures leave, and its size, before it is turned."""
    if item.property(b"clap") is None:
        return None, coded_width, coded_height
    shown = _shown(item.properties, coded_width, coded_height)
    corners = shown.at, shown.part(*shown.size, 0, 0).at
    (left, right), (top, bottom) = (sorted(along) for along in zip(*corners, strict=True))
    return Crop(left, top, coded_width, coded_height), right - left, bottom - top


def _aperture(clap: bytes, raster_width: int, raster_height: int) -> tuple[int, int, int, int]:
    """Left, top, width and height of a clean aperture in a raster; edges between pixels are rounded as libheif does.

    Source: ISO/IEC 14496-12 clause 12.1.4, libheif libheif/box.cc (Box_clap).
    """
    reader = Reader(clap, "box clap")
    numbers = [
        (reader.u32(), reader.u32()),
        (reader.u32(), reader.u32()),
        (reader.s32(), reader.u32()),
        (reader.s32(), reader.u32()),
    ]
    if any(denominator == 0 for _, denominator in numbers):
        raise FormatError(reader.where, "expected denominators above 0, got 0")
    width, height, x, y = (Fraction(*number) for number in numbers)
    left, top = (raster_width - width) / 2 + x, (raster_height - height) / 2 + y
    inside = left >= 0 and top >= 0 and left + width <= raster_width and top + height <= raster_height
    if not inside or int(width) < 1 or int(height) < 1:
        part = f"{float(width):g}x{float(height):g} at {float(left):g}, {float(top):g}"
        raise FormatError(reader.where, f"expected a part of {raster_width}x{raster_height}, got {part}")
    at = int(left), floor(top + _HALF)
    across, down = floor(width + _HALF), floor(height + _HALF)
    return *at, min(across, raster_width - at[0]), min(down, raster_height - at[1])
