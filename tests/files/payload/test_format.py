from __future__ import annotations

import struct
import tracemalloc
import zlib
from dataclasses import replace
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainmap_codec.errors import FormatError, GainMapError, LimitError, Limits, UnsupportedError
from gainmap_codec.files.payload.format import empty_latents, parse_payload, serialize_payload
from gainmap_codec.files.payload.latents import encode_latents
from gainmap_codec.files.payload.range_coder import IntegerModel, RangeEncoder
from gainmap_codec.files.payload.records import LatentGrid, NeuralGainMap, Preset, QuantizedLayer
from support.networks import round_to_wire
from support.paths import FIXTURES

FOLDER = FIXTURES / "payload/v0"
BALANCED, PAPER, CROPPED, TINY = (
    (FOLDER / f"{name}.bin").read_bytes() for name in ("balanced", "paper-gamma", "cropped", "one-output")
)
TINY_RECORD = parse_payload(TINY)
LIMITS = Limits(weights=5000, latents=5000)  # garbled sizes stay quick


def sealed(data: bytes) -> bytes:
    """The payload with its length and CRC made right."""
    return data[:4] + len(data).to_bytes(2, "big") + zlib.crc32(data[10:]).to_bytes(4, "big") + data[10:]


def patched(data: bytes, offset: int, new: bytes) -> bytes:
    return sealed(data[:offset] + new + data[offset + len(new) :])


def with_first_layer(network: NeuralGainMap, **fields: Any) -> NeuralGainMap:
    return replace(network, layers=(replace(network.layers[0], **fields), *network.layers[1:]))


def with_first_weight(network: NeuralGainMap, weight: int) -> NeuralGainMap:
    return with_first_layer(network, weights=(weight, *network.layers[0].weights[1:]))


def test_fields_lie_where_the_specification_says() -> None:
    record = parse_payload(BALANCED)
    assert BALANCED[:4] == b"GNN\0"
    assert int.from_bytes(BALANCED[4:6], "big") == len(BALANCED)
    assert int.from_bytes(BALANCED[6:10], "big") == zlib.crc32(BALANCED[10:])
    assert BALANCED[10] == 0b010_0_1_01_1  # balanced, no coordinates, three outputs, pq_gamma, multiscale
    assert BALANCED[11:14] == bytes((0x02, 6, 0x66))
    assert struct.unpack(">eeee", BALANCED[14:22]) == (0.0, 2.5, 0.75, 0.5)
    assert BALANCED[22:24] == bytes((189, 164))  # 47.25 and 41 dB
    assert struct.unpack(">HHB", BALANCED[24:29]) == (100, 150, 0x21) == (*record.grid, 2 << 4 | 1)
    grids = record.latents + record.details
    assert struct.unpack(">3b", BALANCED[29:32]) == (-7, -7, -11) == tuple(grid.step_exponent for grid in grids)
    assert BALANCED[32:40] == record.binding.strict
    assert BALANCED[40:104] == record.binding.soft
    assert struct.unpack(">3b", BALANCED[104:107]) == tuple(layer.step_exponent for layer in record.layers)


def test_grids_have_the_sizes_of_their_levels() -> None:
    record = parse_payload(BALANCED)
    assert [(grid.rows, grid.columns) for grid in record.latents] == [(25, 38), (13, 19)]
    assert [(grid.rows, grid.columns) for grid in record.details] == [(50, 75)]
    assert [max(map(abs, grid.values)) > 2 for grid in record.latents + record.details] == [True] * 3


def test_integers_are_coded_by_one_coder_weights_first() -> None:
    record = parse_payload(BALANCED)
    coder = RangeEncoder()
    for layer in record.layers:
        model = IntegerModel()
        for weight in layer.weights:
            model.encode(weight, coder)
    for grid in record.latents + record.details:
        encode_latents(grid.values, grid.rows, grid.columns, coder)
    assert BALANCED[107:] == coder.finish()


def test_flags_of_the_other_goldens() -> None:
    assert PAPER[10] == 0b001_0_1_01_0
    assert CROPPED[10] == 0b011_1_0_11_1  # tiny, coordinates, one output, log2_gain, multiscale
    assert TINY[10] == 0b011_0_0_11_1
    assert TINY[11:14] == bytes((0x00, 1, 0xFF))


@pytest.mark.parametrize(
    ("number", "preset"), list(enumerate(("paper-gain", "paper-gamma", "balanced", "tiny", "best")))
)
def test_numbers_of_presets(number: int, preset: Preset) -> None:
    assert serialize_payload(replace(TINY_RECORD, preset=preset))[10] == number << 5 | 0b0_0_11_1


def test_optional_parts_cost_their_bytes_only() -> None:
    tiny, cropped = parse_payload(TINY), parse_payload(CROPPED)
    assert len(CROPPED) == len(TINY) + 24
    assert struct.unpack(">6f", CROPPED[24:48]) == cropped.coordinates
    assert CROPPED[48:] == TINY[24:]
    assert (cropped.layers, cropped.latents) == (tiny.layers, tiny.latents)
    assert struct.unpack(">HHBb", TINY[24:30]) == (1, 2, 0x10, -7)
    assert TINY[30:38] == tiny.binding.strict
    assert struct.unpack(">ee", PAPER[24:28]) == (0.25, 1.5)
    assert PAPER[28:36] == parse_payload(PAPER).binding.strict


def test_floats_are_rounded_to_the_wire() -> None:
    record = replace(parse_payload(TINY), residual_shift=0.1, neural_psnr=47.99, standard_psnr=1000.0)
    rounded = round_to_wire(record)
    assert rounded.residual_shift == struct.unpack(">e", struct.pack(">e", 0.1))[0]
    assert (rounded.neural_psnr, rounded.standard_psnr) == (47.75, 63.75)
    assert round_to_wire(rounded) == rounded


def test_bytes_behind_the_payload_are_ignored() -> None:
    assert parse_payload(BALANCED + b"padding") == parse_payload(BALANCED)


@pytest.mark.parametrize("size", [*range(0, 120, 7), len(BALANCED) - 1])
def test_truncated(size: int) -> None:
    with pytest.raises(FormatError):
        parse_payload(BALANCED[:size])


REFUSED = {
    "magic": (b"GNM" + TINY[3:], "that start b'GNN', got 125"),
    "CRC": (TINY[:-1] + bytes([TINY[-1] ^ 1]), "expected the CRC"),
    "length above": (TINY[:4] + b"\xff\xff" + TINY[6:], f"expected 65535 bytes, as its length says, got {len(TINY)}"),
    "length below": (TINY[:4] + (23).to_bytes(2, "big") + TINY[6:], "expected 23 bytes, as its length says"),
    "no working grid": (sealed(TINY[:24]), r": \w+ 4 bytes, (got )?0"),
    "half a working grid": (sealed(TINY[:26]), r": \w+ 4 bytes, (got )?2"),
    "no latent step": (sealed(TINY[:29]), r": \w+ 1 bytes, (got )?0"),
    "no binding": (sealed(TINY[:30]), r": \w+ 8 bytes, (got )?0"),
    "half a binding": (sealed(TINY[:66]), r": \w+ 64 bytes, (got )?28"),
    "no weight steps": (sealed(TINY[:102]), r": \w+ 3 bytes, (got )?0"),
    "half the coordinates": (sealed(CROPPED[:30]), r": \w+ 24 bytes, (got )?6"),
    "no colour range": (sealed(PAPER[:24]), r": \w+ 2 bytes, (got )?0"),
    "preset 5": (patched(TINY, 10, b"\xa7"), "at byte 10: expected a number of at most 4 in bits 7–5, got 5"),
    "position octaves": (patched(TINY, 11, b"\x10"), "no octaves of position, got 1"),
    "no rows": (patched(TINY, 24, b"\0\0"), "at least 1 × 1, got 0 × 2"),
    "no columns": (patched(TINY, 26, b"\0\0"), "at least 1 × 1, got 1 × 0"),
    "latent step": (patched(TINY, 29, b"\x11"), "latent steps of at most 16, got 17"),
    "no neurons": (patched(TINY, 12, b"\0"), "at least 1 neuron"),
    "base headroom NaN": (patched(TINY, 14, b"\x7e\0"), "expected finite"),
    "base headroom below 0": (patched(TINY, 14, b"\x80\x01"), "0 <= base headroom"),
    "alternate headroom infinite": (patched(TINY, 16, b"\x7c\0"), "expected finite"),
    "alternate headroom above 32 stops": (patched(TINY, 16, b"\x64\0"), "alternate headroom <= 32"),
    "alternate below base": (patched(TINY, 14, b"\x4f\0"), "base headroom <= alternate headroom"),
    "residual scale infinite": (patched(TINY, 20, b"\xfc\0"), "expected finite"),
    "colour shift NaN": (patched(PAPER, 24, b"\x7e\0"), "expected finite"),
    "weight step": (patched(TINY, 104, b"\x11"), "at most 16, got 17"),
    "bytes behind the integers": (sealed(TINY + b"\x55" * 8), "behind the last integer"),
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
        parse_payload(patched(CROPPED, 24, struct.pack(">6f", *coordinates)))


@pytest.mark.parametrize(
    "coordinates", [(-1, 0, 0, 0, 1, 0), (0, 1, 0, -1, 0, 0.25), (1024, 0, -1024, 0, -(2.0**-24), 0.5)]
)
def test_coordinates_of_flips_and_turns(coordinates: tuple[float, ...] | tuple[int, ...]) -> None:
    record = parse_payload(patched(CROPPED, 24, struct.pack(">6f", *coordinates)))
    assert record.coordinates == coordinates


def test_a_future_version() -> None:
    with pytest.raises(UnsupportedError, match="expected format 0, got format 1"):
        parse_payload(TINY[:3] + b"\1" + TINY[4:])


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
    steps = bytes(15)
    grid = struct.pack(">HHB", 0xFFFF, 0xFFFF, 0x0F)  # details down to the grid's own cells
    with pytest.raises(LimitError, match="latents: expected at most 524288"):
        quickly(sealed(TINY[:24] + grid + steps + TINY[30:]))


def test_fifteen_latents_on_a_huge_grid() -> None:
    """64 cells across at most, whatever the grid."""
    grid = struct.pack(">HHB", 0xFFFF, 0xFFFF, 0xF0)
    record = quickly(sealed(TINY[:24] + grid + bytes(15) + TINY[30:105]))
    assert [len(each.values) for each in record.latents] == [4**k for k in (6, 5, 4, 3, 2, 1)] + [1] * 9
    assert record.layers[0].inputs == 2 + 12 + 15 + 1


def test_as_many_grids_as_the_format_holds() -> None:
    inputs, _ = empty_latents(1, 2, 16, 0)
    grids = tuple(replace(each, values=(0,) * each.rows * each.columns) for each in inputs)
    first = QuantizedLayer(31, 1, (1,) * 31, 0)
    record = replace(TINY_RECORD, layers=(first, *TINY_RECORD.layers[1:]), latents=grids)
    with pytest.raises(ValueError, match="at most 15 grids"):
        serialize_payload(record)
    first = QuantizedLayer(30, 1, (1,) * 30, 0)
    record = replace(TINY_RECORD, layers=(first, *TINY_RECORD.layers[1:]), latents=grids[:15])
    assert parse_payload(serialize_payload(record)) == record


def test_latents_fill_their_range_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_latents(*values: int) -> NeuralGainMap:
        return replace(TINY_RECORD, latents=(LatentGrid(1, 2, values, -7),))

    for values in ((-127, 127), (0, 0), (127, 0)):
        assert round_to_wire(with_latents(*values)) == with_latents(*values)
    with pytest.raises(ValueError, match="1 × 2 latents of at most 127"):
        serialize_payload(with_latents(0, -128))
    with monkeypatch.context() as patch:
        patch.setattr("gainmap_codec.files.payload.format.LARGEST", 1000)
        data = serialize_payload(with_latents(0, -128))
    with pytest.raises(FormatError, match="latents of at most 127, got a larger one"):
        parse_payload(data)


def test_weights_fill_their_range_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = parse_payload(TINY)
    for weight in (-4095, 4095):
        assert round_to_wire(with_first_weight(tiny, weight)) == with_first_weight(tiny, weight)
    for weight in (-4096, 4096):
        with pytest.raises(ValueError, match="weights of at most 4095"):
            serialize_payload(with_first_weight(tiny, weight))
    with monkeypatch.context() as patch:
        patch.setattr("gainmap_codec.files.payload.format.MAX_WEIGHT", 10000)
        data = serialize_payload(with_first_weight(tiny, 4096))
    with pytest.raises(FormatError, match="weights of at most 4095, got a larger one"):
        parse_payload(data)


OTHER_SHAPE = (TINY_RECORD.layers[0], QuantizedLayer(3, 1, (1, 2, 3), 0), TINY_RECORD.layers[2])


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (replace(TINY_RECORD, layers=OTHER_SHAPE), "layers of shape"),
        (with_first_layer(TINY_RECORD, step_exponent=17), "weight steps of at most 16"),
        (with_first_layer(TINY_RECORD, step_exponent=-129), "a value that fits the format"),
        (replace(TINY_RECORD, alternate_hdr_headroom=1e6), "a value that fits the format"),
        (replace(TINY_RECORD, base_offset_exponent=16), "a value that fits the format"),
        (
            replace(TINY_RECORD, grid=(1, 65536), latents=empty_latents(1, 65536, 1, 0)[0]),
            "a value that fits the format",
        ),
        (replace(TINY_RECORD, grid=(0, 2), latents=empty_latents(0, 2, 1, 0)[0]), "at least 1 × 1"),
        (
            replace(TINY_RECORD, latents=(LatentGrid(2, 1, (0, 0), 0),)),
            "latents of their level's size, 1 × 2, got 2 × 1",
        ),
        (replace(TINY_RECORD, latents=(LatentGrid(1, 2, (0,), 0),)), "1 × 2 latents of at most 127"),
        (replace(TINY_RECORD, latents=(LatentGrid(1, 2, (0, 0), 17),)), "latent steps of at most 16"),
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
        data[draw.draw(st.integers(10, min(len(data), 140) - 1))] = draw.draw(st.integers(0, 255))
    record_or_error(sealed(bytes(data)))


@given(st.sampled_from([BALANCED, PAPER, CROPPED, TINY]), st.data())
def test_cut_under_a_right_crc(payload: bytes, draw: st.DataObject) -> None:
    record_or_error(sealed(payload[: draw.draw(st.integers(24, len(payload)))]))


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    record_or_error(data)
    record_or_error(b"GNN\0" + data)
