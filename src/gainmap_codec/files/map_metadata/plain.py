"""A gain map's numbers as plain values, for JSON that people read and edit: ``metadata.json`` of `gainmap extract`.

A number has its value and, beside it, the two integers that a file stores: ``{"value": 0.015625, "stored": [1, 64]}``.
Whoever edits one writes a plain number in its place.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from numbers import Real
from typing import Any, cast

from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.map_metadata.iso21496 import MAX_LOG2, fraction_of, metadata_problem
from gainmap_codec.files.records import AppleMetadata, Fraction, GainMapChannel, GainMapMetadata

Metadata = GainMapMetadata | AppleMetadata

_ISO, _APPLE = "ISO 21496-1", "Apple"
_HEADROOMS = ("base_hdr_headroom", "alternate_hdr_headroom")
_CHANNEL = ("gain_map_min", "gain_map_max", "gamma", "base_offset", "alternate_offset")
_COLOR = ("primaries", "transfer", "matrix", "full_range")
_LONG_NUMBER = re.compile(r'\{\s*"value": ([^,]+),\s*"stored": \[\s*(-?\d+),\s*(\d+)\s*\]\s*\}')
_NEAR = 1e-9  # relative; programs write the same number with more or fewer digits


def metadata_to_dict(metadata: Metadata, alternate_color: Nclx | None = None) -> dict[str, Any]:
    """Plain values that `metadata_from_dict` makes the same record of.

    Args:
        alternate_color: What the file says of the alternate's colour, by code points.
    """
    color = {} if alternate_color is None else {"alternate_color": dict(zip(_COLOR, alternate_color, strict=True))}
    if isinstance(metadata, AppleMetadata):
        return {"kind": _APPLE, "headroom": metadata.headroom, "version": metadata.version, **color}
    return {
        "kind": _ISO,
        **{name: _number(getattr(metadata, name)) for name in _HEADROOMS},
        "use_base_colour_space": metadata.use_base_colour_space,
        "channels": [{name: _number(getattr(channel, name)) for name in _CHANNEL} for channel in metadata.channels],
        "writer_version": metadata.writer_version,
        **color,
    }


def metadata_from_dict(plain: object) -> tuple[Metadata, Nclx | None]:
    """The record that plain values describe, and the alternate's colour where they tell it.

    Raises:
        ValueError: Something is missing, too much, or out of its range; the line says where.
    """
    whole = _mapping(plain, "metadata")
    kind = whole.get("kind")
    color = _color(whole["alternate_color"]) if whole.get("alternate_color") is not None else None
    if kind == _APPLE:
        return _apple(whole), color
    if kind == _ISO:
        return _iso(whole), color
    raise ValueError(f"metadata: kind: expected {_ISO!r} or {_APPLE!r}, got {_shown(kind)}")


def serialize_metadata_json(metadata: Metadata, alternate_color: Nclx | None) -> bytes:
    """``metadata.json``, a number a line."""
    text = json.dumps(metadata_to_dict(metadata, alternate_color), indent=2)
    return (_LONG_NUMBER.sub(r'{"value": \1, "stored": [\2, \3]}', text) + "\n").encode()


def parse_metadata_json(data: bytes) -> tuple[Metadata, Nclx | None]:
    """The reverse of `serialize_metadata_json`, edited by hand perhaps.

    Raises:
        ValueError: It is no JSON, or as `metadata_from_dict`.
    """
    try:
        plain = json.loads(data)
    except json.JSONDecodeError as error:
        problem = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise ValueError(f"expected JSON, got an error: {problem}") from None
    except (ValueError, RecursionError):  # no text, a number of thousands of digits, brackets in brackets in brackets
        raise ValueError("expected JSON, got something else") from None
    return metadata_from_dict(plain)


def _number(fraction: Fraction) -> dict[str, Any]:
    return {"value": float(fraction), "stored": list(fraction)}


def _apple(whole: Mapping[str, Any]) -> AppleMetadata:
    _check_names(whole, "metadata", ("kind", "headroom"), ("version", "alternate_color"))
    headroom, version = _finite(whole["headroom"], "headroom"), whole.get("version")
    if not 1 <= headroom <= 2**MAX_LOG2:
        raise ValueError(f"metadata: headroom: expected a number from 1 to 2^{MAX_LOG2}, got {headroom:g}")
    if version is not None:
        _check_integer(version, "version", 999_999_999)
    return AppleMetadata(headroom, version, "xmp")


def _iso(whole: Mapping[str, Any]) -> GainMapMetadata:
    needed = ("kind", *_HEADROOMS, "channels")
    _check_names(whole, "metadata", needed, ("use_base_colour_space", "writer_version", "alternate_color"))
    channels = whole["channels"]
    if not isinstance(channels, Sequence) or isinstance(channels, str) or len(channels) not in (1, 3):
        raise ValueError(f"metadata: channels: expected a list of 1 or 3, got {_shown(channels)}")
    version, use_base = whole.get("writer_version", 0), whole.get("use_base_colour_space", True)
    _check_integer(version, "writer_version", 0xFFFF)
    if not isinstance(use_base, bool):
        raise ValueError(f"metadata: use_base_colour_space: expected true or false, got {_shown(use_base)}")
    base, alternate = (_fraction(whole[name], name) for name in _HEADROOMS)
    made = tuple(_channel(channel, f"channels[{index}]") for index, channel in enumerate(channels))
    metadata = GainMapMetadata(base, alternate, made, use_base, writer_version=version)
    problem = metadata_problem(metadata)
    if problem:
        raise ValueError(f"metadata: {problem}")
    return metadata


def _channel(plain: object, where: str) -> GainMapChannel:
    numbers = _mapping(plain, where)
    _check_names(numbers, where, _CHANNEL, ())
    return GainMapChannel(*(_fraction(numbers[name], f"{where}.{name}") for name in _CHANNEL))


def _fraction(plain: object, where: str) -> Fraction:
    """Of a plain number, or of a value with what is stored of it, which must be the same number."""
    if not isinstance(plain, Mapping):
        try:
            return fraction_of(_finite(plain, where))
        except ValueError as error:
            raise ValueError(str(error) if where in str(error) else f"metadata: {where}: {error}") from None
    _check_names(plain, where, ("stored",), ("value",))
    stored = plain["stored"]
    if not (isinstance(stored, Sequence) and len(stored) == 2 and all(type(each) is int for each in stored)):
        raise ValueError(f"metadata: {where}.stored: expected two whole numbers, got {_shown(stored)}")
    fraction = Fraction(*stored)
    if not 0 < fraction.denominator < 1 << 32 or abs(fraction.numerator) >= 1 << 32:
        raise ValueError(f"metadata: {where}.stored: expected numbers of 32 bits, the second above 0, got {stored}")
    value = _finite(plain.get("value", float(fraction)), f"{where}.value")
    if not math.isclose(value, float(fraction), rel_tol=_NEAR):
        two = f"value {value:g} and stored {stored[0]}/{stored[1]}, which are two numbers"
        raise ValueError(f"metadata: {where}: expected one number, got {two}: leave a plain number there")
    return fraction


def _color(plain: object) -> Nclx:
    numbers = _mapping(plain, "alternate_color")
    _check_names(numbers, "alternate_color", _COLOR, ())
    for name in _COLOR[:3]:
        _check_integer(numbers[name], f"alternate_color.{name}", 0xFFFF)
    if not isinstance(numbers["full_range"], bool):
        found = _shown(numbers["full_range"])
        raise ValueError(f"metadata: alternate_color.full_range: expected true or false, got {found}")
    return Nclx(*(numbers[name] for name in _COLOR))


def _mapping(plain: object, where: str) -> Mapping[str, Any]:
    if not isinstance(plain, Mapping):
        raise ValueError(f"{where}: expected names with values in braces, got {_shown(plain)}")
    return plain


def _check_names(found: Mapping[str, Any], where: str, needed: Collection[str], more: Collection[str]) -> None:
    """Raise ValueError for a name that is missing, or that nobody knows: most likely it is misspelled."""
    missing = [name for name in needed if name not in found]
    if missing:
        raise ValueError(f"{where}: expected {', '.join(missing)}, got none")
    unknown = [name for name in found if name not in needed and name not in more]
    if unknown:
        raise ValueError(f"{where}: expected only {', '.join((*needed, *more))}, got {_shown(unknown[0])}")


def _finite(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not abs(cast(float, value)) < 1 << 33:
        raise ValueError(f"metadata: {where}: expected a number, got {_shown(value)}")
    return float(value)


def _check_integer(value: object, where: str, most: int) -> None:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(f"metadata: {where}: expected a whole number from 0 to {most}, got {_shown(value)}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
