"""Files as we write them: the order of segments, true sizes, and what does not fit."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image

from gainmap_codec.errors import LimitError
from gainmap_codec.files.jpeg.metadata import EXIF_ID, ICC_ID, ISO_ID, XMP_ID
from gainmap_codec.files.jpeg.mpf import MPF_ID, MpfEntry, parse_mpf
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.jpeg.segments import make_segment, parse_segments
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.jpeg.xmp_directory import directory_of
from gainmap_codec.files.records import StoredGainMap
from gainmap_codec.files.tags.xmp_packet import parse_packet
from support.cases import THREE_CHANNELS
from support.jpeg_records import LIMITS, PAYLOAD, coded, full_record, record, tiny


def names(data: bytes) -> list[str]:
    """What each segment before the first scan is."""
    known = {
        EXIF_ID: "EXIF",
        XMP_ID: "XMP",
        ICC_ID: "ICC",
        ISO_ID: "ISO",
        MPF_ID: "MPF",
        b"JP": "payload",
        b"JFIF\0": "JFIF",
        b"Photoshop": "IPTC",
        b"a comment": "COM",
        b"http://ns.adobe.com/xmp/ext": "extended",
    }
    image = parse_segments(data, LIMITS)
    bodies = [(segment, image.body(segment)) for segment in image.header]
    return [next((known[k] for k in known if body.startswith(k)), f"{s.marker:02X}") for s, body in bodies]


def test_segment_order_and_sizes_of_a_full_file() -> None:
    file = full_record()
    data = serialize_jpeg(file)
    image = parse_segments(data, LIMITS)
    found = names(data)
    assert found[:-1] == [
        "JFIF", "EXIF", "XMP", "ICC", "ICC", "ICC", "ISO", "IPTC", "COM", "extended", "payload",
        *(name for name in names(file.base.data) if name in ("DB", "C0", "C4")),
    ]  # fmt: skip
    assert found[-1] == "MPF"
    assert image.bodies(0xE2, ISO_ID) == [bytes(4)]
    mpf = image.header[-1]
    entries = parse_mpf(image.body(mpf)[4:], LIMITS)
    assert entries[0] == MpfEntry(0x030000, image.end, 0)
    assert entries[1].offset + mpf.start + 8 == image.end
    assert image.end + entries[1].size == len(data)
    assert directory_of(parse_packet(image.bodies(0xE1, XMP_ID)[0], LIMITS))[1].length == entries[1].size
    assert names(data[image.end :])[:3] == ["JFIF", "XMP", "ISO"]


def test_without_a_gain_map_nothing_speaks_of_one() -> None:
    data = serialize_jpeg(replace(parse_jpeg(serialize_jpeg(full_record()), LIMITS), gain_map=None))
    assert not {"MPF", "ISO"} & set(names(data))
    assert b"hdrgm" not in data and b"Container" not in data
    again = parse_jpeg(data, LIMITS)
    assert (again.gain_map, again.payload, again.warnings) == (None, PAYLOAD, ())


def test_what_hdrgm_cannot_say_is_written_as_iso_only() -> None:
    metadata = replace(THREE_CHANNELS, use_base_colour_space=False)
    stored = StoredGainMap(coded(tiny(), b"alternate profile"), metadata, "iso21496")
    data = serialize_jpeg(record(gain_map=stored))
    assert b"hdrgm" not in data
    again = parse_jpeg(data, LIMITS)
    assert again.gain_map is not None
    assert again.gain_map.metadata == metadata
    assert again.gain_map.image.icc_profile == b"alternate profile"
    with_base = serialize_jpeg(record(gain_map=replace(stored, metadata=THREE_CHANNELS)))
    assert b"alternate profile" not in with_base


def test_jfif_is_added_only_where_it_changes_no_colours() -> None:
    data = tiny()
    assert data[2:4] == b"\xff\xe0"
    bare = data[:2] + data[20:]
    assert names(serialize_jpeg(record(bare)))[0] == "JFIF"
    adobe = bare[:2] + make_segment(0xEE, b"Adobe\0d\0\0\0\0\1", "Adobe") + bare[2:]
    assert "JFIF" not in names(serialize_jpeg(record(adobe)))
    rgb = tiny(keep_rgb=True)
    assert "JFIF" not in names(serialize_jpeg(record(rgb)))
    with (
        Image.open(io.BytesIO(serialize_jpeg(record(rgb)))) as written,
        Image.open(io.BytesIO(rgb)) as original,
    ):
        assert written.tobytes() == original.tobytes()


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(LimitError, match="ICC profile: expected at most 16707345 bytes"):
        serialize_jpeg(replace(record(), base=replace(record().base, icc_profile=bytes(1 << 24))))
    with pytest.raises(ValueError, match="payload: expected at most 4194304"):
        serialize_jpeg(record(payload=bytes((1 << 22) + 1)))
