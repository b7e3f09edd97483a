from __future__ import annotations

import tracemalloc
import zlib
from dataclasses import replace
from itertools import accumulate
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainmap_codec.errors import FormatError, GainMapError, LimitError, Limits, UnsupportedError
from gainmap_codec.files.payload.format import empty_latents, is_payload, parse_payload, sealed, serialize_payload
from gainmap_codec.files.payload.integers import Integers, encode_integers
from gainmap_codec.files.payload.layout import (
    IDENTITY,
    PREFIX_BYTES,
    SOFT_BYTES,
    STRICT_BYTES,
    read_fields,
    write_fields,
)
from gainmap_codec.files.payload.records import CodedPicture, LatentGrid, NeuralGainMap, Preset, QuantizedLayer
from support.networks import round_to_wire
from support.paths import FIXTURES

FOLDER = FIXTURES / "payload/v1"
BALANCED, PAPER, CROPPED, TINY = (
    (FOLDER / f"{name}.bin").read_bytes() for name in ("balanced", "paper-gamma", "cropped", "one-output")
)
TINY_RECORD = parse_payload(TINY)
LIMITS = Limits(weights=5000, latents=5000)  # garbled sizes stay quick


def resealed(data: bytes) -> bytes:
    """The payload with its CRC made right."""
    return sealed(data[PREFIX_BYTES:])


def patched(data: bytes, bit: int, new: str) -> bytes:
    """The payload with other bits from one on, and its CRC made right."""
    body = int.from_bytes(data, "big")
    shift = 8 * len(data) - bit - len(new)
    cleared = body & ~(((1 << len(new)) - 1) << shift)
    return resealed((cleared | int(new, 2) << shift).to_bytes(len(data), "big"))


def with_fields(data: bytes, **changes: Any) -> bytes:
    """The payload with other fields, whether a reader takes them or not; its integers as they are."""
    fields, integers = read_fields(data)
    return sealed(write_fields(replace(fields, **changes)) + integers)


def with_first_layer(network: NeuralGainMap, **fields: Any) -> NeuralGainMap:
    return replace(network, layers=(replace(network.layers[0], **fields), *network.layers[1:]))


def with_first_weight(network: NeuralGainMap, weight: int) -> NeuralGainMap:
    return with_first_layer(network, weights=(weight, *network.layers[0].weights[1:]))


def bits_of(data: bytes, *counts: int) -> list[int]:
    """Numbers of so many bits each, behind magic, version and CRC."""
    text = "".join(f"{byte:08b}" for byte in data[PREFIX_BYTES:])
    stops = list(accumulate(counts))
    return [int(text[stop - count : stop], 2) for count, stop in zip(counts, stops, strict=True)]


def test_fields_lie_where_the_specification_says() -> None:
    record = parse_payload(BALANCED)
    assert BALANCED[:2] == b"\xf6\x41"
    assert int.from_bytes(BALANCED[2:4], "big") == zlib.crc32(BALANCED[4:]) & 0xFFFF
    assert bits_of(BALANCED, 1, 3, 2, 1, 1, 6) == [1, 2, 1, 1, 0, 5]  # multiscale, balanced, pq_gamma, three, 6 neurons
    counts = 14, 3, 3, 3, 4, 8, 8, 13, 1, 12, 12, 2, 1, 8, 8
    found = bits_of(BALANCED, *counts)[1:]
    assert found[:3] == [2, 2, 1]  # octaves, latents, details
    assert found[3:6] == [7, 99, 149]  # a working grid of 100 × 150
    assert found[6:8] == [int(2.5 * 256), 0]  # headrooms
    assert found[8:10] == [0b0111_0000_0000, 192]  # 0.5, and 192 / 128 of it
    assert found[10:12] == [1, 0]  # offsets of 1/64, no coordinates
    assert found[12:] == [189, 164]  # 47.25 and 41 dB
    start = -(-sum(counts) // 8) * 8
    binding = bits_of(BALANCED, start, 8 * STRICT_BYTES, 8 * SOFT_BYTES)
    assert binding[1].to_bytes(STRICT_BYTES, "big") == record.binding.strict
    assert binding[2].to_bytes(SOFT_BYTES, "big") == record.binding.soft


def test_grids_have_the_sizes_of_their_levels() -> None:
    record = parse_payload(BALANCED)
    assert [(grid.rows, grid.columns) for grid in record.latents] == [(25, 38), (13, 19)]
    assert [(grid.rows, grid.columns) for grid in record.details] == [(50, 75)]
    assert [max(map(abs, grid.values)) > 2 for grid in record.latents + record.details] == [True] * 3


def test_integers_follow_the_fields() -> None:
    record = parse_payload(BALANCED)
    assert read_fields(BALANCED)[1] == encode_integers(Integers(record.layers, record.latents, record.details))


@pytest.mark.parametrize(
    ("number", "preset"), list(enumerate(("paper-gain", "paper-gamma", "balanced", "tiny", "best")))
)
def test_numbers_of_presets(number: int, preset: Preset) -> None:
    assert bits_of(serialize_payload(replace(TINY_RECORD, preset=preset)), 1, 3, 2, 1) == [1, number, 3, 0]


def test_coordinates_cost_their_bytes_only() -> None:
    tiny, cropped = parse_payload(TINY), parse_payload(CROPPED)
    assert len(CROPPED) == len(TINY) + 24
    assert replace(cropped, coordinates=IDENTITY) == tiny


def test_a_payload_without_integers_has_none() -> None:
    payload = (FOLDER / "empty.bin").read_bytes()
    assert read_fields(payload)[1] == b""
    record = parse_payload(payload)
    assert serialize_payload(record) == payload
    assert [len(grid.values) for grid in record.latents] == [30 * 40, 15 * 20, 8 * 10, 4 * 5]


@pytest.mark.parametrize("name", ["one-output", "balanced"])
def test_a_picture_stands_behind_the_integers(name: str) -> None:
    """Flag, level 2, zero 200, step −3, tools 5; then how many bytes of integers, these, and the frame as it is."""
    plain = (FOLDER / f"{name}.bin").read_bytes()
    picture = CodedPicture(2, 200, -3, 5, b"any frame")
    payload = serialize_payload(replace(parse_payload(plain), picture=picture))
    assert parse_payload(payload) == replace(parse_payload(plain), picture=picture)
    fields, rest = read_fields(payload)
    integers = read_fields(plain)[1]
    size = len(integers)
    count = bytes((size,)) if name == "one-output" else bytes((128 | size & 127, size >> 7))
    assert rest == count + integers + b"any frame"
    assert bits_of(payload, 1, 3, 2, 1, 1)[-1] == 1 and fields.has_picture
    assert len(write_fields(fields)) - len(write_fields(read_fields(plain)[0])) in (3, 4)  # 27 bits


@pytest.mark.parametrize(("level", "limit"), [(0, "pixels: expected at most 268435456, got 4294967296"), (2, "work: ")])
def test_large_pictures_are_refused_before_they_are_decoded(level: int, limit: str) -> None:
    """65536 × 65536 pixels; of level 2 16384 × 16384, which take few bytes where they are flat, but time."""
    huge = {"grid": (65536, 65536), "has_picture": True, "picture_level": level, "latent_count": 0}
    with pytest.raises(LimitError, match=limit):
        parse_payload(with_fields(TINY, **huge))


@pytest.mark.parametrize("size", [*range(0, 120, 7), len(BALANCED) - 1])
def test_truncated(size: int) -> None:
    with pytest.raises(FormatError):
        parse_payload(BALANCED[:size])


PICTURE_FIELDS = write_fields(read_fields((FOLDER / "picture.bin").read_bytes())[0])
PRESET, SCALE = 33, 32 + 14 + 9 + 6 + 14  # bits of "one-output"
REFUSED = {
    "nothing": (b"", "that start f6 41, got 0"),
    "magic": (b"\xf6\x51" + TINY[2:], f"that start f6 41, got {len(TINY)} that start f6 51"),
    "no CRC": (TINY[:3], "at least 4 bytes that start f6 41, got 3"),
    "CRC": (TINY[:-1] + bytes([TINY[-1] ^ 1]), "expected bytes of the checksum"),
    "bytes behind it": (TINY + b"x", "expected bytes of the checksum"),
    "no fields": (resealed(TINY[:4]), "at byte 4: expected 1 bits, got 0"),
    "half a binding": (resealed(TINY[:24]), r"at byte \d\d: expected \d+ bits, got \d+"),
    "preset 5": (patched(TINY, PRESET, "101"), "at byte 4: expected a number of at most 4, got 5"),
    "integers cut off": (sealed(PICTURE_FIELDS + b"\x88\x01" + bytes(135)), "expected 136 bytes, got 135"),
    "a picture and nothing else": (sealed(PICTURE_FIELDS), "expected 1 bytes, got 0"),
    "a picture's step": (with_fields(TINY, has_picture=True, picture_step=17), "step of at most 16, got 17"),
    "a picture, published": (with_fields(PAPER, has_picture=True), "no picture in the family published"),
    "no scale": (patched(TINY, SCALE, "00000000"), "a residual scale above 0"),
    "scale infinite": (patched(TINY, SCALE, "11111000"), "expected finite ranges"),
    "scale no number": (patched(TINY, SCALE, "11111001"), "expected finite ranges"),
    "alternate below base": (
        with_fields(TINY, base_hdr_headroom=2.625),
        "base headroom <= alternate headroom, got 2.625 and 2.5",
    ),
    "offset below 0": (with_fields(TINY, offsets=(-0.5, 1.0)), "offsets of at least 0"),
    "offset infinite": (with_fields(TINY, offsets=(0.0, float("inf"))), "expected finite ranges and offsets"),
    "colour shift NaN": (with_fields(PAPER, color_shift=float("nan")), "expected finite ranges"),
    "bytes behind the integers": (resealed(TINY + b"\x55" * 8), "behind the last integer"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    data, message = REFUSED[name]
    with pytest.raises(FormatError, match=message) as caught:
        parse_payload(data)
    assert caught.value.where == "neural payload"


NAN = float("nan")


@pytest.mark.parametrize(
    "coordinates",
    [
        (1, 0.1, 0, 0, 1, 0),
        (0, 0, 0, 0, 1, 0),
        (0, 1, 0, 0, 1, 0),
        (1, 0, NAN, 0, 1, 0),
        (1, 0, float("inf"), 0, 1, 0),
        (1025, 0, 0, 0, 1, 0),
        (2.0**-25, 0, 0.5, 0, 1, 0),
        (0, 1, 0, -(2.0**-25), 0, 0.5),
    ],
)
def test_coordinates_that_no_crop_flip_or_turn_gives(coordinates: tuple[float, ...] | tuple[int, ...]) -> None:
    with pytest.raises(FormatError, match="crop, flip or quarter turn"):
        parse_payload(with_fields(CROPPED, coordinates=coordinates))


@pytest.mark.parametrize(
    "coordinates", [(-1, 0, 0, 0, 1, 0), (0, 1, 0, -1, 0, 0.25), (1024, 0, -1024, 0, -(2.0**-24), 0.5)]
)
def test_coordinates_of_flips_and_turns(coordinates: tuple[float, ...] | tuple[int, ...]) -> None:
    record = parse_payload(with_fields(CROPPED, coordinates=coordinates))
    assert record.coordinates == coordinates


def test_other_versions() -> None:
    with pytest.raises(UnsupportedError, match="expected format 1, got format 2, of another program"):
        parse_payload(b"\xf6\x42" + TINY[2:])
    with pytest.raises(UnsupportedError, match="expected format 1, got format 0, a trial version; make the map again"):
        parse_payload(b"GNN\0" + bytes(100))


@pytest.mark.parametrize("start", [b"\xf6\x41", b"\xf6\x4f", b"GNN\0"])
def test_payloads_of_every_version_are_told(start: bytes) -> None:
    assert is_payload(start + b"more")
    assert not is_payload(start[:1]) and not is_payload(b"x" + start)


@pytest.mark.parametrize("name", ["weights", "payload_bytes", "latents"])
def test_limits(name: str) -> None:
    record = parse_payload(BALANCED)
    weights = sum(len(layer.weights) for layer in record.layers)
    latents = sum(len(grid.values) for grid in record.latents + record.details)
    size = {"weights": weights, "payload_bytes": len(BALANCED), "latents": latents}[name]
    assert parse_payload(BALANCED, Limits(**{name: size})) == record
    with pytest.raises(LimitError, match=f"{name}: expected at most {size - 1}, got {size}"):
        parse_payload(BALANCED, Limits(**{name: size - 1}))


def quickly(data: bytes) -> NeuralGainMap:
    """The record, parsed in little time and memory, or the error."""
    tracemalloc.start()
    start = perf_counter()
    try:
        return parse_payload(data)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert perf_counter() - start < 2
        assert peak < 2 << 20


def test_latents_of_a_huge_grid_are_counted_before_they_are_made() -> None:
    changes: dict[str, Any] = {"grid": (65536, 65536), "latent_count": 0, "detail_count": 7}
    with pytest.raises(LimitError, match="latents: expected at most 524288"):
        quickly(with_fields(TINY, **changes))


def test_latents_on_a_huge_grid() -> None:
    """64 cells across at most, whatever the grid."""
    fields, _ = read_fields(TINY)
    huge = replace(fields, grid=(65535, 65535), latent_count=7)
    record = quickly(sealed(write_fields(huge)))
    assert [len(each.values) for each in record.latents] == [4**k for k in (6, 5, 4, 3, 2, 1, 0)]
    assert record.layers[0].inputs == 2 + 12 + 7 + 1


def test_as_many_grids_as_the_format_holds() -> None:
    inputs, _ = empty_latents(1, 2, 8, 0)
    grids = tuple(replace(each, values=(0,) * each.rows * each.columns) for each in inputs)
    first = QuantizedLayer(23, 1, (1,) * 23, 0)
    record = replace(TINY_RECORD, layers=(first, *TINY_RECORD.layers[1:]), latents=grids)
    with pytest.raises(ValueError, match="at most 7 grids"):
        serialize_payload(record)
    first = QuantizedLayer(22, 1, (1,) * 22, 0)
    record = replace(TINY_RECORD, layers=(first, *TINY_RECORD.layers[1:]), latents=grids[:7])
    assert parse_payload(serialize_payload(record)) == record


def test_latents_fill_their_range_and_no_more() -> None:
    def with_latents(*values: int) -> NeuralGainMap:
        return replace(TINY_RECORD, latents=(LatentGrid(1, 2, values, -7),))

    for values in ((-127, 127), (0, 0), (127, 0)):
        assert round_to_wire(with_latents(*values)) == with_latents(*values)
    with pytest.raises(ValueError, match="1 × 2 latents of at most 127"):
        serialize_payload(with_latents(0, -128))


def test_weights_fill_their_range_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = parse_payload(TINY)
    for weight in (-4095, 4095):
        assert round_to_wire(with_first_weight(tiny, weight)) == with_first_weight(tiny, weight)
    for weight in (-4096, 4096):
        with pytest.raises(ValueError, match="weights of at most 4095"):
            serialize_payload(with_first_weight(tiny, weight))
    with monkeypatch.context() as patch:
        patch.setattr("gainmap_codec.files.payload.integers.MAX_WEIGHT", 10000)
        data = serialize_payload(with_first_weight(tiny, 4096))
    with pytest.raises(FormatError, match="weights of at most 4095, got a larger one"):
        parse_payload(data)


OTHER_SHAPE = (TINY_RECORD.layers[0], QuantizedLayer(3, 1, (1, 2, 3), 0), TINY_RECORD.layers[2])


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (replace(TINY_RECORD, layers=OTHER_SHAPE), "layers of shape"),
        (with_first_layer(TINY_RECORD, step_exponent=17), "step exponents in -128…16, got 17"),
        (with_first_layer(TINY_RECORD, step_exponent=-129), "step exponents in -128…16, got -129"),
        (replace(TINY_RECORD, alternate_hdr_headroom=-1.0), "a value that fits the format"),
        (replace(TINY_RECORD, base_offset=1e6), "a value that fits the format"),
        (replace(TINY_RECORD, base_offset=-0.5), "offsets of at least 0"),
        (
            replace(TINY_RECORD, grid=(1, 65537), latents=empty_latents(1, 65537, 1, 0)[0]),
            "a value that fits the format",
        ),
        (replace(TINY_RECORD, grid=(0, 2), latents=empty_latents(0, 2, 1, 0)[0]), "a value that fits the format"),
        (
            replace(TINY_RECORD, latents=(LatentGrid(2, 1, (0, 0), 0),)),
            "latents of their level's size, 1 × 2, got 2 × 1",
        ),
        (replace(TINY_RECORD, latents=(LatentGrid(1, 2, (0,), 0),)), "1 × 2 latents of at most 127"),
        (replace(TINY_RECORD, latents=(LatentGrid(1, 2, (0, 0), 17),)), "step exponents in -128…16, got 17"),
        (replace(TINY_RECORD, latents=()), "layers of shape"),
    ],
)
def test_records_that_do_not_fit_the_format(record: NeuralGainMap, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        serialize_payload(record)


def record_or_error(data: bytes) -> None:
    """What is accepted can be written and read again."""
    try:
        record = parse_payload(data, LIMITS)
    except GainMapError as error:
        assert str(error) and "\n" not in str(error)
    else:
        assert round_to_wire(record) == record


@given(st.sampled_from([BALANCED, PAPER, CROPPED, TINY]), st.data())
def test_flipped_bits(payload: bytes, draw: st.DataObject) -> None:
    data = bytearray(payload)
    for position in draw.draw(st.lists(st.integers(0, 8 * len(data) - 1), min_size=1, max_size=4)):
        data[position // 8] ^= 1 << position % 8
    record_or_error(bytes(data))


@given(st.sampled_from([PAPER, CROPPED, TINY]), st.data())
def test_garbled_fields_under_a_right_crc(payload: bytes, draw: st.DataObject) -> None:
    data = bytearray(payload)
    for _ in range(draw.draw(st.integers(1, 3))):
        data[draw.draw(st.integers(PREFIX_BYTES, min(len(data), 140) - 1))] = draw.draw(st.integers(0, 255))
    record_or_error(resealed(bytes(data)))


@given(st.sampled_from([BALANCED, PAPER, CROPPED, TINY]), st.data())
def test_cut_under_a_right_crc(payload: bytes, draw: st.DataObject) -> None:
    record_or_error(resealed(payload[: draw.draw(st.integers(PREFIX_BYTES, len(payload)))]))


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    record_or_error(data)
    record_or_error(sealed(data))
