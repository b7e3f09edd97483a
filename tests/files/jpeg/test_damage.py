"""JPEGs without their end, cut, or with something else behind them: the picture that other decoders show."""

from __future__ import annotations

import io
import random
from typing import Any

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import Image

from gainmap_codec.files.jpeg.damage import usable_part
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.jpeg.segments import make_segment, parse_segments
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.pixels.formats.images import decode_jpeg
from support.jpeg_records import LIMITS, digest_of_jpeg, record, tiny

CUT_OFF = "the base image is cut off: its end (EOI) is missing"


def noisy(mode: str = "RGB", **options: Any) -> bytes:
    """Noise takes many bytes: a cut anywhere meets coded data."""
    pixels = np.random.default_rng(7).integers(0, 256, (40, 56, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(out, "JPEG", quality=90, **options)
    return out.getvalue()


KINDS = {
    "baseline": noisy(),
    "full chroma": noisy(subsampling=0),
    "grey": noisy("L"),
    "restarts": noisy(restart_marker_blocks=3),
    "progressive": noisy(progressive=True),
    "progressive restarts": noisy(progressive=True, restart_marker_rows=1),
}
TRAILERS = {
    "nothing": b"",
    "a second frame header": b"\0\0\1\xff\xc9\0\x11\x08" + bytes(300),
    "a bogus scan": b"video\xff\xda\0\x0c" + bytes(range(200)),
    "a huge scan header": b"video\xff\xda\x02\x58" + bytes(700),
    "bogus tables": b"video\xff\xc4\0\x05\xff\xff\xff\xff\xd9",
    "unknown markers": b"video\xff\x5c\xff\xd1\xff\x83\xff\x01" + bytes(50),
    "a segment and an end": b"\0\0\0\x18ftyp\xff\xc1\0\x04ab\xff\xd9more",
    "long segments": b"video\xff\xe1\x10\0" + bytes(9000),
    **{f"random {seed}": random.Random(seed).randbytes(9000) for seed in range(6)},
}


@pytest.mark.parametrize("trailer", TRAILERS.values(), ids=TRAILERS)
@pytest.mark.parametrize("data", KINDS.values(), ids=KINDS)
def test_a_trailer_behind_a_missing_end_costs_no_pixel(data: bytes, trailer: bytes) -> None:
    file = parse_jpeg(data[:-2] + trailer, LIMITS)
    assert np.array_equal(decode_jpeg(file.base.data), decode_jpeg(data))
    assert file.warnings[0].startswith(("the base image is cut off", "the base image is damaged"))
    again = parse_jpeg(serialize_jpeg(file), LIMITS)
    assert again.base_digest == file.base_digest
    assert np.array_equal(decode_jpeg(again.base.data), decode_jpeg(data))


@pytest.mark.parametrize("data", KINDS.values(), ids=KINDS)
def test_whole_files_are_left_alone(data: bytes) -> None:
    image = parse_segments(data, LIMITS)
    assert usable_part(image) is image
    comment = parse_segments(data[:-2] + make_segment(0xFE, b"late", "comment") + data[-2:], LIMITS)
    assert usable_part(comment) is comment
    file = parse_jpeg(data[:-2], LIMITS)
    assert (file.warnings, file.base_digest) == ((CUT_OFF,), digest_of_jpeg(data))


def by_libvips(data: bytes) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = pyvips.Image.new_from_buffer(data, "", fail_on="none").numpy()
    return pixels


@pytest.mark.parametrize("kind", ["baseline", "full chroma", "grey", "restarts"])
@pytest.mark.parametrize("part", [0.4, 0.7, 0.95])
def test_a_cut_scan_shows_as_libvips_shows_it(kind: str, part: float) -> None:
    data = KINDS[kind][: int(len(KINDS[kind]) * part)]
    file = parse_jpeg(data, LIMITS)
    assert np.array_equal(decode_jpeg(file.base.data), by_libvips(data))
    assert file.warnings == (CUT_OFF,)


@pytest.mark.parametrize("part", [0.5, 0.9])
def test_a_cut_progressive_picture_has_its_whole_scans(part: float) -> None:
    data = KINDS["progressive"]
    codes = decode_jpeg(parse_jpeg(data[: int(len(data) * part)], LIMITS).base.data)
    assert np.abs(codes.astype(int) - decode_jpeg(data)).mean() < 60


def test_damage_in_front_of_an_end_is_told_and_stays_in_the_bytes() -> None:
    data = KINDS["baseline"]
    place = len(data) - 500
    damaged = data[:place] + b"\xff\xc9" + data[place + 2 :]
    file = parse_jpeg(damaged, LIMITS)
    assert file.warnings == (f"the base image is damaged: from byte {place} on it cannot be decoded",)
    assert file.base.data == damaged
    assert np.array_equal(decode_jpeg(damaged), by_libvips(data[:place]))


def test_a_damaged_map_is_not_used() -> None:
    data = serialize_jpeg(record())
    damaged = data[:-20] + b"\xff\xc9" + data[-18:]
    file = parse_jpeg(damaged, LIMITS)
    assert file.gain_map is None
    assert any("expected a whole scan, got one that is damaged" in line for line in file.damage)


@pytest.mark.parametrize("filling", [b"\0", b"\xff"])
@pytest.mark.parametrize("kept", [0, 2, 9, 300])
def test_a_map_that_is_overwritten_counts_as_damage(kept: int, filling: bytes) -> None:
    data = serialize_jpeg(record())
    start = parse_segments(data, LIMITS).end + kept
    file = parse_jpeg(data[:start] + filling * (len(data) - start), LIMITS)
    assert file.gain_map is None
    assert file.damage[0].startswith("a picture is damaged or cut off (MPF index)")


@pytest.mark.parametrize("trailer", TRAILERS.values(), ids=TRAILERS)
@pytest.mark.parametrize("index", [True, False])
def test_a_map_is_found_behind_a_base_without_end(trailer: bytes, index: bool) -> None:
    data = serialize_jpeg(record())
    end = parse_segments(data, LIMITS).end
    mpf = parse_segments(data, LIMITS).header[-1]
    offset = end - 2 + len(trailer) - (mpf.start + 8)
    head = data[: mpf.stop - 8] + offset.to_bytes(4, "big") + bytes(4) if index else data[: mpf.start]
    file = parse_jpeg(head + data[mpf.stop : end - 2] + trailer + data[end:], LIMITS)
    assert file.gain_map is not None and file.gain_map.image.data == data[end:]
    assert np.array_equal(decode_jpeg(file.base.data), decode_jpeg(tiny()))
