#!/usr/bin/env python3
"""Photos for sharing, of what Lightroom has just exported: ``lightroom_export.py photo.jpg photo-HDR.avif …``.

Each photo becomes ``shared/photo.jpg`` beside it: HDR, at most 2048 pixels a side, without its place.

* ``photo.jpg``, exported in HDR, has a gain map, which is kept.
* ``photo.jpg`` and ``photo-HDR.avif`` (or .jxl, .tif) are an SDR and an HDR edit of one photo: they become one file.
* ``photo-HDR.avif`` alone gets a tone-mapped SDR picture.
"""

from __future__ import annotations

import sys
from pathlib import Path

import gainmap_codec as gm

HDR = "-HDR"
HDR_SUFFIXES = (".avif", ".jxl", ".tif")
SDR_SUFFIXES = (".jpg", ".avif", ".jxl", ".heic")


def photo(path: Path) -> Path | bytes | None:
    """A file with a gain map; None for the HDR half of a pair, which goes with the other half."""
    if path.stem.endswith(HDR):
        return None if beside(path, path.stem.removesuffix(HDR), SDR_SUFFIXES) else gm.encode(path, carry="standard")
    hdr = beside(path, path.stem + HDR, HDR_SUFFIXES)
    return gm.encode(hdr, sdr=path, carry="standard") if hdr else path


def beside(path: Path, name: str, suffixes: tuple[str, ...]) -> Path | None:
    """A file of that name in the same folder."""
    return next((found for suffix in suffixes if (found := path.with_name(name + suffix)).is_file()), None)


def share(path: Path) -> None:
    """Write the small photo, unless it is written with another file."""
    found = photo(path)
    if found is None:
        return
    data = gm.resize(found, fit=2048, container="jpeg", carry="standard", strip="gps")
    folder = path.parent / "shared"
    folder.mkdir(exist_ok=True)
    (folder / f"{path.stem.removesuffix(HDR)}.jpg").write_bytes(data)


def main(names: list[str]) -> int:
    """Share all; those that fail are named on standard error, and the exit code is 1."""
    failed = 0
    for name in names:
        try:
            share(Path(name))
        except (gm.GainMapError, OSError, ValueError) as error:
            failed = 1
            print(error if name in str(error) else f"{name}: {error}", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
