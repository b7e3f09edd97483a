"""What JPEG XL saves of JPEG photos that are packed into it without loss."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gainmap_codec.codec.opening import open_source
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import digest_of, serialize_file
from gainmap_codec.files.records import GainMapFile

_INTO, _BACK = TranscodeOptions(container="jxl"), TranscodeOptions(container="jpeg")


def packing_rows(photos: Sequence[Path]) -> list[str]:
    """Markdown rows: photo, bytes of base, gain map and whole file as JPEG and as JPEG XL; the last has all of them."""
    rows = [
        "| photo | base | as JPEG XL | map | as JPEG XL | file | as JPEG XL |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    found = [_sizes(photo) for photo in photos]
    rows += (_row(photo.name, sizes) for photo, sizes in zip(photos, found, strict=True))
    return [*rows, _row("all", [sum(column) for column in zip(*found, strict=True)])]


def _sizes(photo: Path) -> list[int]:
    """In the order of the columns.

    Raises:
        ValueError: Base or map do not come back bit for bit.
    """
    source = open_source(photo, Limits())
    packed = transcode_with_report(photo, _INTO).data
    new = open_source(packed, Limits()).file
    back = open_source(transcode_with_report(packed, _BACK).data, Limits()).file
    if _digests(back) != _digests(source.file):
        raise ValueError(f"{photo}: expected the same pictures again, got others")
    alone = len(serialize_file(new.without_gain_maps(), []))
    gain_map = len(new.gain_map.image.data) if new.gain_map else 0
    return [len(new.base.data), alone, gain_map, len(packed) - alone, len(source.data), len(packed)]


def _digests(file: GainMapFile) -> list[bytes]:
    """Of the coded pictures, whatever metadata are among them."""
    return [digest_of(image) for image in (file.base, *([file.gain_map.image] if file.gain_map else []))]


def _row(name: str, sizes: Sequence[int]) -> str:
    pairs = [(sizes[start], sizes[start + 1]) for start in range(0, len(sizes), 2)]
    cells = (f"{old:,} | {new:,} ({new / old - 1:+.1%})" if old else "– | –" for old, new in pairs)
    return f"| {name} | {' | '.join(cells)} |"
