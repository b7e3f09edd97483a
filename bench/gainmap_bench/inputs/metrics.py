"""Distances between two renditions: PQ-PSNR, SSIM, CIEDE2000 and dE_ITP, by kept libraries where they have them."""

from __future__ import annotations

import sys
import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from gainmap_codec.pixels.color.light import (
    D65,
    PRIMARIES,
    SDR_WHITE_NITS,
    AnyCodes,
    Array,
    pq_decode,
    pq_encode,
    pq_psnr,
    rgb_to_xyz,
)
from gainmap_codec.pixels.strips import for_each_strip

# It loads OpenImageIO where that is installed, which ends every process with a page about leaks, and tells of packages
# that are not. None of them is needed here.
_is_hidden = sys.modules.setdefault("OpenImageIO", None) is None  # type: ignore[arg-type]
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import colour
if _is_hidden:
    del sys.modules["OpenImageIO"]

_PQ_PEAK_NITS = 10_000
_TO_XYZ = rgb_to_xyz(PRIMARIES["bt2020"], D65)


class Quality(NamedTuple):
    """How near a rendition comes to its reference.

    Attributes:
        psnr: PQ-PSNR in dB.
        de00: Mean CIEDE2000.
        ssim: Mean structural similarity of PQ codes.
        de_itp: Mean dE_ITP.
    """

    psnr: float
    de00: float
    ssim: float
    de_itp: float


def quality(linear: Array, reference: Array) -> Quality:
    """All of it, of whole renditions, linear BT.2020, float32 (H, W, 3); 1.0 = SDR white; 11 pixels a side at least."""
    de00, de_itp = difference_maps(linear, reference)
    means = (float(np.mean(each, dtype=np.float64)) for each in (de00, de_itp))
    first, second = means
    return Quality(pq_psnr(linear, reference), first, ssim(pq_encode(linear), pq_encode(reference)), second)


def difference_maps(linear: Array, reference: Array) -> tuple[Array, Array]:
    """CIEDE2000 and dE_ITP of each pixel, float32 (H, W) both, of renditions as `quality` takes them."""
    maps = np.empty((2, *linear.shape[:2]), np.float32)

    def compare(rows: slice) -> None:
        maps[0, rows] = ciede2000(linear[rows], reference[rows])
        maps[1, rows] = delta_e_itp(ictcp(pq_encode(linear[rows])), ictcp(pq_encode(reference[rows])))

    for_each_strip(len(linear), compare)
    return maps[0], maps[1]


def ciede2000(linear: NDArray[np.floating], reference: NDArray[np.floating]) -> NDArray[np.float64]:
    """CIEDE2000, float64 (...), of linear BT.2020 (..., 3).

    CIELAB is that of D65 at 203 cd/m²: L* is 100 at SDR white and more above it. All colour spaces here have that
    white; bases of another one were adapted to it by Bradford's transform when they were read.

    Source: ISO/CIE 11664-6.
    """
    return np.asarray(colour.difference.delta_E_CIE2000(_lab(linear), _lab(reference)), np.float64)


def _lab(linear: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(colour.XYZ_to_Lab(linear.astype(np.float64) @ _TO_XYZ.T, np.array(D65)), np.float64)


def ictcp(pq: Array) -> NDArray[np.float64]:
    """ICtCp, float64 (..., 3), of BT.2020 PQ codes. Source: ITU-R BT.2100-2 table 7."""
    nits = pq_decode(pq).astype(np.float64) * SDR_WHITE_NITS
    return np.asarray(colour.RGB_to_ICtCp(nits, L_p=_PQ_PEAK_NITS), dtype=np.float64)


def delta_e_itp(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """dE_ITP, float64 (...), of ICtCp (..., 3). Source: ITU-R BT.2124."""
    return np.asarray(colour.difference.delta_E_ITP(first, second), np.float64)


def ssim(pq: Array, reference: Array) -> float:
    """Mean structural similarity of PQ codes, float32 (H, W, 3) in [0, 1]: the mean of three channels.

    Source: Wang et al., IEEE Transactions on Image Processing 13(4), 2004: Gaussian window, σ = 1.5.
    """
    return float(
        structural_similarity(  # type: ignore[no-untyped-call]
            pq, reference, channel_axis=2, data_range=1.0, gaussian_weights=True, use_sample_covariance=False
        )
    )


def psnr_of_codes(decoded: AnyCodes, codes: AnyCodes) -> float:
    """PSNR in dB of code values of 8 bits."""
    off = decoded.astype(np.float32) - codes
    return float(10 * np.log10(255**2 / np.mean(off * off)))
