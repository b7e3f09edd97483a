"""Cut, flip or garble a written file: a result or a `GainMapError`, nothing else."""

import warnings
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gainmap_codec as gm
from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.heif.boxes import BoxFile
from gainmap_codec.files.heif.meta import parse_meta
from gainmap_codec.files.jpeg.read import parse_jpeg, serialize_jpeg
from gainmap_codec.files.jpeg.segments import parse_segments
from gainmap_codec.files.records import GainMapFile
from gainmap_codec.pixels.scene import render_scene
from support.jpeg_records import full_record
from support.paths import FIXTURES
from support.short_fits import SHIPPED, shortened

JPEG = serialize_jpeg(full_record())
PRIMARY_BYTES = parse_segments(JPEG, Limits()).end


def read_jpeg(data: bytes) -> None:
    try:
        file = parse_jpeg(data, Limits())
    except GainMapError as error:
        assert str(error) and "\n" not in str(error)
    else:
        assert isinstance(file, GainMapFile)
        assert not any("\n" in warning for warning in file.warnings)


@given(st.integers(0, len(JPEG)))
def test_cut_jpeg(size):
    read_jpeg(JPEG[:size])


@given(st.lists(st.tuples(st.integers(0, len(JPEG) - 1), st.integers(1, 255)), min_size=1, max_size=8))
def test_garbled_jpeg(changes):
    data = bytearray(JPEG)
    for position, mask in changes:
        data[position] ^= mask
    read_jpeg(bytes(data))


@given(st.integers(0, len(JPEG)), st.integers(0, len(JPEG)), st.binary(max_size=20))
def test_spliced_jpeg(start, stop, middle):
    read_jpeg(JPEG[:start] + middle + JPEG[stop:])


@pytest.mark.parametrize("size", range(PRIMARY_BYTES, len(JPEG), 7))
def test_a_cut_or_flipped_gain_map_never_costs_the_base(size):
    flipped = JPEG[:size] + bytes([JPEG[size] ^ 0xFF]) + JPEG[size + 1 :]
    for data in (JPEG[:size], flipped):
        assert parse_jpeg(data, Limits()).base.data == JPEG[:PRIMARY_BYTES]


@cache
def photos() -> list[bytes]:
    """Small written files: with both gain maps, with either of them."""
    hdr = gm.HdrImage(render_scene(48, 32))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SHIPPED, shortened(probe_steps=2, steps=20, rounds=1, refine_steps=5))
        return [gm.encode(hdr, carry=carry) for carry in ("both", "neural", "standard")]


def decode_and_inspect(data: bytes) -> None:
    for verb in (gm.decode, gm.inspect):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", gm.GainMapWarning)
                result = verb(data)
        except GainMapError as error:
            assert str(error) and "\n" not in str(error)
        else:
            assert not any("\n" in warning for warning in result.warnings)
            if isinstance(result, gm.HdrImage):
                assert np.isfinite(result.pixels).all()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2), st.floats(0, 1))
def test_cut_photo(which, part):
    decode_and_inspect(photos()[which][: int(part * len(photos()[which]))])


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 2), st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), min_size=1, max_size=6)
)
def test_photo_with_flipped_bits(which, flips):
    data = bytearray(photos()[which])
    for part, bit in flips:
        data[int(part * len(data))] ^= 1 << bit
    decode_and_inspect(bytes(data))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2), st.floats(0, 0.4), st.binary(min_size=1, max_size=12))
def test_photo_with_overwritten_header(which, part, middle):
    start = int(part * len(photos()[which]))
    decode_and_inspect(photos()[which][:start] + middle + photos()[which][start + len(middle) :])


HEIFS = ("tmap.avif", "tmap.heic", "payload.avif", "apple-maker-note.heic", "adobe-auxiliary.avif", "grid.heic")


@cache
def heif(which: int) -> bytes:
    return (FIXTURES / "heif" / HEIFS[which]).read_bytes()


WHICH = st.integers(0, len(HEIFS) - 1)


@settings(max_examples=150, deadline=None)
@given(WHICH, st.floats(0, 1))
def test_cut_heif(which, part):
    decode_and_inspect(heif(which)[: int(part * len(heif(which)))])


@settings(max_examples=300, deadline=None)
@given(WHICH, st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), min_size=1, max_size=6))
def test_heif_with_flipped_bits(which, flips):
    data = bytearray(heif(which))
    for part, bit in flips:
        data[int(part * len(data))] ^= 1 << bit
    decode_and_inspect(bytes(data))


@settings(max_examples=300, deadline=None)
@given(
    WHICH, st.floats(0, 1), st.sampled_from([b"\0", b"\xff", b"\x7f\xff\xff\xff", bytes(4), b"\0\0\0\1", b"\xff" * 8])
)
def test_heif_with_a_field_overwritten(which, part, value):
    start = int(part * len(heif(which)))
    decode_and_inspect(heif(which)[:start] + value + heif(which)[start + len(value) :])


@pytest.mark.parametrize("which", range(len(HEIFS)))
def test_a_broken_gain_map_never_costs_the_base(which):
    """Every byte of the metadata and of the map's data in turn: the base's pixels stay."""
    data = heif(which)
    file = parse_file(data, "", Limits())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.GainMapWarning)
        own = gm.decode(data, prefer="base").pixels
    places = places_of(data)
    spoilt = {position for item, place in places.items() if item not in (1, 21, 22, 23, 24) for position in place}
    assert file.gain_map is not None and len(spoilt) > 60
    for position in sorted(spoilt)[:: max(1, len(spoilt) // 100)]:
        garbled = data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gm.GainMapWarning)
            np.testing.assert_array_equal(gm.decode(garbled, prefer="base").pixels, own)
            gm.decode(garbled)


def places_of(data: bytes) -> dict[int, set[int]]:
    boxes = BoxFile(data, Limits())
    meta = parse_meta(boxes, boxes.top_level()[1])
    return {
        item: {position for start, stop in place.extents for position in range(start, stop)}
        for item, place in meta.places.items()
    }
