"""HDR between imageio and gain-map files, by 16-bit PQ TIFF.

imageio holds pictures as arrays without colour: what the numbers mean has to be agreed on. Here it is BT.2020 PQ in 16
bits, which loses nothing that an eye could see, and which any program takes that asks for "Rec. 2100 PQ".
"""

from __future__ import annotations

from pathlib import Path

import imageio.v3 as iio
import numpy as np

import gainmap_codec as gm


def to_pq_array(path: Path) -> np.ndarray:
    """The HDR rendition of a gain-map file: uint16 (H, W, 3), BT.2020 PQ. ``iio.imread`` would give the SDR picture."""
    return np.rint(gm.decode(path).to_pq() * 65535).astype(np.uint16)


def to_tiff(source: Path, target: Path) -> None:
    """A 16-bit TIFF of the HDR rendition, written by imageio; `gm.HdrImage.save` adds the profile that says PQ."""
    iio.imwrite(target, to_pq_array(source))


def from_tiff(source: Path, sdr: Path, target: Path) -> None:
    """A gain-map JPEG of a PQ TIFF and an SDR picture of the same scene, however these came about."""
    assert iio.imread(source).shape == iio.imread(sdr).shape
    target.write_bytes(gm.encode(source, sdr, carry="standard"))
