#!/usr/bin/env python3
"""In place of libheif's `heif-convert`, with HDR: ``heif_convert.py -q 92 photo.heic photo.jpg``.

PhotoPrism and others that call that program for HEIC and AVIF then get JPEGs with gain maps. PNG gets the SDR picture.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import gainmap_codec as gm
from gainmap_codec import pillow


def convert(source: Path, target: Path, quality: int) -> None:
    """A JPEG with the gain map of the source; in another format, its SDR picture."""
    if target.suffix.lower() in (".jpg", ".jpeg"):
        target.write_bytes(gm.transcode(source, container="jpeg", quality=quality))
    else:
        pillow.save(pillow.open(source), target, quality=quality)


def main(arguments: list[str]) -> int:
    """Convert one file; what cannot be converted is a line on standard error and the exit code 1."""
    parser = argparse.ArgumentParser(description="Convert HEIC and AVIF, with HDR.")
    parser.add_argument("-q", "--quality", type=int, default=92)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    options = parser.parse_args(arguments)
    try:
        convert(options.source, options.target, options.quality)
    except (gm.GainMapError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
