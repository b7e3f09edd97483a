"""JPEG files read and written back: ours, and real ones."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

from PIL import Image

from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.jpeg.segments import (
    parse_segments,
)
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.records import AppleMetadata, GainMapFile, GainMapMetadata, StoredGainMap
from support.cases import (
    ONE_CHANNEL,
)
from support.jpeg_records import EXIF, LIMITS, PAYLOAD, digest_of_jpeg, full_record, record, tiny
from support.paths import FIXTURES


def test_reading_gives_back_what_was_written() -> None:
    file = full_record()
    data = serialize_jpeg(file)
    again = parse_jpeg(data, LIMITS)
    assert again.warnings == ()
    assert (again.payload, again.exif, again.orientation, again.others) == (PAYLOAD, EXIF, 6, ())
    assert again.base.icc_profile == file.base.icc_profile
    assert again.base_digest == file.base_digest == digest_of_jpeg(file.base.data)
    assert again.gain_map is not None and file.gain_map is not None
    assert again.gain_map.metadata == ONE_CHANNEL
    assert again.gain_map.carrier == "iso21496"
    assert digest_of_jpeg(again.gain_map.image.data) == digest_of_jpeg(file.gain_map.image.data)
    assert again.xmp is not None and b'dc:rights="mine"' in again.xmp
    assert serialize_jpeg(again) == data
    with Image.open(io.BytesIO(data)) as opened, Image.open(io.BytesIO(file.base.data)) as base:
        assert opened.tobytes() == base.tobytes()


def test_a_cut_base_is_accepted_and_completed() -> None:
    file = parse_jpeg(tiny()[:-40], LIMITS)
    assert file.warnings == ("the base image is cut off: its end (EOI) is missing",)
    again = parse_jpeg(serialize_jpeg(replace(file, gain_map=record().gain_map)), LIMITS)
    assert again.gain_map is not None
    assert again.base_digest == file.base_digest
    assert again.warnings == ()


def test_what_is_cut_off_counts_as_damage() -> None:
    data = (FIXTURES / "jpeg/standard.jpg").read_bytes()
    whole = parse_jpeg(data, LIMITS)
    assert whole.gain_map is not None and whole.damage == ()
    start = len(data) - len(whole.gain_map.image.data)
    for length, lines in (
        (
            start - 40,
            ["the base image is cut off: its end (EOI) is missing", "the file is cut off: its gain map is missing"],
        ),
        (start, ["the gain map is missing: the file is cut off, or a program left it out"]),
        (start + 30, ["the file is cut off: its gain map is not whole"]),
        (len(data) - 2, ["the file is cut off: its gain map is not whole"]),
    ):
        file = parse_jpeg(data[:length], LIMITS)
        assert file.gain_map is None and list(file.damage) == lines == list(file.warnings)
        assert file.refused == tuple(lines[-1:])
    for index in (b"MPF\0", b"GContainer"):  # one of them is enough, and a wrong index beside a whole map is no damage
        other = data.replace(index, b"-" * len(index))
        assert parse_jpeg(other, LIMITS).damage == ()
        assert len(parse_jpeg(other[:-2], LIMITS).damage) == 1


def test_real_files(data_dir: Path) -> None:
    with (data_dir / "MANIFEST.tsv").open(encoding="utf-8") as manifest:
        rows = [
            row
            for row in csv.DictReader(manifest, delimiter="\t")
            if row["kind"].count("jpeg") or "ultrahdr" in row["kind"]
        ]
    seen = set()
    for row in rows:
        data = (data_dir / row["path"]).read_bytes()
        file = parse_jpeg(data, LIMITS)
        kind = row["kind"].split(" ")[0]
        seen.add(kind)
        assert f"{file.base.width}x{file.base.height}" == row["base_wxh"], row["path"]
        check_kind(file, kind, row)
        check_round_trip(file, row["path"])
    assert seen >= {"ultrahdr-xmp", "iso21496-jpeg", "apple-jpeg", "jpeg-no-gainmap", "adobe-xmp-jpeg"}


def check_kind(file: GainMapFile, kind: str, row: dict[str, str]) -> None:
    stored = file.gain_map
    if kind in ("jpeg-no-gainmap", "sdr-jpeg"):
        assert stored is None, row["path"]
        return
    assert stored is not None, row["path"]
    assert f"{stored.image.width}x{stored.image.height}" == row["gainmap_wxh"], row["path"]
    assert str(stored.image.channels) == row["gainmap_channels"], row["path"]
    carrier = "iso21496" if "iso21496" in kind else "apple" if kind == "apple-jpeg" else "hdrgm"
    assert stored.carrier == carrier, row["path"]


def check_round_trip(file: GainMapFile, path: str) -> None:
    data = serialize_jpeg(file)
    again = parse_jpeg(data, LIMITS)
    assert again.base_digest == file.base_digest, path
    assert coded_stream(again.base.data) == coded_stream(file.base.data), path
    assert (again.exif, again.orientation, again.payload) == (file.exif, file.orientation, file.payload), path
    assert again.base.icc_profile == file.base.icc_profile, path
    assert serialize_jpeg(again) == data, path
    if file.gain_map is not None:
        assert again.gain_map is not None, path
        assert again.gain_map.metadata == written_numbers(file.gain_map), path
        assert coded_stream(again.gain_map.image.data) == coded_stream(file.gain_map.image.data), path


def written_numbers(stored: StoredGainMap) -> GainMapMetadata | AppleMetadata:
    """Of one of Apple's own maps, XMP has the headroom, wherever it was."""
    metadata = stored.metadata
    return replace(metadata, source="xmp") if isinstance(metadata, AppleMetadata) else metadata


def coded_stream(data: bytes) -> bytes:
    image = parse_segments(data, LIMITS)
    segments = (*image.header, *image.tail)
    return b"".join(image.raw(segment) for segment in segments if not segment.is_metadata)
