from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainmap_codec.files.payload.range_coder import BitModel, IntegerModel, RangeDecoder, RangeEncoder

GOLDEN = {
    "none": ([], ""),
    "small": ([0, 1, -1, 2, -5, 127, -127, 0, 0, 0], "82 cd 75 e5 46 5b 5d"),
    "zeros": ([0] * 500, "ff"),
    "extremes": ([65535, -65535, 32768, -32767, 0, 1], "3f ff 7f ff bf ff fe e9 b2 56 37 a7 73 c1"),
    "alternating": ([3, -3] * 20, "2d 48 c8 48 d2 34 fb 1f"),
    "a carry": ([0] * 35 + [65535], "f8 3e 00 03 ff ff"),  # both carry through a byte of FF
    "another carry": ([-7, -3, -5, 0, -7, -4, 0, -7], "76 d1 c7"),
}
SMALL = GOLDEN["small"][0]
integers = st.lists(st.one_of(st.integers(-3, 3), st.integers(-65535, 65535)), max_size=200)
bits = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1)), max_size=600)


def encode(values: list[int]) -> bytes:
    coder, model = RangeEncoder(), IntegerModel()
    for value in values:
        model.encode(value, coder)
    return coder.finish()


def decode(data: bytes, count: int) -> list[int]:
    coder, model = RangeDecoder(data), IntegerModel()
    return [model.decode(coder) for _ in range(count)]


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_bytes(name: str) -> None:
    values, text = GOLDEN[name]
    assert encode(values).hex(" ") == text
    assert decode(bytes.fromhex(text), len(values)) == values


def test_a_model_moves_fast_at_first_and_never_reaches_certainty() -> None:
    model, ones = BitModel(), BitModel()
    seen = []
    for _ in range(2000):
        model.update(0)
        ones.update(1)
        seen.append(model.probability)
    assert seen[:3] == [49152, 53248, 56320]
    assert (model.probability, ones.probability) == (65504, 32)


@given(integers)
def test_integers_come_back(values: list[int]) -> None:
    data = encode(values)
    assert decode(data, len(values)) == values
    assert not data.endswith(b"\0")


@given(bits)
def test_adaptive_and_even_bits_come_back(symbols: list[tuple[int, ...]]) -> None:
    """Kind 0 is an even bit, the others have a model each."""
    coder, models = RangeEncoder(), [BitModel() for _ in range(5)]
    for kind, bit in symbols:
        coder.encode(bit, models[kind]) if kind else coder.encode_even(bit)
    data = coder.finish()
    decoder, models = RangeDecoder(data), [BitModel() for _ in range(5)]
    found = [decoder.decode(models[kind]) if kind else decoder.decode_even() for kind, _ in symbols]
    assert found == [bit for _, bit in symbols]
    assert decoder.exhausted and not data.endswith(b"\0")


@given(st.binary(max_size=100), st.integers(0, 200))
def test_any_bytes_decode(data: bytes, count: int) -> None:
    assert all(abs(value) <= 65535 for value in decode(data, count))


def test_exhausted_tells_of_bytes_behind_the_last_symbol() -> None:
    data = encode(SMALL)
    for extra, exhausted in ((b"", True), (b"\0" * 8, False)):
        coder, model = RangeDecoder(data + extra), IntegerModel()
        assert [model.decode(coder) for _ in SMALL] == SMALL
        assert coder.exhausted is exhausted


def test_a_repeated_integer_costs_less_and_less() -> None:
    assert len(encode([0] * 4000)) == 2
    assert len(encode([17] * 100)) == 45  # three even bits each, 37.5 bytes, and the models' learning
