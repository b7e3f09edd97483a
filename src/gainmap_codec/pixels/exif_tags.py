"""EXIF of tags with values: what callers write down becomes a TIFF structure, by piexif.

Source: EXIF 2.32 section 4.6; piexif 1.1.3 has the table of tags and types.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational, Real
from typing import Any

import piexif
from PIL import Image

Exif = bytes | Mapping[Any, Any]
"""A TIFF structure, with or without an ``Exif`` prefix, or tags with values; see `exif_bytes`."""

_PREFIX = b"Exif\0\0"
_ASCII, _UNDEFINED, _BYTE = piexif.TYPES.Ascii, piexif.TYPES.Undefined, piexif.TYPES.Byte
_RATIONALS = (piexif.TYPES.Rational, piexif.TYPES.SRational)
_DIRECTORIES = ("Exif", "0th", "GPS", "Interop")  # a name that is in several of them counts in the first
_WANTED = {
    _ASCII: "text",
    _UNDEFINED: "bytes",
    piexif.TYPES.Rational: "numbers >= 0, or pairs of whole ones",
    piexif.TYPES.SRational: "numbers, or pairs of whole ones",
}
_FINEST = 1_000_000  # the largest denominator that is made of a number
_REFUSALS = (ValueError, TypeError, KeyError, ArithmeticError, AttributeError, IndexError, struct.error)

Tags = dict[str, dict[int, Any]]


def exif_bytes(exif: Exif | None) -> bytes | None:
    """The TIFF structure that `exif` asks for.

    Args:
        exif: Bytes, kept as they are but for an ``Exif`` prefix; Pillow's `Image.Exif`; a dictionary as piexif has it,
            ``{"0th": {piexif.ImageIFD.Artist: "…"}, "Exif": {…}, "GPS": {…}}``; or tags by their names, in directories
            or without, ``{"Artist": "…", "FNumber": 2.8}``. Text is written as UTF-8; fractions may be numbers.
    Returns:
        The structure, without a prefix; b"" for no tags; None for None.
    Raises:
        ValueError: A tag that is not known, or a value that it cannot have.
        TypeError: `exif` is none of these.
    """
    if isinstance(exif, Image.Exif):
        exif = exif.tobytes() if len(exif) else b""
    if exif is None or isinstance(exif, bytes):
        return exif and exif.removeprefix(_PREFIX)
    if not isinstance(exif, Mapping):
        raise TypeError(f"exif: expected bytes or a dictionary, got {type(exif).__name__}")
    tags = _checked_tags(exif)
    if thumbnail := exif.get("thumbnail"):
        small = {"1st": exif.get("1st", {}), "thumbnail": thumbnail}
        return _dumped({**tags, **small}, "exif: 1st and thumbnail: expected a JPEG of at most 64 kB, and its tags")
    return _dumped(tags, "") if tags else b""


def _checked_tags(exif: Mapping[Any, Any]) -> Tags:
    """The tags in their directories, with values as piexif takes them."""
    tags: Tags = {}
    for directory, tag, name, value in _entries(exif):
        kind = piexif.TAGS[directory][tag]["type"]
        wrong = f"exif: {name}: expected {_WANTED.get(kind, 'a whole number, or several')}, got {value!r:.80}"
        try:
            value = _converted(name, kind, value)
        except _REFUSALS as error:
            raise ValueError(wrong) from error
        _dumped({directory: {tag: value}}, wrong)
        tags.setdefault(directory, {})[tag] = value
    return tags


def _entries(exif: Mapping[Any, Any]) -> Iterator[tuple[str, int, str, Any]]:
    """Directory, number, name and value of each tag."""
    for key, value in exif.items():
        if key in _DIRECTORIES:
            if not isinstance(value, Mapping):
                raise ValueError(f"exif: {key}: expected a dictionary of tags, got {value!r:.80}")
            for tag, inner in value.items():
                yield *_found(tag, (key,)), inner
        elif key not in ("1st", "thumbnail"):
            yield *_found(key, _DIRECTORIES), value


def _found(key: object, directories: tuple[str, ...]) -> tuple[str, int, str]:
    """Directory, number and name of a tag that is called by its number or its name."""
    for directory in directories:
        for tag, about in piexif.TAGS[directory].items():
            if key in (tag, about["name"]):
                return directory, tag, about["name"]
    place = "EXIF" if directories == _DIRECTORIES else directories[0]
    raise ValueError(f"exif: expected the name or number of a tag in {place}, got {key!r}")


def _converted(name: str, kind: int, value: Any) -> Any:
    """The value as piexif takes it."""
    if isinstance(value, str):
        return _encoded(name, kind, value)
    if kind in _RATIONALS:
        return _rationals(value)
    if kind == _UNDEFINED:
        return bytes([value]) if isinstance(value, Integral) else bytes(value)
    if isinstance(value, bytes) and kind in (_ASCII, _BYTE):
        return value
    if isinstance(value, bytes) or kind == _ASCII:
        raise TypeError
    return value if isinstance(value, Real) else tuple(value)


def _encoded(name: str, kind: int, text: str) -> bytes:
    """Text as its tag holds it: in UTF-8, or where the tag tells the encoding as that."""
    if name.startswith("XP"):
        return f"{text}\0".encode("utf-16-le")
    if kind not in (_ASCII, _UNDEFINED):
        raise TypeError
    if name == "UserComment":
        return b"ASCII\0\0\0" + text.encode() if text.isascii() else b"UNICODE\0" + text.encode("utf-16-be")
    return text.encode()


def _rationals(value: Any) -> Any:
    """A pair, or a tuple of pairs; numbers become the pairs that are nearest to them."""
    if isinstance(value, (Real, Decimal)):
        return _pair(value)
    if len(value) == 2 and all(isinstance(part, Integral) for part in value):
        return tuple(value)
    return tuple(_pair(part) if isinstance(part, (Real, Decimal)) else tuple(part) for part in value)


def _pair(number: Any) -> tuple[int, int]:
    largest = min(_FINEST, int(2**31 / max(abs(number), 1)))  # numerators have 32 bits
    exact = Fraction(
        number if isinstance(number, Rational | Decimal) else float(number)
    )  # NumPy's floats are Real alone
    return exact.limit_denominator(max(largest, 1)).as_integer_ratio()


def _dumped(tags: Mapping[str, Any], wrong: str) -> bytes:
    """What piexif makes of the tags, without its prefix; else ValueError says what was `wrong`."""
    try:
        data: bytes = piexif.dump({"Exif": {}, **tags})  # or else it fails on Interop
    except (*_REFUSALS, piexif.InvalidImageDataError) as error:
        raise ValueError(wrong) from error
    return data.removeprefix(_PREFIX)
