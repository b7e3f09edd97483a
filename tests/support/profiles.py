"""ICC profiles for tests, made of ours."""

from __future__ import annotations

import struct

from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import ColorSpace


def described(profile: bytes, name: str) -> bytes:
    """The same profile with another description."""
    return _with_element(profile, b"desc", b"desc" + struct.pack(">4xI", len(name) + 1) + name.encode() + bytes(79))


def gamma_profile(space: ColorSpace, gamma: float) -> bytes:
    """These primaries with a power for a curve."""
    curve = b"para" + struct.pack(">4xH2xi", 0, round(gamma * 65536))
    profile = icc_profile_for(space)
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        profile = _with_element(profile, name, curve)
    return profile


def curv(*entries: int) -> bytes:
    """A curve as a table of 16 bits; one entry is a power in units of 1/256, none a straight line (ICC.1:2022 10.6)."""
    return b"curv" + struct.pack(f">4xI{len(entries)}H", len(entries), *entries)


def para(kind: int, *numbers: float) -> bytes:
    """A parametric curve: g, then a, b, c, d, e, f, as many as its kind has (ICC.1:2022 10.18)."""
    return b"para" + struct.pack(f">4xH2x{len(numbers)}i", kind, *(round(number * 65536) for number in numbers))


def grey_profile(curve: bytes, *, version: int = 4, space: bytes = b"XYZ ") -> bytes:
    """A monochrome display profile. Source: ICC.1:2022 clause 8.4.4, ICC.1:2001-04 clause 6.3.2.1 for version 2."""
    name = b"desc" + struct.pack(">4xI", 5) + b"grey\0" + bytes(78)
    if version == 4:
        name = b"mluc" + struct.pack(">4xII4sII", 1, 12, b"enUS", 8, 28) + "grey".encode("utf-16-be")
    white = b"XYZ " + struct.pack(">4x3i", 0xF6D6, 0x10000, 0xD32D)
    tags = {b"desc": name, b"wtpt": white, b"kTRC": curve}
    table, data = struct.pack(">I", len(tags)), b""
    for tag, element in tags.items():
        table += struct.pack(">4sII", tag, 132 + 12 * len(tags) + len(data), len(element))
        data += element + bytes(-len(element) % 4)
    header = bytearray(icc_profile_for("srgb")[:128])
    struct.pack_into(">I4xI4s4s4s", header, 0, 128 + len(table) + len(data), version << 24, b"mntr", b"GRAY", space)
    return bytes(header) + table + data


def xyz_elements(profile: bytes) -> list[int]:
    """Offsets of the numbers in the XYZ tags, in the order of the tag table."""
    return [offset + 8 for name, offset in _table(profile) if name in (b"wtpt", b"rXYZ", b"gXYZ", b"bXYZ")]


def _table(profile: bytes) -> list[tuple[bytes, int]]:
    (count,) = struct.unpack_from(">I", profile, 128)
    return [struct.unpack_from(">4sI", profile, 132 + 12 * index) for index in range(count)]


def _with_element(profile: bytes, name: bytes, element: bytes) -> bytes:
    """A profile whose tag of this name points at an element behind all others."""
    index = [found for found, _ in _table(profile)].index(name)
    changed = bytearray(profile + bytes(-len(profile) % 4))
    struct.pack_into(">II", changed, 132 + 12 * index + 4, len(changed), len(element))
    changed += element
    struct.pack_into(">I", changed, 0, len(changed))
    return bytes(changed)
