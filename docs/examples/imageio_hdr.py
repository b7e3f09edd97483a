"""HDR photos in imageio: light in, light out.

Arrays are float32 (H, W, 3), linear, sRGB primaries, 1.0 = SDR white. Import the plug-in once and name it in each call:
without `plugin`, imageio reads the SDR picture.
"""

from __future__ import annotations

from pathlib import Path

import imageio.v3 as iio

import gainmap_imageio  # noqa: F401  makes plugin="gainmap_codec" known


def expose(source: Path, target: Path, stops: float) -> None:
    """A photo as it would be with another exposure, in any of the four containers; its SDR rendition is tone-mapped."""
    hdr = iio.imread(source, plugin="gainmap_codec")
    told = iio.immeta(source, plugin="gainmap_codec")
    iio.imwrite(target, hdr * 2**stops, plugin="gainmap_codec", carry="standard", exif=told["exif"])


def small(source: Path, target: Path) -> None:
    """A small AVIF with HDR, of every second pixel."""
    hdr = iio.imread(source, plugin="gainmap_codec")
    iio.imwrite(target, hdr[::2, ::2], plugin="gainmap_codec", carry="standard", quality=80)
