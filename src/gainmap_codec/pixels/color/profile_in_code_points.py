"""Code points in place of an ICC profile, where they say the same: libavif applies no gain map beside a profile."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from gainmap_codec.files.code_points import Nclx, Transfer
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.color.base_color import BaseColor
from gainmap_codec.pixels.color.code_points import SPACES, SRGB, UNKNOWN, code_points_for, color_of_code_points
from gainmap_codec.pixels.color.light import Array

_Points = TypeVar("_Points", Nclx, Nclx | None)

_TRANSFERS = (Transfer.SRGB, Transfer.BT709, Transfer.GAMMA22, Transfer.GAMMA28, Transfer.LINEAR)
_LEVELS = 9
_MOST = 0.5 / 255


def in_code_points(
    color: BaseColor, profile: bytes | None, nclx: _Points, container: Container, notes: list[str]
) -> tuple[bytes | None, Nclx | _Points]:
    """Profile and code points for a base in a HEIC or AVIF file: the code points alone where they say as much.

    Args:
        color: Of the base.
        profile: Its profile, or None.
        nclx: Its code points, which stay where a profile does.
        notes: Gets a line where an AVIF has to keep a profile.
    """
    found = None if profile is None else code_points_like(color)
    if profile is None or found is not None:
        return None, found or nclx
    if container == "avif":
        notes.append(
            "the ICC profile is kept, as no code points of AVIF say the same: programs built on libavif apply no gain "
            "map beside a profile"
        )
    return profile, nclx


def code_points_like(color: BaseColor) -> Nclx | None:
    """Code points for a colour that a profile tells; None if none are within half an 8-bit code of a grid of colours.

    Args:
        color: With curves for each code value of 8 bits or more.
    """
    if color.notes:
        return None  # the profile is not known well enough
    exact = code_points_for(color)
    if exact != UNKNOWN:  # PQ or HLG, whose light goes beyond what is compared below
        return exact
    candidates = (SRGB._replace(primaries=p, transfer=t) for p in SPACES for t in _TRANSFERS)
    return next((nclx for nclx in candidates if _difference(color, nclx) <= _MOST), None)


def _difference(color: BaseColor, nclx: Nclx) -> float:
    """The largest difference of signals in [0, 1] that stand for the same colours."""
    last = color.curves.shape[1] - 1
    other = color_of_code_points(nclx.primaries, nclx.transfer, last.bit_length())
    levels = np.rint(np.linspace(0, last, _LEVELS)).astype(np.int64)
    codes = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    light = np.stack([color.curves[channel][codes[:, channel]] for channel in range(3)], axis=-1)
    same = light @ (np.linalg.inv(other.to_bt2020) @ color.to_bt2020).T
    return float(np.abs(_signal(same.astype(np.float32), other.curves[0]) - codes / last).max())


def _signal(light: Array, curve: Array) -> Array:
    """The signal that a curve makes light of; what lies outside its range goes on in proportion."""
    inside = np.interp(np.abs(light), curve, np.linspace(0, 1, len(curve)))
    return np.asarray(np.sign(light) * inside + np.maximum(light - 1, 0), dtype=np.float32)
