"""Cut, flip or garble a written file: a result or a `GainMapError`, nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_jpeg import full_record

from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.jpeg import parse_jpeg, serialize_jpeg
from gainmap_codec.files.jpeg_segments import parse_segments
from gainmap_codec.files.records import GainMapFile

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
