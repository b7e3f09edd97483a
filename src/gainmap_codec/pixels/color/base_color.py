"""The colour of a base image: what its ICC profile makes of code values."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Literal

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import ImageCms

from gainmap_codec.pixels.color.light import (
    COLOR_SPACES,
    D65,
    PRIMARIES,
    Array,
    ColorSpace,
    adapt_white,
    conversion_matrix,
    rgb_to_xyz,
    srgb_decode,
    srgb_encode,
    xy_to_xyz,
)
from gainmap_codec.pixels.rendition import light_of, transformed

Curve = Literal["srgb", "pq", "hlg", "linear", "bt709", "smpte240", "gamma22", "gamma28", "other"]
"""How code values become light; "other" is told by a table alone, as measured of an ICC profile."""

BT2020_LUMA = np.array([0.2627, 0.6780, 0.0593], dtype=np.float32)
"""Shares of R, G and B in luminance (ITU-R BT.2020 table 4)."""

D50_XYZ = np.array([0.9642, 1.0, 0.8249])
"""White of the profile connection space (ICC.1:2022 clause 6.3.4.3)."""

_PRIMARY_TOLERANCE = 0.002
"""In XYZ, per colorant. Profiles in the wild round differently; libultrahdr takes 0.001, Skia 0.01."""

_GREY = b"GRAY"
_LEAST_WHITE = 0.01

_MATRIX_TOLERANCE = 0.002
"""In XYZ with white at Y = 1: how well a matrix and three curves must tell what the profile does."""


@dataclass(frozen=True, eq=False)
class BaseColor:
    """How the code values of a base image become light: three curves, then a matrix.

    Attributes:
        name: For people alone: ``"srgb"``, ``"display-p3"`` or ``"bt2020"`` for these primaries with the sRGB curve,
            else what the file calls it.
        to_bt2020: Linear base RGB to linear BT.2020, float64 (3, 3).
        curves: Linear light of each code value in R, G and B, float32 (3, 2^bits); 1.0 = SDR white.
        system_gamma: 1.2 for HLG, whose curves give the light of the scene: a display shows it times its luminance to
            the power of 0.2 (ITU-R BT.2100-2 table 5, OOTF). 1 for all others.
        primaries: The colour space whose primaries `to_bt2020` converts from, or None where they are others.
        curve: Which curve `curves` holds, to the last digit.
        notes: What had to be assumed, one line each.
    """

    name: str
    to_bt2020: NDArray[np.float64]
    curves: Array
    system_gamma: float = 1.0
    primaries: ColorSpace | None = None
    curve: Curve = "other"
    notes: tuple[str, ...] = ()

    def linearize(self, codes: NDArray[np.uint8] | NDArray[np.uint16]) -> Array:
        """Linear light in the base's own primaries, float32 (..., 3), of code values (..., 3).

        Args:
            codes: uint8, or uint16 with as many bits as the curves have entries for.
        """
        return light_of(codes, self)

    @cached_property
    def luma(self) -> Array | None:
        """Shares of linear base R, G and B in luminance, float32 (3,), where the system has a gamma."""
        if self.system_gamma == 1:
            return None
        return np.asarray(BT2020_LUMA @ self.to_bt2020, np.float32)

    def convert_to_bt2020(self, linear: Array) -> Array:
        """Linear BT.2020, float32 (..., 3), of linear light in the base's own primaries, float32 (..., 3)."""
        return transformed(linear, self.to_bt2020)


def base_color_of_icc(icc: bytes | None, bits: int = 8, channels: int = 3) -> BaseColor:
    """The colour that an ICC profile gives a base image; no profile means sRGB.

    The profile is measured through LittleCMS (relative colorimetric), whatever its name. Primaries that agree with
    sRGB, Display P3 or BT.2020 within 0.002 in XYZ are taken as exactly these, as is a curve within half a code of
    sRGB's: a profile's roundings would show in dark, saturated colours. A grey profile gives grey pictures its curve;
    their primaries are sRGB's. A profile that no matrix and three curves describe (LUT, CMYK, broken, grey for a
    picture in colour) counts as sRGB, with a line in `notes`.

    Args:
        icc: The profile.
        bits: Depth of the code values.
        channels: Of the picture: 1 or 3. An RGB profile serves both, a grey one only one.
    Source: ICC.1:2022 annexes E (Bradford) and F (monochrome and three-component matrix-based profiles).
    """
    if icc is None:
        return _ideal("srgb", bits)
    try:
        is_grey = is_grey_profile(icc)
        if is_grey and channels != 1:
            raise ValueError("it is for grey pictures, and this one has colours")
        colorants, curves = _measured_grey(icc, bits) if is_grey else _measured(icc, bits)
        name = _description(icc)
    except (imagecodecs.CmsError, ImageCms.PyCMSError, ValueError, OSError) as error:
        reason = " ".join(str(error).split())[:120]
        return replace(_ideal("srgb", bits), notes=(f"ICC profile cannot be used, sRGB assumed: {reason}",))
    for space in COLOR_SPACES:
        if np.abs(colorants - colorants_d50(space)).max() <= _PRIMARY_TOLERANCE:
            ideal = _ideal(space, bits)
            is_ideal = _has_srgb_curve(curves)
            return ideal if is_ideal else BaseColor(name, ideal.to_bt2020, curves, primaries=space)
    to_d65 = adapt_white(D50_XYZ, xy_to_xyz(D65)) @ colorants
    to_bt2020 = np.linalg.solve(rgb_to_xyz(PRIMARIES["bt2020"], D65), to_d65)
    return BaseColor(name, to_bt2020.astype(np.float64), curves)


def is_grey_profile(icc: bytes | None) -> bool:
    """Whether a profile's header says that it is for grey pictures. Source: ICC.1:2022 clause 7.2.6."""
    return icc is not None and icc[16:20] == _GREY


def colorants_d50(color_space: ColorSpace) -> NDArray[np.float64]:
    """XYZ of red, green and blue as an ICC profile stores them: columns of a float64 (3, 3), white D50."""
    return adapt_white(xy_to_xyz(D65), D50_XYZ) @ rgb_to_xyz(PRIMARIES[color_space], D65)


@cache
def _ideal(space: ColorSpace, bits: int) -> BaseColor:
    largest = (1 << bits) - 1
    curve = srgb_decode(np.arange(largest + 1, dtype=np.float32) / np.float32(largest))
    return BaseColor(space, conversion_matrix(space, "bt2020"), np.stack([curve] * 3), primaries=space, curve="srgb")


def _measured(icc: bytes, bits: int) -> tuple[NDArray[np.float64], Array]:
    """Colorants (columns, D50) and curves of a matrix profile. Raises ValueError where there are none."""
    largest = (1 << bits) - 1
    ramp = np.arange(largest + 1) / largest
    ramps = np.einsum("v,ck->cvk", ramp, np.eye(3))
    steps = ramp[largest // 17 :: largest * 4 // 17]
    mixtures = np.stack(np.meshgrid(*[steps] * 3, indexing="ij"), axis=-1).reshape(1, -1, 3)
    xyz = _to_pcs(icc, ramps)
    colorants = xyz[:, -1].T
    if not np.isfinite(xyz).all() or abs(np.linalg.det(colorants)) < 1e-4:
        raise ValueError("its three colorants span no colour space")
    along = np.einsum("cvk,kc->cv", xyz, colorants) / np.sum(colorants**2, axis=0)[:, np.newaxis]
    curves = np.clip(along, 0, 1)
    codes = np.rint(mixtures * largest).astype(np.intp)
    linear = np.stack([curves[channel][codes[..., channel]] for channel in range(3)], axis=-1)
    if np.abs(linear @ colorants.T - _to_pcs(icc, mixtures)).max() > _MATRIX_TOLERANCE:
        raise ValueError("no matrix and curves describe it")
    return colorants, curves.astype(np.float32)


def _measured_grey(icc: bytes, bits: int) -> tuple[NDArray[np.float64], Array]:
    """sRGB's colorants, which make D50 of equal parts, and the curve of a grey profile, three times."""
    luminance = _to_pcs(icc, np.linspace(0, 1, 1 << bits)[np.newaxis], "gray")[0, :, 1]
    if not np.isfinite(luminance).all() or luminance[-1] < _LEAST_WHITE:
        raise ValueError("its white is dark")
    curve = np.clip(luminance, 0, 1).astype(np.float32)
    return colorants_d50("srgb"), np.stack([curve] * 3)


def _to_pcs(icc: bytes, codes: NDArray[np.float64], kind: Literal["rgb", "gray"] = "rgb") -> NDArray[np.float64]:
    """XYZ relative to D50, float64 (H, W, 3), of RGB (H, W, 3) or grey (H, W) coded in [0, 1], by LittleCMS."""
    xyz = imagecodecs.cms_transform(
        codes,
        icc,
        imagecodecs.cms_profile("xyz"),
        colorspace=kind,
        outcolorspace="xyz",
        outdtype=np.float64,
        intent=imagecodecs.CMS.INTENT.RELATIVE_COLORIMETRIC,
    )
    return np.asarray(xyz, dtype=np.float64)


def _has_srgb_curve(curves: Array) -> bool:
    codes = srgb_encode(curves) * 255
    return bool(np.abs(codes - np.linspace(0, 255, curves.shape[1])).max() <= 0.5)


def _description(icc: bytes) -> str:
    """What a profile calls itself, told from the names that we give ourselves."""
    described = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(icc)))
    name = " ".join(described.split())[:80] or "unnamed profile"
    return f"profile {name}" if name.split()[0] in COLOR_SPACES else name
