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
